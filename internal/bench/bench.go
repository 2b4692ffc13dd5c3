// Package bench measures the store on the machine it runs on, beside the raw
// cost of the disk, so that figures can be compared within one run.
package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"implantrace/gs1"
	"implantrace/internal/bolt"
	"implantrace/internal/recall"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Append is what writing costs.
type Append struct {
	Bench         string  `json:"bench"`
	Writers       int     `json:"writers"`
	Seconds       float64 `json:"seconds"`
	Entries       int     `json:"entries"`
	EntriesPerSec float64 `json:"entries_per_s"`
	MedianMs      float64 `json:"median_ms"` // from the call to the receipt
	P95Ms         float64 `json:"p95_ms"`
	TwoFsyncsMs   float64 `json:"two_fsyncs_ms"` // raw: 4 KiB written and synced, twice, on the same disk; median
	MedianRatio   float64 `json:"median_to_two_fsyncs"`
	FileBytes     int64   `json:"file_bytes"`
}

// Recall is what finding everybody costs.
type Recall struct {
	Bench    string  `json:"bench"`
	Records  int     `json:"records"`
	FillS    float64 `json:"fill_s"`
	Patients int     `json:"patients"` // in the answer
	MedianMs float64 `json:"median_ms"`
	P95Ms    float64 `json:"p95_ms"`
	Searches int     `json:"searches"`
}

// open makes a store in a temporary folder under dir ("" is the system's).
func open(dir string) (*bolt.Store, string, func() error, error) {
	tmp, err := os.MkdirTemp(dir, "implantrace-bench-*")
	if err != nil {
		return nil, "", nil, err
	}
	s, err := bolt.Open(filepath.Join(tmp, bolt.FileName), bolt.Options{Name: "bench", Keys: seal.NewKeyring()})
	if err != nil {
		return nil, "", nil, errors.Join(err, os.RemoveAll(tmp))
	}
	return s, tmp, func() error { return errors.Join(s.Close(), os.RemoveAll(tmp)) }, nil
}

// RunAppend lets writers append usages for a while.
func RunAppend(ctx context.Context, dir string, writers int, d time.Duration) (a Append, err error) {
	s, tmp, closing, err := open(dir)
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, closing()) }()
	raw, err := twoFsyncs(tmp)
	if err != nil {
		return a, err
	}
	var mu sync.Mutex
	var took []time.Duration
	var failed error
	var wg sync.WaitGroup
	start := time.Now()
	for w := range writers {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(w)))
			for time.Since(start) < d && ctx.Err() == nil {
				c := usage(r, trace.ProcedureID(trace.NewEventID()), 400)
				t := time.Now()
				rs, err := s.Append(ctx, c)
				one := time.Since(t)
				mu.Lock()
				if took = append(took, one); err == nil {
					err = rs[0].Err
				}
				failed = errors.Join(failed, err)
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	if failed != nil || len(took) == 0 {
		return a, errors.Join(failed, ctx.Err())
	}
	all := time.Since(start).Seconds()
	median, p95 := quantiles(took)
	return Append{Bench: "append", Writers: writers, Seconds: all, Entries: len(took), EntriesPerSec: float64(len(took)) / all,
		MedianMs: median, P95Ms: p95, TwoFsyncsMs: raw, MedianRatio: median / raw, FileBytes: s.Size()}, nil
}

// RunRecall fills a store with usages of 400 products in lots of about 20 and
// asks for one product's lot, again and again.
func RunRecall(ctx context.Context, dir string, records, searches int) (a Recall, err error) {
	s, _, closing, err := open(dir)
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, closing()) }()
	r := rand.New(rand.NewPCG(2, 3))
	start := time.Now()
	for done := 0; done < records; {
		var batch []trace.Command
		for range min(500, records-done) {
			batch = append(batch, whole(r, records))
		}
		if _, err := s.Append(ctx, batch...); err != nil {
			return a, err
		}
		done += len(batch)
	}
	a = Recall{Bench: "recall", Records: records, FillS: time.Since(start).Seconds(), Searches: searches}
	var took []time.Duration
	for range searches {
		c := recall.Criteria{DIs: []string{di(r.IntN(400))}, Lots: []string{lot(r.IntN(max(1, records/8000)))}}
		t := time.Now()
		answer, err := recall.Search(ctx, s, c, t)
		if err != nil {
			return a, err
		}
		took = append(took, time.Since(t))
		a.Patients = max(a.Patients, answer.Patients)
	}
	a.MedianMs, a.P95Ms = quantiles(took)
	return a, nil
}

func di(n int) string {
	body := fmt.Sprintf("0999%09d", n)
	check, err := gs1.CheckDigit(body)
	if err != nil {
		panic(err) // thirteen digits; cannot happen
	}
	return body + string(check)
}

func lot(n int) string { return fmt.Sprintf("L%06d", n) }

func usage(r *rand.Rand, p trace.ProcedureID, records int) trace.Command {
	id := trace.NewEventID()
	return trace.Command{ID: id, Canonical: id[:], By: trace.Actor{Via: "bench"}, Drafts: []trace.Draft{{Provenance: trace.Scanned,
		Fact: trace.UsageFact{Usage: trace.UsageID(id), Procedure: p, Status: trace.Implanted,
			Device: udi.Device{Agency: udi.AgencyGS1, DI: di(r.IntN(400)), Lot: lot(r.IntN(max(1, records/8000))), Expiry: udi.Date{Day: "2031-06-30", Precision: udi.PrecisionDay}}}}}}
}

// whole is a patient, a procedure and a usage.
func whole(r *rand.Rand, records int) trace.Command {
	p, who := trace.ProcedureID(trace.NewEventID()), trace.PatientID(trace.NewEventID())
	c := usage(r, p, records)
	c.Drafts = append(c.Drafts,
		trace.Draft{Fact: trace.PatientFact{Patient: who}, Subject: who, Secret: &trace.Secret{NHSNumber: "9990000018", Family: "Bench"}},
		trace.Draft{Fact: trace.ProcedureFact{Procedure: p, Patient: who, Start: time.Now().AddDate(0, 0, -r.IntN(2000)), Side: trace.SideLeft, Code: trace.Code{Code: "W371"}}})
	return c
}

// twoFsyncs is the median time of writing and syncing a page twice, which is
// the least that a durable commit costs.
func twoFsyncs(dir string) (ms float64, err error) {
	f, err := os.CreateTemp(dir, "fsync-*")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	page := make([]byte, 4096)
	var took []time.Duration
	for range 200 {
		t := time.Now()
		for range 2 {
			if _, err := f.Write(page); err != nil {
				return 0, err
			}
			if err := f.Sync(); err != nil {
				return 0, err
			}
		}
		took = append(took, time.Since(t))
	}
	ms, _ = quantiles(took)
	return ms, nil
}

func quantiles(took []time.Duration) (median, p95 float64) {
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return ms(took[len(took)/2]), ms(took[len(took)*95/100])
}
