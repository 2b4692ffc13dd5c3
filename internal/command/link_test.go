package command_test

import (
	"slices"
	"strings"
	"testing"

	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

func TestAPatientNobodyKnowsIsRecordedAtOnce(t *testing.T) {
	s := newSite(t)
	c := command.RegisterPatient{Meta: meta(), Who: command.Who{Provisional: true, Appears: "female, about 40"}}
	found, err := s.RegisterPatient(ctx, c)
	if err != nil || !found.New {
		t.Fatalf("%+v, %v", found, err)
	}
	who := s.patient(found.Patient)
	if !strings.HasPrefix(who.Provisional, "Unknown ") || who.Family+who.Given+who.NHSNumber+who.Birth != "" || who.Appears != "female, about 40" || who.LocalIssuer != trace.ProvisionalIssuer {
		t.Errorf("%+v", who)
	}
	if again, err := s.RegisterPatient(ctx, c); err != nil || again.Patient != found.Patient {
		t.Errorf("again: %+v, %v", again, err)
	}
	other, err := s.RegisterPatient(ctx, command.RegisterPatient{Meta: meta(), Who: command.Who{Provisional: true}})
	if err != nil || other.Patient == found.Patient || s.patient(other.Patient).LocalNumber == who.LocalNumber {
		t.Errorf("the next one: %+v, %v", other, err)
	}
	// The code on the wristband reads back as the number.
	m := udi.Understand(command.ProvisionalWristband(who), s.now)
	if m.Kind != udi.KindPatient || m.Damaged() || m.Patient.LocalNumber != who.LocalNumber || m.Patient.LocalIssuer != who.LocalIssuer {
		t.Errorf("%+v", m)
	}
	if ids, err := s.Search(ctx, command.Who{LocalIssuer: who.LocalIssuer, LocalNumber: who.LocalNumber}); err != nil || !slices.Equal(ids, []trace.PatientID{found.Patient}) {
		t.Errorf("by the temporary number: %v, %v", ids, err)
	}
	for i := range who.LocalNumber { // each wrong character is noticed
		wrong := []byte(who.LocalNumber)
		if wrong[i] = '7'; who.LocalNumber[i] == '7' {
			wrong[i] = 'K'
		}
		s.refused(trace.Invalid, "fails its check", func() error {
			_, err := s.Search(ctx, command.Who{LocalIssuer: trace.ProvisionalIssuer, LocalNumber: string(wrong)})
			return err
		})
	}
	for words, w := range map[string]command.Who{
		"is not unknown":     {Provisional: true, NHSNumber: "9990000018"},
		"has a name":         {Provisional: true, Family: "Testwell"},
		"has identified yet": {NHSNumber: "9990000018", Appears: "male"},
	} {
		s.refused(trace.Invalid, words, func() error {
			_, err := s.RegisterPatient(ctx, command.RegisterPatient{Meta: meta(), Who: w})
			return err
		})
	}
	// Who gets numbers that nobody else has is not unknown any more.
	if _, err := s.RegisterPatient(ctx, command.RegisterPatient{Meta: meta(), Who: command.Who{Patient: found.Patient, NHSNumber: "9990000018", Family: "Testwell"}}); err != nil {
		t.Fatal(err)
	}
	if now := s.patient(found.Patient); now.Provisional != "" || now.Appears != "" || now.NHSNumber != "9990000018" {
		t.Errorf("identified: %+v", now)
	}
}

func TestTwoRecordsOfOnePersonAreLinkedAndParted(t *testing.T) {
	s := newSite(t)
	ada := s.register(command.Who{NHSNumber: "9990000018", Family: "Testwell", Given: "Ada"})
	bob := s.register(command.Who{NHSNumber: "9990000026", Family: "Quist", Given: "Bob"})
	unknown := s.register(command.Who{Provisional: true})
	link := func(survives, other trace.PatientID, sure bool, reason string) (command.Linked, error) {
		return s.LinkPatients(ctx, command.LinkPatients{Meta: meta(), Survives: survives, Other: other, Reason: reason, TwoNumbers: sure})
	}
	for words, try := range map[string]func() error{
		"wants a reason":      func() error { _, err := link(ada, unknown, false, " "); return err },
		"wants two records":   func() error { _, err := link(ada, ada, false, "x"); return err },
		"shown as the person": func() error { _, err := link(ada, trace.PatientID{}, false, "x"); return err },
	} {
		s.refused(trace.Invalid, words, try)
	}
	s.refused(trace.NotFound, "", func() error { _, err := link(ada, trace.NewID[trace.OfPatient](), false, "x"); return err })

	pair, err := s.ComparePatients(ctx, ada, bob)
	if err != nil || !pair.TwoNumbers || pair.Same || !slices.Contains(pair.Fields, command.Compared{Field: "given", A: "Ada", B: "Bob", Differs: true}) {
		t.Errorf("%+v, %v", pair, err)
	}
	c := command.LinkPatients{Meta: meta(), Survives: ada, Other: unknown, Reason: "Her sister brought the card"}
	first, err := s.LinkPatients(ctx, c)
	if err != nil || first.Shown != ada || len(first.Same) != 2 || !first.Link.Stands() || first.Link.TwoNumbers {
		t.Fatalf("%+v, %v", first, err)
	}
	if again, err := s.LinkPatients(ctx, c); err != nil || again.Shown != ada {
		t.Errorf("again: %+v, %v", again, err)
	}
	s.refused(trace.Conflict, "linked already", func() error { _, err := link(ada, unknown, false, "x"); return err })
	told, err := s.TellLink(ctx, first.Link)
	if err != nil || len(told.History) != 1 || told.History[0].Reason != "Her sister brought the card" {
		t.Errorf("%+v, %v", told, err)
	}
	// The number of the person counts, not that of the record alone.
	s.refused(trace.Conflict, "not the same one", func() error { _, err := link(bob, unknown, false, "x"); return err })
	both, err := link(bob, unknown, true, "One number was given twice")
	if err != nil || both.Shown != bob || len(both.Same) != 3 || !both.Link.TwoNumbers {
		t.Errorf("%+v, %v", both, err)
	}
	for _, l := range []trace.LinkID{both.Link.ID, first.Link.ID} {
		s.refused(trace.Invalid, "wants a reason", func() error {
			_, err := s.UnlinkPatients(ctx, command.UnlinkPatients{Meta: meta(), Link: l})
			return err
		})
		apart, err := s.UnlinkPatients(ctx, command.UnlinkPatients{Meta: meta(), Link: l, Reason: "They are two people"})
		if err != nil || apart.Still || apart.Link.Stands() {
			t.Errorf("%+v, %v", apart, err)
		}
		s.refused(trace.Conflict, "taken back before", func() error {
			_, err := s.UnlinkPatients(ctx, command.UnlinkPatients{Meta: meta(), Link: l, Reason: "x"})
			return err
		})
	}
	for _, id := range []trace.PatientID{ada, bob, unknown} {
		if who, same, err := s.store.Person(ctx, id); err != nil || len(same) != 1 || who != s.patient(id) {
			t.Errorf("alone again: %+v, %v, %v", who, same, err)
		}
	}
	// Records that share a number are one person whatever is said of their link.
	again, err := link(ada, unknown, false, "It was her after all")
	if err != nil {
		t.Fatal(err)
	}
	done, err := s.ErasePatient(ctx, command.ErasePatient{Meta: meta(), Patient: unknown, Reason: "asked for"})
	if err != nil || len(done.Patients) != 2 {
		t.Errorf("erasing one erases the person: %+v, %v", done, err)
	}
	if told, err := s.TellLink(ctx, again.Link); err != nil || told.History[0].Reason != "" {
		t.Errorf("why is erased with it: %+v, %v", told, err)
	}
	s.refused(trace.Conflict, "was erased", func() error { _, err := link(bob, unknown, true, "x"); return err })
}
