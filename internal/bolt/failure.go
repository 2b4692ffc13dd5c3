package bolt

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"

	berrors "go.etcd.io/bbolt/errors"

	"implantrace/internal/trace"
)

// note remembers whether the store can write. What was wrong with a request
// alone says nothing of it, and neither does what only the reserve had room for.
func (s *Store) note(err error) {
	was := s.WriteTrouble()
	switch trace.KindOf(err) {
	case trace.Full, trace.ReadOnly, trace.OutcomeUnknown:
		s.trouble.Store(&err)
	default:
		if err == nil && s.reserve.whole() {
			s.trouble.Store(nil)
		}
	}
	if now := s.WriteTrouble(); s.tell != nil && ((was == nil) != (now == nil) || trace.KindOf(was) != trace.KindOf(now)) {
		s.tell(now)
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
	case errors.Is(err, berrors.ErrMaxSizeReached), is(err, syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG):
		return because(err, trace.Full, "the disk is full: outcome unknown, make room and repeat with the same id")
	case errors.Is(err, berrors.ErrDatabaseReadOnly), is(err, syscall.EROFS):
		return because(err, trace.ReadOnly, "the disk cannot be written: outcome unknown, repeat with the same id when it can")
	case errors.As(err, &no):
		return err
	}
	return because(err, trace.OutcomeUnknown, "outcome unknown, repeat with the same id")
}

// because is an error whose cause, which names files, is for the log.
func because(err error, k trace.ErrorKind, message string) error {
	return &trace.Error{Kind: k, Message: message, Offset: -1, Err: err}
}

// is reports whether one of these is the cause of err. bbolt gives the cause of a
// failure to let the file grow in words only.
func is(err error, causes ...syscall.Errno) bool {
	return slices.ContainsFunc(causes, func(c syscall.Errno) bool { return errors.Is(err, c) || strings.Contains(err.Error(), c.Error()) })
}
