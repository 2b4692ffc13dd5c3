package bolt

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

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
	if s.keys() != nil {
		// On the caller's goroutine, so that the committer has little left to do.
		r.ready = s.prepareAll(commands)
	}
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
	for i, c := range r.ready {
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

// prepared is a command with all that can be worked out before its entries have
// their places.
type prepared struct {
	trace.Command
	entries []trace.Entry // of its drafts, without place and times
	packed  []journal.Packed
	err     error
}

func (s *Store) prepareAll(commands []trace.Command) []prepared {
	all := make([]prepared, len(commands))
	for i, c := range commands {
		all[i] = s.prepareCommand(c)
	}
	return all
}

// prepareCommand checks a command and encodes what it says.
func (s *Store) prepareCommand(c trace.Command) prepared {
	p := prepared{Command: c}
	switch {
	case c.ID.IsZero() || len(c.Drafts) == 0:
		p.err = trace.Errorf(trace.Invalid, "a command wants an id and something to record")
		return p
	case len(c.Drafts) > partsMost:
		p.err = trace.Errorf(trace.Invalid, "a command has at most %d entries", partsMost)
		return p
	}
	digest := s.keys().Digest(c.Canonical)
	p.entries, p.packed = make([]trace.Entry, len(c.Drafts)), make([]journal.Packed, len(c.Drafts))
	for i, d := range c.Drafts {
		if d.Fact == nil {
			p.err = trace.Errorf(trace.Invalid, "an entry wants something that it says")
			return p
		}
		e := trace.Entry{ID: d.ID, Command: c.ID, Part: uint16(i), Digest: digest, By: c.By, Provenance: d.Provenance, Fact: d.Fact}
		if e.ID.IsZero() {
			e.ID = draftID(c.ID, i)
		}
		if p.packed[i], p.err = s.codec.Pack(e); p.err != nil {
			return p
		}
		p.entries[i] = e
	}
	return p
}

// write records one command, or finds that it was recorded before. It checks
// everything before it writes anything.
func (s *Store) write(t *transaction, c prepared, now time.Time) (trace.Receipt, error) {
	if r, err := s.recorded(t, c.ID, c.Canonical); err == nil || trace.KindOf(err) != trace.NotFound {
		return r, err
	}
	if c.err != nil {
		return trace.Receipt{}, c.err
	}
	now = s.after(t, now)
	seq, lamport := t.next(s.node), s.lamport(t)
	receipt := trace.Receipt{Command: c.ID, Node: s.node, Seq: seq, Count: uint64(len(c.Drafts)), Recorded: now}
	for i, d := range c.Drafts {
		e := c.entries[i]
		e.Position, e.Lamport = trace.Position{Node: s.node, Seq: seq + uint64(i)}, lamport+uint64(i)+1
		e.Recorded, e.Occurred = now, d.Occurred
		if e.Occurred.IsZero() {
			e.Occurred = now
		}
		if !d.Secret.IsZero() {
			if err := t.seal(&e, d); err != nil {
				return trace.Receipt{}, err
			}
		}
		if err := t.keepPacked(e, c.packed[i]); err != nil {
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
	if b := t.Get(record.Nodes, s.node[:]); b != nil {
		if c, err := s.fold.Coverage(s.node[:], b); err == nil && c.RecordedUntil.After(now) {
			return c.RecordedUntil
		}
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
	keys.FillPercent = 0.9 // most subjects come in the order of their ids
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

// commanded is the first entry of a command, and how many entries that has. It is
// of kind NotFound where none is recorded.
func (t *transaction) commanded(id trace.EventID) (first trace.Entry, count uint64, err error) {
	for k, v := range t.Scan(record.Objects, id[:]) {
		if count, ok := record.Commanded(v); ok {
			first, err := t.Entry(record.PositionOf(k))
			if err != nil {
				return first, 0, fmt.Errorf("the entry of command %s: %w", id, err)
			}
			if first.Command == id {
				return first, count, nil
			}
		}
	}
	return first, 0, trace.Errorf(trace.NotFound, "no command %s is recorded", id)
}

// recorded finds the receipt of a command.
func (s *Store) recorded(t *transaction, id trace.EventID, canonical []byte) (trace.Receipt, error) {
	first, count, err := t.commanded(id)
	if err != nil {
		return trace.Receipt{}, err
	}
	if !s.keys().SameDigest(first.Digest, canonical) {
		return trace.Receipt{}, trace.Errorf(trace.Conflict, "the id %s was used before for something else; make a new id for a new record", id)
	}
	return trace.Receipt{Command: id, Node: first.Node, Seq: first.Seq, Count: count, Recorded: first.Recorded, Repeated: true}, nil
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
			switch {
			case e.Seq > size:
				return trace.Errorf(trace.Invalid, "entries %d to %d of node %s are missing", size, e.Seq-1, node)
			case e.Seq < size:
				same, err := t.has(e)
				switch {
				case errors.Is(err, journal.ErrLost):
					lost, err := t.lostAs(e)
					if err != nil {
						return err
					}
					if lost {
						if err := t.fillIn(e); err != nil {
							return err
						}
						continue
					}
				case err != nil:
					return err
				}
				if !same {
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
