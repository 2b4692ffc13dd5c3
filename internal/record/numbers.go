package record

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// lotRows are the rows of ByLot. Identities of a usage that differ in the serial
// number alone share one, which is former where the first of them is: behind the
// procedure it has their serial numbers, each with its length, unless that is one and
// empty.
func lotRows(u trace.Usage) (rs rows) {
	all := identities(u)
	for i, d := range all {
		key := numberKey(d.DI, d.Lot, u.ID)
		if rs.has(key, nil) {
			continue
		}
		value := holding(u, i > 0)
		if lot, ok := lotIn(key); !ok || lot != d.Lot {
			value[0] |= flagLot
			value = appendText(value, d.Lot)
		}
		var serials []string
		for _, o := range all[i:] {
			if o.DI == d.DI && o.Lot == d.Lot {
				serials = append(serials, o.Serial)
			}
		}
		if len(serials) > 1 || serials[0] != "" {
			for _, serial := range serials {
				value = appendText(value, serial)
			}
		}
		rs.add(key, value)
	}
	return rs
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func cutText(b []byte) (s string, rest []byte, ok bool) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return "", nil, false
	}
	return string(b[used:][:n]), b[used:][n:], true
}

// NumbersOf reads a row of ByLot: what is indexed of its usage, once for each serial
// number.
func NumbersOf(key, value []byte) (all []trace.Numbered, err error) {
	h, rest, err := holdingOf(key, value)
	if err != nil {
		return nil, err
	}
	n := trace.Numbered{Usage: h.Usage, Former: h.Former, Withdrawn: h.Withdrawn, ByHand: value[0]&flagByHand != 0, Unsure: value[0]&flagUnsure != 0}
	var ok bool
	if value[0]&flagLot != 0 {
		n.Lot, rest, ok = cutText(rest)
	} else {
		n.Lot, ok = lotIn(key)
	}
	for once := true; ok && (once || len(rest) > 0); once = false {
		if len(rest) > 0 {
			n.Serial, rest, ok = cutText(rest)
		}
		all = append(all, n)
		n.Former = true // the first is what it is; the others are what it was
	}
	if !ok {
		return nil, fmt.Errorf("record: a row of %d and %d bytes says of no usage what its numbers are", len(key), len(value))
	}
	return all, nil
}

// lotIn reads the lot out of a key of ByLot; ok is false where it cannot be read.
func lotIn(key []byte) (lot string, ok bool) {
	_, behind, ok := cutDI(key)
	if !ok || len(behind) < 1+1+16 {
		return "", false
	}
	numbers := behind[:len(behind)-1-16] // without the 0 behind the exact form, and the usage
	if ordered, ok := bytes.CutSuffix(numbers, []byte{0}); ok {
		return udi.Unorder(string(ordered))
	}
	_, exact, ok := bytes.Cut(numbers, []byte{0})
	return string(exact), ok
}

// cutDI cuts the device identifier off a key that begins with [DIPrefix].
func cutDI(key []byte) (di string, behind []byte, ok bool) {
	switch {
	case len(key) > 0 && key[0] == 0:
		return "", key[1:], true
	case len(key) >= 7 && key[0] == 1:
		return fmt.Sprintf("%014d", binary.BigEndian.Uint64(append([]byte{0, 0}, key[1:7]...))), key[7:], true
	case len(key) > 0 && key[0] == 2:
		if text, behind, ok := bytes.Cut(key[1:], []byte{0}); ok {
			return string(text), behind, true
		}
	}
	return "", nil, false
}

// DIOf reads the device identifier out of a key that begins with [DIPrefix].
func DIOf(key []byte) (di string, ok bool) {
	di, _, ok = cutDI(key)
	return di, ok
}
