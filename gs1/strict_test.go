package gs1

import (
	"reflect"
	"slices"
	"testing"
)

// TestStrictVerdictsAreThoseOfGS1sEngine reads every vector as the form it is.
func TestStrictVerdictsAreThoseOfGS1sEngine(t *testing.T) {
	forms := map[string]Form{"element_string": FormElementString, "scan_data": FormScanData, "bracketed": FormBracketed, "dl_uri": FormDigitalLink}
	list := readVectors(t, "../../shared/vectors/gs1.jsonl")
	for _, v := range list {
		for _, form := range []Form{0, forms[v.Kind]} {
			if form == 0 && v.Error("MISSING_SYMBOLOGY_IDENTIFIER", "URI_CONTAINS_ILLEGAL_SCHEME") {
				continue // found by itself, it is no scan data and no URI
			}
			checkStrict(t, v, Parse(v.Input, Options{Now: testNow, Strict: true, Form: form}))
		}
	}
	if len(list) != 897 {
		t.Errorf("%d vectors", len(list))
	}
}

func (v vector) Error(names ...string) bool { return slices.Contains(names, v.EngineError) }

func checkStrict(t *testing.T, v vector, r *Result) {
	t.Helper()
	var associations []string
	for _, i := range r.Issues {
		switch i.Severity {
		case Association:
			associations = append(associations, i.Code)
		case Warning:
			t.Errorf("%s %q: warning %s", v.ID, v.Input, i.Code)
		}
	}
	if r.Valid() != (v.Severity != "hard") {
		t.Errorf("%s %q: %v, engine says %q %s", v.ID, v.Input, r.Err(), v.Severity, v.EngineError)
		return
	}
	if !r.Valid() {
		return
	}
	if got := aiPairs(slices.Collect(r.Elements())); !reflect.DeepEqual(got, v.AIs) {
		t.Errorf("%s %q: got %v, want %v", v.ID, v.Input, got, v.AIs)
	}
	if (len(associations) > 0) != (v.Severity == "association") {
		t.Errorf("%s %q: associations %v, engine says %s", v.ID, v.Input, associations, v.EngineError)
	}
}

// TestOwnCasesStrictly reads the cases of this package, which a lone clone has.
func TestOwnCasesStrictly(t *testing.T) {
	for _, v := range readVectors(t, "testdata/cases.jsonl") {
		checkStrict(t, v, Parse(v.Input, Options{Now: testNow, Strict: true}))
	}
}
