//go:build !linux && !windows

package scanner

// A Finder finds the handhelds that are plugged in, without opening a port.
type Finder struct {
	Root string // not used on this system
}

// Ports returns [ErrNoPorts].
func (Finder) Ports() ([]Port, error) { return nil, ErrNoPorts }
