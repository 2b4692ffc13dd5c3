package theatre

import (
	"context"
	"slices"
	"sync"
	"time"

	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/scanner"
)

// Desk is one workstation: who and what was scanned before a procedure is
// opened, the open procedure, and the latest answers. It is safe for concurrent
// use; readings are taken one after the other.
type Desk struct {
	recorder command.Recorder
	scanners func() []scanner.SerialState

	mu        sync.Mutex // held while a reading is recorded
	patient   trace.PatientID
	place     trace.Place
	people    []trace.Person
	procedure trace.ProcedureID
	recent    []Answer // latest first
	trouble   string   // why readings wait, "" when none do

	watch watchers
	queue queue
}

// recentMost is how many answers the page keeps in view.
const recentMost = 30

// NewDesk makes a desk. scanners tells the state of its handhelds; nil: none.
// A procedure that this desk left open in the last day is taken up again.
func NewDesk(ctx context.Context, r command.Recorder, scanners func() []scanner.SerialState) (*Desk, error) {
	if scanners == nil {
		scanners = func() []scanner.SerialState { return nil }
	}
	d := &Desk{recorder: r, scanners: scanners}
	d.queue.wake = make(chan struct{}, 1)
	for h, err := range r.Store.Procedures(ctx, trace.ProcedureQuery{From: r.Clock().Add(-24 * time.Hour), OpenOnly: true}) {
		if err != nil {
			return nil, err
		}
		if h.Procedure.History[0].By.Via == Via {
			d.procedure = h.Procedure.ID
			break
		}
	}
	return d, nil
}

// Via marks the entries that come from a desk's page.
const Via = "theatre"

// State is what the page shows.
type State struct {
	Patient   trace.PatientID        `json:"patient,omitzero"` // identified, and no procedure opened yet
	Identity  *trace.Identity        `json:"identity,omitempty"`
	Place     trace.Place            `json:"place,omitzero"`
	People    []trace.Person         `json:"people"`
	Procedure *trace.ProcedureInFull `json:"procedure,omitempty"`
	Recent    []Answer               `json:"recent"` // latest first
	Scanners  []scanner.SerialState  `json:"scanners"`
	Waiting   int                    `json:"waiting"`           // readings not recorded yet
	Trouble   string                 `json:"trouble,omitempty"` // why they wait
}

// State gathers what the page shows.
func (d *Desk) State(ctx context.Context) (State, error) {
	d.mu.Lock()
	s := State{Patient: d.patient, Place: d.place, People: slices.Clone(d.people), Recent: slices.Clone(d.recent), Trouble: d.trouble}
	procedure := d.procedure
	d.mu.Unlock()
	s.Scanners = d.scanners()
	s.Waiting = d.queue.len()
	if s.People == nil {
		s.People = []trace.Person{}
	}
	if s.Recent == nil {
		s.Recent = []Answer{}
	}
	if s.Scanners == nil {
		s.Scanners = []scanner.SerialState{}
	}
	store := d.recorder.Store
	if !procedure.IsZero() {
		p, err := store.Procedure(ctx, procedure)
		if err != nil {
			return s, err
		}
		if p.Open() { // it may have been closed elsewhere
			full, err := trace.ProcedureWithUsages(ctx, store, p)
			if err != nil {
				return s, err
			}
			s.Procedure = &full
			s.Identity = &full.Identity
			return s, nil
		}
		d.leave(procedure)
	}
	if !s.Patient.IsZero() {
		who, err := store.Identity(ctx, s.Patient)
		if err != nil {
			return s, err
		}
		s.Identity = &who
	}
	return s, nil
}

// leave forgets a procedure that is over.
func (d *Desk) leave(id trace.ProcedureID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.procedure == id {
		d.procedure = trace.ProcedureID{}
	}
}

// Open opens a procedure at this desk. A patient, place or people that the
// command does not name are those that were scanned.
func (d *Desk) Open(ctx context.Context, c command.OpenProcedure) (trace.ProcedureID, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id := trace.ProcedureID(c.ID)
	if !d.procedure.IsZero() && d.procedure != id {
		p, err := d.recorder.Store.Procedure(ctx, d.procedure)
		if err != nil {
			return id, err
		}
		if p.Open() {
			return id, trace.Errorf(trace.Conflict, "A procedure is open here already. Close it first.")
		}
	}
	if d.procedure == id { // the page repeats: what was scanned has been used up
		return id, nil
	}
	if c.Who.IsZero() {
		c.Who.Patient = d.patient
	}
	if c.Who.IsZero() {
		return id, trace.Errorf(trace.Invalid, "Scan the patient's wristband first, or type the number.")
	}
	if c.Place == (trace.Place{}) {
		c.Place = d.place
	} else if c.Place.GLN == "" {
		c.Place.GLN, c.Place.Extension = d.place.GLN, d.place.Extension
	}
	for _, p := range d.people {
		if !slices.ContainsFunc(c.People, func(o trace.Person) bool { return o.Code == p.Code && p.Code != "" }) {
			c.People = append(c.People, p)
		}
	}
	c.By.Via = Via
	id, err := d.recorder.OpenProcedure(ctx, c)
	if err != nil {
		return id, err
	}
	d.procedure, d.patient, d.people = id, trace.PatientID{}, nil
	d.watch.tell()
	return id, nil
}

// Close closes the procedure that is open at this desk.
func (d *Desk) Close(ctx context.Context, c command.CloseProcedure) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c.Procedure.IsZero() {
		c.Procedure = d.procedure
	}
	if c.Procedure.IsZero() {
		return trace.Errorf(trace.Conflict, "No procedure is open here.")
	}
	c.By.Via = Via
	if err := d.recorder.CloseProcedure(ctx, c); err != nil {
		return err
	}
	if d.procedure == c.Procedure {
		d.procedure = trace.ProcedureID{}
		d.recent = nil // the next patient's screen shows nothing of this one's
	}
	d.watch.tell()
	return nil
}

// Forget lets go of the patient, place and people scanned so far. Nothing is
// taken out of the record.
func (d *Desk) Forget() {
	d.mu.Lock()
	d.patient, d.place, d.people, d.recent = trace.PatientID{}, trace.Place{}, nil, nil
	d.mu.Unlock()
	d.watch.tell()
}

// Changed tells the pages that something they show was changed elsewhere.
func (d *Desk) Changed() { d.watch.tell() }

// Watch gives a channel on which something comes after every change, and the
// function that ends it. Changes that come faster than they are taken count as
// one.
func (d *Desk) Watch() (<-chan struct{}, func()) { return d.watch.add() }

// Waiting is how many readings are not recorded yet.
func (d *Desk) Waiting() int { return d.queue.len() }
