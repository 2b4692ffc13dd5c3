package journal

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
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

// Root is the RFC 6962 root of a tree of size entries. An empty tree has the
// zero root.
func Root(h Hashes, size uint64) ([32]byte, error) {
	if size == 0 {
		return [32]byte{}, nil
	}
	r, err := tlog.TreeHash(int64(size), reader{h})
	return r, err
}
