package journal

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"implantrace/internal/trace"
)

// TileHeight is how many levels of a tree one tile has. A tile keeps the hashes of
// its lowest level, up to 16, and those between are worked out of them: so a hash
// is kept for each entry, and one for 16, 256 and so on, each row with 16. The tile
// of a level of tiles and a number is over 16 hashes of the level below; that at its
// end has fewer.
const TileHeight = 4

// TileWidth is how many hashes a tile has.
const TileWidth = 1 << TileHeight

// Tile is a tile's place and its hashes, one behind the other.
type Tile struct {
	Level  int // of tiles: 0 is over entries
	N      uint64
	Hashes []byte
}

// Tiles reads the tiles of one node's tree; nil where there is none.
type Tiles interface {
	Hashes
	Tile(level int, n uint64) []byte
}

// Grow gives the tiles to write when an entry of which this is the hash of the leaf
// joins a tree as the seq-manieth (from 0). What a tile lacks on the left is taken
// from the hashes.
func Grow(t Tiles, seq uint64, leaf trace.Hash) (all []Tile, err error) {
	hash := tlog.Hash(leaf)
	for level, n := 0, seq; ; level, n = level+1, n/TileWidth {
		tile := Tile{Level: level, N: n / TileWidth}
		before := int(n % TileWidth)
		has := t.Tile(tile.Level, tile.N)
		if len(has)%tlog.HashSize != 0 || len(has) > before*tlog.HashSize {
			return nil, fmt.Errorf("journal: tile %d of level %d has %d bytes before hash %d", tile.N, level, len(has), n)
		}
		tile.Hashes = append(make([]byte, 0, (before+1)*tlog.HashSize), has...)
		for i := len(has) / tlog.HashSize; i < before; i++ {
			left, err := reader{t}.ReadHashes([]int64{tlog.StoredHashIndex(level*TileHeight, int64(tile.N*TileWidth)+int64(i))})
			if err != nil {
				return nil, err
			}
			tile.Hashes = append(tile.Hashes, left[0][:]...)
		}
		tile.Hashes = append(tile.Hashes, hash[:]...)
		all = append(all, tile)
		if before < TileWidth-1 {
			return all, nil
		}
		hash = Over(tile.Hashes)
	}
}

// Over is the hash over a whole tile.
func Over(hashes []byte) tlog.Hash {
	if len(hashes) == tlog.HashSize {
		return tlog.Hash(hashes)
	}
	half := len(hashes) / 2
	return tlog.NodeHash(Over(hashes[:half]), Over(hashes[half:]))
}

// HashIn gives the hash of an index out of its tile; nil where that does not have
// it.
func HashIn(t Tiles, index uint64) []byte {
	at := tlog.TileForIndex(TileHeight, int64(index))
	h, err := tlog.HashFromTile(at, t.Tile(at.L, uint64(at.N)), int64(index))
	if err != nil {
		return nil
	}
	return h[:]
}
