package journal

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"implantrace/internal/trace"
)

// Hashes reads the stored hashes of one node's tree by their index; nil where
// there is none.
type Hashes interface{ Hash(index uint64) []byte }

type reader struct{ h Hashes }

// ReadHashes is tlog's interface.
func (r reader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		v := r.h.Hash(uint64(x))
		if len(v) != tlog.HashSize {
			return nil, fmt.Errorf("journal: tree hash %d is missing", x)
		}
		copy(out[i][:], v)
	}
	return out, nil
}

// Leaf gives the hashes to store, and the index of the first, when the
// seq-manieth entry (from 0) with these bytes joins a tree.
func Leaf(h Hashes, seq uint64, leaf []byte) (first uint64, hashes [][32]byte, err error) {
	return LeafHash(h, seq, trace.Hash(tlog.RecordHash(leaf)))
}

// LeafHash is [Leaf] for an entry of which only the hash of its leaf is left.
func LeafHash(h Hashes, seq uint64, leaf trace.Hash) (first uint64, hashes [][32]byte, err error) {
	hs, err := tlog.StoredHashesForRecordHash(int64(seq), tlog.Hash(leaf), reader{h})
	if err != nil {
		return 0, nil, err
	}
	out := make([][32]byte, len(hs))
	for i := range hs {
		out[i] = hs[i]
	}
	return uint64(tlog.StoredHashCount(int64(seq))), out, nil
}

// Root is the RFC 6962 root of a tree of size entries. An empty tree has the
// zero root.
func Root(h Hashes, size uint64) ([32]byte, error) {
	if size == 0 {
		return [32]byte{}, nil
	}
	r, err := tlog.TreeHash(int64(size), reader{h})
	return r, err
}
