package bench

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"implantrace/internal/backup"
	"implantrace/internal/trace"
)

// Append is what writing costs with several writers.
type Append struct {
	Bench         string  `json:"bench"`
	Writers       int     `json:"writers"`
	Seconds       float64 `json:"seconds"` // of appending; as long again of Updates, and with a copy
	RecordsBefore int     `json:"records_before"`
	Appends       int     `json:"appends"`
	AppendsPerSec float64 `json:"appends_per_s"`
	MedianMs      float64 `json:"append_median_ms"` // from the call to the receipt
	P95Ms         float64 `json:"append_p95_ms"`
	Commits       int64   `json:"commits"`
	PagesCommit   float64 `json:"pages_per_commit"`      // of 4096 bytes
	TwoFsyncsMs   float64 `json:"two_fsyncs_median_ms"`  // as many pages written to the raw disk and synced, and one more
	OverFsyncsMs  float64 `json:"append_over_fsyncs_ms"` // MedianMs - TwoFsyncsMs
	UpdatesPerSec float64 `json:"updates_per_s"`         // as many writers, a bbolt Update for each record, with tree and all indexes
	UpdateMs      float64 `json:"update_median_ms"`
	ToUpdates     float64 `json:"appends_to_updates"`         // AppendsPerSec / UpdatesPerSec
	CopyMs        float64 `json:"append_with_copy_median_ms"` // as AppendMs, while a second copy is kept
	CopyPerSec    float64 `json:"appends_with_copy_per_s"`
	CopyToMedian  float64 `json:"with_copy_to_median"` // CopyMs / MedianMs
	CopyBehind    uint64  `json:"copy_behind"`         // entries that were not in the copy when the last writer stopped
	FileBytes     int64   `json:"file_bytes"`
}

const (
	appendRecords = 10_000 // in the store before the first append
	rounds        = 6      // of appends and of Updates, in turns
)

// Append lets writers record usages for some seconds, in turns with as many that
// make an Update for each record, and with as many while a second copy is kept in
// a folder; in "" that is on the same disk.
func (b Bench) Append(ctx context.Context, writers int, d time.Duration, copyTo string) (a Append, err error) {
	t, err := b.bed(appendRecords)
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := t.fill(ctx, appendRecords); err != nil {
		return a, err
	}
	a = Append{Bench: "append", Writers: writers, RecordsBefore: t.hospital.usages}
	second, err := t.copyTo(copyTo)
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(second.To)) }()
	var appends, updates, copied, raw []time.Duration
	var appending, updating, copying time.Duration
	var bytes int64
	for round := range rounds {
		t.progress("appending", round, rounds)
		before := t.store.Written()
		took, all, err := t.race(writers, d/rounds, func(c trace.Command) error { return one(t.store.Append(ctx, c)) })
		if err != nil {
			return a, err
		}
		after := t.store.Written()
		commits := after.Commits - before.Commits
		a.Commits, bytes = a.Commits+commits, bytes+after.Bytes-before.Bytes
		appends, appending = append(appends, took...), appending+all
		for range 40 {
			took, err := t.disk.commit(int((after.Bytes - before.Bytes) / max(1, commits) / pageSize))
			if err != nil {
				return a, err
			}
			raw = append(raw, took)
		}
		took, all, err = t.race(writers, d/rounds, func(c trace.Command) error { return one(t.store.AppendAlone(c)) })
		if err != nil {
			return a, err
		}
		updates, updating = append(updates, took...), updating+all
		if took, all, a.CopyBehind, err = t.raceCopied(ctx, second, writers, d/rounds); err != nil {
			return a, err
		}
		copied, copying = append(copied, took...), copying+all
	}
	t.progress("appending", rounds, rounds)
	if len(appends) == 0 || len(updates) == 0 || len(copied) == 0 {
		return a, errNothing
	}
	a.Seconds, a.Appends, a.AppendsPerSec, a.UpdatesPerSec = appending.Seconds(), len(appends), float64(len(appends))/appending.Seconds(), float64(len(updates))/updating.Seconds()
	a.MedianMs, a.P95Ms, a.UpdateMs, a.TwoFsyncsMs = median(appends), quantile(appends, 95), median(updates), median(raw)
	a.OverFsyncsMs, a.ToUpdates, a.FileBytes = a.MedianMs-a.TwoFsyncsMs, a.AppendsPerSec/a.UpdatesPerSec, t.store.Size()
	a.CopyMs, a.CopyPerSec = median(copied), float64(len(copied))/copying.Seconds()
	a.CopyToMedian = a.CopyMs / a.MedianMs
	a.PagesCommit = float64(bytes) / pageSize / float64(max(1, a.Commits))
	return a, ctx.Err()
}

// copyTo makes what keeps a second copy of the store, in a folder of its own.
func (t *bed) copyTo(folder string) (s *backup.Shipper, err error) {
	if folder == "" {
		folder = t.dir
	}
	s = &backup.Shipper{Source: t.store, Name: "bench", Clock: time.Now, Changed: func() {}}
	if s.To, err = os.MkdirTemp(folder, "implantrace-copy-*"); err != nil {
		return nil, err
	}
	s.ID, err = backup.Prepare(s.To, t.store.Node())
	return s, err
}

// raceCopied is race while the second copy is kept, from when it is up to date.
func (t *bed) raceCopied(ctx context.Context, s *backup.Shipper, writers int, d time.Duration) (took []time.Duration, all time.Duration, behind uint64, err error) {
	ctx, stop := context.WithCancel(ctx)
	var shipping sync.WaitGroup
	shipping.Go(func() { s.Run(ctx) })
	defer func() { stop(); shipping.Wait() }()
	has := func() (there bool, err error) {
		heads, err := t.store.Heads(ctx)
		if err != nil || len(heads) != 1 {
			return false, err
		}
		status := s.Status()
		if status.Fault != "" {
			return false, errors.New("the second copy: " + status.Fault)
		}
		return status.Shipped >= heads[0].Size, nil
	}
	for there := false; !there; time.Sleep(time.Millisecond) {
		if there, err = has(); err != nil {
			return nil, 0, 0, err
		}
	}
	took, all, err = t.race(writers, d, func(c trace.Command) error { return one(t.store.Append(ctx, c)) })
	return took, all, s.Status().Behind, err
}

// race lets writers carry out commands that were made beforehand, until the time
// is over.
func (t *bed) race(writers int, d time.Duration, do func(trace.Command) error) (took []time.Duration, all time.Duration, err error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	commands := t.commands(1000)
	start := time.Now()
	for range writers {
		wg.Go(func() {
			for {
				mu.Lock()
				if err != nil || time.Since(start) >= d {
					mu.Unlock()
					return
				}
				if len(commands) == 0 {
					commands = t.commands(1000) // a pause of some milliseconds in thousands of appends, for Updates as well
				}
				c := commands[0]
				commands = commands[1:]
				mu.Unlock()
				one, failed := timed(func() error { return do(c) })
				mu.Lock()
				took, err = append(took, one), errors.Join(err, failed)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return took, time.Since(start), err
}
