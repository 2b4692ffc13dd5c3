package app

import (
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"implantrace/internal/transport"
)

// InPlainWords is what somebody has to write who wants a node without TLS to be
// reached from other machines.
const InPlainWords = "anyone on this network can read and change what is sent"

// listening holds the address, and how it is spoken to, against each other before
// a store is made for a node that will not serve.
func (c Config) listening() error {
	host, port, err := net.SplitHostPort(c.Listen)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil {
		return configf("%q is no address to listen on (such as 127.0.0.1:8080): %w", c.Listen, err)
	}
	for _, h := range c.Hosts {
		if h == "" || strings.ContainsAny(h, "/ *@?#") {
			return configf("%q is no name by which browsers reach a node", h)
		}
	}
	ip := net.ParseIP(host)
	loopback := host == "localhost" || ip != nil && ip.IsLoopback()
	switch {
	case c.NoSignIn && (!loopback || len(c.Hosts) > 0):
		return configf("nobody is asked who they are here (--no-sign-in, or a demonstration), and whoever reaches the node may do everything: so it listens on loopback addresses only, and has no names of a proxy (--host)")
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return configf("TLS takes a certificate and its key: --tls-cert and --tls-key")
	case c.WithoutTLS != "" && c.WithoutTLS != InPlainWords:
		return configf("to do without TLS, say so in these words: --without-tls %q", InPlainWords)
	case c.TLSCert != "" && c.WithoutTLS != "":
		return configf("there is a certificate, and --without-tls as well: leave one out")
	case c.TLSCert != "" || c.WithoutTLS != "":
		return nil
	}
	if loopback {
		return nil
	}
	return configf("%q is an address that other machines can reach, and there is no certificate: what is sent there says who the patients are. "+
		"implantrace tls init makes a certificate, or the trust issues one (--tls-cert, --tls-key); "+
		"behind a proxy that speaks TLS, listen on loopback. Whoever wants none of these says so in words: --without-tls %q", c.Listen, InPlainWords)
}

// bounds on connections: a page of the theatre has two or three, and a proxy or a
// terminal server many from one address.
var bounds = transport.Bounds{All: 4096, FromAddress: 1024}

// secure loads the certificate, where there is one.
func (n *Node) secure() error {
	if n.Config.TLSCert == "" {
		return nil
	}
	c, err := transport.Load(n.Config.TLSCert, n.Config.TLSKey, n.clock)
	if err != nil {
		return configError{err}
	}
	n.certificate = c
	return nil
}

// answersTo reports whether a host in a request is this node by the certificate or
// the settings.
func (n *Node) answersTo(host string) bool {
	return n.certificate != nil && n.certificate.Names(host) ||
		slices.ContainsFunc(n.Config.Hosts, func(h string) bool { return strings.EqualFold(h, host) })
}

// Address is how a browser on another machine, or on this one, opens what listens
// at an address.
func (n *Node) Address(listening string) string {
	if n.certificate == nil {
		return "http://" + listening
	}
	host, port, err := net.SplitHostPort(listening)
	if err != nil {
		return "https://" + listening
	}
	if name := n.certificate.Host(); name != "" {
		host = name
	}
	if port == "443" {
		return "https://" + bracketed(host)
	}
	return "https://" + net.JoinHostPort(host, port)
}

func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// serveOn serves what comes from other programs: by TLS where there is a
// certificate.
func (n *Node) serveOn(s *http.Server, l net.Listener) error {
	l = transport.Bound(l, bounds)
	if n.certificate == nil {
		return s.Serve(l)
	}
	s.TLSConfig = n.certificate.Config()
	return s.ServeTLS(l, "", "")
}

// times of a connection. A request's own are set by its route.
const (
	headersWithin = 10 * time.Second // of a request, and for the TLS handshake
	answerWithin  = time.Minute      // for the body and for the answer, until the route says otherwise
	idleFor       = 2 * time.Minute
	headersMost   = 64 << 10 // bytes
)
