// Package check holds the rules that are asked before a device is used, one a
// file, over facts gathered for them.
//
// A rule passes only when it ran on known facts. What it could not know it
// answers with not-checked, and names the missing fact. A rule that does not
// apply says nothing.
package check

import (
	"strings"

	"implantrace/internal/trace"
)

// Rule is one question.
type Rule struct {
	ID     string      // stable: it stands in the journal
	Asks   string      // the question, in a few words for a list of rules
	Level  trace.Level // of a failure, unless the site has set another: note, warn or stop
	Hazard string      // of docs/clinical-safety/hazards.yaml that it controls
	// AtScan marks a rule that only the moment of scanning can answer; its answer
	// stays when a device is judged again.
	AtScan bool
	// Wants names the fields of a product of a kind without which the rule cannot
	// run, and reports whether it is asked of that kind at all. nil: the rule goes by
	// nothing that the catalogue says.
	Wants func(trace.ProductKind) (fields []string, asked bool)
	Ask   func(Facts) Finding
}

// Finding is a rule's answer, before the site's level is put to it.
type Finding struct {
	Result  Result
	Message string // for the person who scans
	Missing string // of Unknown: the fact that is missing, in a few words
}

// Result is how a rule ended.
type Result uint8

// The results.
const (
	NotApplicable Result = iota
	Passed
	Failed
	Unknown
)

var notApplicable = Finding{}

func pass(message string) Finding { return Finding{Passed, message, ""} }
func fail(message string) Finding { return Finding{Failed, message, ""} }
func unknown(missing, message string) Finding {
	return Finding{Unknown, message, missing}
}

// Rules lists the rules in the order in which a screen shows those of one level.
func Rules() []Rule {
	return []Rule{patient, recall, recallPossible, reading, side, expiry, reuse, singleUse, kind, hipSize, hipTaper, hipBearing, hipMakers, kneeMakers, planConfirmed, planned, planDiffers,
		identity, picked, doubt, carriers, expiresToday, latex, place, interleaved, scannedBefore, late, clock, remarks, product, mri}
}

// ByID finds a rule.
func ByID(id string) (Rule, bool) {
	for _, r := range Rules() {
		if r.ID == id {
			return r, true
		}
	}
	return Rule{}, false
}

// Settings are what the site has set otherwise than the rules have it, by their
// ids.
type Settings map[string]Setting

// Setting is the site's word on one rule.
type Setting struct {
	Level trace.Level // "": the rule's own
	Off   bool        // the rule is not asked
}

// Of is what holds for a rule.
func (s Settings) Of(r Rule) Setting {
	set := s[r.ID]
	if set.Level == "" {
		set.Level = r.Level
	}
	return set
}

// Off lists the rules that are switched off.
func (s Settings) Off() (off []Rule) {
	for _, r := range Rules() {
		if s[r.ID].Off {
			off = append(off, r)
		}
	}
	return off
}

// Device asks every rule that is not switched off, and puts the answers
// together.
func Device(f Facts, s Settings) trace.Verdict {
	checks := make([]trace.Check, 0, len(Rules()))
	for _, r := range Rules() {
		set := s.Of(r)
		if set.Off {
			continue
		}
		c := trace.Check{Rule: r.ID}
		switch found := r.Ask(f); found.Result {
		case NotApplicable:
			continue
		case Passed:
			c.Level, c.Message = trace.Pass, found.Message
		case Failed:
			c.Level, c.Message = set.Level, found.Message
		default:
			c.Level, c.Message, c.Missing = trace.NotChecked, found.Message, found.Missing
		}
		checks = append(checks, c)
	}
	return Judge(checks...)
}

// Judge puts checks together under the title that the eye should meet first: the
// worst check's message, or that all is well.
func Judge(checks ...trace.Check) trace.Verdict {
	v := trace.Judge("", checks...)
	v.Title = title(v)
	return v
}

func title(v trace.Verdict) string {
	if v.Level == trace.Pass {
		return "All checks passed"
	}
	for _, c := range v.Checks {
		if c.Level == v.Level {
			switch v.Level {
			case trace.Stop:
				return "Stop. " + strings.TrimPrefix(c.Message, "Stop. ")
			case trace.NotChecked:
				return "No fault found, but not everything could be checked"
			}
			return c.Message
		}
	}
	return ""
}

// IsAtScan reports whether only the moment of scanning answers a rule. Ids of
// rules that there are no longer are none.
func IsAtScan(id string) bool {
	if id == "procedure" || id == "twice" || id == "burst" { // the desk's own
		return true
	}
	r, ok := ByID(id)
	return ok && r.AtScan
}
