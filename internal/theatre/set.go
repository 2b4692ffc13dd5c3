package theatre

import (
	"context"
	"fmt"

	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// OpenSet is the set whose list a desk shows, with what was taken out of it in the
// open procedure.
type OpenSet struct {
	Set   trace.Set `json:"set"`
	Lines []SetLine `json:"lines"`
}

// SetLine is one kind of piece of an open set.
type SetLine struct {
	trace.SetItem
	Key       string `json:"key"`
	Taken     int    `json:"taken"`      // pieces in this procedure
	NoOutcome int    `json:"no_outcome"` // of them, those of which nobody said what became
	Implanted int    `json:"implanted"`
	Wasted    int    `json:"wasted"`
}

// set takes the barcode of a tray: its list opens on the page. found is false for what is
// the barcode of none.
func (t *taking) set(ctx context.Context) (found bool, err error) {
	if t.means.Kind != udi.KindDevice && t.means.Kind != udi.KindText || t.reading.Text == "" {
		return false, nil
	}
	sets, err := t.desk.recorder.Store.SetsByCode(ctx, t.means.PlainText())
	if err != nil {
		if trace.KindOf(err) == trace.KindOf(trace.ErrRebuilding) {
			return false, nil // recording goes on: it is taken for what it says by itself
		}
		return false, err
	}
	if len(sets) == 0 {
		return false, nil
	}
	t.fact.Means, t.fact.Text, t.fact.Issues = udi.KindSet, t.reading.Text, nil
	say := func(title string, level trace.Level, message string) {
		t.fact.Verdict = trace.Judge(title, trace.Check{Rule: "set", Level: level, Message: message})
	}
	s := sets[0]
	switch {
	case len(sets) > 1:
		say("Two sets have this barcode", trace.Warn, fmt.Sprintf("%q and %q have the same barcode. Choose the set on the page, and have the list put right.", s.Name, sets[1].Name))
	case t.procedure.ID.IsZero() || t.late || t.desk.procedure != t.procedure.ID:
		say("Set: "+s.Name, trace.Note, "No procedure is open here: open it, and scan the tray again.")
	default:
		say("Set: "+s.Name, trace.Pass, "Its list is open. Say of each piece that is taken out how many, or scan its code on the printed sheet.")
		t.settle = func() { t.desk.set = s.Set }
	}
	return true, nil
}

// openSet gathers the list that a desk shows; nil where it shows none.
func (d *Desk) openSet(ctx context.Context, id trace.SetID, p trace.ProcedureInFull) (*OpenSet, error) {
	if id.IsZero() {
		return nil, nil
	}
	s, err := d.recorder.Store.Set(ctx, id)
	if trace.KindOf(err) == trace.NotFound && err != nil {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	o := &OpenSet{Set: s, Lines: []SetLine{}}
	for _, i := range s.Items {
		l := SetLine{SetItem: i, Key: s.ItemKey(i)}
		for _, u := range takenOf(p, s.Set, l.Key) {
			l.Taken++
			switch {
			case !u.Usage.Status.Outcome():
				l.NoOutcome++
			case u.Usage.Status == trace.Implanted:
				l.Implanted++
			case u.Usage.Status == trace.Wasted:
				l.Wasted++
			}
		}
		o.Lines = append(o.Lines, l)
	}
	return o, nil
}

// takenOf are the pieces of one kind that were taken out of a set, in the order of
// the record.
func takenOf(p trace.ProcedureInFull, set trace.SetID, key string) (all []trace.UsageInFull) {
	for _, u := range p.Usages {
		if !u.Usage.Withdrawn && u.Usage.Picked.Set == set && u.Usage.Picked.Item == key {
			all = append(all, u)
		}
	}
	return all
}

// ShowSet opens the list of a set at this desk, or closes it with the zero id.
func (d *Desk) ShowSet(ctx context.Context, procedure trace.ProcedureID, id trace.SetID) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if procedure.IsZero() || procedure != d.procedure {
		return trace.Errorf(trace.Conflict, "That procedure is not open here.")
	}
	if !id.IsZero() {
		if s, err := d.recorder.Store.Set(ctx, id); err != nil {
			return err
		} else if s.Removed {
			return trace.Errorf(trace.Conflict, "This set was removed.")
		}
	}
	d.set = id
	d.watch.tell()
	return nil
}

// SetStep is what is said of one kind of piece of a set.
type SetStep struct {
	Set  trace.SetID `json:"set"`
	Item string      `json:"item"` // its key
	// Change is 1 for one more that is taken out, -1 for one less.
	Change int `json:"change,omitempty"`
	// Lot is of the pieces that are taken, where the tray says it; "": it is not known.
	Lot string `json:"lot,omitempty"`
	// Status is what became of those that have no outcome yet.
	Status trace.Status `json:"status,omitempty"`
}

// PickSet carries out what was said of a piece of a set by touch.
func (d *Desk) PickSet(ctx context.Context, m command.Meta, q SetStep) error {
	return d.do(ctx, m, "set", q, func() (step, error) {
		p, err := d.here(ctx)
		if err != nil {
			return step{}, err
		}
		s, err := d.recorder.Store.Set(ctx, q.Set)
		if err != nil {
			return step{}, err
		}
		switch {
		case q.Change == 1 && q.Status == "":
			return d.pick(ctx, m.ID, p, s, q.Item, q.Lot)
		case q.Change == -1 && q.Status == "":
			return d.unpick(ctx, p, s, q.Item)
		case q.Change == 0 && q.Status.Outcome():
			return d.outcomeOfSet(ctx, p, s, q.Item, q.Status)
		}
		return step{}, trace.Errorf(trace.Invalid, "Say one more, one less, or what became of those that were taken.")
	})
}

// pick takes one piece out of a set: a device of the procedure, whose lot is not known
// unless it was said. id makes its id.
func (d *Desk) pick(ctx context.Context, id trace.EventID, p trace.Procedure, s trace.Set, key, lot string) (step, error) {
	const title = "Not taken"
	i, ok := s.Item(key)
	switch {
	case s.Removed:
		return refusing(title, "The set "+s.Name+" was removed. Choose the set again, and print its sheet anew."), nil
	case !ok:
		return refusing(title, "This piece is not in the set "+s.Name+" any more. Look at its list, and print its sheet anew."), nil
	}
	full, err := trace.ProcedureWithUsages(ctx, d.recorder.Store, p)
	if err != nil {
		return step{}, err
	}
	n := len(takenOf(full, s.Set, key)) + 1
	if n > piecesMost {
		return refusing(title, fmt.Sprintf("More than %d of one piece are not taken.", piecesMost)), nil
	}
	side := trace.Side("")
	if p.Side == trace.SideBilateral && d.procedure == p.ID {
		side = d.side
	}
	usage := trace.DeriveID[trace.OfUsage](id, "picked")
	draft, err := d.recorder.Using(ctx, usage, p, command.RecordUsage{Device: udi.Device{DI: i.DI, CatalogueNo: i.CatalogueNo, Lot: lot}, Side: side,
		Picked: trace.Picked{Set: s.Set, Name: s.Name, Item: key, LotUnknown: lot == ""}, Described: i.Words(), Supply: s.Supply})
	if err != nil {
		return orRefused(title, err)
	}
	words := fmt.Sprintf("%s: %d out of %s.", i.Words(), n, s.Name)
	if n > i.Quantity {
		words += fmt.Sprintf(" The list has %d: it may want to be put right.", i.Quantity)
	}
	if lot == "" {
		words += " Its lot is not known, and that is recorded."
	}
	return step{title: fmt.Sprintf("%d of %s", n, i.Words()), message: words, usage: usage, drafts: []trace.Draft{draft},
		settle: func() { d.set, d.last, d.asks = s.Set, usage, nil }}, nil
}

// unpick puts the last piece back that has no outcome yet.
func (d *Desk) unpick(ctx context.Context, p trace.Procedure, s trace.Set, key string) (step, error) {
	full, err := trace.ProcedureWithUsages(ctx, d.recorder.Store, p)
	if err != nil {
		return step{}, err
	}
	var last *trace.UsageInFull
	for _, u := range takenOf(full, s.Set, key) {
		if !u.Usage.Status.Outcome() && (last == nil || later(u.Usage.History[0], last.Usage.History[0])) {
			last = &u
		}
	}
	if last == nil {
		return refusing("", "No piece without an outcome is left to put back. Undo its outcome first, or put it right in the list."), nil
	}
	drafts, err := d.recorder.Correcting(ctx, command.Correct{Usage: last.Usage.ID, Withdraw: true, Reason: "Put back into the set at the theatre page."})
	if err != nil {
		return orRefused("", err)
	}
	return step{drafts: drafts, settle: func() { d.asks, d.last = nil, trace.UsageID{} }}, nil
}

// outcomeOfSet says what became of all pieces of one kind that have no outcome.
func (d *Desk) outcomeOfSet(ctx context.Context, p trace.Procedure, s trace.Set, key string, status trace.Status) (step, error) {
	full, err := trace.ProcedureWithUsages(ctx, d.recorder.Store, p)
	if err != nil {
		return step{}, err
	}
	var all step
	for _, u := range takenOf(full, s.Set, key) {
		if u.Usage.Status.Outcome() {
			continue
		}
		drafts, err := d.recorder.Outcome(ctx, command.SetOutcome{Usage: u.Usage.ID, Status: status})
		if err != nil {
			one, err := orRefused("", err)
			one.message += " Say it of each piece in the list of devices."
			return one, err
		}
		all.drafts = append(all.drafts, drafts...)
	}
	if len(all.drafts) == 0 {
		return refusing("", "No piece of it is without an outcome. Say first how many were taken out."), nil
	}
	return all, nil
}

// picking takes the code of a piece on a set's printed sheet.
func (t *taking) picking(ctx context.Context, key string) (step, error) {
	d := t.desk
	for s, err := range d.recorder.Store.Sets(ctx) {
		if err != nil {
			return step{}, err
		}
		if _, ok := s.Item(key); ok && !s.Removed {
			return d.pick(ctx, t.id, t.procedure, s, key, "")
		}
	}
	return refusing("Not taken", "No set has this piece any more. Look at the list of the set, and print its sheet anew."), nil
}

// SetCodes are the codes of a set's printed sheet: one for each kind of piece.
func SetCodes(s trace.Set) (all []ActionCode) {
	for _, i := range s.Items {
		all = append(all, ActionCode{Words: i.Words(), Text: udi.Action(string(udi.ActionPick) + ":" + s.ItemKey(i)).SheetText()})
	}
	return all
}
