package command_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

var ada = command.Who{NHSNumber: "999 000 0018", LocalIssuer: "rjc", LocalNumber: " 949724 ", Family: "Okonkwo", Given: "Ottoline", Birth: "1980-02-29"}

func TestAPatientIsRegisteredOnce(t *testing.T) {
	s := newSite(t)
	c := command.RegisterPatient{Meta: meta(), Who: ada}
	first, err := s.RegisterPatient(ctx, c)
	if err != nil || !first.New {
		t.Fatalf("%+v, %v", first, err)
	}
	want := trace.Identity{NHSNumber: "9990000018", LocalIssuer: "RJC", LocalNumber: "949724", Family: "Okonkwo", Given: "Ottoline", Birth: "1980-02-29"}
	if got := s.patient(first.Patient); got != want {
		t.Errorf("identity %+v", got)
	}
	size := s.size()
	again, err := s.RegisterPatient(ctx, c)
	if err != nil || again.Patient != first.Patient || !again.New || s.size() != size {
		t.Errorf("again: %+v, %v", again, err)
	}
	for name, w := range map[string]command.Who{"the NHS number": {NHSNumber: "9990000018"}, "the local number": {LocalIssuer: "RJC", LocalNumber: "949724"}, "the record's id": {Patient: first.Patient}, "all": ada} {
		if got, err := s.RegisterPatient(ctx, command.RegisterPatient{Meta: meta(), Who: w}); err != nil || got.New || got.Patient != first.Patient || len(got.Differs) != 0 {
			t.Errorf("by %s: %+v, %v", name, got, err)
		}
		if ids, err := s.Search(ctx, w); w.Patient.IsZero() && (err != nil || !slices.Equal(ids, []trace.PatientID{first.Patient})) {
			t.Errorf("search by %s: %v, %v", name, ids, err)
		}
	}
	c.Family = "Zellweger"
	s.refused(trace.Conflict, "used before for something else", func() error { _, err := s.RegisterPatient(ctx, c); return err })
	if ids, err := s.Search(ctx, command.Who{NHSNumber: "9990000026"}); err != nil || len(ids) != 0 {
		t.Errorf("nobody: %v, %v", ids, err)
	}
}

// The same registration sent again gives the same answer, whatever has been
// recorded of the patient since.
func TestARepeatedRegistrationNamesTheSamePatient(t *testing.T) {
	s := newSite(t)
	p := s.register(ada)
	c := command.RegisterPatient{Meta: meta(), Who: command.Who{NHSNumber: "9990000018"}}
	if got, err := s.RegisterPatient(ctx, c); err != nil || got.Patient != p || got.New {
		t.Fatalf("%+v, %v", got, err)
	}
	s.ok(s.Correct(ctx, command.Correct{Meta: meta(), Patient: p, Set: command.Set{NHSNumber: "9990000026"}, Reason: "misread"}))
	if got, err := s.RegisterPatient(ctx, c); err != nil || got.Patient != p || got.New {
		t.Errorf("%+v, %v: the patient was known as %s", got, err, p)
	}
}

func TestAnIdentityThatIsNoneIsRefused(t *testing.T) {
	s := newSite(t)
	for words, w := range map[string]command.Who{
		"wants an NHS number, or a local number": {Family: "Okonkwo", Given: "Ottoline", Birth: "1980-02-29"},
		"check digit":                            {NHSNumber: "9990000019"},
		"ten digits":                             {NHSNumber: "Okonkwo"},
		"begins with 00":                         {NHSNumber: "0000000000"},
		"wants the ODS code":                     {LocalNumber: "949724"},
		"wants the number":                       {NHSNumber: "9990000018", LocalIssuer: "RJC"},
		"date of birth is not a date":            {NHSNumber: "9990000018", Birth: "29/02/1980"},
		"family name is longer":                  {NHSNumber: "9990000018", Family: strings.Repeat("Okonkwo", 40)},
		"given name has a character":             {NHSNumber: "9990000018", Given: "Ottoline\n" + "x"},
		"local number has a character":           {LocalIssuer: "RJC", LocalNumber: "94\u200b9724"},
		"family name is not valid UTF-8":         {NHSNumber: "9990000018", Family: "Okonkwo\xff"},
	} {
		s.refused(trace.Invalid, words, func() error {
			_, err := s.RegisterPatient(ctx, command.RegisterPatient{Meta: meta(), Who: w})
			return err
		})
		if _, err := s.Search(ctx, w); trace.KindOf(err) != trace.Invalid || err == nil {
			t.Errorf("search: %v", err)
		}
	}
	s.refused(trace.Invalid, "wants an id", func() error {
		_, err := s.RegisterPatient(ctx, command.RegisterPatient{Who: ada})
		return err
	})
	s.refused(trace.NotFound, "no such patient", func() error {
		_, err := s.RegisterPatient(ctx, command.RegisterPatient{Meta: meta(), Who: command.Who{Patient: trace.PatientID(trace.NewEventID())}})
		return err
	})
	late := command.RegisterPatient{Meta: meta(), Who: ada}
	late.Occurred = nine.AddDate(1, 0, 0)
	s.refused(trace.Invalid, "not a time", func() error { _, err := s.RegisterPatient(ctx, late); return err })
}

func TestNobodyIsTakenForAnother(t *testing.T) {
	local := command.Who{LocalIssuer: "RJC", LocalNumber: "949724"}
	with := func(w command.Who, nhs string) command.Who { w.NHSNumber = nhs; return w }
	for _, c := range []struct {
		name  string
		known []command.Who
		said  command.Who
		words string // of the conflict
	}{
		{"a local number of somebody with another NHS number", []command.Who{ada}, with(local, "9990000026"), "recorded with another NHS number"},
		{"the same, where the NHS number is known too", []command.Who{ada, {NHSNumber: "9990000026"}}, with(local, "9990000026"), "recorded with another NHS number"},
		{"a local number that another person had", []command.Who{{LocalIssuer: "RJC", LocalNumber: "949724", Family: "Okonkwo", Birth: "1980-02-29"}},
			command.Who{NHSNumber: "9990000026", LocalIssuer: "RJC", LocalNumber: "949724", Family: "Zellweger", Birth: "1950-01-01"}, "family name and date of birth is recorded otherwise"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t)
			for _, w := range c.known {
				s.register(w)
			}
			s.refused(trace.Conflict, c.words, func() error {
				_, err := s.RegisterPatient(ctx, command.RegisterPatient{Meta: meta(), Who: c.said})
				return err
			})
			s.refused(trace.Conflict, c.words, func() error {
				_, err := s.OpenProcedure(ctx, command.OpenProcedure{Meta: meta(), Who: c.said, Code: trace.Code{Text: "Hip"}})
				return err
			})
		})
	}
	t.Run("a patient named by the record's id, and by another NHS number", func(t *testing.T) {
		s := newSite(t)
		p := s.register(ada)
		s.refused(trace.Conflict, "recorded with another NHS number", func() error {
			_, err := s.RegisterPatient(ctx, command.RegisterPatient{Meta: meta(), Who: command.Who{Patient: p, NHSNumber: "9990000026"}})
			return err
		})
	})
	t.Run("a patient without an NHS number, and that of another", func(t *testing.T) {
		s := newSite(t)
		s.register(ada)
		p := s.register(command.Who{LocalIssuer: "RXX", LocalNumber: "7"})
		s.refused(trace.Conflict, "Another patient has this NHS number", func() error {
			_, err := s.RegisterPatient(ctx, command.RegisterPatient{Meta: meta(), Who: command.Who{Patient: p, NHSNumber: "9990000018"}})
			return err
		})
	})
	t.Run("a withdrawn patient", func(t *testing.T) {
		s := newSite(t)
		p := s.register(ada)
		s.ok(s.Correct(ctx, command.Correct{Meta: meta(), Patient: p, Withdraw: true, Reason: "twice"}))
		s.refused(trace.Conflict, "withdrawn", func() error {
			_, err := s.OpenProcedure(ctx, command.OpenProcedure{Meta: meta(), Who: command.Who{Patient: p}, Code: trace.Code{Text: "Hip"}})
			return err
		})
	})
	t.Run("two patients with one local number", func(t *testing.T) {
		s := newSite(t)
		for range 2 { // as two nodes make them
			id := trace.PatientID(trace.NewEventID())
			e := trace.NewEventID()
			_, err := s.store.Append(ctx, trace.Command{ID: e, Canonical: e[:], Drafts: []trace.Draft{{Fact: trace.PatientFact{Patient: id, Lookups: s.store.Lookups(trace.LookupLocal, "RJC|949724")}}}})
			s.ok(err)
		}
		s.refused(trace.Conflict, "more than one patient", func() error {
			_, err := s.RegisterPatient(ctx, command.RegisterPatient{Meta: meta(), Who: local})
			return err
		})
	})
}

// A patient that came from another node is sealed here: the hashes still tell
// that the NHS number is another.
func TestASealedPatientIsNotTakenForAnother(t *testing.T) {
	s := newSite(t)
	id, e := trace.PatientID(trace.NewEventID()), trace.NewEventID()
	_, err := s.store.Append(ctx, trace.Command{ID: e, Canonical: e[:], Drafts: []trace.Draft{{Fact: trace.PatientFact{Patient: id, Lookups: append(
		s.store.Lookups(trace.LookupNHS, "9990000018"), s.store.Lookups(trace.LookupLocal, "RJC|949724")...)}}}})
	s.ok(err)
	for _, w := range []command.Who{{NHSNumber: "9990000026", LocalIssuer: "RJC", LocalNumber: "949724"}, {Patient: id, NHSNumber: "9990000026"}} {
		s.refused(trace.Conflict, "another NHS number", func() error {
			_, err := s.RegisterPatient(ctx, command.RegisterPatient{Meta: meta(), Who: w})
			return err
		})
	}
	if f, err := s.RegisterPatient(ctx, command.RegisterPatient{Meta: meta(), Who: command.Who{NHSNumber: "9990000018"}}); err != nil || f.Patient != id {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestWhatDiffersIsSaidAndNotChanged(t *testing.T) {
	s := newSite(t)
	p := s.register(ada)
	for want, w := range map[string]command.Who{
		"[family]":             {NHSNumber: "9990000018", Family: "Zellweger", Given: "OTTOLINE"},
		"[family given birth]": {NHSNumber: "9990000018", Family: "Zellweger", Given: "Ada", Birth: "1980-02-28"},
		"[]":                   {NHSNumber: "9990000018", Family: "okonkwo"},
	} {
		f, err := s.RegisterPatient(ctx, command.RegisterPatient{Meta: meta(), Who: w})
		if err != nil || f.Patient != p || fmt.Sprint(f.Differs) != want {
			t.Errorf("%+v, %v; want %s", f, err, want)
		}
	}
	if got := s.patient(p); got.Family != "Okonkwo" || got.Given != "Ottoline" || got.Birth != "1980-02-29" {
		t.Errorf("changed without a correction: %+v", got)
	}
}

func TestWhatIsNewIsAdded(t *testing.T) {
	s := newSite(t)
	p := s.register(command.Who{LocalIssuer: "RJC", LocalNumber: "949724"})
	f, err := s.RegisterPatient(ctx, command.RegisterPatient{Meta: meta(), Who: ada})
	if err != nil || f.Patient != p || f.New {
		t.Fatalf("%+v, %v", f, err)
	}
	if got := s.patient(p); got.NHSNumber != "9990000018" || got.Family != "Okonkwo" {
		t.Errorf("%+v", got)
	}
	if f, err = s.RegisterPatient(ctx, command.RegisterPatient{Meta: meta(), Who: command.Who{NHSNumber: "9990000018", LocalIssuer: "RXX", LocalNumber: "7"}}); err != nil || f.Patient != p {
		t.Fatalf("%+v, %v", f, err)
	}
	for _, w := range []command.Who{{LocalIssuer: "RJC", LocalNumber: "949724"}, {LocalIssuer: "rxx", LocalNumber: "7"}} {
		if ids, err := s.Search(ctx, w); err != nil || len(ids) != 1 || ids[0] != p {
			t.Errorf("found by %s: %v, %v", w.LocalIssuer, ids, err)
		}
	}
}
