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

// nameless reports whether no name leads to an open file any more; here that is not
// known.
func nameless(*os.File) bool { return false }

// roomFor reports whether the disk of a folder has room for so many bytes more; here
// that shows when they are written.
func roomFor(string, int64) bool { return true }
