package command

import (
	"context"
	"slices"
	"time"

	"implantrace/internal/trace"
)

// JudgedAgain is what asking the rules anew of a product's devices came to.
type JudgedAgain struct {
	Judged  int             `json:"judged"`  // devices that the rules were asked about
	Changed int             `json:"changed"` // of them, those whose verdict is another now
	Worse   int             `json:"worse"`   // of those, the ones that are worse
	Usages  []trace.UsageID `json:"usages"`  // the worse ones, the first hundred
}

// worseShown bounds the list of a [JudgedAgain].
const worseShown = 100

// JudgeAgain asks the rules anew of all devices of a product, because more has
// come to be known of it. A verdict that is another now is recorded as a new
// entry; the old one stays in the journal. id names the occasion: repeated with
// the same id, nothing is recorded twice.
func (r Recorder) JudgeAgain(ctx context.Context, di string, id trace.EventID, by trace.Actor) (out JudgedAgain, err error) {
	err = r.judgeAgain(ctx, trace.Query{DI: di}, id, by, &out)
	return out, err
}

// judgeProcedure asks the rules anew of the devices of a procedure, after something
// that they are held against has changed.
func (r Recorder) judgeProcedure(ctx context.Context, p trace.ProcedureID, m Meta) error {
	return r.judgeAgain(ctx, trace.Query{Procedure: p}, m.ID, m.By, new(JudgedAgain))
}

func (r Recorder) judgeAgain(ctx context.Context, q trace.Query, id trace.EventID, by trace.Actor, out *JudgedAgain) error {
	now := r.Clock()
	for h, err := range r.Store.Candidates(ctx, q) {
		if err != nil {
			return err
		}
		u := h.Usage
		if u.Withdrawn || !q.AsksUsage(u) {
			continue
		}
		p, err := r.Store.Procedure(ctx, u.Procedure)
		if err != nil && trace.KindOf(err) != trace.NotFound {
			return err
		}
		out.Judged++
		verdict, err := r.Judge(ctx, Judged{Meaning: meaning(u, u.Device, u.Damaged, now), Procedure: p, Side: said(u.Side, u.Location), Self: []trace.UsageID{u.ID}, At: usedAt(u, p, now)})
		if err != nil {
			return err
		}
		verdict = keep(u.Verdict, verdict)
		if sameAnswers(verdict, u.Verdict) {
			continue
		}
		out.Changed++
		if verdict.Level != u.Verdict.Level && u.Verdict.Level.Worse(verdict.Level) == verdict.Level && (verdict.Level == trace.Warn || verdict.Level == trace.Stop) {
			out.Worse++
			if len(out.Usages) < worseShown {
				out.Usages = append(out.Usages, u.ID)
			}
		}
		m := Meta{ID: trace.DeriveID[trace.OfEvent](id, "judged again "+u.ID.String()), By: by, Provenance: trace.System}
		canon := append([]byte("judge again\n"), m.ID[:]...)
		if _, done, err := r.before(ctx, m.ID, canon); err != nil {
			return err
		} else if done {
			continue
		}
		if _, err := r.record(ctx, m, canon, trace.Draft{Fact: trace.UsageFact{Usage: u.ID, Verdict: verdict}, Occurred: u.Occurred}); err != nil {
			return err
		}
	}
	return nil
}

// sameAnswers reports whether two verdicts say the same of each rule, in whatever
// order.
func sameAnswers(a, b trace.Verdict) bool {
	return len(a.Checks) == len(b.Checks) && !slices.ContainsFunc(a.Checks, func(x trace.Check) bool {
		return !slices.ContainsFunc(b.Checks, func(y trace.Check) bool { return x.Rule == y.Rule && x.Level == y.Level && x.Missing == y.Missing })
	})
}

// usedAt is the time as of which a device of the record is judged: when it was
// scanned or used, not now. What has expired since was in date then.
func usedAt(u trace.Usage, p trace.Procedure, now time.Time) time.Time {
	if !u.Occurred.IsZero() {
		return u.Occurred
	}
	return used(p, time.Time{}, now)
}
