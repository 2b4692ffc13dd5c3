//go:build unix

package demo

import (
	"fmt"
	"os"
	"syscall"

	"github.com/creack/pty"
)

// OpenLine opens a pseudo-terminal. Reads and writes of the master end when
// their deadlines say so.
func OpenLine() (master, slave *os.File, err error) {
	blocking, slave, err := pty.Open()
	if err != nil {
		return nil, nil, fmt.Errorf("%w (%v)", ErrUnsupported, err)
	}
	defer blocking.Close() // its copy goes on
	fd, err := syscall.Dup(int(blocking.Fd()))
	if err == nil {
		syscall.CloseOnExec(fd)
		err = syscall.SetNonblock(fd, true)
	}
	if err != nil {
		slave.Close()
		return nil, nil, fmt.Errorf("%w (%v)", ErrUnsupported, err)
	}
	return os.NewFile(uintptr(fd), blocking.Name()), slave, nil
}
