package bolt

import (
	"errors"
	"slices"

	"go.etcd.io/bbolt"

	"implantrace/internal/trace"
)

// commitLoop is the one goroutine that writes. It has no timer: whatever waits
// when it is free goes into the next transaction.
func (s *Store) commitLoop() {
	defer close(s.done)
	for {
		batch, closed := s.queue.take()
		switch {
		case len(batch) > 0:
			s.commit(batch)
		case closed:
			return
		default:
			<-s.queue.wake
		}
	}
}

// commit carries requests out and answers them. When one of several is at
// fault, each is tried by itself, so that it harms none but its own. When they
// find no room together, the small ones may still find it.
func (s *Store) commit(batch []*request) {
	err := s.tryCommit(batch)
	var no *refused
	switch {
	case len(batch) == 1:
	case errors.As(err, &no):
		for _, r := range batch {
			s.commit([]*request{r})
		}
		return
	case isFull(err):
		slices.SortStableFunc(batch, smallestFirst)
		for len(batch) > 0 {
			if err = s.tryCommit(batch[:1]); isFull(err) {
				break
			}
			s.answer(batch[:1], err)
			batch = batch[1:]
		}
	}
	s.answer(batch, err)
}

// tryCommit carries requests out in one transaction.
func (s *Store) tryCommit(batch []*request) error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		t := &transaction{store: s, tx: tx}
		for _, r := range batch {
			if err := s.carryOut(t, r); err != nil {
				return &refused{err}
			}
		}
		return nil
	})
}

// answer tells the callers what became of their requests.
func (s *Store) answer(batch []*request, err error) {
	if len(batch) == 0 {
		return
	}
	err = writeError(err)
	s.note(err)
	for _, r := range batch {
		if err != nil {
			r.results, r.err = nil, err
		}
		close(r.done)
	}
}

func isFull(err error) bool { return trace.KindOf(writeError(err)) == trace.Full }
