package app

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"implantrace/internal/trace"
)

func TestTheQuietHourIsTheSites(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	c := &compaction{node: &Node{}}
	c.node.Recorder.Location = london
	for now, want := range map[string]string{
		"2026-01-10T02:00:00Z": "2026-01-10T03:30:00Z",
		"2026-01-10T03:30:00Z": "2026-01-11T03:30:00Z",
		"2026-07-10T02:00:00Z": "2026-07-10T02:30:00Z", // summer time
		"2026-03-28T04:00:00Z": "2026-03-29T02:30:00Z", // the clock is put forward in between
		"2026-12-31T23:59:00Z": "2027-01-01T03:30:00Z",
	} {
		at, err := time.Parse(time.RFC3339, now)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.next(at, 3, 30).UTC().Format(time.RFC3339); got != want {
			t.Errorf("after %s comes %s, want %s", now, got, want)
		}
	}
}

// A store of which much is free is compacted when nobody works, and not otherwise.
func TestAStoreIsCompactedByItselfWhenMuchIsFreeAndNobodyWorks(t *testing.T) {
	now := time.Date(2026, 3, 2, 3, 30, 0, 0, time.UTC)
	n, err := Open(t.Context(), Config{Data: filepath.Join(t.TempDir(), "data"), Listen: "127.0.0.1:0", Name: "test"}, "test", slog.New(slog.DiscardHandler), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if !n.compaction.attempt(context.Background()) {
		t.Error("a small store is tried again and again")
	}
	// An entry that takes room, and pages that are given free: a setting that is large for
	// a moment.
	large := strings.Repeat("x", 40<<20)
	for _, id := range []string{large, "small"} {
		if err := n.Store.SetCopyID(t.Context(), "folder", id); err != nil {
			t.Fatal(err)
		}
	}
	before, free := n.Store.Room()
	if free < 30<<20 {
		t.Fatalf("%d of %d bytes are free", free, before)
	}
	if n.compaction.attempt(context.Background()) || n.Store.Size() != before {
		t.Error("it was compacted while somebody works")
	}
	now = now.Add(compactQuiet + time.Second)
	if !n.compaction.attempt(context.Background()) {
		t.Error("it is tried again")
	}
	if after, free := n.Store.Room(); after > 2<<20 || free > 1<<20 {
		t.Errorf("%d bytes, %d of them free; there were %d", after, free, before)
	}
	if done, total := n.Compacting(); done != 0 || total != 0 {
		t.Errorf("%d of %d", done, total)
	}
	if v, err := n.Store.VerifyAgainst(t.Context(), t.TempDir(), trace.Trust{}); err != nil || len(v.Findings) > 0 {
		t.Errorf("%+v, %v", v.Findings, err)
	}
}
