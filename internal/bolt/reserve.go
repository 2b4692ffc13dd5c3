package bolt

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"

	"implantrace/internal/trace"
)

// ReserveName is the file beside the store that keeps room for what is
// essential.
const ReserveName = "implantrace.reserve"

// reserveStep is how much of the reserve is given up at a time, in bytes: more
// than a small commit writes.
const reserveStep = 1 << 20

// reserve keeps room on the store's disk: a file of blocks that are its own.
// When the disk is full, and a command is essential, it is made smaller. While it
// is not whole nothing else is recorded, and each attempt to record first tries
// to make it whole again. Only the committer uses it.
type reserve struct {
	path string
	size int64 // bytes; 0: none is kept
	left int64 // what is there of it
}

// openReserve finds the reserve, and makes it where it is missing and the disk
// has room.
func openReserve(path string, size int64) *reserve {
	r := &reserve{path: path, size: size}
	if info, err := os.Stat(path); err == nil {
		r.left = min(info.Size(), size)
		if !allocated(info, r.left) {
			r.left = 0
		}
	}
	// What keeps it from being made is told to who wants to record something.
	_ = r.restore()
	return r
}

// restore makes the reserve whole. An error is of kind Full, ReadOnly or
// OutcomeUnknown, and means that nothing but what is essential may be recorded.
func (r *reserve) restore() error {
	if r.whole() {
		return nil
	}
	f, err := os.OpenFile(r.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		if err = allocate(f, r.size); err != nil {
			err = errors.Join(err, f.Truncate(r.left)) // what it got of the last free blocks, it gives back
		}
		err = errors.Join(err, f.Close())
	}
	switch k := trace.KindOf(writeError(err)); {
	case err == nil:
		r.left = r.size
		return nil
	case k == trace.Full:
		return because(err, trace.Full, "the disk is full: nothing was recorded, make room and repeat with the same id")
	case k == trace.ReadOnly:
		return writeError(err)
	}
	return because(err, trace.OutcomeUnknown, "the disk fails: nothing was recorded, repeat with the same id")
}

func (r *reserve) whole() bool { return r.left >= r.size }

// giveUp makes the reserve smaller by a step. It reports false when there is
// nothing left of it.
func (r *reserve) giveUp() bool {
	if r.left == 0 {
		return false
	}
	left := max(0, r.left-reserveStep)
	if err := os.Truncate(r.path, left); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	r.left = left
	return true
}

// fill writes size bytes, such as no file system can pack into less room.
func fill(f *os.File, size int64) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := io.CopyN(f, rand.NewChaCha8([32]byte{}), size)
	return errors.Join(err, f.Sync())
}
