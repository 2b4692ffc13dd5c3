package gs1

import (
	"slices"
	"strings"
	"testing"
)

func TestTableOfApplicationIdentifiers(t *testing.T) {
	if DictionaryRelease != "2026-01-27" {
		t.Errorf("release %s", DictionaryRelease)
	}
	count, previous := 0, ""
	for i := range aiTable {
		r := &aiTable[i]
		if r.first <= previous || r.last < r.first || len(r.first) != len(r.last) {
			t.Errorf("%s-%s behind %s: not in lexical order", r.first, r.last, previous)
		}
		previous = r.last
		for ai := r.first; ai <= r.last; ai = next(ai) {
			count++
			if lookup(ai) != r {
				t.Errorf("%s is not found", ai)
			}
			if n := aiLength(ai); n != len(ai) {
				t.Errorf("%s: length by prefix %d", ai, n)
			}
			if got, row := lookupPrefix(ai + "X"); string(got) != ai || row != r {
				t.Errorf("%s is not found as a prefix", ai)
			}
		}
		least, most := r.length()
		if r.predefined && least != most {
			t.Errorf("%s: predefined length %d to %d", r.first, least, most)
		}
		optional := false
		for j, p := range r.parts {
			if p.min > p.max || p.min < 1 || p.min != p.max && j != len(r.parts)-1 {
				t.Errorf("%s: part %d has length %d to %d", r.first, j, p.min, p.max)
			}
			if optional && !p.optional {
				t.Errorf("%s: mandatory part %d behind an optional one", r.first, j)
			}
			optional = p.optional
		}
	}
	if count != 541 {
		t.Errorf("%d AIs, want 541", count)
	}
}

// next adds one to the last digits of an AI.
func next(ai string) string {
	b := []byte(ai)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i]++; b[i] <= '9' {
			return string(b)
		}
		b[i] = '0'
	}
	return strings.Repeat("~", len(b)) // behind every AI
}

func TestLookupOfWhatIsNoAI(t *testing.T) {
	for _, s := range []string{"", "0", "04", "14", "018", "1", "3106", "41", "418", "8120", "800", "80011", "9", "910", "1A", "٠١", "\x1d\x1d", " 0"} {
		if r := lookup(s); r != nil {
			t.Errorf("%q: found %s", s, r.first)
		}
		if ai, r := lookupPrefix(s); r != nil && s != "018" && s != "80011" && s != "910" {
			t.Errorf("%q: found %s", s, ai)
		}
	}
}

func TestPredefinedLengthsAreThoseOfTheStandard(t *testing.T) {
	prefixes := []string{"00", "01", "02", "03", "11", "12", "13", "15", "16", "17", "20", "31", "32", "33", "34", "35", "36", "41"}
	for i := range aiTable {
		if r := &aiTable[i]; r.predefined != slices.Contains(prefixes, r.first[:2]) {
			t.Errorf("%s: predefined is %v", r.first, r.predefined)
		}
	}
}

func TestPattern(t *testing.T) {
	for _, tt := range []struct {
		p    pattern
		ai   string
		want bool
	}{{"310n", "3103", true}, {"310n", "3110", false}, {"31nn", "3157", true}, {"31nn", "3200", false}, {"01", "01", true}, {"01", "02", false}, {"394n", "394", false}, {"10", "100", false}} {
		if got := tt.p.among().has(codeOf(tt.ai)); got != tt.want {
			t.Errorf("%s means %s: %v", tt.p, tt.ai, got)
		}
	}
}

func TestPatternsOfTheTableEndInTheirDigitsLeftOpen(t *testing.T) {
	check := func(i int, p pattern) {
		fixed := strings.TrimRight(string(p), "n")
		if len(p) < 2 || len(p) > 4 || fixed == "" || !digits(fixed) {
			t.Errorf("%s: pattern %q", aiTable[i].first, p)
		}
	}
	for i := range aiTable {
		for _, p := range aiTable[i].excluded {
			check(i, p)
		}
		for _, groups := range aiTable[i].required {
			for _, group := range groups {
				for _, p := range group {
					check(i, p)
				}
			}
		}
	}
}

func TestCodesTellAIsApart(t *testing.T) {
	seen := map[aiCode]string{}
	for _, ai := range []string{"00", "99", "000", "001", "999", "0000", "0001", "9999"} {
		c := codeOf(ai)
		if other, there := seen[c]; there || int(c) >= len(aiIndex) || c == noCode {
			t.Errorf("%s has the code %d of %q", ai, c, other)
		}
		seen[c] = ai
	}
}
