package gs1

import "strings"

// Suspicion says that a value plausibly holds the fields behind it, whose
// separator was lost. To the letter of the standard the value is right.
type Suspicion struct {
	Element Element
	// Strong: what stands at the end of the value is a date's AI and a date that
	// makes sense, or the value is far longer than lots are and is two numbers of
	// their usual build with an AI between them. One number in thousands is so by
	// chance. Otherwise it is enough to look at the label, and not enough to doubt
	// the value.
	Strong bool
	// Bare: the input has no separator at all, so that nothing shows that the
	// reader sends them.
	Bare bool
}

// LostSeparator looks for a value that plausibly holds further fields. Only the
// last one can, and only where the AIs it would hold are not there already. A
// reader that sent another separator sends them all: of such input only a date at
// the end is reported. One that names the symbology may still lose them: many a
// keyboard cannot type the character.
//
// A rule of two digits anywhere in a number would flag one lot of eight in the
// world. This one flags a lot of 8 to 12 random digits about once in ten
// thousand, and well under one in fifty of lots with letters.
func (r *Result) LostSeparator() (Suspicion, bool) {
	if r.Form != FormElementString && r.Form != FormScanData || r.count == 0 {
		return Suspicion{}, false
	}
	s := &r.spans[r.count-1]
	row := lookup(string(r.ai(s)))
	if s.rejected || s.extra || row == nil || row.predefined {
		return Suspicion{}, false
	}
	e := r.at(s)
	if e.Offset+e.Length != len(r.input) {
		return Suspicion{}, false // a separator closes it
	}
	switch e.AI {
	case "10", "21", "240", "241":
	default:
		return Suspicion{}, false
	}
	if r.endsInDates(e.Value) {
		return Suspicion{e, true, r.bare()}, true
	}
	if r.bare() && r.holdsTwoNumbers(e) {
		return Suspicion{e, true, true}, true
	}
	if r.bare() && (r.endsInMonth(e.Value) || holdsMark(e.Value) || r.holdsPartner(e)) {
		return Suspicion{e, false, true}, true
	}
	return Suspicion{}, false
}

// bare reports whether nothing shows that the reader sends separators.
func (r *Result) bare() bool { return strings.IndexByte(r.input, Separator) < 0 }

// endsInMonth reports whether the value ends in a date without a day, which is
// rare enough on packs to be told and too common in numbers to be believed.
func (r *Result) endsInMonth(value string) bool {
	n := len(value) - 8
	return n >= 2 && value[n+6:] == "00" && r.plausibleDate(AI(value[n:n+2]), value[n+2:])
}

// holdsMark reports whether a character that some readers send for the separator
// stands before what may be another field.
func holdsMark(value string) bool {
	for i := 1; i+3 < len(value); i++ {
		if strings.IndexByte(";,*+_", value[i]) < 0 {
			continue
		}
		for _, ai := range []string{"10", "11", "17", "21", "240"} {
			if strings.HasPrefix(value[i+1:], ai) && len(value) > i+1+len(ai) {
				return true
			}
		}
	}
	return false
}

// endsInDates reports whether behind at least two characters, or five where they
// are digits only, there is one date with its AI or more, and then nothing, or
// one more field or its AI. A number of up to twelve digits never does.
func (r *Result) endsInDates(value string) bool {
	for i := 2; i+8 <= len(value); i++ {
		if i < 5 && digits(value[:i]) {
			continue
		}
		rest := value[i:]
		dates := 0
		for len(rest) >= 8 && rest[6:8] != "00" && r.plausibleDate(AI(rest[:2]), rest[2:8]) {
			rest = rest[8:]
			dates++
		}
		if dates == 0 {
			continue
		}
		if rest == "" {
			return true
		}
		for _, ai := range []AI{"10", "21", "30", "240"} {
			if rest == string(ai) && !r.has(ai) {
				return true // and the text is cut off
			}
			if len(rest) > len(ai) && strings.HasPrefix(rest, string(ai)) && !r.has(ai) {
				if n, hard, _ := lookup(string(ai)).check(rest[len(ai):], r.year); hard == nil && n == len(rest)-len(ai) {
					return true
				}
			}
		}
	}
	return false
}

func (r *Result) has(ai AI) bool {
	_, ok := r.Value(ai)
	return ok
}

// plausibleDate reports whether a pack may say that date: it was made in the last
// fifteen years, or is to be used within ten years before and twelve after now.
func (r *Result) plausibleDate(ai AI, yymmdd string) bool {
	if ai != "11" && ai != "15" && ai != "17" || r.has(ai) || !digits(yymmdd) || checkYymmd0Hard(yymmdd, r.year) {
		return false
	}
	if r.year == 0 {
		return true
	}
	age := r.year - century(number(yymmdd[:2]), r.year)
	if ai == "11" {
		return age >= 0 && age <= 15
	}
	return age >= -12 && age <= 10
}

// checkYymmd0Hard reports whether six digits are no date at all.
func checkYymmd0Hard(yymmdd string, year int) bool {
	f := checkYymmd0(yymmdd, year)
	return f != nil && !f.warning
}

// Two numbers run together are as long as this at least; a lot alone hardly ever
// is.
const shortestTwoNumbers = 16

// unlikelyMarks hardly ever stand in lots and serial numbers, and some readers send
// them for the separator.
const unlikelyMarks = `;,*+_!?:'"=(&`

// holdsTwoNumbers reports whether a lot is a number of up to two capitals and four
// to eight digits, AI 21, and a serial number of letters and digits; or two plain
// numbers (hyphens allowed) with an unlikely mark before AI 21; or a serial the same with a lot.
func (r *Result) holdsTwoNumbers(e Element) bool {
	partner := AI("21")
	if e.AI == "21" {
		partner = "10"
	} else if e.AI != "10" {
		return false
	}
	if r.has(partner) {
		return false
	}
	if n := strings.IndexAny(e.Value, unlikelyMarks); n >= 4 && strings.HasPrefix(e.Value[n+1:], string(partner)) {
		if rest := e.Value[n+3:]; len(rest) >= 4 && plainNumber(strings.ReplaceAll(e.Value[:n]+rest, "-", "")) {
			return true
		}
	}
	if len(e.Value) < shortestTwoNumbers {
		return false
	}
	letters := 0
	for letters < 2 && e.Value[letters] >= 'A' && e.Value[letters] <= 'Z' {
		letters++
	}
	for n := letters; n < letters+8 && n+2 < len(e.Value) && e.Value[n] >= '0' && e.Value[n] <= '9'; n++ {
		if n < letters+4 || AI(e.Value[n:n+2]) != partner {
			continue
		}
		if rest := e.Value[n+2:]; len(rest) >= 6 && plainNumber(rest) && !digits(rest) && strings.ContainsAny(rest, digitChars) {
			return true
		}
	}
	return false
}

// plainNumber reports whether s is capitals and digits only.
func plainNumber(s string) bool {
	for i := range len(s) {
		if !(s[i] >= '0' && s[i] <= '9' || s[i] >= 'A' && s[i] <= 'Z') {
			return false
		}
	}
	return true
}

// holdsPartner reports whether a lot may hold the serial number behind it, a
// serial the lot, or either the maker's number (240): with at least four
// characters on either side of the AI, a letter among them; or, for a lot of
// digits only, where it is far longer than lots are.
func (r *Result) holdsPartner(e Element) bool {
	const side = 4
	if len(e.Value) < 2*side+2 {
		return false
	}
	inside := e.Value[side : len(e.Value)-side]
	if e.AI != "240" && e.AI != "241" && !r.has("240") && strings.Contains(inside, "240") {
		return true
	}
	partner := AI("21")
	if e.AI == "21" {
		partner = "10"
	} else if e.AI != "10" {
		return false
	}
	if r.has(partner) || digits(e.Value) && (e.AI != "10" || len(e.Value) < 13) {
		return false
	}
	return strings.Contains(inside, string(partner))
}
