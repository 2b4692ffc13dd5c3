package command

import (
	"context"
	"strings"

	"implantrace/internal/trace"
)

// Approve is a safety officer's word on clinical use at this site: it takes
// the warning off every page, or puts it back.
type Approve struct {
	Meta
	Approved  bool   `json:"approved"`
	Officer   string `json:"officer"`
	Role      string `json:"role,omitempty"`
	Site      string `json:"site,omitempty"`
	Statement string `json:"statement,omitempty"`
	Release   string `json:"-"` // of the program that is approved; said by the program
}

// Approve carries the command out.
func (r Recorder) Approve(ctx context.Context, c Approve) error {
	canon, err := canonical("approve", c)
	if err != nil {
		return err
	}
	if _, done, err := r.before(ctx, c.ID, canon); done {
		return err
	}
	if err := plausible("the time", c.Occurred, r.Clock()); err != nil {
		return err
	}
	if strings.TrimSpace(c.Officer) == "" {
		return trace.Errorf(trace.Invalid, "The approval wants the safety officer's name.")
	}
	if err := lines("the name", c.Officer, "the role", c.Role, "the site", c.Site, "the statement", c.Statement); err != nil {
		return err
	}
	// Taking an approval back must not wait for room on the disk.
	_, err = r.recordEssential(ctx, c.Meta, canon, trace.Draft{Fact: trace.ApprovalFact{
		Approved: c.Approved, Officer: strings.TrimSpace(c.Officer), Role: c.Role, Site: c.Site, Statement: c.Statement, Release: c.Release}})
	return err
}
