package bolt_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"implantrace/internal/bolt"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// ofSize makes a closed store of some entries and gives its bytes.
func ofSize(t *testing.T, keys *seal.Keyring, entries int) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s.db")
	s := open(t, path, keys)
	for range entries {
		f, secret := patient()
		append1(t, s, f, secret)
	}
	s.Close()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A file that was cut off is refused with a sentence, wherever the cut is, and
// is left as it is. Without the check the process would end at a page that is
// not there.
func TestAFileThatWasCutOffIsRefused(t *testing.T) {
	keys := seal.NewKeyring()
	whole := ofSize(t, keys, 200)
	var cuts []int
	for n := 1; n < len(whole); n += 1 + len(whole)/97 {
		cuts = append(cuts, n)
	}
	cuts = append(cuts, 79, 80, 4095, 4096, 8191, 8192, 16384)
	for _, n := range cuts {
		path := filepath.Join(t.TempDir(), "s.db")
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		for _, o := range []bolt.Options{{Keys: keys}, {ReadOnly: true}} {
			s, err := bolt.Open(path, o)
			switch {
			case err == nil:
				// bbolt lets its file grow ahead of its contents.
				if r, err := s.Verify(context.Background(), t.TempDir()); err != nil || len(r.Findings) > 0 {
					t.Errorf("cut off at %d: opened, and %+v, %v", n, r.Findings, err)
				}
				s.Close()
			case !errors.Is(err, bolt.ErrDamaged) && !errors.Is(err, bolt.ErrNotStore):
				t.Errorf("cut off at %d: %v", n, err)
			case n >= 4096 && !strings.Contains(err.Error(), "cut off"):
				t.Errorf("cut off at %d: %v", n, err)
			case !strings.Contains(err.Error(), path):
				t.Errorf("cut off at %d: which file? %v", n, err)
			default:
				if b, err := os.ReadFile(path); err != nil || string(b) != string(whole[:n]) {
					t.Errorf("cut off at %d: the file was changed: %v", n, err)
				}
			}
		}
	}
}

// A copy has no byte more than its contents, and is whole.
func TestACopyIsWholeToItsLastByte(t *testing.T) {
	keys := seal.NewKeyring()
	s := open(t, filepath.Join(t.TempDir(), "s.db"), keys)
	f, secret := patient()
	append1(t, s, f, secret)
	path := filepath.Join(t.TempDir(), "copy.db")
	size := copied(t, s, path).Size
	open(t, path, keys).Close()
	if err := os.WriteFile(path+".short", make([]byte, 0), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".short", b[:size-1], 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := bolt.Open(path+".short", bolt.Options{Keys: keys}); err == nil {
		s.Close()
		t.Error("a byte is missing, and nobody says so")
	}
}

// Pages that are zeroes are a sentence or a finding too, and no panic.
func TestPagesThatAreNoPagesDoNotEndTheProcess(t *testing.T) {
	keys := seal.NewKeyring()
	whole := ofSize(t, keys, 50)
	for at := 2 * 4096; at < len(whole); at += 4096 {
		path := filepath.Join(t.TempDir(), "s.db")
		b := append([]byte(nil), whole...)
		clear(b[at : at+4096])
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := bolt.Open(path, bolt.Options{Keys: keys, ReadOnly: true})
		if err != nil {
			if !errors.Is(err, bolt.ErrDamaged) && !errors.Is(err, bolt.ErrNotStore) {
				t.Errorf("page at %d: %v", at, err)
			}
			continue
		}
		if _, err := s.Verify(context.Background(), t.TempDir()); err != nil {
			t.Errorf("page at %d: %v", at, err)
		}
		s.Close()
	}
}

// The store remembers that it could not write until it can.
func TestWriteTroubleLastsUntilACommit(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "s.db")
	keys := seal.NewKeyring()
	open(t, path, keys).Close()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := bolt.Open(path, bolt.Options{Keys: keys, MaxSize: int(info.Size()) + 1<<16})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.WriteTrouble(); err != nil {
		t.Errorf("a new store: %v", err)
	}
	var full error
	for range 500 {
		if _, full = appendAll(s, trace.Draft{Fact: trace.PatientFact{Patient: trace.PatientID(trace.NewEventID())}, Secret: &trace.Secret{Note: strings.Repeat("words ", 2000)}}); full != nil {
			break
		}
	}
	if trace.KindOf(full) != trace.Full || !strings.Contains(full.Error(), "outcome unknown, make room and repeat with the same id") {
		t.Fatalf("the store does not get full: %v", full)
	}
	if err := s.WriteTrouble(); trace.KindOf(err) != trace.Full {
		t.Errorf("while it is full: %v", err)
	}
	// A command that makes no sense changes nothing of that.
	if _, err := appendAll(s, trace.Draft{}); err == nil {
		t.Error("nothing was recorded")
	}
	if err := s.TryWrite(ctx); trace.KindOf(err) != trace.Full || trace.KindOf(s.WriteTrouble()) != trace.Full {
		t.Errorf("a trial while it is full: %v, then %v", err, s.WriteTrouble())
	}
	append1(t, s, trace.UsageFact{Usage: trace.UsageID(trace.NewEventID())}, nil) // there is room for a small one
	if err := s.WriteTrouble(); err != nil {
		t.Errorf("after a commit: %v", err)
	}
	if r, err := s.Verify(ctx, t.TempDir()); err != nil || len(r.Findings) > 0 {
		t.Errorf("%+v, %v", r.Findings, err)
	}
}
