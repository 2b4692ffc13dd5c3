//go:build !linux && !darwin

package zxing

import "github.com/tetratelabs/wazero/experimental"

// reserved is the memory of an instance, in Go's heap: all of the limit at once,
// so that it does not move.
type reserved []byte

func reserve(limit uint64) (experimental.LinearMemory, error) {
	return reserved(make([]byte, limit)), nil
}

// Reallocate returns the first size bytes, or nil if there are fewer.
func (m reserved) Reallocate(size uint64) []byte {
	if size > uint64(len(m)) {
		return nil
	}
	return m[:size:size]
}

func (m reserved) Free() {}
