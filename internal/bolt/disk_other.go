//go:build !linux

package bolt

import "os"

// forget asks the system to let go of what it holds of a file in memory; this
// one cannot be asked.
func forget(*os.File) {}

// allocate makes a file so large that room for size bytes is its own.
func allocate(f *os.File, size int64) error { return fill(f, size) }

// allocated reports whether a file of size bytes has room of its own for them.
func allocated(info os.FileInfo, size int64) bool { return info.Size() >= size }
