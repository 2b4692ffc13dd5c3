package fhir

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"implantrace/internal/trace"
)

// reach gives what a document's Composition leads to, and what stands in it besides.
func reach(t *testing.T, text []byte) (first map[string]any, adrift []string) {
	t.Helper()
	var b struct {
		Type  string
		Entry []struct {
			FullURL  string
			Resource map[string]any
		}
	}
	if err := json.Unmarshal(text, &b); err != nil || b.Type != "document" || len(b.Entry) == 0 || b.Entry[0].Resource["resourceType"] != "Composition" {
		t.Fatalf("%v\n%s", err, text)
	}
	at := map[string]map[string]any{}
	for _, e := range b.Entry {
		at[e.FullURL] = e.Resource
	}
	reached := map[string]bool{b.Entry[0].FullURL: true}
	var from func(map[string]any)
	from = func(r map[string]any) {
		Seek(r, func(ref string) {
			if at[ref] != nil && !reached[ref] {
				reached[ref] = true
				from(at[ref])
			}
		})
	}
	from(b.Entry[0].Resource)
	for _, e := range b.Entry {
		if !reached[e.FullURL] {
			adrift = append(adrift, e.FullURL)
		}
	}
	return b.Entry[0].Resource, adrift
}

func sections(t *testing.T, c map[string]any) map[string]string {
	all := map[string]string{}
	for _, s := range c["section"].([]any) {
		s := s.(map[string]any)
		all[s["title"].(string)] = compact(t, s)
	}
	return all
}

// A document says first what is in the patient, and keeps apart what is not; all in it
// is reached from its Composition.
func TestADocumentOfAProcedureIsValid(t *testing.T) {
	p := examplePeriod()[0]
	p.Usages[0].Product.Description = `<b>Stem</b> & "more"`
	text := must[[]byte](t)(Document{Procedures: []trace.ProcedureInFull{p}, At: generated, Node: "Theatre 4", Hospital: "Eskmere Hospital", Where: "1 Fell Road"}.Bundle(Options{}))
	Valid(t, text)
	if again := must[[]byte](t)(Document{Procedures: []trace.ProcedureInFull{p}, At: generated, Node: "Theatre 4", Hospital: "Eskmere Hospital", Where: "1 Fell Road"}.Bundle(Options{})); !bytes.Equal(text, again) {
		t.Error("the same record gives two documents")
	}
	c, adrift := reach(t, text)
	if len(adrift) > 0 {
		t.Errorf("nothing leads to %v", adrift)
	}
	all := sections(t, c)
	stem, gone, wasted := urn(id[trace.OfUsage]("stem")), urn(id[trace.OfUsage]("gone")), urn(trace.DeriveID[deviceKey](id[trace.OfUsage]("dropped"), "fhir Device"))
	used, apart, wrong := all["Medical devices"], all["Devices that are not in the patient, or of which the record does not say what became of them"], all["Recorded in error"]
	if !strings.Contains(used, stem) || strings.Contains(used, gone) || strings.Contains(used, wasted) || !strings.Contains(used, `"46264-8"`) || !strings.Contains(used, "implanted") {
		t.Errorf("medical devices: %s", used)
	}
	if !strings.Contains(apart, wasted) || !strings.Contains(wrong, gone) || strings.Contains(apart+wrong, stem) {
		t.Errorf("apart: %s\nrecorded in error: %s", apart, wrong)
	}
	if strings.Contains(used, `<b>`) || strings.Contains(string(text), "<b>Stem</b> &") && !strings.Contains(string(text), "&lt;b&gt;Stem&lt;/b&gt; &amp; ") {
		t.Errorf("what a maker writes is taken for text: %s", used)
	}

	// What the Summary does not allow is found.
	for what, broken := range map[string][]byte{
		"a device for a statement": bytes.Replace(text, []byte(`"entry":[{"reference":"`+stem), []byte(`"entry":[{"reference":"`+wasted), 1),
		"a statement without time": bytes.ReplaceAll(text, []byte(`"timingDateTime":"2026-06-30T12:00:00Z",`), nil),
		"no composition first":     bytes.Replace(text, []byte(`"identifier":{"system":"urn:ietf:rfc:3986","value"`), []byte(`"identifier":{"system":"urn:ietf:rfc:3986","period"`), 1),
	} {
		if bytes.Equal(broken, text) || len(Judged(t, broken)) == 0 {
			t.Errorf("nobody minds %s", what)
		}
	}
}

func TestADocumentOfAPatientIsValid(t *testing.T) {
	ps := examplePeriod()[:2]
	d := Document{Procedures: ps, Patient: ps[0].Procedure.Patient, Identity: ps[0].Identity, At: generated}
	ps[1].Procedure.Withdrawn = true
	text := must[[]byte](t)(d.Bundle(Options{}))
	Valid(t, text)
	c, adrift := reach(t, text)
	if len(adrift) > 0 || c["custodian"] != nil {
		t.Errorf("nothing leads to %v; custodian %v", adrift, c["custodian"])
	}
	if all := sections(t, c); strings.Contains(all["Procedures"], urn(ps[1].Procedure.ID)) || !strings.Contains(all["Recorded in error"], urn(ps[1].Procedure.ID)) {
		t.Errorf("%v", all)
	}

	// Of somebody who has none, the document says that.
	d.Procedures = nil
	text = must[[]byte](t)(d.Bundle(Options{}))
	Valid(t, text)
	if !bytes.Contains(text, []byte("This record holds no device that is or was in this patient.")) {
		t.Errorf("%s", text)
	}
	d.Identity.Sealed = true
	text = must[[]byte](t)(d.Bundle(Options{}))
	Valid(t, text)
	if bytes.Contains(text, []byte("Testcase")) {
		t.Errorf("a sealed name stands in it: %s", text)
	}
	Valid(t, must[json.RawMessage](t)(DocumentDefinition("https://node.example/fhir/R4")))
}
