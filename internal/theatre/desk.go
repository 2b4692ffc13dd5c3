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
	operator func() trace.Actor // who is at the desk; nil: nobody is asked
	at       Workstation
	floor    *Floor
	loose    bool   // it is no workstation: it records what unpaired handhelds read
	stop     func() // ends Run; kept by the floor

	mu        sync.Mutex // held while a reading is recorded
	patient   trace.PatientID
	place     trace.Place
	people    []trace.Person
	code      trace.Code
	procedure trace.ProcedureID
	side      trace.Side               // in a bilateral procedure, the side that is scanned for
	elsewhere trace.Place              // scanned last while the procedure was open, and not its own
	lastFor   trace.ProcedureID        // a device was scanned for last,
	lastForAt time.Time                // then
	came      []came                   // devices that handhelds brought onto the list in the last moments
	last      trace.UsageID            // the device that a code for an action is about: the one scanned last
	lastTurn  int                      // the reading that last comes from
	set       trace.SetID              // whose list the page shows
	asks      *Question                // about that reading; nil: nothing
	stranger  bool                     // the last wristband was that of another than the open procedure's patient
	recent    []Answer                 // latest first
	trouble   string                   // why readings wait, "" when none do
	unknown   map[trace.EventID]func() // what the desk is to remember of readings whose recording was not answered
	turn      int                      // counts the readings
	patientBy int                      // the reading that patient comes from, or the turn at which it was let go of
	badge     Badge                    // the last reading, if it was one

	watch *watchers
	queue queue
}

// unknownMost bounds the readings whose answer is still open.
const unknownMost = 1000

// recentMost is how many answers the page keeps in view.
const recentMost = 30

// NewDesk makes the one desk of a node that has no others. scanners tells the state
// of its handhelds; nil: none. A procedure that this desk left open in the last day
// is taken up again.
func NewDesk(ctx context.Context, r command.Recorder, scanners func() []scanner.SerialState) (*Desk, error) {
	f, err := NewFloor(ctx, r, scanners)
	if err != nil {
		return nil, err
	}
	return f.Main(), nil
}

func newDesk(r command.Recorder, scanners func() []scanner.SerialState, w *watchers) *Desk {
	d := &Desk{recorder: r, scanners: scanners, watch: w}
	d.queue.wake = make(chan struct{}, 1)
	return d
}

// Workstation says which desk this is.
func (d *Desk) Workstation() Workstation { return d.at }

// Via marks the entries that come from the node's own desk. Those of another
// workstation have its id behind a colon.
const Via = "theatre"

func (d *Desk) via() string {
	if d.at.ID == "" {
		return Via
	}
	return Via + ":" + d.at.ID
}

// State is what the page shows.
type State struct {
	Patient     trace.PatientID        `json:"patient,omitzero"` // identified, and no procedure opened yet
	Identity    *trace.Identity        `json:"identity,omitempty"`
	Place       trace.Place            `json:"place,omitzero"`
	People      []trace.Person         `json:"people"`
	Code        trace.Code             `json:"code,omitzero"` // of the procedure to be opened, from a sheet
	Procedure   *trace.ProcedureInFull `json:"procedure,omitempty"`
	Stranger    bool                   `json:"stranger,omitempty"` // the last wristband was that of another patient
	Side        trace.Side             `json:"side,omitempty"`     // of a bilateral procedure: the side that is scanned for
	Off         []string               `json:"off"`                // checks that are switched off at this site
	Awaited     string                 `json:"awaited"`            // what is to be scanned or said next, in one line
	Asks        *Question              `json:"asks,omitempty"`     // what is asked about the last reading
	Set         *OpenSet               `json:"set,omitempty"`      // whose list is open
	Undo        *Undoable              `json:"undo,omitempty"`     // the last step, which one touch takes back
	Recent      []Answer               `json:"recent"`             // latest first
	Scanners    []scanner.SerialState  `json:"scanners"`
	Workstation Workstation            `json:"workstation"`
	Paired      []string               `json:"paired"`            // handhelds that belong to this workstation
	Lost        []string               `json:"lost"`              // those that did, and went away since: pair them again
	Unpaired    int                    `json:"unpaired"`          // handhelds that are connected and belong to no workstation
	Loose       []Answer               `json:"loose"`             // what handhelds of no workstation read of late, where there are several; latest first
	Elsewhere   []Elsewhere            `json:"elsewhere"`         // procedures that are open, where none is here
	Shared      []string               `json:"shared"`            // other workstations that have this procedure open too
	Waiting     int                    `json:"waiting"`           // readings not recorded yet
	Trouble     string                 `json:"trouble,omitempty"` // why they wait
}

// State gathers what the page shows.
func (d *Desk) State(ctx context.Context) (State, error) {
	s, err := d.state(ctx)
	s.Awaited = awaited(s)
	return s, err
}

func (d *Desk) state(ctx context.Context) (State, error) {
	d.mu.Lock()
	s := State{Patient: d.patient, Place: d.place, People: slices.Clone(d.people), Code: d.code, Stranger: d.stranger, Side: d.side, Off: []string{}, Recent: slices.Clone(d.recent), Trouble: d.trouble}
	procedure, asks, set := d.procedure, d.asks, d.set
	d.mu.Unlock()
	s.Scanners = d.scanners()
	s.Waiting = d.queue.len()
	s.Workstation = d.at
	if err := d.onTheFloor(ctx, &s, procedure); err != nil {
		return s, err
	}
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
	settings, err := d.recorder.CheckSettings(ctx)
	if err != nil {
		return s, err
	}
	for _, r := range settings.Off() {
		s.Off = append(s.Off, r.ID)
	}
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
			s.Asks, s.Undo = d.asked(asks, full), undoable(full)
			s.Set, err = d.openSet(ctx, set, full)
			return s, err
		}
		d.mu.Lock()
		d.leave(procedure)
		s.Recent = slices.Clone(d.recent)
		d.mu.Unlock()
		if s.Recent == nil {
			s.Recent = []Answer{}
		}
	}
	if !s.Patient.IsZero() {
		who, _, err := store.Person(ctx, s.Patient)
		if err != nil {
			return s, err
		}
		s.Identity = &who
	}
	return s, nil
}

// leave forgets a procedure that is over, with d.mu held: the next patient's
// screen shows nothing of this one's.
func (d *Desk) leave(id trace.ProcedureID) {
	if d.procedure == id {
		d.procedure, d.stranger, d.recent, d.side, d.elsewhere, d.last, d.came = trace.ProcedureID{}, false, nil, "", trace.Place{}, trace.UsageID{}, nil
		d.asks, d.set = nil, trace.SetID{}
		d.settled()
	}
}

// settled lets go of what unanswered readings would still change at this desk.
func (d *Desk) settled() { d.unknown, d.patientBy = nil, d.turn }

// Open opens a procedure at this desk. A patient, place or people that the
// command does not name are those that were scanned. Readings that wait are
// recorded first: they may name another patient.
func (d *Desk) Open(ctx context.Context, c command.OpenProcedure) (trace.ProcedureID, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id := trace.ProcedureID(c.ID)
	if p, err := d.recorder.Store.Procedure(ctx, id); err == nil {
		return id, d.opened(ctx, p, c)
	} else if trace.KindOf(err) != trace.NotFound {
		return id, err
	}
	shown := d.patient
	if err := d.drain(ctx); err != nil {
		return id, err
	}
	if d.patient != shown && c.Who.IsZero() { // whoever asked has not seen that patient
		return id, trace.Errorf(trace.Conflict, "A wristband was read just now. Compare the patient on the screen, and open the procedure again.")
	}
	if !d.procedure.IsZero() {
		p, err := d.recorder.Store.Procedure(ctx, d.procedure)
		if err != nil {
			return id, err
		}
		if p.Open() {
			return id, trace.Errorf(trace.Conflict, "A procedure is open here already. Close it first.")
		}
		d.leave(d.procedure)
	}
	if c.Who.IsZero() {
		c.Who.Patient = d.patient
	} else if err := d.agrees(ctx, c.Who); err != nil {
		return id, err
	}
	if c.Who.IsZero() {
		return id, trace.Errorf(trace.Invalid, "Scan the patient's wristband first, or type the number.")
	}
	if c.Place == (trace.Place{}) {
		c.Place = d.place
	} else if c.Place.GLN == "" {
		c.Place.GLN, c.Place.Extension = d.place.GLN, d.place.Extension
	}
	if c.Code == (trace.Code{}) {
		c.Code = d.code
	}
	for _, p := range d.people {
		if !slices.ContainsFunc(c.People, func(o trace.Person) bool { return o.Code == p.Code && p.Code != "" }) {
			c.People = append(c.People, p)
		}
	}
	c.By.Via = d.via()
	id, err := d.recorder.OpenProcedure(ctx, c)
	if err != nil {
		return id, err
	}
	d.begin(id)
	return id, nil
}

// agrees refuses a patient who is named otherwise than the wristband that was
// scanned: one of the two is another person.
func (d *Desk) agrees(ctx context.Context, w command.Who) error {
	if d.patient.IsZero() {
		return nil
	}
	named := []trace.PatientID{w.Patient}
	if w.Patient.IsZero() {
		var err error
		if named, err = d.recorder.Search(ctx, w); err != nil {
			return err
		}
	}
	same, err := trace.SamePatients(ctx, d.recorder.Store, d.patient)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(named, func(id trace.PatientID) bool { return slices.Contains(same, id) }) {
		return trace.Errorf(trace.Conflict, "The number typed is not that of the wristband that was scanned. Compare both with the patient; Start again lets go of the wristband.")
	}
	return nil
}

// begin takes up a procedure that was opened: what was scanned before it has
// been used up.
func (d *Desk) begin(id trace.ProcedureID) {
	d.procedure, d.patient, d.people, d.code, d.stranger, d.side, d.elsewhere = id, trace.PatientID{}, nil, trace.Code{}, false, "", trace.Place{}
	d.last, d.asks, d.set = trace.UsageID{}, nil, trace.SetID{}
	d.settled()
	d.watch.tell()
}

// opened answers a command whose id is in the record as a procedure already. It
// is held against what was recorded; what this desk added to it is not the
// caller's, and may have changed since.
func (d *Desk) opened(ctx context.Context, p trace.Procedure, c command.OpenProcedure) error {
	used := trace.Errorf(trace.Conflict, "This id was used before, for another procedure.")
	first := p.History[0]
	if first.Event != c.ID {
		return used
	}
	if first.By.Via != d.via() { // opened elsewhere, under the command as it was sent
		_, err := d.recorder.OpenProcedure(ctx, c)
		return err
	}
	var was trace.ProcedureFact
	var note string
	for e, err := range d.recorder.Store.Entries(ctx, first.Position) {
		if err != nil {
			return err
		}
		was, _ = e.Fact.(trace.ProcedureFact)
		if e.Secret != nil {
			note = e.Secret.Note
		}
		if e.Sealed != nil && e.Secret == nil {
			note = c.Note // its key is gone: nothing to hold it against
		}
		break
	}
	patient := c.Who.IsZero() || c.Who.Patient == was.Patient
	if c.Who.Provisional && c.Who.LocalNumber == "" {
		patient = was.Patient == trace.DeriveID[trace.OfPatient](c.ID, "patient")
	} else if !patient && c.Who.Patient.IsZero() {
		found, err := d.recorder.Search(ctx, c.Who)
		if err != nil {
			return err
		}
		patient = slices.Contains(found, was.Patient)
	}
	missing := func(said trace.Person) bool { return !slices.Contains(was.People, said) }
	switch {
	case !patient, c.Code != (trace.Code{}) && c.Code != was.Code, c.Side != was.Side, c.Indication != was.Indication, c.LatexAllergy != was.LatexAllergy, c.Note != note,
		c.Place.Name != "" && c.Place.Name != was.Place.Name, c.Place.GLN != "" && (c.Place.GLN != was.Place.GLN || c.Place.Extension != was.Place.Extension),
		!c.Start.IsZero() && !c.Start.Equal(was.Start), !c.End.Equal(was.End), slices.ContainsFunc(c.People, missing):
		return used
	}
	if d.procedure.IsZero() && p.Open() { // it was recorded, and this desk did not hear of it
		d.begin(p.ID)
	}
	return nil
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
	if d.procedure == c.Procedure { // what was scanned in it belongs to it
		if err := d.drain(ctx); err != nil {
			return err
		}
	}
	c.By.Via = d.via()
	if err := d.recorder.CloseProcedure(ctx, c); err != nil {
		return err
	}
	d.leave(c.Procedure)
	d.watch.tell()
	return nil
}

// Forget lets go of the patient, place and people scanned so far. Nothing is
// taken out of the record.
func (d *Desk) Forget() {
	d.mu.Lock()
	d.forget()
	d.mu.Unlock()
	d.watch.tell()
}

// forget is Forget with d.mu held.
func (d *Desk) forget() {
	d.patient, d.place, d.people, d.code, d.recent = trace.PatientID{}, trace.Place{}, nil, trace.Code{}, nil
	d.settled()
}

// SetSide says which side of a bilateral procedure is scanned for from now on.
func (d *Desk) SetSide(ctx context.Context, procedure trace.ProcedureID, side trace.Side) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if side != trace.SideLeft && side != trace.SideRight {
		return trace.Errorf(trace.Invalid, "The side is left or right.")
	}
	if procedure.IsZero() || procedure != d.procedure {
		return trace.Errorf(trace.Conflict, "That procedure is not open here.")
	}
	if err := d.drain(ctx); err != nil { // what waits was scanned for the side before
		return err
	}
	d.side = side
	d.watch.tell()
	return nil
}

// Changed tells the pages that something they show was changed elsewhere.
func (d *Desk) Changed() { d.watch.tell() }

// Watch gives a channel on which something comes after every change, and the
// function that ends it. Changes that come faster than they are taken count as
// one.
func (d *Desk) Watch() (<-chan struct{}, func()) { return d.watch.add() }

// Waiting is how many readings are not recorded yet.
func (d *Desk) Waiting() int { return d.queue.len() }
