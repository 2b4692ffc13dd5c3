package theatre

import (
	"context"
	"crypto/rand"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
	"implantrace/scanner"
)

// Floor is every workstation of a node, and which handheld belongs to which. The
// node's own desk has no id and is always there; others are made by [Floor.Make].
// It is safe for concurrent use.
type Floor struct {
	recorder command.Recorder
	scanners func() []scanner.SerialState
	watch    *watchers

	mu       sync.Mutex
	desks    map[string]*Desk // by workstation id; "": the node's own
	nobodys  *Desk            // takes what unpaired handhelds read while there are several workstations
	paired   map[string]string
	ended    map[string]string // handhelds that went away, and the workstation they were paired with
	operated func(workstation string) trace.Actor
	told     func(Answer) // hears what handhelds are answered; nil: nobody
	start    func(*Desk)  // runs a desk; nil while the floor does not run
}

// Workstation names one desk.
type Workstation struct {
	ID   string `json:"id"`   // "" is the node's own
	Name string `json:"name"` // as people say it; "" where it has none
}

// nameMost is how long a workstation's name may be, in bytes.
const nameMost = 60

// workstations is what the entries about workstations are about.
func workstations() [16]byte { return trace.NamedID[trace.OfEvent]("theatre", "workstations") }

// What the audit says of a workstation.
const (
	WorkstationMade   = "workstation-made"
	WorkstationClosed = "workstation-closed"
)

// NewFloor makes the floor of a node: the node's own desk, and those workstations
// that were made on this node and not closed since. Each takes up again what it
// left open in the last day.
func NewFloor(ctx context.Context, r command.Recorder, scanners func() []scanner.SerialState) (*Floor, error) {
	if scanners == nil {
		scanners = func() []scanner.SerialState { return nil }
	}
	f := &Floor{recorder: r, scanners: scanners, watch: new(watchers), desks: make(map[string]*Desk), paired: make(map[string]string), ended: make(map[string]string)}
	known, err := f.made(ctx)
	if err != nil {
		return nil, err
	}
	for _, w := range append(known, Workstation{}) {
		if f.desks[w.ID], err = f.desk(ctx, w); err != nil {
			return nil, err
		}
	}
	f.nobodys = newDesk(r, scanners, f.watch)
	f.nobodys.loose = true
	f.nobodys.floor = f
	return f, nil
}

// made reads which workstations there are.
func (f *Floor) made(ctx context.Context) (known []Workstation, err error) {
	closed := make(map[string]bool)
	for h, err := range f.recorder.Store.Audits(ctx, workstations(), nil) { // latest first
		if err != nil {
			return nil, err
		}
		a := h.Audited
		if a.Stamp.Position.Node != f.recorder.Store.Node() {
			continue
		}
		id, name, _ := strings.Cut(a.Detail, " ")
		switch {
		case a.What == WorkstationClosed:
			closed[id] = true
		case a.What == WorkstationMade && !closed[id]:
			known = append(known, Workstation{id, name})
		}
	}
	return known, nil
}

func (f *Floor) desk(ctx context.Context, w Workstation) (*Desk, error) {
	d := newDesk(f.recorder, f.scanners, f.watch)
	d.at, d.floor = w, f
	return d, d.resume(ctx)
}

// Main is the node's own desk.
func (f *Floor) Main() *Desk {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.desks[""]
}

// Desk is the desk of a workstation; kind NotFound for one that was never made
// here, or was closed.
func (f *Floor) Desk(id string) (*Desk, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if d := f.desks[id]; d != nil {
		return d, nil
	}
	return nil, trace.Errorf(trace.NotFound, "This machine belongs to a theatre page that is not known here any more.")
}

// Workstations are all of them, the node's own first.
func (f *Floor) Workstations() []Workstation {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]Workstation, 0, len(f.desks))
	for _, d := range f.desks {
		all = append(all, d.at)
	}
	slices.SortFunc(all, func(a, b Workstation) int {
		if (a.ID == "") != (b.ID == "") {
			return len(a.ID) - len(b.ID)
		}
		return strings.Compare(a.Name+a.ID, b.Name+b.ID)
	})
	return all
}

// newWorkstationID makes an id that can stand in a barcode and be read aloud.
func newWorkstationID() string {
	const letters = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
	b := make([]byte, 8)
	rand.Read(b) // crypto/rand: it never fails
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b)
}

// workstationsMost bounds them: a node is one theatre suite at most.
const workstationsMost = 50

// Make makes a workstation. The command's id makes its own, so that a repeat is
// the same one.
func (f *Floor) Make(ctx context.Context, m command.Meta, name string) (Workstation, error) {
	name = strings.Join(strings.Fields(name), " ")
	if err := command.Line("the name", name); err != nil {
		return Workstation{}, err
	}
	if name == "" || len(name) > nameMost {
		return Workstation{}, trace.Errorf(trace.Invalid, "Say what this workstation is called, in 1 to %d letters: where it stands.", nameMost)
	}
	canon, receipt, done, err := f.recorder.Before(ctx, m.ID, "make workstation", name)
	if err != nil {
		return Workstation{}, err
	}
	if done {
		return f.madeBy(ctx, receipt)
	}
	for _, w := range f.Workstations() {
		if strings.EqualFold(w.Name, name) {
			return Workstation{}, trace.Errorf(trace.Conflict, "Another workstation is called so already. Give this one a name of its own.")
		}
	}
	if len(f.Workstations()) > workstationsMost {
		return Workstation{}, trace.Errorf(trace.Conflict, "There are %d workstations already. Close those that are not used.", workstationsMost)
	}
	w := Workstation{newWorkstationID(), name}
	if err := f.note(ctx, m, canon, WorkstationMade, w); err != nil {
		return Workstation{}, err
	}
	d, err := f.desk(ctx, w)
	if err != nil {
		return w, err
	}
	f.mu.Lock()
	d.operator = f.operator(w.ID)
	f.desks[w.ID] = d
	if f.start != nil {
		f.start(d)
	}
	f.mu.Unlock()
	f.watch.tell()
	return w, nil
}

// madeBy is the workstation that an earlier command made.
func (f *Floor) madeBy(ctx context.Context, at trace.Receipt) (Workstation, error) {
	for e, err := range f.recorder.Store.Entries(ctx, trace.Position{Node: at.Node, Seq: at.Seq}) {
		if err != nil {
			return Workstation{}, err
		}
		if a, ok := e.Fact.(trace.AuditFact); ok && a.What == WorkstationMade {
			id, name, _ := strings.Cut(a.Detail, " ")
			return Workstation{id, name}, nil
		}
		break
	}
	return Workstation{}, trace.Errorf(trace.Conflict, "This id was used for something that is no workstation.")
}

func (f *Floor) note(ctx context.Context, m command.Meta, canon []byte, what string, w Workstation) error {
	fact := trace.AuditFact{Event: m.ID, What: what, Objects: [][16]byte{workstations()}, Detail: strings.TrimSpace(w.ID + " " + w.Name)}
	_, err := f.recorder.Record(ctx, m, canon, trace.Draft{ID: m.ID, Fact: fact})
	return err
}

// Close ends a workstation: its machine shows the node's own desk from then on,
// and its handhelds have to be paired again. One at which a procedure is open, or
// readings wait, is not closed.
func (f *Floor) Close(ctx context.Context, m command.Meta, id string) error {
	canon, _, done, err := f.recorder.Before(ctx, m.ID, "close workstation", id)
	if done {
		return err
	}
	d, err := f.Desk(id)
	if err != nil {
		return err
	}
	if id == "" {
		return trace.Errorf(trace.Conflict, "The node's own workstation cannot be closed.")
	}
	st, err := d.State(ctx)
	if err != nil {
		return err
	}
	if st.Procedure != nil || st.Waiting > 0 {
		return trace.Errorf(trace.Conflict, "A procedure is open at this workstation. Close it, or leave it to another, first.")
	}
	if err := f.note(ctx, m, canon, WorkstationClosed, d.at); err != nil {
		return err
	}
	f.mu.Lock()
	delete(f.desks, id)
	maps.DeleteFunc(f.paired, func(_, to string) bool { return to == id })
	maps.DeleteFunc(f.ended, func(_, to string) bool { return to == id })
	stop := d.stop
	f.mu.Unlock()
	if stop != nil {
		stop()
	}
	f.watch.tell()
	return nil
}

// Operated says how each workstation finds out who is at it. It is called before
// a reading is taken.
func (f *Floor) Operated(by func(workstation string) trace.Actor) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.operated = by
	for id, d := range f.desks {
		d.operator = f.operator(id)
	}
	f.nobodys.operator = func() trace.Actor { return trace.Actor{Unconfirmed: true} }
}

// OnAnswer has hear called with the answer to each reading of a handheld as soon
// as it is recorded, durably. It is said before the first reading is taken, and hear
// returns at once.
func (f *Floor) OnAnswer(hear func(Answer)) { f.told = hear }

func (f *Floor) operator(id string) func() trace.Actor {
	if f.operated == nil {
		return nil
	}
	by := f.operated
	return func() trace.Actor { return by(id) }
}

// Feed takes a reading from a handheld to the workstation it is paired with, as
// [Desk.Feed] does. A pairing code pairs it at once: what is read behind it goes
// to the new workstation. While there is one workstation only, it takes what
// unpaired handhelds read; of several, none does, and every page shows the reading.
func (f *Floor) Feed(r scanner.Reading) bool {
	d := f.route(r)
	return d.Feed(r)
}

func (f *Floor) route(r scanner.Reading) *Desk {
	f.mu.Lock()
	defer f.mu.Unlock()
	if to, ok := pairing(r, f.recorder.Clock()); ok && f.desks[to] != nil && r.Scanner != "" {
		f.paired[r.Scanner] = to
		delete(f.ended, r.Scanner)
		return f.desks[to]
	}
	if to, ok := f.paired[r.Scanner]; ok && f.desks[to] != nil {
		return f.desks[to]
	}
	if len(f.desks) == 1 {
		return f.desks[""]
	}
	return f.nobodys
}

// nodesOwn is how the pairing code of the node's own desk names it.
const nodesOwn = "node"

// PairingText is what the pairing code of a workstation says.
func (w Workstation) PairingText() string {
	id := w.ID
	if id == "" {
		id = nodesOwn
	}
	return udi.Action(string(udi.ActionPair) + ":" + id).SheetText()
}

// pairing reads the workstation out of a pairing code.
func pairing(r scanner.Reading, now time.Time) (workstation string, ok bool) {
	if !strings.Contains(r.Text, "IMT:A:") { // before anything costs time
		return "", false
	}
	m := udi.Understand(r.ScanData(), now)
	action, id := m.Action.Split()
	if m.Kind != udi.KindAction || action != udi.ActionPair {
		return "", false
	}
	if id == nodesOwn {
		id = ""
	}
	return id, true
}

// Disconnected ends the pairing of a handheld that went away: another may come
// back in its place.
func (f *Floor) Disconnected(name string) {
	f.mu.Lock()
	if to, ok := f.paired[name]; ok {
		f.ended[name] = to
		delete(f.paired, name)
	}
	f.mu.Unlock()
	f.watch.tell()
}

// PairedWith says which workstation a handheld is paired with.
func (f *Floor) PairedWith(name string) (Workstation, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	to, ok := f.paired[name]
	if d := f.desks[to]; ok && d != nil {
		return d.at, true
	}
	return Workstation{}, false
}

// handhelds are those paired with a workstation; those that were, and went away;
// and how many are connected and paired with none.
func (f *Floor) handhelds(id string) (paired, lost []string, unpaired int) {
	all := f.scanners() // asks each handheld: not with f.mu held
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, to := range f.paired {
		if to == id {
			paired = append(paired, name)
		}
	}
	for name, to := range f.ended {
		if to == id {
			lost = append(lost, name)
		}
	}
	for _, s := range all {
		if _, ok := f.paired[s.Name]; !ok && s.Connected {
			unpaired++
		}
	}
	slices.Sort(paired)
	slices.Sort(lost)
	return paired, lost, unpaired
}

// looseFor is how long what an unpaired handheld read stays on the pages.
const looseFor = 10 * time.Minute

// loose are the answers to readings of unpaired handhelds, latest first.
func (f *Floor) loose() (some []Answer) {
	f.nobodys.mu.Lock()
	defer f.nobodys.mu.Unlock()
	now := f.recorder.Clock()
	for _, a := range f.nobodys.recent {
		if _, paired := f.PairedWith(a.Scanner); !paired && now.Sub(a.At) < looseFor {
			some = append(some, a)
		}
	}
	return some
}

// Changed tells every page that something it shows was changed elsewhere.
func (f *Floor) Changed() { f.watch.tell() }

// Waiting is how many readings are not recorded yet, of all workstations.
func (f *Floor) Waiting() (n int) {
	for _, d := range f.all() {
		n += d.Waiting()
	}
	return n
}

// Trouble is why readings wait; "" where none do.
func (f *Floor) Trouble() string {
	for _, d := range f.all() {
		d.mu.Lock()
		trouble := d.trouble
		d.mu.Unlock()
		if trouble != "" {
			return trouble
		}
	}
	return ""
}

func (f *Floor) all() []*Desk {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := slices.Collect(maps.Values(f.desks))
	return append(all, f.nobodys)
}

// Run records what was fed to any workstation, as [Desk.Run] does, until ctx is
// done.
func (f *Floor) Run(ctx context.Context) {
	var running sync.WaitGroup
	f.mu.Lock()
	f.start = func(d *Desk) {
		own, stop := context.WithCancel(ctx)
		d.stop = stop
		running.Go(func() {
			defer stop()
			d.Run(own)
		})
	}
	for _, d := range f.desks {
		f.start(d)
	}
	f.start(f.nobodys)
	f.mu.Unlock()
	<-ctx.Done()
	f.mu.Lock()
	f.start = nil
	f.mu.Unlock()
	running.Wait()
}
