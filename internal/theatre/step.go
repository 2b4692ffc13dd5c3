package theatre

import (
	"context"
	"fmt"

	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// step is what somebody asks of the desk by a code or a touch, worked out against
// the record: what is recorded, what the desk remembers once it is, and the words.
// One that is refused records nothing.
type step struct {
	title   string
	message string
	refused bool
	already bool          // nothing is recorded, because it is so already
	usage   trace.UsageID // it is about; zero: none
	drafts  []trace.Draft
	settle  func() // with d.mu held; nil: nothing
}

func refusing(title, message string) step { return step{title: title, message: message, refused: true} }

// carry takes what a code asks for into the record with the reading of the code.
func (t *taking) carry(s step, err error) error {
	if err != nil {
		return err
	}
	level := trace.Pass
	switch {
	case s.refused:
		level = trace.Warn
	case s.already:
		level = trace.Note
	}
	t.fact.Usage, t.more = s.usage, s.drafts
	t.fact.Verdict = trace.Judge(s.title, trace.Check{Rule: "action", Level: level, Message: s.message})
	if s.settle != nil {
		t.settle = s.settle
	}
	return nil
}

// do carries out what is asked by touch. What is refused is an error of kind
// Conflict.
func (d *Desk) do(ctx context.Context, m command.Meta, name string, asked any, work func() (step, error)) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	canon, _, done, err := d.recorder.Before(ctx, m.ID, "desk: "+name, asked)
	if done || err != nil {
		return err
	}
	if err := d.drain(ctx); err != nil { // what was scanned before counts
		return err
	}
	s, err := work()
	if err != nil {
		return err
	}
	if s.refused {
		return trace.Errorf(trace.Conflict, "%s", s.message)
	}
	if len(s.drafts) > 0 {
		m.By.Via = d.via()
		if _, err := d.recorder.Record(ctx, m, canon, s.drafts...); err != nil {
			return err
		}
	}
	if s.settle != nil {
		s.settle()
	}
	d.watch.tell()
	return nil
}

// here is the procedure that is open at this desk, with d.mu held.
func (d *Desk) here(ctx context.Context) (trace.Procedure, error) {
	none := trace.Errorf(trace.Conflict, "No procedure is open here.")
	if d.procedure.IsZero() {
		return trace.Procedure{}, none
	}
	p, err := d.recorder.Store.Procedure(ctx, d.procedure)
	if err == nil && !p.Open() {
		err = none
	}
	return p, err
}

// orRefused words an error that the record gives for a step: what is refused is no
// failure of the desk.
func orRefused(title string, err error) (step, error) {
	switch trace.KindOf(err) {
	case trace.Invalid, trace.Conflict:
		return refusing(title, err.Error()), nil
	}
	return step{}, err
}

// named is a device as people call it: what it is and its lot or serial number.
func named(u trace.UsageInFull) string {
	d := u.Usage.Device
	name := u.Product.Description
	for _, other := range []string{u.Product.Brand, u.Usage.Described, d.DI} {
		if name == "" {
			name = other
		}
	}
	if name == "" {
		name = "a device without an identifier"
	}
	switch {
	case d.DonationID != "":
		if d.DI == "" && name == "a device without an identifier" {
			name = "tissue"
		}
		return name + ", donation " + udi.DonationWords(d.DonationID)
	case d.Serial != "":
		return name + ", serial " + d.Serial
	case d.Lot != "":
		return name + ", lot " + d.Lot
	}
	return name
}

// closing closes a procedure: at once where every device has an outcome, or where
// it was asked about those that have none; id is that of the reading that asks for it.
func (d *Desk) closing(ctx context.Context, id trace.EventID, p trace.Procedure, sure bool) (step, error) {
	full, err := trace.ProcedureWithUsages(ctx, d.recorder.Store, p)
	if err != nil {
		return step{}, err
	}
	open, alone := Unresolved(full.Usages), AwaitingSecond(full.Usages)
	if len(open)+len(alone) > 0 && !sure {
		q := &Question{ID: id, Kind: AskClose}
		var words string
		if len(open) > 0 {
			words = countedNames("1 device has no outcome", "%d devices have no outcome", open) + ". Say what became of them. "
		}
		if len(alone) > 0 {
			words += countedNames("1 device was typed and is not confirmed by a second person", "%d devices were typed and are not confirmed by a second person", alone) + ". That can be done later, on the page of the procedure. "
		}
		s := refusing("Not closed yet", words+"Scan Close again, or Yes, to leave it so.")
		s.settle = func() { d.asks = q }
		return s, nil
	}
	c, err := d.recorder.Closing(ctx, command.CloseProcedure{Procedure: p.ID})
	if err != nil {
		return orRefused("Not closed", err)
	}
	words := "The next patient's wristband is awaited."
	if len(open) > 0 {
		words = fmt.Sprintf("%d without an outcome. %s", len(open), words)
	}
	if len(alone) > 0 {
		words = fmt.Sprintf("%d not confirmed by a second person. %s", len(alone), words)
	}
	return step{title: "Procedure closed", message: words, drafts: []trace.Draft{c}, settle: func() { d.leave(p.ID) }}, nil
}

// countedNames are devices behind how many there are: one, or the number in words.
func countedNames(one, several string, us []trace.UsageInFull) string {
	words := one
	if len(us) > 1 {
		words = fmt.Sprintf(several, len(us))
	}
	for i, u := range us {
		if i == 0 {
			words += ": "
		} else {
			words += "; "
		}
		words += named(u)
	}
	return words
}

// Unresolved are the devices that have no outcome, of those that were not taken off.
func Unresolved(usages []trace.UsageInFull) (open []trace.UsageInFull) {
	for _, u := range usages {
		if !u.Usage.Withdrawn && !u.Usage.Status.Outcome() {
			open = append(open, u)
		}
	}
	return open
}

// piecesMost is how many pieces of one label can be said at once.
const piecesMost = 99

// Pieces says how many pieces there are of a device without a serial number, in the
// procedure that is open at this desk: each is a device of its own.
func (d *Desk) Pieces(ctx context.Context, m command.Meta, usage trace.UsageID, n int) error {
	return d.do(ctx, m, "pieces", []string{usage.String(), fmt.Sprint(n)}, func() (step, error) {
		p, err := d.here(ctx)
		if err != nil {
			return step{}, err
		}
		u, err := d.inFull(ctx, usage)
		if err != nil {
			return step{}, err
		}
		if u.Usage.Procedure != p.ID || u.Usage.Withdrawn {
			return refusing("", "That device is not in this procedure."), nil
		}
		return d.pieces(ctx, m.ID, p, u, n)
	})
}

// pieces brings the devices of a procedure with the label of u to n: those that are
// missing are recorded, each on its own. id makes theirs.
func (d *Desk) pieces(ctx context.Context, id trace.EventID, p trace.Procedure, u trace.UsageInFull, n int) (step, error) {
	const title = "Not done: quantity"
	label := u.Usage
	switch {
	case label.Device.Serial != "":
		return refusing(title, "This device has a serial number: there is one of it. Scan the other one."), nil
	case label.Damaged:
		return refusing(title, "This code was not read whole. Scan each pack on its own."), nil
	case n > piecesMost:
		return refusing(title, fmt.Sprintf("More than %d of one label are not recorded at once.", piecesMost)), nil
	}
	full, err := trace.ProcedureWithUsages(ctx, d.recorder.Store, p)
	if err != nil {
		return step{}, err
	}
	have := len(PiecesOf(full, label))
	if n < have {
		return refusing(title, fmt.Sprintf("There are %d of this label already. Take off what was not there on the page.", have)), nil
	}
	s := step{title: fmt.Sprintf("%d of it: %s", n, named(u)), message: fmt.Sprintf("%s: %d now, each for itself.", named(u), n), usage: label.ID}
	for i := have; i < n; i++ {
		draft, err := d.recorder.Using(ctx, trace.DeriveID[trace.OfUsage](id, fmt.Sprint("piece ", i)), p,
			command.RecordUsage{Carriers: label.Carriers, Device: label.Device, Side: label.Side, Picked: label.Picked, Supply: label.Supply, Described: label.Described})
		if err != nil {
			return orRefused(title, err)
		}
		s.drafts = append(s.drafts, draft)
	}
	return s, nil
}

// PiecesOf are the devices of a procedure with the label of u, but for those that were
// taken off; none of what was damaged, whose label nobody knows.
func PiecesOf(p trace.ProcedureInFull, u trace.Usage) (all []trace.Usage) {
	for _, o := range p.Usages {
		if !o.Usage.Withdrawn && sameLabel(o.Usage, u) {
			all = append(all, o.Usage)
		}
	}
	return all
}

// sameLabel reports whether two devices have one label: nothing tells the one from
// the other.
func sameLabel(a, b trace.Usage) bool {
	return a.Device == b.Device && a.Picked == b.Picked && a.Side == b.Side && !a.Damaged && !b.Damaged
}

// outcomeOf says what became of a device.
func (d *Desk) outcomeOf(ctx context.Context, o outcome, u trace.UsageInFull, reason string) (step, error) {
	title := "Not done: " + o.words()
	if u.Usage.Status == o.status {
		return step{title: o.words() + " already: " + named(u), message: "That is what is recorded of " + named(u) + ". Nothing was changed.", usage: u.Usage.ID, already: true}, nil
	}
	drafts, err := d.recorder.Outcome(ctx, command.SetOutcome{Usage: u.Usage.ID, Status: o.status, Reason: reason})
	if err != nil {
		s, err := orRefused(title, err)
		if s.refused {
			s.message += " Use the page. This is about " + named(u) + "."
			s.usage = u.Usage.ID
		}
		return s, err
	}
	words := "Recorded of " + named(u) + "."
	if reason != "" {
		words = "Recorded of " + named(u) + ": " + reason + "."
	}
	if o.status == trace.Explanted {
		if f, _ := drafts[0].Fact.(trace.UsageFact); f.Explants.IsZero() {
			words += " The record has no one implant that it was: choose it on the page, or it was put in elsewhere."
		} else {
			words += " It ends the implant that this patient had."
		}
	}
	return step{title: o.words() + ": " + named(u), message: words, usage: u.Usage.ID, drafts: drafts, settle: func() { d.asks = nil }}, nil
}

// inFull is a device with its product.
func (d *Desk) inFull(ctx context.Context, id trace.UsageID) (trace.UsageInFull, error) {
	u, err := d.recorder.Store.Usage(ctx, id)
	if err != nil {
		return trace.UsageInFull{}, err
	}
	return trace.InFull(ctx, d.recorder.Store, u)
}
