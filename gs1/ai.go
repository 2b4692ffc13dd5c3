package gs1

import (
	"sort"
	"strings"
)

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

// pattern is an AI with "n" for any digit, such as "310n".
type pattern string

func (p pattern) matches(ai AI) bool {
	if len(p) != len(ai) {
		return false
	}
	for i := range len(p) {
		if p[i] != 'n' && p[i] != ai[i] {
			return false
		}
	}
	return true
}

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
	i := sort.Search(len(aiTable), func(i int) bool { return aiTable[i].first > ai })
	if i == 0 {
		return nil
	}
	r := &aiTable[i-1]
	if len(r.first) != len(ai) || ai > r.last || !digits(ai) {
		return nil
	}
	return r
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

// aiLength returns the number of digits of the AI that data starts with, which
// follows from its first two, or 0 when no AI starts with those.
func aiLength(data string) int {
	if len(data) < 2 || !digits(data[:2]) {
		return 0
	}
	switch two := data[:2]; {
	case strings.Contains("00 01 02 03 10 11 12 13 15 16 17 20 21 22 30 37", two), two >= "90":
		return 2
	case strings.Contains("23 24 25 40 41 42 71", two):
		return 3
	case strings.Contains("31 32 33 34 35 36 39 43 70 72 80 81 82", two):
		return 4
	}
	return 0
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
