package gs1

import "strings"

// Separator is the character GS, which a reader transmits for the symbol
// character FNC1 when it ends an element string (section 7.8).
const Separator = '\x1d'

// AI is a GS1 Application Identifier: two to four digits that say what the value
// behind them means (section 3.2).
type AI string

// Title returns the data title of the AI in the GS1 General Specifications,
// such as "BATCH/LOT". It is "" for an AI that is not allocated, and for the
// coupon codes (8110) and (8112), which have none.
func (a AI) Title() string {
	if r := lookup(string(a)); r != nil {
		return r.title
	}
	return ""
}

// row holds the rules of an AI, or of a range of AIs that differ in the last
// digit only, in the shape of the GS1 Barcode Syntax Dictionary.
type row struct {
	first, last string
	title       string
	// predefined: the length follows from the first two digits, so no
	// separator is needed behind the value (section 7.8, the table of element
	// strings with predefined length). Other AIs of fixed length need one.
	predefined bool
	// attribute: the AI may stand in the query of a Digital Link URI.
	attribute bool
	// key: the AI is a primary key of Digital Link URIs. qualifiers are the
	// sequences of AIs that may follow it in the path; any may be left out.
	key        bool
	qualifiers [][]AI
	parts      []part
	// required: of each member, one group of AIs must be there as a whole.
	required [][][]pattern
	// excluded: none of these may be there. An AI does not exclude itself.
	excluded []pattern
}

// part is one component of a value. Only the last may vary in length; optional
// parts come after all others.
type part struct {
	set      charset
	min, max int
	optional bool
	lints    []linter
}

// pattern is an AI with "n" for any digit at its end, such as "310n" or "31nn".
type pattern string

// aiRange is the AIs from first to last, by their codes.
type aiRange struct{ first, last aiCode }

// among returns the AIs that the pattern means.
func (p pattern) among() aiRange {
	return aiRange{codeOf(strings.ReplaceAll(string(p), "n", "0")), codeOf(strings.ReplaceAll(string(p), "n", "9"))}
}

func (g aiRange) has(c aiCode) bool { return g.first <= c && c <= g.last }

// length returns the bounds of a whole value.
func (r *row) length() (least, most int) {
	for i := range r.parts {
		if !r.parts[i].optional {
			least += r.parts[i].min
		}
		most += r.parts[i].max
	}
	return least, most
}

// lookup returns the rules of exactly this AI, or nil.
func lookup(ai string) *row {
	if len(ai) < 2 || len(ai) > 4 || !digits(ai) {
		return nil
	}
	return codeOf(ai).row()
}

// lookupPrefix returns the AI at the start of data and its rules, or "" and nil.
func lookupPrefix(data string) (AI, *row) {
	n := aiLength(data)
	if n == 0 || len(data) < n {
		return "", nil
	}
	r := lookup(data[:n])
	if r == nil {
		return "", nil
	}
	return AI(data[:n]), r
}

// aiCode is an AI of two to four digits as a number: those of two digits come
// first, then those of three.
type aiCode uint16

// codeBase has the code of "00", "000" and "0000".
var codeBase = [...]aiCode{2: 0, 3: 100, 4: 1100}

func codeOf(ai string) aiCode { return codeBase[len(ai)] + aiCode(number(ai)) }

// row returns the rules of the AI, or nil.
func (c aiCode) row() *row {
	if n := aiIndex[c]; n > 0 {
		return &aiTable[n-1]
	}
	return nil
}

// aiIndex gives the row of each AI in aiTable by its code, counted from 1; 0 is
// none.
var aiIndex = func() (index [11100]uint16) {
	for i := range aiTable {
		r := &aiTable[i]
		for c := codeOf(r.first); c <= codeOf(r.last); c++ {
			index[c] = uint16(i + 1)
		}
	}
	return index
}()

// aiLengths gives the number of digits of an AI by its first two.
var aiLengths = func() (length [100]uint8) {
	for i := range aiTable {
		r := &aiTable[i]
		for n := number(r.first[:2]); n <= number(r.last[:2]); n++ {
			length[n] = uint8(len(r.first))
		}
	}
	return length
}()

// aiLength returns the number of digits of the AI that data starts with, which
// follows from its first two, or 0 when no AI starts with those.
func aiLength(data string) int {
	if len(data) < 2 || !digits(data[:2]) {
		return 0
	}
	return int(aiLengths[number(data[:2])])
}

// digits reports whether s has nothing but the digits 0 to 9.
func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
