package faulty

import (
	"math/rand/v2"
	"slices"
)

// Event is one thing that happened to a disk.
type Event struct {
	Op    Op
	File  string // its name then; "." is the folder, whose sync makes names durable
	Inode uint64 // which file it is, whatever its names
	At    int64  // of a write: where. Of a truncation: the new size
	Data  []byte // of a write
	Note  string // of the test, when Op is 0. Of a file that was given another name (Create): the old one
}

// Trace is everything that happened to a disk, in order.
type Trace []Event

// Cuts gives n states in which a power cut could have left a file, at random
// moments after the event number from: what was synced is there, and of what was
// written since, each sector is there or not. A name that was given to another file
// leads to that or to the one before, until the folder was synced. image is nil where
// no file has the name; it is overwritten by the next. notes are those that the test had made
// before the cut, without the empty ones.
func (t Trace) Cuts(r *rand.Rand, file string, from, n int) func(yield func(image []byte, notes []string) bool) {
	return func(yield func([]byte, []string) bool) {
		cuts := make([]int, n)
		for i := range cuts {
			cuts[i] = from + r.IntN(len(t)-from+1)
		}
		slices.Sort(cuts)
		files := make(map[uint64]*written)
		of := func(inode uint64) *written {
			if files[inode] == nil {
				files[inode] = &written{}
			}
			return files[inode]
		}
		var image []byte
		var notes []string
		var named, durable uint64 // the file that has the name, and that which has it on the disk; 0: none
		for i := 0; ; i++ {
			for len(cuts) > 0 && cuts[0] == i {
				cuts = cuts[1:]
				inode := named
				if named != durable && r.IntN(2) == 0 {
					inode = durable
				}
				if inode == 0 {
					if !yield(nil, notes) {
						return
					}
					continue
				}
				image = append(image[:0], of(inode).synced...)
				for _, e := range of(inode).pending {
					image = e.partly(image, r)
				}
				if !yield(image, notes) {
					return
				}
			}
			if i == len(t) {
				return
			}
			e := t[i]
			switch {
			case e.Op == 0 && e.Note == "":
			case e.Op == 0:
				notes = append(notes, e.Note)
			case e.Op == Sync && e.File == ".":
				durable = named
			case e.Op == Create && e.File == file:
				if named = e.Inode; e.Note == "" && durable == 0 {
					durable = named // a first file is synced with its name
				}
			case e.Op == Create:
			case e.Op == Sync:
				f := of(e.Inode)
				for _, e := range f.pending {
					f.synced = e.apply(f.synced)
				}
				f.pending = nil
			default:
				f := of(e.Inode)
				f.pending = append(f.pending, e)
			}
		}
	}
}

// written is what a file has on the disk, and what was written to it since its last
// sync.
type written struct {
	synced  []byte
	pending Trace
}

// apply does to a file what happened to it.
func (e Event) apply(b []byte) []byte {
	switch e.Op {
	case Truncate:
		return resize(b, e.At)
	case Write:
		return put(b, e.At, e.Data)
	}
	return b
}

// partly does a part of it, by chance.
func (e Event) partly(b []byte, r *rand.Rand) []byte {
	if e.Op == Truncate && r.IntN(2) == 0 {
		return resize(b, e.At)
	}
	if e.Op == Write {
		for at, piece := range sectors(e.At, e.Data) {
			if r.IntN(2) == 0 {
				b = put(b, at, piece)
			}
		}
	}
	return b
}

// sectors cuts what is written into what a disk writes as one.
func sectors(at int64, data []byte) func(yield func(int64, []byte) bool) {
	return func(yield func(int64, []byte) bool) {
		for len(data) > 0 {
			n := min(int64(len(data)), sector-at%sector)
			if !yield(at, data[:n]) {
				return
			}
			at, data = at+n, data[n:]
		}
	}
}

func put(b []byte, at int64, data []byte) []byte {
	if end := at + int64(len(data)); end > int64(len(b)) {
		b = resize(b, end)
	}
	copy(b[at:], data)
	return b
}

func resize(b []byte, size int64) []byte {
	if size <= int64(len(b)) {
		return b[:size]
	}
	was := len(b)
	b = slices.Grow(b, int(size)-was)[:size]
	clear(b[was:])
	return b
}
