package bolt_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"implantrace/internal/bolt"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// A store does what a list of commands would do, whenever it is closed and
// opened again: repeats, conflicts and empty commands among them.
func TestAStoreIsAListOfCommands(t *testing.T) {
	keys := seal.NewKeyring()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "model")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		open := func() *bolt.Store {
			s, err := bolt.Open(filepath.Join(dir, bolt.FileName), bolt.Options{Keys: keys, Clock: func() time.Time { return now }})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		s := open()
		defer func() { s.Close() }()
		type kept struct {
			canonical string
			receipt   trace.Receipt
			lots      []string
		}
		recorded := make(map[trace.EventID]kept)
		size, last := uint64(1), now
		lots := make(map[trace.UsageID]string)
		ctx := context.Background()
		appends := func() {
			var commands []trace.Command
			for range rapid.IntRange(1, 4).Draw(t, "commands") {
				c := trace.Command{ID: trace.EventID{0: 1, 15: byte(rapid.IntRange(0, 12).Draw(t, "id"))}, Canonical: []byte(rapid.SampledFrom([]string{"x", "y"}).Draw(t, "content"))}
				for i := range rapid.IntRange(0, 3).Draw(t, "drafts") {
					c.Drafts = append(c.Drafts, trace.Draft{Fact: trace.UsageFact{Usage: trace.UsageID{0: 2, 15: byte(rapid.IntRange(0, 3).Draw(t, "usage"))},
						Device: udi.Device{DI: "07611994064584", Lot: fmt.Sprintf("%x-%d", c.ID[15], i)}}, Secret: &trace.Secret{Note: string(c.Canonical)}})
				}
				commands = append(commands, c)
			}
			now = now.Add(time.Duration(rapid.IntRange(-1000, 2000).Draw(t, "ms")) * time.Millisecond)
			results, err := s.Append(ctx, commands...)
			if err != nil || len(results) != len(commands) {
				t.Fatal(results, err)
			}
			for i, c := range commands {
				r, before := recorded[c.ID]
				switch got := results[i]; {
				case before && r.canonical != string(c.Canonical):
					if trace.KindOf(got.Err) != trace.Conflict {
						t.Fatalf("other content: %+v", got)
					}
				case before:
					if r.receipt.Repeated = true; got.Err != nil || got.Receipt != r.receipt {
						t.Fatalf("repeat: %+v, want %+v", got, r.receipt)
					}
				case len(c.Drafts) == 0:
					if trace.KindOf(got.Err) != trace.Invalid {
						t.Fatalf("empty: %+v", got)
					}
				default:
					last = later(last, now)
					want := trace.Receipt{Command: c.ID, Node: s.Node(), Seq: size, Count: uint64(len(c.Drafts)), Recorded: last}
					if got.Err != nil || got.Receipt != want {
						t.Fatalf("new: %+v, want %+v", got, want)
					}
					size += want.Count
					var said []string
					for _, d := range c.Drafts {
						f := d.Fact.(trace.UsageFact)
						lots[f.Usage] = f.Device.Lot
						said = append(said, f.Device.Lot)
					}
					recorded[c.ID] = kept{string(c.Canonical), want, said}
				}
			}
		}
		restart := func() {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open()
		}
		holds := func() {
			heads, err := s.Heads(ctx)
			if err != nil || len(heads) != 1 || heads[0].Size != size {
				t.Fatalf("%+v, want %d entries, %v", heads, size, err)
			}
			for id, r := range recorded {
				r.receipt.Repeated = true
				if got, err := s.Find(ctx, id, []byte(r.canonical)); err != nil || got != r.receipt {
					t.Fatalf("%+v, want %+v, %v", got, r.receipt, err)
				}
				var said []string
				for e, err := range s.Entries(ctx, trace.Position{Node: s.Node(), Seq: r.receipt.Seq}) {
					if err != nil {
						t.Fatal(err)
					}
					if e.Command != id {
						break
					}
					if e.Secret == nil || e.Secret.Note != r.canonical {
						t.Fatalf("sealed %+v, want %q", e.Secret, r.canonical)
					}
					said = append(said, e.Fact.(trace.UsageFact).Device.Lot)
				}
				if !slices.Equal(said, r.lots) {
					t.Fatalf("entries say %v, want %v", said, r.lots)
				}
			}
			for u, lot := range lots {
				if got, err := s.Usage(ctx, u); err != nil || got.Device.Lot != lot {
					t.Fatalf("%+v, want lot %q, %v", got, lot, err)
				}
			}
		}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			appends()
			if rapid.IntRange(0, 3).Draw(t, "restart") == 0 {
				restart()
				holds()
			}
		}
		holds()
		if r, err := s.Verify(ctx, dir); err != nil || len(r.Findings) != 0 || r.Entries != size {
			t.Fatalf("%+v, %v", r, err)
		}
	})
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
