package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"implantrace/internal/bolt"
	"implantrace/internal/trace"
)

// smallRecords is the size that larger ones are compared with.
const smallRecords = 10_000

// Sized is what was measured of a store of one size.
type Sized struct {
	Records   int   `json:"records"` // usages
	Entries   int   `json:"entries"` // of the journal: patients and procedures too
	FileBytes int64 `json:"file_bytes"`
	Fresh
	Single
}

// Find is what looking up costs, in a small store and in a large one.
type Find struct {
	Bench            string      `json:"bench"`
	FillSeconds      float64     `json:"fill_s"`
	Small            Sized       `json:"small"`
	Large            Sized       `json:"large"`
	CompactBytes     int64       `json:"compact_bytes"`      // of the large one, when it was compacted
	CompactSeconds   float64     `json:"compact_s"`          // for that
	BytesPerRecord   float64     `json:"bytes_per_record"`   // of the large one
	CompactPerRecord float64     `json:"compact_per_record"` // bytes
	Rooms            []bolt.Room `json:"rooms"`              // of the large one: what its bytes go to
	Verified                     // of the large one, in a process of its own
	LookupRatio      float64     `json:"lookup_large_to_small"`
	AppendRatio      float64     `json:"append_large_to_small"`
}

// Find fills a store with usages, looks up all patients with a DI and a lot of
// about 20 pieces, and appends; at 10,000 usages (or fewer) and at the end.
func (b Bench) Find(ctx context.Context, records, lookups int) (f Find, err error) {
	t, err := b.bed(records)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	f.Bench = "find"
	start := time.Now()
	if f.Small, err = t.sized(ctx, min(records, smallRecords), lookups); err != nil {
		return f, err
	}
	if f.Large, err = t.sized(ctx, records, lookups); err != nil {
		return f, err
	}
	f.FillSeconds = time.Since(start).Seconds()
	f.LookupRatio, f.AppendRatio = f.Large.MedianMs/f.Small.MedianMs, f.Large.AppendMs/f.Small.AppendMs
	if err := t.compacted(ctx, &f); err != nil {
		return f, err
	}
	if err := t.shut(); err != nil {
		return f, err
	}
	t.progress("verifying", 0, 1)
	fresh, err := t.fresh(ctx, order{Verify: true})
	if err != nil {
		return f, err
	}
	f.Verified = fresh.Verified
	f.BytesPerRecord, f.CompactPerRecord = float64(f.Large.FileBytes)/float64(f.Large.Records), float64(f.CompactBytes)/float64(f.Large.Records)
	return f, ctx.Err()
}

// sized fills the store up and measures it.
func (t *bed) sized(ctx context.Context, records, lookups int) (s Sized, err error) {
	if err := t.fill(ctx, records); err != nil {
		return s, err
	}
	quiet()
	s.Records, s.FileBytes = t.hospital.usages, t.store.Size()
	heads, err := t.store.Heads(ctx)
	if err != nil {
		return s, err
	}
	s.Entries = int(heads[0].Size)
	if err := t.shut(); err != nil {
		return s, err
	}
	if s.Fresh, err = t.fresh(ctx, order{Lots: t.someLots(), Lookups: lookups}); err != nil {
		return s, err
	}
	if err := t.open(); err != nil {
		return s, err
	}
	s.Single, err = t.single(ctx, 150)
	return s, err
}

// someLots are up to 50 lots of about 20 usages each, or whatever comes nearest
// in a store that has none.
func (t *bed) someLots() (some [][2]string) {
	lots := t.hospital.allLots()
	slices.SortStableFunc(lots, func(a, b lotOf) int { return distance(t.hospital.lots[a]) - distance(t.hospital.lots[b]) })
	for _, l := range lots[:min(50, len(lots))] {
		some = append(some, [2]string{l.di, l.lot})
	}
	return some
}

func distance(n int) int { return max(n-20, 20-n) }

// patientsWith counts the patients who have a device, as they are looked up.
func patientsWith(ctx context.Context, s trace.Finder, q trace.Query) (int, error) {
	who := make(map[trace.PatientID]bool)
	n := 0
	for h, err := range s.Holdings(ctx, q) {
		if err != nil {
			return 0, err
		}
		if h.Patient.IsZero() {
			return 0, fmt.Errorf("usage %s has no patient", h.Usage)
		}
		who[h.Patient] = true
		n++
	}
	if len(who) == 0 {
		return 0, fmt.Errorf("nobody has %s in lot %s", q.DI, q.Lot)
	}
	return n, nil
}

// compacted measures the file, and what it is when it was compacted.
func (t *bed) compacted(ctx context.Context, f *Find) (err error) {
	if err := t.shut(); err != nil {
		return err
	}
	if f.Rooms, err = bolt.Rooms(t.file()); err != nil {
		return err
	}
	if err := t.open(); err != nil {
		return err
	}
	var c trace.Compaction
	took, err := timed(func() (err error) {
		c, err = t.store.Compact(ctx, func(done, total int64) { t.progress("compacting MiB", int(done>>20), int(total>>20)) })
		return err
	})
	f.CompactSeconds, f.CompactBytes = took.Seconds(), c.After
	return err
}

// Open is what opening costs.
type Open struct {
	Bench     string  `json:"bench"`
	Records   int     `json:"records"`
	FileBytes int64   `json:"file_bytes"`
	Opens     int     `json:"opens"` // each in a process of its own
	MedianMs  float64 `json:"open_median_ms"`
	MaxMs     float64 `json:"open_max_ms"`
	AnonBytes int64   `json:"open_rss_anon_bytes"` // the most of any; 0 where the system does not say
	FileRss   int64   `json:"open_rss_file_bytes"`
	Single
}

const opens = 9

// Open fills a store and opens it again and again, each time in a process of its
// own.
func (b Bench) Open(ctx context.Context, records int) (o Open, err error) {
	t, err := b.bed(records)
	if err != nil {
		return o, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := t.fill(ctx, records); err != nil {
		return o, err
	}
	o = Open{Bench: "open", Records: t.hospital.usages, FileBytes: t.store.Size(), Opens: opens}
	if err := t.shut(); err != nil {
		return o, err
	}
	var took []time.Duration
	for i := range opens {
		t.progress("opening", i, opens)
		f, err := t.fresh(ctx, order{})
		if err != nil {
			return o, err
		}
		took = append(took, time.Duration(f.OpenMs*1e6))
		o.AnonBytes, o.FileRss = max(o.AnonBytes, f.OpenAnonBytes), max(o.FileRss, f.OpenFileBytes)
	}
	t.progress("opening", opens, opens)
	o.MedianMs, o.MaxMs = median(took), quantile(took, 100)
	if err := t.open(); err != nil {
		return o, err
	}
	o.Single, err = t.single(ctx, 150)
	return o, err
}
