package command

import (
	"slices"

	"implantrace/internal/trace"
)

// override asks for a reason where a device goes into a patient in spite of a
// warn or a stop, and notes each check that was passed over. A check that was
// passed over before is not asked about again. History that comes in is told,
// not judged.
//
// Nothing here clears a stop: that takes a second person ([ClearStop]). What
// happened is recorded all the same, with the stop on it.
func override(f *trace.UsageFact, from trace.Provenance, s trace.Status, v trace.Verdict, before []trace.Overridden, words, reason string) error {
	if reason != "" {
		if err := oneOf("the reason", reason, trace.OverrideReasons()); err != nil {
			return err
		}
	}
	if s != trace.Implanted || v.Level != trace.Stop && v.Level != trace.Warn {
		return nil
	}
	if from == trace.Imported {
		f.Override = v.Level == trace.Stop
		return nil
	}
	f.Override = true
	if reason == "" && words != "" {
		reason = trace.OverrideOther
	}
	asked := false
	for _, c := range v.Checks {
		if c.Level != trace.Stop && c.Level != trace.Warn {
			continue
		}
		if slices.ContainsFunc(before, func(o trace.Overridden) bool { return o.Rule == c.Rule && o.Level == c.Level }) {
			continue
		}
		asked = true
		if reason != "" {
			f.Overridden = append(f.Overridden, trace.Overridden{Rule: c.Rule, Level: c.Level, Reason: reason})
		}
	}
	switch {
	case !asked:
		return nil
	case v.Level == trace.Stop && words == "":
		return trace.Errorf(trace.Invalid, "A check said stop (%s). To record it as implanted, say why it was used all the same.", v.Title)
	case reason == trace.OverrideOther && words == "":
		return trace.Errorf(trace.Invalid, "Another reason wants words.")
	case reason == "":
		return trace.Errorf(trace.Invalid, "A check warns (%s). To record it as implanted, say why it is used all the same.", v.Title)
	}
	return nil
}
