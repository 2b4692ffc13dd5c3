package outward

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

const (
	// Time is how long a request may take, its answer included.
	Time       = 20 * time.Second
	headerMost = 64 << 10 // bytes of an answer's headers
)

// Client asks other machines. Each request's address is held against [Address],
// and the address that its name leads to is looked at when the connection is
// made, so that a name cannot lead elsewhere between the two. Redirections are not
// followed: the answer is the redirection.
//
// A proxy that the environment names (HTTPS_PROXY) is used for other machines. It
// then looks the names up, and its own rules hold for what they lead to.
//
// Who reads the body of an answer bounds it.
func Client() *http.Client {
	return &http.Client{
		Timeout:       Time,
		Transport:     &guarded{own: transport(true), others: transport(false), proxied: proxied()},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// guarded is a transport that looks at each address before it is asked.
type guarded struct{ own, others, proxied *http.Transport }

// RoundTrip is http.RoundTripper's.
func (g *guarded) RoundTrip(r *http.Request) (*http.Response, error) {
	u, err := Address(r.URL.String())
	if err != nil {
		if r.Body != nil {
			err = errors.Join(err, r.Body.Close())
		}
		return nil, err
	}
	if named(u.Hostname()) {
		return g.own.RoundTrip(r)
	}
	if proxy, err := g.proxied.Proxy(r); err == nil && proxy != nil {
		return g.proxied.RoundTrip(r)
	}
	return g.others.RoundTrip(r)
}

// CloseIdleConnections is what http.Client asks for by this name.
func (g *guarded) CloseIdleConnections() {
	for _, t := range []*http.Transport{g.own, g.others, g.proxied} {
		t.CloseIdleConnections()
	}
}

func transport(own bool) *http.Transport {
	return through(func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("%q is no address", address)
		}
		return allowed(at.Addr(), own)
	})
}

// proxied speaks to the proxy alone, which may be anywhere the operator says.
func proxied() *http.Transport {
	t := through(nil)
	t.Proxy = http.ProxyFromEnvironment
	return t
}

func through(control func(network, address string, c syscall.RawConn) error) *http.Transport {
	dialer := &net.Dialer{Timeout: Time, Control: control}
	return &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: Time, ResponseHeaderTimeout: Time,
		MaxResponseHeaderBytes: headerMost, ForceAttemptHTTP2: true, DisableKeepAlives: true}
}
