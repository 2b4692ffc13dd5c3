package record

import (
	"bytes"

	"implantrace/internal/trace"
)

// The marks of a row of Numbers, in its first byte.
const (
	markByHand = 1 << iota
	markUnsure
	markWithdrawn
)

// numbers moves the rows of Numbers from the old state of a usage to the new.
func (w *writer) numbers(old, now trace.Usage, had bool) {
	before, after := map[string][]byte{}, map[string][]byte{}
	var order []string
	for _, s := range []struct {
		u    trace.Usage
		rows map[string][]byte
		is   bool
	}{{old, before, had}, {now, after, true}} {
		if !s.is {
			continue
		}
		for i, d := range identities(s.u) {
			k := string(numbersKey(d.DI, s.u.ID, i))
			if _, ok := before[k]; !ok {
				order = append(order, k)
			}
			s.rows[k] = join([]byte{marks(s.u)}, []byte(d.Lot), []byte{0}, []byte(d.Serial))
		}
	}
	for _, k := range order {
		was, is := before[k], after[k]
		switch {
		case is == nil:
			w.out = append(w.out, Mutation{Table: Numbers, Key: []byte(k), Delete: true})
		case !bytes.Equal(was, is):
			w.put(Numbers, []byte(k), is)
		}
	}
}

// NumbersPrefix begins the rows of a device identifier in Numbers.
func NumbersPrefix(di string) []byte { return append([]byte(di), 0) }

// numbersKey is the key of a usage's how-manieth identity; one that was changed
// very often has all the rest under the last number.
func numbersKey(di string, id trace.UsageID, n int) []byte {
	return join(NumbersPrefix(di), id[:], []byte{byte(min(n, 255))})
}

func marks(u trace.Usage) (m byte) {
	if u.Provenance == trace.Typed || u.Provenance == trace.Imported {
		m |= markByHand
	}
	if u.Damaged || u.NotVerbatim() {
		m |= markUnsure
	}
	if u.Withdrawn {
		m |= markWithdrawn
	}
	return m
}

// NumbersRow reads a row of Numbers: the device identifier and what is indexed
// under it.
func NumbersRow(key, value []byte) (di string, n trace.Numbered) {
	end := bytes.IndexByte(key, 0)
	if end < 0 || len(key) != end+18 || len(value) < 2 {
		return "", n // no row that this package writes
	}
	copy(n.Usage[:], key[end+1:])
	n.Former = key[end+17] != 0
	n.ByHand, n.Unsure, n.Withdrawn = value[0]&markByHand != 0, value[0]&markUnsure != 0, value[0]&markWithdrawn != 0
	lot, serial, _ := bytes.Cut(value[1:], []byte{0})
	n.Lot, n.Serial = string(lot), string(serial)
	return string(key[:end]), n
}
