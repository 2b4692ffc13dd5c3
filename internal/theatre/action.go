package theatre

import (
	"context"
	"slices"
	"strings"

	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// action takes a code from a sheet of actions.
func (t *taking) action(ctx context.Context) error {
	action, argument := t.means.Action.Split()
	i := slices.IndexFunc(outcomes, func(o outcome) bool { return o.action == action })
	switch {
	case action == udi.ActionPair:
		t.pair(argument)
	case i >= 0:
		return t.outcome(ctx, outcomes[i])
	default:
		t.fact.Verdict = trace.Judge("Read, and nothing was done", trace.Check{Rule: "reading", Level: trace.Note,
			Message: "This page takes no codes for that action. Set the outcome on the page."})
	}
	return nil
}

// outcome is what a code for an action says of a device.
type outcome struct {
	action udi.Action
	status trace.Status
}

var outcomes = []outcome{{udi.ActionOpened, trace.Opened}, {udi.ActionImplanted, trace.Implanted}, {udi.ActionOpenedNotUsed, trace.NotUsed},
	{udi.ActionWasted, trace.Wasted}, {udi.ActionReturned, trace.Returned}, {udi.ActionTrial, trace.Trial}}

// ActionCode is a code on the sheet of actions.
type ActionCode struct {
	Words string
	Text  string
}

// ActionCodes are those that a desk carries out, in the order of the sheet.
func ActionCodes() (all []ActionCode) {
	for _, o := range outcomes {
		all = append(all, ActionCode{o.words(), o.action.SheetText()})
	}
	return all
}

func (o outcome) words() string {
	s := o.status.String()
	return strings.ToUpper(s[:1]) + s[1:]
}

type onlyScans struct{}

// OnlyScanning marks what is read in a context as read by somebody who may have
// devices checked, and may not say what became of them.
func OnlyScanning(ctx context.Context) context.Context {
	return context.WithValue(ctx, onlyScans{}, true)
}

// outcome says of the device scanned last what became of it. Nothing is said of any
// where none was scanned in this procedure at this desk since it was taken up, where
// the last wristband was another patient's, and where the page would refuse it: a
// warning or a stop is overridden by touch only.
func (t *taking) outcome(ctx context.Context, o outcome) error {
	refuse := func(message string) {
		t.fact.Verdict = trace.Judge("Not done: "+o.words(), trace.Check{Rule: "action", Level: trace.Warn, Message: message})
	}
	last := t.desk.last
	switch {
	case t.desk.loose, t.procedure.ID.IsZero(), t.late, t.desk.procedure != t.procedure.ID:
		refuse("No procedure is open here.")
		return nil
	case t.desk.stranger:
		refuse("The last wristband was another patient's. Scan the wristband of this patient first.")
		return nil
	case t.desk.by(ctx, t.reading).Unconfirmed || ctx.Value(onlyScans{}) != nil:
		refuse("Nobody who may say it is signed in. Sign in, and scan it again.")
		return nil
	case last.IsZero():
		refuse("Scan the device first, and then what became of it.")
		return nil
	}
	u, err := t.desk.recorder.Store.Usage(ctx, last)
	if err != nil {
		return err
	}
	if u.Procedure != t.procedure.ID {
		refuse("The device that was scanned last is not in this procedure any more. Scan it again.")
		return nil
	}
	t.fact.Usage = u.ID
	if u.Status == o.status {
		t.fact.Verdict = trace.Judge(o.words()+" already", trace.Check{Rule: "action", Level: trace.Note, Message: "That is what is recorded of " + u.Device.HRF() + ". Nothing was changed."})
		return nil
	}
	d, err := t.desk.recorder.Outcome(ctx, command.SetOutcome{Usage: u.ID, Status: o.status})
	switch trace.KindOf(err) {
	case trace.Invalid, trace.Conflict:
		if err != nil {
			refuse(err.Error() + " Use the page. This is about " + u.Device.HRF() + ".")
			return nil
		}
	}
	if err != nil {
		return err
	}
	t.more = []trace.Draft{d}
	t.fact.Verdict = trace.Judge(o.words(), trace.Check{Rule: "action", Level: trace.Pass, Message: "Recorded of the device scanned last: " + u.Device.HRF() + "."})
	return nil
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
