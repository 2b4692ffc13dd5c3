package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"implantrace/internal/app"
	"implantrace/internal/backup"
	"implantrace/internal/bolt"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// Keys are changed while the node works: whoever was found is found, the old key
// opens nothing, and the second copy goes by the new one.
func TestKeysAreChangedAndNothingIsLost(t *testing.T) {
	share := t.TempDir()
	n := serve(t, app.Config{CopyTo: share})
	data := n.node.Config.Data
	c := connect(t, data)
	first := trace.NewEventID()
	if got, said := asked(t, c, "POST", "/api/v1/procedures", procedureBody(first, ada)); got != 201 {
		t.Fatal(got, said)
	}
	old, err := seal.LoadKeyring(data + ".keys")
	if err != nil {
		t.Fatal(err)
	}
	found := func(c *app.Client, nhs string) string {
		t.Helper()
		got, said := asked(t, c, "POST", "/api/v1/patients/search", `{"nhs_number":"`+nhs+`"}`)
		if got != 200 || !strings.Contains(said, `"id"`) || !strings.Contains(said, "Testwell") {
			t.Errorf("%s: %d %s", nhs, got, said)
		}
		return said
	}
	before := found(c, ada)
	for _, what := range []string{"rotate", "rotate-lookup", "rotate"} {
		if got, said := asked(t, c, "POST", "/api/v1/operator/keys/"+what, ""); got != 204 {
			t.Fatalf("%s: %d %s", what, got, said)
		}
		if found(c, ada) != before {
			t.Errorf("after %s: another answer", what)
		}
	}
	if got, said := asked(t, c, "POST", "/api/v1/procedures", procedureBody(trace.NewEventID(), bob)); got != 201 {
		t.Fatal(got, said)
	}
	// The same person again is the same patient, and the same command the same.
	if got, said := asked(t, c, "POST", "/api/v1/procedures", procedureBody(first, ada)); got != 200 && got != 201 {
		t.Error(got, said)
	}
	found(c, bob)
	now, err := seal.LoadKeyring(data + ".keys")
	if err != nil || now.Fingerprint() == old.Fingerprint() || now.LookupVersion() != 2 {
		t.Fatalf("%v", err)
	}
	if got, said := asked(t, c, "POST", "/api/v1/operator/verify", ""); got != 200 || !strings.Contains(said, `"findings":[]`) {
		t.Error(got, said)
	}
	closed(t, c)
	n.end()
	if _, err := backup.OpenCopy(share, old.Age()); err == nil {
		t.Error("the second copy opens for the old key")
	}
	if second, err := backup.OpenCopy(share, now.Age()); err != nil || second.Keys.LookupVersion() != 2 {
		t.Errorf("%v", err)
	}
	again := connect(t, data)
	defer closed(t, again)
	found(again, ada)
	found(again, bob)
}

// A change of keys may end anywhere; the next start knows which keys are right.
func TestAChangeOfKeysThatWasCutShortIsFinishedOrDropped(t *testing.T) {
	for name, rotated := range map[string]bool{"before the store": false, "after the store": true} {
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			opens(t, data)
			path, keys := filepath.Join(data, bolt.FileName), data+".keys"
			old, err := seal.LoadKeyring(keys)
			if err != nil {
				t.Fatal(err)
			}
			next := old.Rotated()
			if err := next.Settled().Save(keys + ".next"); err != nil {
				t.Fatal(err)
			}
			if rotated {
				s, err := bolt.Open(path, bolt.Options{Keys: old})
				if err != nil {
					t.Fatal(err)
				}
				id := trace.NewEventID()
				if _, err := s.Append(t.Context(), trace.Command{ID: id, Canonical: id[:], Drafts: []trace.Draft{{Fact: trace.PatientFact{Patient: trace.PatientID(id)},
					Secret: &trace.Secret{Family: "Testwell"}, Subject: id}}}); err != nil {
					t.Fatal(err)
				}
				if err := s.Rotate(t.Context(), next); err != nil {
					t.Fatal(err)
				}
				if who, err := s.Identity(t.Context(), trace.PatientID(id)); err != nil || who.Family != "Testwell" {
					t.Errorf("%+v, %v", who, err)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
			opens(t, data)
			opens(t, data)
			want := old.Fingerprint()
			if rotated {
				want = next.Fingerprint()
			}
			if got, err := seal.LoadKeyring(keys); err != nil || got.Fingerprint() != want {
				t.Errorf("%v", err)
			}
			if _, err := os.Stat(keys + ".next"); err == nil {
				t.Error("the next key file lies about")
			}
		})
	}
}
