package bolt_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"implantrace/internal/bolt"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

func subjectKeys(t *testing.T, s *bolt.Store) map[[16]byte]trace.SubjectKey {
	t.Helper()
	page, next, err := s.SubjectKeys(t.Context(), "")
	if err != nil || next != "" {
		t.Fatal(next, err)
	}
	all := make(map[[16]byte]trace.SubjectKey)
	for _, k := range page {
		all[k.Subject] = k
	}
	return all
}

// What was erased is read by nobody, nor found in a page that is free, while
// the journal proves itself and everybody else is read as before.
func TestAnErasedIdentityIsGoneAndTheJournalVerifies(t *testing.T) {
	ctx := t.Context()
	keys, path := seal.NewKeyring(), filepath.Join(t.TempDir(), "s.db")
	s := open(t, path, keys)
	lookup := s.Lookups(trace.LookupNHS, "9990000018")[0]
	ada, ofAda := patient()
	ada.Lookups = []trace.LookupHash{lookup}
	append1(t, s, ada, ofAda)
	for range 300 { // others, so that pages are split and moved
		f, secret := patient()
		append1(t, s, f, secret)
	}
	bob, ofBob := patient()
	append1(t, s, bob, ofBob)
	reading := trace.ReadingFact{Reading: trace.NewEventID()}
	raw := append1(t, s, reading, &trace.Secret{Raw: "a wristband that was refused"})
	old := subjectKeys(t, s)
	for _, subject := range [][16]byte{ada.Patient, reading.Reading} {
		if len(old[subject].Wrapped) == 0 || !inFile(t, path, old[subject].Wrapped) {
			t.Fatal("the key is not in the file: the test looks in the wrong place")
		}
	}

	append1(t, s, trace.ErasureFact{Patient: ada.Patient, Subjects: [][16]byte{reading.Reading}}, nil)
	if err := s.Scrub(ctx); err != nil {
		t.Fatal(err)
	}
	for _, subject := range [][16]byte{ada.Patient, reading.Reading} {
		if inFile(t, path, old[subject].Wrapped) {
			t.Error("the wrapped key is still in the file")
		}
	}
	check := func(s *bolt.Store) {
		t.Helper()
		if who, err := s.Identity(ctx, ada.Patient); err != nil || !who.Sealed || !who.Erased || who.Family != "" {
			t.Errorf("%+v, %v", who, err)
		}
		if p, err := s.Patient(ctx, ada.Patient); err != nil || !p.Erased || len(p.Lookups) > 0 {
			t.Errorf("%+v, %v", p, err)
		}
		if found, err := s.PatientsBy(ctx, lookup); err != nil || len(found) > 0 {
			t.Errorf("found by what it was: %v, %v", found, err)
		}
		if got, err := s.Secret(ctx, trace.Position{Node: raw.Node, Seq: raw.Seq}); err != nil || got != nil {
			t.Errorf("%+v, %v", got, err)
		}
		if who, err := s.Identity(ctx, bob.Patient); err != nil || who.Family != "Zellweger-Quist" || who.Erased {
			t.Errorf("%+v, %v", who, err)
		}
		if v, err := s.Verify(ctx, ""); err != nil || len(v.Findings) > 0 || v.Erased != 2 || v.Opened != v.Sealed-2 {
			t.Errorf("%+v, %v", v, err)
		}
	}
	check(s)
	// What is said of her afterwards does not bring her key back.
	append1(t, s, trace.PatientFact{Patient: ada.Patient, Lookups: ada.Lookups}, nil)
	late := append1(t, s, trace.UsageFact{Usage: trace.UsageID(trace.NewEventID())}, nil)
	id := trace.NewEventID()
	if rs, err := s.Append(ctx, trace.Command{ID: id, Canonical: id[:], Drafts: []trace.Draft{{Fact: trace.UsageFact{Usage: trace.UsageID(id)},
		Secret: &trace.Secret{Note: "a note since"}, Subject: ada.Patient}}}); err != nil || rs[0].Err != nil {
		t.Fatal(rs, err)
	}
	if got, err := s.Secret(ctx, trace.Position{Node: late.Node, Seq: late.Seq + 1}); err != nil || got == nil || got.Note != "a note since" {
		t.Errorf("%+v, %v", got, err)
	}
	check(s)

	// A store that has it from elsewhere, and gets her key later, keeps none: in
	// whatever order they come.
	all, err := s.Ship(ctx, trace.Position{Node: s.Node()})
	if err != nil {
		t.Fatal(err)
	}
	for name, first := range map[string]bool{"keys first": true, "entries first": false} {
		other := open(t, filepath.Join(t.TempDir(), "other.db"), keys)
		before := []trace.SubjectKey{old[ada.Patient], old[reading.Reading]}
		for range 2 {
			if first {
				if err := other.ReceiveKeys(ctx, before); err != nil {
					t.Fatal(err)
				}
			} else if err := other.Receive(ctx, all); err != nil {
				t.Fatal(err)
			}
			first = !first
		}
		if who, err := other.Identity(ctx, ada.Patient); err != nil || who.Family != "" || !who.Erased {
			t.Errorf("%s: %+v, %v", name, who, err)
		}
		if v, err := other.Verify(ctx, ""); err != nil || len(v.Findings) > 0 {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
	}
}

func inFile(t *testing.T, path string, b []byte) bool {
	t.Helper()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(whole, b)
}
