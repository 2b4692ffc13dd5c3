package bolt_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"implantrace/internal/bolt"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

func TestAFileThatLostItsContentIsNoNewStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	keys := seal.NewKeyring()
	open(t, path, keys).Close()
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	if s, err := bolt.Open(path, bolt.Options{Keys: keys}); !errors.Is(err, bolt.ErrNotStore) {
		t.Errorf("opened as %v, %v", s, err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != 0 {
		t.Errorf("the file was changed: %v, %v", info, err)
	}
}

// otherFile makes a bbolt file that no store has made.
func otherFile(t *testing.T, buckets ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "other.db")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bbolt.Tx) error {
		for _, b := range buckets {
			if _, err := tx.CreateBucket([]byte(b)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAnotherProgramsFileIsLeftAsItIs(t *testing.T) {
	for name, path := range map[string]string{"other buckets": otherFile(t, "users"), "a bucket of one of our names": otherFile(t, "log"), "a frame without a format": otherFile(t, "meta")} {
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if s, err := bolt.Open(path, bolt.Options{Keys: seal.NewKeyring()}); !errors.Is(err, bolt.ErrNotStore) {
			t.Errorf("%s: opened as %v, %v", name, s, err)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
			t.Errorf("%s: the file was changed", name)
		}
	}
}

func TestAStoreIsMadeWithKeysOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	if _, err := bolt.Open(path, bolt.Options{}); err == nil || bolt.Exists(path) {
		t.Errorf("made without keys: %v", err)
	}
	if _, err := bolt.Open(path, bolt.Options{ReadOnly: true}); err == nil || bolt.Exists(path) {
		t.Errorf("made read-only: %v", err)
	}
	// A process that was killed while it made the file.
	path = otherFile(t)
	if _, err := bolt.Open(path, bolt.Options{}); err == nil {
		t.Error("finished without keys")
	}
	s := open(t, path, seal.NewKeyring())
	if heads, err := s.Heads(context.Background()); err != nil || len(heads) != 1 || heads[0].Size != 1 {
		t.Errorf("%+v, %v", heads, err)
	}
}

func TestALaterFormatIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	keys := seal.NewKeyring()
	open(t, path, keys).Close()
	for key, value := range map[string]string{"format": "implantrace/3", "node": "x"} {
		db, err := bbolt.Open(path, 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte("meta")).Put([]byte(key), []byte(value)) }); err != nil {
			t.Fatal(err)
		}
		db.Close()
		if _, err := bolt.Open(path, bolt.Options{Keys: keys}); !errors.Is(err, bolt.ErrNotStore) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestWithoutKeysAStoreIsForReading(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "s.db")
	s := open(t, path, seal.NewKeyring())
	f, secret := patient()
	r := append1(t, s, f, secret)
	if s.Path() != path || s.Size() == 0 {
		t.Errorf("%s has %d bytes", s.Path(), s.Size())
	}
	s.Close()
	s, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if who, err := s.Identity(ctx, f.Patient); err != nil || who != (trace.Identity{Sealed: true}) {
		t.Errorf("identity %+v, %v", who, err)
	}
	if secret, err := s.Secret(ctx, trace.Position{Node: r.Node, Seq: r.Seq}); err != nil || secret != nil {
		t.Errorf("secret %+v, %v", secret, err)
	}
	if hs := s.Lookups(trace.LookupNHS, "9990000018"); hs != nil {
		t.Errorf("hashes %x", hs)
	}
	if _, err := s.Append(ctx, trace.Command{ID: trace.NewEventID()}); trace.KindOf(err) != trace.ReadOnly {
		t.Errorf("append: %v", err)
	}
	if _, err := s.Find(ctx, r.Command, nil); trace.KindOf(err) != trace.ReadOnly {
		t.Errorf("find: %v", err)
	}
	if rep, err := s.Verify(ctx, t.TempDir()); err != nil || len(rep.Findings) != 0 || rep.Sealed != 1 || rep.Opened != 0 {
		t.Errorf("%+v, %v", rep, err)
	}
}

func TestAClosedStoreTakesNothing(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"), seal.NewKeyring())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	id := trace.NewEventID()
	if _, err := s.Append(context.Background(), trace.Command{ID: id, Drafts: []trace.Draft{{Fact: trace.UsageFact{Usage: trace.UsageID(id)}}}}); trace.KindOf(err) != trace.ReadOnly {
		t.Errorf("%v", err)
	}
	if _, err := s.Usage(context.Background(), trace.UsageID(id)); err == nil {
		t.Error("a closed store answers")
	}
}
