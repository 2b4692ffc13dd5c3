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
// sealed part beside them. There are two forms. The first is a CBOR array of
// both, uncompressed. The second, which is written, has the fact compressed
// (S2, a Snappy) with a dictionary of what facts mostly say, which makes a usage's
// row a third as long, and costs a microsecond:
//
//	0x02
//	CRC-32C of all that follows, 4 bytes, big-endian
//	length of what stands before the fact in the leaf, and that
//	length of what stands behind the fact in the leaf, and that
//	length of the compressed fact, and that
//	length of the sealed part, and that
//
// Lengths are varints. The leaf itself, and so its hash, is the same in both. The
// check sum is for damage that decompresses to the same leaf all the same.
const packedRow = 0x02

// dictionary1 is the dictionary of form 2. Rows that were written with it need it
// for ever: it never changes, and a better one makes a form of its own.
//
//go:embed dictionary1
var dictionary1 []byte

// factMost bounds what a fact decompresses to. No fact is a tenth as long.
const factMost = 64 << 20

// newDictionary makes the compressor, which is safe for concurrent use.
func newDictionary() *s2.Dict {
	d := s2.NewDict(dictionary1)
	if d == nil {
		panic("journal: the dictionary is none") // it is embedded; cannot happen at run time
	}
	return d
}

// unpack decompresses a fact behind what stands before it.
func (c Codec) unpack(before, packed []byte) ([]byte, error) {
	n, err := s2.DecodedLen(packed)
	if err != nil || n > factMost {
		return nil, errors.New("its fact does not decompress")
	}
	leaf := make([]byte, len(before)+n, len(before)+n+64)
	copy(leaf, before)
	fact, err := c.dictionary.Decode(leaf[len(before):], packed)
	if err != nil || len(fact) != n {
		return nil, errors.New("its fact does not decompress")
	}
	copy(leaf[len(before):], fact) // into itself, unless the decoder wanted other room
	return leaf, nil
}

// PackedFact is a fact made ready for its row: everything that can be done before
// the entry has its place. It is made by [Codec.Pack], on whichever goroutine.
type PackedFact struct {
	Fact   trace.Fact // as it will be read back
	bytes  []byte     // canonical CBOR
	packed []byte     // of it
}

// Pack encodes and compresses a fact.
func (c Codec) Pack(f trace.Fact) (PackedFact, error) {
	b, err := c.enc.Marshal(f)
	if err != nil {
		return PackedFact{}, fmt.Errorf("journal: encode fact: %w", err)
	}
	back, err := c.fact(f.Kind(), b)
	if err != nil {
		return PackedFact{}, err
	}
	return PackedFact{Fact: back, bytes: b, packed: c.dictionary.Encode(nil, b)}, nil
}

// EncodeRow gives the bytes that a store keeps for e.
func (c Codec) EncodeRow(e trace.Entry) (row, leaf []byte, err error) {
	p, err := c.Pack(e.Fact)
	if err != nil {
		return nil, nil, err
	}
	return c.EncodePacked(e, p)
}

// EncodePacked is [Codec.EncodeRow] of an entry whose fact has been packed.
func (c Codec) EncodePacked(e trace.Entry, p PackedFact) (row, leaf []byte, err error) {
	if leaf, err = c.encode(e, p.bytes); err != nil {
		return nil, nil, err
	}
	behind := 0
	if len(e.Commitment) > 0 {
		commitment, err := c.enc.Marshal(e.Commitment)
		if err != nil {
			return nil, nil, err
		}
		behind = 1 + len(commitment) // its key and itself, the last in the leaf
	}
	before := leaf[:len(leaf)-behind-len(p.bytes)]
	row = make([]byte, 5, 5+4*binary.MaxVarintLen32+len(before)+behind+len(p.packed)+len(e.Sealed))
	row[0] = packedRow
	for _, part := range [][]byte{before, leaf[len(leaf)-behind:], p.packed, e.Sealed} {
		row = append(binary.AppendUvarint(row, uint64(len(part))), part...)
	}
	binary.BigEndian.PutUint32(row[1:5], crc32.Checksum(row[5:], castagnoli))
	return row, leaf, nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// DecodeRow reads a row of either form. [ErrLost] for a row that only keeps the
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
	if row[0] == packedRow {
		return true
	}
	plain, err := c.enc.Marshal(plainRow{Leaf: leaf, Sealed: e.Sealed})
	return err == nil && bytes.Equal(plain, row)
}

// openRow takes the row apart that some bytes begin with. What it gives shares
// nothing with them, but for the rest.
func (c Codec) openRow(b []byte) (r plainRow, rest []byte, err error) {
	if len(b) == 0 || b[0] != packedRow {
		rest, err := c.dec.UnmarshalFirst(b, &r)
		return r, rest, err
	}
	if len(b) < 5 {
		return r, nil, errors.New("it is cut short")
	}
	sum := binary.BigEndian.Uint32(b[1:5])
	rest = b[5:]
	var parts [4][]byte
	for i := range parts {
		n, used := binary.Uvarint(rest)
		if used <= 0 || n > uint64(len(rest)-used) {
			return r, nil, errors.New("it is cut short")
		}
		parts[i], rest = rest[used:used+int(n)], rest[used+int(n):]
	}
	if sum != crc32.Checksum(b[5:len(b)-len(rest)], castagnoli) {
		return r, nil, errors.New("its check sum is wrong")
	}
	if r.Leaf, err = c.unpack(parts[0], parts[2]); err != nil {
		return r, nil, err
	}
	r.Leaf = append(r.Leaf, parts[1]...)
	if len(parts[3]) > 0 {
		r.Sealed = bytes.Clone(parts[3])
	}
	return r, rest, nil
}

// plainRow is the first form.
type plainRow struct {
	_      struct{} `cbor:",toarray"`
	Leaf   []byte
	Sealed []byte
}
