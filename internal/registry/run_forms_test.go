package registry_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"implantrace/internal/fhir"
	"implantrace/internal/registry"
	"implantrace/internal/trace"
)

const quarterly = `name: Northmoor registry
version: 2
format: csv
delimiter: semicolon
row: device
outcomes: [implanted]
damaged: hold
columns:
  - {header: No, from: row.number, required: O}
  - {header: Family, from: patient.family, required: M}
  - {header: Lot, from: device.lot, required: M, pattern: "L[0-9]+"}
  - {header: Made, from: row.exported, date: "YYYY-MM-DD HH:MM:SS", required: O}
  - {header: Brand, from: product.brand, required: R}
`

// bytesOf is the file of a run.
func (n *runNode) bytesOf(r trace.Run) string {
	n.t.Helper()
	var b bytes.Buffer
	if err := registry.WriteRun(n.t.Context(), n.store, r, func() {}, &b); err != nil {
		n.t.Fatal(err)
	}
	return b.String()
}

func (n *runNode) mapping(name, text string) {
	n.t.Helper()
	if n.runs.Mappings.Dir == "" {
		n.runs.Mappings.Dir = n.t.TempDir()
	}
	if err := os.WriteFile(filepath.Join(n.runs.Mappings.Dir, name+".yaml"), []byte(text), 0o600); err != nil {
		n.t.Fatal(err)
	}
}

func (n *runNode) accept(r trace.Run) {
	n.t.Helper()
	q := registry.AnswerRun{Run: r.ID, Accepted: true}
	q.ID = trace.NewEventID()
	if err := n.runs.Answer(n.t.Context(), q); err != nil {
		n.t.Fatal(err)
	}
}

// correct gives a device of a procedure another lot.
func (n *runNode) correct(p trace.ProcedureID, lot string) {
	n.t.Helper()
	for h, err := range n.store.Candidates(n.t.Context(), trace.Query{Procedure: p}) {
		if err != nil {
			n.t.Fatal(err)
		}
		f := trace.UsageFact{Usage: h.Usage.ID}
		f.Device.Lot = lot
		id := trace.NewEventID()
		if _, err := n.store.Append(n.t.Context(), trace.Command{ID: id, Canonical: id[:], By: trace.Actor{Via: "test"}, Drafts: []trace.Draft{{Fact: f}}}); err != nil {
			n.t.Fatal(err)
		}
		return
	}
	n.t.Fatal("the procedure has no device")
}

func TestARunByAMappingNamesIt(t *testing.T) {
	n := newRunNode(t)
	n.mapping("quarter", quarterly)
	q := registry.StartRun{Registry: "mapped", Mapping: "quarter"}
	first, _ := n.procedure(1)
	n.procedure(2)
	r := n.made(q)
	if r.State != trace.RunMade || r.Result.Records != 2 || r.Result.Rows != 2 || r.Result.Held != 0 {
		t.Fatalf("%+v", r)
	}
	if is := r.Scope.Mapping; is.File != "quarter" || is.Name != "Northmoor registry" || is.Version != "2" || is.SHA256 != sha256.Sum256([]byte(quarterly)) {
		t.Errorf("the run names %+v", is)
	}
	lines := strings.Split(n.bytesOf(r), "\r\n")
	if len(lines) != 4 || lines[0] != "No;Family;Lot;Made;Brand" || !strings.HasPrefix(lines[1], "1;Testwell0002;L0002;2026-") || !strings.HasPrefix(lines[2], "2;Testwell0001;L0001;2026-") {
		t.Errorf("%q", lines)
	}
	if !strings.HasPrefix(r.Result.Name, "mapped-quarter-") || !strings.HasSuffix(r.Result.Name, ".csv") {
		t.Errorf("%s", r.Result.Name)
	}
	n.accept(r)

	// Neither the number of a row nor when the file was made is a change of it.
	q.Changes = true
	if r = n.made(q); r.Result.Records != 0 || r.Result.Unchanged != 2 {
		t.Errorf("nothing was changed: %+v", r.Result)
	}
	n.correct(first, "L77")
	n.procedure(3)
	if r = n.made(q); r.Result.New != 1 || r.Result.Changed != 1 || r.Result.Unchanged != 1 {
		t.Errorf("one new, one changed: %+v", r.Result)
	}
	if text := n.bytesOf(r); !strings.Contains(text, "\r\n1;Testwell0003;") || !strings.Contains(text, "\r\n2;Testwell0001;L77;") {
		t.Errorf("%s", text)
	}

	// What the mapping wants and the record has otherwise is kept back and named.
	n.correct(first, "other")
	r = n.made(q)
	held := 0
	for rec, err := range registry.RunRecords(t.Context(), n.store, r) {
		if err != nil {
			t.Fatal(err)
		}
		if rec.State == trace.RowHeld {
			held++
			if p := rec.Held.Problems; len(p) != 1 || p[0].Key != "Lot" || p[0].Mandation != "mandatory" || p[0].State != registry.Incorrect || p[0].Fix != registry.FixProcedure {
				t.Errorf("%+v", rec.Held)
			}
		}
	}
	if held != 1 || r.Result.Held != 1 {
		t.Errorf("%d kept back: %+v", held, r.Result)
	}
	all := 0
	records, err := n.runs.Completeness(t.Context(), registry.StartRun{Registry: "mapped", Mapping: "quarter"})
	if err != nil {
		t.Fatal(err)
	}
	for rec, err := range records {
		if err != nil {
			t.Fatal(err)
		}
		if all++; len(rec.Items) != 5 || rec.Items[4].State != registry.Absent || rec.Items[4].Fix != registry.FixCatalogue {
			t.Errorf("%+v", rec.Items)
		}
	}
	if all != 3 {
		t.Errorf("completeness of %d records", all)
	}

	// Another file is another registry; the same file, changed, names another hash.
	n.mapping("other", strings.Replace(quarterly, "Northmoor", "Wye", 1))
	if r = n.made(registry.StartRun{Registry: "mapped", Mapping: "other", Changes: true}); r.Result.New != 2 || !r.Result.Since.IsZero() {
		t.Errorf("%+v", r.Result)
	}
	n.mapping("quarter", strings.Replace(quarterly, "version: 2", "version: 3", 1))
	if r = n.made(q); r.Scope.Mapping.Version != "3" || r.Scope.Mapping.SHA256 == sha256.Sum256([]byte(quarterly)) || r.Result.Since.IsZero() {
		t.Errorf("%+v", r)
	}
}

func TestMappingsThatMakeNoRun(t *testing.T) {
	n := newRunNode(t)
	n.mapping("book", strings.Replace(strings.Replace(quarterly, "format: csv", "format: xlsx", 1), "delimiter: semicolon\n", "", 1))
	n.mapping("wrong", "name: x\n")
	for _, c := range []struct{ registry, mapping, says string }{
		{"mapped", "", "Say which mapping"},
		{"mapped", "none", `no mapping "none"`},
		{"mapped", "../book", "no name of a mapping"},
		{"mapped", "book", "makes a workbook"},
		{"mapped", "wrong", "wrong.yaml: The mapping cannot be used"},
		{"mdor", "book", "goes by no mapping"},
	} {
		q := registry.StartRun{Registry: c.registry, Mapping: c.mapping}
		q.ID = trace.NewEventID()
		if _, err := n.runs.Start(t.Context(), q); trace.KindOf(err) != trace.Invalid || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	all, err := n.runs.Mappings.List()
	if err != nil || len(all) != 2 || all[0].Problem == "" || all[1].Problem == "" {
		t.Errorf("%+v, %v", all, err)
	}
	if all, err := (registry.Mappings{Dir: filepath.Join(t.TempDir(), "none")}).List(); err != nil || len(all) != 0 {
		t.Errorf("a folder that is not there: %v, %v", all, err)
	}
}

// A run of FHIR is what an export of the same moment is; only what changed goes out
// again, and what was withdrawn goes out as entered-in-error.
func TestARunOfFHIR(t *testing.T) {
	n := newRunNode(t)
	n.runs.Bound(1<<20, 1000, 1500)
	var last trace.ProcedureID
	for i := range 20 {
		last, _ = n.procedure(i)
	}
	r := n.made(registry.StartRun{Registry: "fhir-bundle"})
	text := n.bytesOf(r)
	var head struct{ Type, Timestamp string }
	if err := json.Unmarshal([]byte(text), &head); err != nil || head.Type != "collection" || head.Timestamp == "" {
		t.Fatalf("%v: %+v", err, head)
	}
	var want bytes.Buffer
	report, err := fhir.WriteBundle(&want, trace.ProceduresInFull(t.Context(), n.store, trace.ProcedureID{}, trace.ProcedureQuery{}), fhir.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Replace(text, `,"timestamp":"`+head.Timestamp+`"`, "", 1); got != want.String() {
		t.Errorf("the run\n%s\nand the export\n%s", got, want.String())
	}
	entries := 0
	for _, k := range report.Resources {
		entries += k
	}
	if r.Result.Parts < 3 || r.Result.Records != 20 || r.Result.Rows != entries || !strings.HasSuffix(r.Result.Name, ".json") {
		t.Errorf("%+v, want %d entries", r.Result, entries)
	}

	r = n.made(registry.StartRun{Registry: "fhir-ndjson"})
	var rows bytes.Buffer
	out := n.bytesOf(r)
	if back, err := fhir.Rows(strings.NewReader(out), &rows); err != nil || back.Usages != 20 || back.Patients != 20 || back.Adrift != 0 {
		t.Errorf("read back: %+v, %v", back, err)
	}
	if lines := strings.Count(out, "\n"); lines != r.Result.Rows {
		t.Errorf("%d lines, and %d are said", lines, r.Result.Rows)
	}
	n.accept(r)
	id := trace.NewEventID()
	if _, err := n.store.Append(t.Context(), trace.Command{ID: id, Canonical: id[:], By: trace.Actor{Via: "test"}, Drafts: []trace.Draft{{Fact: trace.ProcedureFact{Procedure: last, Amend: trace.Amend{Withdraw: true}}}}}); err != nil {
		t.Fatal(err)
	}
	r = n.made(registry.StartRun{Registry: "fhir-ndjson", Changes: true})
	if out := n.bytesOf(r); r.Result.Changed != 1 || r.Result.Unchanged != 19 || r.Result.Withdrawals != 0 || !strings.Contains(out, `"status":"entered-in-error"`) {
		t.Errorf("%+v\n%s", r.Result, out)
	}
	if r = n.made(registry.StartRun{Registry: "fhir-bundle", Procedure: last}); r.Result.Records != 1 {
		t.Errorf("%+v", r.Result)
	}
	if r = n.made(registry.StartRun{Registry: "fhir-bundle", From: r.History[0].Stamp.Recorded}); n.bytesOf(r) == "" || r.Result.Rows != 0 || !json.Valid([]byte(n.bytesOf(r))) {
		t.Errorf("a bundle of nothing: %+v %s", r.Result, n.bytesOf(r))
	}
}
