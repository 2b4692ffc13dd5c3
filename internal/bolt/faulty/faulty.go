// Package faulty is a disk that fails when a test says so, and that remembers
// what was written to it and what was synced.
//
// It is a folder on a FUSE file system, which a process of its own keeps in
// memory: a program that waits for a page of a mapped file cannot at the same
// time be the one that brings it. A test binary that uses it calls [Main] first
// in its TestMain, and [Mount] in a test.
//
// A failed sync is the nasty part of a disk. Some systems take the pages that
// could not be written for clean afterwards: the next sync succeeds and they are
// not there. A [Fault] with Lose does the same.
package faulty

import (
	"path"
	"syscall"
)

// Op is what a program asks of a disk. They can be added up.
type Op uint

// What is asked of a disk.
const (
	Read Op = 1 << iota
	Write
	Sync
	Truncate
	Allocate
	Create  // also names: removing and renaming
	Changes = Write | Sync | Truncate | Allocate | Create
)

// Fault says which calls fail, and how.
type Fault struct {
	Op    Op
	File  string        // a pattern of path.Match; "" is every file
	Errno syscall.Errno // what they fail with
	Skip  int           // so many calls go well before
	Times int           // so many fail; 0: all from then on
	Lose  bool          // of a sync: each sector written since the last may be lost, and no later sync writes it
	Half  bool          // of a write: half of it is written
}

func (f Fault) speaksOf(op Op, name string) bool {
	ok, err := path.Match(f.File, name)
	return f.Op&op != 0 && (f.File == "" || err == nil && ok)
}

// sector is what a disk writes whole or not at all, in bytes.
const sector = 512

// block is what a file system hands out of its room, in bytes.
const block = 4096
