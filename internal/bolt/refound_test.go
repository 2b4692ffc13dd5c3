package bolt_test

import (
	"path/filepath"
	"testing"

	"implantrace/internal/bolt"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// A restored store goes on in a log of its own: the places of the old log
// belong to what was lost behind the copy, which can still come in.
func TestARestoredStoreContinuesNoLog(t *testing.T) {
	ctx := t.Context()
	keys, path := seal.NewKeyring(), filepath.Join(t.TempDir(), "copy.db")
	s := open(t, filepath.Join(t.TempDir(), "s.db"), keys)
	ada, ofAda := patient()
	append1(t, s, ada, ofAda)
	copied(t, s, path)
	bob, ofBob := patient()
	append1(t, s, bob, ofBob) // the copy does not have it
	old := s.Node()

	again, err := bolt.Open(path, bolt.Options{Name: "restored", Keys: keys, Refound: true})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if again.Node() == old {
		t.Fatal("it goes on in the old log")
	}
	cyd, ofCyd := patient()
	append1(t, again, cyd, ofCyd)
	// The same patient, met by both: each node's key opens what it sealed.
	append1(t, again, trace.PatientFact{Patient: ada.Patient}, &trace.Secret{Birth: "1980-02-29"})
	if who, err := again.Identity(ctx, ada.Patient); err != nil || who.Given != "Ottoline" || who.Birth != "1980-02-29" || who.Sealed {
		t.Errorf("%+v, %v", who, err)
	}
	// What the copy lacks comes in and is proved.
	rest, err := s.Ship(ctx, trace.Position{Node: old})
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Receive(ctx, rest); err != nil {
		t.Fatal(err)
	}
	if who, err := again.Identity(ctx, bob.Patient); err != nil || who.Given != "Ottoline" {
		t.Errorf("%+v, %v", who, err)
	}
	if v, err := again.Verify(ctx, ""); err != nil || len(v.Findings) > 0 || len(v.Heads) != 2 {
		t.Errorf("%+v, %v", v, err)
	}
}
