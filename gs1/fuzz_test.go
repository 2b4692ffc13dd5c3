package gs1

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// fuzzSeeds are inputs of every form, good and bad.
var fuzzSeeds = []string{
	"", "]", "]d2", "(", "()", `(10)\(`, "\x1d", "0", "01" + gtinA + "1729013110ABC123\x1d21SN987654",
	"]d201" + gtinA + "10A", "]E09506000134352|]e010A", "]E495050003", "]I1" + gtinA, "]d1text", "]z001" + gtinA,
	`(01)` + gtinA + `(10)A\(1)(21)B`, "9506000134352", "95050003", "10950600013434", "800809102317\x1d8030AbC=",
	"(7007)290101290102(4309)00000000001111111111", "(8110)012345612345611110123", "3106ABC\x1d429(", "(3106)A\\((429)B",
	"https://id.gs1.org/01/" + gtinA + "/22/V/10/L%2F/21/S?17=290131&3103=000195&lang=en#top", "]Q1HTTP://a/x/00/123456789012345675?99=A+B&",
	"https://a/01/9506000134352?3106=%41", "http://a/414/9506000134352/254/%00", "(8013)1987654Ad4X4bL5ttr2310c2K(8007)GB98MIDL07009312345678",
}

// fuzzOptions makes options of a number: every choice of them can be had.
func fuzzOptions(n uint16, unix int64) Options {
	o := Options{Form: Form(n & 7), Strict: n&8 != 0, UnknownAIs: n&16 != 0, ShortGTINs: n&32 != 0}
	if n&64 == 0 {
		o.Now = time.Unix(unix%4e9, 0)
	}
	return o
}

func FuzzParse(f *testing.F) {
	for i, s := range fuzzSeeds {
		f.Add(s, uint16(0), int64(1770000000))
		f.Add(s, uint16(i*11), int64(i))
	}
	f.Fuzz(func(t *testing.T, input string, options uint16, unix int64) {
		o := fuzzOptions(options, unix)
		checkParse(t, input, o)
		o.Form = 0
		checkParse(t, input, o)
		checkStrictAgrees(t, input, o)
	})
}

// checkParse holds for every input.
func checkParse(t *testing.T, input string, o Options) {
	t.Helper()
	r := Parse(input, o)
	checkResult(t, input, r)
	if again := Parse(input, o); !slices.Equal(again.Issues, r.Issues) || !slices.Equal(slices.Collect(both(again)), slices.Collect(both(r))) {
		t.Errorf("%q is read in two ways", input)
	}
	unknown := false
	for e := range r.Elements() {
		unknown = unknown || lookup(string(e.AI)) == nil
	}
	if unknown && !o.UnknownAIs {
		t.Errorf("%q: an AI that nobody wanted in %s", input, r.HRI())
	}
	if !r.Valid() || r.Len() == 0 {
		return
	}
	o.Form = 0
	text := r.ElementString()
	if again := Parse(text, o); len(text) <= maxInput && (!again.Valid() || again.Form != FormElementString || !sameElements(r, again)) {
		t.Errorf("%q: element string %q reads as %q: %v", input, text, again.HRI(), again.Err())
	}
	scan := r.ScanData("]d2")
	if again := Parse(scan, o); len(scan) <= maxInput && (!again.Valid() || again.Form != FormScanData || !sameElements(r, again)) {
		t.Errorf("%q: scan data %q reads as %q: %v", input, scan, again.HRI(), again.Err())
	}
	hri := r.HRI()
	if again := Parse(hri, o); len(hri) <= maxInput && (!again.Valid() || again.Form != FormBracketed || !sameElements(r, again) || again.HRI() != hri) {
		t.Errorf("%q: HRI %q reads as %q: %v", input, hri, again.HRI(), again.Err())
	}
	if uri, err := r.DigitalLink(); err == nil && len(uri) <= maxInput {
		again := Parse(uri, o)
		if u, err := again.DigitalLink(); !again.Valid() || again.Form != FormDigitalLink || u != uri || err != nil {
			t.Errorf("%q: URI %q reads as %q: %v; %q, %v", input, uri, again.HRI(), again.Err(), u, err)
		}
	} else if err != nil && r.Form == FormDigitalLink && !unknown {
		t.Errorf("%q has no canonical URI: %v", input, err)
	}
	for e := range r.Elements() {
		if d, ok := e.Decimal(); ok && d.Coefficient < 0 {
			t.Errorf("%q: (%s) is %v", input, e.AI, d)
		}
	}
}

// checkStrictAgrees holds the two modes together where the input leaves no choice:
// they find the same but for warnings.
func checkStrictAgrees(t *testing.T, input string, o Options) {
	t.Helper()
	o.Strict = false
	r := Parse(input, o)
	o.Strict = true
	strict := Parse(input, o)
	checkResult(t, input, strict)
	if hasCode(r, CodeBareKey) || r.Form != FormDigitalLink && r.Symbology != "" && carrierOf(r.Symbology) != carrierAI {
		return
	}
	var issues []Issue
	for _, i := range r.Issues {
		if i.Severity != Warning {
			issues = append(issues, i)
		}
	}
	if !slices.Equal(issues, strict.Issues) || !slices.Equal(slices.Collect(both(r)), slices.Collect(both(strict))) || r.Form != strict.Form {
		t.Errorf("%q: %v %q, and strictly %v %q", input, r.HRI(), codes(r), strict.HRI(), codes(strict))
	}
}

func FuzzDigitalLink(f *testing.F) {
	for _, s := range fuzzSeeds {
		f.Add("https://a/01/"+gtinA, s, false)
		f.Add(s, "99=A&"+s, true)
	}
	f.Fuzz(func(t *testing.T, path, query string, plus bool) {
		for _, input := range []string{path, path + "?" + query, "https://a/01/" + gtinA + "/10/" + path + "?99=" + query} {
			o := Options{Now: testNow, Form: FormDigitalLink, ShortGTINs: plus, UnknownAIs: plus}
			checkParse(t, input, o)
			checkStrictAgrees(t, input, o)
		}
		// What stands in a lot is read back from the URI, whatever it is.
		r := Parse(bracketedText([]Element{{AI: "01", Value: gtinA}, {AI: "10", Value: path}}), Options{})
		if !r.Valid() || r.Len() != 2 {
			return
		}
		uri, err := r.DigitalLink()
		if err != nil {
			t.Fatalf("%s: %v", r.HRI(), err)
		}
		if lot, _ := Parse(uri, Options{}).Value("10"); lot != path {
			t.Errorf("lot %q is %q in %s", path, lot, uri)
		}
	})
}

func FuzzAssociations(f *testing.F) {
	for i, s := range fuzzSeeds {
		f.Add(s, fuzzSeeds[(i+1)%len(fuzzSeeds)], fuzzSeeds[(i*7)%len(fuzzSeeds)])
	}
	f.Add("]C101"+gtinA, "]C11729013110A", "]C110B")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		inputs := []string{a, b, c}
		var pack []*Result
		hard := false
		for _, s := range inputs {
			r := Parse(s, Options{Now: testNow})
			hard = hard || r.hasHard()
			pack = append(pack, r)
		}
		issues := Associations(pack...)
		last := 0
		for _, i := range issues {
			if i.Carrier < last || i.Carrier > 2 {
				t.Fatalf("carrier %d behind %d", i.Carrier, last)
			}
			last = i.Carrier
			if i.Severity != Association || i.Offset < 0 || i.Length <= 0 || i.Offset+i.Length > len(inputs[i.Carrier]) {
				t.Errorf("%q: %+v", inputs, i)
			}
			if hard && (i.Code == CodeRequiredAI || i.Code == CodeRequiredSerial) {
				t.Errorf("%q: %+v beside a hard issue", inputs, i)
			}
		}
		// The same carrier once more changes nothing for the others.
		if again := Associations(append(pack, pack[0])...); len(again) < len(issues) || !slices.Equal(again[:len(issues)], issues) {
			t.Errorf("%q: %v, and with the first twice %v", inputs, packCodes(issues), packCodes(again))
		}
		// One carrier alone is what Parse says of it.
		var alone []Issue
		for _, i := range pack[0].Issues {
			if i.Severity == Association {
				alone = append(alone, i)
			}
		}
		var single []Issue
		for _, i := range Associations(pack[0]) {
			single = append(single, i.Issue)
		}
		if !sameIssues(alone, single) {
			t.Errorf("%q: %v, Parse %v", a, single, alone)
		}
	})
}

// FuzzValues asks the values of elements of any AI.
func FuzzValues(f *testing.F) {
	for _, s := range []string{"3103012345", "39128261050", "17290131", "17290200", "70032901312359", "7007290131290204", "70112901311200", "800829013123", "725019991231", "7251199912312359", "43242901000830"} {
		f.Add(s, 2026)
	}
	f.Fuzz(func(t *testing.T, text string, year int) {
		if year < 1000 || year > 9000 {
			return
		}
		r := Parse(text, Options{Now: time.Date(year, 3, 1, 0, 0, 0, 0, time.UTC)})
		for e := range both(r) {
			d, ok := e.Decimal()
			if ok && (d.Places < 0 || d.Places > 9 || !strings.HasSuffix(e.Value, strings.TrimLeft(strings.ReplaceAll(d.String(), ".", ""), "0")) || d.Currency != "" && !strings.HasPrefix(e.Value, d.Currency)) {
				t.Errorf("(%s)%s is %s", e.AI, e.Value, d)
			}
			v, there := r.Value(e.AI)
			moment, err := r.DateTime(e.AI)
			switch {
			case err != nil && !moment.IsZero():
				t.Errorf("%q: %v beside %v", text, moment, err)
			case err == nil && !there:
				t.Errorf("%q: %v of nothing", text, moment)
			case err == nil:
				digits := strings.NewReplacer("-", "", "T", "", ":", "").Replace(moment.String())
				if len(e.AI) == 2 || e.AI[0] != '7' || e.AI[:3] != "725" {
					digits = digits[2:] // the century
				}
				if !moment.DayKnown {
					digits = digits[:4] + "00" + digits[min(6, len(digits)):]
				}
				if digits != v {
					t.Errorf("%q: %s of %q", text, moment, v)
				}
			}
			if d, err := r.Date(e.AI); err == nil && d != moment.Date {
				t.Errorf("%q: %v and %v", text, d, moment)
			}
		}
		if first, last, err := r.HarvestDates(); err == nil {
			v, _ := r.Value("7007")
			both := first.Time().Format("060102") + last.Time().Format("060102")
			if v != both && v+v != both {
				t.Errorf("%q: %v to %v", text, first, last)
			}
		}
	})
}

func sameElements(a, b *Result) bool {
	return slices.EqualFunc(slices.Collect(a.Elements()), slices.Collect(b.Elements()), func(x, y Element) bool { return x.AI == y.AI && x.Value == y.Value })
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
		if k, err := ParseGTIN(text); err == nil {
			if again, err := ParseGTIN(k.Short()); err != nil || again != k {
				t.Errorf("GTIN %q: short %q", k, k.Short())
			}
		}
		gln, err := ParseGLN(text)
		checkKey(t, "414", text, string(gln), err)
		gsrn, err := ParseGSRN(text)
		checkKey(t, "8018", text, string(gsrn), err)
		sscc, err := ParseSSCC(text)
		checkKey(t, "00", text, string(sscc), err)
		grai, err := ParseGRAI(text)
		checkKey(t, "8003", text, string(grai), err)
		if err == nil && "0"+grai.AssetType()+grai.Serial() != text {
			t.Errorf("GRAI %q in parts: %q %q", text, grai.AssetType(), grai.Serial())
		}
		giai, err := ParseGIAI(text)
		checkKey(t, "8004", text, string(giai), err)
		gdti, err := ParseGDTI(text)
		checkKey(t, "253", text, string(gdti), err)
		if err == nil && gdti.DocumentType()+gdti.Serial() != text {
			t.Errorf("GDTI %q in parts: %q %q", text, gdti.DocumentType(), gdti.Serial())
		}
		gmn, err := ParseGMN(text)
		checkKey(t, "8013", text, string(gmn), err)
		if err == nil {
			if pair, err := CheckPair(text[:len(text)-2]); err != nil || text[len(text)-2:] != pair {
				t.Errorf("GMN %q: pair %q, %v", text, pair, err)
			}
		}
		if digit, err := CheckDigit(text); err == nil && len(text) < 30 && !checkDigitFits(text+string(digit)) {
			t.Errorf("%q: check digit %c", text, digit)
		}
	})
}

// checkKey holds a key against the AI that has it: both take it, or both refuse.
func checkKey(t *testing.T, ai AI, text, key string, err error) {
	t.Helper()
	if valid := Parse(bracketedText([]Element{{AI: ai, Value: text}}), Options{}).Valid(); valid != (err == nil) {
		t.Errorf("(%s)%q: %v, and Valid is %v", ai, text, err, valid)
	}
	var keyError *KeyError
	switch {
	case err == nil && key != text:
		t.Errorf("(%s)%q: %q", ai, text, key)
	case err != nil && (key != "" || !errors.As(err, &keyError) || keyError.Text != text):
		t.Errorf("(%s)%q: %q, %v", ai, text, key, err)
	}
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
		if !r.Valid() || r.Len() != 4 {
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
