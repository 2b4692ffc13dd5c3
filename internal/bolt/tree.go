package bolt

import (
	"encoding/binary"

	"go.etcd.io/bbolt"

	"implantrace/internal/journal"
	"implantrace/internal/trace"
)

// tree reads the Merkle tree over a node's log. It is kept in tiles. An earlier
// program kept each hash in a row of its own, and its rows stay what they are: where
// there is no tile, they are read.
type tree struct {
	tx   *bbolt.Tx
	node trace.NodeID
}

const (
	tileKeySize = 8 + 1 + 8 // node, level, number
	hashKeySize = 8 + 8     // node, index

	tileLevelMost = 15 // more levels than a log of all numbers has
)

func tileKey(node trace.NodeID, level int, n uint64) []byte {
	return binary.BigEndian.AppendUint64(append(append(make([]byte, 0, tileKeySize), node[:]...), byte(level)), n)
}

// tileOf reads a key of a tile.
func tileOf(key []byte) (node trace.NodeID, level int, n uint64) {
	return trace.NodeID(key[:8]), int(key[8]), binary.BigEndian.Uint64(key[9:])
}

func hashKey(node trace.NodeID, index uint64) []byte {
	return binary.BigEndian.AppendUint64(append(make([]byte, 0, hashKeySize), node[:]...), index)
}

// Tile is journal.Tiles.
func (h tree) Tile(level int, n uint64) []byte {
	return h.tx.Bucket(bucketTree).Get(tileKey(h.node, level, n))
}

// Hash is journal.Hashes.
func (h tree) Hash(index uint64) []byte {
	if hash := journal.HashIn(h, index); hash != nil {
		return hash
	}
	return h.tx.Bucket(bucketTree).Get(hashKey(h.node, index))
}

// grow adds the hash of a leaf to its node's tree.
func (t *transaction) grow(at trace.Position, leaf trace.Hash) error {
	tiles, err := journal.Grow(tree{t.tx, at.Node}, at.Seq, leaf)
	if err != nil {
		return err
	}
	b := t.tx.Bucket(bucketTree)
	b.FillPercent = 1 // tiles come in order, but for the few of higher levels
	for _, tile := range tiles {
		if err := b.Put(tileKey(at.Node, tile.Level, tile.N), tile.Hashes); err != nil {
			return err
		}
	}
	return nil
}
