package bolt_test

import (
	"context"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"implantrace/internal/bolt"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/internal/trace/storetest"
	"implantrace/internal/udi"
)

func opener(spoil func(dir string, s trace.Store) trace.Store) storetest.Open {
	keys := seal.NewKeyring()
	return func(t *testing.T, dir string, clock trace.Clock) trace.Store {
		t.Helper()
		s, err := bolt.Open(filepath.Join(dir, bolt.FileName), bolt.Options{Name: "test", Keys: keys, Clock: clock})
		if err != nil {
			t.Fatal(err)
		}
		return spoil(dir, s)
	}
}

func TestContract(t *testing.T) {
	storetest.Run(t, opener(func(_ string, s trace.Store) trace.Store { return s }))
}

// spoilt are stores with one fault each.
var spoilt = map[string]func(dir string, s trace.Store) trace.Store{
	"an index row is missing": func(_ string, s trace.Store) trace.Store { return missesLots{s} },
	"a former number is not found": func(_ string, s trace.Store) trace.Store {
		return asksOther{s, func(q *trace.Query) { q.Former = false }}
	},
	"variants are not found":       func(_ string, s trace.Store) trace.Store { return exactLots{s} },
	"a period is taken to its end": func(_ string, s trace.Store) trace.Store { return inclusive{s} },
	"entries come out of order":    func(_ string, s trace.Store) trace.Store { return shuffled{s} },
	"repeats are new":              func(_ string, s trace.Store) trace.Store { return forgetful{s} },
	"conflicts pass":               func(_ string, s trace.Store) trace.Store { return trusting{s} },
	"the last command is lost at closing": func(dir string, s trace.Store) trace.Store {
		return &losesLast{Store: s, path: filepath.Join(dir, bolt.FileName)}
	},
	"pages repeat the last row": func(_ string, s trace.Store) trace.Store { return repeatsRow{s} },
	"pages skip a row":          func(_ string, s trace.Store) trace.Store { return skipsRow{s} },
	"a changed import passes":   func(_ string, s trace.Store) trace.Store { return gullible{s} },
	"withdrawn patients are found": func(_ string, s trace.Store) trace.Store {
		return findsAll{s}
	},
	"links that were taken back still join": func(_ string, s trace.Store) trace.Store {
		return neverParts{s}
	},
	"searches do not stop": func(_ string, s trace.Store) trace.Store { return deaf{s} },
}

// spoil names the fault of the store that the test binary, run again, holds
// against the contract.
const spoil = "IMPLANTRACE_TEST_SPOILT_STORE"

// The contract finds each of these faults: a store that has one does not pass.
func TestTheContractFindsFaults(t *testing.T) {
	if name := os.Getenv(spoil); name != "" {
		storetest.Run(t, opener(spoilt[name]))
		return
	}
	for name := range spoilt {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(os.Args[0], "-test.run=^TestTheContractFindsFaults$", "-test.failfast", "-rapid.nofailfile", "-rapid.shrinktime=0s", "-rapid.checks=40")
			cmd.Env = append(os.Environ(), spoil+"="+name)
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL") {
				t.Errorf("a store with this fault passes: %v\n%.2000s", err, out)
			}
		})
	}
}

// hits passes on what a search gives, changed.
func hits(s trace.Store, ctx context.Context, q trace.Query, each func(h trace.Hit, n int) (trace.Hit, bool)) iter.Seq2[trace.Hit, error] {
	return func(yield func(trace.Hit, error) bool) {
		n := 0
		for h, err := range s.Candidates(ctx, q) {
			h, ok := each(h, n)
			n++
			if (ok || err != nil) && !yield(h, err) {
				return
			}
		}
	}
}

type missesLots struct{ trace.Store }

func (s missesLots) Candidates(ctx context.Context, q trace.Query) iter.Seq2[trace.Hit, error] {
	return hits(s.Store, ctx, q, func(h trace.Hit, _ int) (trace.Hit, bool) { return h, q.Lot == "" || h.Usage.Device.Serial == "" })
}

type asksOther struct {
	trace.Store
	change func(*trace.Query)
}

func (s asksOther) Candidates(ctx context.Context, q trace.Query) iter.Seq2[trace.Hit, error] {
	s.change(&q)
	return s.Store.Candidates(ctx, q)
}

type exactLots struct{ trace.Store }

func (s exactLots) Candidates(ctx context.Context, q trace.Query) iter.Seq2[trace.Hit, error] {
	return hits(s.Store, ctx, q, func(h trace.Hit, _ int) (trace.Hit, bool) {
		was := slices.ContainsFunc(h.Usage.Was, func(d udi.Device) bool { return d.Lot == q.Lot })
		return h, q.Lot == "" || h.Usage.Device.Lot == q.Lot || was
	})
}

type inclusive struct{ trace.Store }

func (s inclusive) Candidates(ctx context.Context, q trace.Query) iter.Seq2[trace.Hit, error] {
	if !q.To.IsZero() {
		q.To = q.To.Add(1e6)
	}
	return s.Store.Candidates(ctx, q)
}

type shuffled struct{ trace.Store }

func (s shuffled) Entries(ctx context.Context, from trace.Position) iter.Seq2[trace.Entry, error] {
	return func(yield func(trace.Entry, error) bool) {
		var all []trace.Entry
		for e, err := range s.Store.Entries(ctx, from) {
			if err != nil {
				yield(e, err)
				return
			}
			all = append(all, e)
		}
		if n := len(all); n > 5 {
			all[n-1], all[n-2] = all[n-2], all[n-1]
		}
		for _, e := range all {
			if !yield(e, nil) {
				return
			}
		}
	}
}

type forgetful struct{ trace.Store }

func (s forgetful) Append(ctx context.Context, commands ...trace.Command) ([]trace.Result, error) {
	for i := range commands {
		if _, err := s.Store.Find(ctx, commands[i].ID, commands[i].Canonical); err == nil {
			commands[i].ID = trace.NewEventID()
		}
	}
	return s.Store.Append(ctx, commands...)
}

type trusting struct{ trace.Store }

func (s trusting) Append(ctx context.Context, commands ...trace.Command) ([]trace.Result, error) {
	rs, err := s.Store.Append(ctx, commands...)
	for i := range rs {
		if trace.KindOf(rs[i].Err) == trace.Conflict {
			rs[i].Err = nil
		}
	}
	return rs, err
}

// losesLast keeps the file as it was before the last command.
type losesLast struct {
	trace.Store
	path   string
	before []byte
}

func (s *losesLast) Append(ctx context.Context, commands ...trace.Command) ([]trace.Result, error) {
	s.before, _ = os.ReadFile(s.path)
	return s.Store.Append(ctx, commands...)
}

func (s *losesLast) Close() error {
	err := s.Store.Close()
	if s.before != nil {
		_ = os.WriteFile(s.path, s.before, 0o600)
	}
	return err
}

type repeatsRow struct{ trace.Store }

func (s repeatsRow) Procedures(ctx context.Context, q trace.ProcedureQuery) iter.Seq2[trace.ProcedureHit, error] {
	return func(yield func(trace.ProcedureHit, error) bool) {
		if q.After != nil {
			for h, err := range s.Store.Procedures(ctx, trace.ProcedureQuery{Patient: q.Patient, From: q.From, To: q.To, OpenOnly: q.OpenOnly}) {
				if err == nil && slices.Equal(h.Key, q.After) && !yield(h, err) {
					return
				}
			}
		}
		s.Store.Procedures(ctx, q)(yield)
	}
}

type skipsRow struct{ trace.Store }

func (s skipsRow) Candidates(ctx context.Context, q trace.Query) iter.Seq2[trace.Hit, error] {
	return hits(s.Store, ctx, q, func(h trace.Hit, n int) (trace.Hit, bool) { return h, q.After == nil || n > 0 })
}

type gullible struct{ trace.Store }

func (s gullible) Import(ctx context.Context, node trace.NodeID, entries []trace.Entry, _ trace.TreeHead) error {
	err := s.Store.Import(ctx, node, entries, trace.TreeHead{})
	if trace.KindOf(err) == trace.Conflict {
		return nil
	}
	return err
}

type findsAll struct{ trace.Store }

func (s findsAll) PatientsBy(ctx context.Context, lookups ...trace.LookupHash) ([]trace.PatientID, error) {
	ids, err := s.Store.PatientsBy(ctx, lookups...)
	seen := make(map[trace.PatientID]bool)
	for e, eerr := range s.Store.Entries(ctx, trace.Position{Node: s.Store.Node()}) {
		if f, ok := e.Fact.(trace.PatientFact); eerr == nil && ok && f.Amend.Withdraw && !seen[f.Patient] {
			seen[f.Patient] = true
			if p, perr := s.Store.Patient(ctx, f.Patient); perr == nil && p.Withdrawn && slices.ContainsFunc(p.Lookups, func(h trace.LookupHash) bool { return slices.Contains(lookups, h) }) {
				ids = append(ids, f.Patient)
			}
		}
	}
	return ids, err
}

type deaf struct{ trace.Store }

func (s deaf) Candidates(ctx context.Context, q trace.Query) iter.Seq2[trace.Hit, error] {
	return s.Store.Candidates(context.WithoutCancel(ctx), q)
}

type neverParts struct{ trace.Store }

func (s neverParts) Links(ctx context.Context, id trace.PatientID) iter.Seq2[trace.Link, error] {
	return func(yield func(trace.Link, error) bool) {
		for l, err := range s.Store.Links(ctx, id) {
			l.Withdraw = false
			if !yield(l, err) {
				return
			}
		}
	}
}
