package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"go.etcd.io/bbolt"

	"implantrace/internal/journal"
	"implantrace/internal/record"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// transaction is a bbolt transaction as the fold, the tree and the seal see it.
type transaction struct {
	store *Store
	tx    *bbolt.Tx
}

var _ record.Prior = (*transaction)(nil)

func (t *transaction) bucket(table record.Table) *bbolt.Bucket {
	return t.tx.Bucket([]byte{byte(table)})
}

// Get is record.Prior's.
func (t *transaction) Get(table record.Table, key []byte) []byte { return t.bucket(table).Get(key) }

// Scan is record.Prior's.
func (t *transaction) Scan(table record.Table, prefix []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		c := t.bucket(table).Cursor()
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

// tree reads the hashes of a node's tree.
type tree struct {
	tx   *bbolt.Tx
	node trace.NodeID
}

func (h tree) key(index uint64) []byte {
	return binary.BigEndian.AppendUint64(bytes.Clone(h.node[:]), index)
}

// Hash is journal.Hashes.
func (h tree) Hash(index uint64) []byte { return h.tx.Bucket(bucketTree).Get(h.key(index)) }

func (t *transaction) head(node trace.NodeID) (trace.TreeHead, error) {
	size := t.size(node)
	root, err := journal.Root(tree{t.tx, node}, size)
	return trace.TreeHead{Node: node, Size: size, Root: root}, err
}

// keep writes an entry's row, its tree hashes and what the fold makes of it.
func (t *transaction) keep(e trace.Entry) error {
	row, leaf, err := t.store.codec.EncodeRow(e)
	if err != nil {
		return err
	}
	if err := t.tx.Bucket(bucketLog).Put(record.PositionKey(e.Position), row); err != nil {
		return err
	}
	h := tree{t.tx, e.Node}
	first, hashes, err := journal.Leaf(h, e.Seq, leaf)
	if err != nil {
		return err
	}
	for i, hash := range hashes {
		if err := t.tx.Bucket(bucketTree).Put(h.key(first+uint64(i)), hash[:]); err != nil {
			return err
		}
	}
	// What is folded is what will be read back, so that building anew from the
	// journal comes to the same rows.
	if e, err = t.store.codec.Decode(leaf); err != nil {
		return err
	}
	return t.carry(e)
}

// carry does what an entry that came in brings about.
func (t *transaction) carry(e trace.Entry) error {
	if erasure, ok := e.Fact.(trace.ErasureFact); ok {
		if err := t.eraseKeys(erasure.Keys()); err != nil {
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
	h := tree{t.tx, at.Node}
	first, hashes, err := journal.LeafHash(h, at.Seq, leaf)
	if err != nil {
		return err
	}
	for i, hash := range hashes {
		if err := t.tx.Bucket(bucketTree).Put(h.key(first+uint64(i)), hash[:]); err != nil {
			return err
		}
	}
	return nil
}

// fillIn puts an entry that was lost back in its place.
func (t *transaction) fillIn(e trace.Entry, row []byte) error {
	if err := t.tx.Bucket(bucketLog).Put(record.PositionKey(e.Position), row); err != nil {
		return err
	}
	e, _, err := t.store.codec.DecodeRow(row)
	if err != nil {
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
		b := t.bucket(m.Table)
		if m.Delete {
			err = b.Delete(m.Key)
		} else {
			err = b.Put(m.Key, m.Value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
