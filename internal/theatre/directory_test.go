package theatre_test

import (
	"strings"
	"testing"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// list puts something into the directory.
func (b *bench) list(f trace.Fact) {
	b.Helper()
	m := command.Meta{ID: trace.NewEventID(), Provenance: trace.Typed, By: trace.Actor{Via: "test"}}
	if _, err := b.recorder.Record(b.Context(), m, m.ID[:], trace.Draft{Fact: f}); err != nil {
		b.Fatal(err)
	}
}

const sheetCode = "]d299IMT:P:opcs-4:W371"

func TestAScanShowsNamesNotNumbers(t *testing.T) {
	b := newBench(t)
	b.list(trace.StaffFact{Badge: badge[4:], Name: "A. Dene", Role: "surgeon"})
	b.list(trace.PlaceFact{GLN: "9529900003016", Extension: "TH3", Name: "Theatre 3", Site: "Main"})
	b.list(trace.CodeFact{System: trace.SystemOPCS4, Code: "W37.1", Text: "Total hip replacement"})
	a := b.scan(badge)
	b.says(a, trace.Pass, "Badge of A. Dene")
	if a.Shown != "A. Dene (surgeon)" {
		t.Errorf("%q", a.Shown)
	}
	b.says(b.scan(room), trace.Pass, "Theatre 3, Main")
	b.says(b.scan(sheetCode), trace.Pass, "Procedure: Total hip replacement")
	if s := b.state(); s.Code.Text != "Total hip replacement" || s.People[0].Name != "A. Dene" || s.Place.Name != "Theatre 3, Main" {
		t.Errorf("%+v", s)
	}
	b.scan(adaBand)
	c := opening()
	c.Code = trace.Code{}
	if _, err := b.desk.Open(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if _, err := b.desk.Open(t.Context(), c); err != nil { // sent again
		t.Fatal(err)
	}
	p := b.state().Procedure.Procedure
	if p.Code != (trace.Code{System: trace.SystemOPCS4, Code: "W371", Text: "Total hip replacement"}) || p.People[0].String() != "A. Dene (surgeon)" {
		t.Errorf("%+v", p)
	}
	b.says(b.scan("]d299IMT:P:opcs-4:W401"), trace.Warn, "Another procedure's code")
	b.says(b.scan(sheetCode), trace.Pass, "Procedure: Total hip replacement")
}

// What was recorded by its number gets its name when the directory is filled in.
func TestNamesThatComeLater(t *testing.T) {
	b := newBench(t)
	b.begin(adaBand)
	b.says(b.scan(badge), trace.Note, "Badge read")
	b.says(b.scan(room), trace.Note, "Place read")
	b.list(trace.StaffFact{Badge: badge[4:], Name: "A. Dene"})
	b.list(trace.PlaceFact{GLN: "9529900003016", Extension: "TH3", Name: "Theatre 3"})
	p := b.state().Procedure.Procedure
	if p.People[0].Name != "A. Dene" || !strings.HasPrefix(p.Place.String(), "Theatre 3") {
		t.Errorf("%+v", p)
	}
	b.list(trace.StaffFact{Badge: badge[4:], Name: "A. Dene", Removed: true})
	a := b.scan(badge)
	if a.Verdict.Level != trace.Warn || !strings.Contains(a.Verdict.Title, "taken out of the directory") && !strings.Contains(a.Verdict.Checks[0].Message, "taken out of the directory") {
		t.Errorf("%+v", a.Verdict)
	}
}
