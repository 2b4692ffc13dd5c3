//go:build !windows

package transport

import (
	"os"
	"syscall"
)

// exposable says that a file's mode tells who can read it.
const exposable = true

// keepGroup gives a file the group of the one that it replaces.
func keepGroup(f *os.File, old os.FileInfo) error {
	if s, ok := old.Sys().(*syscall.Stat_t); ok {
		return f.Chown(-1, int(s.Gid))
	}
	return nil
}
