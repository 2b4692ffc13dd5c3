package scanner

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// settle has the line say what its driver does not ask for: which bytes failed
// their parity. tarm/serial sets a parity and then ignores it, so that a byte that
// was changed on the way would be taken as it came; here it comes as NUL. The settings are the line's and not the descriptor's, so a
// descriptor of its own does.
func settle(cfg SerialConfig) error {
	if cfg.Parity == ParityNone {
		return nil
	}
	fd, err := unix.Open(cfg.Device, unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("the parity of %s cannot be set: %w", cfg.Device, err)
	}
	defer unix.Close(fd)
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err == nil {
		t.Iflag = t.Iflag&^unix.IGNPAR | unix.INPCK
		err = unix.IoctlSetTermios(fd, unix.TCSETS, t)
	}
	if err != nil {
		return fmt.Errorf("the parity of %s cannot be set: %w", cfg.Device, err)
	}
	return nil
}
