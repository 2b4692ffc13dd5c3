package gs1

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"
)

func TestScanData(t *testing.T) {
	r := Parse("(01)"+gtinA+"(10)A(21)B", Options{})
	for symbology, want := range map[string]string{
		"]d2": "]d201" + gtinA + "10A\x1d21B", "]C1": "]C101" + gtinA + "10A\x1d21B", "]e0": "]e001" + gtinA + "10A\x1d21B",
		"]Q3": "]Q301" + gtinA + "10A\x1d21B", "]J1": "]J101" + gtinA + "10A\x1d21B",
		"]d1": "", "]Q1": "", "]E0": "", "]I1": "", "": "", "d2": "", "]z0": "",
	} {
		if got := r.ScanData(symbology); got != want {
			t.Errorf("%s: %q, want %q", symbology, got, want)
		}
	}
	if got := Parse("", Options{}).ScanData("]d2"); got != "" {
		t.Errorf("no elements: %q", got)
	}
	if got := Parse("]E09506000134352", Options{}).ScanData("]C1"); got != "]C101"+gtinA {
		t.Errorf("bare GTIN: %q", got)
	}
}

func TestTitledHRI(t *testing.T) {
	r := Parse("(01)"+gtinA+`(17)290131(10)A\(1)`, Options{Now: testNow})
	want := "GTIN (01) " + gtinA + "\nUSE BY or EXPIRY (17) 290131\nBATCH/LOT (10) A(1)"
	if got := r.TitledHRI(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Parse("(8112)001234561234560123456", Options{}).TitledHRI(); got != "(8112) 001234561234560123456" {
		t.Errorf("an AI without title: %q", got)
	}
	if got := Parse("", Options{}).TitledHRI(); got != "" {
		t.Errorf("no elements: %q", got)
	}
}

func TestUnknownAIs(t *testing.T) {
	long := "9ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQR"
	for _, tt := range []struct {
		input              string
		elements, rejected string
		issues             []string // with UnknownAIs
		without            string   // the code of the hard issue without
	}{
		{"01" + gtinA + "3106ABC\x1d21S", "(01)" + gtinA + "(3106)ABC(21)S", "", []string{"warning unallocated-ai 3106 16+4"}, CodeUnknownAI},
		{"429A", "(429)A", "", nil, CodeUnknownAI},
		{"(01)" + gtinA + "(3106)ABC(21)S", "(01)" + gtinA + "(3106)ABC(21)S", "", []string{"warning unallocated-ai 3106 19+4"}, CodeUnknownAI},
		{"(01)" + gtinA + `(3106)A\(C`, "(01)" + gtinA + `(3106)A\(C`, "", []string{"warning unallocated-ai 3106 19+4"}, CodeUnknownAI},
		{`(3106)\(~`, "", `(3106)\(~`, []string{"hard charset 3106 6+3"}, CodeUnknownAI},
		{"(3106)", "", "(3106)", []string{"hard unknown-ai 3106 0+6"}, CodeUnknownAI},
		{"3106", "", "", []string{"hard unknown-ai  0+4"}, CodeUnknownAI},
		{"310", "", "", []string{"hard unknown-ai  0+3"}, CodeUnknownAI},
		{"0412", "", "", []string{"hard unknown-ai  0+4"}, CodeUnknownAI},
		{"(04)12", "", "(04)12", []string{"hard unknown-ai 04 0+4"}, CodeUnknownAI},
		{"(310)12", "", "(310)12", []string{"hard unknown-ai 310 0+5"}, CodeUnknownAI},
		{"3106A~B", "", "(3106)A~B", []string{"hard charset 3106 5+1"}, CodeUnknownAI},
		{"3106" + long[:90], "(3106)" + long[:90], "", []string{"warning unallocated-ai 3106 0+4"}, CodeUnknownAI},
		{"3106" + long, "", "(3106)" + long, []string{"hard too-long 3106 94+1"}, CodeUnknownAI},
	} {
		r := Parse(tt.input, Options{UnknownAIs: true})
		checkResult(t, tt.input, r)
		if r.HRI() != tt.elements || hri(r.Rejected()) != tt.rejected {
			t.Errorf("%q: %s, rejected %s", tt.input, r.HRI(), hri(r.Rejected()))
		}
		if tt.issues == nil { // "429A": no prefix of AI data is given twice
			tt.issues = []string{"warning unallocated-ai 429 0+3"}
		}
		if got := codes(r); !reflect.DeepEqual(got, tt.issues) {
			t.Errorf("%q: %q, want %q", tt.input, got, tt.issues)
		}
		if !hasCode(Parse(tt.input, Options{}), tt.without) {
			t.Errorf("%q: valid without the option", tt.input)
		}
	}
	r := Parse("3106AB\x1d10C", Options{UnknownAIs: true})
	if got := r.ElementString(); got != "3106AB\x1d10C" {
		t.Errorf("element string %q", got)
	}
	if got := r.Issues[0].Message; got != "The field 3106 is not one that GS1 has defined." {
		t.Errorf("message %q", got)
	}
}

func TestFormIsWhatTheCallerSays(t *testing.T) {
	for _, tt := range []struct {
		input string
		form  Form
		want  Form
		code  string // of the first issue; "" when there is none
	}{
		{"01" + gtinA, FormScanData, FormScanData, CodeSymbology},
		{"01" + gtinA, FormBracketed, FormBracketed, CodeBrackets},
		{"01" + gtinA, FormDigitalLink, FormDigitalLink, CodeURI},
		{"01" + gtinA, FormElementString, FormElementString, ""},
		{"01" + gtinA, FormPlain, FormElementString, ""},
		{"01" + gtinA, 99, FormElementString, ""},
		{"]d201" + gtinA, FormElementString, FormElementString, CodeUnknownAI},
		{"(01)" + gtinA, FormElementString, FormElementString, CodeUnknownAI},
		{"https://a/01/" + gtinA, FormElementString, FormElementString, CodeUnknownAI},
	} {
		r := Parse(tt.input, Options{Form: tt.form})
		checkResult(t, tt.input, r)
		got := ""
		if len(r.Issues) > 0 {
			got = r.Issues[0].Code
		}
		if r.Form != tt.want || got != tt.code {
			t.Errorf("%q as %v: %v, %q", tt.input, tt.form, r.Form, got)
		}
	}
}

func TestStrictLeavesWhatTheEngineDoesNotGive(t *testing.T) {
	for _, tt := range []struct {
		input, elements string
		valid           bool
		form            Form
	}{
		{"]E09506000134352", "", true, FormPlain},
		{"]E09506000134352|]e010A", "(10)A", true, FormScanData},
		{"]I1" + gtinA, "", false, FormScanData},
		{"]d101" + gtinA, "", true, FormPlain},
		{"]d1", "", true, FormPlain},
		{"]Q1HELLO", "", true, FormPlain},
		{"5000456013482", "", false, FormElementString},
		{"01" + gtinA + "17290200", "(01)" + gtinA + "(17)290200", true, FormElementString},
	} {
		r := Parse(tt.input, Options{Now: testNow, Strict: true})
		if r.Valid() != tt.valid || r.HRI() != tt.elements || (r.Err() == nil) != tt.valid {
			t.Errorf("%q: %v %s %v", tt.input, r.Valid(), r.HRI(), codes(r))
		}
		if tt.valid && len(r.Issues) > 0 && r.Issues[0].Severity == Warning {
			t.Errorf("%q: %v", tt.input, codes(r))
		}
	}
}

func TestIteratorsStop(t *testing.T) {
	r := Parse("(01)"+gtinA+"(10)A(21)B(98)~(99)~", Options{})
	n := 0
	for range r.Elements() {
		n++
		break
	}
	for range r.Rejected() {
		n++
		break
	}
	if n != 2 || r.Len() != 3 || len(slices.Collect(r.Rejected())) != 2 {
		t.Errorf("%d, %d, %v", n, r.Len(), slices.Collect(r.Rejected()))
	}
}

func TestDayNotGivenSaysWhatHasChanged(t *testing.T) {
	r := Parse("01"+gtinA+"17290200", Options{Now: testNow})
	want := []Issue{{CodeDayNotGiven, Warning, "17", 22, 2,
		"The expiry date gives a month but no day; since 2025 GS1 wants the day on medicines and medical devices.",
		"day 00 stands for the last day of the month; since 2025-01-01 GS1 does not allow it on regulated healthcare items"}}
	if !reflect.DeepEqual(r.Issues, want) {
		t.Errorf("got %+v", r.Issues)
	}
}

func TestValueOfADateThatIsNone(t *testing.T) {
	// Without the present time, 29 February 00 passes for shape.
	r := Parse("01"+gtinA+"17000229", Options{})
	if v, ok := r.Value("17"); v != "000229" || !ok {
		t.Errorf("%q %v", v, ok)
	}
	if _, err := ParseDate("210229", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)); !errors.Is(err, ErrDate) {
		t.Errorf("%v", err)
	}
}

func TestErrorOfNoAI(t *testing.T) {
	if got := Parse("", Options{}).Err().Error(); got != "gs1: empty at byte 0: the input is empty" {
		t.Errorf("got %q", got)
	}
	if got := Parse("https://a/info", Options{}).Err().Error(); got != "gs1: uri at byte 9: no primary key of GS1 and its value at the end of the path" {
		t.Errorf("got %q", got)
	}
}
