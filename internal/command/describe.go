package command

import (
	"context"
	"strings"

	"implantrace/internal/trace"
)

// Describe says in a few words what a device is whose product is in no catalogue:
// whoever keeps the catalogue reads them. They say nothing of the patient.
type Describe struct {
	Meta
	Usage       trace.UsageID `json:"usage"`
	Description string        `json:"description"`
}

// describeMost bounds a description, in bytes.
const describeMost = 120

// Describe carries the command out.
func (r Recorder) Describe(ctx context.Context, c Describe) error {
	canon, err := canonical("describe", c)
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
	if u.Withdrawn {
		return trace.Errorf(trace.Conflict, "This device was taken off the record. Restore it first.")
	}
	c.Description = strings.TrimSpace(c.Description)
	switch {
	case c.Description == "":
		return trace.Errorf(trace.Invalid, "Say in a few words what it is: what the label calls it, its maker, its size.")
	case len(c.Description) > describeMost:
		return trace.Errorf(trace.Invalid, "A few words are enough: %d characters at most.", describeMost)
	}
	if err := line("the description", c.Description); err != nil {
		return err
	}
	_, err = r.record(ctx, c.Meta, canon, trace.Draft{Fact: trace.UsageFact{Usage: c.Usage, Described: c.Description}})
	return err
}
