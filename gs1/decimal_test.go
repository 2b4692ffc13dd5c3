package gs1

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestDecimal(t *testing.T) {
	for _, tt := range []struct {
		ai    AI
		value string
		want  Decimal
		text  string
	}{
		{"3103", "012345", Decimal{12345, 3, ""}, "12.345"},
		{"3100", "000007", Decimal{7, 0, ""}, "7"},
		{"3100", "000000", Decimal{0, 0, ""}, "0"},
		{"3105", "000000", Decimal{0, 5, ""}, "0.00000"},
		{"3105", "000001", Decimal{1, 5, ""}, "0.00001"},
		{"3105", "999999", Decimal{999999, 5, ""}, "9.99999"},
		{"3692", "123400", Decimal{123400, 2, ""}, "1234.00"},
		{"3902", "1050", Decimal{1050, 2, ""}, "10.50"},
		{"3909", "1", Decimal{1, 9, ""}, "0.000000001"},
		{"3900", "999999999999999", Decimal{999999999999999, 0, ""}, "999999999999999"},
		{"3912", "8261050", Decimal{1050, 2, "826"}, "10.50"},
		{"3920", "100", Decimal{100, 0, ""}, "100"},
		{"3933", "978000999", Decimal{999, 3, "978"}, "0.999"},
		{"3941", "0125", Decimal{125, 1, ""}, "12.5"},
		{"3953", "001500", Decimal{1500, 3, ""}, "1.500"},
	} {
		got, ok := Element{AI: tt.ai, Value: tt.value}.Decimal()
		if got != tt.want || !ok || got.String() != tt.text {
			t.Errorf("(%s)%s: %v %v, %q, want %v, %q", tt.ai, tt.value, got, ok, got, tt.want, tt.text)
		}
	}
	for _, e := range []Element{
		{AI: "3103", Value: "12345"}, {AI: "3103", Value: "1234567"}, {AI: "3103", Value: "12345A"}, {AI: "3106", Value: "123456"},
		{AI: "3912", Value: "0001050"}, {AI: "3912", Value: "826"}, {AI: "30", Value: "12"}, {AI: "37", Value: "12"}, {AI: "310", Value: "1"},
		{AI: "3944", Value: "0125"}, {AI: "4330", Value: "001234"}, {AI: "", Value: ""}, {AI: "3900", Value: ""}, {AI: "3900", Value: "1234567890123456"},
	} {
		if d, ok := e.Decimal(); ok || d != (Decimal{}) {
			t.Errorf("(%s)%s: %v", e.AI, e.Value, d)
		}
	}
}

// TestDecimalIsExact holds the number against arithmetic on fractions.
func TestDecimalIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		places := rapid.IntRange(0, 9).Draw(t, "places")
		digits := rapid.StringMatching(`[0-9]{1,15}`).Draw(t, "digits")
		d, ok := Element{AI: AI("390" + string(rune('0'+places))), Value: digits}.Decimal()
		if !ok || d.Places != places {
			t.Fatalf("%v %v", d, ok)
		}
		whole, _ := new(big.Int).SetString(digits, 10)
		want := new(big.Rat).SetFrac(whole, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places)), nil))
		got, ok := new(big.Rat).SetString(d.String())
		if !ok || got.Cmp(want) != 0 {
			t.Fatalf("%s is %v, want %v", d, got, want)
		}
		if _, behind, _ := strings.Cut(d.String(), "."); len(behind) != places {
			t.Fatalf("%s has not %d places", d, places)
		}
	})
}

func TestDecimalOfElementsRead(t *testing.T) {
	r := Parse("(01)"+gtinA+"(3103)000195(3932)8260299", Options{})
	want := map[AI]string{"01": "", "3103": "0.195", "3932": "2.99"}
	n := 0
	for e := range r.Elements() {
		n++
		if d, ok := e.Decimal(); ok != (want[e.AI] != "") || ok && d.String() != want[e.AI] {
			t.Errorf("(%s): %v, %v", e.AI, d, ok)
		}
	}
	if n != 3 {
		t.Errorf("%d elements", n)
	}
	for e := range Parse("(3103)00019", Options{}).Rejected() {
		if d, ok := e.Decimal(); ok {
			t.Errorf("a rejected element gives %v", d)
		}
	}
}
