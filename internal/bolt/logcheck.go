package bolt

import (
	"encoding/binary"
	"fmt"
	"iter"

	"golang.org/x/mod/sumdb/tlog"

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

	pull   func() (k, v []byte, ok bool) // the tree's rows of this log
	stop   func()
	key    []byte // the row that was pulled last
	value  []byte
	pulled bool
}

func newLogCheck(v *verifier, node trace.NodeID) *logCheck {
	c := &logCheck{v: v, node: node}
	c.pull, c.stop = iter.Pull2(v.survey.rowsFrom(bucketTree, node[:]))
	return c
}

// stored gives the tree's hash of an index. Indexes only rise.
func (c *logCheck) stored(index uint64) *tlog.Hash {
	want := c.hashKey(index)
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

func (c *logCheck) hashKey(index uint64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(nil), c.node[:]...), index)
}

// look gives a hash of the tree wherever it is.
func (c *logCheck) look(level int, n uint64) *tlog.Hash {
	b, ok := c.v.survey.get(bucketTree, c.hashKey(uint64(tlog.StoredHashIndex(level, int64(n)))))
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
	index := uint64(tlog.StoredHashCount(int64(seq)))
	hash := c.leaf(seq, made, c.stored(index))
	for level := 0; seq>>level&1 == 1; level++ {
		left := c.peaks[len(c.peaks)-1]
		c.peaks = c.peaks[:len(c.peaks)-1]
		hash = tlog.NodeHash(left, hash)
		index++
		if s := c.stored(index); s == nil {
			c.lacks(index)
		} else if *s != hash {
			c.v.find(hashName(c.node, index), "is not what the hashes below it come to")
		}
	}
	c.peaks = append(c.peaks, hash)
	c.next++
	c.v.outside.reached(c.node, c.next, c.root)
}

// leaf decides which hash of an entry is right: that of its bytes, or the
// tree's.
func (c *logCheck) leaf(seq uint64, made, stored *tlog.Hash) tlog.Hash {
	where := fmt.Sprintf("entry %d of node %s", seq, c.node)
	switch {
	case made == nil && stored == nil:
		c.lacks(uint64(tlog.StoredHashIndex(0, int64(seq))))
		return tlog.Hash{}
	case made == nil:
		return *stored
	case stored == nil:
		c.lacks(uint64(tlog.StoredHashIndex(0, int64(seq))))
		return *made
	case *made == *stored:
		return *made
	}
	above, sibling := c.look(1, seq/2), c.look(0, seq^1)
	if above != nil && sibling != nil {
		join := func(h tlog.Hash) tlog.Hash {
			if seq%2 == 0 {
				return tlog.NodeHash(h, *sibling)
			}
			return tlog.NodeHash(*sibling, h)
		}
		switch *above {
		case join(*stored):
			c.v.find(where, "is not what was recorded: its bytes were changed after the tree was built over them")
			return *stored
		case join(*made):
			c.v.find("the hash of "+where, "was changed: the entry is what the tree above was built over")
			return *made
		}
	}
	c.v.find(where, "and the tree's hash of it differ: one of them was changed")
	return *stored
}

// lacks says that a hash is not there, unless the page it would stand on is
// known to be damaged.
func (c *logCheck) lacks(index uint64) {
	if !c.v.survey.damaged[string(bucketTree)] {
		c.v.find(hashName(c.node, index), "is missing")
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
	after := uint64(tlog.StoredHashCount(int64(c.next)))
	c.stored(after - 1) // passes over what stands before
	last, more := uint64(0), false
	for {
		if !c.pulled {
			var ok bool
			if c.key, c.value, ok = c.pull(); !ok {
				break
			}
		}
		c.pulled = false
		if len(c.key) != 16 || trace.NodeID(c.key[:8]) != c.node {
			break
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
	switch {
	case more && last >= c.next:
		c.missing(c.next, last)
	case more:
		c.v.find(fmt.Sprintf("the tree of node %s", c.node), "has more hashes than the journal accounts for")
	}
}
