// Package bench measures the store on the machine it runs on. Beside each figure
// stands, measured in the same run and in turns with it, what the disk itself
// costs and what one bbolt Update for each record would: figures of two runs say
// little on a machine that does other things too, their ratios within one run do.
package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"implantrace/internal/bolt"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

// Progress is told how far a long piece of work has come.
type Progress func(what string, done, total int)

// Bench is where and how to measure.
type Bench struct {
	Dir      string // on the disk to measure; "" is the system's temporary folder
	Progress Progress
}

// bed is a store in a temporary folder, and the raw disk beside it.
type bed struct {
	dir      string
	keys     *seal.Keyring
	store    *bolt.Store
	hospital *hospital
	disk     *disk
	progress Progress
	waiting  []trace.Command
}

// seed makes every run's data the same.
const seed = 1

func (b Bench) bed(usages int) (*bed, error) {
	dir, err := os.MkdirTemp(b.Dir, "implantrace-bench-*")
	if err != nil {
		return nil, err
	}
	t := &bed{dir: dir, keys: seal.NewKeyring(), progress: b.Progress}
	if t.progress == nil {
		t.progress = func(string, int, int) {}
	}
	t.hospital = newHospital(seed, usages, t.keys.Lookups)
	if err = t.keys.Save(t.keyFile()); err == nil {
		err = t.open()
	}
	if err == nil {
		t.disk, err = newDisk(dir)
	}
	if err != nil {
		return nil, errors.Join(err, t.close())
	}
	return t, nil
}

func (t *bed) file() string    { return filepath.Join(t.dir, bolt.FileName) }
func (t *bed) keyFile() string { return filepath.Join(t.dir, "keys.json") }

func (t *bed) open() (err error) {
	t.store, err = bolt.Open(t.file(), bolt.Options{Name: "bench", Keys: t.keys, Clock: func() time.Time { return t.hospital.now }})
	return err
}

func (t *bed) shut() (err error) {
	if t.store != nil {
		err = t.store.Close()
		t.store = nil
	}
	return err
}

func (t *bed) close() error {
	err := t.shut()
	if t.disk != nil {
		err = errors.Join(err, t.disk.close())
	}
	return errors.Join(err, os.RemoveAll(t.dir))
}

// commands makes the next n commands.
func (t *bed) commands(n int) []trace.Command {
	for len(t.waiting) < n {
		t.waiting = append(t.waiting, t.hospital.procedure()...)
	}
	next := t.waiting[:n:n]
	t.waiting = slices.Clone(t.waiting[n:])
	return next
}

// fillBatch is how many commands are recorded in one call while a store is
// filled: about as many as many writers have waiting.
const fillBatch = 200

// fill records usages until there are so many.
func (t *bed) fill(ctx context.Context, usages int) error {
	for t.hospital.usages < usages {
		t.progress("filling", t.hospital.usages, usages)
		results, err := t.store.Append(ctx, t.commands(fillBatch)...)
		if err != nil {
			return err
		}
		for _, r := range results {
			if r.Err != nil {
				return r.Err
			}
		}
	}
	t.progress("filling", usages, usages)
	return nil
}

// Single is what a single durable append costs, with its measures in turns.
type Single struct {
	Appends        int     `json:"appends"`
	AppendMs       float64 `json:"append_median_ms"`        // one writer, one usage, from the call to the receipt
	TwoFsyncsMs    float64 `json:"two_fsyncs_median_ms"`    // as many pages written to the raw disk and synced, and one more
	OverFsyncsMs   float64 `json:"append_over_fsyncs_ms"`   // AppendMs - TwoFsyncsMs
	UpdateMs       float64 `json:"update_median_ms"`        // the same append in a bbolt Update of its own
	PagesPerAppend float64 `json:"pages_per_append"`        // of 4096 bytes
	ToUpdate       float64 `json:"append_to_update_median"` // AppendMs / UpdateMs
}

// single appends one after another, and does after each the same pages on the
// raw disk and one in an Update.
func (t *bed) single(ctx context.Context, appends int) (Single, error) {
	var took, raw, update []time.Duration
	pages := 0
	commands := t.commands(2 * appends)
	for i := 0; i < len(commands); i += 2 {
		before := t.store.Written()
		d, err := timed(func() error { return one(t.store.Append(ctx, commands[i])) })
		if err != nil {
			return Single{}, err
		}
		written := int((t.store.Written().Bytes - before.Bytes) / pageSize)
		took, pages = append(took, d), pages+written
		if d, err = t.disk.commit(written); err != nil {
			return Single{}, err
		}
		raw = append(raw, d)
		if d, err = timed(func() error { return one(t.store.AppendAlone(commands[i+1])) }); err != nil {
			return Single{}, err
		}
		update = append(update, d)
	}
	s := Single{Appends: appends, AppendMs: median(took), TwoFsyncsMs: median(raw), UpdateMs: median(update), PagesPerAppend: float64(pages) / float64(len(took))}
	s.OverFsyncsMs, s.ToUpdate = s.AppendMs-s.TwoFsyncsMs, s.AppendMs/s.UpdateMs
	return s, nil
}

// one is the error of a call with one command.
func one(rs []trace.Result, err error) error {
	if err == nil && len(rs) == 1 {
		err = rs[0].Err
	}
	return err
}

func timed(f func() error) (time.Duration, error) {
	start := time.Now()
	err := f()
	return time.Since(start), err
}

// Print writes a result as a JSON line.
func Print(w io.Writer, result any) error { return json.NewEncoder(w).Encode(result) }

func median(took []time.Duration) float64 { return quantile(took, 50) }

// quantile is in milliseconds.
func quantile(took []time.Duration, percent int) float64 {
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return float64(took[min(len(took)-1, len(took)*percent/100)].Nanoseconds()) / 1e6
}

var errNothing = fmt.Errorf("nothing was measured")
