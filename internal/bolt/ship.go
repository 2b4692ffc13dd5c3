package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"

	"implantrace/internal/journal"
	"implantrace/internal/record"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// metaKeyring counts the changes after which the wrapped keys that lie
// elsewhere are not the store's any more: an erasure, another node key, other
// recipients.
var metaKeyring = []byte("keyring")

const (
	shipRows  = 1024    // of a shipment, at most
	shipBytes = 1 << 20 // about, at most
	shipKeys  = 4096
)

// Committed tells, without ever waiting, that something was committed since it
// last told. One reader hears it.
func (s *Store) Committed() <-chan struct{} { return s.committed }

func (s *Store) tellCommitted() {
	select {
	case s.committed <- struct{}{}:
	default:
	}
}

// Ship gives the next stretch of a log from a place on; without rows when there
// is no more.
func (s *Store) Ship(ctx context.Context, from trace.Position) (out trace.Shipment, err error) {
	err = s.view(ctx, func(t *transaction) error {
		out = trace.Shipment{Node: from.Node, First: from.Seq}
		c := t.tx.Bucket(bucketLog).Cursor()
		size := 0
		seen := make(map[[subjectSize]byte]bool)
		for k, row := c.Seek(record.PositionKey(from)); bytes.HasPrefix(k, from.Node[:]) && len(out.Rows) < shipRows && size < shipBytes; k, row = c.Next() {
			out.Rows = append(out.Rows, bytes.Clone(row))
			size += len(row)
			e, _, err := s.codec.DecodeRow(row)
			if errors.Is(err, journal.ErrLost) {
				continue
			}
			if err != nil {
				return err
			}
			out.Until = e.Recorded
			subject, err := seal.Subject(e.Sealed)
			if err != nil || seen[subject] {
				continue // nothing is sealed, or its key is there
			}
			seen[subject] = true
			if wrapped := t.tx.Bucket(bucketKeys).Get(keyName(subject, e.Node, s.node)); wrapped != nil {
				out.Keys = append(out.Keys, trace.SubjectKey{Subject: subject, Node: e.Node, Wrapped: bytes.Clone(wrapped)})
			}
		}
		if len(out.Rows) > 0 {
			out.Root, err = journal.Root(tree{t.tx, from.Node}, out.Next())
		}
		return err
	})
	return out, err
}

// keyName is the name under which the key lies with which a node sealed what
// is a subject's, in the store of another. A subject that two nodes met has a
// key at each: a node's own opens what it sealed, and nothing else.
func keyName(subject [subjectSize]byte, sealer, store trace.NodeID) []byte {
	if sealer == store {
		return subject[:]
	}
	return append(subject[:], sealer[:]...)
}

// SubjectKeys gives a page of the wrapped keys from behind a name on, and the
// name to go on from; "" at the end.
func (s *Store) SubjectKeys(ctx context.Context, after string) (page []trace.SubjectKey, next string, err error) {
	err = s.view(ctx, func(t *transaction) error {
		page, next = nil, ""
		c := t.tx.Bucket(bucketKeys).Cursor()
		k, wrapped := c.Seek([]byte(after))
		if after != "" && string(k) == after {
			k, wrapped = c.Next()
		}
		for ; k != nil; k, wrapped = c.Next() {
			if len(page) == shipKeys {
				return nil
			}
			key := trace.SubjectKey{Subject: [subjectSize]byte(k[:subjectSize]), Node: s.node, Wrapped: bytes.Clone(wrapped)}
			if len(k) > subjectSize {
				key.Node = trace.NodeID(k[subjectSize:])
			}
			page, next = append(page, key), string(k)
		}
		next = ""
		return nil
	})
	return page, next, err
}

// KeyringChanges counts what makes wrapped keys that lie elsewhere out of date.
func (s *Store) KeyringChanges(ctx context.Context) (n uint64, err error) {
	err = s.view(ctx, func(t *transaction) error {
		n, err = t.keyringChanges()
		return err
	})
	return n, err
}

func (t *transaction) keyringChanges() (uint64, error) {
	b, err := t.setting(metaKeyring)
	if len(b) != 8 {
		return 0, err
	}
	return binary.BigEndian.Uint64(b), nil
}

func (t *transaction) keyringChanged() error {
	n, err := t.keyringChanges()
	if err != nil {
		return err
	}
	return t.set(metaKeyring, binary.BigEndian.AppendUint64(nil, n+1))
}

// Receive takes shipments of other nodes' logs in, in order. What is there
// already has to be the same.
func (s *Store) Receive(ctx context.Context, shipment trace.Shipment) error {
	if err := s.ReceiveKeys(ctx, shipment.Keys); err != nil {
		return err
	}
	var entries []trace.Entry
	for i, row := range shipment.Rows {
		e, _, err := s.codec.DecodeRow(row)
		if errors.Is(err, journal.ErrLost) {
			at := trace.Position{Node: shipment.Node, Seq: shipment.First + uint64(i)}
			if err := s.Import(ctx, shipment.Node, entries, trace.TreeHead{}); err != nil {
				return err
			}
			if err := s.receiveLost(ctx, at, row); err != nil {
				return err
			}
			entries = nil
			continue
		}
		if err != nil {
			return err
		}
		entries = append(entries, e)
	}
	var there uint64
	if err := s.view(ctx, func(t *transaction) error { there = t.size(shipment.Node); return nil }); err != nil {
		return err
	}
	proof := shipment.Head()
	if there >= proof.Size {
		proof = trace.TreeHead{} // each entry is held against the one that is there
	}
	return s.Import(ctx, shipment.Node, entries, proof)
}

// receiveLost keeps the place of an entry that the other node lost. One that is
// here stays.
func (s *Store) receiveLost(ctx context.Context, at trace.Position, row []byte) error {
	return s.submit(ctx, upkeep(func(t *transaction) error {
		leaf, _ := s.codec.LostHash(row)
		switch size := t.size(at.Node); {
		case at.Seq < size:
			return nil
		case at.Seq > size:
			return trace.Errorf(trace.Invalid, "entries %d to %d of node %s are missing", size, at.Seq-1, at.Node)
		}
		return t.keepLost(at, leaf)
	}))
}

// ReceiveKeys keeps keys of what other nodes sealed. One that is there stays.
func (s *Store) ReceiveKeys(ctx context.Context, keys []trace.SubjectKey) error {
	if len(keys) == 0 {
		return nil
	}
	return s.submit(ctx, upkeep(func(t *transaction) error {
		bucket := t.tx.Bucket(bucketKeys)
		for _, k := range keys {
			if k.Node == s.node {
				return trace.Errorf(trace.Conflict, "this node has its own keys")
			}
			name := keyName(k.Subject, k.Node, s.node)
			if bucket.Get(name) != nil {
				continue
			}
			wrapped := k.Wrapped
			if t.erased(k.Subject) {
				wrapped = nil
			}
			if err := bucket.Put(name, wrapped); err != nil {
				return err
			}
		}
		return nil
	}))
}
