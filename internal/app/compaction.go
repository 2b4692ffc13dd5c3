package app

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"implantrace/internal/trace"
)

// Defaults of the automatic compaction, and what makes an hour a quiet one.
const (
	compactAt    = "03:30"
	compactNever = "never"
	compactFree  = 30       // percent of the file that are free
	compactLeast = 16 << 20 // bytes that are free: of less nothing is made
	compactQuiet = 10 * time.Minute
	compactHours = 2 * time.Hour // from its hour on it is tried again
)

// compaction writes the store anew when somebody asks for it, and at a quiet hour of
// the site when much of the file is free.
type compaction struct {
	node        *Node
	done, total atomic.Int64
}

// Compact writes the store anew into as small a file as it can, while the node goes
// on.
func (n *Node) Compact(ctx context.Context) (trace.Compaction, error) {
	c := &n.compaction
	defer func() { c.total.Store(0); c.done.Store(0) }()
	return n.Store.Compact(ctx, func(done, total int64) { c.total.Store(total); c.done.Store(done) })
}

// Compacting says how far a compaction has come, in bytes; total is 0 where none is
// going on.
func (n *Node) Compacting() (done, total int64) {
	return n.compaction.done.Load(), n.compaction.total.Load()
}

// compactHour reads when the store may be compacted by itself; ok is false for never.
func (c Config) compactHour() (hour, minute int, ok bool, err error) {
	if c.CompactAt == compactNever {
		return 0, 0, false, nil
	}
	t, err := time.Parse("15:04", c.CompactAt)
	if err != nil {
		return 0, 0, false, configf("the store cannot be compacted at %q: give an hour such as %s, or %q", c.CompactAt, compactAt, compactNever)
	}
	return t.Hour(), t.Minute(), true, nil
}

// next is when the quiet hour comes next, by the site's time.
func (c *compaction) next(now time.Time, hour, minute int) time.Time {
	now = now.In(c.node.Recorder.Location)
	at := time.Date(now.Year(), now.Month(), now.Day(), hour, minute, 0, 0, now.Location())
	if !at.After(now) {
		at = time.Date(now.Year(), now.Month(), now.Day()+1, hour, minute, 0, 0, now.Location())
	}
	return at
}

// run waits for one quiet hour after another until ctx is done.
func (c *compaction) run(ctx context.Context) {
	hour, minute, ok, err := c.node.Config.compactHour()
	if !ok || err != nil { // the configuration was read before
		return
	}
	for wait := func(d time.Duration) bool {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return true
		}
	}; ; {
		at := c.next(c.node.clock(), hour, minute)
		if !wait(at.Sub(c.node.clock())) {
			return
		}
		for until := at.Add(compactHours); c.node.clock().Before(until); {
			if done := c.attempt(ctx); done || !wait(compactQuiet) {
				break
			}
		}
	}
}

// attempt compacts the store where that is worth while and nobody works. done is
// false where it is worth trying again soon.
func (c *compaction) attempt(ctx context.Context) (done bool) {
	n := c.node
	size, free := n.Store.Room()
	if free < compactLeast || free*100 < int64(n.Config.CompactFree)*size {
		return true
	}
	quiet, err := c.quiet(ctx)
	if err != nil || !quiet {
		return false // what is wrong with the store is said elsewhere
	}
	was, err := n.Compact(ctx)
	switch {
	case trace.KindOf(err) == trace.Busy:
		n.log.Info("the store was not compacted now", "reason", err.Error())
		return false
	case err != nil:
		n.log.Error("the store could not be compacted", "error", err.Error())
		return true
	}
	n.log.Info("the store was compacted", "bytes_before", was.Before, "bytes_after", was.After)
	return true
}

// quiet reports whether nothing was recorded of late.
func (c *compaction) quiet(ctx context.Context) (bool, error) {
	nodes, err := c.node.Store.Coverage(ctx)
	if err != nil {
		return false, fmt.Errorf("when something was recorded last: %w", err)
	}
	now := c.node.clock()
	for _, n := range nodes {
		if n.Node == c.node.Store.Node() && n.RecordedUntil.After(now.Add(-compactQuiet)) {
			return false, nil
		}
	}
	return true, nil
}
