package record

import (
	"bytes"
	"encoding/binary"

	"implantrace/internal/udi"
)

// The pieces of a lot have one expiry date and one date of manufacture, nearly
// always. So the tables by date have a row for each lot and date, not for each
// piece, and the pieces are found in ByLot. How many there are is counted, so that a
// row goes when its last usage was corrected.

// datedKey is the key of a device in a table by date; nil for a device without the
// date.
func datedKey(d udi.Device, date udi.Date) []byte {
	day, ok := DateKey(date.Day)
	if !ok {
		return nil
	}
	prefix := DIPrefix(d.DI)
	return join(prefix, day, ExactPrefix(d.DI, d.Lot)[len(prefix):])
}

// Dated reads a key of a table by date: what the keys of the lot begin with in ByLot,
// and the date's key.
func Dated(key []byte) (lot, day []byte, ok bool) {
	_, behind, ok := cutDI(key)
	if !ok || len(behind) < 3 {
		return nil, nil, false
	}
	return join(key[:len(key)-len(behind)], behind[3:]), behind[:3], true
}

// recount takes a usage from one row of a table by date to another.
func (w *writer) recount(t Table, old, now []byte) {
	if bytes.Equal(old, now) {
		return
	}
	if old != nil {
		if n, _ := binary.Uvarint(w.prior.Get(t, old)); n > 1 {
			w.put(t, old, binary.AppendUvarint(nil, n-1))
		} else {
			w.out = append(w.out, Mutation{Table: t, Key: old, Delete: true})
		}
	}
	if now != nil {
		n, _ := binary.Uvarint(w.prior.Get(t, now))
		w.put(t, now, binary.AppendUvarint(nil, n+1))
	}
}
