package journal

import (
	"errors"

	"implantrace/internal/trace"
)

// ErrLost means that a row keeps the place of an entry that is gone.
var ErrLost = errors.New("journal: the entry of this place is lost")

// LostRow gives the row that keeps the place of an entry that is gone: with the
// hash of its leaf, so that its log still comes to its root, or with the zero
// hash where that is gone too.
func (c Codec) LostRow(leaf trace.Hash) ([]byte, error) {
	return c.enc.Marshal(plainRow{Sealed: leaf[:]})
}

// LostHash gives the hash of a row that keeps a place; false for any other row.
func (c Codec) LostHash(row []byte) (leaf trace.Hash, ok bool) {
	var r plainRow
	if len(row) == 0 || row[0] == packedRow || row[0] == shortRow || c.dec.Unmarshal(row, &r) != nil || !r.lost() {
		return leaf, false
	}
	return trace.Hash(r.Sealed), true
}

func (r plainRow) lost() bool { return r.Leaf == nil && len(r.Sealed) == len(trace.Hash{}) }

// FirstRow reads the row that some bytes begin with, and gives the part of them
// that it is. It is for bytes that may be anything.
func (c Codec) FirstRow(b []byte) (row []byte, e trace.Entry, leaf []byte, err error) {
	_, rest, err := c.openRow(b)
	if err != nil {
		return nil, e, nil, err
	}
	row = b[:len(b)-len(rest)]
	e, leaf, err = c.DecodeRow(row)
	return row, e, leaf, err
}

// leafBegins gives what the leaf of an entry begins with behind the head of its
// map, in each version of the encoding: the version, and the node's key and the
// head of its eight bytes.
func leafBegins() (all [][]byte) {
	for v := range byte(Version) {
		all = append(all, []byte{0, v + 1, 1, 0x48})
	}
	return all
}
