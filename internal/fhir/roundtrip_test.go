package fhir_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"implantrace/internal/bolt"
	"implantrace/internal/command"
	"implantrace/internal/demo"
	"implantrace/internal/fhir"
	"implantrace/internal/history"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

var today = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// node is an empty record.
func node(t *testing.T) command.Recorder {
	t.Helper()
	clock := func() time.Time { return today }
	s, err := bolt.Open(filepath.Join(t.TempDir(), bolt.FileName), bolt.Options{Name: "test", Keys: seal.NewKeyring(), Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return command.Recorder{Store: s, Clock: clock}
}

// takeIn imports rows, and refuses to have any refused.
func takeIn(t *testing.T, r command.Recorder, source string, rows []byte) history.Report {
	t.Helper()
	report, err := history.Import(context.Background(), r, bytes.NewReader(rows), history.Options{Source: source}, func(r history.Refusal) { t.Errorf("refused: %+v", r) })
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// told is everything that a record says of its usages, whoever's ids they have.
func told(t *testing.T, r command.Recorder) (all []string) {
	t.Helper()
	for p, err := range trace.ProceduresInFull(t.Context(), r.Store, trace.ProcedureID{}, trace.ProcedureQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		is := p.Procedure
		whose := fmt.Sprint(p.Identity, " ", is.Code, "/", is.Code.System, " ", is.Side, " ", is.Place, " ", is.People, " ", is.Start.UTC(), " ", is.End.UTC(), " ", is.Indication)
		for _, u := range p.Usages {
			if u.Usage.Withdrawn {
				continue
			}
			var read []string
			for _, c := range u.Usage.Carriers {
				read = append(read, fmt.Sprintf("%q", c.Symbology+c.Text))
			}
			all = append(all, fmt.Sprintf("%+v %s %q %q %q %v\n\tof %s", u.Usage.Device, u.Usage.Status, u.Usage.Location, u.Usage.Side, u.Product.Description, read, whose))
		}
	}
	slices.Sort(all)
	return all
}

// bundle and lines are the two forms in which a record goes out.
func bundle(t *testing.T, r command.Recorder) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := fhir.WriteBundle(&b, trace.ProceduresInFull(t.Context(), r.Store, trace.ProcedureID{}, trace.ProcedureQuery{}), fhir.Options{}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func lines(t *testing.T, r command.Recorder) []byte {
	t.Helper()
	by := map[string][]byte{}
	put := func(x fhir.Resource, err error) {
		if err != nil {
			t.Fatal(err)
		}
		by[x.Type] = append(append(by[x.Type], x.JSON...), '\n')
	}
	for p, err := range trace.ProceduresInFull(t.Context(), r.Store, trace.ProcedureID{}, trace.ProcedureQuery{}) {
		if err != nil {
			t.Fatal(err)
		}
		all, err := fhir.Of(p, fhir.Options{})
		for _, x := range all {
			put(x, err)
		}
		put(fhir.PatientOf(trace.Patient{ID: p.Procedure.Patient}, p.Identity, nil, fhir.Options{}))
		if fhir.PlaceID(p.Procedure.Place) != "" {
			put(fhir.LocationOf(p.Procedure.Place, "", ""))
		}
		for _, one := range p.Procedure.People {
			if fhir.PersonID(one.Code) != "" {
				put(fhir.PractitionerOf(one))
			}
		}
	}
	var out []byte
	for _, kind := range fhir.Served { // Device before Procedure: any order will do
		out = append(out, by[kind]...)
	}
	return out
}

// What goes out as FHIR comes into an empty node as the same usages: the
// demonstration's hospital, and devices of every agency, with and without barcodes,
// of every status.
func TestWhatGoesOutAsFHIRComesBackTheSame(t *testing.T) {
	from := node(t)
	takeIn(t, from, demo.Source, demo.Rows(1, today))
	takeIn(t, from, "odd", []byte(strings.Join([]string{
		`{"type":"procedure","ref":"O","patient":{"nhs_number":"9990000018","local_issuer":"RXX","local_number":"L 1","family":"Testcase","given":"Ada Mary","birth":"1951-02-28"},"code":{"system":"SNOMED CT","code":"52734007","text":"Total replacement of hip"},"side":"bilateral","start":"2026-01-05T09:00:00Z","end":"2026-01-05T10:00:00Z","indication":"Osteoarthritis","place":{"gln":"9506000134352","extension":"T3/a","name":"Theatre 3"},"people":[{"code":"B-1","name":"Ms R. Okafor","role":"surgeon"},{"name":"L. Brandt"},{"code":"505089800000000126"}]}`,
		`{"type":"procedure","ref":"W","patient":{"local_issuer":"RXX","local_number":"77"},"code":{"text":"Lens"},"side":"not-applicable","start":"2026-01-06T09:00:00Z","place":{"name":"Day unit"}}`,
		`{"type":"usage","ref":"1","procedure":"O","carriers":[{"symbology":"]d2","text":"01095060001343521729013110 M4\u001d21SN1"}],"status":"implanted","location":"femur, proximal"}`,
		`{"type":"usage","ref":"2","procedure":"O","carriers":[{"symbology":"]C1","text":"0109506000134352"},{"symbology":"]C1","text":"172901311090M5"}],"status":"explanted","location":"acetabulum","side":"right"}`,
		`{"type":"usage","ref":"3","procedure":"O","carriers":[{"text":"+A99912345/$$52001510X3"}],"status":"wasted","side":"left"}`,
		`{"type":"usage","ref":"4","procedure":"O","di":"09506000134352","lot":"typed","expiry":"2029-01","manufactured":"2024-02-29","status":"opened-not-used"}`,
		`{"type":"usage","ref":"5","procedure":"O","lot":"alone","status":"trial"}`,
		`{"type":"usage","ref":"6","procedure":"O","carriers":[{"symbology":"]d2","text":"010950600013435210A"}],"status":"returned"}`,
		`{"type":"usage","ref":"7","procedure":"W","carriers":[{"symbology":"]d2","text":"010950600013435210B"}],"status":"checked"}`,
		`{"type":"usage","ref":"8","procedure":"W","carriers":[{"symbology":"]d2","text":"010950600013435210C"}],"status":"opened"}`,
		`{"type":"usage","ref":"9","procedure":"W","carriers":[{"symbology":"]d2","text":"010950600013435210D"}]}`,
		`{"type":"usage","ref":"10","procedure":"W","carriers":[{"symbology":"]d2","text":"010950600013435310BAD"}],"status":"wasted"}`,
		`{"type":"usage","ref":"11","procedure":"W","carriers":[{"symbology":"]d2","text":"010950600013435210E"}],"status":"implanted"}`,
		`{"type":"correction","ref":"K","of":{"type":"usage","ref":"11"},"withdraw":true,"reason":"Of another procedure"}`,
	}, "\n")))
	want := told(t, from)
	if len(want) < 400 {
		t.Fatalf("%d usages go out", len(want))
	}
	for name, out := range map[string][]byte{"a bundle": bundle(t, from), "lines": lines(t, from)} {
		var rows bytes.Buffer
		report, err := fhir.Rows(bytes.NewReader(out), &rows)
		if err != nil {
			t.Fatal(err)
		}
		if report.Usages != len(want) || report.Adrift != 0 || report.Others != 0 || report.InError < 1 {
			t.Errorf("%s: %+v, want %d usages", name, report, len(want))
		}
		to := node(t)
		takeIn(t, to, "implantrace", rows.Bytes())
		got := told(t, to)
		for i := range max(len(got), len(want)) {
			if i >= len(got) || i >= len(want) || got[i] != want[i] {
				t.Errorf("%s: usage %d\n%s\nwent out as\n%s", name, i, append(got, make([]string, len(want))...)[i], append(want, make([]string, len(got))...)[i])
				break
			}
		}
		// The same record from another export is there already.
		again := takeIn(t, to, "implantrace", rows.Bytes())
		if other := again.ByType; other["patient"]+other["procedure"]+other["usage"] > 0 || !slices.Equal(told(t, to), got) {
			t.Errorf("%s: %+v the second time", name, again)
		}
	}
}

// What is no export, or not all of one, makes no row that looks whole.
func TestWhatIsNoExportMakesNoRows(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON": "{", "no resource": `{"a":1}`, "a list": `[]`, "a word": `"x"`, "cut": `{"resourceType":"Bundle","id":"b","entry":[{"resource":{"resourceType":"Pat`,
		"no patient":     `{"resourceType":"Procedure","id":"p","status":"completed","subject":{"reference":"Patient/x"}}`,
		"no such device": `{"resourceType":"Patient","id":"x"} {"resourceType":"Procedure","id":"p","status":"completed","subject":{"reference":"Patient/x"},"usedReference":[{"reference":"Device/y"}]}`,
		"wrong types":    `{"resourceType":"Patient","id":"x","name":"Ada"}`,
	} {
		var rows bytes.Buffer
		if report, err := fhir.Rows(strings.NewReader(text), &rows); err == nil {
			t.Errorf("%s: %+v", name, report)
		}
		if strings.Contains(rows.String(), `"usage"`) {
			t.Errorf("%s: %s", name, rows.String())
		}
	}
	var rows bytes.Buffer
	report, err := fhir.Rows(strings.NewReader(`{"resourceType":"Device","id":"y","status":"active"}`+"\n"+`{"resourceType":"Observation","id":"o"}`), &rows)
	if err != nil || report.Adrift != 1 || report.Others != 1 || rows.Len() > 0 {
		t.Errorf("%+v, %v, %s", report, err, rows.String())
	}
}

// FuzzRows reads what may be an export.
func FuzzRows(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Patient","id":"x"} {"resourceType":"Device","id":"y"} {"resourceType":"Procedure","id":"p","subject":{"reference":"Patient/x"},"usedReference":[{"reference":"Device/y"}]}`))
	f.Add([]byte(`{"resourceType":"Bundle","entry":[{"fullUrl":"urn:uuid:x","resource":{"resourceType":"Location","id":"l"}}]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var out bytes.Buffer
		report, err := fhir.Rows(bytes.NewReader(in), &out)
		if n := report.Patients + report.Procedures + report.Usages + report.Products; err == nil && bytes.Count(out.Bytes(), []byte("\n")) != n {
			t.Errorf("%d rows, and %d were said", bytes.Count(out.Bytes(), []byte("\n")), n)
		}
	})
}
