package udi

import (
	"implantrace/gs1"
	"math/rand"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawDay draws a day that a year of two digits puts into the right century.
func drawDay(r *rapid.T, label string) Date {
	year, month := rapid.IntRange(1995, 2070).Draw(r, label+" year"), rapid.IntRange(1, 12).Draw(r, label+" month")
	return onDay(year, month, rapid.IntRange(1, gs1.DaysIn(year, month)).Draw(r, label+" day"))
}

// drawHIBC draws a device as a HIBC can say it.
func drawHIBC(r *rapid.T) Device {
	d := Device{
		Agency:   AgencyHIBCC,
		DI:       rapid.StringMatching(`[A-Z][A-Z0-9]{3}[A-Z0-9]{1,18}[0-9]`).Draw(r, "di"),
		Lot:      rapid.StringMatching(`([A-Z0-9. -]{1,18})?`).Draw(r, "lot"),
		Serial:   rapid.StringMatching(`([A-Z0-9. -]{1,18})?`).Draw(r, "serial"),
		Quantity: rapid.StringMatching(`([0-9]{1,5})?`).Draw(r, "quantity"),
	}
	switch rapid.IntRange(0, 3).Draw(r, "precision") {
	case 1:
		d.Expiry = drawDay(r, "expiry")
	case 2:
		day := drawDay(r, "expiry").Day
		d.Expiry = inMonth(numberOf(day[:4]), numberOf(day[5:7]))
	case 3:
		d.Expiry = atHour(drawDay(r, "expiry"), rapid.IntRange(0, 23).Draw(r, "hour"))
	}
	if rapid.Bool().Draw(r, "made") {
		d.Manufactured = drawDay(r, "made")
	}
	return d
}

// What is written of a device is read as the same device.
func TestHIBCRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := drawHIBC(r)
		text := d.hrfHIBC()
		got, ok := parseHIBC(text, present)
		if !ok || got.device != d || hardIssues(got) > 0 {
			r.Errorf("%q of %+v\nis %+v", text, d, got)
		}
		consistent(r, text, got)
		for _, shown := range []string{"*" + strings.ReplaceAll(text, " ", "_") + "*", strings.ToLower(text)} {
			got, ok := parseHIBC(shown, present)
			if !ok || got.device != d || hardIssues(got) > 0 {
				r.Errorf("%q of %+v\nis %+v", shown, d, got)
			}
			consistent(r, shown, got)
		}
	})
}

// Two linear symbols say of a device what one concatenated symbol says, read
// apart or in one text.
func TestHIBCPairRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := drawHIBC(r)
		d.Serial, d.Quantity, d.Manufactured = "", "", Date{}
		whole := d.hrfHIBC()
		primary := withCheck("+" + d.DI)
		one, ok := parseHIBC(primary, present)
		if !ok || one.device != (Device{Agency: AgencyHIBCC, DI: d.DI}) || one.form != "hibc_primary" || one.check != primary[len(primary)-1:] {
			r.Fatalf("%q: %+v", primary, one)
		}
		at := strings.IndexByte(whole[:len(whole)-1], '/')
		if at < 0 {
			return
		}
		secondary := linear(whole[at+1:len(whole)-1], primary)
		two, ok := parseHIBC(secondary, present)
		want := d
		want.DI = ""
		if !ok || two.device != want || two.form != "hibc_secondary" || two.link != one.check || hardIssues(two) > 0 {
			r.Errorf("%q: %+v, want %+v", secondary, two, want)
		}
		for _, text := range []string{primary + secondary, secondary + primary} {
			both, ok := parseHIBC(text, present)
			if !ok || both.device != d || !hasIssue(both, CodeHIBCTogether, "warning") || hardIssues(both) > 0 {
				r.Errorf("%q: %+v, want %+v", text, both, d)
			}
			consistent(r, text, both)
			if trimmed := strings.TrimSuffix(text, " "); trimmed != text {
				both, ok := parseHIBC(trimmed, present)
				// Where it also stands without another space, nothing is taken.
				if !ok || (both.device != d || !hasIssue(both, CodeHIBCSpace, "warning")) && (!both.device.IsZero() || !hasIssue(both, CodeHIBCSpace, "hard")) {
					r.Errorf("%q: %+v, want %+v", trimmed, both, d)
				}
			}
		}
	})
}

// One changed character never gives another value without a flag: modulo 43
// sees every one. Of two characters that changed places it sees none: what it
// lets pass is measured.
func TestHIBCSlips(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	const signs = hibcSet + "_*abcxyz\x1d\u00e9"
	const labels = 450
	unflagged, warned, total, swapsSeen, swaps := 0, 0, 0, 0, 0
	for n := range labels {
		d := Device{DI: randomRun(random, "ABCDEFGHIJ", 1) + randomRun(random, hibcSet[:36], 3+1+random.Intn(10)) + randomRun(random, hibcSet[:10], 1),
			Lot: randomRun(random, hibcSet[:36], 1+random.Intn(10)), Expiry: onDay(2027, 1+random.Intn(12), 1+random.Intn(28))}
		text := d.hrfHIBC()
		switch primary := withCheck("+" + d.DI); n % 3 {
		case 1:
			text = primary
		case 2:
			text = linear(text[strings.IndexByte(text, '/')+1:len(text)-1], primary)
		}
		good, ok := parseHIBC(text, present)
		if !ok || hardIssues(good) > 0 {
			t.Fatalf("%q: %+v", text, good)
		}
		for i := range len(text) {
			for j := range len(signs) {
				if signs[j] == text[i] {
					continue
				}
				slip := text[:i] + signs[j:j+1] + text[i+1:]
				got, ok := parseHIBC(slip, present)
				total++
				if !ok || got.device == good.device || hardIssues(got) > 0 {
					continue
				}
				if len(got.issues) == 0 {
					unflagged++
					t.Errorf("%q for %q: %+v", slip, text, got)
				}
				warned++
			}
			if i+1 < len(text) && text[i] != text[i+1] {
				got, ok := parseHIBC(text[:i]+text[i+1:i+2]+text[i:i+1]+text[i+2:], present)
				swaps++
				if !ok || hardIssues(got) > 0 || got.device == good.device {
					swapsSeen++
				}
			}
		}
	}
	t.Logf("%d slips: %d unflagged, %d with no more than a warning; %d of %d transpositions seen", total, unflagged, warned, swapsSeen, swaps)
	if unflagged > 0 || warned*1000 > total {
		t.Errorf("of %d slips %d were unflagged and %d had only a warning", total, unflagged, warned)
	}
	if swapsSeen*100 < swaps*20 || swapsSeen*100 > swaps*60 {
		t.Errorf("%d of %d transpositions seen: those at the ends and in dates were, no others can be", swapsSeen, swaps)
	}
}

// randomRun is n characters of a set.
func randomRun(random *rand.Rand, set string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = set[random.Intn(len(set))]
	}
	return string(b)
}

// Text that is made up at random passes the check one time in 43.
func TestHIBCChance(t *testing.T) {
	random := rand.New(rand.NewSource(2))
	passed, tried := 0, 0
	for range 20000 {
		text := "+A" + randomRun(random, hibcSet[:36], 10) + "1/$" + randomRun(random, hibcSet[:36], 6) + randomRun(random, hibcSet, 1)
		tried++
		if got, ok := parseHIBC(text, present); ok && hardIssues(got) == 0 {
			passed++
		}
	}
	if passed < tried/43*8/10 || passed > tried/43*12/10 {
		t.Errorf("%d of %d passed, want about one in 43", passed, tried)
	}
}

func TestHRFOfHIBC(t *testing.T) {
	full := Device{Agency: AgencyHIBCC, DI: "H123PARTNO1234567890120", Lot: "LOT123456789012345", Serial: "XYZ456789012345678", Expiry: hourOf("2020-02-02", "16:00"), Manufactured: dayOf("2013-02-02")}
	for _, c := range []struct {
		name string
		d    Device
		want string
	}{
		{"FDA's sample, with its right check character", full, "+H123PARTNO1234567890120/$$420020216LOT123456789012345/SXYZ456789012345678/16D20130202H"},
		{"product", Device{DI: "A123BJC5D6E71"}, "+A123BJC5D6E71G"},
		{"lot", Device{DI: "A99912345", Lot: "10X3"}, withCheck("+A99912345/$10X3")},
		{"serial", Device{DI: "A999ABC123DE0", Serial: "1234567"}, "+A999ABC123DE0/$+1234567Y"},
		{"serial and expiry", Device{DI: "A123BJC5D6E71", Serial: "10X3", Expiry: dayOf("2027-12-31")}, withCheck("+A123BJC5D6E71/$$+327123110X3")},
		{"quantity", Device{DI: "EHWD3551419", Quantity: "100"}, "+EHWD3551419/$/Q100X"},
		{"all of 2.6's sample", Device{DI: "A99912349", Lot: "10X3", Manufactured: dayOf("2011-12-31"), Quantity: "500", Expiry: monthOf("2020-01-31")}, withCheck("+A99912349/$$012010X3/16D20111231/Q500")},
		{"a year too far for two digits", Device{DI: "A99912349", Lot: "10X3", Expiry: dayOf("2071-01-01")}, withCheck("+A99912349/$10X3/14D20710101")},
		{"a month too far for two digits", Device{DI: "A99912349", Lot: "10X3", Expiry: monthOf("2071-01-31")}, withCheck("+A99912349/$10X3")},
		{"a minute", Device{DI: "A99912349", Expiry: minuteOf("2027-01-31", "12:30")}, withCheck("+A99912349")},
		{"a lot like an identifier", Device{DI: "A99912349", Lot: "$1"}, withCheck("+A99912349/$$7$1")},
		{"a + in the lot", Device{DI: "A99912349", Lot: "1+1"}, ""},
		{"no product", Device{Lot: "1"}, ""},
		{"GS1's product", Device{DI: "09506000117843"}, ""},
		{"a slash in the lot", Device{DI: "A99912349", Lot: "1/2"}, ""},
		{"small letters", Device{DI: "A99912349", Serial: "a"}, ""},
		{"a date that is none", Device{DI: "A99912349", Manufactured: dayOf("2o20-01-01")}, ""},
		{"a quantity that is none", Device{DI: "A99912349", Quantity: "X"}, withCheck("+A99912349")},
	} {
		if got := c.d.hrfHIBC(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	far := Device{Agency: AgencyHIBCC, DI: "A99912349", Lot: "10X3", Expiry: dayOf("2071-01-01")}
	if got, ok := parseHIBC(far.hrfHIBC(), present); !ok || got.device != far {
		t.Errorf("%+v", got)
	}
}

// Whatever is read: no panic, places inside the text, no value that was not read.
func FuzzHIBC(f *testing.F) {
	for _, s := range []string{
		"+A123BJC5D6E71G", "+$$5122713C001L2", "+A99912345/$$812710X3/$$+320090677DEFG45/16D20111212.", "+J123AQ3451T+25330BC34567T2+S4012TJ",
		"+$$52001510X3GD+A123BJC5D6E71G", "*+A123BJC5D6E71G*", "*+$$52001510X3+_*", "+a123bjc5d6e71g", "++E22100160100000008Z", "+A123BJCMD6E79++$$52001510X3+",
		"+$$73C001LY  ", "+A99912345/$$520\u00b401510X^0/16D20111#2\u00e912/S77DEFG45/", "+0010030378123456789017130700103033262+3000017", "+A999ABC123DE1/$+1234567Y",
		"+EHWD3551419/$/Q100X", "+J12312341/+$$7A/1", "+/", "+", "", "**", "+++++++++++",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := parseHIBC(text, present)
		if !ok {
			if len(got.elements)+len(got.issues)+len(got.origins) > 0 || got.device != (Device{}) {
				t.Errorf("%q is no HIBC, and says %+v", text, got)
			}
			return
		}
		consistent(t, text, got)
		if got.device.DI == "" || hardIssues(got) > 0 {
			return
		}
		if again := got.device.hrfHIBC(); again != "" {
			want := got.device
			if expiry, _ := hibcExpiryForm(want.Expiry); expiry == "" {
				want.Expiry = Date{} // a month or hour too far for two digits of a year is not written
			}
			if d, ok := parseHIBC(again, present); !ok || d.device != want {
				t.Errorf("%q: %+v is written %q and read %+v", text, got.device, again, d.device)
			}
		}
	})
}
