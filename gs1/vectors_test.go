package gs1

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// testNow is the present time of the tests.
var testNow = time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC)

// vector is a case with the verdict of GS1's own syntax engine.
type vector struct {
	ID          string      `json:"id"`
	Kind        string      `json:"kind"`
	Input       string      `json:"input"`
	Valid       bool        `json:"valid"`
	AIs         [][2]string `json:"ais"`
	ErrorClass  string      `json:"error_class"`
	Severity    string      `json:"severity"`
	EngineError string      `json:"engine_error"`
	NonAI       bool        `json:"non_ai"`
	AllAssoc    []string    `json:"all_assoc_errors"`
}

func readVectors(t *testing.T, name string) []vector {
	t.Helper()
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) && os.Getenv("CI") == "" {
		t.Skipf("%s is not there", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var list []vector
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var v vector
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

// codesOf lists, for each class of the engine's errors, the codes that say the same.
var codesOf = map[string][]string{
	"hard:check_digit":         {CodeCheckDigit},
	"hard:check_pair":          {CodeCheckPair},
	"hard:charset":             {CodeCharset},
	"hard:date":                {CodeDate},
	"hard:time":                {CodeTime},
	"hard:code_list":           {CodeCodeList},
	"hard:value":               {CodeValue},
	"hard:gcp":                 {CodeCompanyPrefix},
	"hard:iban":                {CodeIBAN},
	"hard:coupon":              {CodeCoupon},
	"hard:length":              {CodeTooShort, CodeTooLong, CodeMissingSeparator, CodeEmpty},
	"hard:unknown_ai":          {CodeUnknownAI, CodeBrackets, CodeStraySeparator},
	"hard:structure":           {CodeBrackets, CodeEmpty, CodeCharset, CodeUnknownAI, CodeTooShort},
	"hard:symbology":           {CodeSymbology, CodeNotGS1, CodeUnknownAI, CodeTooLong, CodeCharset},
	"hard:ean_upc_primary":     {CodeCheckDigit, CodeTooShort, CodeTooLong, CodeCharset},
	"hard:dl_uri_syntax":       {CodeURI, CodeCharset, CodeEmpty, CodeUnknownAI},
	"hard:dl_value":            {CodeEmpty, CodeCharset},
	"hard:dl_key_qualifiers":   {CodePathOrder, CodeQuery},
	"hard:dl_attribute":        {CodeQuery, CodeDuplicateAI, CodeUnknownAI},
	"assoc:required_missing":   {CodeRequiredAI},
	"assoc:mutually_exclusive": {CodeExcludedAI},
	"assoc:repeated_different": {CodeRepeatedAI},
	"assoc:digsig_serial":      {CodeRequiredSerial},
}

func aiPairs(elements []Element) [][2]string {
	list := [][2]string{}
	for _, e := range elements {
		list = append(list, [2]string{string(e.AI), e.Value})
	}
	return list
}

// checkVector compares one case and returns how it was judged: "verdict" for the
// engine's own, otherwise the name of the difference that is meant.
func checkVector(t *testing.T, v vector) string {
	t.Helper()
	r := Parse(v.Input, Options{Now: testNow})
	checkResult(t, v.Input, r)
	got := aiPairs(slices.Collect(r.Elements()))
	switch {
	case strings.HasPrefix(v.Input, "]E") && v.Valid:
		// The engine leaves out the GTIN of an EAN symbol.
		n := 13
		if v.Input[2] == '4' {
			n = 8
		}
		gtin, err := ParseGTIN(v.Input[3 : 3+n])
		want := append([][2]string{{"01", string(gtin)}}, v.AIs...)
		if err != nil || !r.Valid() || !reflect.DeepEqual(got, want) {
			t.Errorf("%s %q: got %v (%v), want %v", v.ID, v.Input, got, r.Err(), want)
		}
		return "EAN symbol"
	case v.NonAI && hasCode(r, CodeNotMarkedGS1):
		if !r.Valid() || r.Form != FormScanData {
			t.Errorf("%s %q: %v, %q", v.ID, v.Input, r.Form, codes(r))
		}
		return "AI data not marked as GS1"
	case v.NonAI:
		if r.Form != FormPlain || r.Len() != 0 || !hasCode(r, CodeNotGS1) {
			t.Errorf("%s %q: %v, %q", v.ID, v.Input, r.Form, codes(r))
		}
		return "plain text"
	}
	if r.Valid() != (v.Severity != "hard") {
		t.Errorf("%s %q: Valid is %v, engine says %q %s", v.ID, v.Input, r.Valid(), v.Severity, v.EngineError)
	}
	var associations []string
	for _, i := range r.Issues {
		if i.Severity == Association {
			associations = append(associations, i.Code)
		}
	}
	switch v.Severity {
	case "hard":
		var e *Error
		if !errors.As(r.Err(), &e) || !slices.Contains(codesOf[v.ErrorClass], e.Code) {
			t.Errorf("%s %q: got %v, engine says %s", v.ID, v.Input, r.Err(), v.EngineError)
		}
		return "verdict"
	case "association":
		classes := v.AllAssoc
		if len(classes) == 0 {
			classes = []string{v.ErrorClass}
		}
		for _, class := range classes {
			if !slices.Contains(associations, codesOf[class][0]) {
				t.Errorf("%s %q: got %v, engine says %s", v.ID, v.Input, associations, v.EngineError)
			}
		}
	default:
		if len(associations) != 0 {
			t.Errorf("%s %q: got %v, engine says valid", v.ID, v.Input, associations)
		}
	}
	if !reflect.DeepEqual(got, v.AIs) {
		t.Errorf("%s %q: got %v, want %v", v.ID, v.Input, got, v.AIs)
	}
	return "verdict"
}

func hasCode(r *Result, code string) bool {
	return slices.ContainsFunc(r.Issues, func(i Issue) bool { return i.Code == code })
}

// checkResult holds for every result.
func checkResult(t *testing.T, input string, r *Result) {
	t.Helper()
	if r.Form < FormElementString || r.Form > FormPlain {
		t.Errorf("%q: form %v", input, r.Form)
	}
	if r.Valid() != (r.Err() == nil) {
		t.Errorf("%q: Valid is %v and Err is %v", input, r.Valid(), r.Err())
	}
	last := 0
	for _, i := range r.Issues {
		if i.Offset < last || i.Length < 0 || i.Offset+i.Length > len(input) {
			t.Errorf("%q: %s at %d+%d behind %d", input, i.Code, i.Offset, i.Length, last)
		}
		if i.Code == "" || i.Message == "" || i.Detail == "" || strings.HasPrefix(i.Severity.String(), "S") {
			t.Errorf("%q: incomplete issue %+v", input, i)
		}
		last = i.Offset
	}
	for _, e := range slices.Concat(slices.Collect(r.Elements()), slices.Collect(r.Rejected())) {
		if e.Offset < 0 || e.Offset > len(input) {
			t.Errorf("%q: element at %d", input, e.Offset)
		}
	}
	n := 0
	for e := range r.Elements() {
		n++
		if lookup(string(e.AI)) == nil && aiLength(string(e.AI)) != len(e.AI) {
			t.Errorf("%q: element with unknown AI %q", input, e.AI)
		}
		if v, ok := r.Value(e.AI); !ok || v == "" {
			t.Errorf("%q: (%s) has no value", input, e.AI)
		}
	}
	if r.Len() != n {
		t.Errorf("%q: %d elements, Len is %d", input, n, r.Len())
	}
	for e := range both(r) {
		if e.Offset < 0 || e.Length < 0 || e.Offset+e.Length > len(input) {
			t.Errorf("%q: element at %d+%d", input, e.Offset, e.Length)
			continue
		}
		if written := input[e.Offset : e.Offset+e.Length]; !writes(r.Form, written, e) {
			t.Errorf("%q: value %q is not what %q at %d says", input, e.Value, written, e.Offset)
		}
	}
}

// both gives elements and rejected elements.
func both(r *Result) iter.Seq[Element] {
	return func(yield func(Element) bool) {
		for e := range r.Elements() {
			if !yield(e) {
				return
			}
		}
		for e := range r.Rejected() {
			if !yield(e) {
				return
			}
		}
	}
}

// writes reports whether the text stands for the value of e: as it is, without the
// zeros of a short GTIN, or with the escapes of the form.
func writes(form Form, text string, e Element) bool {
	switch {
	case text == e.Value:
		return true
	case form == FormBracketed:
		return strings.ReplaceAll(text, `\(`, "(") == e.Value
	case form == FormDigitalLink:
		path, err := url.PathUnescape(text)
		query, _ := url.QueryUnescape(text)
		return err != nil || path == e.Value || query == e.Value || e.AI == "01" && padGTIN(path) == e.Value
	case e.AI == "01" && len(e.Value) == 14 && len(text) < 14:
		return strings.Repeat("0", 14-len(text))+text == e.Value
	}
	return false
}

// TestOwnCases reads cases of this package in the form of the vectors.
func TestOwnCases(t *testing.T) {
	list := readVectors(t, "testdata/cases.jsonl")
	for _, v := range list {
		checkVector(t, v)
	}
	if len(list) != 72 {
		t.Errorf("%d cases", len(list))
	}
}

// TestUDIStringsFoundInTheWorld reads the undamaged GS1 strings of a collection.
func TestUDIStringsFoundInTheWorld(t *testing.T) {
	file, err := os.Open("../../shared/vectors/udi.jsonl")
	if errors.Is(err, fs.ErrNotExist) && os.Getenv("CI") == "" {
		t.Skip("the collection is not there")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	count := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var c struct {
			ID, Agency, Defect string
			Raw                any
			Expected           map[string]any
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		raw, one := c.Raw.(string)
		if c.Agency != "GS1" || c.Defect != "" || !one {
			continue
		}
		count++
		r := Parse(raw, Options{Now: testNow})
		checkResult(t, raw, r)
		for name, ai := range map[string]AI{"di": "01", "lot": "10", "serial": "21", "additional_id": "240"} {
			if want, ok := c.Expected[name].(string); ok {
				if got, _ := r.Value(ai); got != want {
					t.Errorf("%s %q: %s is %q, want %q", c.ID, raw, name, got, want)
				}
			}
		}
		for name, ai := range map[string]AI{"expiry": "17", "production": "11", "best_before": "15"} {
			if want, ok := c.Expected[name].(string); ok {
				if got, err := r.Date(ai); got.String() != want {
					t.Errorf("%s %q: %s is %v (%v), want %q", c.ID, raw, name, got, err, want)
				}
			}
		}
	}
	if count != 10 {
		t.Errorf("%d strings", count)
	}
}

func TestVerdictsAreThoseOfGS1sEngine(t *testing.T) {
	count := map[string]int{}
	for _, v := range readVectors(t, "../../shared/vectors/gs1.jsonl") {
		count[v.Kind]++
		count[checkVector(t, v)]++
	}
	want := map[string]int{
		"element_string": 250, "scan_data": 185, "bracketed": 343, "dl_uri": 119,
		"verdict": 880, "EAN symbol": 6, "AI data not marked as GS1": 1, "plain text": 10,
	}
	if !reflect.DeepEqual(count, want) {
		t.Errorf("cases checked: %v, want %v", count, want)
	}
}
