package app_test

import (
	"bytes"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"implantrace/internal/app"
	"implantrace/internal/trace"
)

// The secrets of a sign-in are in no file of the node, in no line of its log, and
// no longer in its memory once everybody has signed out.
func TestNoSecretOfASignInIsLeft(t *testing.T) {
	// A text of up to 15 bytes shares its 16 bytes of memory with others that were
	// made at the same time, and stands there as long as any of them lives. That is
	// chance, and no other time the same; what is held is held each time.
	var always map[string]bool
	for _, pin := range []string{"82649153", "93751826", "71862943", "64917382"} {
		now := leftInMemory(t, pin)
		if always == nil {
			always = now
		}
		for name := range always {
			if !now[name] {
				delete(always, name)
			}
		}
		if len(always) == 0 {
			return
		}
	}
	for name := range always {
		t.Errorf("the %s is in a live object each time", name)
	}
}

// leftInMemory signs somebody in and out at a node of its own, fails the test where a
// file or the log has a secret, and names those that a heap dump shows.
func leftInMemory(t *testing.T, pin string) map[string]bool {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	var log bytes.Buffer
	n, err := app.Open(t.Context(), app.Config{Data: dir, Listen: "127.0.0.1:0", Name: "test"}, "test", slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), nil)
	if err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	secrets := signedInAndOut(t, n, pin)
	// A connection that is being closed holds its last request a moment longer. What
	// goes on for good is no reason to wait.
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	files := 0
	for _, root := range []string{dir, dir + ".keys"} {
		err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			files++
			for name, s := range secrets {
				if bytes.Contains(b, s()) {
					t.Errorf("the %s is in %s", name, path)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 2 {
		t.Fatalf("%d files were looked at", files)
	}
	for name, s := range secrets {
		if bytes.Contains(log.Bytes(), s()) {
			t.Errorf("the %s is in the log", name)
		}
	}

	// What is left in memory is what a heap dump shows: live objects, after the
	// collector has run. Bytes of objects that are gone may stand in free memory.
	for range 3 {
		runtime.GC()
		debug.FreeOSMemory()
	}
	live := []byte("a live object " + newID()) // the dump would show a secret as it shows this
	dump, err := os.Create(filepath.Join(t.TempDir(), "heap"))
	if err != nil {
		t.Fatal(err)
	}
	defer dump.Close()
	debug.WriteHeapDump(dump.Fd())
	b, err := os.ReadFile(dump.Name())
	if err != nil {
		t.Fatal(err)
	}
	left := make(map[string]bool)
	for name, s := range secrets {
		// The needle itself is made only now, after the dump.
		if bytes.Contains(b, s()) {
			left[name] = true
		}
	}
	if !bytes.Contains(b, live) {
		t.Error("the heap dump does not show what is live")
	}
	runtime.KeepAlive(live)
	runtime.KeepAlive(n)
	return left
}

// hidden gives a secret again without holding it.
func hidden(secret string) func() []byte {
	turned := []byte(secret)
	for i := range turned {
		turned[i] ^= 0x5a
	}
	return func() []byte {
		b := bytes.Clone(turned)
		for i := range b {
			b[i] ^= 0x5a
		}
		return b
	}
}

// signedInAndOut sets the node up as somebody, signs in with badge and PIN and out
// again, and gives what must not be left.
func signedInAndOut(t *testing.T, n *app.Node, pin string) map[string]func() []byte {
	t.Helper()
	password := "correct horse " + time.Now().Format("150405.000") + " staple"
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: n.API}
	at := listen(t, s)
	c := &http.Client{Jar: jar}
	own, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	token := ""
	send := func(path string, form url.Values) string {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), "GET", at+path, nil)
		if form != nil {
			form.Set("csrf", token)
			r, err = http.NewRequestWithContext(t.Context(), "POST", at+path, bytes.NewReader([]byte(form.Encode())))
		}
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "text/html")
		if form != nil {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		a, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		var b bytes.Buffer
		if _, err := b.ReadFrom(a.Body); err != nil {
			t.Fatal(err)
		}
		if a.StatusCode != 200 {
			t.Fatalf("%s: %s %s", path, a.Status, b.String())
		}
		if m := regexp.MustCompile(`data-form-token="([^"]*)"`).FindStringSubmatch(b.String()); m != nil {
			token = m[1]
		}
		return b.String()
	}
	page := send("/sign-in/first", url.Values{"code": {n.Staff.SetUpCode()}, "login": {"ada"}, "name": {"Ada Admin"}, "badge": {"AA-1"}, "password": {password}, "again": {password}, "pin": {pin}})
	seed := regexp.MustCompile(`id="seed">([A-Z2-7]+)<`).FindStringSubmatch(page)[1]
	pending := regexp.MustCompile(`name="pending" value="([^"]+)"`).FindStringSubmatch(page)[1]
	send("/sign-in/first/code", url.Values{"pending": {pending}, "code": {authenticator(t, seed, "")}})
	cookie := func(name string) string {
		for _, k := range jar.Cookies(own) {
			if k.Name == name {
				return k.Value
			}
		}
		t.Fatalf("there is no cookie %s", name)
		return ""
	}
	first := cookie("implantrace")
	send("/staff", nil)
	send("/staff/machines", url.Values{"id": {newID()}, "name": {"Theatre 4"}})
	send("/tokens", nil)
	page = send("/tokens", url.Values{"id": {newID()}, "name": {"Feed"}, "expires": {time.Now().AddDate(0, 1, 0).Format(time.DateOnly)}, "scope": {"read-record"}})
	program := regexp.MustCompile(`id="token">([^<]+)<`).FindStringSubmatch(page)[1]
	send("/sign-in", url.Values{"badge": {"AA-1"}, "pin": {pin}, "next": {"/account"}})
	second := cookie("implantrace")
	send("/account", nil)
	send("/sign-out", url.Values{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c.CloseIdleConnections()
	secrets := map[string]func() []byte{"password": hidden(password), "PIN": hidden(pin), "seed": hidden(seed), "token": hidden(program), "first session": hidden(first), "second session": hidden(second),
		"key of the machine": hidden(cookie("implantrace-machine"))}
	return secrets
}

func newID() string { return trace.NewEventID().String() }

// listen serves on a free port.
func listen(t *testing.T, s *http.Server) (at string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(l) }() // ends with Close
	return "http://" + l.Addr().String()
}
