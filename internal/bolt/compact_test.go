package bolt_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"implantrace/internal/bolt"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// A node that is compacted goes on: whatever is recorded, sealed and erased meanwhile
// is in the new file, whoever reads is answered, and what was acknowledged is there.
func TestAStoreIsCompactedWhileItServes(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	path, keys := filepath.Join(dir, bolt.FileName), seal.NewKeyring()
	s := open(t, path, keys)
	var recorded sync.Map
	var n atomic.Int64
	stop := make(chan struct{})
	var wait sync.WaitGroup
	each := func(do func() error) {
		wait.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := do(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 4 {
		each(func() error {
			f, secret := patient()
			id := trace.NewEventID()
			rs, err := s.Append(ctx, trace.Command{ID: id, Canonical: id[:], By: trace.Actor{Via: "test"}, Drafts: []trace.Draft{{Fact: f, Secret: secret, Subject: f.Object()}}})
			if err == nil {
				err = rs[0].Err
			}
			recorded.Store(id, f.Patient)
			n.Add(1)
			return err
		})
	}
	each(func() error {
		var err error
		recorded.Range(func(_, who any) bool {
			_, err = s.Identity(ctx, who.(trace.PatientID))
			return false
		})
		return err
	})
	each(func() error { // what changes beside the journal
		return s.SetCopyID(ctx, "folder", trace.NewEventID().String())
	})
	var erased []trace.PatientID
	compacted := 0
	for compacted < 12 {
		before := n.Load()
		switch _, err := s.Compact(ctx, nil); {
		case err == nil:
			compacted++
		case trace.KindOf(err) != trace.Busy:
			t.Fatal(err)
		}
		for n.Load() == before { // somebody records between two
		}
		f, secret := patient()
		append1(t, s, f, secret)
		append1(t, s, trace.ErasureFact{Patient: f.Patient, Subjects: [][16]byte{f.Object()}}, nil)
		erased = append(erased, f.Patient)
	}
	if err := s.SetCopyID(ctx, "the last", "word"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Compact(ctx, nil); err != nil && trace.KindOf(err) != trace.Busy {
		t.Fatal(err)
	}
	close(stop)
	wait.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := bolt.Open(path, bolt.Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if id, err := s.CopyID(ctx, "the last"); err != nil || id != "word" {
		t.Errorf("a setting is %q, %v", id, err)
	}
	recorded.Range(func(id, who any) bool {
		event := id.(trace.EventID)
		if r, err := s.Find(ctx, event, event[:]); err != nil || r.Count != 1 {
			t.Errorf("%s: %+v, %v", event, r, err)
		}
		if is, err := s.Identity(ctx, who.(trace.PatientID)); err != nil || is.Sealed {
			t.Errorf("%s: %+v, %v", event, is, err)
		}
		return true
	})
	for _, who := range erased {
		if is, err := s.Identity(ctx, who); err != nil || !is.Erased || is.Family != "" {
			t.Errorf("erased: %+v, %v", is, err)
		}
	}
	if v, err := s.Verify(ctx, t.TempDir()); err != nil || len(v.Findings) > 0 {
		t.Errorf("%+v, %v", v.Findings, err)
	}
	if _, err := os.Stat(path + ".compact"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("something is left: %v", err)
	}
	t.Logf("%d recorded in %d compactions", n.Load(), compacted)
}
