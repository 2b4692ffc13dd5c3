package theatre

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// action takes a code from a sheet of actions.
func (t *taking) action(ctx context.Context) error {
	action, argument := t.means.Action.Split()
	d, p := t.desk, t.procedure
	if action == udi.ActionPair {
		t.pair(argument)
		return nil
	}
	if action == udi.ActionNextPatient && p.ID.IsZero() && !t.gone && !d.loose && t.mayAct(ctx) {
		return t.carry(step{title: "Start again", message: "The next patient's wristband is awaited.", settle: d.forget}, nil)
	}
	if action == udi.ActionOpen {
		return t.carry(t.opening(ctx, trace.Side(argument)))
	}
	if why := t.barred(ctx, action); why != "" {
		return t.carry(refusing("Not done: "+actionWords(action), why), nil)
	}
	switch action {
	case udi.ActionUndo:
		return t.carry(d.undoing(ctx, p, trace.EventID{}))
	case udi.ActionClose, udi.ActionNextPatient:
		sure := d.asks != nil && d.asks.Kind == AskClose
		return t.carry(d.closing(ctx, t.id, p, sure))
	case udi.ActionYes:
		return t.carry(d.reply(ctx, t.id, p, Yes))
	case udi.ActionNo:
		return t.carry(d.reply(ctx, t.id, p, No))
	case udi.ActionPick:
		return t.carry(t.picking(ctx, argument))
	}
	if d.last.IsZero() {
		return t.carry(refusing("Not done: "+actionWords(action), "Scan the device first, and then what became of it."), nil)
	}
	u, err := d.inFull(ctx, d.last)
	if err != nil {
		return err
	}
	if u.Usage.Procedure != p.ID || u.Usage.Withdrawn {
		return t.carry(refusing("Not done: "+actionWords(action), "The device that was scanned last is not in this procedure any more. Scan it again."), nil)
	}
	if action == udi.ActionQuantity {
		n, err := strconv.Atoi(argument)
		if err != nil {
			return t.carry(refusing("Not done: quantity", "The number cannot be read."), nil)
		}
		return t.carry(d.pieces(ctx, t.id, p, u, n))
	}
	if action == udi.ActionLoan || action == udi.ActionConsignment {
		return t.carry(d.supplying(ctx, u, trace.SupplyKind(action)))
	}
	i := slices.IndexFunc(outcomes, func(o outcome) bool { return o.action == action })
	return t.carry(d.outcomeOf(ctx, outcomes[i], u, strings.ReplaceAll(argument, "-", " ")))
}

// opening opens a procedure for the patient and with the code that were scanned, as
// the page does.
func (t *taking) opening(ctx context.Context, side trace.Side) (step, error) {
	const title = "Not opened"
	d := t.desk
	switch {
	case d.loose, t.gone:
		return refusing(title, "Scan it at the page where the procedure is."), nil
	case !t.procedure.ID.IsZero():
		return refusing(title, "A procedure is open here already. Close it first."), nil
	case !t.mayAct(ctx):
		return refusing(title, "Nobody who may open it is signed in. Sign in, and scan it again."), nil
	case d.patient.IsZero():
		return refusing(title, "Scan the patient's wristband first."), nil
	case d.code == (trace.Code{}):
		return refusing(title, "Scan the procedure's code first, or open it on the page."), nil
	}
	id := trace.DeriveID[trace.OfEvent](t.id, "procedure")
	drafts, err := d.recorder.Opening(ctx, command.OpenProcedure{Meta: command.Meta{ID: id}, Who: command.Who{Patient: d.patient}, Code: d.code, Side: side,
		Place: d.place, People: slices.Clone(d.people)})
	if err != nil {
		return orRefused(title, err)
	}
	t.via = d.via() // so that this desk takes it up again after a restart
	return step{title: "Procedure opened", message: d.code.String() + ", " + sideWords(side) + ".", drafts: drafts, settle: func() { d.begin(trace.ProcedureID(id)) }}, nil
}

// mayAct reports whether a code may do something: somebody is signed in who may use
// the desk.
func (t *taking) mayAct(ctx context.Context) bool {
	return !t.desk.by(ctx, t.reading).Unconfirmed && ctx.Value(onlyScans{}) == nil
}

// barred says why a code changes nothing now; "" where it may. Nothing is said of a
// device where no procedure is open here, or the last wristband was another
// patient's; and whoever may not do it on the page may not by a code.
func (t *taking) barred(ctx context.Context, action udi.Action) string {
	d := t.desk
	closes := action == udi.ActionClose || action == udi.ActionNextPatient
	// It is asked whose the last wristband was.
	whose := d.asks != nil && d.asks.Kind == AskSame && (action == udi.ActionYes || action == udi.ActionNo)
	switch {
	case d.loose, t.procedure.ID.IsZero(), t.late, d.procedure != t.procedure.ID:
		return "No procedure is open here."
	case d.stranger && !closes && !whose:
		return "The last wristband was another patient's. Scan the wristband of this patient first."
	case !t.mayAct(ctx):
		return "Nobody who may say it is signed in. Sign in, and scan it again."
	}
	return ""
}

// outcome is what a code for an action says of a device.
type outcome struct {
	action udi.Action
	status trace.Status
}

var outcomes = []outcome{{udi.ActionOpened, trace.Opened}, {udi.ActionImplanted, trace.Implanted}, {udi.ActionOpenedNotUsed, trace.NotUsed},
	{udi.ActionWasted, trace.Wasted}, {udi.ActionReturned, trace.Returned}, {udi.ActionTrial, trace.Trial}, {udi.ActionExplanted, trace.Explanted}}

// ActionCode is a code on the sheet of actions.
type ActionCode struct {
	Words string
	Text  string
}

// ActionCodes are those that a desk carries out, in the order of the sheet.
func ActionCodes() (all []ActionCode) {
	code := func(words string, a udi.Action) { all = append(all, ActionCode{words, a.SheetText()}) }
	for _, o := range outcomes {
		code(o.words(), o.action)
		for _, r := range reasons[o.action] {
			code(o.words()+": "+strings.ReplaceAll(r, "-", " "), o.action+udi.Action(":"+r))
		}
	}
	code("Yes", udi.ActionYes)
	code("No", udi.ActionNo)
	code("Undo last", udi.ActionUndo)
	for n := 2; n <= 6; n++ {
		code(fmt.Sprintf("%d of it", n), udi.ActionQuantity+udi.Action(fmt.Sprint(":", n)))
	}
	code("It is of a loan kit", udi.ActionLoan)
	code("It is consignment stock", udi.ActionConsignment)
	for _, s := range trace.Sides() {
		code("Open the procedure, "+sideWords(s), udi.ActionOpen+udi.Action(":"+string(s)))
	}
	code("Close", udi.ActionClose)
	code("Next patient", udi.ActionNextPatient)
	return all
}

func sideWords(s trace.Side) string {
	if s == trace.SideNone {
		return "sides do not apply"
	}
	return string(s)
}

// reasons are those on the sheet, for the actions that take one.
var reasons = map[udi.Action][]string{
	udi.ActionWasted:    {"dropped", "wrong-size", "damaged", "contaminated"},
	udi.ActionExplanted: {"infection", "loosening", "wear", "recall", "planned"},
}

// actionWords is an action as people call it.
func actionWords(a udi.Action) string {
	for _, o := range outcomes {
		if o.action == a {
			return o.words()
		}
	}
	return strings.ReplaceAll(string(a), "-", " ")
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
