package journal_test

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"implantrace/internal/journal"
	"implantrace/internal/trace"
)

// memory keeps a tree's tiles, and single hashes as stores kept them before.
type memory struct {
	tiles  map[[2]uint64][]byte
	single map[uint64][]byte
}

func newMemory() memory { return memory{map[[2]uint64][]byte{}, map[uint64][]byte{}} }

func (m memory) Tile(level int, n uint64) []byte { return m.tiles[[2]uint64{uint64(level), n}] }

func (m memory) Hash(i uint64) []byte {
	if h := journal.HashIn(m, i); h != nil {
		return h
	}
	return m.single[i]
}

func (m memory) add(t *testing.T, seq uint64, leaf []byte) {
	t.Helper()
	tiles, err := journal.Grow(m, seq, trace.Hash(tlog.RecordHash(leaf)))
	if err != nil {
		t.Fatal(err)
	}
	for _, tile := range tiles {
		m.tiles[[2]uint64{uint64(tile.Level), tile.N}] = tile.Hashes
	}
}

// addSingle keeps every hash by itself.
func (m memory) addSingle(t *testing.T, seq uint64, leaf []byte) {
	t.Helper()
	hashes, err := tlog.StoredHashes(int64(seq), leaf, tlog.HashReaderFunc(func(at []int64) (out []tlog.Hash, err error) {
		for _, i := range at {
			out = append(out, tlog.Hash(m.single[uint64(i)]))
		}
		return out, nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	for i, h := range hashes {
		m.single[uint64(tlog.StoredHashCount(int64(seq)))+uint64(i)] = h[:]
	}
}

// root is RFC 6962, 2.1, as it is written there.
func root(leaves [][]byte) [32]byte {
	switch len(leaves) {
	case 0:
		return [32]byte{}
	case 1:
		return sha256.Sum256(append([]byte{0}, leaves[0]...))
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	a, b := root(leaves[:k]), root(leaves[k:])
	return sha256.Sum256(append(append([]byte{1}, a[:]...), b[:]...))
}

func TestTheRootIsThatOfRFC6962(t *testing.T) {
	const size = 600
	var leaves [][]byte
	var roots [][32]byte
	for i := range size {
		roots = append(roots, root(leaves))
		leaves = append(leaves, fmt.Appendf(nil, "leaf %d", i))
	}
	// From the first entry on, and from one on in a tree that was kept hash by hash.
	for _, from := range []int{0, 1, 5, 16, 17, 255, 256, 259, 300} {
		m := newMemory()
		for i := range size {
			if got, err := journal.Root(m, uint64(i)); err != nil || got != roots[i] {
				t.Fatalf("tiles from %d on: root of %d leaves: %x, %v", from, i, got, err)
			}
			if i < from {
				m.addSingle(t, uint64(i), leaves[i])
			} else {
				m.add(t, uint64(i), leaves[i])
			}
		}
		for i := range size { // earlier roots can still be worked out
			if got, err := journal.Root(m, uint64(i)); err != nil || got != roots[i] {
				t.Fatalf("tiles from %d on: root of the first %d: %x, %v", from, i, got, err)
			}
		}
	}
}

func TestAMissingHashIsAnError(t *testing.T) {
	m := newMemory()
	for i := range 5 {
		m.add(t, uint64(i), []byte{byte(i)})
	}
	for name, tile := range map[string][]byte{"none": nil, "cut off within a hash": m.tiles[[2]uint64{}][:70], "too long": append(m.tiles[[2]uint64{}], make([]byte, 32)...)} {
		m.tiles[[2]uint64{}] = tile
		if _, err := journal.Grow(m, 5, trace.Hash{}); err == nil {
			t.Errorf("a leaf beside a tile that is %s", name)
		}
	}
	m.tiles[[2]uint64{}] = nil
	m.single[1] = []byte("short")
	if _, err := journal.Root(m, 2); err == nil {
		t.Error("a root over a missing hash")
	}
}
