package command_test

import (
	"testing"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// An implant that is taken out ends in the record: it is in the patient no longer, on
// every way that says so, and again where that was a mistake.
func TestAnExplantEndsItsImplant(t *testing.T) {
	s := newSite(t)
	first, revision := s.openFor(ada), s.openFor(ada)
	in := func(text string) trace.UsageID {
		id := s.use(first, text)
		s.ok(s.SetOutcome(ctx, command.SetOutcome{Meta: meta(), Usage: id, Status: trace.Implanted, Override: "label-compared"}))
		return id
	}
	one, two := in(inDate), in("]d201"+di+"17290322"+"10LOT9")
	state := func(id trace.UsageID, want string) {
		t.Helper()
		if got := s.usage(id).InPatient(); got != want {
			t.Errorf("%s is in the patient: %q, want %q", id, got, want)
		}
	}
	c := command.Explant{Meta: meta(), Procedure: revision, Usage: one, Reason: "loosening", Went: trace.WentMaker}
	out, err := s.Explant(ctx, c)
	s.ok(err)
	if again, err := s.Explant(ctx, c); again != out || err != nil { // sent again, it is the same
		t.Errorf("%s, %v", again, err)
	}
	u := s.usage(out)
	if u.Status != trace.Explanted || u.Explants != one || u.Went != trace.WentMaker || u.Procedure != revision || u.Device != s.usage(one).Device || u.Became() != "explanted, to the maker" {
		t.Errorf("%+v", u)
	}
	state(one, "was")
	state(two, "yes")
	if b := s.usage(one); b.ExplantedBy != out || b.Status != trace.Implanted || b.Became() != "implanted, and taken out since" {
		t.Errorf("%+v", b)
	}
	explant := func(usage trace.UsageID, p trace.ProcedureID) func() error {
		return func() error {
			_, err := s.Explant(ctx, command.Explant{Meta: meta(), Procedure: p, Usage: usage, Reason: "R"})
			return err
		}
	}
	s.refused(trace.Conflict, "taken out already", explant(one, revision))
	s.refused(trace.Conflict, "another's", explant(two, s.openFor(command.Who{NHSNumber: "9990000026"})))
	s.refused(trace.Conflict, "", explant(two, first)) // of its own procedure: that is an outcome
	s.refused(trace.NotFound, "", explant(trace.UsageID(trace.NewEventID()), revision))
	s.refused(trace.Invalid, "why", func() error {
		_, err := s.Explant(ctx, command.Explant{Meta: meta(), Procedure: revision, Usage: two})
		return err
	})
	s.refused(trace.Invalid, "where it went", func() error {
		_, err := s.Explant(ctx, command.Explant{Meta: meta(), Procedure: revision, Usage: two, Reason: "R", Went: "lost"})
		return err
	})

	// Withdrawn, it is in again; restored, it is not.
	s.correct(command.Correct{Meta: meta(), Usage: out, Withdraw: true, Reason: "the other one"})
	state(one, "yes")
	s.correct(command.Correct{Meta: meta(), Usage: out, Restore: true, Reason: "no, this one"})
	state(one, "was")
	// Another status ends the link at both ends.
	s.correct(command.Correct{Meta: meta(), Usage: out, Set: command.Set{Status: trace.Wasted}, Reason: "slip"})
	state(one, "yes")
	if u := s.usage(out); !u.Explants.IsZero() || u.Went != "" {
		t.Errorf("%+v", u)
	}

	// Scanned when it comes out, it is linked with the one implant that it was.
	scanned := s.use(revision, inDate)
	s.ok(s.SetOutcome(ctx, command.SetOutcome{Meta: meta(), Usage: scanned, Status: trace.Explanted, Went: trace.WentKept}))
	if u := s.usage(scanned); u.Explants != one || u.Went != trace.WentKept {
		t.Errorf("%+v", u)
	}
	state(one, "was")
	s.ok(s.SetOutcome(ctx, command.SetOutcome{Meta: meta(), Usage: scanned, Status: trace.Wasted}))
	state(one, "yes")
	// What nobody put in here is linked with nothing.
	strange := s.use(revision, "]d201"+di+"17290322"+"10ELSE")
	s.ok(s.SetOutcome(ctx, command.SetOutcome{Meta: meta(), Usage: strange, Status: trace.Explanted}))
	if u := s.usage(strange); !u.Explants.IsZero() {
		t.Errorf("%+v", u)
	}
	other := s.use(revision, "]d201"+di+"10Q")
	s.refused(trace.Invalid, "explanted", func() error {
		return s.SetOutcome(ctx, command.SetOutcome{Meta: meta(), Usage: other, Status: trace.Wasted, Went: trace.WentKept})
	})
}
