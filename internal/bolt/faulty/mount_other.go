//go:build !linux

package faulty

import "testing"

// Disk is a mounted disk.
type Disk struct{}

// Main does nothing here.
func Main() {}

// Mount skips the test: this disk is for Linux only.
func Mount(t testing.TB) *Disk {
	t.Skip("no disk can be mounted by FUSE on this system, so that its faults are not tried")
	return nil
}

// Dir is the disk's folder.
func (*Disk) Dir() string { return "" }

// Room sets how many bytes more there is room for.
func (*Disk) Room(int64) {}

// ReadOnly says whether anything can be changed.
func (*Disk) ReadOnly(bool) {}

// Fail lets calls fail.
func (*Disk) Fail(...Fault) {}

// Hits is how many calls have failed by the faults that are set.
func (*Disk) Hits() int { return 0 }

// Note writes a note into the trace and gives its place there.
func (*Disk) Note(string) int { return 0 }

// Trace is what has happened to the disk so far.
func (*Disk) Trace() Trace { return nil }
