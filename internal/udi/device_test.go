package udi_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"implantrace/internal/udi"
)

func TestFold(t *testing.T) {
	for _, same := range [][]string{
		{"AB12", "ab12", "A B 12", "AB-12", "00AB12", "OAB12", "ABI2", "ABL2", "abl2", "A/B.1_2", "o0ab12", " AB12 "},
		{"0", "O", "000", "o", "0-0"},
		{"1", "I", "l", "i", "001"},
		{"S0NY", "SONY", "sony"},
		{"ΣΣ", "σς"},
	} {
		for _, s := range same {
			if udi.Fold(s) != udi.Fold(same[0]) {
				t.Errorf("%q folds to %q, %q to %q", s, udi.Fold(s), same[0], udi.Fold(same[0]))
			}
		}
	}
	for _, pair := range [][2]string{{"A1", "A2"}, {"10", "1"}, {"", "0"}, {"-", ""}, {"-", "0"}, {"5", "S"}} {
		if udi.Fold(pair[0]) == udi.Fold(pair[1]) {
			t.Errorf("%q and %q fold to one", pair[0], pair[1])
		}
	}
}

func TestFoldIsIdempotentAndNeverEmpty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`[0OoIlL1 a-cA-C/-]{0,12}`), rapid.SampledFrom([]string{"\xff", "ıİſ", "Kk", "ǅ"})).Draw(t, "s")
		f := udi.Fold(s)
		if g := udi.Fold(f); g != f {
			t.Fatalf("%q folds to %q, that to %q", s, f, g)
		}
		if (f == "") != (s == "") {
			t.Fatalf("%q folds to %q", s, f)
		}
	})
}

func TestWritingVariantsFoldToOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[0-9A-Z]{1,16}`).Draw(t, "number")
		var b strings.Builder
		b.WriteString(strings.Repeat("0", rapid.IntRange(0, 3).Draw(t, "zeros")))
		for _, r := range s {
			switch r {
			case '0', 'O':
				r = rapid.SampledFrom([]rune("0Oo")).Draw(t, "zero")
			case '1', 'I', 'L':
				r = rapid.SampledFrom([]rune("1IilL")).Draw(t, "one")
			}
			b.WriteString(rapid.SampledFrom([]string{"", "", "-", " ", "/", "."}).Draw(t, "separator"))
			if rapid.Bool().Draw(t, "small") {
				b.WriteString(strings.ToLower(string(r)))
			} else {
				b.WriteRune(r)
			}
		}
		if udi.Fold(b.String()) != udi.Fold(s) {
			t.Fatalf("%q folds to %q, %q to %q", s, udi.Fold(s), b.String(), udi.Fold(b.String()))
		}
	})
}

func TestHRF(t *testing.T) {
	for _, c := range []struct {
		in   udi.Device
		want string
	}{
		{udi.Device{}, ""},
		{udi.Device{DI: "07611994064584"}, "(01)07611994064584"},
		{udi.Device{Lot: "L"}, "(10)L"},
		{udi.Device{DI: "07611994064584", Serial: "S(1", Lot: "L)1", Expiry: udi.Date{Day: "2029-03-22", Precision: udi.PrecisionDay},
			Manufactured: udi.Date{Day: "2024-02-29", Precision: udi.PrecisionMonth}}, `(01)07611994064584(11)240200(17)290322(10)L)1(21)S\(1`},
		{udi.Device{Expiry: udi.Date{Day: "soon"}}, ""},
	} {
		if got := c.in.HRF(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.in, got, c.want)
		}
	}
}

func TestWhatHRFPrintsIsReadAsTheSameDevice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringMatching(`[A-Za-z0-9"%&'()*+,./:;<=>?_!-]{1,20}`)
		d := udi.Device{Agency: udi.AgencyGS1, DI: "07611994064584", Lot: value.Draw(t, "lot"), Serial: value.Draw(t, "serial"),
			Expiry: udi.Date{Day: "2029-02-28", Precision: rapid.SampledFrom([]udi.Precision{udi.PrecisionDay, udi.PrecisionMonth}).Draw(t, "precision")}}
		if got := udi.Understand(d.HRF(), now).Device; got != d {
			t.Fatalf("%s is read as\n%+v, not\n%+v", d.HRF(), got, d)
		}
	})
}

func TestDatesAreShownAsPreciselyAsTheyAreKnown(t *testing.T) {
	for want, d := range map[string]udi.Date{"2029-03-31": {Day: "2029-03-31", Precision: udi.PrecisionDay}, "2029-03": {Day: "2029-03-31", Precision: udi.PrecisionMonth}, "": {}} {
		if d.String() != want || d.IsZero() != (want == "") {
			t.Errorf("%+v is shown as %q", d, d)
		}
	}
}

func TestParseDI(t *testing.T) {
	for in, want := range map[string]string{
		"07611994064584": "07611994064584", "7611994064584": "07611994064584", "(01)07611994064584": "07611994064584", " 7 611994 064584 ": "07611994064584",
		"07611994064585": "", "": "", "0107611994064584": "", "7611994o64584": "", "761199406458": "",
	} {
		got, err := udi.ParseDI(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}
