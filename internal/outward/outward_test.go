package outward_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"implantrace/internal/outward"
)

func TestAddressesThatAreTaken(t *testing.T) {
	for _, s := range []string{"https://audit.example.nhs.uk/in/", "https://10.0.0.1/", "https://[2001:db8::1]:8443/x?y=z", "http://127.0.0.1:8080/", "http://localhost/", "http://[::1]:1/", "https://localhost:9/"} {
		if u, err := outward.Address(s); err != nil || u.String() != s {
			t.Errorf("%s: %v, %v", s, u, err)
		}
	}
}

// inside are addresses that only the machine's surroundings answer to, in every
// form in which they can be written.
var inside = []string{
	"https://169.254.169.254/latest/meta-data/", "https://[::ffff:169.254.169.254]/", "https://[64:ff9b::a9fe:a9fe]/", "https://[fe80::1]/", "https://[fe80::1%25eth0]/",
	"https://0.0.0.0/", "https://[::]/", "https://224.0.0.1/", "https://[ff02::1]/", "https://255.255.255.255/", "https://[fd00:ec2::254]/", "https://100.100.100.200/", "https://168.63.129.16/",
	"http://169.254.169.254/", "https://[64:ff9b::7f00:1]/",
}

func TestAddressesThatAreRefused(t *testing.T) {
	for _, s := range append([]string{"", "://", "audit", "/in", "mailto:a@b.example", "https:", "https://", "https:///x", "https://:443/", "http://audit.example/", "http://10.0.0.1/", "http://localhost.example/",
		"http://127.0.0.1.example/", "http://2130706433/", "http://0x7f.1/", "ftp://a.example/", "file:///etc/passwd", "gopher://127.0.0.1/", "https://name:password@a.example/", "https://a.example/#x", "https://a.example\r\nX: y/"}, inside...) {
		if u, err := outward.Address(s); err == nil {
			t.Errorf("%q is taken: %v", s, u)
		}
	}
}

func TestRequestsGoNowhereInside(t *testing.T) {
	c := outward.Client()
	for _, s := range inside {
		r, err := c.Get(s)
		if err == nil {
			r.Body.Close()
			t.Errorf("%s was asked", s)
		} else if strings.HasPrefix(s, "https:") && !errors.Is(err, outward.ErrRefused) {
			t.Errorf("%s: %v", s, err)
		}
	}
}

// rebound is a resolver that leads every name to an address of its choice, as one
// does that belongs to somebody else.
func rebound(t *testing.T) {
	t.Helper()
	was := net.DefaultResolver
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		b := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(b)
			if err != nil {
				return
			}
			q := b[:n]
			end := 12
			for end < n && q[end] != 0 {
				end += int(q[end]) + 1
			}
			end += 5 // the end of the name, its type and class
			if end > n {
				continue
			}
			a := append([]byte{q[0], q[1], 0x84, 0, 0, 1, 0, 0, 0, 0, 0, 0}, q[12:end]...)
			if q[end-3] == 1 { // an IPv4 address is asked for
				a[7] = 1
				a = append(a, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1)
			}
			_, _ = server.WriteTo(a, from)
		}
	}()
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
	t.Cleanup(func() { net.DefaultResolver = was; server.Close() })
}

func TestANameThatLeadsInsideIsNotAsked(t *testing.T) {
	rebound(t)
	var asked atomic.Int32
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer s.Close()
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if a, err := net.DefaultResolver.LookupHost(t.Context(), "audit.example"); err != nil || len(a) == 0 || a[0] != "127.0.0.1" {
		t.Fatalf("the name does not lead inside: %v, %v", a, err)
	}
	r, err := outward.Client().Get("https://audit.example:" + port + "/")
	if err == nil {
		r.Body.Close()
	}
	if !errors.Is(err, outward.ErrRefused) || asked.Load() > 0 {
		t.Errorf("%v, asked %d times", err, asked.Load())
	}
}

func TestRedirectionsAreNotFollowed(t *testing.T) {
	var followed atomic.Bool
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			followed.Store(true)
		}
		http.Redirect(w, r, "/elsewhere", http.StatusFound)
	}))
	defer s.Close()
	r, err := outward.Client().Get(s.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusFound || followed.Load() {
		t.Errorf("%s, followed %t", r.Status, followed.Load())
	}
}

func TestALongHeaderIsNotRead(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
		_, _ = io.WriteString(w, "x")
	}))
	defer s.Close()
	if r, err := outward.Client().Get(s.URL); err == nil {
		r.Body.Close()
		t.Error("a header of a megabyte was read")
	}
}
