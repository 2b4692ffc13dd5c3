package recall

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"implantrace/internal/udi"
)

// Proposal is something in the text of a notice that may be an identifier or a
// date. A person confirms each; none is taken over by itself.
type Proposal struct {
	Field string `json:"field"` // of a notice or its criteria: di, catalogue_no, lot, serial, reference, made, expiry, implanted, issued, underway_by, complete_by
	Value string `json:"value,omitempty"`
	From  string `json:"from,omitempty"` // of a range of lots or serial numbers, or of a period
	To    string `json:"to,omitempty"`
	Line  string `json:"line"`            // in which it stands, cut to what a person can take in
	Doubt string `json:"doubt,omitempty"` // why it may be something else
}

func (p Proposal) String() string {
	if p.From+p.To != "" {
		return strings.TrimSpace(p.From + " to " + p.To)
	}
	return p.Value
}

// PasteMost is the longest text that is read, in bytes: a hundred pages. Reading
// it takes under a second.
const PasteMost = 256 << 10

// proposalsMost bounds what is proposed: a list of thousands is to be uploaded.
const proposalsMost = 5000

var (
	labels = []struct {
		field string
		word  *regexp.Regexp
	}{
		{"serial", regexp.MustCompile(`(?i)\bserial(?:\s*(?:numbers?|nos?\.?))?(?:\s*(?:range|affected))?\b|\bS/N\b|\(21\)`)},
		{"lot", regexp.MustCompile(`(?i)\b(?:lots?|batch(?:es)?)(?:\s*(?:numbers?|nos?\.?|codes?))?(?:\s*(?:range|affected))?\b|\(10\)`)},
		{"catalogue_no", regexp.MustCompile(`(?i)\b(?:catalogue|catalog|cat\.?|part|order|article|item|model)\s*(?:numbers?|nos?\.?|codes?)\b|\bREFs?\b`)},
		{"di", regexp.MustCompile(`(?i)\b(?:GTINs?|UDI-DIs?|UDIs?|device identifiers?)\b|\(01\)`)},
	}
	digitsRun  = regexp.MustCompile(`\d[\d ]{6,20}\d`)
	hibcText   = regexp.MustCompile(`\+[A-Z][0-9A-Z]{3}[0-9A-Z.-]{1,18}[0-9][0-9A-Z .$/+%-]`)
	reference  = regexp.MustCompile(`\b(?:FSCA|FSN|NatPSA|MDA|CAPA|FA|MHRA)(?:\s+(?:ref(?:erence)?|no\.?|number))?[-:/ #]*[0-9A-Z][0-9A-Z/-]*[0-9][0-9A-Z/-]*`)
	token      = regexp.MustCompile(`[0-9A-Za-z][0-9A-Za-z./_-]*`)
	rangeWords = regexp.MustCompile(`(?i)^\s*(?:to|through|thru|until|–|—|-|\.\.+)\s+|^\s*[–—]\s*`)
	someDate   = regexp.MustCompile(`(?i)\b(\d{4}-\d\d-\d\d|\d{1,2}[/.]\d{1,2}[/.]\d{4}|\d{1,2}(?:st|nd|rd|th)?\s+(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?\s+\d{4})\b`)
	ordinal    = regexp.MustCompile(`(?i)(\d)(?:st|nd|rd|th)\b`)
	dateKinds  = []struct {
		field string
		word  *regexp.Regexp
	}{
		{"underway_by", regexp.MustCompile(`(?i)under\s?way`)}, {"complete_by", regexp.MustCompile(`(?i)complete|deadline|respond by|reply by|return .* by`)},
		{"made", regexp.MustCompile(`(?i)manufactur|\bmade\b|produced`)}, {"expiry", regexp.MustCompile(`(?i)expir|use by|use-by`)},
		{"implanted", regexp.MustCompile(`(?i)implant|used between|distributed|supplied|shipped`)}, {"issued", regexp.MustCompile(`(?i)issued|date of (?:this )?notice|^\s*date\b|dated`)},
	}
	notANumber = map[string]bool{"AND": true, "OR": true, "TO": true, "THE": true, "ALL": true, "NO": true, "NOS": true, "NUMBER": true, "NUMBERS": true, "OF": true, "IN": true, "WITH": true, "ARE": true, "IS": true, "SEE": true, "BELOW": true, "N/A": true}
)

// Propose finds what may be identifiers and dates in the text of a notice.
func Propose(text string) (all []Proposal) {
	if len(text) > PasteMost {
		text = strings.ToValidUTF8(text[:PasteMost], "")
	}
	seen := make(map[Proposal]bool)
	under := "" // the field whose label stood by itself on a line above
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(line, "\u00a0", " "), ""))
		if line == "" {
			under = ""
			continue
		}
		add := func(p Proposal) {
			if p.Line = line; len(p.Line) > 160 {
				p.Line = strings.ToValidUTF8(p.Line[:160], "") + "..."
			}
			key := p
			key.Line, key.Doubt = "", ""
			if !seen[key] && len(all) < proposalsMost {
				seen[key] = true
				all = append(all, p)
			}
		}
		for _, r := range reference.FindAllString(line, -1) {
			add(Proposal{Field: "reference", Value: strings.Join(strings.Fields(r), " ")})
		}
		proposeDIs(line, add)
		proposeDates(line, add)
		under = proposeNumbers(line, under, add)
	}
	return all
}

func proposeDIs(line string, add func(Proposal)) {
	labelled := labels[3].word.MatchString(line)
	for _, at := range digitsRun.FindAllStringIndex(line, -1) {
		digits := strings.ReplaceAll(line[at[0]:at[1]], " ", "")
		before := at[0] > 0 && (line[at[0]-1] >= 'A' && line[at[0]-1] <= 'Z' || line[at[0]-1] == '-' || line[at[0]-1] >= 'a' && line[at[0]-1] <= 'z')
		di, err := udi.ParseDI(digits)
		switch {
		case before || len(digits) < 12 && !labelled:
		case err == nil:
			add(Proposal{Field: "di", Value: di})
		case labelled && (len(digits) >= 12 && len(digits) <= 14):
			add(Proposal{Field: "di", Value: digits, Doubt: "its check digit is wrong"})
		}
	}
	for _, t := range hibcText.FindAllString(line, -1) {
		if di, err := udi.ParseDI(t); err == nil {
			add(Proposal{Field: "di", Value: di})
		}
	}
}

// proposeNumbers finds lots, serial numbers and catalogue numbers behind their
// labels; a label by itself speaks of the lines below it, up to an empty one.
func proposeNumbers(line, under string, add func(Proposal)) string {
	type mark struct {
		field      string
		begin, end int
	}
	var marks []mark
	for _, l := range labels { // a DI ends a list, and is found elsewhere
		for _, at := range l.word.FindAllStringIndex(line, -1) {
			marks = append(marks, mark{l.field, at[0], at[1]})
		}
	}
	slices.SortFunc(marks, func(a, b mark) int { return a.begin - b.begin })
	if len(marks) == 0 {
		if under != "" {
			proposeList(under, line, add)
		}
		return under
	}
	for i, m := range marks {
		if m.field == "di" {
			continue
		}
		end := len(line)
		if i+1 < len(marks) {
			end = marks[i+1].begin
		}
		rest := strings.TrimLeft(line[m.end:end], " \t:.#-–=")
		if proposeList(m.field, rest, add); strings.Trim(rest, " :.") == "" && i == len(marks)-1 && i == 0 {
			return m.field
		}
	}
	return ""
}

// proposeList reads values that are parted by commas, spaces or "and", and ranges
// of two that are joined by "to" or a dash. It ends with the first words.
func proposeList(field, s string, add func(Proposal)) {
	if someDate.MatchString(s) {
		s = s[:someDate.FindStringIndex(s)[0]]
	}
	words := 0
	var last string
	for s != "" && words < 2 {
		at := token.FindStringIndex(s)
		if at == nil {
			return
		}
		between, v := s[:at[0]], strings.TrimRight(s[at[0]:at[1]], "./_-")
		s = s[at[1]:]
		if strings.ContainsAny(between, ".)") && last != "" && strings.Contains(between, " ") {
			return // another sentence
		}
		if notANumber[strings.ToUpper(v)] {
			continue
		}
		if !strings.ContainsAny(v, "0123456789") || len(v) > 40 {
			words++
			continue
		}
		words, last = 0, v
		if m := rangeWords.FindString(s); m != "" {
			if to := token.FindStringIndex(s[len(m):]); to != nil && to[0] == 0 {
				end := strings.TrimRight(s[len(m):][:to[1]], "./_-")
				if strings.ContainsAny(end, "0123456789") && field != "catalogue_no" {
					p := Proposal{Field: field, From: v, To: end}
					if _, err := newRange(v, end); err != nil {
						p.Doubt = err.Error()
					}
					add(p)
					s = s[len(m)+to[1]:]
					continue
				}
			}
		}
		add(Proposal{Field: field, Value: v})
	}
}

func proposeDates(line string, add func(Proposal)) {
	found := someDate.FindAllString(line, -1)
	if len(found) == 0 {
		return
	}
	field, doubt := "", ""
	for _, k := range dateKinds {
		if k.word.MatchString(line) {
			field = k.field
			break
		}
	}
	if field == "" {
		return
	}
	var days []string
	for _, f := range found {
		day, either := dateIn(f)
		if day == "" {
			continue
		}
		if either {
			doubt = "day and month may stand the other way round"
		}
		days = append(days, day)
	}
	switch period := field == "made" || field == "expiry" || field == "implanted"; {
	case len(days) == 0:
	case !period:
		add(Proposal{Field: field, Value: days[0], Doubt: doubt})
	case len(days) >= 2:
		add(Proposal{Field: field, From: days[0], To: days[1], Doubt: doubt})
	case regexp.MustCompile(`(?i)\b(before|until|up to|prior to)\b`).MatchString(line):
		add(Proposal{Field: field, To: days[0], Doubt: doubt})
	default:
		add(Proposal{Field: field, From: days[0], Doubt: doubt})
	}
}

// dateIn reads a date as notices write it; either reports that its day and month
// could be exchanged.
func dateIn(s string) (day string, either bool) {
	s = strings.Join(strings.Fields(strings.ReplaceAll(ordinal.ReplaceAllString(s, "$1"), ".", "/")), " ")
	if len(s) > 4 && strings.Contains(s, " ") {
		parts := strings.Split(strings.ReplaceAll(s, "/", ""), " ")
		s = parts[0] + " " + strings.ToUpper(parts[1][:1]) + strings.ToLower(parts[1][1:3]) + " " + parts[2]
	}
	for _, layout := range []string{time.DateOnly, "2/1/2006", "2 Jan 2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Format(time.DateOnly), layout == "2/1/2006" && t.Day() <= 12 && t.Day() != int(t.Month())
		}
	}
	return "", false
}
