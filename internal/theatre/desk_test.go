package theatre_test

import (
	"strings"
	"testing"
	"time"

	"implantrace/internal/command"
	"implantrace/internal/theatre"
	"implantrace/internal/trace"
	"implantrace/scanner"
)

func TestOpenWantsAPatient(t *testing.T) {
	b := newBench(t)
	if _, err := b.desk.Open(t.Context(), opening()); trace.KindOf(err) != trace.Invalid || !strings.Contains(err.Error(), "wristband") {
		t.Errorf("%v", err)
	}
	c := opening()
	c.Who.NHSNumber = "999 000 0018" // typed
	if _, err := b.desk.Open(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if s := b.state(); s.Identity == nil || s.Identity.NHSNumber != ada {
		t.Errorf("%+v", s)
	}
	b.scan(adaBand)
	if _, err := b.desk.Open(t.Context(), opening()); trace.KindOf(err) != trace.Conflict {
		t.Errorf("a second one: %v", err)
	}
}

func TestOpenRepeatedIsTheSameProcedure(t *testing.T) {
	b := newBench(t)
	b.scan(badge)
	b.scan(room)
	b.scan(adaBand)
	c := opening()
	c.Note = "second attempt"
	c.People = []trace.Person{{Name: "A. Okafor"}}
	id, err := b.desk.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	before := len(b.entries())
	repeat := func(when string) {
		t.Helper()
		if again, err := b.desk.Open(t.Context(), c); err != nil || again != id || len(b.entries()) != before {
			t.Errorf("%s: %v, %v", when, again, err)
		}
	}
	repeat("at once")
	for name, change := range map[string]func(*command.OpenProcedure){
		"code":       func(c *command.OpenProcedure) { c.Code.Code = "W372" },
		"side":       func(c *command.OpenProcedure) { c.Side = trace.SideRight },
		"patient":    func(c *command.OpenProcedure) { c.Who.NHSNumber = "9990000026" },
		"another id": func(c *command.OpenProcedure) { c.Who.Patient = trace.NewID[trace.OfPatient]() },
		"place":      func(c *command.OpenProcedure) { c.Place.Name = "Theatre 9" },
		"GLN":        func(c *command.OpenProcedure) { c.Place.GLN = "9529900003023" },
		"people":     func(c *command.OpenProcedure) { c.People = []trace.Person{{Name: "B. Okafor"}} },
		"start":      func(c *command.OpenProcedure) { c.Start = noon.Add(-time.Hour) },
		"end":        func(c *command.OpenProcedure) { c.End = noon },
		"indication": func(c *command.OpenProcedure) { c.Indication = "arthritis" },
		"note":       func(c *command.OpenProcedure) { c.Note = "" },
	} {
		other := c
		change(&other)
		if _, err := b.desk.Open(t.Context(), other); trace.KindOf(err) != trace.Conflict {
			t.Errorf("another %s under the same id: %v", name, err)
		}
	}
	same := c
	same.Who.NHSNumber = ada
	if _, err := b.desk.Open(t.Context(), same); err != nil {
		t.Errorf("naming the same patient: %v", err)
	}
	b.restart()
	repeat("after a restart")
	b.close(id)
	before++
	repeat("when it is closed")
	if s := b.state(); s.Procedure != nil {
		t.Error("a repeat has taken a closed procedure up again")
	}
	b.scan(bobBand)
	before = len(b.entries())
	repeat("with another patient at the desk")
	if s := b.state(); s.Identity == nil || s.Identity.Family != "Testwell" {
		t.Errorf("%+v", s)
	}
	next := b.open()
	before = len(b.entries())
	repeat("with another procedure open")
	if s := b.state(); s.Procedure == nil || s.Procedure.Procedure.ID != next {
		t.Errorf("%+v", s)
	}
	if _, err := b.desk.Open(t.Context(), command.OpenProcedure{Meta: command.Meta{ID: b.readings()[0].ID}, Code: trace.Code{Text: "Hip"}, Who: command.Who{NHSNumber: ada}}); trace.KindOf(err) != trace.Conflict {
		t.Errorf("the id of a reading: %v", err)
	}
}

// The store may have recorded it and not said so. The page repeats, and the
// procedure is open here.
func TestOpenOfUnknownOutcomeIsTakenUpWhenItIsRepeated(t *testing.T) {
	for _, lands := range []bool{true, false} {
		b := newBench(t)
		b.scan(adaBand)
		c := opening()
		b.store.with(trace.Errorf(trace.OutcomeUnknown, "The disk did not answer."), lands)
		if _, err := b.desk.Open(t.Context(), c); trace.KindOf(err) != trace.OutcomeUnknown {
			t.Fatal(err)
		}
		b.store.with(nil, false)
		id, err := b.desk.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		a := b.scan(headText)
		if s := b.state(); s.Procedure == nil || s.Procedure.Procedure.ID != id || a.Procedure != id || !s.Patient.IsZero() {
			t.Errorf("landed %v: %+v", lands, s)
		}
	}
}

// TestClosingClearsTheScreen: the next patient's page shows nothing of the last
// one, wherever the procedure was closed.
func TestClosingClearsTheScreen(t *testing.T) {
	ends := map[string]func(*bench, trace.ProcedureID){
		"here": (*bench).close,
		"elsewhere": func(b *bench, p trace.ProcedureID) {
			if err := b.recorder.CloseProcedure(b.Context(), command.CloseProcedure{Meta: command.Meta{ID: trace.NewEventID()}, Procedure: p}); err != nil {
				b.Fatal(err)
			}
		},
		"by a withdrawal": func(b *bench, p trace.ProcedureID) {
			if err := b.recorder.Correct(b.Context(), command.Correct{Meta: command.Meta{ID: trace.NewEventID()}, Procedure: p, Withdraw: true, Reason: "wrong patient"}); err != nil {
				b.Fatal(err)
			}
		},
	}
	nexts := map[string]func(*bench){
		"the page is looked at": func(*bench) {},
		"a wristband is next":   func(b *bench) { b.scan(bobBand) },
		"a procedure is next": func(b *bench) {
			c := opening()
			c.Who.NHSNumber = "9990000026"
			if _, err := b.desk.Open(b.Context(), c); err != nil {
				b.Fatal(err)
			}
		},
	}
	for how, end := range ends {
		for what, next := range nexts {
			t.Run(how+", "+what, func(t *testing.T) {
				b := newBench(t)
				b.scan(badge)
				b.scan(room)
				p := b.begin(adaBand)
				shown := []theatre.Answer{b.scan(adaBand), b.scan(headText), b.scan(bobBand)}
				end(b, p)
				next(b)
				s := b.state()
				for _, a := range shown {
					for _, r := range s.Recent {
						if r.Reading == a.Reading {
							t.Errorf("the page still shows %q", a.Shown)
						}
					}
				}
				if s.Procedure != nil && s.Procedure.Procedure.ID == p || s.Identity != nil && s.Identity.NHSNumber == ada || len(s.People) != 0 {
					t.Errorf("%+v", s)
				}
				if s.Place.GLN != "9529900003016" {
					t.Error("the room is still the same")
				}
			})
		}
	}
}

func TestCloseRepeatedAndWrong(t *testing.T) {
	b := newBench(t)
	nothing := command.CloseProcedure{Meta: command.Meta{ID: trace.NewEventID()}}
	if err := b.desk.Close(t.Context(), nothing); trace.KindOf(err) != trace.Conflict {
		t.Errorf("nothing open: %v", err)
	}
	p := b.begin(adaBand)
	c := command.CloseProcedure{Meta: command.Meta{ID: trace.NewEventID()}, Procedure: p}
	for range 2 {
		if err := b.desk.Close(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.desk.Close(t.Context(), command.CloseProcedure{Meta: command.Meta{ID: trace.NewEventID()}, Procedure: p}); trace.KindOf(err) != trace.Conflict {
		t.Errorf("closed already: %v", err)
	}
	next := b.begin(bobBand)
	if err := b.desk.Close(t.Context(), c); err != nil { // the old page repeats
		t.Fatal(err)
	}
	if s := b.state(); s.Procedure == nil || s.Procedure.Procedure.ID != next {
		t.Error("the repeat has closed the next one")
	}
	if err := b.desk.Close(t.Context(), nothing); err != nil { // whatever is open
		t.Fatal(err)
	}
	if s := b.state(); s.Procedure != nil {
		t.Errorf("%+v", s)
	}
}

func TestForgetTakesNothingOutOfTheRecord(t *testing.T) {
	b := newBench(t)
	b.scan(adaBand)
	b.scan(badge)
	b.scan(room)
	before := len(b.entries())
	b.desk.Forget()
	s := b.state()
	if !s.Patient.IsZero() || s.Identity != nil || len(s.People) != 0 || s.Place != (trace.Place{}) || len(s.Recent) != 0 || len(b.entries()) != before {
		t.Errorf("%+v", s)
	}
	// An open procedure is not forgotten.
	p := b.begin(adaBand)
	b.desk.Forget()
	if s := b.state(); s.Procedure == nil || s.Procedure.Procedure.ID != p {
		t.Errorf("%+v", s)
	}
}

func TestDeskTakesUpItsOpenProcedure(t *testing.T) {
	b := newBench(t)
	// One that a program opened is not the desk's.
	c := opening()
	c.Who.NHSNumber = "9990000026"
	c.By.Via = "api"
	if _, err := b.recorder.OpenProcedure(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	b.restart()
	if s := b.state(); s.Procedure != nil {
		t.Errorf("%+v", s.Procedure)
	}
	p := b.begin(adaBand)
	b.restart()
	if s := b.state(); s.Procedure == nil || s.Procedure.Procedure.ID != p || s.Identity.NHSNumber != ada {
		t.Fatalf("%+v", s)
	}
	if a := b.scan(headText); a.Procedure != p || a.Usage.IsZero() {
		t.Errorf("%+v", a)
	}
	b.says(b.scan(bobBand), trace.Stop, "another patient")
	b.close(p)
	b.restart()
	if s := b.state(); s.Procedure != nil {
		t.Error("a closed procedure was taken up")
	}
	p = b.begin(adaBand)
	b.later(25 * time.Hour)
	b.restart()
	if s := b.state(); s.Procedure != nil {
		t.Errorf("one that was forgotten yesterday, %s, was taken up", p)
	}
}

func TestStateHasEmptyListsAndScanners(t *testing.T) {
	b := newBench(t)
	s := b.state()
	if s.People == nil || s.Recent == nil || s.Scanners == nil {
		t.Errorf("%+v", s)
	}
	d, err := theatre.NewDesk(t.Context(), b.recorder, func() []scanner.SerialState { return []scanner.SerialState{{Name: "handheld"}} })
	if err != nil {
		t.Fatal(err)
	}
	if s, err := d.State(t.Context()); err != nil || len(s.Scanners) != 1 || s.Scanners[0].Name != "handheld" {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestWatchersHearOfEveryChange(t *testing.T) {
	b := newBench(t)
	one, stopOne := b.desk.Watch()
	two, stopTwo := b.desk.Watch()
	heard := func(c <-chan struct{}) bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
	var p trace.ProcedureID
	for what, change := range map[string]func(){
		"a scan": func() { b.scan(stemText) }, "a command elsewhere": b.desk.Changed, "forgetting": b.desk.Forget,
		"opening and closing": func() { p = b.begin(adaBand); b.close(p) },
	} {
		change()
		if !heard(one) || !heard(two) {
			t.Errorf("%s was not told", what)
		}
		if heard(one) || heard(two) {
			t.Errorf("%s was told twice", what)
		}
	}
	stopOne()
	stopOne()
	b.scan(stemText)
	if heard(one) || !heard(two) {
		t.Error("who left hears, or who stayed does not")
	}
	stopTwo()
}
