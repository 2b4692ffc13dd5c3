package command

import (
	"context"
	"strings"

	"implantrace/internal/check"
	"implantrace/internal/trace"
)

// SetCheck is the site's word on one check: the level of a failure, or that it is
// not asked.
type SetCheck struct {
	Meta
	Rule   string      `json:"rule"`
	Level  trace.Level `json:"level,omitempty"` // note, warn or stop; empty: the rule's own
	Off    bool        `json:"off,omitempty"`
	Reason string      `json:"reason"`
	Who    string      `json:"who"`
}

// SetCheck carries the command out.
func (r Recorder) SetCheck(ctx context.Context, c SetCheck) error {
	canon, err := canonical("set check", c)
	if err != nil {
		return err
	}
	if _, done, err := r.before(ctx, c.ID, canon); done {
		return err
	}
	if _, ok := check.ByID(c.Rule); !ok {
		return trace.Errorf(trace.NotFound, "There is no check %q.", c.Rule)
	}
	if err := oneOf("the level", c.Level, []trace.Level{"", trace.Note, trace.Warn, trace.Stop}); err != nil {
		return err
	}
	c.Reason, c.Who = strings.TrimSpace(c.Reason), strings.TrimSpace(c.Who)
	if c.Reason == "" || c.Who == "" {
		return trace.Errorf(trace.Invalid, "A change of a check wants a reason, and the name of whoever decides it.")
	}
	if err := lines("the reason", c.Reason, "the name", c.Who); err != nil {
		return err
	}
	_, err = r.record(ctx, c.Meta, canon, trace.Draft{Fact: trace.CheckSettingFact{Rule: c.Rule, Level: c.Level, Off: c.Off, Reason: c.Reason, Who: c.Who}})
	return err
}
