package gs1

import (
	"cmp"
	"slices"
	"strings"
)

// Reading is one way to read text from which separators were lost.
type Reading struct {
	Elements []Element // with offsets in the text
	// Failed stand there too, and their check digit is wrong. Only a reading
	// with Instead has such.
	Failed []Element
	// Instead is the text that was read as the separator, where that is what
	// makes the reading; "" where separators are gone altogether.
	Instead string

	cost float64
}

// mostReadings is how many readings are given at most.
const mostReadings = 5

// Readings lists the ways to read AI data in which separators were lost, the
// likeliest first, at most five. It chooses none: compare them with the label,
// a catalogue, or another carrier of the pack. Input that reads well gives none,
// unless its last value ends in a date (see LostSeparator) and nothing shows that
// the reader sends separators. Give it text that went through Clean.
//
// A reading divides all of the input into elements that keep every rule, with no
// AI twice, and puts separators back only before AIs that stand on the packs of
// medical devices. Likely is: few separators lost, fields that packs have, dates
// that make sense, lots and serial numbers of usual length.
func Readings(input string, o Options) []Reading {
	r := Parse(input, o)
	if r.Form != FormElementString && (r.Form != FormScanData || carrierOf(r.Symbology) != carrierAI && carrierOf(r.Symbology) != carrierPlain) && r.Form != FormPlain {
		return nil
	}
	start := len(r.Symbology)
	if r.Valid() {
		if s, ok := r.LostSeparator(); !ok || !s.Strong || !s.Bare {
			return nil
		}
	} else if found := standInReadings(input, start, o); len(found) > 0 {
		return found
	}
	if len(input) > longestSearched {
		return nil
	}
	s := search{text: input, dates: r, budget: 20000}
	s.dates.count = 0 // of the result only the present year is used
	s.from(start, nil, 0, 0)
	slices.SortStableFunc(s.found, func(a, b Reading) int { return cmp.Compare(a.cost, b.cost) })
	return s.found[:min(mostReadings, len(s.found))]
}

// longestSearched is the longest text, in bytes, that is searched for lost
// separators.
const longestSearched = 400

// standInReadings reads characters that values may hold, and that some readers
// send for the separator, as the separator. Wrong check digits are let pass:
// they are the reading's, not the separator's.
func standInReadings(input string, start int, o Options) []Reading {
	var found []Reading
	for _, instead := range []string{"GS", "_", "+", ";", "*", "!", "?", ",", ":"} {
		body := input[start:]
		if strings.Count(body, instead) > 8 || !strings.Contains(strings.Trim(body, instead), instead) {
			continue
		}
		lead := len(body) - len(strings.TrimLeft(body, instead))
		text := strings.ReplaceAll(body[lead:], instead, string(Separator))
		r := Parse(strings.TrimRight(text, string(Separator)), Options{Now: o.Now, Form: FormElementString})
		if r.Len() < 2 || slices.ContainsFunc(r.Issues, func(i Issue) bool { return i.Severity == Hard && i.Code != CodeCheckDigit }) {
			continue
		}
		reading := Reading{Instead: instead}
		for e := range r.Elements() {
			e.Offset += start + lead
			reading.Elements = append(reading.Elements, e)
		}
		for e := range r.Rejected() {
			e.Offset += start + lead
			reading.Failed = append(reading.Failed, e)
		}
		found = append(found, reading)
	}
	return found
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
			s.found = append(s.found, Reading{Elements: slices.Clone(before), cost: cost})
		}
		return
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
