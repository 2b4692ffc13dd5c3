package bolt

import (
	"context"
	"errors"

	"go.etcd.io/bbolt"

	"implantrace/internal/trace"
)

const (
	queueLength = 256  // calls that may wait for the committer
	commitMost  = 2048 // commands in one transaction
)

// request is one call that waits for the committer.
type request struct {
	commands []trace.Command
	work     func(*transaction) error // in place of commands
	results  []trace.Result
	err      error
	done     chan struct{}
}

// submit queues a request and waits for its commit.
func (s *Store) submit(ctx context.Context, r *request) error {
	if s.keys == nil || s.db.IsReadOnly() {
		return trace.Errorf(trace.ReadOnly, "this store is open for reading only")
	}
	r.done = make(chan struct{})
	select {
	case <-s.closing:
		return trace.Errorf(trace.ReadOnly, "the store is closing")
	default:
	}
	select {
	case s.queue <- r:
	case <-s.closing:
		return trace.Errorf(trace.ReadOnly, "the store is closing")
	case <-ctx.Done():
		return trace.Errorf(trace.Busy, "too many writes are waiting; nothing was recorded, repeat with the same id")
	}
	select {
	case <-r.done:
	case <-s.done: // closed between taking and committing
		select {
		case <-r.done:
		default:
			return trace.Errorf(trace.OutcomeUnknown, "the store closed; repeat with the same id")
		}
	}
	return r.err
}

// commitLoop is the one goroutine that writes. It has no timer: whatever waits
// when it is free goes into the next transaction.
func (s *Store) commitLoop() {
	defer close(s.done)
	for {
		select {
		case r := <-s.queue:
			s.commit(s.gather(r))
		case <-s.closing:
			for {
				select {
				case r := <-s.queue:
					s.commit(s.gather(r))
				default:
					return
				}
			}
		}
	}
}

func (s *Store) gather(first *request) []*request {
	batch := []*request{first}
	for n := len(first.commands); n < commitMost; {
		select {
		case r := <-s.queue:
			batch = append(batch, r)
			n += len(r.commands)
		default:
			return batch
		}
	}
	return batch
}

// commit carries out requests in one transaction and answers them. When one of
// several fails, each is tried by itself, so that it harms none but its own.
func (s *Store) commit(batch []*request) {
	err := s.db.Update(func(tx *bbolt.Tx) error {
		t := &transaction{store: s, tx: tx}
		for _, r := range batch {
			if err := s.carryOut(t, r); err != nil {
				return &refused{err}
			}
		}
		return nil
	})
	var no *refused
	if errors.As(err, &no) && len(batch) > 1 {
		for _, r := range batch {
			s.commit([]*request{r})
		}
		return
	}
	if err != nil {
		err = writeError(err)
	}
	s.note(err)
	for _, r := range batch {
		if err != nil {
			r.results, r.err = nil, err
		}
		close(r.done)
	}
}
