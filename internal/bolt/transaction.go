package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"

	"implantrace/internal/journal"
	"implantrace/internal/record"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// transaction is a bbolt transaction as the fold, the tree and the seal see it.
type transaction struct {
	store *Store
	tx    *bbolt.Tx

	nexts map[trace.NodeID]uint64 // what next has found, while entries are kept
	stale *tableSet               // what usable has found

	tables map[record.Table]*bbolt.Bucket // what bucket has found
}

var _ record.Prior = (*transaction)(nil)

// fullness is how full the pages of a table are made when they are split. Rows of
// tables that begin with a time, or with an id of which most are made in the
// order of time, mostly come behind all others, or behind all others with the same
// beginning, and pages split in halves would stay half empty.
func fullness(table record.Table) float64 {
	switch table {
	case record.Objects, record.Procedures, record.ByStart, record.ByProcedure, record.ByTime, record.Readings,
		record.ByPatient, record.ByPlace, record.ByPerson, record.ByOutcome, record.BySerial:
		return 0.9
	}
	return bbolt.DefaultFillPercent
}

// Get is record.Prior's.
func (t *transaction) Get(table record.Table, key []byte) []byte { return t.bucket(table).Get(key) }

// Scan is record.Prior's.
func (t *transaction) Scan(table record.Table, prefix []byte) iter.Seq2[[]byte, []byte] {
	return scan(t.bucket(table), prefix)
}

func scan(b *bbolt.Bucket, prefix []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		c := b.Cursor()
		for k, v := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
			if !yield(k, v) {
				return
			}
		}
	}
}

// Entry is record.Prior's; the sealed part stays sealed.
func (t *transaction) Entry(at trace.Position) (trace.Entry, error) {
	row := t.tx.Bucket(bucketLog).Get(record.PositionKey(at))
	if row == nil {
		return trace.Entry{}, trace.Errorf(trace.NotFound, "there is no entry %d of node %s", at.Seq, at.Node)
	}
	e, _, err := t.store.codec.DecodeRow(row)
	return e, err
}

// opened is Entry with its sealed part opened where the key is at hand.
func (t *transaction) opened(at trace.Position) (trace.Entry, error) {
	e, err := t.Entry(at)
	if err != nil {
		return e, err
	}
	e.Secret, err = t.secret(e)
	return e, err
}

// secret opens an entry's sealed part: nil when there is none, or its key is
// not at hand or gone. An error means that it is not what was committed to.
func (t *transaction) secret(e trace.Entry) (*trace.Secret, error) {
	if len(e.Sealed) == 0 || t.store.keys() == nil {
		return nil, nil
	}
	keys := t.store.keys()
	if coming := t.store.coming.Load(); coming != nil {
		keys = coming
	}
	return openSealed(keys, t.store.node, e, t.tx.Bucket(bucketKeys).Get)
}

// errSubjectKey means that a subject's key is there and cannot be unwrapped.
var errSubjectKey = errors.New("the subject's key cannot be unwrapped")

// openSealed opens an entry's sealed part in the store of a node, whose wrapped
// keys are got by their names; nil when the key is gone.
func openSealed(keys *seal.Keyring, node trace.NodeID, e trace.Entry, wrapped func(name []byte) []byte) (*trace.Secret, error) {
	subject, err := seal.Subject(e.Sealed)
	if err != nil {
		return nil, err
	}
	w := wrapped(keyName(subject, e.Node, node))
	if len(w) == 0 {
		return nil, nil // erased, or never at hand
	}
	key, err := keys.DataKey(subject, w)
	if err != nil {
		return nil, fmt.Errorf("%w: key of %x: %w", errSubjectKey, subject, err)
	}
	s, err := seal.Open(key, e.Sealed, e.ID, e.Commitment)
	if err != nil {
		return nil, fmt.Errorf("entry %d of node %s: %w", e.Seq, e.Node, err)
	}
	return &s, nil
}

// size is how many entries a node's log has.
func (t *transaction) size(node trace.NodeID) uint64 {
	c := t.tx.Bucket(bucketLog).Cursor()
	// The last key of the node stands before the first of whatever follows.
	after := record.PositionKey(trace.Position{Node: node, Seq: ^uint64(0)})
	k, _ := c.Seek(after)
	if k == nil {
		k, _ = c.Last()
	} else if !bytes.Equal(k, after) {
		k, _ = c.Prev()
	}
	if !bytes.HasPrefix(k, node[:]) {
		return 0
	}
	return record.PositionOf(k).Seq + 1
}

// next is the number of a node's next entry, while entries are kept.
func (t *transaction) next(node trace.NodeID) uint64 {
	n, ok := t.nexts[node]
	if !ok {
		n = t.size(node)
		t.advance(node, n)
	}
	return n
}

func (t *transaction) advance(node trace.NodeID, next uint64) {
	if t.nexts == nil {
		t.nexts = make(map[trace.NodeID]uint64)
	}
	t.nexts[node] = next
}

// logs gives the nodes that have a log here.
func (t *transaction) logs() iter.Seq[trace.NodeID] {
	return func(yield func(trace.NodeID) bool) {
		c := t.tx.Bucket(bucketLog).Cursor()
		for k, _ := c.First(); k != nil; {
			at := record.PositionOf(k)
			if !yield(at.Node) {
				return
			}
			// Behind all that the node can have; its own last key is none.
			k, _ = c.Seek(append(record.PositionKey(trace.Position{Node: at.Node, Seq: ^uint64(0)}), 0))
		}
	}
}

// has reports whether just this entry, with its sealed part, is in the journal.
func (t *transaction) has(e trace.Entry) (bool, error) {
	leaf, err := t.store.codec.Encode(e)
	if err != nil {
		return false, err
	}
	there, kept, err := t.store.codec.DecodeRow(t.tx.Bucket(bucketLog).Get(record.PositionKey(e.Position)))
	return bytes.Equal(leaf, kept) && bytes.Equal(e.Sealed, there.Sealed), err
}

func (t *transaction) head(node trace.NodeID) (trace.TreeHead, error) {
	size := t.size(node)
	root, err := journal.Root(tree{t.tx, node}, size)
	return trace.TreeHead{Node: node, Size: size, Root: root}, err
}

// keep writes an entry's row, its tree hashes and what the fold makes of it.
func (t *transaction) keep(e trace.Entry) error {
	p, err := t.store.codec.Pack(e)
	if err != nil {
		return err
	}
	return t.keepPacked(e, p)
}

// keepPacked is keep of an entry that has been packed.
func (t *transaction) keepPacked(e trace.Entry, p journal.Packed) error {
	row, leaf, err := t.store.codec.EncodePacked(e, p)
	if err != nil {
		return err
	}
	// What is folded is what will be read back, so that building anew from the
	// journal comes to the same rows.
	e.Fact, e.Recorded, e.Occurred = p.Fact, milliseconds(e.Recorded), milliseconds(e.Occurred)
	return t.keepRow(e, row, leaf)
}

// milliseconds is a time as the journal keeps it.
func milliseconds(t time.Time) time.Time { return time.UnixMilli(t.UnixMilli()).UTC() }

// keepRow is keep of an entry that was read back from a row.
func (t *transaction) keepRow(e trace.Entry, row, leaf []byte) error {
	log := t.tx.Bucket(bucketLog)
	log.FillPercent = 1 // rows come in order: nothing goes between them later
	if err := log.Put(record.PositionKey(e.Position), row); err != nil {
		return err
	}
	if err := t.grow(e.Position, trace.Hash(tlog.RecordHash(leaf))); err != nil {
		return err
	}
	t.advance(e.Node, e.Seq+1)
	return t.carry(e)
}

// carry does what an entry that came in brings about.
func (t *transaction) carry(e trace.Entry) error {
	if f, ok := e.Fact.(trace.Forgetter); ok && len(f.Keys()) > 0 {
		if err := t.eraseKeys(f.Keys()); err != nil {
			return err
		}
	}
	return t.apply(e)
}

// keepLost keeps the place of an entry that is gone, with the hash of its leaf.
func (t *transaction) keepLost(at trace.Position, leaf trace.Hash) error {
	row, err := t.store.codec.LostRow(leaf)
	if err != nil {
		return err
	}
	if err := t.tx.Bucket(bucketLog).Put(record.PositionKey(at), row); err != nil {
		return err
	}
	return t.grow(at, leaf)
}

// lostAs reports whether the place of an entry is kept for just this one.
func (t *transaction) lostAs(e trace.Entry) (bool, error) {
	leaf, err := t.store.codec.Encode(e)
	if err != nil {
		return false, err
	}
	lost, ok := t.store.codec.LostHash(t.tx.Bucket(bucketLog).Get(record.PositionKey(e.Position)))
	return ok && lost == trace.Hash(tlog.RecordHash(leaf)), nil
}

// fillIn puts an entry that was lost back in its place.
func (t *transaction) fillIn(e trace.Entry) error {
	row, _, err := t.store.codec.EncodeRow(e)
	if err != nil {
		return err
	}
	if err := t.tx.Bucket(bucketLog).Put(record.PositionKey(e.Position), row); err != nil {
		return err
	}
	t.store.filled.Add(1)
	if t.tx.Bucket(bucketAnew) != nil { // a rebuild may have come past the place
		if err := t.tx.DeleteBucket(bucketAnew); err != nil {
			return err
		}
	}
	if e, _, err = t.store.codec.DecodeRow(row); err != nil {
		return err
	}
	return t.carry(e)
}

func (t *transaction) apply(e trace.Entry) error {
	mutations, err := t.store.fold.Apply(e, t)
	if err != nil {
		return err
	}
	for _, m := range mutations {
		if !t.usable(m.Table) {
			continue // the rebuild has still to come to this entry
		}
		b := t.bucket(m.Table)
		b.FillPercent = fullness(m.Table)
		if err := carry(b, m); err != nil {
			return err
		}
	}
	return nil
}

// carry carries one mutation out.
func carry(b *bbolt.Bucket, m record.Mutation) error {
	if m.Delete {
		return b.Delete(m.Key)
	}
	return b.Put(m.Key, m.Value)
}
