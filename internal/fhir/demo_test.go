package fhir_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"implantrace/internal/command"
	"implantrace/internal/demo"
	"implantrace/internal/fhir"
)

// hospital is the record that make demo serves.
func hospital(t *testing.T) command.Recorder {
	t.Helper()
	r := node(t)
	report, err := demo.Fill(t.Context(), r, 1, today, func(what string) { t.Errorf("refused: %s", what) })
	if err != nil {
		t.Fatal(err)
	}
	if report.ByType["procedure"] != 200 {
		t.Fatalf("%+v", report)
	}
	return r
}

// The demonstration's whole hospital is valid FHIR, in the Bundle that an export
// writes.
func TestTheDemonstrationsBundleIsValid(t *testing.T) {
	text := bundle(t, hospital(t))
	if n := bytes.Count(text, []byte(`"resourceType":"Procedure"`)); n < 190 {
		t.Errorf("%d procedures", n)
	}
	for what, profile := range map[string]string{"a US Core implant": "us-core-implantable-device", "a UK Core patient": "UKCore-Patient"} {
		if !bytes.Contains(text, []byte(profile)) {
			t.Errorf("nothing claims to be %s", what)
		}
	}
	fhir.Valid(t, text)

	// One wrong date among all of it is found by each.
	const date = `"expirationDate":"2`
	at := bytes.LastIndex(text, []byte(date))
	broken := slices.Concat(text[:at], []byte(`"expirationDate":"x`), text[at+len(date):])
	said := strings.Join(fhir.Judged(t, broken), "\n")
	for _, by := range []string{"medplum", "fhir", "ajv"} {
		if !strings.Contains("\n"+said, "\n"+by+": ") {
			t.Errorf("%s does not mind:\n%s", by, said)
		}
	}
}

// So is everything that a server answers of it, resource by resource, and what one
// points at is there.
func TestWhatAServerAnswersOfTheDemonstrationIsValid(t *testing.T) {
	by := map[string]json.RawMessage{}
	kinds := map[string]int{}
	for line := range bytes.Lines(lines(t, hospital(t))) {
		var head struct{ ResourceType, ID string }
		if err := json.Unmarshal(line, &head); err != nil {
			t.Fatal(err)
		}
		name := head.ResourceType + "/" + head.ID
		if by[name] == nil {
			kinds[head.ResourceType]++
		}
		by[name] = json.RawMessage(bytes.TrimSpace(line))
	}
	for _, kind := range fhir.Served {
		if kinds[kind] == 0 {
			t.Errorf("no %s is among them", kind)
		}
	}
	var all []string
	for name := range by {
		all = append(all, name)
	}
	slices.Sort(all)
	var b strings.Builder
	b.WriteString(`{"resourceType":"Bundle","type":"collection","entry":[`)
	for i, name := range all {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"fullUrl":"https://node.example/fhir/R4/%s","resource":%s}`, name, by[name])
		var v any
		if err := json.Unmarshal(by[name], &v); err != nil {
			t.Fatal(err)
		}
		fhir.Seek(v, func(ref string) {
			if by[ref] == nil {
				t.Errorf("%s points at %s, which is not there", name, ref)
			}
		})
	}
	b.WriteString("]}")
	fhir.Valid(t, []byte(b.String()))
	t.Log(kinds)
}
