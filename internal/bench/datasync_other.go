//go:build !linux

package bench

import "os"

// dataSync is the sync that bbolt makes on this system.
func dataSync(f *os.File) error { return f.Sync() }
