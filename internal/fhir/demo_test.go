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
	"implantrace/internal/trace"
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
	for what, profile := range map[string]string{"a US Core implant": "us-core-implantable-device", "a UK Core patient": "UKCore-Patient",
		"a UDI of the FDA": "NamingSystem/fda-udi", "a UDI of the European Commission": "NamingSystem/eu-ec-udi"} {
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
	r := hospital(t)
	for line := range bytes.Lines(slices.Concat(lines(t, r), beside(t, r))) {
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

// The documents of the demonstration's patients are valid; of those of its last fifty
// procedures, for the sake of time.
func TestTheDemonstrationsDocumentsAreValid(t *testing.T) {
	r := hospital(t)
	by := map[trace.PatientID]*fhir.Document{}
	n := 0
	for p, err := range trace.ProceduresInFull(t.Context(), r.Store, trace.ProcedureID{}, trace.ProcedureQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n > 50 {
			break
		}
		who := p.Procedure.Patient
		if by[who] == nil {
			by[who] = &fhir.Document{Patient: who, Identity: p.Identity, At: today, Node: "demonstration", Hospital: "Eskmere Hospital"}
		}
		by[who].Procedures = append(by[who].Procedures, p)
	}
	if len(by) < 20 {
		t.Errorf("%d patients", len(by))
	}
	for who, d := range by {
		text, err := d.Bundle(fhir.Options{})
		if err != nil {
			t.Fatal(who, err)
		}
		if fhir.Valid(t, text); t.Failed() {
			break
		}
	}
}

// beside is what a server answers beside of the record: who makes devices, whose the
// places are, who recorded what, and who saw it.
func beside(t *testing.T, r command.Recorder) (out []byte) {
	t.Helper()
	put := func(all ...fhir.Resource) {
		for _, x := range all {
			out = append(append(out, x.JSON...), '\n')
		}
	}
	one := func(x fhir.Resource, err error) {
		if err != nil {
			t.Fatal(err)
		}
		put(x)
	}
	for l, err := range r.Store.ListedPlaces(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		one(fhir.LocationOf(trace.Place{GLN: l.Fact.GLN, Extension: l.Fact.Extension, Name: l.Fact.Name}, l.Fact.ODS, l.Fact.Site))
		if fhir.SiteID(l.Fact.ODS) != "" {
			one(fhir.SiteOrganization(l.Fact.ODS, l.Fact.Site))
		}
	}
	one(fhir.HospitalOrganization("Eskmere Hospital", "1 Fell Road, Eskmere"))
	told := func(of [16]byte, targets []string, history []trace.Stamp) {
		all, err := fhir.Provenances(of, targets, history, func(trace.Actor) string { return "Nell Nurse" })
		if err != nil || len(all) != len(history) {
			t.Fatalf("%d of %d: %v", len(all), len(history), err)
		}
		put(all...)
	}
	by := trace.Actor{Via: "page", Account: trace.NamedID[trace.OfAccount]("test", "nell"), Unconfirmed: true}
	for p, err := range trace.ProceduresInFull(t.Context(), r.Store, trace.ProcedureID{}, trace.ProcedureQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		is := p.Procedure
		told(is.ID, []string{"Procedure/" + is.ID.String()}, is.History)
		objects := []string{"Patient/" + is.Patient.String(), "Procedure/" + is.ID.String(), "urn:uuid:" + is.ID.String()}
		for _, u := range p.Usages {
			if fhir.MakerID(u.Usage.Device.DI) != "" && u.Product.Maker != "" {
				one(fhir.MakerOrganization(u.Usage.Device.DI, u.Product))
			}
			history := slices.Clone(u.Usage.History)
			last := history[len(history)-1]
			last.Position.Seq += 1e9
			last.By, last.Corrects = by, last.Event
			told(u.Usage.ID, fhir.Targets(is, u.Usage), append(history, last))
			objects = append(objects, "Device/"+u.Usage.ID.String())
		}
		at := is.History[0]
		one(fhir.AuditEventOf(fhir.Audit{Position: at.Position, At: at.Recorded, Done: fhir.Done{Code: "110110", Display: "Patient Record", Action: "R", Own: "seen"}, Who: "Nell Nurse",
			Account: by.Account, Node: at.Position.Node, NodeName: "Theatre 4", Via: "api", Detail: "GET /fhir/R4/:type/:id", Objects: objects, Glass: is.Side == trace.SideLeft, Reason: "Called out", Whom: "Bo"}))
	}
	return out
}
