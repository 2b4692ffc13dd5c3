package command_test

import (
	"strings"
	"testing"
	"time"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

func opening() command.OpenProcedure {
	return command.OpenProcedure{Meta: meta(), Who: ada, Code: trace.Code{System: "OPCS-4", Code: "W371", Text: "Hip"}, Side: trace.SideLeft,
		Place: trace.Place{GLN: "5050898000007", Extension: "T4", Name: "Theatre 4"}, People: []trace.Person{{Code: "7", Name: "A. Smith", Role: "surgeon"}},
		Indication: "OA", Note: "Zellweger was told"}
}

func TestAProcedureIsOpenedWithItsPatientInOneCommand(t *testing.T) {
	s := newSite(t)
	c := opening()
	id, err := s.OpenProcedure(ctx, c)
	if err != nil || id != trace.ProcedureID(c.ID) {
		t.Fatal(id, err)
	}
	p := s.procedure(id)
	if !p.Open() || p.Code != c.Code || p.Side != trace.SideLeft || p.Place != c.Place || len(p.People) != 1 || !p.Start.Equal(nine) || p.Indication != "OA" || len(p.History) != 1 || !p.History[0].Sealed {
		t.Errorf("%+v", p)
	}
	if who := s.patient(p.Patient); who.NHSNumber != "9990000018" {
		t.Errorf("%+v", who)
	}
	if secret, err := s.store.Secret(ctx, p.History[0].Position); err != nil || secret.Note != "Zellweger was told" {
		t.Errorf("%+v, %v", secret, err)
	}
	for e, err := range s.store.Entries(ctx, trace.Position{Node: s.store.Node()}) {
		if f, ok := e.Fact.(trace.ProcedureFact); err != nil || ok && f.Indication != "" {
			t.Errorf("the indication is in the open: %+v, %v", e.Fact, err)
		}
	}
	size := s.size()
	s.now = nine.Add(time.Hour)
	if again, err := s.OpenProcedure(ctx, c); err != nil || again != id || s.size() != size {
		t.Errorf("again: %s, %v", again, err)
	}
	if got := s.procedure(id); !got.Start.Equal(nine) {
		t.Errorf("a repeat moved the start to %v", got.Start)
	}
	c.Side = trace.SideRight
	s.refused(trace.Conflict, "used before for something else", func() error { _, err := s.OpenProcedure(ctx, c); return err })
	s.refused(trace.Conflict, "used before for something else", func() error {
		_, err := s.RegisterPatient(ctx, command.RegisterPatient{Meta: c.Meta, Who: ada})
		return err
	})
	second := opening()
	if id, err := s.OpenProcedure(ctx, second); err != nil || s.procedure(id).Patient != p.Patient {
		t.Errorf("a second procedure is of another patient: %v", err)
	}
}

func TestAProcedureThatCannotBeIsRefused(t *testing.T) {
	s := newSite(t)
	for words, change := range map[string]func(*command.OpenProcedure){
		"wants a code or a name":        func(c *command.OpenProcedure) { c.Code = trace.Code{System: "OPCS-4"} },
		"the side cannot be \"up\"":     func(c *command.OpenProcedure) { c.Side = "up" },
		"GLN is not right":              func(c *command.OpenProcedure) { c.Place.GLN = "5050898000008" },
		"the place has a character":     func(c *command.OpenProcedure) { c.Place.Name = "T\x004" },
		"the place's extension is":      func(c *command.OpenProcedure) { c.Place.Extension = strings.Repeat("x", 201) },
		"51 people are too many":        func(c *command.OpenProcedure) { c.People = make([]trace.Person, 51) },
		"wants a name or a badge":       func(c *command.OpenProcedure) { c.People = []trace.Person{{Role: "surgeon"}} },
		"a badge is longer":             func(c *command.OpenProcedure) { c.People = []trace.Person{{Code: strings.Repeat("7", 201)}} },
		"the indication is longer":      func(c *command.OpenProcedure) { c.Indication = strings.Repeat("x", 201) },
		"the note is longer":            func(c *command.OpenProcedure) { c.Note = strings.Repeat("Okonkwo", 600) },
		"the note is not valid":         func(c *command.OpenProcedure) { c.Note = "Okonkwo\xff" },
		"the start (1899-":              func(c *command.OpenProcedure) { c.Start = time.Date(1899, 12, 31, 0, 0, 0, 0, time.UTC) },
		"the start (2026-03-03T09:00:0": func(c *command.OpenProcedure) { c.Start = nine.Add(24*time.Hour + time.Second) },
		"the end (2026-03-05":           func(c *command.OpenProcedure) { c.End = nine.Add(72 * time.Hour) },
		"cannot end":                    func(c *command.OpenProcedure) { c.End = nine.Add(-time.Second) },
		"the time (2031":                func(c *command.OpenProcedure) { c.Occurred = nine.AddDate(5, 0, 0) },
	} {
		c := opening()
		change(&c)
		s.refused(trace.Invalid, words, func() error { _, err := s.OpenProcedure(ctx, c); return err })
	}
	c := opening()
	c.Who = command.Who{}
	s.refused(trace.Invalid, "wants an NHS number", func() error { _, err := s.OpenProcedure(ctx, c); return err })
}

func TestAProcedureOfThePast(t *testing.T) {
	s := newSite(t)
	c := opening()
	c.Start, c.End = nine.AddDate(-10, 0, 0), nine.AddDate(-10, 0, 0).Add(time.Hour)
	id, err := s.OpenProcedure(ctx, c)
	s.ok(err)
	if p := s.procedure(id); p.Open() || !p.Start.Equal(c.Start) || !p.End.Equal(c.End) || !p.History[0].Occurred.Equal(c.Start) {
		t.Errorf("%+v", p)
	}
}

func TestAProcedureIsClosedOnce(t *testing.T) {
	s := newSite(t)
	id := s.openFor(ada)
	u := s.use(id, inDate)
	for words, c := range map[string]command.CloseProcedure{
		"cannot end":          {Meta: meta(), Procedure: id, End: nine.Add(-time.Second)},
		"is not a time":       {Meta: meta(), Procedure: id, End: nine.AddDate(1, 0, 0)},
		"wants an id":         {Procedure: id},
		"no such procedure":   {Meta: meta(), Procedure: trace.ProcedureID(trace.NewEventID())},
		"no such procedure ":  {Meta: meta()},
		"used before for som": {Meta: command.Meta{ID: trace.EventID(u)}, Procedure: id},
	} {
		kind := trace.Invalid
		if strings.HasPrefix(words, "no such") {
			kind, words = trace.NotFound, "no such procedure"
		} else if strings.HasPrefix(words, "used") {
			kind = trace.Conflict
		}
		s.refused(kind, words, func() error { return s.CloseProcedure(ctx, c) })
	}
	s.now = nine.Add(time.Hour)
	c := command.CloseProcedure{Meta: meta(), Procedure: id}
	s.ok(s.CloseProcedure(ctx, c))
	size := s.size()
	s.now = nine.Add(2 * time.Hour)
	s.ok(s.CloseProcedure(ctx, c)) // the answer was lost and it is sent again
	if p := s.procedure(id); s.size() != size || p.Open() || !p.End.Equal(nine.Add(time.Hour)) {
		t.Errorf("%+v", p)
	}
	s.refused(trace.Conflict, "closed already", func() error { return s.CloseProcedure(ctx, command.CloseProcedure{Meta: meta(), Procedure: id}) })
	if got := s.usage(u); got.Status != trace.Checked {
		t.Errorf("closing made the device %s", got.Status)
	}
}

func TestClosingBeforeTheStartByTheClockEndsAtTheStart(t *testing.T) {
	s := newSite(t)
	c := opening()
	c.Start = nine.Add(time.Hour) // a clock that was put back
	id, err := s.OpenProcedure(ctx, c)
	s.ok(err)
	s.ok(s.CloseProcedure(ctx, command.CloseProcedure{Meta: meta(), Procedure: id}))
	if p := s.procedure(id); !p.End.Equal(c.Start) {
		t.Errorf("ended %v", p.End)
	}
}

func TestNothingIsAddedToAWithdrawnProcedure(t *testing.T) {
	s := newSite(t)
	id, other := s.openFor(ada), s.openFor(ada)
	u := s.use(other, inDate)
	s.ok(s.Correct(ctx, command.Correct{Meta: meta(), Procedure: id, Withdraw: true, Reason: "wrong theatre"}))
	s.refused(trace.Conflict, "withdrawn", func() error { return s.CloseProcedure(ctx, command.CloseProcedure{Meta: meta(), Procedure: id}) })
	s.refused(trace.Conflict, "withdrawn", func() error {
		_, err := s.RecordUsage(ctx, command.RecordUsage{Meta: meta(), Procedure: id, Carriers: []trace.Carrier{{Text: inDate}}})
		return err
	})
	s.refused(trace.Conflict, "withdrawn", func() error {
		return s.Correct(ctx, command.Correct{Meta: meta(), Usage: u, Set: command.Set{InProcedure: id}, Reason: "moved"})
	})
	s.ok(s.Correct(ctx, command.Correct{Meta: meta(), Procedure: id, Restore: true, Reason: "it was right"}))
	s.use(id, inDate)
}

func TestANumberRecordedWithAnotherNameAndBirthOpensNothing(t *testing.T) {
	s := newSite(t)
	s.register(command.Who{NHSNumber: "9990000018", Family: "Okonkwo", Birth: "1950-01-02"})
	s.refused(trace.Conflict, "another family name and date of birth", func() error {
		_, err := s.OpenProcedure(ctx, command.OpenProcedure{Meta: meta(), Code: trace.Code{Code: "W371"},
			Who: command.Who{NHSNumber: "9990000018", Family: "Zellweger", Birth: "1999-01-02"}})
		return err
	})
	s.openFor(command.Who{NHSNumber: "9990000018", Family: "Okonkwo", Birth: "1999-01-02"}) // one slip is no other person
}
