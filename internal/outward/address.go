package outward

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
)

// ErrRefused means that an address leads where nothing is sent.
var ErrRefused = errors.New("an address where nothing is sent")

// Address reads an https address, or an http one that names this machine by its
// loopback address or as localhost. A name and password in it are refused, because
// addresses are logged; so is a fragment, which no server gets.
func Address(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%q is no address", s)
	case u.User != nil:
		return nil, errors.New("an address with a name or password in it would be seen in logs: leave them out")
	case u.Hostname() == "" || u.Opaque != "" || u.Fragment != "":
		return nil, fmt.Errorf("%q is no address to send to", s)
	case u.Scheme != "https" && (u.Scheme != "http" || !named(u.Hostname())):
		return nil, fmt.Errorf("%s://%s: other machines are asked by https only", u.Scheme, u.Host)
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		if err := allowed(ip, named(u.Hostname())); err != nil {
			return nil, err
		}
	}
	return u, nil
}

// named reports whether a host is this machine, by a name that no other can have.
func named(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// nat64 are the addresses by which IPv6 networks reach IPv4 ones (RFC 6052).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// metadata are the addresses at which clouds hand out credentials, where they are
// not link-local.
var metadata = []netip.Addr{
	netip.MustParseAddr("fd00:ec2::254"),   // AWS over IPv6
	netip.MustParseAddr("100.100.100.200"), // Alibaba
	netip.MustParseAddr("192.0.0.192"),     // Oracle
	netip.MustParseAddr("168.63.129.16"),   // Azure
}

// allowed refuses addresses that only the machine's surroundings answer to.
// Private networks are allowed: a trust's own servers are there. own says that
// this machine was named itself.
func allowed(ip netip.Addr, own bool) error {
	ip = ip.WithZone("").Unmap()
	if nat64.Contains(ip) {
		b := ip.As16()
		ip = netip.AddrFrom4([4]byte(b[12:]))
	}
	refused := ip.IsLinkLocalUnicast() || ip.IsMulticast() || ip.IsInterfaceLocalMulticast() || ip.IsUnspecified() ||
		ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}) || ip.IsLoopback() && !own
	for _, m := range metadata {
		refused = refused || ip == m
	}
	if refused {
		return fmt.Errorf("it leads to %s, %w", ip, ErrRefused)
	}
	return nil
}
