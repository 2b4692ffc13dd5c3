package record

import "implantrace/internal/trace"

// The two kinds of rows of Sets.
const (
	setByID   = 0
	setByCode = 1
)

// SetKey is the key of a set in Sets.
func SetKey(id trace.SetID) []byte { return join([]byte{setByID}, id[:]) }

// SetPrefix begins the rows of all sets.
func SetPrefix() []byte { return []byte{setByID} }

// SetCodePrefix begins the rows of the sets with a barcode. Two codes may share one:
// what is found is held against the question.
func SetCodePrefix(code string) []byte {
	return join(append([][]byte{{setByCode}}, hashed(nil, "set", code)...)...)
}

// foldSet is the last that was said of a set.
func foldSet(about []trace.Entry) (s trace.Set) {
	for _, e := range about {
		s.SetFact = e.Fact.(trace.SetFact)
		s.History = append(s.History, stamp(e))
	}
	return s
}

// set moves the row by which a set's barcode finds it.
func (w *writer) set(id trace.SetID, before, now []trace.Entry) {
	codes := func(about []trace.Entry) (rs rows) {
		if s := foldSet(about); len(about) > 0 && s.Code != "" && !s.Removed {
			rs.add(join(SetCodePrefix(s.Code), id[:]), nil)
		}
		return rs
	}
	w.move(Sets, codes(before), codes(now))
	w.value(Sets, SetKey(id), foldSet(now))
}
