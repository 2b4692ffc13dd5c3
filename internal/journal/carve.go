package journal

import (
	"bytes"

	"implantrace/internal/trace"
)

// Carved is a row that was found among bytes.
type Carved struct {
	At   int // of its first byte
	Row  []byte
	Leaf []byte
	trace.Entry
}

// Carve finds the rows of entries among bytes that may be anything, wherever
// they begin: what a damaged file still holds. Each is in the canonical
// encoding; whether it is what was recorded is for the tree to say. They come
// in no order, and some may come from pages that were given free.
func (c Codec) Carve(b []byte, found func(Carved)) {
	c.carveLeaves(b, found)
	c.carveShort(b, found)
}

// carveShort finds rows of the third form. Little tells one before its check sum
// does: the mark, and behind the sum the head of the leaf's map, which has eleven
// pairs at least.
func (c Codec) carveShort(b []byte, found func(Carved)) {
	const head = 5
	for from := 0; from < len(b); {
		i := bytes.IndexByte(b[from:], shortRow)
		if i < 0 {
			return
		}
		at := from + i
		from = at + 1
		if at+head < len(b) && b[at+head] >= mapHead+11 && b[at+head] <= mapHead+15 {
			c.carve(b, at, found)
		}
	}
}

// carveLeaves finds rows of the first two forms, whose leaf begins with the same
// bytes in each.
func (c Codec) carveLeaves(b []byte, found func(Carved)) {
	for _, begin := range leafBegins() {
		for from := 0; ; {
			i := bytes.Index(b[from:], begin)
			if i < 0 {
				break
			}
			at := from + i - 1 // the head of the leaf's map
			from += i + 1
			if at < 0 || b[at]>>5 != 5 {
				continue
			}
			// Before it stand, in a row of the first form, the head of the leaf's byte
			// string, which has two to five bytes, and that of the row, an array of
			// two; and in one of the second form the mark, the check sum, and a length.
			for _, back := range []int{3, 4, 6, 7, 8} {
				start := at - back
				if start < 0 || !rowBegins(b[start:], back) {
					continue
				}
				c.carve(b, start, found)
			}
		}
	}
}

// carve takes the row that begins at a place, if one does.
func (c Codec) carve(b []byte, at int, found func(Carved)) {
	row, e, leaf, err := c.FirstRow(b[at:])
	if err == nil && c.Canonical(row, e, leaf) {
		found(Carved{At: at, Row: row, Leaf: leaf, Entry: e})
	}
}

// rowBegins reports whether a row may begin here whose leaf begins so many bytes
// behind.
func rowBegins(b []byte, leaf int) bool {
	if b[0] == packedRow {
		return leaf >= 6
	}
	return b[0] == 0x82 && b[1] == map[int]byte{3: 0x58, 4: 0x59, 6: 0x5a}[leaf]
}
