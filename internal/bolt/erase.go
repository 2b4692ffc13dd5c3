package bolt

import (
	"bytes"
	"context"
	"fmt"

	"go.etcd.io/bbolt"

	"implantrace/internal/record"
	"implantrace/internal/trace"
)

// An erased key's place is kept, without the key: so what was sealed with it is
// known to have been made unreadable, and not to have lost its key.

// erased reports whether a subject's keys were taken away.
func (t *transaction) erased(subject [subjectSize]byte) bool {
	for range t.Scan(record.Erased, subject[:]) {
		return true
	}
	return false
}

// eraseKeys takes subjects' keys away, those of other nodes too.
func (t *transaction) eraseKeys(subjects [][subjectSize]byte) error {
	keys := t.tx.Bucket(bucketKeys)
	for _, subject := range subjects {
		var names [][]byte
		c := keys.Cursor()
		for k, _ := c.Seek(subject[:]); bytes.HasPrefix(k, subject[:]); k, _ = c.Next() {
			names = append(names, bytes.Clone(k))
		}
		for _, name := range names {
			if err := keys.Put(name, nil); err != nil {
				return err
			}
		}
	}
	return t.keyringChanged()
}

// bucketScrub is filled with zeroes and taken away again, so that what pages
// held that are free is overwritten.
var bucketScrub = []byte("scrub")

// scrubValue is such that two fill a page, and each page is written by itself:
// bbolt puts at least two keys on a page, and single pages use every gap.
const scrubValue = 1850

// Scrub overwrites every free page of the file with zeroes: there, the wrapped
// keys of who was erased would be left until the page is used again. Nobody reads
// meanwhile; kind Busy when somebody reads for longer than a moment. On media
// that write elsewhere in place of over (flash, snapshots, file systems that copy
// on write) old bytes may last: they are useless once the node's key is another.
func (s *Store) Scrub(ctx context.Context) error {
	return s.submit(ctx, alone(func() error {
		return s.db.exclusively(func(db *bbolt.DB) error {
			// What the last commits took out of use is free when a transaction begins
			// after the next.
			for range 2 {
				if err := db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucketMeta).Delete(metaTrial) }); err != nil {
					return err
				}
			}
			free := db.Stats().FreePageN + db.Stats().PendingPageN
			if err := db.Update(func(tx *bbolt.Tx) error {
				b, err := tx.CreateBucketIfNotExists(bucketScrub)
				if err != nil {
					return err
				}
				zeroes := make([]byte, scrubValue)
				for i := range 2 * free {
					if err := b.Put(fmt.Appendf(nil, "%010d", i), zeroes); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				return err
			}
			return db.Update(func(tx *bbolt.Tx) error { return tx.DeleteBucket(bucketScrub) })
		})
	}))
}

// exclusively does something while nobody reads.
func (f *file) exclusively(do func(*bbolt.DB) error) error {
	if err := f.settle(); err != nil {
		return err
	}
	if !f.lock(lockPatience) {
		return trace.Errorf(trace.Busy, "the store is being read, and this wants it alone: try again in a moment")
	}
	defer f.mu.Unlock()
	err := carefully(f.path, func() error { return do(f.db) })
	if err != nil {
		f.doubt.Store(true)
		f.ahead.Store(true)
	}
	return err
}
