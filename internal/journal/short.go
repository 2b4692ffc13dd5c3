package journal

import (
	"bytes"
	_ "embed" // the dictionary
	"encoding/binary"
	"errors"
	"hash/crc32"

	"github.com/fxamacker/cbor/v2"

	"implantrace/internal/trace"
)

// The third form of a row leaves out what the rest of it tells, and has all that
// is known before an entry has its place compressed together, so that an id that
// is said twice is kept once:
//
//	0x03
//	CRC-32C of all that follows, 4 bytes, big-endian
//	first byte of the leaf
//	node, 8 bytes
//	number in the node's log
//	Lamport number less that, signed
//	when it was recorded, less the first 6 bytes of the command's id, signed
//	when it occurred, less when it was recorded, signed
//	length of what stands between Lamport number and times in the leaf
//	length of what is compressed, and that: what stands there, and what stands
//	between times and commitment
//	length of what stands behind the fact in the leaf, and that
//	length of the sealed part, and that
//
// Numbers are varints. The compression is S2 with dictionary 2. The leaf is of
// version 1.
const shortRow = 0x03

// dictionary2 is the dictionary of form 3. It never changes either.
//
//go:embed dictionary2
var dictionary2 []byte

// identity is what stands in a leaf before the times.
type identity struct {
	ID      trace.EventID `cbor:"4,keyasint"`
	Command trace.EventID `cbor:"5,keyasint,omitzero"`
	Part    uint16        `cbor:"6,keyasint,omitempty"`
	Digest  []byte        `cbor:"7,keyasint,omitempty"`
}

// said is what stands in a leaf behind the times, but for the commitment.
type said struct {
	By         trace.Actor     `cbor:"10,keyasint"`
	Provenance string          `cbor:"11,keyasint"`
	Kind       trace.FactKind  `cbor:"12,keyasint"`
	Fact       cbor.RawMessage `cbor:"13,keyasint"`
}

// Written reports whether a row has the form in which rows are written today.
func Written(row []byte) bool { return len(row) > 0 && row[0] == shortRow }

// Packed is an entry made ready for its row: everything that can be done before
// it has its place, its times and its commitment. It is made by [Codec.Pack], on
// whichever goroutine.
type Packed struct {
	Fact     trace.Fact // as it will be read back
	pairs    byte       // of the leaf's map, in the two parts
	identity []byte
	said     []byte
	packed   []byte // both, compressed
}

// Pack encodes and compresses what an entry says.
func (c Codec) Pack(e trace.Entry) (p Packed, err error) {
	fact, err := c.enc.Marshal(e.Fact)
	if err != nil {
		return p, errFact(err)
	}
	if p.Fact, err = c.fact(e.Fact.Kind(), fact); err != nil {
		return p, err
	}
	i := identity{ID: e.ID, Part: e.Part, Digest: e.Digest}
	if e.Command != e.ID {
		i.Command = e.Command
	}
	if p.identity, err = c.pairs(i, &p.pairs); err != nil {
		return p, err
	}
	if p.said, err = c.pairs(said{By: e.By, Provenance: string(e.Provenance), Kind: e.Fact.Kind(), Fact: fact}, &p.pairs); err != nil {
		return p, err
	}
	p.packed = c.dictionary2.Encode(nil, append(p.identity[:len(p.identity):len(p.identity)], p.said...))
	return p, nil
}

// pairs gives the pairs of a struct's map without its head, and counts them.
func (c Codec) pairs(v any, n *byte) ([]byte, error) {
	b, err := c.enc.Marshal(v)
	if err != nil {
		return nil, errFact(err)
	}
	*n += b[0] &^ mapHead
	return b[1:], nil
}

// mapHead is the head of a CBOR map of fewer than 24 pairs, of which it has the
// number in its last bits.
const mapHead = 0xa0

// EncodePacked gives the bytes that a store keeps for e, which has been packed.
func (c Codec) EncodePacked(e trace.Entry, p Packed) (row, leaf []byte, err error) {
	s := splice{first: mapHead | (6 + p.pairs), node: e.Node, seq: e.Seq, lamport: e.Lamport, recorded: e.Recorded.UnixMilli(), occurred: e.Occurred.UnixMilli(),
		identity: p.identity, said: p.said}
	if len(e.Commitment) > 0 {
		commitment, err := c.enc.Marshal(e.Commitment)
		if err != nil {
			return nil, nil, err
		}
		s.first++
		s.behind = append([]byte{14}, commitment...)
	}
	row = make([]byte, 5, 5+1+8+8*binary.MaxVarintLen64+len(p.packed)+len(s.behind)+len(e.Sealed))
	row[0] = shortRow
	row = append(append(row, s.first), e.Node[:]...)
	row = binary.AppendUvarint(row, s.seq)
	row = binary.AppendVarint(row, int64(s.lamport-s.seq))
	row = binary.AppendVarint(row, s.recorded-s.commanded())
	row = binary.AppendVarint(row, s.occurred-s.recorded)
	row = binary.AppendUvarint(row, uint64(len(s.identity)))
	for _, part := range [][]byte{p.packed, s.behind, e.Sealed} {
		row = append(binary.AppendUvarint(row, uint64(len(part))), part...)
	}
	binary.BigEndian.PutUint32(row[1:5], crc32.Checksum(row[5:], castagnoli))
	return row, s.leaf(), nil
}

// idPair is how long the pair of an id is: key, head, id.
const idPair = 2 + 16

// splice is a leaf of version 1 in parts.
type splice struct {
	first              byte // of the leaf
	node               trace.NodeID
	seq, lamport       uint64
	recorded, occurred int64
	ids                uint64 // length of identity
	identity, said     []byte // pairs before and behind the times
	behind             []byte // the fact
}

// commanded is the time that a UUID version 7 of the command says, in
// milliseconds, and any number for another. The pairs of identity begin with the
// id and, where that is another, the command's.
func (s splice) commanded() int64 {
	at := s.identity[2:]
	if len(s.identity) >= 2*idPair && s.identity[idPair] == 5 {
		at = at[idPair:]
	}
	return int64(binary.BigEndian.Uint64(at) >> 16)
}

// leaf puts the parts together.
func (s splice) leaf() []byte {
	b := make([]byte, 0, 64+len(s.identity)+len(s.said)+len(s.behind))
	b = append(b, s.first, 0, 1, 1, 0x40|byte(len(s.node)))
	b = append(b, s.node[:]...)
	b = appendInt(append(b, 2), 0, s.seq)
	b = appendInt(append(b, 3), 0, s.lamport)
	b = append(b, s.identity...)
	b = appendTime(append(b, 8), s.recorded)
	b = appendTime(append(b, 9), s.occurred)
	return append(append(b, s.said...), s.behind...)
}

// appendInt appends the shortest CBOR of an integer: of major type 0, n; of 1,
// -1-n.
func appendInt(b []byte, major byte, n uint64) []byte {
	major <<= 5
	switch {
	case n < 24:
		return append(b, major|byte(n))
	case n < 1<<8:
		return append(b, major|24, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, major|25), uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32(append(b, major|26), uint32(n))
	}
	return binary.BigEndian.AppendUint64(append(b, major|27), n)
}

func appendTime(b []byte, ms int64) []byte {
	if ms < 0 {
		return appendInt(b, 1, uint64(-1-ms))
	}
	return appendInt(b, 0, uint64(ms))
}

// cutShort takes the row of form 3 apart that some bytes begin with.
func cutShort(b []byte) (s splice, packed, sealed, rest []byte, err error) {
	if len(b) < 5+1+8 {
		return s, nil, nil, nil, errShort
	}
	s.first, s.node = b[5], trace.NodeID(b[6:14])
	in := varints{rest: b[14:]}
	s.seq = in.unsigned()
	s.lamport = s.seq + uint64(in.signed())
	s.recorded, s.occurred, s.ids = in.signed(), in.signed(), in.unsigned()
	packed, s.behind, sealed = in.part(), in.part(), in.part()
	switch {
	case in.short:
		err = errShort
	case binary.BigEndian.Uint32(b[1:5]) != crc32.Checksum(b[5:len(b)-len(in.rest)], castagnoli):
		err = errSum
	}
	return s, packed, sealed, in.rest, err
}

// openShort is openRow for the third form.
func (c Codec) openShort(b []byte) (r plainRow, rest []byte, err error) {
	s, packed, sealed, rest, err := cutShort(b)
	if err != nil {
		return r, nil, err
	}
	both, err := unpack(c.dictionary2, nil, packed)
	if err != nil {
		return r, nil, err
	}
	if s.ids < idPair || s.ids > uint64(len(both)) {
		return r, nil, errors.New("it has no id")
	}
	s.identity, s.said = both[:s.ids], both[s.ids:]
	s.recorded += s.commanded()
	s.occurred += s.recorded
	r.Leaf = s.leaf()
	if len(sealed) > 0 {
		r.Sealed = bytes.Clone(sealed)
	}
	return r, rest, nil
}

// canonicalShort reports whether a row has the numbers and parts that are written
// for e.
func (c Codec) canonicalShort(row []byte, e trace.Entry) bool {
	_, packed, _, _, err := cutShort(row)
	if err != nil {
		return false
	}
	p, err := c.Pack(e)
	if err != nil {
		return false
	}
	p.packed = packed
	again, _, err := c.EncodePacked(e, p)
	return err == nil && bytes.Equal(again, row)
}

// varints reads numbers and what they give the length of.
type varints struct {
	rest  []byte
	short bool // they ended too early
}

func (v *varints) unsigned() uint64 {
	n, used := binary.Uvarint(v.rest)
	v.past(used)
	return n
}

func (v *varints) signed() int64 {
	n, used := binary.Varint(v.rest)
	v.past(used)
	return n
}

func (v *varints) past(used int) {
	if used <= 0 {
		v.short, used = true, 0
	}
	v.rest = v.rest[used:]
}

func (v *varints) part() (p []byte) {
	n := v.unsigned()
	if v.short || n > uint64(len(v.rest)) {
		v.short = true
		return nil
	}
	p, v.rest = v.rest[:n], v.rest[n:]
	return p
}
