package record

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// TimeKey makes a time's eight bytes: milliseconds since 1970, offset so that
// earlier times sort first.
func TimeKey(t time.Time) []byte {
	var ms int64
	if !t.IsZero() {
		ms = t.UnixMilli()
	}
	return binary.BigEndian.AppendUint64(nil, uint64(ms)^1<<63)
}

// PositionKey makes a position's sixteen bytes.
func PositionKey(p trace.Position) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(nil), p.Node[:]...), p.Seq)
}

// PositionOf reads the last sixteen bytes of a key.
func PositionOf(key []byte) trace.Position {
	k := key[len(key)-16:]
	return trace.Position{Node: trace.NodeID(k[:8]), Seq: binary.BigEndian.Uint64(k[8:])}
}

// ID reads the last sixteen bytes of a key.
func ID[T any](key []byte) trace.ID[T] { return trace.ID[T](key[len(key)-16:]) }

func join(parts ...[]byte) []byte {
	var k []byte
	for _, p := range parts {
		k = append(k, p...)
	}
	return k
}

// DIPrefix begins the rows of all usages of a device identifier; with an empty
// one, of those without. A GTIN-14 has seven bytes.
func DIPrefix(di string) []byte {
	switch n, ok := digits(di); {
	case di == "":
		return []byte{0}
	case ok && len(di) == 14:
		return append([]byte{1}, binary.BigEndian.AppendUint64(nil, n)[2:]...)
	}
	return append(append([]byte{2}, di...), 0)
}

func digits(s string) (n uint64, ok bool) {
	if len(s) > 18 {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = 10*n + uint64(s[i]-'0')
	}
	return n, s != ""
}

// NumberPrefix begins the rows of a device identifier and a lot (in ByLot) or
// serial (in BySerial), and of all writing variants of that number.
func NumberPrefix(di, number string) []byte {
	return append(append(DIPrefix(di), udi.Order(number)...), 0)
}

// ExactPrefix begins the rows of a device identifier and a number in just this
// writing.
func ExactPrefix(di, number string) []byte {
	k := NumberPrefix(di, number)
	if number != udi.Fold(number) {
		k = append(k, number...)
	}
	return append(k, 0)
}

// LabelNumberPrefix begins the rows of a catalogue number and all its writing
// variants.
func LabelNumberPrefix(number string) []byte { return append([]byte(udi.Fold(number)), 0) }

func numberKey(di, number string, id trace.UsageID) []byte {
	return append(ExactPrefix(di, number), id[:]...)
}

// DateKey makes a date's three bytes: years, months and days. ok is false for
// what is no date of the form YYYY-MM-DD.
func DateKey(day string) (key []byte, ok bool) {
	n, ok := trace.DayNumber(day)
	if !ok {
		return nil, false
	}
	return []byte{byte(n >> 16), byte(n >> 8), byte(n)}, true
}

// PlaceKeys are what a place is found by: its GLN and its name.
func PlaceKeys(p trace.Place) (ks [][]byte) {
	return hashed(nil, "gln", p.GLN, "place", trace.FoldName(p.Name))
}

// PersonKeys are what a member of staff is found by: the code of the badge and
// the name.
func PersonKeys(p trace.Person) (ks [][]byte) {
	return hashed(nil, "code", p.Code, "person", trace.FoldName(p.Name))
}

// hashed makes eight bytes of each value that is there. Two values may share
// them: what is found is held against the question.
func hashed(ks [][]byte, kindsAndValues ...string) [][]byte {
	for i := 0; i < len(kindsAndValues); i += 2 {
		if kindsAndValues[i+1] == "" {
			continue
		}
		h := sha256.Sum256([]byte(kindsAndValues[i] + "\x00" + kindsAndValues[i+1]))
		ks = append(ks, h[:8:8])
	}
	return ks
}

// OutcomeKey makes a status's byte. A status of a later program shares one with
// others.
func OutcomeKey(s trace.Status) byte {
	if s == "" {
		return 0
	}
	if i := slices.Index(trace.Statuses(), s); i >= 0 {
		return byte(i + 1)
	}
	return 0xff
}
