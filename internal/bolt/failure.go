package bolt

import (
	"context"
	"errors"
	"syscall"

	berrors "go.etcd.io/bbolt/errors"

	"implantrace/internal/trace"
)

// note remembers whether the store can write. What was wrong with a request
// alone says nothing of it.
func (s *Store) note(err error) {
	switch trace.KindOf(err) {
	case trace.Full, trace.ReadOnly, trace.OutcomeUnknown:
		s.trouble.Store(&err)
	default:
		if err == nil {
			s.trouble.Store(nil)
		}
	}
}

// WriteTrouble is what kept the last write from being committed, nil when it
// was.
func (s *Store) WriteTrouble() error {
	if err := s.trouble.Load(); err != nil {
		return *err
	}
	return nil
}

// trialSize is more than what is recorded at once but for imports. A trial of a
// few bytes finds room where no record does.
const trialSize = 64 << 10

// TryWrite finds out whether writing works again: it writes as much as a record
// would and takes it out again. The room it took stays the file's.
func (s *Store) TryWrite(ctx context.Context) error {
	for _, work := range []func(*transaction) error{
		func(t *transaction) error { return t.tx.Bucket(bucketMeta).Put(metaTrial, make([]byte, trialSize)) },
		func(t *transaction) error { return t.tx.Bucket(bucketMeta).Delete(metaTrial) },
	} {
		if err := s.submit(ctx, upkeep(work)); err != nil {
			return err
		}
	}
	return nil
}

// refused is an error before the commit: nothing was written.
type refused struct{ err error }

func (r *refused) Error() string { return r.err.Error() }
func (r *refused) Unwrap() error { return r.err }

// writeError says what a failed write means to the caller.
func writeError(err error) error {
	var e *trace.Error
	var no *refused
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e):
		return e
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG), errors.Is(err, berrors.ErrMaxSizeReached):
		return trace.Errorf(trace.Full, "the disk is full: outcome unknown, make room and repeat with the same id: %w", err)
	case errors.Is(err, syscall.EROFS), errors.Is(err, berrors.ErrDatabaseReadOnly):
		return trace.Errorf(trace.ReadOnly, "the disk cannot be written: nothing was recorded, repeat with the same id: %w", err)
	case errors.As(err, &no):
		return err
	}
	return trace.Errorf(trace.OutcomeUnknown, "outcome unknown, repeat with the same id: %w", err)
}
