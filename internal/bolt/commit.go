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
// find no room, the small ones may still find it, and essential ones use the
// reserve.
func (s *Store) commit(batch []*request) {
	batch = slices.DeleteFunc(batch, func(r *request) bool {
		if r.alone != nil {
			s.answer([]*request{r}, r.alone())
		}
		return r.alone != nil
	})
	if len(batch) == 0 {
		return
	}
	if err := s.reserve.restore(); err != nil {
		s.note(err)
		batch = s.onlyEssential(batch, err)
	}
	if len(batch) == 0 {
		return
	}
	err := s.tryCommit(batch)
	var no *refused
	switch {
	case errors.As(err, &no) && len(batch) > 1:
		for _, r := range batch {
			s.commit([]*request{r})
		}
	case isFull(err):
		s.squeeze(batch, err)
	default:
		s.answer(batch, err)
	}
}

// onlyEssential answers the others with err and gives those that are.
func (s *Store) onlyEssential(batch []*request, err error) (essential []*request) {
	var others []*request
	for _, r := range batch {
		if r.essential {
			essential = append(essential, r)
		} else {
			others = append(others, r)
		}
	}
	s.answer(others, err)
	return essential
}

// squeeze commits one by one, the smallest first, what found no room together.
func (s *Store) squeeze(batch []*request, full error) {
	if len(batch) > 1 {
		full = nil // of one by itself nothing is known yet
	}
	slices.SortStableFunc(batch, smallestFirst)
	for _, r := range batch {
		one := []*request{r}
		err := full
		if err == nil {
			err = s.tryCommit(one)
		}
		if full == nil && isFull(err) {
			full = err // for those that are no smaller, too
		}
		for isFull(err) && r.essential && s.reserve.giveUp() {
			err = s.tryCommit(one)
		}
		s.answer(one, err)
	}
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
	if err == nil {
		s.tellCommitted()
	}
	for _, r := range batch {
		if err != nil {
			r.results, r.err = nil, err
		}
		for _, result := range r.results {
			if at := result.Receipt; at.Node == s.node {
				s.kept.Store(max(s.kept.Load(), at.Seq+at.Count))
			}
		}
		close(r.done)
	}
}

func isFull(err error) bool { return trace.KindOf(writeError(err)) == trace.Full }
