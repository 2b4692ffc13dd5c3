package udi_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"implantrace/internal/udi"
)

func TestParseNHSNumber(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     udi.NHSNumber
		err      error
	}{
		{"ten digits", "9990000018", "9990000018", nil},
		{"grouped by spaces", "999 000 0018", "9990000018", nil},
		{"grouped by hyphens", "999-000-0018", "9990000018", nil},
		{"spaces around", " 9990000018 ", "9990000018", nil},
		{"from the dictionary's examples", "9434765919", "9434765919", nil},
		{"another of them", "9449305552", "9449305552", nil},
		{"check digit 0 for remainder 0", "9990000050", "9990000050", nil},
		{"wrong check digit", "9990000019", "", udi.ErrNHSNumberCheck},
		{"two digits exchanged", "9990000081", "", udi.ErrNHSNumberCheck},
		{"a remainder that leaves 10 has no check digit: 0", "9990000140", "", udi.ErrNHSNumberCheck},
		{"a remainder that leaves 10 has no check digit: 1", "9990000141", "", udi.ErrNHSNumberCheck},
		{"nine digits", "999000001", "", udi.ErrNHSNumberLength},
		{"eleven digits", "99900000180", "", udi.ErrNHSNumberLength},
		{"empty", "", "", udi.ErrNHSNumberLength},
		{"spaces only", "   ", "", udi.ErrNHSNumberLength},
		{"a letter", "999000001X", "", udi.ErrNHSNumberLength},
		{"letter O for zero", "999OOO0018", "", udi.ErrNHSNumberLength},
		{"digits of another script", "\u0669\u0669\u06690000018", "", udi.ErrNHSNumberLength},
		{"a hyphen that is not ASCII", "999\u2011000\u20110018", "", udi.ErrNHSNumberLength},
		{"Scotland's CHI number, lowest", "0101000006", "0101000006", nil},
		{"ten zeros pass the check and are nobody", "0000000000", "", udi.ErrNHSNumberRange},
		{"below every range", "0000000108", "", udi.ErrNHSNumberRange},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := udi.ParseNHSNumber(c.in)
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("ParseNHSNumber(%q) = %q, %v; want %q, %v", c.in, got, err, c.want, c.err)
			}
		})
	}
}

func TestNHSNumberIsShownInGroups(t *testing.T) {
	if s := udi.NHSNumber("9990000018").String(); s != "999 000 0018" {
		t.Errorf("%q", s)
	}
	if s := udi.NHSNumber("").String(); s != "" {
		t.Errorf("none is shown as %q", s)
	}
}

func TestSyntheticNHSNumbers(t *testing.T) {
	for n, want := range map[udi.NHSNumber]bool{"9990000018": true, "9999999999": true, "9434765919": false, "": false, "999": false} {
		if n.Synthetic() != want {
			t.Errorf("%q: synthetic is %v", n, !want)
		}
	}
}

// A slip of one digit, or two neighbours exchanged, never gives another
// patient's number.
func TestOneSlipNeverGivesAnotherNHSNumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := drawNHSNumber(t)
		b := []byte(n)
		i := rapid.IntRange(0, 8).Draw(t, "place")
		if rapid.Bool().Draw(t, "exchange") {
			if b[i] == b[i+1] {
				t.Skip("equal neighbours")
			}
			b[i], b[i+1] = b[i+1], b[i]
		} else {
			b[i] = '0' + (b[i]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		}
		if got, err := udi.ParseNHSNumber(string(b)); err == nil {
			t.Fatalf("%s with one slip is %s", n, got)
		}
	})
}

// drawNHSNumber draws a number in the range that is never issued.
func drawNHSNumber(t *rapid.T) udi.NHSNumber {
	for first := rapid.IntRange(999000000, 999999999).Draw(t, "number"); ; first = 999000000 + (first+1)%1000000 {
		sum, digits := 0, first
		for weight := 2; weight <= 10; weight++ {
			sum += digits % 10 * weight
			digits /= 10
		}
		if check := (11 - sum%11) % 11; check != 10 {
			b := []byte{}
			for v := first*10 + check; v > 0; v /= 10 {
				b = append([]byte{byte('0' + v%10)}, b...)
			}
			return udi.NHSNumber(b)
		}
	}
}
