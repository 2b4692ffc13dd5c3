package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"implantrace/internal/journal"
	"implantrace/internal/record"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

const (
	partsMost = 1 << 16 // entries of one command: their numbers have two bytes
	// lamportMost is far beyond what any journal counts to, and far enough below
	// the end of the numbers that counting on from it never wraps.
	lamportMost = 1 << 62
)

// Append is trace.Journal's.
func (s *Store) Append(ctx context.Context, commands ...trace.Command) ([]trace.Result, error) {
	if len(commands) == 0 {
		return nil, nil
	}
	r := appending(commands)
	if err := s.submit(ctx, r); err != nil {
		return nil, err
	}
	return r.results, nil
}

func (s *Store) carryOut(t *transaction, r *request) error {
	if r.work != nil {
		return r.work(t)
	}
	r.results = make([]trace.Result, len(r.commands))
	now := s.clock()
	for i, c := range r.commands {
		receipt, err := s.write(t, c, now)
		if err != nil {
			if k := trace.KindOf(err); k != trace.Conflict && k != trace.Invalid {
				return err
			}
		}
		r.results[i] = trace.Result{Receipt: receipt, Err: err}
	}
	return nil
}

// write records one command, or finds that it was recorded before. It checks
// everything before it writes anything.
func (s *Store) write(t *transaction, c trace.Command, now time.Time) (trace.Receipt, error) {
	if r, err := s.recorded(t, c.ID, c.Canonical); err == nil || trace.KindOf(err) != trace.NotFound {
		return r, err
	}
	if c.ID.IsZero() || len(c.Drafts) == 0 {
		return trace.Receipt{}, trace.Errorf(trace.Invalid, "a command wants an id and something to record")
	}
	if len(c.Drafts) > partsMost {
		return trace.Receipt{}, trace.Errorf(trace.Invalid, "a command has at most %d entries", partsMost)
	}
	for _, d := range c.Drafts {
		if d.Fact == nil {
			return trace.Receipt{}, trace.Errorf(trace.Invalid, "an entry wants something that it says")
		}
	}
	now = s.after(t, now)
	seq, lamport := t.size(s.node), s.lamport(t)
	receipt := trace.Receipt{Command: c.ID, Node: s.node, Seq: seq, Count: uint64(len(c.Drafts)), Recorded: now}
	digest := s.keys().Digest(c.Canonical)
	for i, d := range c.Drafts {
		e := trace.Entry{
			Position: trace.Position{Node: s.node, Seq: seq + uint64(i)}, Lamport: lamport + uint64(i) + 1,
			ID: d.ID, Command: c.ID, Part: uint16(i), Digest: digest, Recorded: now,
			Occurred: d.Occurred, By: c.By, Provenance: d.Provenance, Fact: d.Fact,
		}
		if e.ID.IsZero() {
			e.ID = draftID(c.ID, i)
		}
		if e.Occurred.IsZero() {
			e.Occurred = now
		}
		if !d.Secret.IsZero() {
			if err := t.seal(&e, d); err != nil {
				return trace.Receipt{}, err
			}
		}
		if err := t.keep(e); err != nil {
			return trace.Receipt{}, err
		}
	}
	return receipt, nil
}

func draftID(command trace.EventID, part int) trace.EventID {
	if part == 0 {
		return command
	}
	return trace.PartID(command, part)
}

// after is now, but never before the node's last entry.
func (s *Store) after(t *transaction, now time.Time) time.Time {
	now = now.UTC().Truncate(time.Millisecond)
	var c trace.NodeCoverage
	if b := t.Get(record.Nodes, s.node[:]); b != nil && s.codec.Unmarshal(b, &c) == nil && c.RecordedUntil.After(now) {
		return c.RecordedUntil
	}
	return now
}

func (s *Store) lamport(t *transaction) (n uint64) {
	if b := t.Get(record.Clock, []byte("lamport")); b != nil {
		_ = s.codec.Unmarshal(b, &n) // a damaged row reads 0; verify reports it
	}
	return n
}

func (t *transaction) seal(e *trace.Entry, d trace.Draft) error {
	subject := d.Subject
	if subject == [16]byte{} || t.erased(subject) {
		subject = e.ID // what is said of somebody whose key was taken away is nobody's but its own
	}
	keys := t.tx.Bucket(bucketKeys)
	var key []byte
	if wrapped := keys.Get(subject[:]); wrapped != nil {
		var err error
		if key, err = t.store.keys().DataKey(subject, wrapped); err != nil {
			return fmt.Errorf("key of %x: %w", subject, err)
		}
	} else {
		var wrapped []byte
		key, wrapped = t.store.keys().NewDataKey(subject)
		if err := keys.Put(subject[:], wrapped); err != nil {
			return err
		}
	}
	var err error
	e.Sealed, e.Commitment, err = seal.Seal(key, subject, e.ID, *d.Secret)
	return err
}

// recorded finds the receipt of a command.
func (s *Store) recorded(t *transaction, id trace.EventID, canonical []byte) (trace.Receipt, error) {
	for k, v := range t.Scan(record.Commands, id[:]) {
		var r record.Receipt
		if err := s.codec.Unmarshal(v, &r); err != nil {
			return trace.Receipt{}, err
		}
		if !s.keys().SameDigest(r.Digest, canonical) {
			return trace.Receipt{}, trace.Errorf(trace.Conflict, "the id %s was used before for something else; make a new id for a new record", id)
		}
		return trace.Receipt{Command: id, Node: trace.NodeID(k[16:24]), Seq: r.First, Count: r.Count, Recorded: r.Recorded, Repeated: true}, nil
	}
	return trace.Receipt{}, trace.Errorf(trace.NotFound, "no command %s is recorded", id)
}

// Find is trace.Journal's.
func (s *Store) Find(ctx context.Context, id trace.EventID, canonical []byte) (r trace.Receipt, err error) {
	if s.keys() == nil {
		return r, trace.Errorf(trace.ReadOnly, "this store is open without its keys")
	}
	// A receipt says "on the disk", which memory alone does not prove.
	if err := writeError(s.db.durable()); err != nil {
		return r, err
	}
	err = s.view(ctx, func(t *transaction) error {
		r, err = s.recorded(t, id, canonical)
		return err
	})
	return r, err
}

// Import is trace.Journal's.
func (s *Store) Import(ctx context.Context, node trace.NodeID, entries []trace.Entry, proof trace.TreeHead) error {
	if node == s.node {
		return trace.Errorf(trace.Conflict, "this node writes its own log")
	}
	return s.submit(ctx, importing(node, entries, func(t *transaction) error {
		size := t.size(node)
		for i, e := range entries {
			if e.Node != node || i > 0 && e.Seq != entries[i-1].Seq+1 {
				return trace.Errorf(trace.Invalid, "the entries are not consecutive entries of node %s", node)
			}
			if e.Fact == nil || e.Lamport > lamportMost {
				return trace.Errorf(trace.Invalid, "entry %d of node %s is none that a node makes", e.Seq, node)
			}
			row, leaf, err := s.codec.EncodeRow(e)
			if err != nil {
				return err
			}
			switch {
			case e.Seq > size:
				return trace.Errorf(trace.Invalid, "entries %d to %d of node %s are missing", size, e.Seq-1, node)
			case e.Seq < size:
				there := t.tx.Bucket(bucketLog).Get(record.PositionKey(e.Position))
				if lost, ok := s.codec.LostHash(there); ok && lost == trace.Hash(tlog.RecordHash(leaf)) {
					if err := t.fillIn(e, row); err != nil {
						return err
					}
					continue
				}
				if !bytes.Equal(row, there) {
					return trace.Errorf(trace.Conflict, "entry %d of node %s is not the one that came before", e.Seq, node)
				}
				continue
			}
			if err := t.keep(e); err != nil {
				return err
			}
			size++
		}
		if proof == (trace.TreeHead{}) {
			return nil
		}
		head, err := t.head(node)
		if err != nil {
			return err
		}
		if head != proof {
			return trace.Errorf(trace.Conflict, "the log of node %s does not come to the root that was proved", node)
		}
		return nil
	}))
}

// Entries is trace.Journal's. It reads pages of rows, so that no transaction
// lasts as long as its caller.
func (s *Store) Entries(ctx context.Context, from trace.Position) iter.Seq2[trace.Entry, error] {
	return func(yield func(trace.Entry, error) bool) {
		// Most callers want one command's entries: the first page is small.
		for rows := 4; ; rows = min(2*rows, pageRows) {
			var page []trace.Entry
			err := s.view(ctx, func(t *transaction) error {
				end := t.size(from.Node)
				for len(page) < rows && from.Seq < end {
					e, err := t.opened(from)
					if from.Seq++; errors.Is(err, journal.ErrLost) {
						continue
					}
					if err != nil {
						return err
					}
					page = append(page, e)
				}
				return nil
			})
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
			}
			if err != nil {
				yield(trace.Entry{}, err)
				return
			}
			if len(page) < rows {
				return
			}
		}
	}
}

// Heads is trace.Journal's.
func (s *Store) Heads(ctx context.Context) (heads []trace.TreeHead, err error) {
	err = s.view(ctx, func(t *transaction) error {
		heads = nil
		for k := range t.Scan(record.Nodes, nil) {
			h, err := t.head(trace.NodeID(k))
			if err != nil {
				return err
			}
			heads = append(heads, h)
		}
		return nil
	})
	return heads, err
}
