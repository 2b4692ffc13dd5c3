package bolt

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"implantrace/internal/record"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// A compacted store has the rows it had, each table byte for byte.
func TestACompactedStoreHasTheSameRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	keys := seal.NewKeyring()
	lived(t, path, keys, 400)
	before := dump(t, path)
	old, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	s, err := Open(path, Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	var shown, of int64
	c, err := s.Compact(context.Background(), func(done, total int64) { shown, of = done, total })
	if err != nil {
		t.Fatal(err)
	}
	if c.After >= c.Before || s.Size() != c.After || shown == 0 || shown > of {
		t.Errorf("%+v, %d of %d", c, shown, of)
	}
	if v, err := s.Verify(context.Background(), t.TempDir()); err != nil || len(v.Findings) > 0 {
		t.Errorf("%+v, %v", v.Findings, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if after := dump(t, path); !maps.Equal(before, after) {
		t.Errorf("%d rows, were %d, or others", len(after), len(before))
	}
	if _, err := os.Stat(path + compactName); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something is left: %v", err)
	}
	// What the old file held is gone from its blocks.
	if b, err := io.ReadAll(old); err != nil || len(b) == 0 || !zeroes(b) {
		t.Errorf("the old file has %d bytes, and they are not all zeroes: %v", len(b), err)
	}
}

// A file that has another name is somebody's copy.
func TestACopyByAnotherNameIsLeftAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	keys := seal.NewKeyring()
	lived(t, path, keys, 20)
	link := filepath.Join(t.TempDir(), "copy.db")
	if err := os.Link(path, link); err != nil {
		t.Skip(err)
	}
	s, err := Open(path, Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Compact(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if v, err := VerifyFile(context.Background(), link, keys, t.TempDir(), trace.Trust{}); err != nil || len(v.Findings) > 0 || v.Entries == 0 {
		t.Errorf("the copy: %+v, %v", v, err)
	}
}

// The first program's rows and single hashes become what is written today, and the
// log comes to the same root.
func TestAStoreOfTheFirstProgramIsCompactedIntoTodaysForms(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	packed, err := os.Open("testdata/first/implantrace.db.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	content, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	keys, err := seal.LoadKeyring("testdata/first/keys.json")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(path, Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rebuilt(t, s)
	for range 300 { // so that tiles go on from single hashes, over two levels
		id := trace.NewEventID()
		if _, err := s.Append(context.Background(), trace.Command{ID: id, Canonical: id[:], Drafts: []trace.Draft{{Fact: trace.ProductFact{DI: id.String()}}}}); err != nil {
			t.Fatal(err)
		}
	}
	heads, err := s.Heads(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Compact(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if now, err := s.Heads(context.Background()); err != nil || len(now) != len(heads) || now[0] != heads[0] {
		t.Errorf("heads %v, were %v, %v", now, heads, err)
	}
	if v, err := s.Verify(context.Background(), t.TempDir()); err != nil || len(v.Findings) > 0 || v.Opened == 0 {
		t.Errorf("%+v, %v", v, err)
	}
	if err := s.db.View(func(tx *bbolt.Tx) error {
		if err := tx.Bucket(bucketTree).ForEach(func(k, _ []byte) error {
			if len(k) != tileKeySize {
				t.Errorf("%s is kept by itself", describe("tree", k))
			}
			return nil
		}); err != nil {
			return err
		}
		return tx.Bucket(bucketLog).ForEach(func(k, row []byte) error {
			if row[0] != 3 {
				t.Errorf("%s is a row of an earlier form", describe("log", k))
			}
			return nil
		})
	}); err != nil {
		t.Fatal(err)
	}
}

// A store whose journal is damaged is left as it is: its free pages may hold what a
// doctor wants.
func TestADamagedStoreIsNotCompacted(t *testing.T) {
	for name, damage := range map[string]func(tx *bbolt.Tx) error{
		"an entry that cannot be read": func(tx *bbolt.Tx) error {
			k, v := tx.Bucket(bucketLog).Cursor().Last()
			return tx.Bucket(bucketLog).Put(k, append(bytes.Clone(v[:len(v)-1]), v[len(v)-1]^1))
		},
		"a hash that is another": func(tx *bbolt.Tx) error {
			k, v := tx.Bucket(bucketTree).Cursor().First()
			return tx.Bucket(bucketTree).Put(k, append([]byte{v[0] ^ 1}, v[1:]...))
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), FileName)
			keys := seal.NewKeyring()
			lived(t, path, keys, 40)
			db, err := bbolt.Open(path, 0o600, nil)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(db.Update(damage), db.Close()); err != nil {
				t.Fatal(err)
			}
			s, err := Open(path, Options{Keys: keys})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			size := s.Size()
			_, err = s.Compact(context.Background(), nil)
			if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "verify") {
				t.Errorf("%v", err)
			}
			if s.Size() != size || s.WriteTrouble() != nil {
				t.Errorf("%d bytes, were %d; %v", s.Size(), size, s.WriteTrouble())
			}
			if _, err := os.Stat(path + compactName); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("something is left: %v", err)
			}
		})
	}
}

// While tables are built anew a store is not compacted: what is built would be lost.
func TestAStoreThatIsRebuiltIsNotCompacted(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	keys := seal.NewKeyring()
	lived(t, path, keys, 40)
	outdate(t, path, record.ByLot)
	s, err := Open(path, Options{Keys: keys, steps: make(chan struct{})})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Compact(context.Background(), nil); trace.KindOf(err) != trace.Busy {
		t.Errorf("%v", err)
	}
}

func TestACompactionCanBeGivenUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	keys := seal.NewKeyring()
	lived(t, path, keys, 400)
	s, err := Open(path, Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := s.Compact(ctx, func(int64, int64) { cancel() }); trace.KindOf(err) != trace.Busy {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(path + compactName); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something is left: %v", err)
	}
	if _, err := s.Compact(context.Background(), nil); err != nil {
		t.Errorf("again: %v", err)
	}
}

// A file that a killed process left is taken away when the store is opened.
func TestWhatAKilledCompactionLeftIsTakenAway(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	keys := seal.NewKeyring()
	lived(t, path, keys, 10)
	if err := os.WriteFile(path+compactName, []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path, Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := os.Stat(path + compactName); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something is left: %v", err)
	}
}
