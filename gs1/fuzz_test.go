package gs1

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", "]", "]d2", "(", "()", `(10)\(`, "\x1d", "0", "01" + gtinA + "1729013110ABC123\x1d21SN987654",
		"]d201" + gtinA + "10A", "]E09506000134352|]e010A", "]E495050003", "]I1" + gtinA, "]d1text", "]z001" + gtinA,
		`(01)` + gtinA + `(10)A\(1)(21)B`, "9506000134352", "95050003", "10950600013434", "800809102317\x1d8030AbC=",
		"(7007)290101290102(4309)00000000001111111111", "(8110)012345612345611110123",
	} {
		f.Add(s, int64(1770000000))
	}
	f.Fuzz(func(t *testing.T, input string, unix int64) {
		o := Options{Now: time.Unix(unix%4e9, 0)}
		checkParse(t, input, o)
		checkParse(t, input, Options{})
	})
}

// checkParse holds for every input.
func checkParse(t *testing.T, input string, o Options) {
	t.Helper()
	r := Parse(input, o)
	checkResult(t, input, r)
	if !r.Valid() {
		return
	}
	if again := Parse(r.ElementString(), o); !again.Valid() || !sameElements(r, again) {
		t.Errorf("%q: element string %q reads as %q: %v", input, r.ElementString(), again.HRI(), again.Err())
	}
	hri := r.HRI()
	if len(hri) > maxInput {
		return
	}
	if again := Parse(hri, o); !again.Valid() || again.Form != FormBracketed || !sameElements(r, again) || again.HRI() != hri {
		t.Errorf("%q: HRI %q reads as %q: %v", input, hri, again.HRI(), again.Err())
	}
}

func sameElements(a, b Result) bool {
	return slices.EqualFunc(a.Elements, b.Elements, func(x, y Element) bool { return x.AI == y.AI && x.Value == y.Value })
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"290131", "290200", "000229", "999999", "", "29013"} {
		f.Add(s, 2026)
	}
	f.Fuzz(func(t *testing.T, text string, year int) {
		if year < 1000 || year > 9000 {
			return
		}
		now := time.Date(year, 3, 1, 0, 0, 0, 0, time.UTC)
		d, err := ParseDate(text, now)
		if err != nil {
			if !d.IsZero() {
				t.Errorf("%q: %v beside %v", text, d, err)
			}
			return
		}
		if d.Year < year-49 || d.Year > year+50 {
			t.Errorf("%q in %d: year %d", text, year, d.Year)
		}
		shown := d.Time().Format("060102")
		if !d.DayKnown {
			if d.Time().AddDate(0, 0, 1).Day() != 1 {
				t.Errorf("%q: %v is not the end of a month", text, d)
			}
			shown = shown[:4] + "00"
		}
		if shown != text || d.Time().Format(time.DateOnly) != d.String() {
			t.Errorf("%q reads as %s", text, d)
		}
	})
}

func FuzzKeys(f *testing.F) {
	for _, s := range []string{"95050003", "9506000134352", "950600013435000011", "123456789012345675", "1A", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if k, err := ParseGTIN(text); err == nil {
			if again, err := ParseGTIN(string(k)); err != nil || again != k || len(k) != 14 || !strings.HasSuffix(string(k), text) {
				t.Errorf("GTIN %q: %q", text, k)
			}
			if !Parse("01"+string(k), Options{}).Valid() {
				t.Errorf("(01)%s is not valid", k)
			}
		}
		if k, err := ParseGLN(text); err == nil && !Parse("414"+string(k), Options{}).Valid() {
			t.Errorf("(414)%s is not valid", k)
		}
		if k, err := ParseGSRN(text); err == nil && !Parse("8018"+string(k), Options{}).Valid() {
			t.Errorf("(8018)%s is not valid", k)
		}
		if k, err := ParseSSCC(text); err == nil && !Parse("00"+string(k), Options{}).Valid() {
			t.Errorf("(00)%s is not valid", k)
		}
	})
}

// TestDeviceIdentifiersReadBack writes element strings of a UDI and reads them.
func TestDeviceIdentifiersReadBack(t *testing.T) {
	text := rapid.StringOfN(rapid.RuneFrom([]rune(cset82)), 1, 20, -1)
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.StringMatching(`[0-9]{13}`).Draw(t, "body")
		check, err := CheckDigit(body)
		if err != nil {
			t.Fatal(err)
		}
		day := time.Unix(rapid.Int64Range(0, 3e9).Draw(t, "seconds"), 0).UTC()
		want := map[AI]string{
			"01": body + string(check), "17": day.Format("060102"),
			"10": text.Draw(t, "lot"), "21": text.Draw(t, "serial"),
		}
		var b strings.Builder
		b.WriteString(rapid.SampledFrom([]string{"", "]d2", "]C1", "]d1"}).Draw(t, "symbology"))
		for _, ai := range rapid.Permutation([]AI{"01", "17", "10", "21"}).Draw(t, "order") {
			b.WriteString(string(ai) + want[ai] + "\x1d")
		}
		r := Parse(b.String(), Options{Now: day})
		if !r.Valid() || len(r.Elements) != 4 {
			t.Fatalf("%q: %v", b.String(), r.Err())
		}
		for ai, value := range want {
			if got, _ := r.Value(ai); got != value {
				t.Fatalf("(%s) is %q, want %q", ai, got, value)
			}
		}
		if d, err := r.Date("17"); err != nil || d.String() != day.Format(time.DateOnly) {
			t.Fatalf("expiry %v, %v, want %v", d, err, day)
		}
	})
}
