package transport

import (
	"net"
	"net/netip"
	"sync"
)

// Bounds on connections that are open at once.
type Bounds struct {
	All         int // whoever they come from
	FromAddress int // from one address; of IPv6, from one network of 64 bits
}

// Bound gives a listener that hangs up at once on connections beyond the bounds,
// so that one machine, by fault or on purpose, leaves the others room.
func Bound(l net.Listener, b Bounds) net.Listener {
	return &bounded{Listener: l, bounds: b, from: make(map[netip.Prefix]int)}
}

type bounded struct {
	net.Listener
	bounds Bounds

	mu   sync.Mutex
	all  int
	from map[netip.Prefix]int
}

// Accept is net.Listener's.
func (b *bounded) Accept() (net.Conn, error) {
	for {
		c, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		at := Network(c.RemoteAddr().String())
		if b.take(at) {
			return &counted{Conn: c, free: sync.OnceFunc(func() { b.free(at) })}, nil
		}
		_ = c.Close() // there is nobody to tell
	}
}

func (b *bounded) take(at netip.Prefix) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all >= b.bounds.All || b.from[at] >= b.bounds.FromAddress {
		return false
	}
	b.all++
	b.from[at]++
	return true
}

func (b *bounded) free(at netip.Prefix) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all--
	if b.from[at]--; b.from[at] == 0 {
		delete(b.from, at)
	}
}

// counted is a connection that is counted until it is closed.
type counted struct {
	net.Conn
	free func()
}

// Close is net.Conn's.
func (c *counted) Close() error {
	defer c.free()
	return c.Conn.Close()
}

// Network is whom an address with a port belongs to: itself, or of IPv6 its
// network of 64 bits, of which one machine may have every address. What is no
// address is the zero value.
func Network(address string) netip.Prefix {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return netip.Prefix{}
	}
	ip, bits := at.Addr().Unmap().WithZone(""), 64
	if ip.Is4() {
		bits = 32
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}
