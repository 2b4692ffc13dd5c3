package udi_test

import (
	"strings"
	"testing"

	"implantrace/internal/udi"
)

// A damaged HIBC or ISBT 128 text is not read, and what it may have been is
// listed: in Readings where a check character proves it, in Written all of it.
func TestDamagedTextsOfOtherAgenciesAreListed(t *testing.T) {
	short := func(readings []udi.Reading) string {
		var all []string
		for _, r := range readings {
			all = append(all, strings.TrimSpace(strings.Join([]string{r.Device.DI, r.Device.DonationID, r.Device.Lot, r.Device.Serial, r.Device.Expiry.String()}, " ")))
		}
		return strings.Join(strings.Fields(strings.ReplaceAll(strings.Join(all, " | "), "  ", " ")), " ")
	}
	for _, c := range []struct{ name, text, readings, written string }{
		{"nothing wrong", "+A99912345/$$52001510X3/16D20111212/S77DEFG457", "", ""},
		{"a wrong check character", "+A99912345/$10X3X", "", "A99912345 10X3 | A99912345 10X3X"},
		{"no check character", "+A123BJC5D6E71", "", "A123BJC5D6E71 | A123BJC5D6E7"},
		{"the first asterisk lost", "+A123BJC5D6E71G*", "A123BJC5D6E71", "A123BJC5D6E71"},
		{"an underscore for the space", "+A123BJCMD6E79++$$52001510X3+_", "A123BJCMD6E79 10X3 2020-01-15", "A123BJCMD6E79 10X3 2020-01-15"},
		{"a space between two symbols", "+A123BJC5D6E71G +$$52001510X3GD", "A123BJC5D6E71 10X3 2020-01-15", "A123BJC5D6E71 10X3 2020-01-15"},
		{"a slash between two symbols", "+A123BJC5D6E71G/$$52001510X3GD", "A123BJC5D6E71 10X3 2020-01-15", "A123BJC5D6E71 10X3 2020-01-15"},
		{"the primary's check character lost", "+A123BJC5D6E71+$$52001510X3GD", "A123BJC5D6E71 10X3 2020-01-15", "A123BJC5D6E71 10X3 2020-01-15"},
		{"hyphens for slashes", "+J123AQ3451-25330BC34567-S4012X", "J123AQ3451 BC34567 4012 2025-11-26", "J123AQ3451 BC34567 4012 2025-11-26"},
		{"bars for slashes", "+J123AQ3451|25330BC34567|S4012X", "J123AQ3451 BC34567 4012 2025-11-26", "J123AQ3451 BC34567 4012 2025-11-26"},
		{"the plus lost", "J123AQ3451/25330BC34567/S4012X", "J123AQ3451 BC34567 4012 2025-11-26", "J123AQ3451 BC34567 4012 2025-11-26"},
		{"the plus lost, check wrong", "J123AQ3451/25330BC34567/S4012Y", "", ""},
		{"a telephone number", "+442071234567", "", ""},
		{"a donation with a wrong check", "=G12341765432171", "", "G12341765432171"},
		{"a message cut short", "=+04000=/A9997XYZ100T0479=A99991712345600=,000012", "", "A9997XYZ100T0479 A99991712345600 000012"},
		{"a data structure cut short", "=/A9997XYZ100T0479=,00001", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := udi.Understand(c.text, now)
			if got := short(m.Readings); got != c.readings {
				t.Errorf("%q: readings %q, want %q", c.text, got, c.readings)
			}
			if got := short(m.Written); got != c.written {
				t.Errorf("%q: written %q, want %q", c.text, got, c.written)
			}
			if len(m.Written) > 0 && (!m.Damaged() || m.Kind != udi.KindDevice) {
				t.Errorf("%q: kind %s, damaged %v", c.text, m.Kind, m.Damaged())
			}
			for _, r := range m.Written {
				for _, e := range r.Elements {
					if e.Offset < 0 || e.Offset+len(e.Value) > len(c.text) {
						t.Errorf("%q: %+v stands outside", c.text, e)
					}
				}
			}
		})
	}
}

// The two symbols of a pair, of which the first came without its check character.
func TestWrittenBesideAnotherCarrier(t *testing.T) {
	p := udi.Join(udi.Understand("+A123BJC5D6E71", now), udi.Understand("+$$52001510X3GD", now))
	if !p.Damaged() || p.Device.DI != "" || len(p.Readings) != 0 {
		t.Errorf("%+v", p)
	}
	if len(p.Written) != 2 || p.Written[0].Device.DI != "A123BJC5D6E71" || p.Written[0].Device.Lot != "10X3" {
		t.Errorf("%+v", p.Written)
	}
}

// A product number whose check digit is wrong is no DI, and is shown as printed.
func TestAWrongCheckDigitIsShownAsPrinted(t *testing.T) {
	m := udi.Understand("(01)00208851107345(17)150331", now)
	if !m.Damaged() || m.Device.DI != "" {
		t.Fatalf("%+v", m)
	}
	if len(m.Readings) != 1 || m.Readings[0].Device.DI != "00208851107345" || m.Readings[0].Device.Expiry.String() != "2015-03-31" || !m.Readings[0].Elements[0].Rejected {
		t.Errorf("%+v", m.Readings)
	}
}

// In brackets a mark at the end of a value may be the writer's.
func TestMarksAtTheEndOfBracketedValues(t *testing.T) {
	for text, want := range map[string]bool{
		"(01)08025153000365(10)1096438,(17)290617": true, "(01)08025153000365(10)1096438)": true, "(01)08025153000365(10)A/": true,
		"(01)08025153000365(10)1096438(17)290617": false, "(01)08025153000365(10)A(1)": false, "(01)08025153000365(10)A,B": false,
	} {
		warned := false
		for _, i := range udi.Understand(text, now).Issues {
			warned = warned || i.Code == "brackets" && i.Severity == "warning"
		}
		if warned != want {
			t.Errorf("%s: warned %v", text, warned)
		}
	}
}

// A lot far longer than lots are, which is two numbers run together, is not used.
func TestTwoNumbersRunTogether(t *testing.T) {
	m := udi.Understand("0108025153000365"+"17290131"+"10V1002521JGFMG4P38R", now)
	if !m.Damaged() || m.Device.Lot != "" || len(m.Readings) == 0 || m.Readings[0].Device.Lot != "V10025" || m.Readings[0].Device.Serial != "JGFMG4P38R" {
		t.Errorf("%+v", m)
	}
	for _, lot := range []string{"19A21G8345", "V1002521JGFMG", "V100252112345678", "VVV1002521JGFMG4P38R", "V10025-21JGFMG4P38R"} {
		if m := udi.Understand("0108025153000365"+"17290131"+"10"+lot, now); m.Damaged() || m.Device.Lot != lot {
			t.Errorf("%s: %+v", lot, m)
		}
	}
}
