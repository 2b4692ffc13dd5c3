package command

import (
	"cmp"
	"context"
	"slices"
	"time"

	"implantrace/internal/trace"
)

// RuleCount is how often one rule was passed over, or could not run, in one
// month and place.
type RuleCount struct {
	Month      string `json:"month"` // YYYY-MM, in the site's time zone
	Place      string `json:"place"` // "": not said
	Rule       string `json:"rule"`
	Overridden int    `json:"overridden"` // somebody went on in spite of it
	Cleared    int    `json:"cleared"`    // of them, stops that a second person cleared
	NotChecked int    `json:"not_checked"`
}

// RuleCounts counts, over the devices of a period, the checks that somebody went
// on in spite of and those that could not run: by month, place and rule.
func (r Recorder) RuleCounts(ctx context.Context, from, to time.Time) ([]RuleCount, error) {
	type key struct{ month, place, rule string }
	counts := make(map[key]*RuleCount)
	places := make(map[trace.ProcedureID]string)
	for h, err := range r.Store.Candidates(ctx, trace.Query{From: from, To: to}) {
		if err != nil {
			return nil, err
		}
		u := h.Usage
		if u.Withdrawn || u.Occurred.Before(from) || !to.IsZero() && !u.Occurred.Before(to) {
			continue
		}
		place, known := places[u.Procedure]
		if !known {
			p, err := r.Store.Procedure(ctx, u.Procedure)
			if err != nil && trace.KindOf(err) != trace.NotFound {
				return nil, err
			}
			where, err := p.Place.In(ctx, r.Store)
			if err != nil {
				return nil, err
			}
			place = where.String()
			places[u.Procedure] = place
		}
		of := func(rule string) *RuleCount {
			k := key{u.Occurred.In(r.Zone()).Format("2006-01"), place, rule}
			if counts[k] == nil {
				counts[k] = &RuleCount{Month: k.month, Place: k.place, Rule: k.rule}
			}
			return counts[k]
		}
		for _, o := range u.Overridden {
			of(o.Rule).Overridden++
			if o.Second != (trace.Person{}) || !o.SecondAccount.IsZero() {
				of(o.Rule).Cleared++
			}
		}
		for _, c := range u.Verdict.Checks {
			if c.Level == trace.NotChecked {
				of(c.Rule).NotChecked++
			}
		}
	}
	all := make([]RuleCount, 0, len(counts))
	for _, c := range counts {
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b RuleCount) int {
		return cmp.Or(cmp.Compare(b.Month, a.Month), cmp.Compare(a.Place, b.Place), cmp.Compare(a.Rule, b.Rule))
	})
	return all, nil
}
