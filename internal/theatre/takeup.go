package theatre

import (
	"context"
	"slices"
	"strings"
	"time"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// Elsewhere is a procedure that is open and that no reading at this desk belongs to.
type Elsewhere struct {
	Procedure trace.ProcedureID `json:"procedure"`
	Code      trace.Code        `json:"code,omitzero"`
	Side      trace.Side        `json:"side,omitempty"`
	Place     trace.Place       `json:"place,omitzero"`
	Start     time.Time         `json:"start"`
	At        []string          `json:"at"` // the workstations that have it open
}

// recently is how long an open procedure is offered to be taken up.
const recently = 24 * time.Hour

// leftVia marks the entry by which a workstation lets go of an open procedure.
const leftVia = "left:"

// resume takes up what this workstation had open before the program ended: of the
// procedures of the last day, the one of which it said something last.
func (d *Desk) resume(ctx context.Context) error {
	var latest uint64
	for h, err := range d.recorder.Store.Procedures(ctx, trace.ProcedureQuery{From: d.recorder.Clock().Add(-recently), OpenOnly: true}) {
		if err != nil {
			return err
		}
		var last trace.Stamp
		for _, s := range h.Procedure.History {
			if s.Position.Node == d.recorder.Store.Node() && strings.TrimPrefix(s.By.Via, leftVia) == d.via() && s.Position.Seq+1 > last.Position.Seq {
				last = s
			}
		}
		if last.By.Via == d.via() && last.Position.Seq+1 > latest {
			latest, d.procedure = last.Position.Seq+1, h.Procedure.ID
		}
	}
	return d.recall(ctx)
}

// recallMost bounds the readings that are looked through for those of a procedure.
const recallMost = 300

// recall puts the answers to the latest readings of the open procedure back on the
// screen, with d.mu held or before anybody knows of d.
func (d *Desk) recall(ctx context.Context) error {
	d.recent = nil
	if d.procedure.IsZero() {
		return nil
	}
	looked := 0
	for h, err := range d.recorder.Store.Readings(ctx, nil) {
		if err != nil {
			return err
		}
		if looked++; looked > recallMost || len(d.recent) >= recentMost {
			break
		}
		if h.Reading.Procedure != d.procedure {
			continue
		}
		a, err := d.answer(ctx, h.Reading.ReadingFact, h.Reading.Stamp.Occurred)
		if err != nil {
			return err
		}
		a.Unconfirmed = h.Reading.Stamp.By.Unconfirmed
		d.recent = append(d.recent, a)
	}
	return nil
}

// TakeUp shows an open procedure at this desk too. That is recorded; what is
// scanned here from then on belongs to it.
func (d *Desk) TakeUp(ctx context.Context, m command.Meta, id trace.ProcedureID) error {
	return d.hold(ctx, m, id, "take up", d.via(), func(p trace.Procedure) error {
		switch {
		case !p.Open():
			return trace.Errorf(trace.Conflict, "This procedure is closed.")
		case d.procedure == id:
			return trace.Errorf(trace.Conflict, "This procedure is open here already.")
		case !d.procedure.IsZero():
			return trace.Errorf(trace.Conflict, "A procedure is open here already. Close it, or leave it, first.")
		case d.patient.IsZero():
			return nil
		}
		same, err := trace.SamePatients(ctx, d.recorder.Store, p.Patient)
		if err == nil && !slices.Contains(same, d.patient) {
			err = trace.Errorf(trace.Conflict, "The wristband that was scanned here is another patient's. Start again lets go of it.")
		}
		return err
	}, func() error {
		d.begin(id)
		return d.recall(ctx)
	})
}

// Leave lets go of the procedure that is open here and leaves it open for other
// workstations.
func (d *Desk) Leave(ctx context.Context, m command.Meta, id trace.ProcedureID) error {
	return d.hold(ctx, m, id, "leave", leftVia+d.via(), func(trace.Procedure) error {
		if d.procedure != id {
			return trace.Errorf(trace.Conflict, "That procedure is not open here.")
		}
		return nil
	}, func() error {
		d.leave(id)
		return nil
	})
}

// hold records that this desk takes up or leaves a procedure, if it may, and does it.
func (d *Desk) hold(ctx context.Context, m command.Meta, id trace.ProcedureID, what, via string, may func(trace.Procedure) error, do func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	canon, _, done, err := d.recorder.Before(ctx, m.ID, what, []string{id.String(), d.at.ID})
	if done {
		return err
	}
	p, err := d.recorder.Store.Procedure(ctx, id)
	if err != nil {
		return err
	}
	if err := d.drain(ctx); err != nil {
		return err
	}
	if d.procedure != id && !d.procedure.IsZero() { // it may have been closed elsewhere
		was, err := d.recorder.Store.Procedure(ctx, d.procedure)
		if err != nil {
			return err
		}
		if !was.Open() {
			d.leave(was.ID)
		}
	}
	if err := may(p); err != nil {
		return err
	}
	m.By.Via = via
	if _, err := d.recorder.Record(ctx, m, canon, trace.Draft{Subject: p.Patient, Fact: trace.ProcedureFact{Procedure: id}}); err != nil {
		return err
	}
	err = do()
	d.watch.tell()
	return err
}

// onTheFloor says what a desk's page shows of the others.
func (d *Desk) onTheFloor(ctx context.Context, s *State, procedure trace.ProcedureID) error {
	f := d.floor
	s.Paired, s.Lost, s.Unpaired = f.handhelds(d.at.ID)
	s.Loose = f.loose()
	if s.Paired == nil {
		s.Paired = []string{}
	}
	if s.Lost == nil {
		s.Lost = []string{}
	}
	if s.Loose == nil {
		s.Loose = []Answer{}
	}
	s.Shared, s.Elsewhere = f.showing(d, procedure), []Elsewhere{}
	if !procedure.IsZero() {
		return nil
	}
	for h, err := range d.recorder.Store.Procedures(ctx, trace.ProcedureQuery{From: d.recorder.Clock().Add(-recently), OpenOnly: true}) {
		if err != nil {
			return err
		}
		p := h.Procedure
		s.Elsewhere = append(s.Elsewhere, Elsewhere{Procedure: p.ID, Code: p.Code, Side: p.Side, Place: p.Place, Start: p.Start, At: f.showing(d, p.ID)})
	}
	return nil
}

// showing are the other workstations that have a procedure open.
func (f *Floor) showing(but *Desk, id trace.ProcedureID) []string {
	at := []string{}
	if id.IsZero() {
		return at
	}
	for _, d := range f.all() {
		if d == but {
			continue
		}
		d.mu.Lock()
		shows := d.procedure == id
		d.mu.Unlock()
		if shows {
			at = append(at, d.at.String())
		}
	}
	slices.Sort(at)
	return at
}

func (w Workstation) String() string {
	switch {
	case w.Name != "":
		return w.Name
	case w.ID == "":
		return "the node's own page"
	}
	return "page " + w.ID
}
