package theatre_test

import (
	"strings"
	"testing"

	"implantrace/internal/command"
	"implantrace/internal/theatre"
	"implantrace/internal/trace"
)

// unknown opens a procedure of a patient nobody has identified.
func (b *bench) unknown() (trace.PatientID, trace.ProcedureID) {
	b.Helper()
	m := command.Meta{ID: trace.NewEventID()}
	id, err := b.desk.Unknown(b.Context(), m, "male, about 40")
	if err != nil {
		b.Fatal(err)
	}
	if again, err := b.desk.Unknown(b.Context(), m, "male, about 40"); err != nil || again != id {
		b.Fatalf("again: %s, %v", again, err)
	}
	s := b.state()
	if s.Patient != id || s.Identity == nil || !strings.HasPrefix(s.Identity.Provisional, "Unknown ") || s.Identity.Appears != "male, about 40" {
		b.Fatalf("%+v", s.Identity)
	}
	p, err := b.desk.Open(b.Context(), command.OpenProcedure{Meta: command.Meta{ID: trace.NewEventID()}, Code: trace.Code{Text: "Hip"}, Side: trace.SideLeft})
	if err != nil {
		b.Fatal(err)
	}
	if s := b.state(); s.Procedure == nil || s.Procedure.Identity.Provisional == "" {
		b.Fatalf("the procedure's patient: %+v", s.Procedure)
	}
	return id, p
}

func TestAnUnknownPatientIsIdentifiedByTheWristband(t *testing.T) {
	b := newBench(t)
	known := b.scan(bobBand).Patient // recorded before
	b.desk.Forget()
	unknown, _ := b.unknown()
	b.scan(stemText)
	temporary := command.ProvisionalWristband(*b.state().Identity)
	b.says(b.scan("]C1"+temporary), trace.Note, "The right patient")

	a := b.scan(bobBand)
	b.says(a, trace.Warn, "Is this the patient?")
	s := b.state()
	if s.Asks == nil || s.Asks.Kind != theatre.AskSame || !strings.Contains(s.Asks.Words, "Testwell, Robin, born 2 January 1960, NHS number 999 000 0026") || !strings.Contains(s.Asks.Words, "Unknown ") || !s.Stranger {
		t.Fatalf("%+v", s.Asks)
	}
	if s.Procedure.Identity.NHSNumber != "" {
		t.Errorf("taken for identified before it was said: %+v", s.Procedure.Identity)
	}
	b.says(b.scan("IMT:A:yes"), trace.Pass, "The patient is identified")
	s = b.state()
	if s.Stranger || s.Asks != nil || s.Procedure.Identity.NHSNumber != "9990000026" || s.Procedure.Identity.Provisional != "" || s.Procedure.Procedure.Patient != unknown {
		t.Errorf("%+v", s)
	}
	b.says(b.scan(bobBand), trace.Pass, "The right patient")
	b.says(b.scan("]C1"+temporary), trace.Note, "The right patient")
	b.says(b.scan(adaBand), trace.Stop, "This is another patient")
	l, err := b.store.Link(b.Context(), trace.LinkIDOf(known, unknown))
	if err != nil || !l.Stands() || l.Survives != known {
		t.Errorf("%+v, %v", l, err)
	}
}

func TestAnotherWristbandIsNotTheUnknownPatient(t *testing.T) {
	b := newBench(t)
	unknown, p := b.unknown()
	a := b.scan(bobBand)
	q := b.state().Asks
	if q == nil || q.ID != a.Reading {
		t.Fatalf("%+v", q)
	}
	if err := b.desk.Reply(b.Context(), command.Meta{ID: trace.NewEventID()}, q.ID, theatre.No); err != nil {
		t.Fatal(err)
	}
	s := b.state()
	if !s.Stranger || s.Asks != nil || s.Procedure.Identity.Provisional == "" {
		t.Errorf("%+v", s)
	}
	// A question that was let go of links nobody, and the page says stop.
	b.scan(bobBand)
	b.scan(stemText)
	if s := b.state(); !s.Stranger || s.Asks != nil && s.Asks.Kind == theatre.AskSame || s.Procedure.Identity.Provisional == "" {
		t.Errorf("%+v", s)
	}
	for l, err := range b.store.Links(b.Context(), unknown) {
		t.Errorf("%+v, %v", l, err)
	}
	b.close(p)
	// By touch.
	_, _ = b.unknown()
	b.scan(adaBand)
	if err := b.desk.Reply(b.Context(), command.Meta{ID: trace.NewEventID()}, b.state().Asks.ID, theatre.Yes); err != nil {
		t.Fatal(err)
	}
	if s := b.state(); s.Stranger || s.Procedure.Identity.NHSNumber != ada {
		t.Errorf("%+v", s)
	}
	if _, err := b.desk.Unknown(b.Context(), command.Meta{ID: trace.NewEventID()}, ""); trace.KindOf(err) != trace.Conflict {
		t.Errorf("a second patient in an open procedure: %v", err)
	}
}
