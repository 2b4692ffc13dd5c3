// Package check holds the rules that are asked before a device is used, one a
// file, over facts gathered for them.
//
// A rule answers pass only when it ran on known facts. What it could not know
// it answers with not-checked, and says what is missing.
package check

import (
	"time"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Facts are what the rules ask about. They are gathered before; a rule does no
// look-up of its own.
type Facts struct {
	Now     time.Time // in the site's time zone
	Meaning udi.Meaning
	Product *trace.Product // nil: the device identifier is not in the catalogue
	// Earlier are the usages of the same DI and serial (exactly), other than
	// this one and not withdrawn.
	Earlier []trace.UsageInFull
	// Named is what the lists say that keep devices out of use, and Lists the
	// kinds of list that were asked.
	Named     []trace.Named
	Lists     []trace.NamedBy
	Procedure trace.ProcedureID // zero: none is open
	Patient   trace.PatientID
}

// Rule is one question. Its answer has a stable name.
type Rule func(Facts) trace.Check

// Rules lists the rules in the order in which a screen shows them.
func Rules() []Rule { return []Rule{reading, identity, expiry, reuse, product, recall} }

// Device asks every rule and puts the answers together.
func Device(f Facts) trace.Verdict {
	checks := make([]trace.Check, 0, len(Rules()))
	for _, r := range Rules() {
		checks = append(checks, r(f))
	}
	v := trace.Judge("", checks...)
	v.Title = title(v)
	return v
}

// title is the worst check's message, which is what the eye should meet first;
// where all is well it says so.
func title(v trace.Verdict) string {
	if v.Level == trace.Pass {
		return "All checks passed"
	}
	for _, c := range v.Checks {
		if c.Level == v.Level {
			switch v.Level {
			case trace.Stop:
				return "Stop. " + c.Message
			case trace.NotChecked:
				return "No fault found, but not everything could be checked"
			}
			return c.Message
		}
	}
	return ""
}

func answer(rule string, l trace.Level, message string) trace.Check {
	return trace.Check{Rule: rule, Level: l, Message: message}
}
