package theatre

import (
	"context"
	"slices"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// Undoable is the last step of a procedure that one touch takes back.
type Undoable struct {
	Event trace.EventID `json:"event"` // the entry that is put right
	Words string        `json:"words"`
	usage trace.UsageInFull
	back  trace.Status // the device has this status again; "": it is taken off
}

// undoable finds the last step of a procedure that was not taken back: a device that
// came to it, or what was said of one. It is worked out from the record, so that it
// is the same on every page and after every start. nil: there is none.
func undoable(p trace.ProcedureInFull) *Undoable {
	var last *Undoable
	var at trace.Stamp
	for _, u := range p.Usages {
		if u.Usage.Withdrawn {
			continue
		}
		stands := func(s trace.Stamp) bool { // nobody has corrected it, and it corrects nothing
			return s.Corrects.IsZero() && !slices.ContainsFunc(u.Usage.History, func(c trace.Stamp) bool { return c.Corrects == s.Event && c.Status != "" })
		}
		var before trace.Status
		for i, s := range u.Usage.History {
			if i > 0 && (s.Status == "" || !stands(s)) {
				continue
			}
			if last == nil || later(s, at) {
				last, at = &Undoable{Event: s.Event, usage: u, back: before}, s
			}
			before = s.Status
		}
	}
	if last == nil {
		return nil
	}
	if last.back == "" {
		last.Words = "Take off: " + named(last.usage)
	} else {
		last.Words = named(last.usage) + ": " + last.back.String() + " again, not " + last.usage.Usage.Status.String()
	}
	return last
}

// Undo takes back the last step of the procedure that is open at this desk. event is
// the one that the page showed: where another step came since, nothing is undone
// (kind Conflict). The old entries stay.
func (d *Desk) Undo(ctx context.Context, m command.Meta, event trace.EventID) error {
	return d.do(ctx, m, "undo", event.String(), func() (step, error) {
		p, err := d.here(ctx)
		if err != nil {
			return step{}, err
		}
		return d.undoing(ctx, p, event)
	})
}

// undoing works out what taking back the last step comes to, with d.mu held. event
// zero: whatever it is.
func (d *Desk) undoing(ctx context.Context, p trace.Procedure, event trace.EventID) (step, error) {
	full, err := trace.ProcedureWithUsages(ctx, d.recorder.Store, p)
	if err != nil {
		return step{}, err
	}
	u := undoable(full)
	switch {
	case u == nil:
		return refusing("Nothing to undo", "No device is in this procedure."), nil
	case !event.IsZero() && u.Event != event:
		return refusing("Nothing was undone", "Something else was done since. Look at the page, and undo again."), nil
	}
	c := command.Correct{Usage: u.usage.Usage.ID, Entry: u.Event, Reason: "Taken back at once, as the last step."}
	s := step{title: "Undone", usage: u.usage.Usage.ID, settle: func() { d.asks = nil }}
	if u.back == "" {
		c.Withdraw = true
		s.title = "Undone: taken off, " + named(u.usage)
		s.message = "Taken off the list: " + named(u.usage) + ". It stays in the record as withdrawn."
		s.settle = func() { d.asks, d.last = nil, trace.UsageID{} }
	} else {
		c.Set.Status = u.back
		s.message = named(u.usage) + " is " + u.back.String() + " again."
		s.title = "Undone: " + s.message
	}
	if s.drafts, err = d.recorder.Correcting(ctx, c); err != nil {
		return orRefused("Nothing was undone", err)
	}
	return s, nil
}

// PutBack takes a device back onto the list that was taken off it.
func (d *Desk) PutBack(ctx context.Context, m command.Meta, usage trace.UsageID) error {
	return d.do(ctx, m, "put back", usage.String(), func() (step, error) {
		p, err := d.here(ctx)
		if err != nil {
			return step{}, err
		}
		u, err := d.recorder.Store.Usage(ctx, usage)
		switch {
		case err != nil:
			return step{}, err
		case u.Procedure != p.ID:
			return refusing("", "That device is not of this procedure."), nil
		case !u.Withdrawn:
			return refusing("", "That device is on the list already."), nil
		}
		drafts, err := d.recorder.Correcting(ctx, command.Correct{Usage: usage, Restore: true, Reason: "Put back at the theatre page."})
		if err != nil {
			return orRefused("", err)
		}
		return step{drafts: drafts}, nil
	})
}
