package theatre

import (
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// action takes a code from a sheet of actions.
func (t *taking) action() {
	action, argument := t.means.Action.Split()
	switch {
	case action == udi.ActionPair:
		t.pair(argument)
	default:
		t.fact.Verdict = trace.Judge("Read, and nothing was done", trace.Check{Rule: "reading", Level: trace.Note,
			Message: "This page takes no codes for actions. Set the outcome on the page."})
	}
}

// pair answers a pairing code. The floor has paired the handheld already, if it
// could: what is read behind the code must not wait for its recording.
func (t *taking) pair(workstation string) {
	if workstation == nodesOwn {
		workstation = ""
	}
	here := !t.desk.loose && workstation == t.desk.at.ID
	switch {
	case here && t.reading.Scanner != "":
		t.fact.Verdict = trace.Judge("Paired with this page", trace.Check{Rule: "pairing", Level: trace.Pass,
			Message: "What " + t.reading.Scanner + " reads from now on belongs to this page."})
	case here:
		t.fact.Verdict = trace.Judge("Nothing to pair", trace.Check{Rule: "pairing", Level: trace.Note,
			Message: "What is typed, photographed or scanned into this page belongs to it anyhow. Only handhelds of the node are paired."})
	default:
		t.fact.Verdict = trace.Judge("Not paired", trace.Check{Rule: "pairing", Level: trace.Warn,
			Message: "This pairing code is not of this page. Scan the one that the page shows, with the handheld."})
	}
}

// loosely says of a reading that it came from a handheld which belongs to no page.
func (t *taking) loosely() {
	t.settle = func() {}
	v := t.fact.Verdict
	t.fact.Verdict = trace.Judge(v.Title, append(v.Checks, trace.Check{Rule: "pairing", Level: trace.Warn,
		Message: "The handheld " + t.reading.Scanner + " is paired with no page, and there are several: this was recorded, and linked to nothing. Scan the pairing code of the page you work at, and then this again."})...)
	if t.fact.Verdict.Level == trace.Warn {
		t.fact.Verdict.Title = "Pair this handheld with a page first"
	}
}
