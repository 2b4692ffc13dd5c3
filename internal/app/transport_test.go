package app_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"implantrace/internal/app"
	"implantrace/internal/trace"
	"implantrace/internal/transport"
)

// certified is a node that speaks TLS, and how others reach it.
type certified struct {
	*served
	roots *x509.CertPool
	at    string // address with port
	dir   string // of the authority
}

func serveTLS(t *testing.T, c app.Config, names ...string) *certified {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tls")
	a, err := transport.Init(dir, names, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	c.TLSCert, c.TLSKey = filepath.Join(dir, transport.ServerFile), filepath.Join(dir, transport.ServerKeyFile)
	s := &certified{served: serve(t, c), roots: x509.NewCertPool(), dir: dir}
	s.roots.AddCert(a.CA)
	s.at = strings.TrimPrefix(s.url, "http://")
	return s
}

// client reaches the node under any name, as a resolver would have it.
func (s *certified) client(t *testing.T, c *tls.Config) *http.Client {
	c.RootCAs = s.roots
	tr := &http.Transport{TLSClientConfig: c, ForceAttemptHTTP2: true, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, s.at)
	}}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func TestTLSIsSpoken(t *testing.T) {
	s := serveTLS(t, app.Config{}, "theatre4.trust.example", "127.0.0.1")
	for _, v := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		r, err := s.client(t, &tls.Config{MinVersion: v, MaxVersion: v}).Get("https://theatre4.trust.example/api/v1/node")
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != 200 || r.TLS.Version != v || r.ProtoMajor != 2 || r.Header.Get("Strict-Transport-Security") != "max-age=31536000; includeSubDomains" {
			t.Errorf("%s by %s over %s, HSTS %q", r.Status, tls.VersionName(v), r.Proto, r.Header.Get("Strict-Transport-Security"))
		}
	}
	for _, v := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
		if r, err := s.client(t, &tls.Config{MinVersion: v, MaxVersion: v}).Get("https://theatre4.trust.example/healthz"); err == nil {
			r.Body.Close()
			t.Errorf("%s is spoken", tls.VersionName(v))
		}
	}
	// Ciphers without forward secrecy, or that are known to be weak, are not spoken.
	for _, weak := range append(tls.InsecureCipherSuites(), &tls.CipherSuite{ID: tls.TLS_RSA_WITH_AES_128_GCM_SHA256}) {
		if r, err := s.client(t, &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{weak.ID}}).Get("https://theatre4.trust.example/healthz"); err == nil {
			r.Body.Close()
			t.Errorf("%s is spoken", tls.CipherSuiteName(weak.ID))
		}
	}
	// What is sent without TLS is answered by nobody.
	r, err := http.Get("http://" + s.at + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r.Body)
	r.Body.Close()
	if err != nil || r.StatusCode != http.StatusBadRequest || strings.Contains(string(b), "ok\"") {
		t.Errorf("%s %s %v", r.Status, b, err)
	}
	if got := s.node.Address("0.0.0.0:8443"); got != "https://theatre4.trust.example:8443" {
		t.Error(got)
	}
}

// A renewed certificate is shown to the next who connects, and nobody who is
// connected notices.
func TestACertificateIsRenewedWhileTheNodeServes(t *testing.T) {
	s := serveTLS(t, app.Config{}, "127.0.0.1")
	c := s.client(t, &tls.Config{})
	serial := func(c *http.Client) string {
		t.Helper()
		r, err := c.Get("https://127.0.0.1/healthz")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		return r.TLS.PeerCertificates[0].SerialNumber.String()
	}
	was := serial(c)
	renewed, err := transport.Renew(s.dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the new certificate is shown", func() bool {
		return serial(s.client(t, &tls.Config{})) == renewed.SerialNumber.String()
	})
	if got := serial(c); got != was {
		t.Errorf("the connection that was open shows %s", got)
	}
}

// A page of another host whose name was made to lead to the node gets nothing.
func TestOnlyItsOwnNamesAreAnswered(t *testing.T) {
	s := serveTLS(t, app.Config{Hosts: []string{"proxy.trust.example"}}, "theatre4.trust.example", "10.9.8.7")
	c := s.client(t, &tls.Config{ServerName: "theatre4.trust.example"})
	for host, want := range map[string]int{
		"theatre4.trust.example": 200, "THEATRE4.trust.example:8443": 200, "theatre4.trust.example.": 200, "10.9.8.7": 200, "proxy.trust.example": 200, "localhost": 200, "127.0.0.1:1": 200,
		"evil.example": 403, "trust.example": 403, "theatre4.trust.example.evil.example": 403, "10.9.8.8": 403, "169.254.169.254": 403, "[::]": 403, "0.0.0.0": 403,
	} {
		for _, path := range []string{"/healthz", "/theatre"} {
			r, err := http.NewRequestWithContext(t.Context(), "GET", "https://theatre4.trust.example"+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = host
			a, err := c.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			a.Body.Close()
			if got := a.StatusCode; (got == 403) != (want == 403) {
				t.Errorf("%s%s: %d", host, path, got)
			}
		}
	}
}

// The address at which a node is reached is no name that somebody else can have.
func TestTheAddressAtWhichItIsReachedIsAnswered(t *testing.T) {
	own := ""
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
			own = n.IP.String()
		}
	}
	if own == "" {
		t.Skip("this machine has no address but loopback")
	}
	s := serve(t, app.Config{Listen: own + ":0", WithoutTLS: app.InPlainWords})
	if got := status(t, s.url+"/healthz"); got != 200 {
		t.Errorf("%s: %d", s.url, got)
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "192.0.2.1"
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	a.Body.Close()
	if a.StatusCode != 403 || a.Header.Get("Strict-Transport-Security") != "" {
		t.Errorf("%s, %v", a.Status, a.Header)
	}
}

// connection is one of many to the node.
func connection(t *testing.T, s *served, from string) net.Conn {
	t.Helper()
	c, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// recorded posts a reading and gives how long its receipt took.
func recorded(t *testing.T, s *served) time.Duration {
	t.Helper()
	began := time.Now()
	c := connect(t, s.node.Config.Data)
	defer closed(t, c)
	if got, said := asked(t, c, "POST", "/api/v1/readings", fmt.Sprintf(`{"id":%q,"text":"(01)%s(10)A1"}`, trace.NewEventID(), di)); got != 201 {
		t.Fatalf("%d %s", got, said)
	}
	if got := status(t, s.url+"/healthz"); got != 200 {
		t.Fatalf("%d", got)
	}
	return time.Since(began)
}

// A thousand connections that ask once and then stay, as a fault or an attack
// makes them, leave the node working.
func TestAThousandIdleConnectionsLeaveTheNodeWorking(t *testing.T) {
	s := serve(t, app.Config{})
	alone := recorded(t, s)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	const many = 1000
	var all sync.WaitGroup
	room := make(chan struct{}, 50)
	for range many {
		c := connection(t, s, "127.0.0.2")
		all.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			if _, err := fmt.Fprintf(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
				t.Error(err)
				return
			}
			r, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Error(err)
				return
			}
			r.Body.Close()
		})
	}
	all.Wait()
	runtime.GC()
	runtime.ReadMemStats(&after)
	took := recorded(t, s)
	perConnection := (int64(after.HeapInuse+after.StackInuse) - int64(before.HeapInuse+before.StackInuse)) / many
	t.Logf("%d idle connections: a reading is recorded in %s (%s without them), and each takes about %d KB with its client in this process", many, took.Round(time.Millisecond), alone.Round(time.Millisecond), perConnection>>10)
	if took > 2*time.Second {
		t.Errorf("a reading takes %s", took)
	}
	if perConnection > 200<<10 {
		t.Errorf("a connection takes %d bytes", perConnection)
	}
	// That address may have 24 more, and then no more; others may.
	refused := 0
	for range 50 {
		c := connection(t, s, "127.0.0.2")
		_, err := fmt.Fprintf(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if err == nil {
			_, err = http.ReadResponse(bufio.NewReader(c), nil)
		}
		if err != nil {
			refused++
		}
	}
	recorded(t, s)
	if refused != many+50-1024 {
		t.Errorf("of 50 more, %d were refused", refused)
	}
}

// Connections that say half of a request, or send its body by drops, are let go
// of; a scan comes through all the while.
func TestSlowRequestsAreLetGoOf(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for the limit of ten seconds")
	}
	s := serve(t, app.Config{})
	const many = 200
	began := time.Now()
	var ended sync.WaitGroup
	for i := range many {
		c := connection(t, s, "127.0.0.3")
		ended.Go(func() {
			if i%2 == 0 {
				fmt.Fprintf(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
			} // the others say nothing at all
			drip := time.NewTicker(time.Second)
			defer drip.Stop()
			done := make(chan struct{})
			go func() {
				defer close(done)
				_, _ = io.Copy(io.Discard, c) // until it is closed
			}()
			for {
				select {
				case <-done:
					return
				case <-drip.C:
					if i%2 == 0 {
						if _, err := c.Write([]byte("x")); err != nil && !errors.Is(err, net.ErrClosed) {
							continue // closed by the node: the reader sees it
						}
					}
				}
			}
		})
	}
	took := recorded(t, s)
	ended.Wait()
	lasted := time.Since(began)
	t.Logf("%d slow connections: a reading is recorded in %s; the last of them was let go of after %s", many, took.Round(time.Millisecond), lasted.Round(100*time.Millisecond))
	if took > 2*time.Second || lasted > 20*time.Second {
		t.Errorf("a reading takes %s, and slow connections last %s", took, lasted)
	}
}
