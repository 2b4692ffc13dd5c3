package check

import (
	"slices"
	"strings"

	"implantrace/internal/trace"
)

// recall: does a recall notice or the site's quarantine name this device? A
// device that nobody held against the notices must not look cleared.
func recall(f Facts) trace.Check {
	const rule = "recall"
	var sure, possible []string
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
	switch {
	case len(sure) > 0:
		return answer(rule, trace.Stop, "This device is "+strings.Join(sure, "; ")+". Do not use it.")
	case len(possible) > 0:
		return answer(rule, trace.Warn, "This device cannot be told from one that is "+strings.Join(possible, "; ")+".")
	case !slices.Contains(f.Lists, trace.ByRecall):
		return answer(rule, trace.NotChecked, "Not compared with recall notices: this node keeps none.")
	}
	return answer(rule, trace.Pass, "No recall notice or quarantine of this node names this device.")
}
