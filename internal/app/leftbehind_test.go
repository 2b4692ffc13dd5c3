package app_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"implantrace/internal/app"
	"implantrace/internal/trace"
)

// watched names the data folder of a child that writes its log beside it, asks
// people who they are, and dumps its heap when a line comes in.
const watched = "IMPLANTRACE_TEST_WATCHED"

func serveWatched(dir string) {
	ctx, stop := context.WithCancel(context.Background())
	log, err := os.Create(dir + ".log")
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	n, err := app.Open(ctx, app.Config{Data: dir, Listen: "127.0.0.1:0", Name: "child"}, "test", slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})), nil)
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	go func() {
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			f, err := os.Create(dir + ".heap")
			if err != nil {
				fmt.Println("error", err)
				continue
			}
			for range 3 { // pools keep what they hold through one
				runtime.GC()
			}
			debug.WriteHeapDump(f.Fd())
			fmt.Println("dumped", f.Close())
		}
		stop()
	}()
	if err := n.Serve(ctx, func(address string) { fmt.Println("serves", address, n.Staff.SetUpCode()) }); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// person is a browser with somebody before it.
type person struct {
	t     *testing.T
	url   string
	http  *http.Client
	jar   map[string]string
	token string
}

var (
	tokenOnPage   = regexp.MustCompile(`data-form-token="([^"]*)"`)
	seedOnPage    = regexp.MustCompile(`id="seed">([A-Z2-7]+)<`)
	pendingOnPage = regexp.MustCompile(`name="pending" value="([^"]+)"`)
	keyOnPage     = regexp.MustCompile(`id="token">([^<]+)<`)
)

func (p *person) ask(method, path, kind, body string, header map[string]string) (int, string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for k, v := range header {
		r.Header.Set(k, v)
	}
	for k, v := range p.jar {
		r.AddCookie(&http.Cookie{Name: k, Value: v})
	}
	a, err := p.http.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, c := range a.Cookies() {
		if p.jar[c.Name] = c.Value; c.MaxAge < 0 {
			delete(p.jar, c.Name)
		}
	}
	if m := tokenOnPage.FindStringSubmatch(string(b)); m != nil {
		p.token = m[1]
	}
	return a.StatusCode, string(b)
}

// form sends a form of the page that was loaded last, and loads what comes then.
func (p *person) form(path string, fields url.Values) string {
	p.t.Helper()
	fields.Set("csrf", p.token)
	status, body := p.ask("POST", path, "application/x-www-form-urlencoded", fields.Encode(), nil)
	if status == http.StatusSeeOther {
		p.ask("GET", "/", "", "", nil)
	} else if status != http.StatusOK {
		p.t.Fatalf("%s: %d %.500s", path, status, body)
	}
	return body
}

func found(t *testing.T, in *regexp.Regexp, body string) string {
	t.Helper()
	m := in.FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("%s is not in %.2000s", in, body)
	}
	return m[1]
}

// Somebody sets the node up, signs in, works, makes a token, uses it, and signs
// out. What they alone know, and whom they looked for, stands in no file and in no
// line of the log; and what is left in memory after that shows no password, PIN,
// cookie or token.
func TestNoSecretIsLeftBehind(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), watched+"="+dir)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	ended := false
	defer func() {
		if !ended {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}()
	var address, code string
	if !said.Scan() {
		t.Fatal("the child says nothing")
	}
	if n, err := fmt.Sscanf(said.Text(), "serves %s %s", &address, &code); n != 2 {
		t.Fatalf("%q: %v", said.Text(), err)
	}

	transport := &http.Transport{}
	p := &person{t: t, url: "http://" + address, jar: make(map[string]string), http: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	const (
		password, pin = "zephyr quixotic marmalade 77", "82649150"
		nhs           = "9990000018"
		family        = "Zzyzxwarren"
	)
	p.ask("GET", "/sign-in/first", "", "", nil)
	body := p.form("/sign-in/first", url.Values{"code": {code}, "login": {"ada.admin"}, "name": {"Ada Admin"}, "password": {password}, "again": {password}, "pin": {pin}})
	seed := found(t, seedOnPage, body)
	pending := found(t, pendingOnPage, body)
	shows := func() string {
		c, err := totp.GenerateCode(seed, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	p.form("/sign-in/first/code", url.Values{"pending": {pending}, "code": {shows()}})
	secrets := map[string]string{"the password": password, "the PIN": pin, "the set-up code": code, "the authenticator's seed": seed, "what the set-up was known by": pending}
	for name, value := range p.jar {
		secrets["the cookie "+name] = value
	}
	secrets["the page's form token"] = p.token
	expires := time.Now().AddDate(0, 1, 0).Format(time.DateOnly)
	key := found(t, keyOnPage, p.form("/tokens", url.Values{"id": {trace.NewEventID().String()}, "name": {"the theatre's list"}, "expires": {expires}, "scope": {"find-patients", "write-record"}}))
	secrets["the token"] = key
	// The program that has the token records a patient, and looks for them.
	bearer := map[string]string{"Authorization": "Bearer " + key, "Accept": "application/json"}
	program := &person{t: t, url: p.url, http: p.http, jar: map[string]string{}}
	for _, q := range [][2]string{
		{"/api/v1/procedures", fmt.Sprintf(`{"id":%q,"patient":{"nhs_number":%q,"family":%q},"code":{"code":"W371"}}`, trace.NewEventID(), nhs, family)},
		{"/api/v1/patients/search", `{"nhs_number":"999 000 0018"}`},
		{"/api/v1/patients/search", `{"nhs_number":"9990000019"}`}, // not a number
	} {
		if status, body := program.ask("POST", q[0], "application/json", q[1], bearer); status >= 300 && status != 422 {
			t.Fatalf("%s: %d %s", q[0], status, body)
		}
	}
	// A wrong password and PIN, which may be another site's right ones.
	wrong := url.Values{"csrf": {p.token}, "login": {"ada.admin"}, "password": {"the wrong one: tangerine orrery"}, "code": {"000000"}}
	p.ask("POST", "/sign-in", "application/x-www-form-urlencoded", wrong.Encode(), nil)
	secrets["a wrong password"] = "the wrong one: tangerine orrery"
	p.form("/sign-out", url.Values{})
	if len(p.jar) > 0 {
		t.Errorf("after signing out the browser has %v", p.jar)
	}
	transport.CloseIdleConnections()

	// What is live now.
	until(t, "every connection is closed", func() bool {
		_, err := io.WriteString(in, "dump\n")
		if err != nil || !said.Scan() || said.Text() != "dumped <nil>" {
			t.Fatalf("%v %q", err, said.Text())
		}
		heap, err := os.ReadFile(dir + ".heap")
		if err != nil {
			t.Fatal(err)
		}
		return !bytes.Contains(heap, []byte("the wrong one: tangerine orrery")) && !bytes.Contains(heap, []byte(key))
	})
	heap, err := os.ReadFile(dir + ".heap")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(heap, []byte("ada.admin")) || len(heap) < 1<<20 {
		t.Fatalf("the dump of %d bytes does not even show the account", len(heap))
	}
	for what, s := range secrets {
		if len(s) < 6 {
			t.Fatalf("%s is %q", what, s)
		}
		for _, form := range []string{s, url.QueryEscape(s)} {
			if i := bytes.Index(heap, []byte(form)); i >= 0 {
				t.Errorf("%s is in memory: %q", what, heap[max(0, i-60):min(len(heap), i+len(form)+60)])
			}
		}
	}
	// And in the files, now and after the node has stopped.
	in.Close()
	for said.Scan() {
	}
	ended = true
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	secrets["the NHS number"], secrets["the NHS number as it is typed"], secrets["the family name"], secrets["a number that is none"] = nhs, "999 000 0018", family, "9990000019"
	files := 0
	if err := filepath.WalkDir(filepath.Dir(dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.HasSuffix(path, ".heap") {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		for what, s := range secrets {
			for _, form := range []string{s, url.QueryEscape(s)} {
				if i := bytes.Index(b, []byte(form)); i >= 0 {
					t.Errorf("%s is in %s: %q", what, filepath.Base(path), b[max(0, i-60):min(len(b), i+len(form)+60)])
				}
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(dir + ".log")
	if err != nil || !bytes.Contains(log, []byte("/api/v1/patients/search")) || files < 3 {
		t.Errorf("%d files; the log says nothing of the requests: %v", files, err)
	}
	t.Logf("%d secrets, in no one of %d files nor in %.1f MB of live memory", len(secrets), files, float64(len(heap))/(1<<20))
}
