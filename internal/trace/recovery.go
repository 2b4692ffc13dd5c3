package trace

// RecoveryFact says what was lost when a store was recovered from a damaged
// file. It stands in the log that the recovered store began.
type RecoveryFact struct {
	Logs []RecoveredLog `json:"logs" cbor:"1,keyasint"`
}

// RecoveredLog is what became of one log.
type RecoveredLog struct {
	Node    NodeID `json:"node" cbor:"1,keyasint"`
	Entries uint64 `json:"entries" cbor:"2,keyasint"`                  // places, those of lost entries among them
	Lost    []Span `json:"lost,omitempty" cbor:"3,keyasint,omitempty"` // entries that are gone
	Bare    []Span `json:"bare,omitempty" cbor:"4,keyasint,omitempty"` // entries whose sealed part is gone
}

// Span is a stretch of a log, both ends included.
type Span struct {
	First uint64 `json:"first" cbor:"1,keyasint"`
	Last  uint64 `json:"last" cbor:"2,keyasint"`
}

// Has reports whether one of the spans has an entry.
func Has(spans []Span, seq uint64) bool {
	for _, s := range spans {
		if s.First <= seq && seq <= s.Last {
			return true
		}
	}
	return false
}

// Spanned is how many entries spans have.
func Spanned(spans []Span) (n uint64) {
	for _, s := range spans {
		n += s.Last - s.First + 1
	}
	return n
}

// Extend adds the next entry to spans, which come in order.
func Extend(spans []Span, seq uint64) []Span {
	if n := len(spans); n > 0 && spans[n-1].Last+1 == seq {
		spans[n-1].Last = seq
		return spans
	}
	return append(spans, Span{seq, seq})
}

// Kind is Fact's.
func (RecoveryFact) Kind() FactKind { return KindRecovery }

// Object is Fact's.
func (RecoveryFact) Object() [16]byte { return [16]byte(NamedID[OfEvent]("recovery", "")) }

// Recovery says what a damaged file still held.
type Recovery struct {
	Node      NodeID         `json:"node"`  // of the new store's own log
	Whole     bool           `json:"whole"` // nothing is lost, and the log goes on in its own place
	Logs      []RecoveredLog `json:"logs"`
	Recovered uint64         `json:"recovered"` // entries
	Lost      uint64         `json:"lost"`      // entries
	Unproved  []Position     `json:"unproved"`  // entries that can be read, and that nothing is left to prove by
	KeysGone  []string       `json:"keys_gone"` // subjects whose identities cannot be read any more
	Damage    []Finding      `json:"damage"`    // of the file
}
