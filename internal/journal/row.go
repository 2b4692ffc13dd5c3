package journal

import (
	"bytes"
	_ "embed" // the dictionary
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/klauspost/compress/s2"

	"implantrace/internal/trace"
)

// A row is what a store keeps of an entry: the bytes under the leaf, and the
// sealed part beside them. There are three forms, and the leaf, and so its hash, is
// the same in each. The first is a CBOR array of both, uncompressed. The second has
// the fact compressed (S2, a Snappy) with a dictionary of what facts mostly say:
//
//	0x02
//	CRC-32C of all that follows, 4 bytes, big-endian
//	length of what stands before the fact in the leaf, and that
//	length of what stands behind the fact in the leaf, and that
//	length of the compressed fact, and that
//	length of the sealed part, and that
//
// Lengths are varints. The check sum is for damage that decompresses to the same
// leaf all the same. The third ([shortRow]) is the one that is written.
const packedRow = 0x02

// dictionary1 is the dictionary of form 2. Rows that were written with it need it
// for ever: it never changes, and a better one makes a form of its own.
//
//go:embed dictionary1
var dictionary1 []byte

// factMost bounds what a fact decompresses to. No fact is a tenth as long.
const factMost = 64 << 20

// newDictionary makes a compressor, which is safe for concurrent use.
func newDictionary(of []byte) *s2.Dict {
	d := s2.NewDict(of)
	if d == nil {
		panic("journal: the dictionary is none") // it is embedded; cannot happen at run time
	}
	return d
}

var (
	errPacked = errors.New("its fact does not decompress")
	errShort  = errors.New("it is cut short")
	errSum    = errors.New("its check sum is wrong")
)

// unpack decompresses behind what stands before it.
func unpack(dictionary *s2.Dict, before, packed []byte) ([]byte, error) {
	n, err := s2.DecodedLen(packed)
	if err != nil || n > factMost {
		return nil, errPacked
	}
	all := make([]byte, len(before)+n, len(before)+n+64)
	copy(all, before)
	fact, err := dictionary.Decode(all[len(before):], packed)
	if err != nil || len(fact) != n {
		return nil, errPacked
	}
	copy(all[len(before):], fact) // into itself, unless the decoder wanted other room
	return all, nil
}

// EncodeRow gives the bytes that a store keeps for e.
func (c Codec) EncodeRow(e trace.Entry) (row, leaf []byte, err error) {
	p, err := c.Pack(e)
	if err != nil {
		return nil, nil, err
	}
	return c.EncodePacked(e, p)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// DecodeRow reads a row of any form. [ErrLost] for a row that only keeps the
// place of an entry.
func (c Codec) DecodeRow(b []byte) (e trace.Entry, leaf []byte, err error) {
	r, rest, err := c.openRow(b)
	if err == nil && len(rest) > 0 {
		err = errors.New("something stands behind it")
	}
	if err != nil {
		return trace.Entry{}, nil, fmt.Errorf("%w: %v", ErrEncoding, err)
	}
	if r.lost() {
		return trace.Entry{}, nil, ErrLost
	}
	if e, err = c.Decode(r.Leaf); err != nil {
		return trace.Entry{}, r.Leaf, err
	}
	e.Sealed = r.Sealed
	return e, r.Leaf, nil
}

// Canonical reports whether a row that was read as an entry is the one way to
// write it in its form. How a fact is compressed is not asked: the check sum is
// for that.
func (c Codec) Canonical(row []byte, e trace.Entry, leaf []byte) bool {
	again, err := c.Encode(e)
	if err != nil || !bytes.Equal(again, leaf) {
		return false
	}
	switch row[0] {
	case packedRow:
		return true
	case shortRow:
		return c.canonicalShort(row, e)
	}
	plain, err := c.enc.Marshal(plainRow{Leaf: leaf, Sealed: e.Sealed})
	return err == nil && bytes.Equal(plain, row)
}

// openRow takes the row apart that some bytes begin with. What it gives shares
// nothing with them, but for the rest.
func (c Codec) openRow(b []byte) (r plainRow, rest []byte, err error) {
	switch {
	case len(b) > 0 && b[0] == packedRow:
		return c.openPacked(b)
	case len(b) > 0 && b[0] == shortRow:
		return c.openShort(b)
	}
	rest, err = c.dec.UnmarshalFirst(b, &r)
	return r, rest, err
}

// openPacked is openRow for the second form.
func (c Codec) openPacked(b []byte) (r plainRow, rest []byte, err error) {
	if len(b) < 5 {
		return r, nil, errShort
	}
	in := varints{rest: b[5:]}
	before, behind, packed, sealed := in.part(), in.part(), in.part(), in.part()
	switch {
	case in.short:
		return r, nil, errShort
	case binary.BigEndian.Uint32(b[1:5]) != crc32.Checksum(b[5:len(b)-len(in.rest)], castagnoli):
		return r, nil, errSum
	}
	if r.Leaf, err = unpack(c.dictionary1, before, packed); err != nil {
		return r, nil, err
	}
	r.Leaf = append(r.Leaf, behind...)
	if len(sealed) > 0 {
		r.Sealed = bytes.Clone(sealed)
	}
	return r, in.rest, nil
}

// plainRow is the first form.
type plainRow struct {
	_      struct{} `cbor:",toarray"`
	Leaf   []byte
	Sealed []byte
}
