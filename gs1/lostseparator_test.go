package gs1

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// label is a pack's element string with what it says.
type label struct {
	elements [][2]string
}

// text joins the elements; lost leaves the separators out.
func (l label) text(lost bool) string {
	var b strings.Builder
	for i, e := range l.elements {
		b.WriteString(e[0] + e[1])
		if i < len(l.elements)-1 && !lookup(e[0]).predefined && !lost {
			b.WriteByte(Separator)
		}
	}
	return b.String()
}

func (l label) needsSeparator() bool { return strings.IndexByte(l.text(false), Separator) >= 0 }

// packs draws labels as makers print them. The seed makes each run the same.
type packs struct{ *rand.Rand }

func (p packs) of(chars string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = chars[p.IntN(len(chars))]
	}
	return string(b)
}

// number draws a lot or serial number: digits, letters and digits, a prefix and
// digits, or groups.
func (p packs) number() string {
	const alnum = digitChars + upperChars
	switch p.IntN(6) {
	case 0, 1:
		return p.of(digitChars, 5+p.IntN(6))
	case 2:
		return p.of(alnum, 5+p.IntN(8))
	case 3:
		return p.of(upperChars, 1+p.IntN(3)) + p.of(digitChars, 4+p.IntN(6))
	case 4:
		return p.of(digitChars, 2+p.IntN(3)) + p.of(upperChars, 1+p.IntN(2)) + p.of(digitChars, 2+p.IntN(4))
	}
	return p.of(upperChars, 2) + "-" + p.of(digitChars, 4+p.IntN(3))
}

func (p packs) date(years, ahead int) string {
	return testNow.AddDate(0, 0, ahead*365-p.IntN(years*365)).Format("060102")
}

func (p packs) gtin() string {
	body := "0" + p.of(digitChars, 12)
	return body + string(checkDigit(body))
}

func (p packs) label() label {
	di, lot, serial := [2]string{"01", p.gtin()}, [2]string{"10", p.number()}, [2]string{"21", p.number()}
	expiry, made := [2]string{"17", p.date(6, 5)}, [2]string{"11", p.date(4, 0)}
	switch p.IntN(8) {
	case 0:
		return label{[][2]string{di, expiry, lot}}
	case 1:
		return label{[][2]string{di, made, expiry, lot}}
	case 2:
		return label{[][2]string{di, expiry, lot, serial}}
	case 3:
		return label{[][2]string{di, lot, expiry}}
	case 4:
		return label{[][2]string{di, expiry, serial}}
	case 5:
		return label{[][2]string{di, lot, expiry, serial}}
	case 6:
		return label{[][2]string{di, serial, expiry, lot}}
	}
	return label{[][2]string{di, made, expiry, lot, {"240", p.number()}}}
}

// TestWellFormedLabelsAreLeftAlone holds the warning of a lost separator to what
// people bear: at most 2 % of labels of any kind, and no readings.
func TestWellFormedLabelsAreLeftAlone(t *testing.T) {
	var p packs
	o := Options{Now: testNow}
	kinds := map[string]func() string{
		"as makers print":                   func() string { return p.label().text(false) },
		"as makers print, marked":           func() string { return "]d2" + p.label().text(false) },
		"lots of 8 to 12 digits":            func() string { return "01" + p.gtin() + "17" + p.date(6, 5) + "10" + p.of(digitChars, 8+p.IntN(5)) },
		"no expiry, lots of 8 to 12 digits": func() string { return "01" + p.gtin() + "10" + p.of(digitChars, 8+p.IntN(5)) },
		"serials of 8 to 12 digits":         func() string { return "01" + p.gtin() + "17" + p.date(6, 5) + "21" + p.of(digitChars, 8+p.IntN(5)) },
		"lots of letters and digits": func() string {
			return "01" + p.gtin() + "17" + p.date(6, 5) + "10" + p.of(digitChars+upperChars, 1+p.IntN(20))
		},
		"lots of any characters":      func() string { return "01" + p.gtin() + "10" + p.of(cset82, 1+p.IntN(20)) },
		"lots of a prefix and a date": func() string { return "01" + p.gtin() + "17" + p.date(6, 5) + "10L" + p.date(4, 0) },
	}
	const labels = 20000
	for name, draw := range kinds {
		p = packs{rand.New(rand.NewPCG(1, 2))} // the same labels each time
		warned, listed := 0, 0
		for range labels {
			text := draw()
			r := Parse(text, o)
			if c := Clean(text, o); c.Text != text || len(c.Steps) > 0 {
				t.Errorf("%s: %q is cleaned: %v", name, text, c.Steps)
			}
			if _, ok := r.LostSeparator(); ok {
				warned++
			}
			if len(Readings(text, o)) > 0 {
				listed++
			}
		}
		t.Logf("%-34s warned %.2f %%, readings for %.3f %%", name, 100*float64(warned)/labels, 100*float64(listed)/labels)
		if warned > labels/50 || listed > 0 {
			t.Errorf("%s: of %d labels %d are warned of, readings for %d", name, labels, warned, listed)
		}
	}
}

// TestLostSeparatorsAreFound drops the separators and counts how often that is
// seen, and how often the label's own reading comes first.
func TestLostSeparatorsAreFound(t *testing.T) {
	p := packs{rand.New(rand.NewPCG(3, 4))}
	o := Options{Now: testNow}
	damaged, silent, first, among, invalid, firstInvalid := 0, 0, 0, 0, 0, 0
	for damaged < 20000 {
		l := p.label()
		if !l.needsSeparator() {
			continue
		}
		damaged++
		text := l.text(true)
		r := Parse(text, o)
		_, suspected := r.LostSeparator()
		if r.Valid() && !suspected {
			silent++
			continue
		}
		if !r.Valid() {
			invalid++
		}
		readings := Readings(text, o)
		for i, reading := range readings {
			var got [][2]string
			for _, e := range reading.Elements {
				got = append(got, [2]string{string(e.AI), e.Value})
			}
			if fmt.Sprint(got) == fmt.Sprint(l.elements) {
				among++
				if i == 0 {
					first++
					if !r.Valid() {
						firstInvalid++
					}
				}
			}
		}
	}
	percent := func(n, of int) float64 { return 100 * float64(n) / float64(of) }
	t.Logf("of %d labels %.1f %% are read in silence; %.1f %% break a rule, of which the right reading is first for %.1f %%; overall first %.1f %%, among them %.1f %%",
		damaged, percent(silent, damaged), percent(invalid, damaged), percent(firstInvalid, invalid), percent(first, damaged), percent(among, damaged))
	if percent(silent, damaged) > 1 || percent(firstInvalid, invalid) < 95 || percent(first, damaged) < 65 {
		t.Error("that is worse than it was")
	}
}

// TestReadingsCoverTheInput holds for all that is given, also where a search has
// most ways to go: readings divide the whole text, keep every rule, and are few.
func TestReadingsCoverTheInput(t *testing.T) {
	o := Options{Now: testNow}
	for _, s := range []string{"10", "2110", "1010", "30", "91", "1021", "17261010", "9192", "10A21B17261010", "\x1d10"} {
		for _, lead := range []string{"", "]d2", "01" + gtinA + "10"} {
			text := lead + strings.Repeat(s, longestSearched/len(s))
			for n := len(lead); n <= len(text); n += 17 {
				checkReadings(t, text[:n], o)
			}
		}
	}
}

func checkReadings(t *testing.T, text string, o Options) {
	t.Helper()
	readings := Readings(text, o)
	if len(readings) > mostReadings {
		t.Errorf("%q: %d readings", text, len(readings))
	}
	for _, reading := range readings {
		if len(reading.Elements)+len(reading.Failed) == 0 {
			t.Errorf("%q: a reading without elements", text)
		}
		covered := 0
		for _, e := range reading.Failed {
			covered += len(e.AI) + len(e.Value)
			if e.Offset < 0 || e.Length != len(e.Value) || e.Offset+e.Length > len(text) || text[e.Offset:e.Offset+e.Length] != e.Value {
				t.Errorf("%q: %+v does not stand there", text, e)
			}
		}
		for _, e := range reading.Elements {
			row := lookup(string(e.AI))
			if row == nil {
				t.Fatalf("%q: AI %q", text, e.AI)
			}
			if n, hard, _ := row.check(e.Value, o.Now.Year()); hard != nil || n != len(e.Value) {
				t.Errorf("%q: (%s)%s breaks a rule", text, e.AI, e.Value)
			}
			if e.Offset < 0 || e.Length != len(e.Value) || e.Offset+e.Length > len(text) || text[e.Offset:e.Offset+e.Length] != e.Value {
				t.Errorf("%q: %+v does not stand there", text, e)
			}
			covered += len(e.AI) + len(e.Value)
		}
		if body := strings.TrimPrefix(text, "]d2"); reading.Instead == "" && covered+len(reading.Rest) != len(reading.Lead)+len(strings.ReplaceAll(body, string(Separator), "")) && len(reading.Failed) == 0 {
			t.Errorf("%q: %v leaves something out", text, reading.Elements)
		}
	}
}
