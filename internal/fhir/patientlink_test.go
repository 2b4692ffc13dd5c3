package fhir_test

import (
	"strings"
	"testing"

	"implantrace/internal/fhir"
	"implantrace/internal/trace"
)

// Each record of a person names the others: which was said to be shown, and which only
// belong together.
func TestAPatientNamesTheOtherRecordsOfThePerson(t *testing.T) {
	a, b, c := trace.NewID[trace.OfPatient](), trace.NewID[trace.OfPatient](), trace.NewID[trace.OfPatient]()
	same := []trace.PatientID{a, b, c}
	links := []trace.Link{{LinkFact: trace.LinkFact{Survives: a, Other: b}}}
	told := func(id trace.PatientID, who trace.Identity) string {
		r, err := fhir.PatientOf(trace.Patient{ID: id}, who, fhir.PatientLinks(id, same, links), fhir.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return string(r.JSON)
	}
	for _, want := range []struct {
		of, other trace.PatientID
		kind      string
	}{{a, b, "replaces"}, {b, a, "replaced-by"}, {a, c, "seealso"}, {c, a, "seealso"}, {c, b, "seealso"}} {
		text := told(want.of, trace.Identity{NHSNumber: "9990000018", Family: "Testwell"})
		if !strings.Contains(text, `{"other":{"reference":"Patient/`+want.other.String()+`"`) || !strings.Contains(text, `"type":"`+want.kind+`"`) {
			t.Errorf("%s of %s, %s, is not in %s", want.kind, want.of, want.other, text)
		}
	}
	unknown := told(b, trace.Identity{Provisional: "Unknown Xray Seven Two", LocalIssuer: trace.ProvisionalIssuer, LocalNumber: "T23456789ABC2"})
	if !strings.Contains(unknown, `"name":[{"use":"temp","text":"Unknown Xray Seven Two"}]`) || !strings.Contains(unknown, `"use":"temp","type"`) || strings.Contains(unknown, trace.ProvisionalIssuer) || strings.Contains(unknown, "family") {
		t.Errorf("nobody's identity: %s", unknown)
	}
}
