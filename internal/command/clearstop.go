package command

import (
	"context"
	"slices"
	"strings"

	"implantrace/internal/trace"
)

// ClearStop lets a device be used that a check stopped. It takes two: whoever
// works at the desk, and a second person who has shown that they may. The stop
// stays on the device, with who cleared it and why.
type ClearStop struct {
	Meta
	Usage   trace.UsageID   `json:"usage"`
	Second  trace.AccountID `json:"second"` // said by whoever confirmed them
	Badge   string          `json:"badge"`  // of the second person
	Surgeon string          `json:"surgeon"`
	Reason  string          `json:"reason"` // in words; sealed
}

// ClearStop carries the command out. A device without a stop, or with one that
// was cleared, has nothing to clear (kind Conflict).
func (r Recorder) ClearStop(ctx context.Context, c ClearStop) error {
	canon, err := canonical("clear stop", c)
	if err != nil {
		return err
	}
	if _, done, err := r.before(ctx, c.ID, canon); done {
		return err
	}
	c.Reason, c.Surgeon = strings.TrimSpace(c.Reason), strings.TrimSpace(c.Surgeon)
	switch {
	case c.Second.IsZero() || c.Second == c.By.Account:
		return trace.Errorf(trace.Forbidden, "A stop is cleared by a second person, with a badge and PIN of their own.")
	case c.Surgeon == "":
		return trace.Errorf(trace.Invalid, "Name the surgeon who answers for it.")
	case c.Reason == "":
		return trace.Errorf(trace.Invalid, "Say why the device is used in spite of the stop.")
	}
	if err := line("the surgeon", c.Surgeon); err != nil {
		return err
	}
	if err := note(c.Reason); err != nil {
		return err
	}
	u, err := r.Store.Usage(ctx, c.Usage)
	if err != nil {
		return err
	}
	if u.Withdrawn {
		return trace.Errorf(trace.Conflict, "This usage was withdrawn.")
	}
	f := trace.UsageFact{Usage: u.ID}
	for _, one := range u.Verdict.Checks {
		if one.Level == trace.Stop && !Cleared(u, one.Rule) {
			f.Overridden = append(f.Overridden, trace.Overridden{Rule: one.Rule, Level: trace.Stop, Reason: trace.OverrideOther,
				Surgeon: trace.Person{Name: c.Surgeon, Role: "surgeon"}, Second: trace.Person{Code: c.Badge}, SecondAccount: c.Second})
		}
	}
	if len(f.Overridden) == 0 {
		return trace.Errorf(trace.Conflict, "No check stops this device, or every stop was cleared already.")
	}
	p, err := r.Store.Procedure(ctx, u.Procedure)
	if err != nil && trace.KindOf(err) != trace.NotFound {
		return err
	}
	_, err = r.record(ctx, c.Meta, canon, trace.Draft{Fact: f, Subject: p.Patient, Secret: &trace.Secret{Note: c.Reason}})
	return err
}

// Cleared reports whether a second person cleared a rule's stop on a device.
func Cleared(u trace.Usage, rule string) bool {
	return slices.ContainsFunc(u.Overridden, func(o trace.Overridden) bool {
		return o.Rule == rule && o.Level == trace.Stop && !o.SecondAccount.IsZero()
	})
}

// StopsCleared reports whether every stop on a device was cleared.
func StopsCleared(u trace.Usage) bool {
	return !slices.ContainsFunc(u.Verdict.Checks, func(c trace.Check) bool { return c.Level == trace.Stop && !Cleared(u, c.Rule) })
}
