package journal_test

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"implantrace/internal/journal"
)

// memory keeps a tree's hashes.
type memory map[uint64][]byte

func (m memory) Hash(i uint64) []byte { return m[i] }

func (m memory) add(t *testing.T, seq uint64, leaf []byte) {
	t.Helper()
	first, hashes, err := journal.Leaf(m, seq, leaf)
	if err != nil {
		t.Fatal(err)
	}
	for i := range hashes {
		at := first + uint64(i)
		if m[at] != nil {
			t.Fatalf("hash %d is written twice", at)
		}
		m[at] = hashes[i][:]
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
	m := memory{}
	var leaves [][]byte
	for i := range 70 {
		got, err := journal.Root(m, uint64(i))
		if err != nil || got != root(leaves) {
			t.Fatalf("root of %d leaves: %x, %v", i, got, err)
		}
		leaves = append(leaves, fmt.Appendf(nil, "leaf %d", i))
		m.add(t, uint64(i), leaves[i])
	}
	for i := range 70 { // earlier roots can still be worked out
		if got, err := journal.Root(m, uint64(i)); err != nil || got != root(leaves[:i]) {
			t.Errorf("root of the first %d: %x, %v", i, got, err)
		}
	}
}

func TestAMissingHashIsAnError(t *testing.T) {
	m := memory{}
	for i := range 5 {
		m.add(t, uint64(i), []byte{byte(i)})
	}
	delete(m, 0)
	m[1] = []byte("short")
	if _, err := journal.Root(m, 1); err == nil {
		t.Error("a root over a missing hash")
	}
	if _, _, err := journal.Leaf(m, 1, []byte("x")); err == nil {
		t.Error("a leaf beside a missing hash")
	}
}
