package record

import "implantrace/internal/trace"

// listed is what the directory says of a code after all that was said.
func listed[F trace.StaffFact | trace.PlaceFact | trace.CodeFact](about []trace.Entry) (l trace.Listed[F]) {
	for _, e := range about {
		l.Fact = any(e.Fact).(F)
		l.History = append(l.History, stamp(e))
	}
	return l
}

// PlaceKey is the key in [Places] of a location number.
func PlaceKey(gln, extension string) []byte { return []byte(gln + "\x00" + extension) }
