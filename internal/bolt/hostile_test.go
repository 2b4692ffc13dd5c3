package bolt_test

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"implantrace/internal/bolt"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

func appendAll(s *bolt.Store, drafts ...trace.Draft) (trace.Receipt, error) {
	id := trace.NewEventID()
	rs, err := s.Append(context.Background(), trace.Command{ID: id, Canonical: id[:], Drafts: drafts})
	if err != nil {
		return trace.Receipt{}, err
	}
	return rs[0].Receipt, rs[0].Err
}

// What cannot be recorded is refused whole, and harms neither the process nor
// what waits beside it.
func TestACommandThatCannotBeRecordedLeavesNothing(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"), seal.NewKeyring())
	good := func() trace.Draft {
		return trace.Draft{Fact: trace.UsageFact{Usage: trace.UsageID(trace.NewEventID())}}
	}
	long := trace.Draft{Fact: trace.UsageFact{Usage: trace.UsageID(trace.NewEventID()), Device: udi.Device{DI: "07611994064584", Lot: strings.Repeat("L", 40000)}}}
	for name, drafts := range map[string][]trace.Draft{"nothing said": {good(), {}}, "too many": make([]trace.Draft, 1<<16+1), "a key too long": {good(), long}} {
		if _, err := appendAll(s, drafts...); err == nil {
			t.Errorf("%s: recorded", name)
		}
	}
	if _, err := s.Append(context.Background(), trace.Command{Drafts: []trace.Draft{good()}}); err != nil {
		t.Errorf("no id: %v", err)
	}
	if heads, err := s.Heads(context.Background()); err != nil || heads[0].Size != 1 {
		t.Errorf("%+v, %v", heads, err)
	}
	// One that fails takes no other with it, whatever shares its transaction.
	fails := make(chan error)
	go func() {
		for range 20 {
			_, err := appendAll(s, good(), long)
			fails <- err
		}
		close(fails)
	}()
	for i := range 40 {
		if r, err := appendAll(s, good()); err != nil || r.Count != 1 {
			t.Errorf("%d: %+v, %v", i, r, err)
		}
		if err, ok := <-fails; ok && err == nil {
			t.Error("a key too long was recorded")
		}
	}
	if r, err := s.Verify(context.Background(), t.TempDir()); err != nil || len(r.Findings) != 0 || r.Entries != 41 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAnImportOfNonsenseIsRefusedWhole(t *testing.T) {
	ctx := context.Background()
	s := open(t, filepath.Join(t.TempDir(), "s.db"), seal.NewKeyring())
	node := trace.NodeID{1}
	entry := func(seq, lamport uint64, f trace.Fact) trace.Entry {
		id := trace.NewEventID()
		return trace.Entry{Position: trace.Position{Node: node, Seq: seq}, Lamport: lamport, ID: id, Command: id, Recorded: time.Now(), Fact: f}
	}
	first := entry(0, 1, trace.NodeFact{Node: node})
	other := entry(1, 2, trace.NodeFact{Node: node})
	other.Node = trace.NodeID{2}
	for name, entries := range map[string][]trace.Entry{
		"no fact": {first, entry(1, 2, nil)}, "a clock at the end of its numbers": {first, entry(1, math.MaxUint64, trace.NodeFact{})},
		"another node's": {first, other}, "a gap": {first, entry(2, 2, trace.NodeFact{})}, "not from the start": {entry(1, 1, trace.NodeFact{})},
		"out of order": {entry(1, 2, trace.NodeFact{}), first},
	} {
		if err := s.Import(ctx, node, entries, trace.TreeHead{}); trace.KindOf(err) != trace.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if heads, err := s.Heads(ctx); err != nil || len(heads) != 1 {
		t.Errorf("something of it is there: %+v, %v", heads, err)
	}
	if err := s.Import(ctx, node, nil, trace.TreeHead{}); err != nil {
		t.Errorf("nothing: %v", err)
	}
	if err := s.Import(ctx, node, []trace.Entry{first}, trace.TreeHead{Node: node, Size: 2}); trace.KindOf(err) != trace.Conflict {
		t.Errorf("a proof of another size: %v", err)
	}
}

func TestACancelledWriteIsTakenOrNot(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "s.db"), seal.NewKeyring())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	recorded := 0
	for range 50 {
		id := trace.NewEventID()
		rs, err := s.Append(ctx, trace.Command{ID: id, Canonical: id[:], Drafts: []trace.Draft{{Fact: trace.UsageFact{Usage: trace.UsageID(id)}}}})
		_, found := s.Find(context.Background(), id, id[:])
		switch {
		case err == nil && rs[0].Err == nil && found == nil:
			recorded++
		case trace.KindOf(err) == trace.Busy && trace.KindOf(found) == trace.NotFound:
		default:
			t.Errorf("answer %v, %v; found %v", rs, err, found)
		}
	}
	if heads, err := s.Heads(context.Background()); err != nil || heads[0].Size != uint64(1+recorded) {
		t.Errorf("%+v for %d, %v", heads, recorded, err)
	}
	for _, err := range s.Entries(ctx, trace.Position{Node: s.Node()}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	}
}

func TestClosingAnswersEveryWrite(t *testing.T) {
	for range 20 {
		path := filepath.Join(t.TempDir(), "s.db")
		keys := seal.NewKeyring()
		s := open(t, path, keys)
		type answer struct {
			id  trace.EventID
			err error
		}
		answers := make(chan answer)
		for range 8 {
			go func() {
				id := trace.NewEventID()
				rs, err := s.Append(context.Background(), trace.Command{ID: id, Canonical: id[:], Drafts: []trace.Draft{{Fact: trace.UsageFact{Usage: trace.UsageID(id)}}}})
				if err == nil {
					err = rs[0].Err
				}
				answers <- answer{id, err}
			}()
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		again := open(t, path, keys)
		for range 8 {
			a := <-answers
			_, found := again.Find(context.Background(), a.id, a.id[:])
			switch k := trace.KindOf(a.err); {
			case a.err == nil && found != nil:
				t.Errorf("acknowledged and lost: %v", found)
			case a.err != nil && k != trace.ReadOnly && k != trace.OutcomeUnknown, k == trace.ReadOnly && found == nil:
				t.Errorf("answer %v, found %v", a.err, found)
			}
		}
		again.Close()
	}
}
