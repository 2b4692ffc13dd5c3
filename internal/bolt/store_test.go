package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"implantrace/internal/bolt"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

func open(t *testing.T, path string, keys *seal.Keyring) *bolt.Store {
	t.Helper()
	s, err := bolt.Open(path, bolt.Options{Name: "test", Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// copied writes a copy of a store to a file.
func copied(t *testing.T, s *bolt.Store, path string) (was bolt.Snapshot) {
	t.Helper()
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Copy(context.Background(), func(snapshot bolt.Snapshot) error {
		was = snapshot
		n, err := snapshot.WriteTo(out)
		if n != snapshot.Size {
			t.Errorf("%d bytes, and %d were said", n, snapshot.Size)
		}
		return err
	})
	if err := errors.Join(err, out.Close()); err != nil {
		t.Fatal(err)
	}
	return was
}

func append1(t *testing.T, s *bolt.Store, f trace.Fact, secret *trace.Secret) trace.Receipt {
	t.Helper()
	id := trace.NewEventID()
	rs, err := s.Append(context.Background(), trace.Command{ID: id, Canonical: id[:], Drafts: []trace.Draft{{Fact: f, Secret: secret, Subject: f.Object()}}})
	if err != nil || rs[0].Err != nil {
		t.Fatal(err, rs)
	}
	return rs[0].Receipt
}

func patient() (trace.PatientFact, *trace.Secret) {
	return trace.PatientFact{Patient: trace.PatientID(trace.NewEventID())}, &trace.Secret{NHSNumber: "9990000018", Family: "Zellweger-Quist", Given: "Ottoline"}
}

func TestASecondProcessIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	keys := seal.NewKeyring()
	open(t, path, keys)
	_, err := bolt.Open(path, bolt.Options{Keys: keys, Wait: 20 * time.Millisecond})
	if !errors.Is(err, bolt.ErrInUse) {
		t.Errorf("second open: %v", err)
	}
}

func TestOtherKeysAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	open(t, path, seal.NewKeyring()).Close()
	if _, err := bolt.Open(path, bolt.Options{Keys: seal.NewKeyring()}); !errors.Is(err, bolt.ErrWrongKeys) {
		t.Errorf("other keys: %v", err)
	}
}

func TestWhatIsNoStoreIsRefused(t *testing.T) {
	for name, content := range map[string]string{
		"text": strings.Repeat("not a store\n", 2000), "short": "x", "zeroes": strings.Repeat("\x00", 65536),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s.db")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := bolt.Open(path, bolt.Options{Keys: seal.NewKeyring()})
			if err == nil {
				s.Close()
				t.Fatal("opened")
			}
			if !errors.Is(err, bolt.ErrNotStore) {
				t.Errorf("%v", err)
			}
			if b, _ := os.ReadFile(path); string(b) != content {
				t.Error("the file was changed")
			}
		})
	}
}

func TestNoIdentityInTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	s := open(t, path, seal.NewKeyring())
	f, secret := patient()
	append1(t, s, f, secret)
	who, err := s.Identity(context.Background(), f.Patient)
	if err != nil || who.Family != "Zellweger-Quist" {
		t.Fatalf("identity %+v, %v", who, err)
	}
	s.Close()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Zellweger", "Ottoline", "9990000018"} {
		if strings.Contains(string(b), name) {
			t.Errorf("%q stands in the file", name)
		}
	}
}

// setKey changes what is kept of a subject's key in a closed store; nil takes
// it away.
func setKey(t *testing.T, path string, subject, wrapped []byte) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bbolt.Tx) error {
		if wrapped == nil {
			return tx.Bucket([]byte("keys")).Delete(subject)
		}
		return tx.Bucket([]byte("keys")).Put(subject, wrapped)
	}); err != nil {
		t.Fatal(err)
	}
	db.Close()
}

func TestWithoutItsKeyAnIdentityIsSealedAndTheJournalVerifies(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	keys := seal.NewKeyring()
	s := open(t, path, keys)
	f, secret := patient()
	append1(t, s, f, secret)
	s.Close()
	setKey(t, path, f.Patient[:], []byte{})
	s = open(t, path, keys)
	who, err := s.Identity(context.Background(), f.Patient)
	if err != nil || !who.Sealed || who.Family != "" {
		t.Errorf("identity %+v, %v", who, err)
	}
	r, err := s.Verify(context.Background(), t.TempDir())
	if err != nil || len(r.Findings) != 0 || r.Erased != 1 {
		t.Errorf("report %+v, %v", r, err)
	}
	s.Close()
	// A key that nobody erased is missed.
	setKey(t, path, f.Patient[:], nil)
	r, err = bolt.VerifyFile(context.Background(), path, keys, t.TempDir(), trace.Trust{})
	if err != nil || len(r.Findings) != 1 || !strings.Contains(r.Findings[0].What, fmt.Sprintf("key of subject %x, which is gone", f.Patient[:])) {
		t.Errorf("report %+v, %v", r, err)
	}
}

func TestVerifyFindsEachKindOfDamage(t *testing.T) {
	keys := seal.NewKeyring()
	fill := func(t *testing.T) string {
		path := filepath.Join(t.TempDir(), "s.db")
		s := open(t, path, keys)
		f, secret := patient()
		append1(t, s, f, secret)
		for i := range 5 {
			append1(t, s, trace.UsageFact{Usage: trace.UsageID(trace.NewEventID()), Status: trace.Implanted,
				Device: udi.Device{DI: "07611994064584", Lot: fmt.Sprint("L", i)}}, nil)
		}
		r, err := s.Verify(context.Background(), t.TempDir())
		if err != nil || len(r.Findings) != 0 || r.Entries != 7 || r.Opened != 1 || r.Heads[0].Size != 7 {
			t.Fatalf("undamaged: %+v, %v", r, err)
		}
		s.Close()
		return path
	}
	flip := func(bucket string, at int) func(*bbolt.Tx) error {
		return func(tx *bbolt.Tx) error {
			c := tx.Bucket([]byte(bucket)).Cursor()
			k, v := c.Last()
			w := append([]byte(nil), v...)
			if at < 0 {
				at += len(w)
			}
			w[at] ^= 1
			return tx.Bucket([]byte(bucket)).Put(append([]byte(nil), k...), w)
		}
	}
	drop := func(bucket string) func(*bbolt.Tx) error {
		return func(tx *bbolt.Tx) error {
			k, _ := tx.Bucket([]byte(bucket)).Cursor().First()
			return tx.Bucket([]byte(bucket)).Delete(append([]byte(nil), k...))
		}
	}
	for name, damage := range map[string]func(*bbolt.Tx) error{
		"a changed entry": flip("log", 40), "a changed hash": flip("tree", 3), "a changed index row": flip("l", 0), "changed coverage": flip("n", -2),
		"a missing entry": drop("log"), "a missing index row": drop("l"),
		"a row too many": func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("l")).Put([]byte("07611994064584\x00FORGED"), nil)
		},
		"a changed key": flip("keys", 20),
	} {
		t.Run(name, func(t *testing.T) {
			path := fill(t)
			db, err := bbolt.Open(path, 0o600, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Update(damage); err != nil {
				t.Fatal(err)
			}
			db.Close()
			s := open(t, path, keys)
			r, err := s.Verify(context.Background(), t.TempDir())
			if err != nil || len(r.Findings) == 0 {
				t.Errorf("not found: %+v, %v", r, err)
			}
		})
	}
}

func TestAFullStoreSaysSoAndLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	keys := seal.NewKeyring()
	s, err := bolt.Open(path, bolt.Options{Keys: keys, MaxSize: 512 << 10})
	if err != nil {
		t.Fatal(err)
	}
	var recorded []trace.UsageID
	var full error
	for full == nil && len(recorded) < 10000 {
		id, u := trace.NewEventID(), trace.UsageID(trace.NewEventID())
		rs, err := s.Append(context.Background(), trace.Command{ID: id, Canonical: id[:], Drafts: []trace.Draft{{Fact: trace.UsageFact{Usage: u, Status: trace.Opened}}}})
		if full = err; err == nil && rs[0].Err == nil {
			recorded = append(recorded, u)
		}
	}
	if trace.KindOf(full) != trace.Full || len(recorded) == 0 {
		t.Fatalf("after %d: %v", len(recorded), full)
	}
	s.Close()
	s = open(t, path, keys) // without the limit: there is room again
	for _, u := range recorded {
		if _, err := s.Usage(context.Background(), u); err != nil {
			t.Fatal(err)
		}
	}
	append1(t, s, trace.UsageFact{Usage: trace.UsageID(trace.NewEventID()), Status: trace.Opened}, nil)
	if r, err := s.Verify(context.Background(), t.TempDir()); err != nil || len(r.Findings) != 0 {
		t.Errorf("%+v, %v", r.Findings, err)
	}
}

func TestACopyIsAWholeStore(t *testing.T) {
	dir := t.TempDir()
	keys := seal.NewKeyring()
	s := open(t, filepath.Join(dir, "s.db"), keys)
	f, secret := patient()
	append1(t, s, f, secret)
	heads, err := s.Heads(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if was := copied(t, s, filepath.Join(dir, "copy.db")); !slices.Equal(was.Heads, heads) || was.Size == 0 || was.Until.IsZero() {
		t.Errorf("%+v, want the heads %v", was, heads)
	}
	c, err := bolt.Open(filepath.Join(dir, "copy.db"), bolt.Options{Keys: keys, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if who, err := c.Identity(context.Background(), f.Patient); err != nil || who.Given != "Ottoline" {
		t.Errorf("%+v, %v", who, err)
	}
	if _, err := c.Append(context.Background(), trace.Command{ID: trace.NewEventID()}); trace.KindOf(err) != trace.ReadOnly {
		t.Errorf("append to a read-only store: %v", err)
	}
}

func TestAnIdentityThatDoesNotOpenHidesNoPatient(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	keys := seal.NewKeyring()
	s := open(t, path, keys)
	f, secret := patient()
	append1(t, s, f, secret)
	s.Close()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bbolt.Tx) error {
		k, v := tx.Bucket([]byte("keys")).Cursor().First()
		w := append([]byte(nil), v...)
		w[len(w)-1] ^= 1
		return tx.Bucket([]byte("keys")).Put(append([]byte(nil), k...), w)
	}); err != nil {
		t.Fatal(err)
	}
	db.Close()
	s = open(t, path, keys)
	if who, err := s.Identity(context.Background(), f.Patient); err != nil || !who.Sealed || who.Family != "" {
		t.Errorf("%+v, %v", who, err)
	}
	if r, err := s.Verify(context.Background(), t.TempDir()); err != nil || len(r.Findings) == 0 {
		t.Errorf("verify finds nothing: %v", err)
	}
}
