package check

import (
	"slices"
	"strings"

	"implantrace/internal/trace"
)

// recall: does a recall notice or the site's quarantine name this device? A
// device that nobody held against the notices must not look cleared.
var recall = Rule{ID: "recall", Asks: "Is it named by a recall notice or in quarantine?", Level: trace.Stop, Hazard: "HAZ-05", Ask: func(f Facts) Finding {
	sure, possible := named(f)
	switch {
	case len(sure) > 0:
		return fail("This device is " + strings.Join(sure, "; ") + ". Do not use it.")
	case len(possible) > 0: // the rule below says so
		return notApplicable
	case !slices.Contains(f.Lists, trace.ByRecall):
		return unknown("recall notices", "Not compared with recall notices: this node keeps none.")
	}
	return pass("No recall notice or quarantine of this node names this device.")
}}

// recallPossible: can it be excluded that a notice or quarantine names it?
var recallPossible = Rule{ID: "recall-possible", Asks: "Can it be told from devices that are recalled or in quarantine?", Level: trace.Warn, Hazard: "HAZ-05", Ask: func(f Facts) Finding {
	sure, possible := named(f)
	if len(sure) > 0 || len(possible) == 0 { // the rule above says all
		return notApplicable
	}
	return fail("This device cannot be told from one that is " + strings.Join(possible, "; ") + ".")
}}

// named puts into words what names the device, and what may.
func named(f Facts) (sure, possible []string) {
	for _, n := range f.Named {
		words := "named by the recall notice"
		if n.By == trace.ByQuarantine {
			words = "in quarantine"
		}
		if n.Title != "" {
			words += ": " + strings.TrimRight(n.Title, ".")
		}
		if n.Possible {
			possible = append(possible, words)
		} else {
			sure = append(sure, words)
		}
	}
	return sure, possible
}
