//go:build linux || darwin

package zxing

import (
	"syscall"

	"github.com/tetratelabs/wazero/experimental"
)

// mapped is the memory of an instance, outside of Go's heap. All of the limit is
// reserved at once and does not move; only what is used takes up memory. Go's
// heap would double its own limit for it, and not give it back to the system.
type mapped []byte

func reserve(limit uint64) (experimental.LinearMemory, error) {
	m, err := syscall.Mmap(-1, 0, int(limit), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	return mapped(m), err
}

// Reallocate returns the first size bytes, or nil if there are fewer.
func (m mapped) Reallocate(size uint64) []byte {
	if size > uint64(len(m)) {
		return nil
	}
	return m[:size:size]
}

// Free gives the memory back. The mapping is whole, so that nothing can fail.
func (m mapped) Free() { _ = syscall.Munmap(m) }
