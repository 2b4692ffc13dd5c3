package command

import (
	"context"
	"slices"

	"implantrace/internal/check"
	"implantrace/internal/trace"
)

// FileChecks brings what the node's settings file says of checks into the record:
// an entry for each rule of which it says something else than it did last. What
// was set on a page since then holds until the file itself is changed. A rule that
// the file spoke of and speaks of no more goes back to what it is of itself.
func (r Recorder) FileChecks(ctx context.Context, said []trace.CheckSettingFact) error {
	now, err := r.Store.CheckSettings(ctx)
	if err != nil {
		return err
	}
	for i, f := range said {
		if _, ok := check.ByID(f.Rule); !ok {
			return trace.Errorf(trace.NotFound, "There is no check %q.", f.Rule)
		}
		if slices.ContainsFunc(said[:i], func(o trace.CheckSettingFact) bool { return o.Rule == f.Rule }) {
			return trace.Errorf(trace.Invalid, "The check %q is set twice.", f.Rule)
		}
	}
	for _, one := range now {
		gone := one.File != nil && (one.File.Off || one.File.Level != "") && !slices.ContainsFunc(said, func(f trace.CheckSettingFact) bool { return f.Rule == one.Rule })
		if gone {
			said = append(said, trace.CheckSettingFact{Rule: one.Rule, Reason: "The settings file says nothing of it any more", Who: one.File.Who})
		}
	}
	for _, f := range said {
		i := slices.IndexFunc(now, func(o trace.CheckSetting) bool { return o.Rule == f.Rule })
		if i >= 0 && now[i].File != nil && *now[i].File == f {
			continue
		}
		c := SetCheck{Meta: Meta{ID: trace.NewEventID(), By: trace.Actor{Via: trace.FromFile}, Provenance: trace.Typed}, Rule: f.Rule, Level: f.Level, Off: f.Off, Reason: f.Reason, Who: f.Who}
		if err := r.SetCheck(ctx, c); err != nil {
			return err
		}
	}
	return nil
}
