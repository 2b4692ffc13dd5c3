package bolt

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"implantrace/internal/trace"
)

// file is the bbolt file of a store, which can be opened anew while the store
// is in use.
//
// A commit of bbolt writes pages that nothing points to yet, syncs them, writes
// the page that points to them (the meta), and syncs that. When the last sync
// fails, memory shows the new meta, and nobody knows which of the two the disk
// holds: some systems drop what they could not write, and the next sync
// succeeds without it. Two things would go wrong then. A receipt could be given
// for what is only in memory; and the next commit would write over pages that
// the old meta, perhaps the one on the disk, still points to. So, after any
// commit that failed, the file is in doubt: nothing is committed until both metas
// have been read from the disk, written again, synced, and the file has been
// opened anew. When memory shows the commit that failed, no receipt is given
// until then, either.
type file struct {
	path    string
	options bbolt.Options
	db      *bbolt.DB
	mu      sync.RWMutex // held for reading by every transaction, for writing while db is another
	doubt   atomic.Bool  // the last commit failed
	ahead   atomic.Bool  // and memory shows it
	unnamed atomic.Bool  // the file was put in another's place, and the disk may not know yet
	// agrees looks at a file that was opened anew: an error means that it lacks
	// what was acknowledged.
	agrees func(*bbolt.Tx) error
}

// openFile opens a file that is there.
func openFile(path string, o bbolt.Options) (*file, error) {
	f := &file{path: path, options: o}
	if err := f.open(); err != nil {
		return nil, err
	}
	if o.ReadOnly {
		return f, nil
	}
	// The process before this one may have been killed, or its last sync may have
	// failed, and then memory may show a meta that the disk does not hold.
	if err := writeMetasAgain(path, f.db.Info().PageSize); err != nil {
		return nil, errors.Join(err, f.db.Close())
	}
	return f, nil
}

func (f *file) open() error {
	if err := wholeFile(f.path); err != nil {
		return err
	}
	err := carefully(f.path, func() (err error) {
		f.db, err = bbolt.Open(f.path, 0o600, &f.options)
		return err
	})
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return fmt.Errorf("%s: %w", f.path, ErrInUse)
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrVersionMismatch), errors.Is(err, berrors.ErrChecksum), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: %w (%v)", f.path, ErrNotStore, err)
	}
	return err
}

// makeFile makes a file by fill. It gets its name when it is whole, so that
// power lost in the meantime leaves no file that is none.
func makeFile(path string, o bbolt.Options, fill func(*file) error) error {
	unfinished := path + ".new"
	if err := os.Remove(unfinished); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	db, err := bbolt.Open(unfinished, 0o600, &o)
	if err != nil {
		return err
	}
	f := &file{path: unfinished, options: o, db: db}
	if err := errors.Join(fill(f), f.Close()); err != nil {
		return errors.Join(err, os.Remove(unfinished))
	}
	if err := os.Rename(unfinished, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// View reads in one state of the file. bbolt panics on a page that is none.
func (f *file) View(read func(*bbolt.Tx) error) error {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.db.View(read)
}

// Update commits what write does, unless write fails.
func (f *file) Update(write func(*bbolt.Tx) error) error {
	if err := f.settle(); err != nil {
		return err
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	var id int
	err := carefully(f.path, func() error {
		return f.db.Update(func(tx *bbolt.Tx) error { id = tx.ID(); return write(tx) })
	})
	var said *trace.Error
	if err != nil && !errors.As(err, &said) {
		f.doubt.Store(true)
		shows := -1
		seen := carefully(f.path, func() error { return f.db.View(func(tx *bbolt.Tx) error { shows = tx.ID(); return nil }) })
		f.ahead.Store(seen != nil || shows >= id)
	}
	return err
}

// durable makes sure that what is read is on the disk.
func (f *file) durable() error {
	if !f.ahead.Load() {
		return nil
	}
	return f.settle()
}

// settle does nothing unless the file is in doubt. Then it makes memory and disk
// agree, or says what keeps it from that; reading goes on meanwhile.
func (f *file) settle() error {
	if !f.doubt.Load() {
		return nil
	}
	// The disk has to take changes before the file that is open is let go of.
	if err := trySync(f.path); err != nil {
		return err
	}
	if f.unnamed.Load() {
		if _, err := syncNames(filepath.Dir(f.path)); err != nil {
			return err
		}
		f.unnamed.Store(false)
	}
	if !f.lock(lockPatience) {
		return trace.Errorf(trace.Busy, "the last write failed, and the store is still being read: nothing was recorded, repeat with the same id")
	}
	defer f.mu.Unlock()
	if !f.doubt.Load() { // somebody else was first
		return nil
	}
	size := f.db.Info().PageSize
	if err := carefully(f.path, f.db.Close); err != nil {
		return err
	}
	err := writeMetasAgain(f.path, size)
	if oerr := f.open(); oerr != nil {
		// Better read than nothing: the next attempt starts from there.
		readOnly := f.options
		readOnly.ReadOnly = true
		if db, rerr := bbolt.Open(f.path, 0o600, &readOnly); rerr == nil {
			f.db = db
		}
		return errors.Join(err, oerr)
	}
	if err == nil && f.agrees != nil {
		err = carefully(f.path, func() error { return f.db.View(f.agrees) })
	}
	if err == nil {
		f.ahead.Store(false)
		f.doubt.Store(false)
	}
	return err
}

// replace puts a file that is whole and synced in the place of this one, unless check
// finds it wanting. It gives the old one, which then has no name, where that is
// certain. An error with the new one in place means that the disk may not know yet:
// nothing is committed until it does.
func (f *file) replace(with string, check func(*bbolt.Tx) error) (old *os.File, err error) {
	if err := f.settle(); err != nil {
		return nil, err
	}
	if !f.lock(lockPatience) {
		return nil, trace.Errorf(trace.Busy, "the store is being read, and this wants it alone: try again in a moment")
	}
	defer f.mu.Unlock()
	next := &file{path: with, options: f.options}
	if err := next.open(); err != nil {
		return nil, err
	}
	if err := carefully(with, func() error { return next.db.View(check) }); err != nil {
		return nil, errors.Join(err, next.db.Close())
	}
	if old, err = os.OpenFile(f.path, os.O_RDWR, 0); err != nil {
		return nil, errors.Join(err, next.db.Close())
	}
	if !renamesOpen {
		return nil, errors.Join(old.Close(), f.replaceClosed(next))
	}
	if err := os.Rename(with, f.path); err != nil {
		return nil, errors.Join(err, old.Close(), next.db.Close())
	}
	was := f.db
	f.db = next.db // which holds the lock on the new file
	err = carefully(f.path, was.Close)
	sure, serr := syncNames(filepath.Dir(f.path))
	if serr != nil {
		f.unnamed.Store(true)
		f.doubt.Store(true)
	}
	if err = errors.Join(err, serr); err != nil || !sure {
		return nil, errors.Join(err, old.Close())
	}
	return old, nil
}

// replaceClosed is replace where the system gives no file that is open another name.
func (f *file) replaceClosed(next *file) error {
	if err := errors.Join(next.db.Close(), carefully(f.path, f.db.Close)); err != nil {
		return err
	}
	err := os.Rename(next.path, f.path)
	return errors.Join(err, f.open())
}

// lockPatience is how long a moment is waited for in which nobody reads.
const lockPatience = time.Second

// lock waits for a moment in which nobody reads, and lets new readers in until
// then.
func (f *file) lock(patience time.Duration) bool {
	for until := time.Now().Add(patience); !f.mu.TryLock(); time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			return false
		}
	}
	return true
}

// trySync opens a file for writing and syncs it.
func trySync(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// writeMetasAgain makes sure that the disk holds the metas that are read from
// it. What a meta points to was synced before it was written.
func writeMetasAgain(path string, pageSize int) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	forget(f)
	again := func() error {
		page := make([]byte, pageSize)
		for at := int64(0); at < 2*int64(pageSize); at += int64(pageSize) {
			if _, err := f.ReadAt(page, at); err != nil {
				return err
			}
			if _, err := f.WriteAt(page, at); err != nil {
				return err
			}
		}
		return f.Sync()
	}
	return errors.Join(again(), f.Close())
}

// IsReadOnly reports whether the file was opened for reading only.
func (f *file) IsReadOnly() bool { return f.options.ReadOnly }

// Path is where the file is.
func (f *file) Path() string { return f.path }

// Stats is bbolt's.
func (f *file) Stats() bbolt.Stats {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.db.Stats()
}

// Close waits for what is being read, and closes the file.
func (f *file) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.db.Close()
}
