package gs1

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Reading is one way to read text from which something was lost.
type Reading struct {
	Elements []Element // with offsets in the text
	// Failed stand there too, and their check digit is wrong.
	Failed []Element
	// Instead is the text that was read as the separator, where that is what
	// makes the reading; "" where separators are gone altogether.
	Instead string
	// Lead is what the reading puts in front of the text, where its first
	// characters were lost: "0" or "01".
	Lead string
	// Rest is an AI at the end of the text whose value was cut off.
	Rest string

	cost float64
}

// mostReadings is how many readings are given at most.
const mostReadings = 5

// Readings lists the ways to read AI data in which separators or the first
// characters were lost, the likeliest first, at most five. It chooses none:
// compare them with the label, a catalogue, or another carrier of the pack. Input
// that reads well gives none, unless its last value ends in a date (see
// LostSeparator) and nothing shows that the reader sends separators. Give it text
// that went through Clean.
//
// A reading divides all of the input into elements that keep every rule, with no
// AI twice, and puts separators back only before AIs that stand on the packs of
// medical devices. Likely is: few separators lost, fields that packs have, dates
// that make sense, lots and serial numbers of usual length. Input that breaks no
// rule but that of check digits has one reading: what stands there.
func Readings(input string, o Options) []Reading {
	r := Parse(input, o)
	found, printed := asPrinted(r)
	if printed && r.Form != FormElementString {
		return found
	}
	if r.Form != FormElementString && (r.Form != FormScanData || carrierOf(r.Symbology) != carrierAI && carrierOf(r.Symbology) != carrierPlain) && r.Form != FormPlain {
		return nil
	}
	start := len(r.Symbology)
	switch {
	case printed:
		found = append(found, beheaded(input, start, o)...)
		return found[:min(mostReadings, len(found))]
	case r.Valid():
		if s, ok := r.LostSeparator(); !ok || !s.Strong || !s.Bare {
			return nil
		}
		found = standInReadings(input, start, o)
	default:
		found = standInReadings(input, start, o)
		if len(found) > 0 && !slices.ContainsFunc(found, func(r Reading) bool { return strings.Contains(rareStandIns, r.Instead) }) {
			return found[:min(mostReadings, len(found))]
		}
	}
	if len(input) > longestSearched {
		return found[:min(mostReadings, len(found))]
	}
	s := search{text: input, dates: r, budget: 20000}
	s.dates.count = 0 // of the result only the present year is used
	s.from(start, nil, 0, 0)
	if !r.Valid() {
		s.found = append(s.found, beheaded(input, start, o)...)
	}
	slices.SortStableFunc(s.found, func(a, b Reading) int { return cmp.Compare(a.cost, b.cost) })
	found = append(found, s.found...)
	return found[:min(mostReadings, len(found))]
}

// asPrinted gives what stands in input of which nothing but check digits is
// wrong.
func asPrinted(r *Result) ([]Reading, bool) {
	var reading Reading
	for i := range r.Issues {
		if r.Issues[i].Severity == Hard && r.Issues[i].Code != CodeCheckDigit {
			return nil, false
		}
	}
	for e := range r.Rejected() {
		reading.Failed = append(reading.Failed, e)
	}
	for e := range r.Elements() {
		reading.Elements = append(reading.Elements, e)
	}
	for _, e := range append(reading.Failed, reading.Elements...) {
		if len(e.Value) != e.Length { // written with escapes, or with fewer digits
			return nil, false
		}
	}
	if len(reading.Failed) == 0 {
		return nil, false
	}
	return []Reading{reading}, true
}

// beheaded reads input whose first character or two were lost: a reader's text
// went through a cell for numbers, or began too late. The first product number's
// check digit must be right.
func beheaded(input string, start int, o Options) []Reading {
	var found []Reading
	for _, lead := range []string{"0", "01"} {
		text := lead + input[start:]
		if len(text) < 2+14 || text[:2] != string(gtinAI) || !digits(text[2:16]) || !checkDigitFits(text[2:16]) {
			continue
		}
		r := Parse(text, Options{Now: o.Now, Form: FormElementString})
		var these []Reading
		if r.Valid() {
			these = []Reading{{Elements: slices.Collect(r.Elements())}}
		} else {
			s := search{text: text, dates: r, budget: 5000}
			s.dates.count = 0
			s.from(0, nil, 0, 0)
			these = s.found
		}
		for _, reading := range these {
			reading.Lead, reading.cost = lead, reading.cost+costLead
			for i := range reading.Elements {
				reading.Elements[i].Offset += start - len(lead)
			}
			found = append(found, reading)
		}
	}
	return found
}

// Costs of a reading of which the first characters or the last value are lost,
// and of one that names no product.
const costLead, costCut, costNoProduct = 3, 3, 4

// longestSearched is the longest text, in bytes, that is searched for lost
// separators.
const longestSearched = 400

// rareStandIns are read as the separator only before the fields that most packs
// have, and beside other readings: lots hold them too.
const rareStandIns = `.-/'"=(%&`

// standInReadings reads characters that values may hold, and that some readers
// send for the separator, as the separator; and a strange character at the end as
// nothing. Wrong check digits are let pass: they are the reading's, not the
// separator's.
func standInReadings(input string, start int, o Options) []Reading {
	var found []Reading
	body := input[start:]
	try := func(instead string) {
		text, at := replaced(body, instead)
		r := Parse(strings.TrimRight(text, string(Separator)), Options{Now: o.Now, Form: FormElementString})
		if r.Len() == 0 || slices.ContainsFunc(r.Issues, func(i Issue) bool { return i.Severity == Hard && i.Code != CodeCheckDigit }) {
			return
		}
		reading := Reading{Instead: instead}
		shift := func(e Element) Element {
			e.Offset = start + at[e.Offset]
			return e
		}
		for e := range r.Elements() {
			reading.Elements = append(reading.Elements, shift(e))
		}
		for e := range r.Rejected() {
			reading.Failed = append(reading.Failed, shift(e))
		}
		if len(reading.Elements)+len(reading.Failed) < 2 || strings.Contains(rareStandIns, instead) && !common(reading) {
			return
		}
		found = append(found, reading)
	}
	for _, instead := range append([]string{"GS", " ", "_", "+", ";", "*", "!", "?", ",", ":"}, strings.Split(rareStandIns, "")...) {
		if strings.Count(body, instead) <= 8 && strings.Contains(strings.Trim(body, instead), instead) {
			try(instead)
		}
	}
	if last, size := utf8.DecodeLastRuneInString(body); last >= 0x80 && size > 1 || last < 0x80 && size == 1 && !csetX.has(byte(last)) && last != Separator {
		try(body[len(body)-size:])
	}
	return found
}

// replaced is text with the separator for each instead, but for those in front,
// which are left out; at is where each of its bytes stands.
func replaced(text, instead string) (with string, at []int) {
	b := make([]byte, 0, len(text))
	for i := len(text) - len(strings.TrimLeft(text, instead)); i < len(text); {
		at = append(at, i)
		if strings.HasPrefix(text[i:], instead) {
			b = append(b, Separator)
			i += len(instead)
			continue
		}
		b = append(b, text[i])
		i++
	}
	return string(b), at
}

// common reports whether a reading has only fields that most packs have.
func common(reading Reading) bool {
	for _, e := range reading.Elements {
		if rare, known := rarity[e.AI]; !known || rare > rarityUsual {
			return false
		}
	}
	return true
}

// search divides text into elements in every way there is.
type search struct {
	text   string
	dates  *Result // knows which dates make sense
	budget int     // how many elements may still be tried
	found  []Reading
}

// from reads what stands at pos, behind the elements given, of which lost ended
// without a separator that they need.
func (s *search) from(pos int, before []Element, lost int, cost float64) {
	if pos >= len(s.text) {
		if lost > 0 {
			if !slices.ContainsFunc(before, func(e Element) bool { return e.AI == "01" || e.AI == "00" || e.AI == "8006" }) {
				cost += costNoProduct
			}
			s.found = append(s.found, Reading{Elements: slices.Clone(before), cost: cost})
		}
		return
	}
	if rest := AI(s.text[pos:]); lost > 0 && common(Reading{Elements: []Element{{AI: rest}}}) && !slices.ContainsFunc(before, func(e Element) bool { return e.AI == rest }) {
		s.found = append(s.found, Reading{Elements: slices.Clone(before), Rest: string(rest), cost: cost + costCut})
	}
	if s.budget == 0 || len(before) == maxAIs {
		return
	}
	s.budget--
	end := len(s.text)
	if i := strings.IndexByte(s.text[pos:], Separator); i >= 0 {
		end = pos + i
	}
	ai, row := lookupPrefix(s.text[pos:end])
	if row == nil || slices.ContainsFunc(before, func(e Element) bool { return e.AI == ai }) {
		return
	}
	start := pos + len(ai)
	least, most := row.length()
	most = min(most, end-start)
	if row.predefined {
		if least <= most {
			s.take(ai, row, start, least, end, before, lost, cost)
		}
		return
	}
	// The longest value first: the fewer separators are lost, the better.
	for n := most; n >= least; n-- {
		s.take(ai, row, start, n, end, before, lost, cost)
	}
}

// mostLost is how many separators one reading may put back.
const mostLost = 4

// take reads n bytes at start as the value of the AI and goes on.
func (s *search) take(ai AI, row *row, start, n, end int, before []Element, lost int, cost float64) {
	next := start + n
	if !row.predefined && next < end {
		// Behind a lost separator only the AIs of packs are looked for.
		following, _ := lookupPrefix(s.text[next:end])
		if _, there := rarity[following]; !there || lost == mostLost {
			return
		}
		lost++
		cost += 2
	}
	value := s.text[start:next]
	if used, hard, _ := row.check(value, s.dates.year); hard != nil || used != n {
		return
	}
	cost += s.cost(ai, value)
	if next < end || next == len(s.text) {
		s.from(next, append(before, Element{ai, value, start, n}), lost, cost)
		return
	}
	s.from(next+1, append(before, Element{ai, value, start, n}), lost, cost)
}

// rarity says which AIs stand on the packs of medical devices, and how rarely: the
// cost of reading one, about the logarithm of how seldom it is there.
var rarity = map[AI]float64{
	"01": 0, "10": 0, "17": 0, "21": 0.3, "11": 0.5,
	"240": 1.5, "30": 2, "15": 2, "241": 2.5, "20": 3, "22": 3, "37": 3.5, "250": 3.5, "251": 3.5, "235": 4, "7003": 3.5, "8012": 3.5,
	"710": 3, "711": 3, "712": 3, "713": 3, "714": 3, "715": 3, "716": 3, "717": 3,
	"90": 4, "91": 4, "92": 4, "93": 4, "94": 4, "95": 4, "96": 4, "97": 4, "98": 4, "99": 4,
}

// rarityUsual is that of the rarest AI that most packs may have.
const rarityUsual = 2.5

// cost is how much a value speaks against its AI.
func (s *search) cost(ai AI, value string) float64 {
	cost, known := rarity[ai]
	if !known {
		cost = 3
	}
	switch ai {
	case "11", "15", "17":
		// Six digits that make sense as a date are rarely there by chance.
		if s.dates.plausibleDate(ai, value) {
			cost -= 3
		} else {
			cost += 3
		}
	case "10", "21", "240", "241", "250", "251", "22":
		switch n := len(value); {
		case n <= 2:
			cost += 2.5
		case n == 3:
			cost += 1
		case n > 16:
			cost += 1.5
		case n > 13:
			cost += 0.5
		}
	case "30", "37":
		cost += 1.2 * float64(len(value)-1)
		if value[0] == '0' && len(value) > 1 {
			cost++
		}
	case "20":
		if value != "00" && value != "01" {
			cost++
		}
	}
	return cost
}
