package bolt

import (
	"bytes"
	"context"
	"errors"

	"go.etcd.io/bbolt"

	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// Rotate wraps every subject's key anew under the node key of next, which still
// opens what the present one wrapped, and takes next for the store's keys: in one
// transaction, so that the keys and the fingerprint that tells whose they are
// change together, or not at all. The journal is not touched. Reading goes on.
func (s *Store) Rotate(ctx context.Context, next *seal.Keyring) error {
	print := next.Fingerprint()
	return s.submit(ctx, alone(func() error {
		s.coming.Store(next) // who reads meanwhile may see either
		err := s.db.Update(func(tx *bbolt.Tx) error {
			t := &transaction{store: s, tx: tx}
			if err := t.rewrap(next); err != nil {
				return err
			}
			if err := tx.Bucket(bucketMeta).Put(metaFingerprint, print[:]); err != nil {
				return err
			}
			return t.keyringChanged()
		})
		if err == nil {
			s.ring.Store(next)
			return nil
		}
		// The file may show the change although the commit failed: then these are
		// its keys. While that cannot be found out nothing may be sealed.
		shows, serr := s.shows(print)
		switch {
		case serr != nil:
			s.ring.Store(nil)
		case shows:
			s.ring.Store(next)
		default:
			s.coming.Store(nil)
		}
		return errors.Join(err, serr)
	}))
}

// shows reports whether the file is one of the keys with a fingerprint.
func (s *Store) shows(print [8]byte) (is bool, err error) {
	if err := s.db.settle(); err != nil {
		return false, err
	}
	err = s.db.View(func(tx *bbolt.Tx) error {
		is = bytes.Equal(tx.Bucket(bucketMeta).Get(metaFingerprint), print[:])
		return nil
	})
	return is, err
}

func (t *transaction) rewrap(next *seal.Keyring) error {
	bucket := t.tx.Bucket(bucketKeys)
	type row struct{ name, wrapped []byte }
	var all []row
	if err := bucket.ForEach(func(name, wrapped []byte) error {
		if len(wrapped) == 0 {
			return nil // erased
		}
		again, err := next.Rewrap([subjectSize]byte(name[:subjectSize]), wrapped)
		all = append(all, row{bytes.Clone(name), again})
		return err
	}); err != nil {
		return err
	}
	for _, r := range all {
		if err := bucket.Put(r.name, r.wrapped); err != nil {
			return err
		}
	}
	return nil
}

// Settle takes keys with the present node's key for the store's: without the one
// before, or with another look-up key.
func (s *Store) Settle(ctx context.Context, keys *seal.Keyring) error {
	if keys.Fingerprint() != s.keys().Fingerprint() {
		return trace.Errorf(trace.Invalid, "these keys are not the keys of this store")
	}
	return s.submit(ctx, alone(func() error {
		s.ring.Store(keys)
		s.coming.Store(nil)
		return s.db.Update(func(tx *bbolt.Tx) error { return (&transaction{store: s, tx: tx}).keyringChanged() })
	}))
}
