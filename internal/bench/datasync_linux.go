package bench

import (
	"os"
	"syscall"
)

// dataSync is the sync that bbolt makes on this system.
func dataSync(f *os.File) error { return syscall.Fdatasync(int(f.Fd())) }
