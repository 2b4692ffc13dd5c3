package bolt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"implantrace/internal/journal"
	"implantrace/internal/trace"
)

// logCheck holds the entries of one log against its tree, in order. Where an
// entry and the tree differ it finds out which of them is wrong, by the hashes
// above: they were made of what was there when the entry was recorded.
type logCheck struct {
	v    *verifier
	node trace.NodeID
	next uint64 // entries so far
	// peaks are the hashes of the whole subtrees so far, the greatest first: as
	// the tree has them where it is right, worked out anew where it is not.
	peaks []tlog.Hash

	// The rows of this log that have a hash each, as an earlier program kept them.
	pull   func() (k, v []byte, ok bool)
	stop   func()
	key    []byte // the row that was pulled last
	value  []byte
	pulled bool

	tiles map[int]numberedTile // the last of each level that was looked at
}

type numberedTile struct {
	n      uint64
	hashes []byte
}

func newLogCheck(v *verifier, node trace.NodeID) *logCheck {
	c := &logCheck{v: v, node: node, tiles: make(map[int]numberedTile)}
	c.pull, c.stop = iter.Pull2(singles(v.survey.rowsFrom(bucketTree, node[:])))
	return c
}

// singles leaves out tiles.
func singles(rows iter.Seq2[[]byte, []byte]) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		for k, v := range rows {
			if len(k) != tileKeySize && !yield(k, v) {
				return
			}
		}
	}
}

// single gives the row that has the hash of an index alone. Indexes only rise.
func (c *logCheck) single(index uint64) *tlog.Hash {
	want := hashKey(c.node, index)
	for {
		if !c.pulled {
			var ok bool
			if c.key, c.value, ok = c.pull(); !ok {
				c.key = nil
			}
			c.pulled = true
		}
		if c.key == nil || string(c.key) > string(want) {
			return nil
		}
		c.pulled = false
		if string(c.key) == string(want) {
			if len(c.value) != tlog.HashSize {
				c.v.find(describe(string(bucketTree), want), "is no hash")
				return nil
			}
			h := tlog.Hash(c.value)
			return &h
		}
	}
}

// tile gives the hashes of a tile.
func (c *logCheck) tile(level int, n uint64) []byte {
	if t, ok := c.tiles[level]; ok && t.n == n {
		return t.hashes
	}
	hashes, _ := c.v.survey.get(bucketTree, tileKey(c.node, level, n))
	hashes = hashes[:len(hashes)/tlog.HashSize*tlog.HashSize]
	c.tiles[level] = numberedTile{n, hashes}
	return hashes
}

// stored gives the tree's hashes over a subtree: that of a row of its own, that of a
// tile, or both, where a tile took over what was there. kept is false where the tree
// should have one and has none.
func (c *logCheck) stored(level int, n uint64) (all []tlog.Hash, kept bool) {
	index := tlog.StoredHashIndex(level, int64(n))
	if h := c.single(uint64(index)); h != nil {
		all = append(all, *h)
	}
	at := tlog.TileForIndex(journal.TileHeight, index)
	tile := c.tile(at.L, uint64(at.N))
	if len(tile) < at.W*tlog.HashSize {
		return all, len(all) > 0
	}
	if level%journal.TileHeight == 0 {
		all = append(all, tlog.Hash(tile[(at.W-1)*tlog.HashSize:at.W*tlog.HashSize]))
	}
	return all, true
}

// look gives a hash of the tree that is in a row of its own, wherever that is.
func (c *logCheck) look(level int, n uint64) *tlog.Hash {
	b, ok := c.v.survey.get(bucketTree, hashKey(c.node, uint64(tlog.StoredHashIndex(level, int64(n)))))
	if !ok || len(b) != tlog.HashSize {
		return nil
	}
	h := tlog.Hash(b)
	return &h
}

// add takes the hash of the entry of a number; nil where the entry cannot be
// read.
func (c *logCheck) add(seq uint64, made *tlog.Hash) {
	if seq > c.next {
		c.missing(c.next, seq-1)
		if seq-c.next > uint64(c.v.survey.file.size)/tlog.HashSize {
			return // a place that was changed: the file has no room for the hashes of so many
		}
		for c.next < seq {
			c.step(nil)
		}
	}
	c.step(made)
}

func (c *logCheck) missing(first, last uint64) {
	if first == last {
		c.v.find(fmt.Sprintf("entry %d of node %s", first, c.node), "is missing")
		return
	}
	c.v.find(fmt.Sprintf("entries %d to %d of node %s", first, last, c.node), "are missing")
}

// step adds the next entry to the tree.
func (c *logCheck) step(made *tlog.Hash) {
	seq := c.next
	stored, _ := c.stored(0, seq)
	hash := c.leaf(seq, made, stored)
	for level, n := 0, seq; n&1 == 1; {
		left := c.peaks[len(c.peaks)-1]
		c.peaks = c.peaks[:len(c.peaks)-1]
		hash = tlog.NodeHash(left, hash)
		level, n = level+1, n/2
		stored, kept := c.stored(level, n)
		if !kept {
			c.lacks(level, n)
		}
		if slices.ContainsFunc(stored, func(s tlog.Hash) bool { return s != hash }) {
			c.v.find(hashName(c.node, uint64(tlog.StoredHashIndex(level, int64(n)))), "is not what the hashes below it come to")
		}
	}
	c.peaks = append(c.peaks, hash)
	c.next++
	c.v.outside.reached(c.node, c.next, c.root)
}

// leaf decides which hash of an entry is right: that of its bytes, or the
// tree's.
func (c *logCheck) leaf(seq uint64, made *tlog.Hash, stored []tlog.Hash) tlog.Hash {
	if len(stored) == 0 {
		c.lacks(0, seq)
	}
	switch {
	case made == nil && len(stored) == 0:
		return tlog.Hash{}
	case made == nil:
		return stored[0]
	}
	other := slices.IndexFunc(stored, func(s tlog.Hash) bool { return s != *made })
	if other < 0 {
		return *made
	}
	where := fmt.Sprintf("entry %d of node %s", seq, c.node)
	switch over := c.over(seq); {
	case over == nil:
	case over(stored[other]):
		c.v.find(where, "is not what was recorded: its bytes were changed after the tree was built over them")
		return stored[other]
	case over(*made):
		c.v.find("the hash of "+where, "was changed: the entry is what the tree above was built over")
		return *made
	}
	c.v.find(where, "and the tree's hash of it differ: one of them was changed")
	return stored[other]
}

// over finds out, by the hash above it that is kept, over which hash of an entry
// the tree was built; nil where there is none.
func (c *logCheck) over(seq uint64) func(tlog.Hash) bool {
	if above, sibling := c.look(1, seq/2), c.look(0, seq^1); above != nil && sibling != nil {
		return func(h tlog.Hash) bool {
			if seq%2 == 0 {
				return *above == tlog.NodeHash(h, *sibling)
			}
			return *above == tlog.NodeHash(*sibling, h)
		}
	}
	const width = journal.TileWidth
	tile, above := c.tile(0, seq/width), c.tile(1, seq/(width*width))
	at := int(seq / width % width * tlog.HashSize)
	if len(tile) != width*tlog.HashSize || len(above) < at+tlog.HashSize {
		return nil
	}
	return func(h tlog.Hash) bool {
		tile := bytes.Clone(tile)
		copy(tile[seq%width*tlog.HashSize:], h[:])
		return journal.Over(tile) == tlog.Hash(above[at:at+tlog.HashSize])
	}
}

// lacks says that a hash is not there, unless the page it would stand on is
// known to be damaged.
func (c *logCheck) lacks(level int, n uint64) {
	if !c.v.survey.damaged[string(bucketTree)] {
		c.v.find(hashName(c.node, uint64(tlog.StoredHashIndex(level, int64(n)))), "is missing")
	}
}

// root is the root of the log so far.
func (c *logCheck) root() tlog.Hash { return rootOf(c.peaks) }

// rootOf is the root over the whole subtrees of a log, the greatest first.
func rootOf(peaks []tlog.Hash) tlog.Hash {
	if len(peaks) == 0 {
		return tlog.Hash{}
	}
	root := peaks[len(peaks)-1]
	for i := len(peaks) - 2; i >= 0; i-- {
		root = tlog.NodeHash(peaks[i], root)
	}
	return root
}

// grown gives the whole subtrees of a log when its seq-manieth leaf, from 0,
// has joined them.
func grown(peaks []tlog.Hash, seq uint64, leaf tlog.Hash) []tlog.Hash {
	for ; seq&1 == 1; seq >>= 1 {
		leaf = tlog.NodeHash(peaks[len(peaks)-1], leaf)
		peaks = peaks[:len(peaks)-1]
	}
	return append(peaks, leaf)
}

// end looks for hashes that no entry accounts for: the journal was cut off.
func (c *logCheck) end() {
	defer c.stop()
	last, more := c.extraSingles()
	tiled, moreTiled := c.extraTiles()
	last, more = max(last, tiled), more || moreTiled
	switch {
	case more && last >= c.next:
		c.missing(c.next, last)
	case more:
		c.v.find(fmt.Sprintf("the tree of node %s", c.node), "has more hashes than the journal accounts for")
	}
}

// extraSingles looks among the rows of one hash, and gives the last entry of which
// there is one.
func (c *logCheck) extraSingles() (last uint64, more bool) {
	c.single(uint64(tlog.StoredHashCount(int64(c.next))) - 1) // passes over what stands before
	for {
		if !c.pulled {
			var ok bool
			if c.key, c.value, ok = c.pull(); !ok {
				return last, more
			}
		}
		c.pulled = false
		if len(c.key) != hashKeySize || trace.NodeID(c.key[:8]) != c.node {
			return last, more
		}
		index := binary.BigEndian.Uint64(c.key[8:])
		if index > 1<<62 {
			c.v.find(hashName(c.node, index), "is there, and the journal does not account for it")
			continue
		}
		if level, n := tlog.SplitStoredHashIndex(int64(index)); level == 0 {
			last = uint64(n)
		}
		more = true
	}
}

// extraTiles looks among the tiles.
func (c *logCheck) extraTiles() (last uint64, more bool) {
	for key, hashes := range c.v.survey.rowsFrom(bucketTree, c.node[:]) {
		if len(key) != tileKeySize || trace.NodeID(key[:8]) != c.node {
			continue
		}
		_, level, n := tileOf(key)
		has := uint64(len(hashes)) / tlog.HashSize
		if len(hashes) == 0 || len(hashes)%tlog.HashSize != 0 || has > journal.TileWidth {
			c.v.find(describe(string(bucketTree), key), "are no hashes")
			continue
		}
		if level > tileLevelMost || n > 1<<58 {
			c.v.find(describe(string(bucketTree), key), "are there, and the journal does not account for them")
			continue
		}
		if all := c.next >> (journal.TileHeight * level); n*journal.TileWidth+has > all {
			more = true
			if level == 0 {
				last = max(last, n*journal.TileWidth+has-1)
			}
		}
	}
	return last, more
}
