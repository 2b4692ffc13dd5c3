package gs1

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	gtinA  = "09506000134352"
	gtinAX = "09506000134353" // with a wrong check digit
)

// codes writes issues as "severity code AI offset+length".
func codes(r *Result) []string {
	list := []string{}
	for _, i := range r.Issues {
		list = append(list, fmt.Sprintf("%s %s %s %d+%d", i.Severity, i.Code, i.AI, i.Offset, i.Length))
	}
	return list
}

// The data of a composite symbol in brackets: a bar stands before those of its
// component.
func TestBracketedComposite(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"(01)12312312312333(10)ABC123|(99)COMPOSITE", "(01)12312312312333(10)ABC123(99)COMPOSITE"},
		{"(01)12312312312333|(10)A|B", "(01)12312312312333 hard charset 10 24+1"}, // the second bar is data, which no value has
		{"(01)12312312312333(10)A|", "(01)12312312312333(10)A hard empty  24+0"},
		{"|(99)COMPOSITE", "(99)COMPOSITE hard empty  0+0"},
		{"(01)12312312312333(10)AB|99", "(01)12312312312333(10)AB hard brackets  25+2"},
		{"(10)A|(01)12312312312333", "(10)A(01)12312312312333"},
	} {
		r := Parse(tt.in, Options{Now: testNow, Strict: true, Form: FormBracketed})
		got := strings.TrimSpace(r.HRI() + " " + strings.Join(codes(r), " "))
		if got != tt.want {
			t.Errorf("%q: %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestParse(t *testing.T) {
	tests := []struct {
		name, input string
		form        Form
		symbology   string
		elements    string // as HRI
		rejected    string // as HRI
		issues      []string
	}{
		// Forms.
		{"element string", "01" + gtinA + "10A", FormElementString, "", "(01)" + gtinA + "(10)A", "", nil},
		{"scan data", "]d201" + gtinA, FormScanData, "]d2", "(01)" + gtinA, "", nil},
		{"bracketed", "(01)" + gtinA, FormBracketed, "", "(01)" + gtinA, "", nil},
		{"empty", "", FormElementString, "", "", "", []string{"hard empty  0+0"}},
		{"identifier alone", "]d2", FormScanData, "]d2", "", "", []string{"hard empty  3+0"}},
		{"identifier cut short", "]d", FormScanData, "", "", "", []string{"hard symbology  0+2"}},

		// Bare keys.
		{"EAN-13", "]E09506000134352", FormPlain, "]E0", "(01)" + gtinA, "", nil},
		{"EAN-8", "]E495050003", FormPlain, "]E4", "(01)00000095050003", "", nil},
		{"ITF-14", "]I1" + gtinA, FormPlain, "]I1", "(01)" + gtinA, "", nil},
		{"EAN-13 with wrong check digit", "]E09506000134353", FormPlain, "]E0", "", "(01)" + gtinAX, []string{"hard check-digit 01 15+1"}},
		{"EAN-13 too short", "]E0950600013435", FormPlain, "]E0", "", "(01)950600013435", []string{"hard too-short 01 3+12"}},
		{"ITF-14 with a letter", "]I10950600013435A", FormPlain, "]I1", "", "(01)0950600013435A", []string{"hard charset 01 16+1"}},
		{"composite", "]E09506000134352|]e0102A\x1d91B", FormScanData, "]E0", "(01)" + gtinA + "(10)2A(91)B", "", nil},
		{"composite without data", "]E09506000134352|]e0", FormScanData, "]E0", "(01)" + gtinA, "", []string{"hard empty  20+0"}},
		{"typed GTIN-13", "5000456013482", FormPlain, "", "(01)05000456013482", "", []string{"warning bare-key 01 0+13"}},
		{"typed GTIN-13 that starts like an internal AI", "9506000134352", FormElementString, "", "(95)06000134352", "", []string{"warning ambiguous-key  0+13"}},
		{"typed GTIN-13 that starts like an order number", "4006381333931", FormElementString, "", "(400)6381333931", "", []string{"warning ambiguous-key  0+13"}},
		{"typed GTIN-14", gtinA, FormPlain, "", "(01)" + gtinA, "", []string{"warning bare-key 01 0+14"}},
		{"typed GTIN-12", "614141000036", FormPlain, "", "(01)00614141000036", "", []string{"warning bare-key 01 0+12"}},
		{"typed GTIN-8", "95050003", FormElementString, "", "(95)050003", "", []string{"warning ambiguous-key  0+8"}},
		{"lot and GTIN-14", "10950600013436", FormElementString, "", "(10)950600013436", "", []string{"warning ambiguous-key  0+14", "association required-ai 10 2+12"}},
		{"lot of twelve digits", "10950600013434", FormElementString, "", "(10)950600013434", "", []string{"association required-ai 10 2+12"}},
		{"GTIN-14 with wrong check digit", gtinAX, FormElementString, "", "", "", []string{"hard unknown-ai  0+4"}},

		// Symbols that are not marked as GS1.
		{"AI data in plain Data Matrix", "]d101" + gtinA, FormScanData, "]d1", "(01)" + gtinA, "", []string{"warning not-marked-gs1  0+3"}},
		{"AI data in plain Code 128", "]C001" + gtinA, FormScanData, "]C0", "(01)" + gtinA, "", []string{"warning not-marked-gs1  0+3"}},
		{"text in plain Data Matrix", "]d1HELLO", FormPlain, "]d1", "", "", []string{"hard not-gs1  3+5"}},
		{"bad AI data in plain Data Matrix", "]d101" + gtinAX, FormPlain, "]d1", "", "", []string{"hard not-gs1  3+16"}},
		{"Digital Link in QR", "]Q1https://id.gs1.org/01/" + gtinA, FormDigitalLink, "]Q1", "(01)" + gtinA, "", nil},
		{"web address in QR", "]Q1https://example.com/info", FormDigitalLink, "]Q1", "", "", []string{"hard uri  22+5"}},
		{"AI data in Aztec", "]z001" + gtinA, FormScanData, "]z0", "(01)" + gtinA, "", []string{"hard symbology  0+3"}},
		{"HIBC in Code 39", "]A0+A99912345", FormPlain, "]A0", "", "", []string{"hard not-gs1  3+10"}},

		// Separators.
		{"one behind a predefined length", "01" + gtinA + "\x1d10A", FormElementString, "", "(01)" + gtinA + "(10)A", "", nil},
		{"one at the end", "01" + gtinA + "10A\x1d", FormElementString, "", "(01)" + gtinA + "(10)A", "", nil},
		{"two at the end", "01" + gtinA + "10A\x1d\x1d", FormElementString, "", "(01)" + gtinA + "(10)A", "", []string{"hard stray-separator  20+1"}},
		{"two between", "01" + gtinA + "10A\x1d\x1d21B", FormElementString, "", "(01)" + gtinA + "(10)A(21)B", "", []string{"hard stray-separator  20+1"}},
		{"one in front", "\x1d01" + gtinA, FormElementString, "", "(01)" + gtinA, "", []string{"hard stray-separator  0+1"}},
		{"missing behind fixed length", "01" + gtinA + "422056" + "10A", FormElementString, "", "(01)" + gtinA, `(422)05610A`, []string{"hard missing-separator 422 22+3"}},
		{"too long", "01" + gtinA + "10ABCDEFGHIJKLMNOPQRSTU\x1d21S", FormElementString, "", "(01)" + gtinA + "(21)S", "(10)ABCDEFGHIJKLMNOPQRSTU", []string{"hard too-long 10 38+1"}},
		{"lost separator cannot be seen", "01" + gtinA + "10ABC17290131", FormElementString, "", "(01)" + gtinA + "(10)ABC17290131", "", nil},

		// Going on behind a bad element.
		{"check digit", "01" + gtinAX + "17290131" + "10A", FormElementString, "", "(17)290131(10)A", "(01)" + gtinAX, []string{"hard check-digit 01 15+1"}},
		{"letter in a predefined length", "]d220BL01" + gtinA, FormScanData, "]d2", "(01)" + gtinA, "(20)BL", []string{"hard charset 20 5+1"}},
		{"unknown AI", "14290131\x1d01" + gtinA, FormElementString, "", "(01)" + gtinA, "", []string{"hard unknown-ai  0+4"}},
		{"carriage return", "01" + gtinA + "\r", FormElementString, "", "(01)" + gtinA, "", []string{"hard unknown-ai  16+1"}},
		{"empty value", "10\x1d01" + gtinA, FormElementString, "", "(01)" + gtinA, "", []string{"hard empty 10 2+0"}},
		{"too short", "01123\x1d10A", FormElementString, "", "(10)A", "(01)123", []string{"hard too-short 01 2+3"}},
		{"bytes that are no text", "10\xff\x00", FormElementString, "", "", "(10)\xff\x00", []string{"hard charset 10 2+1"}},

		// Brackets.
		{"escaped bracket", `(01)` + gtinA + `(10)A\(B`, FormBracketed, "", `(01)` + gtinA + `(10)A\(B`, "", nil},
		{"fault behind an escape", `(01)` + gtinA + `(10)\(\(~`, FormBracketed, "", `(01)` + gtinA, `(10)\(\(~`, []string{"hard charset 10 26+1"}},
		{"backslash is a character", `(01)` + gtinA + `(10)A\B`, FormBracketed, "", `(01)` + gtinA, `(10)A\B`, []string{"hard charset 10 23+1"}},
		{"bracket that may belong to the lot", `(01)` + gtinA + `(10)A(B`, FormBracketed, "", `(01)` + gtinA, `(10)A`, []string{"hard brackets  23+2"}},
		{"bracketed digits that are no AI", `(01)` + gtinA + `(10)A(38)B`, FormBracketed, "", `(01)` + gtinA, `(10)A(38)B`, []string{"hard unknown-ai 38 23+4"}},
		{"AI of a wrong length", "(8001234)1", FormBracketed, "", "", "", []string{"hard brackets  0+6"}},
		{"GTIN in brackets", "(08717648200274)", FormBracketed, "", "", "", []string{"hard brackets  0+6"}},
		{"too long in brackets", "(17)2901311", FormBracketed, "", "", "(17)2901311", []string{"hard too-long 17 4+7"}},
		{"no trimming", "(01)" + gtinA + " ", FormBracketed, "", "", "(01)" + gtinA + " ", []string{"hard too-long 01 4+15"}},

		// Warnings and associations.
		{"day not given", "01" + gtinA + "17290200", FormElementString, "", "(01)" + gtinA + "(17)290200", "", []string{"warning day-not-given 17 22+2"}},
		{"day 00 where it is not allowed", "(01)" + gtinA + "(7006)290200", FormBracketed, "", "(01)" + gtinA, "(7006)290200", []string{"hard date 7006 28+2"}},
		{"half of a UDI", "1729013110A", FormElementString, "", "(17)290131(10)A", "", []string{"association required-ai 17 2+6", "association required-ai 10 10+1"}},
		{"repeated with another value", "(01)" + gtinA + "(21)A(21)B(21)A", FormBracketed, "", "(01)" + gtinA + "(21)A(21)B(21)A", "", []string{"association repeated-ai 21 27+1"}},
		{"group of required AIs", "(8030)AbC_-9(01)" + gtinA, FormBracketed, "", "(8030)AbC_-9(01)" + gtinA, "", []string{"association required-ai 8030 6+6"}},
		{"price and its own pattern", "(3942)0010(255)9506000134352(3942)0010", FormBracketed, "", "(3942)0010(255)9506000134352(3942)0010", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := Parse(tt.input, Options{Now: testNow})
			checkResult(t, tt.input, r)
			if r.Form != tt.form || r.Symbology != tt.symbology {
				t.Errorf("form %v, symbology %q", r.Form, r.Symbology)
			}
			if got := r.HRI(); got != tt.elements {
				t.Errorf("elements %s, want %s", got, tt.elements)
			}
			if got := hri(r.Rejected()); got != tt.rejected {
				t.Errorf("rejected %s, want %s", got, tt.rejected)
			}
			if tt.issues == nil {
				tt.issues = []string{}
			}
			if got := codes(r); !reflect.DeepEqual(got, tt.issues) {
				t.Errorf("issues %q, want %q", got, tt.issues)
			}
		})
	}
}

func TestOffsetsPointIntoTheInput(t *testing.T) {
	input := "]d201" + gtinA + `10AB` + "\x1d21C"
	want := []Element{{"01", gtinA, 5, 14}, {"10", "AB", 21, 2}, {"21", "C", 26, 1}}
	if got := slices.Collect(Parse(input, Options{}).Elements()); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	input = `(10)A\((21)C`
	want = []Element{{"10", "A(", 4, 3}, {"21", "C", 11, 1}}
	if got := slices.Collect(Parse(input, Options{}).Elements()); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestIssuesSpeakToPeople(t *testing.T) {
	r := Parse("01"+gtinAX+"17290230", Options{Now: testNow})
	if len(r.Issues) != 2 {
		t.Fatalf("issues %v", r.Issues)
	}
	want := []Issue{
		{CodeCheckDigit, Hard, "01", 15, 1, "The check on the product number (GTIN) fails; it may have been misread or misprinted.", "check digit is 3, computed 2"},
		{CodeDate, Hard, "17", 22, 2, "The expiry date is not a day that exists.", "day 30 does not exist in month 02 of 2029"},
	}
	if !reflect.DeepEqual(r.Issues, want) {
		t.Errorf("got %+v", r.Issues)
	}
	if got := r.Err().Error(); got != "gs1: (01) check-digit at byte 15: check digit is 3, computed 2" {
		t.Errorf("Err: %s", got)
	}
	var e *Error
	if !errors.As(r.Err(), &e) || e.Code != CodeCheckDigit {
		t.Errorf("Err: %#v", r.Err())
	}
}

func TestLimits(t *testing.T) {
	large := strings.Repeat("9", 8192)
	r := Parse(large, Options{})
	if got := codes(r); !reflect.DeepEqual(got, []string{"hard too-large  0+8192"}) || r.Len() != 0 {
		t.Errorf("8192 bytes: %v, %d elements", got, r.Len())
	}
	checkResult(t, large, r)

	full := strings.Repeat("20"+"11", 64) // predefined length, no separators
	r = Parse(full, Options{})
	if r.hasHard() || r.Len() != 64 {
		t.Errorf("64 AIs: %v, %d elements", codes(r), r.Len())
	}
	r = Parse(full+"2011", Options{})
	if !hasCode(r, CodeTooMany) || r.Len() != 64 || r.Valid() {
		t.Errorf("65 AIs: %v, %d elements", codes(r), r.Len())
	}
	r = Parse(strings.Repeat("(20)11", 65), Options{})
	if !hasCode(r, CodeTooMany) || r.Len() != 64 {
		t.Errorf("65 AIs in brackets: %v, %d elements", codes(r), r.Len())
	}
}

func TestDatesWithoutThePresentTime(t *testing.T) {
	r := Parse("01"+gtinA+"17000229", Options{})
	if !r.Valid() {
		t.Errorf("29 February 00 must pass for shape: %v", r.Err())
	}
	if _, err := r.Date("17"); !errors.Is(err, ErrNoNow) {
		t.Errorf("Date: %v", err)
	}
	if r := Parse("01"+gtinA+"17010229", Options{}); r.Valid() {
		t.Error("29 February 01 exists in no century")
	}
	in2060 := time.Date(2060, 1, 1, 0, 0, 0, 0, time.UTC)
	if r := Parse("01"+gtinA+"17000229", Options{Now: in2060}); r.Valid() {
		t.Error("in 2060, year 00 is 2100, which has no 29 February")
	}
}

func TestResultDate(t *testing.T) {
	r := Parse("01"+gtinA+"1729020010A", Options{Now: testNow})
	if d, err := r.Date("17"); err != nil || d != (Date{2029, 2, 28, false}) {
		t.Errorf("17: %v, %v", d, err)
	}
	for _, ai := range []AI{"11", "10", "01", ""} {
		if _, err := r.Date(ai); !errors.Is(err, ErrNoDate) {
			t.Errorf("%s: %v", ai, err)
		}
	}
}

func TestValueGivesTheFirst(t *testing.T) {
	r := Parse("(01)"+gtinA+"(10)A(10)B", Options{})
	if v, ok := r.Value("10"); v != "A" || !ok {
		t.Errorf("10: %q, %v", v, ok)
	}
	if v, ok := r.Value("21"); v != "" || ok {
		t.Errorf("21: %q, %v", v, ok)
	}
}

func TestElementStringSeparatesWhereNeeded(t *testing.T) {
	r := Parse("(10)A(01)"+gtinA+"(422)056(17)290131(21)S", Options{Now: testNow})
	want := "10A\x1d01" + gtinA + "422056\x1d17290131" + "21S"
	if got := r.ElementString(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNames(t *testing.T) {
	for got, want := range map[string]string{
		AI("10").Title(): "BATCH/LOT", AI("3103").Title(): "NET WEIGHT (kg)", AI("14").Title(): "", AI("8018").Title(): "GSRN - RECIPIENT",
		FormElementString.String(): "element_string", FormScanData.String(): "scan_data",
		FormBracketed.String(): "bracketed", FormPlain.String(): "plain", Form(0).String(): "Form(0)",
		Hard.String(): "hard", Association.String(): "association", Warning.String(): "warning", Severity(9).String(): "Severity(9)",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
