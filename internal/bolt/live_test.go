package bolt_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"

	"implantrace/internal/bolt"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// A store that is written while it is looked at is seen as it was at one
// moment: nothing looks wrong, and a checkpoint made before holds.
func TestVerifyOfAStoreThatIsWrittenFindsNothing(t *testing.T) {
	ctx := context.Background()
	s := open(t, filepath.Join(t.TempDir(), bolt.FileName), seal.NewKeyring())
	note, err := s.Checkpoint(ctx, trace.NodeID{})
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				f, secret := patient()
				id := trace.NewEventID()
				if _, err := s.Append(ctx, trace.Command{ID: id, Canonical: id[:], Drafts: []trace.Draft{{Fact: f, Secret: secret, Subject: f.Object()}}}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	entries := uint64(0)
	for range 15 {
		v, err := s.VerifyAgainst(ctx, t.TempDir(), trace.Trust{Checkpoints: []trace.Outside{{Name: "first", Note: string(note)}}})
		if err != nil || len(v.Findings) > 0 || !v.Outside[0].Holds || v.Entries < entries {
			t.Fatalf("%+v, %v", v, err)
		}
		entries = v.Entries
	}
	close(stop)
	writers.Wait()
}

func TestWithoutKeysNothingIsSigned(t *testing.T) {
	path := filepath.Join(t.TempDir(), bolt.FileName)
	open(t, path, seal.NewKeyring()).Close()
	s, err := bolt.Open(path, bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if note, err := s.Checkpoint(context.Background(), trace.NodeID{}); trace.KindOf(err) != trace.ReadOnly || s.VerifierKey() != "" {
		t.Errorf("%q, %v", note, err)
	}
	if p, err := s.Inclusion(context.Background(), trace.Position{}, 0); err != nil || p.Size != 1 {
		t.Errorf("a proof wants no keys: %+v, %v", p, err)
	}
}
