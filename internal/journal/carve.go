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
// in the order of their places, and some may come from pages that were given
// free.
func (c Codec) Carve(b []byte, found func(Carved)) {
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
			// Before it stand the head of the leaf's byte string, which has two to
			// five bytes, and that of the row, an array of two.
			for _, head := range []int{2, 3, 5} {
				start := at - head - 1
				if start < 0 || b[start] != 0x82 || b[start+1] != map[int]byte{2: 0x58, 3: 0x59, 5: 0x5a}[head] {
					continue
				}
				row, e, leaf, err := c.FirstRow(b[start:])
				if err != nil {
					continue
				}
				if again, _, err := c.EncodeRow(e); err != nil || !bytes.Equal(again, row) {
					continue
				}
				found(Carved{At: start, Row: row, Leaf: leaf, Entry: e})
			}
		}
	}
}
