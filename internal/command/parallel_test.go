package command_test

import (
	"fmt"
	"sync"
	"testing"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// Two that send the same command at the same moment get one answer, and there
// is one entry.
func TestTheSameCommandAtOnceIsRecordedOnce(t *testing.T) {
	s := newSite(t)
	p := s.openFor(ada)
	u := s.use(p, inDate)
	register := command.RegisterPatient{Meta: meta(), Who: command.Who{NHSNumber: "9990000026", Family: "Zellweger"}}
	open, use := opening(), using(p, expired)
	for name, do := range map[string]func() (string, error){
		"register": func() (string, error) {
			f, err := s.RegisterPatient(ctx, register)
			return fmt.Sprint(f.Patient, f.New), err
		},
		"open": func() (string, error) { id, err := s.OpenProcedure(ctx, open); return id.String(), err },
		"use":  func() (string, error) { id, err := s.RecordUsage(ctx, use); return id.String(), err },
		"outcome": func() func() (string, error) {
			c := command.SetOutcome{Meta: meta(), Usage: u, Status: trace.Implanted, Override: "label-compared"}
			return func() (string, error) { return "", s.SetOutcome(ctx, c) }
		}(),
		"correct": func() func() (string, error) {
			c := command.Correct{Meta: meta(), Usage: u, Set: command.Set{Location: "left"}, Reason: "r"}
			return func() (string, error) { return "", s.Correct(ctx, c) }
		}(),
		"product": func() func() (string, error) {
			c := command.RecordProduct{Meta: meta(), DI: "09520140001039", Maker: "M"} // of no device here: nothing is judged again
			return func() (string, error) { return s.RecordProduct(ctx, c) }
		}(),
		"approve": func() func() (string, error) {
			c := command.Approve{Meta: meta(), Officer: "B", Approved: true}
			return func() (string, error) { return "", s.Approve(ctx, c) }
		}(),
	} {
		before := s.size()
		var wg sync.WaitGroup
		var mu sync.Mutex
		answers := make(map[string]int)
		for range 8 {
			wg.Go(func() {
				got, err := do()
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
				mu.Lock()
				answers[got]++
				mu.Unlock()
			})
		}
		wg.Wait()
		if len(answers) != 1 || s.size() != before+1 {
			t.Errorf("%s: answers %v, %d entries", name, answers, s.size()-before)
		}
	}
}

func TestManyRecordAtOnce(t *testing.T) {
	s := newSite(t)
	const pages, each = 4, 10
	var wg sync.WaitGroup
	for page := range pages {
		wg.Go(func() {
			c := opening()
			c.Who = command.Who{LocalIssuer: "RJC", LocalNumber: fmt.Sprint("page ", page)}
			p, err := s.OpenProcedure(ctx, c)
			if err != nil {
				t.Error(err)
				return
			}
			for i := range each {
				id, err := s.RecordUsage(ctx, using(p, fmt.Sprintf("]d201%s1729032210LOT%d\x1d21S%d-%d", di, i, page, i)))
				if err == nil {
					err = s.SetOutcome(ctx, command.SetOutcome{Meta: meta(), Usage: id, Status: trace.Implanted})
				}
				if err != nil {
					t.Error(err)
				}
			}
			if err := s.CloseProcedure(ctx, command.CloseProcedure{Meta: meta(), Procedure: p}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	closed := 0
	for h, err := range s.store.Procedures(ctx, trace.ProcedureQuery{}) {
		s.ok(err)
		full, err := trace.ProcedureWithUsages(ctx, s.store, h.Procedure)
		if err != nil || len(full.Usages) != each || h.Procedure.Open() {
			t.Errorf("%d usages, open %v, %v", len(full.Usages), h.Procedure.Open(), err)
		}
		for _, u := range full.Usages {
			if u.Usage.Status != trace.Implanted || u.Usage.Verdict.Level == trace.Stop {
				t.Errorf("%+v", u.Usage)
			}
		}
		closed++
	}
	r, err := s.store.Verify(ctx, t.TempDir())
	if closed != pages || err != nil || len(r.Findings) != 0 {
		t.Errorf("%d procedures, %+v, %v", closed, r, err)
	}
}
