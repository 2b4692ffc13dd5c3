package bolt

import (
	"context"
	"errors"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"implantrace/internal/journal"
	"implantrace/internal/record"
	"implantrace/internal/trace"
)

var _ trace.Prover = (*Store)(nil)

// signer signs as this node; false where the keys are not at hand.
func (s *Store) signer() (journal.Signer, bool) {
	if s.keys() == nil {
		return journal.Signer{}, false
	}
	signer, err := journal.NewSigner(s.node, s.keys().SigningKey())
	return signer, err == nil // the name is well-formed: it has a node's id
}

// VerifierKey is trace.Prover's.
func (s *Store) VerifierKey() string {
	signer, _ := s.signer()
	return signer.Key
}

// Checkpoint is trace.Prover's.
func (s *Store) Checkpoint(ctx context.Context, log trace.NodeID) ([]byte, error) {
	if log == (trace.NodeID{}) {
		log = s.node
	}
	signer, ok := s.signer()
	if !ok {
		return nil, trace.Errorf(trace.ReadOnly, "this store is open without its keys, and cannot sign")
	}
	var head trace.TreeHead
	err := s.view(ctx, func(t *transaction) (err error) {
		head, err = t.head(log)
		return err
	})
	if err != nil {
		return nil, err
	}
	if head.Size == 0 {
		return nil, noLog(log)
	}
	return signer.Sign(journal.Checkpoint{Log: log, Size: head.Size, Root: head.Root, Signed: s.clock().UTC().Truncate(time.Second)})
}

// Inclusion is trace.Prover's.
func (s *Store) Inclusion(ctx context.Context, at trace.Position, size uint64) (p trace.Inclusion, err error) {
	if at.Node == (trace.NodeID{}) {
		at.Node = s.node
	}
	err = s.view(ctx, func(t *transaction) error {
		now, err := t.sizeFor(at.Node, &size)
		if err != nil {
			return err
		}
		if at.Seq >= now {
			return trace.Errorf(trace.NotFound, "there is no entry %d of node %s", at.Seq, at.Node)
		}
		if at.Seq >= size {
			return trace.Errorf(trace.Invalid, "entry %d is not in a log of %d entries", at.Seq, size)
		}
		_, leaf, err := s.codec.DecodeRow(t.tx.Bucket(bucketLog).Get(record.PositionKey(at)))
		if errors.Is(err, journal.ErrLost) {
			return trace.Errorf(trace.NotFound, "entry %d of node %s is lost; only its hash is left", at.Seq, at.Node)
		}
		if err != nil {
			return err
		}
		p = trace.Inclusion{Log: at.Node, Seq: at.Seq, Size: size, Leaf: leaf, Hash: trace.Hash(tlog.RecordHash(leaf))}
		h := tree{t.tx, at.Node}
		if p.Proof, err = journal.ProveInclusion(h, at.Seq, size); err != nil {
			return err
		}
		p.Root, err = journal.Root(h, size)
		return err
	})
	return p, err
}

// Consistency is trace.Prover's.
func (s *Store) Consistency(ctx context.Context, log trace.NodeID, from, to uint64) (p trace.Consistency, err error) {
	if log == (trace.NodeID{}) {
		log = s.node
	}
	err = s.view(ctx, func(t *transaction) error {
		if _, err := t.sizeFor(log, &to); err != nil {
			return err
		}
		if from == 0 || from > to {
			return trace.Errorf(trace.Invalid, "the old size is from 1 to the new size, %d", to)
		}
		p = trace.Consistency{Log: log, From: from, To: to}
		h := tree{t.tx, log}
		if p.Proof, err = journal.ProveConsistency(h, from, to); err != nil {
			return err
		}
		if p.FromRoot, err = journal.Root(h, from); err != nil {
			return err
		}
		p.ToRoot, err = journal.Root(h, to)
		return err
	})
	return p, err
}

// sizeFor is the size of a log that is there; *asked becomes it where it is 0,
// and may not be more.
func (t *transaction) sizeFor(log trace.NodeID, asked *uint64) (uint64, error) {
	now := t.size(log)
	switch {
	case now == 0:
		return 0, noLog(log)
	case *asked == 0:
		*asked = now
	case *asked > now:
		return 0, trace.Errorf(trace.Invalid, "the log of node %s has %d entries, not %d", log, now, *asked)
	}
	return now, nil
}

func noLog(log trace.NodeID) error {
	return trace.Errorf(trace.NotFound, "there is no log of node %s here", log)
}

// Locate is trace.Prover's.
func (s *Store) Locate(ctx context.Context, command trace.EventID, part uint16) (at trace.Position, err error) {
	err = s.view(ctx, func(t *transaction) error {
		first, count, err := t.commanded(command)
		if err != nil {
			return err
		}
		if uint64(part) >= count {
			return trace.Errorf(trace.NotFound, "command %s has %d entries", command, count)
		}
		at = trace.Position{Node: first.Node, Seq: first.Seq + uint64(part)}
		return nil
	})
	return at, err
}
