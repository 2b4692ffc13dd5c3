package command

import (
	"context"
	"slices"

	"implantrace/internal/trace"
)

// ConfirmTyped is a second person's word that what was typed of a device is what its
// label says. They type the ends of its values anew, as they read them there:
// agreeing with a screen is no check. It can be said at any time; the device stands
// in the record without it.
type ConfirmTyped struct {
	Meta
	Usage trace.UsageID `json:"usage"`
	// Ends are what they typed, by the field of [trace.Ending].
	Ends    map[string]string `json:"ends"`
	Second  trace.Person      `json:"second,omitzero"`  // said by whoever proved who it is
	Account trace.AccountID   `json:"account,omitzero"` // likewise; zero: nobody signs in here
}

// ConfirmTyped carries the command out. Whoever typed a value confirms none (kind
// Forbidden); an end that is not that of the recorded value is of kind Conflict,
// and names the field.
func (r Recorder) ConfirmTyped(ctx context.Context, c ConfirmTyped) error {
	canon, err := canonical("confirm typed", c)
	if err != nil {
		return err
	}
	if _, done, err := r.before(ctx, c.ID, canon); done {
		return err
	}
	u, err := r.Store.Usage(ctx, c.Usage)
	if err != nil {
		return err
	}
	switch {
	case c.Account.IsZero() && c.Second == (trace.Person{}):
		return trace.Errorf(trace.Invalid, "Say who confirms it.")
	case u.Withdrawn:
		return trace.Errorf(trace.Conflict, "This usage was withdrawn.")
	case !u.ByHand():
		return trace.Errorf(trace.Conflict, "Nothing of this device was typed: its code was read.")
	case u.Second != nil:
		return trace.Errorf(trace.Conflict, "A second person has confirmed it already.")
	case slices.ContainsFunc(u.TypedBy, func(a trace.Actor) bool { return same(a, c) }):
		return trace.Errorf(trace.Forbidden, "Whoever typed it does not confirm it. That takes a second person.")
	}
	if err := lines("the badge", c.Second.Code, "the name", c.Second.Name); err != nil {
		return err
	}
	for _, e := range u.Endings() {
		switch typed := c.Ends[e.Field]; {
		case typed == "":
			return trace.Errorf(trace.Invalid, "Type the end of the %s as you read it from the label.", e.Words)
		case !e.Holds(typed):
			return trace.Errorf(trace.Conflict, "The %s ends otherwise in the record. One of the two was not read as it stands: compare both with the label, and correct what is wrong.", e.Words)
		}
	}
	p, err := r.Store.Procedure(ctx, u.Procedure)
	if err != nil && trace.KindOf(err) != trace.NotFound {
		return err
	}
	_, err = r.record(ctx, c.Meta, canon, trace.Draft{Subject: p.Patient, Fact: trace.UsageFact{Usage: u.ID,
		Second: trace.SecondFact{Device: u.Device, Person: c.Second, Account: c.Account}}})
	return err
}

// same reports whether somebody who typed is the one who is to confirm.
func same(a trace.Actor, c ConfirmTyped) bool {
	return !a.Account.IsZero() && a.Account == c.Account || a.Account.IsZero() && a.Code != "" && a.Code == c.Second.Code
}
