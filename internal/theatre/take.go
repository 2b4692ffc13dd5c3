package theatre

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"implantrace/internal/check"
	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
	"implantrace/scanner"
)

// openLong is how long a procedure may be open before a device scanned in it is
// asked about: yesterday's must not take today's devices.
const openLong = 12 * time.Hour

// content is the fixed form of a reading: what makes a repeat a repeat.
type content struct {
	Source    scanner.Source    `json:"source"`
	Scanner   string            `json:"scanner"`
	Symbology string            `json:"symbology"`
	Format    string            `json:"format"`
	Text      []byte            `json:"text"` // bytes: a reading need not be UTF-8
	Procedure trace.ProcedureID `json:"procedure,omitzero"`
	// Occurred is left out for pictures: their time is that of decoding, which
	// is another when the picture is sent again.
	Occurred time.Time `json:"occurred,omitzero"`
}

func contentOf(r scanner.Reading, procedure trace.ProcedureID) content {
	c := content{r.Source, r.Scanner, r.Symbology, r.Format, []byte(r.Text), procedure, r.At}
	if r.Source == scanner.SourcePicture {
		c.Occurred = time.Time{}
	}
	return c
}

// Take records a reading and answers it. It belongs to the procedure named, or
// to the one open at this desk. A reading is never refused a record over what
// it says: what is damaged or unknown is recorded and flagged. The error is of
// the store (then nothing may be recorded: repeat with the same id), or kind
// Conflict for an id used before.
func (d *Desk) Take(ctx context.Context, id trace.EventID, r scanner.Reading, procedure trace.ProcedureID) (Answer, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.take(ctx, id, r, procedure, pack{})
}

// pack is what is known of the pack that a reading is of.
type pack struct {
	device   udi.Device // was just taken from it, as usage: another carrier of it makes no second usage
	usage    trace.UsageID
	conflict string // what its codes say otherwise of one another; "": nothing
	picture  []byte // of it, to be kept; nil: none
}

// take is Take with d.mu held.
func (d *Desk) take(ctx context.Context, id trace.EventID, r scanner.Reading, procedure trace.ProcedureID, of pack) (Answer, error) {
	canon, receipt, done, err := d.recorder.Before(ctx, id, "reading", contentOf(r, procedure))
	if err != nil {
		if again(err) {
			d.check(ctx, id, r, procedure, err)
		}
		return Answer{}, err
	}
	if done {
		a, err := d.recorded(ctx, receipt)
		if settle := d.unknown[id]; err == nil && settle != nil {
			// It had landed though the store did not say so, and nobody has seen
			// its answer.
			settle()
			d.show(a)
		}
		return a, err
	}
	t := d.taking(id, r)
	t.pack = of
	if k := t.means.Kind; k != udi.KindAction && k != udi.KindStaff && k != udi.KindPlace {
		// Whatever comes of it: an action behind it is not about the device before it.
		d.last, d.lastTurn, d.asks = trace.UsageID{}, t.turn, nil
	}
	if err := t.place(ctx, procedure); err != nil {
		return Answer{}, err
	}
	drafts, err := t.drafts(ctx)
	if err != nil {
		return Answer{}, err
	}
	meta := command.Meta{ID: id, Occurred: t.reading.At, Provenance: provenance(r.Source), By: d.by(ctx, r)}
	if t.via != "" {
		meta.By.Via = t.via
	}
	if d.unknown == nil || len(d.unknown) >= unknownMost {
		d.unknown = make(map[trace.EventID]func())
	}
	d.unknown[id] = t.settle
	if _, err := d.recorder.Record(ctx, meta, canon, drafts...); err != nil {
		if again(err) {
			d.unrecorded(ctx, t, err)
		}
		return Answer{}, err
	}
	a, err := d.answer(ctx, t.fact, t.reading.At)
	a.Unconfirmed = meta.By.Unconfirmed
	if err != nil {
		return a, err // recorded; asked again, it is answered
	}
	t.settle()
	d.badged(t)
	d.show(a)
	return a, nil
}

// taking begins to take a reading, with d.mu held.
func (d *Desk) taking(id trace.EventID, r scanner.Reading) *taking {
	d.turn++
	now := d.recorder.Clock()
	timed := !r.At.IsZero()
	if !timed {
		r.At = now
	}
	return &taking{desk: d, id: id, turn: d.turn, reading: r, timed: timed, now: now, means: d.recorder.Rules.Understand(r.ScanData(), now)}
}

// show puts an answer on the screen, in the place of an earlier one to the same
// reading.
func (d *Desk) show(a Answer) {
	if a.Unrecorded == "" {
		delete(d.unknown, a.Reading)
		if d.floor != nil && d.floor.told != nil && a.Scanner != "" {
			d.floor.told(a)
		}
	}
	d.recent = slices.DeleteFunc(d.recent, func(o Answer) bool { return o.Reading == a.Reading })
	d.recent = slices.Insert(d.recent, 0, a)
	if len(d.recent) > recentMost {
		d.recent = d.recent[:recentMost]
	}
	d.watch.tell()
}

func provenance(s scanner.Source) trace.Provenance {
	if s == scanner.SourceTyped {
		return trace.Typed
	}
	return trace.Scanned
}

// by is who a reading is recorded by.
func (d *Desk) by(ctx context.Context, r scanner.Reading) trace.Actor {
	a, ok := ctx.Value(actorKey{}).(trace.Actor)
	if !ok && d.operator != nil {
		a = d.operator()
	}
	a.Via = via(r)
	return a
}

type actorKey struct{}

// As marks what is done in a context as somebody's.
func As(ctx context.Context, a trace.Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// Operated says how the desk finds out who is at it. It is called before the desk
// takes its first reading.
func (d *Desk) Operated(by func() trace.Actor) { d.operator = by }

func via(r scanner.Reading) string {
	if r.Scanner != "" {
		return "scanner:" + r.Scanner
	}
	return Via
}

// recorded gives the answer to a reading that was recorded before.
func (d *Desk) recorded(ctx context.Context, at trace.Receipt) (Answer, error) {
	for e, err := range d.recorder.Store.Entries(ctx, trace.Position{Node: at.Node, Seq: at.Seq}) {
		if err != nil {
			return Answer{}, err
		}
		if f, ok := e.Fact.(trace.ReadingFact); ok && e.Command == at.Command {
			a, err := d.answer(ctx, f, e.Occurred)
			a.Repeated, a.Unconfirmed = true, e.By.Unconfirmed
			return a, err
		}
		break
	}
	return Answer{}, trace.Errorf(trace.Conflict, "the id %s was used for something that is no reading", at.Command)
}

// taking is one reading on its way into the record.
type taking struct {
	desk    *Desk
	id      trace.EventID
	turn    int // which reading of the desk
	reading scanner.Reading
	timed   bool // it came with a time of its own
	now     time.Time
	means   udi.Meaning
	pack    pack
	via     string // what the entries say they came by; "": the reading's scanner or page

	procedure trace.Procedure // zero: none
	late      bool            // the procedure was closed before
	gone      bool            // the procedure named was withdrawn from the record
	fact      trace.ReadingFact
	secret    *trace.Secret
	subject   [16]byte
	more      []trace.Draft
	settle    func() // what the desk remembers once it is recorded
}

// place finds the procedure a reading belongs to.
func (t *taking) place(ctx context.Context, named trace.ProcedureID) error {
	if t.desk.loose {
		return nil
	}
	id := named
	if id.IsZero() {
		id = t.desk.procedure
	}
	if id.IsZero() {
		return nil
	}
	p, err := t.desk.recorder.Store.Procedure(ctx, id)
	switch {
	case err != nil && !named.IsZero():
		return err
	case err != nil && trace.KindOf(err) != trace.NotFound:
		return err
	case err != nil:
		return nil
	}
	if !p.Open() {
		if named.IsZero() { // closed elsewhere: this desk has none open
			t.desk.leave(id)
			return nil
		}
		if p.Withdrawn { // recorded, and linked to nothing
			t.gone = true
			return nil
		}
		t.late = true
	}
	t.procedure = p
	return nil
}

func (t *taking) drafts(ctx context.Context) ([]trace.Draft, error) {
	r := t.reading
	t.settle = func() {}
	t.fact = trace.ReadingFact{Reading: t.id, Source: string(r.Source), Scanner: r.Scanner, Format: r.Format, Symbology: r.Symbology,
		Means: t.means.Kind, Issues: t.means.Issues, Procedure: t.procedure.ID}
	tray, err := t.set(ctx)
	if err != nil || tray {
		return append([]trace.Draft{{ID: t.id, Fact: t.fact}}, t.photograph()...), err
	}
	switch t.means.Kind {
	case udi.KindDevice:
		t.fact.Text = r.Text
		err = t.device(ctx)
	case udi.KindStaff:
		t.fact.Text = r.Text
		err = t.staff(ctx)
	case udi.KindPlace:
		t.fact.Text = r.Text
		err = t.room(ctx)
	case udi.KindPatient:
		t.secret = &trace.Secret{Raw: r.Text}
		err = t.patient(ctx)
	case udi.KindProcedure:
		t.fact.Text = r.Text
		err = t.code(ctx)
	case udi.KindAction:
		t.fact.Text = r.Text
		err = t.action(ctx)
	default: // it may hold a name: sealed
		if r.Text != "" {
			t.secret = &trace.Secret{Raw: r.Text}
		}
		t.fact.Verdict = trace.Judge("Recorded, but not understood", trace.Check{Rule: "reading", Level: trace.Warn, Message: t.why()})
	}
	if err != nil {
		return nil, err
	}
	t.typed()
	if t.desk.loose {
		t.loosely()
	}
	drafts := append([]trace.Draft{{ID: t.id, Fact: t.fact, Secret: t.secret, Subject: t.subject}}, t.more...)
	return append(drafts, t.photograph()...), nil
}

// why says what was wrong with a reading that is nothing we know.
func (t *taking) why() string {
	if t.reading.Text == "" {
		return "No code could be read. Take the picture again: nearer, straight on, without glare."
	}
	for _, i := range t.means.Issues {
		if i.Severity == "hard" {
			return i.Message
		}
	}
	return "This code is no device, wristband, badge or place."
}

func (t *taking) device(ctx context.Context) error {
	p := t.procedure
	side := trace.Side("")
	if p.Side == trace.SideBilateral && t.desk.procedure == p.ID {
		side = t.desk.side
	}
	usage := trace.DeriveID[trace.OfUsage](t.id, "usage")
	self := usage
	twin := !t.pack.usage.IsZero() && t.means.Device == t.pack.device
	if twin {
		self = t.pack.usage
	}
	list, err := t.list(ctx)
	if err != nil {
		return err
	}
	before := t.scannedBefore(list, side)
	if before != nil && !twin && !before.Status.Outcome() {
		self = before.ID // on its way to its outcome: that it was scanned is no fault
	}
	scan, err := t.scan(ctx)
	if err != nil {
		return err
	}
	verdict, err := t.desk.recorder.Judge(ctx, command.Judged{Meaning: t.means, Procedure: p, Side: side, Self: []trace.UsageID{self}, At: t.now, Scan: scan})
	if err != nil {
		return err
	}
	if p.ID.IsZero() {
		title, message := "Not linked to a patient: no procedure is open", "No procedure is open: the device was checked, and is linked to nobody."
		if t.gone {
			title, message = "Not linked to a patient: the procedure was withdrawn", "This procedure was withdrawn from the record: the device was checked, and is linked to nobody."
		}
		t.fact.Verdict = trace.Judge(verdict.Title, append(verdict.Checks, trace.Check{Rule: "procedure", Level: trace.Warn, Message: message})...)
		if t.fact.Verdict.Level == trace.Warn {
			t.fact.Verdict.Title = title
		}
		return nil
	}
	if t.late {
		verdict = trace.Judge(verdict.Title, append(verdict.Checks, trace.Check{Rule: "procedure", Level: trace.Note,
			Message: "The procedure was closed before this scan."})...)
	}
	if open := t.now.Sub(p.Start); !t.late && open > openLong {
		verdict = trace.Judge(verdict.Title, append(verdict.Checks, trace.Check{Rule: "procedure", Level: trace.Warn,
			Message: fmt.Sprintf("This procedure has been open for %d hours. If it is over, close it: the device belongs to another.", int(open.Hours()))})...)
		if verdict.Level == trace.Warn {
			verdict.Title = "Is this procedure still going on?"
		}
	}
	t.fact.Verdict = verdict
	t.settle = func() {
		t.desk.lastFor, t.desk.lastForAt = p.ID, t.now
		if t.turn == t.desk.lastTurn {
			t.desk.last = t.fact.Usage
		}
	}
	carrier := trace.Carrier{Text: t.reading.Text, Symbology: t.reading.Symbology, Source: string(t.reading.Source), Reading: t.id}
	switch {
	case twin:
		// Another carrier of the pack says the same: one device, two codes.
		t.fact.Usage = t.pack.usage
		t.more = []trace.Draft{{Fact: trace.UsageFact{Usage: t.pack.usage, Carriers: []trace.Carrier{carrier}}}}
		return nil
	case before != nil:
		t.seenAgain(*before)
		return nil
	}
	t.fact.Usage = usage
	whose, err := t.whose(ctx)
	if err != nil {
		return err
	}
	t.burst(list, usage)
	t.more = append(t.more, trace.Draft{Subject: p.Patient, Fact: trace.UsageFact{Usage: usage, Procedure: p.ID, Device: t.means.Device, Supply: whose,
		Carriers: []trace.Carrier{carrier}, Status: trace.Checked, Verdict: t.fact.Verdict, Side: side, Damaged: t.means.Damaged()}})
	t.asks(t.belongs(list))
	return nil
}

// list reads the devices of the reading's procedure that were not taken off.
func (t *taking) list(ctx context.Context) (all []trace.Usage, err error) {
	if t.procedure.ID.IsZero() {
		return nil, nil
	}
	for h, err := range t.desk.recorder.Store.Candidates(ctx, trace.Query{Procedure: t.procedure.ID}) {
		if err != nil {
			return nil, err
		}
		if !h.Usage.Withdrawn {
			all = append(all, h.Usage)
		}
	}
	return all, nil
}

// asks has the desk ask something once the reading is recorded, where the procedure
// is open there.
func (t *taking) asks(q *Question) {
	settle := t.settle
	t.settle = func() {
		settle()
		if q != nil && t.turn == t.desk.lastTurn && t.desk.procedure == t.procedure.ID {
			t.desk.asks = q
		}
	}
}

// seenAgain takes a device that is on the list already: it is asked how far it has
// come. What the rules say worse of it than before is recorded of it.
func (t *taking) seenAgain(u trace.Usage) {
	t.fact.Usage = u.ID
	v := t.fact.Verdict
	if u.Status.Outcome() {
		return // the rules have said that it was scanned before
	}
	if v.Level.Worse(u.Verdict.Level) != u.Verdict.Level {
		t.more = []trace.Draft{{Fact: trace.UsageFact{Usage: u.ID, Verdict: v}}}
	} else if v.Level != trace.Warn && v.Level != trace.Stop {
		t.fact.Verdict.Title = "Scanned again: " + u.Status.String()
	}
	if d := t.proven(u); d != nil {
		t.more = append(t.more, *d)
	}
	if !t.late {
		t.asks(asking(t.id, u))
	}
}

// inTurns is how long after a scan for one procedure a scan for another is asked
// about, while both are open.
const inTurns = 30 * time.Minute

// scan gathers what only this moment knows.
func (t *taking) scan(ctx context.Context) (*check.Scan, error) {
	d, p := t.desk, t.procedure
	s := &check.Scan{Conflict: t.pack.conflict}
	nodes, err := d.recorder.Store.Coverage(ctx)
	if err != nil {
		return nil, err
	}
	for _, n := range nodes {
		if n.Node == d.recorder.Store.Node() {
			s.Behind = n.RecordedUntil.Sub(t.now)
		}
	}
	if p.ID.IsZero() {
		return s, nil
	}
	if d.procedure == p.ID {
		s.Stranger, s.Place = d.stranger, d.elsewhere
	}
	s.Early = p.Start.Sub(t.reading.At)
	if !p.End.IsZero() {
		s.Late = t.reading.At.Sub(p.End)
	}
	if d.lastFor != p.ID && !d.lastFor.IsZero() && t.now.Sub(d.lastForAt) < inTurns {
		other, err := d.recorder.Store.Procedure(ctx, d.lastFor)
		if err != nil && trace.KindOf(err) != trace.NotFound {
			return nil, err
		}
		s.Other = err == nil && other.Open() && p.Open()
	}
	return s, nil
}

// scannedBefore finds the device on the list of this procedure that a scan is of. A
// serial number says so. Without one it is the first with the same label that waits
// for what the scan may say: one that is not opened yet, or else one without an
// outcome; where each has its outcome, it is another piece. What was damaged is
// taken for a new one. nil: it is not on the list.
func (t *taking) scannedBefore(list []trace.Usage, side trace.Side) *trace.Usage {
	label := trace.Usage{Device: t.means.Device, Side: side, Damaged: t.means.Damaged()}
	var waits *trace.Usage
	for _, u := range list {
		if u.Picked != (trace.Picked{}) {
			continue // no code of it was read: this is of another
		}
		if d := u.Device; d.DI != "" && d.Serial != "" && d.DI == label.Device.DI && d.Lot == label.Device.Lot && d.Serial == label.Device.Serial {
			return &u
		}
		if u.Status.Outcome() || !sameLabel(u, label) || label.Device == (udi.Device{Agency: label.Device.Agency}) {
			continue
		}
		if waits == nil || u.Status == trace.Checked && waits.Status == trace.Opened || u.Status == waits.Status && later(waits.History[0], u.History[0]) {
			waits = &u
		}
	}
	return waits
}

func (t *taking) patient(ctx context.Context) error {
	w := t.means.Patient
	refuse := func(title, message string) {
		t.fact.Verdict = trace.Judge(title, trace.Check{Rule: "patient", Level: trace.Stop, Message: message})
	}
	// A number without a check digit is not relied on beside one that fails its own.
	if t.means.Damaged() || w.NHSNumber == "" && w.LocalNumber == "" {
		message := "Read the number out and type it."
		for _, i := range t.means.Issues {
			if i.Severity == "hard" {
				message = i.Message
				break
			}
		}
		refuse("The wristband could not be read", message)
		return nil
	}
	found, err := t.desk.recorder.Identify(ctx, t.id, command.Who{NHSNumber: string(w.NHSNumber), LocalIssuer: w.LocalIssuer,
		LocalNumber: w.LocalNumber, Family: w.Family, Given: w.Given, Birth: w.Birth})
	switch k := trace.KindOf(err); {
	case k == trace.Conflict || k == trace.Invalid && err != nil:
		refuse("This wristband does not agree with the record", err.Error())
		return nil
	case err != nil:
		return err
	}
	t.fact.Patient = found.Patient
	t.subject = found.Patient
	if found.Draft != nil {
		t.more = append(t.more, *found.Draft)
	}
	if !t.procedure.ID.IsZero() {
		same, err := trace.SamePatients(ctx, t.desk.recorder.Store, t.procedure.Patient)
		if err != nil && trace.KindOf(err) != trace.NotFound {
			return err
		}
		if !slices.Contains(same, found.Patient) {
			asks, err := t.isThis(ctx, same, found)
			if err != nil {
				return err
			}
			if asks != nil {
				t.fact.Verdict = trace.Judge("Is this the patient?", trace.Check{Rule: "patient", Level: trace.Warn,
					Message: "Nobody had identified the patient of this procedure. Compare the wristband, and answer whether it is this patient."})
				another := t.stranger(true) // until it is said
				t.settle = func() {
					another()
					t.desk.asks = asks
				}
				return nil
			}
			refuse("Stop. This is another patient", "The wristband is not that of the patient of the open procedure.")
			t.settle = t.stranger(true)
			return nil
		}
		t.settle = t.stranger(false)
		t.fact.Verdict = trace.Judge("The right patient", t.patientChecks(found)...)
		return nil
	}
	t.fact.Verdict = trace.Judge("Patient identified", t.patientChecks(found)...)
	if t.fact.Verdict.Level == trace.Warn {
		t.fact.Verdict.Title = "Compare this wristband with the patient"
	}
	if t.gone {
		return nil
	}
	t.settle = func() {
		if t.turn > t.desk.patientBy { // no later wristband has been read since
			t.desk.patient, t.desk.patientBy = found.Patient, t.turn
		}
	}
	return nil
}

// stranger notes at the desk whether the last wristband was another patient's.
func (t *taking) stranger(is bool) func() {
	return func() {
		if t.desk.procedure == t.procedure.ID {
			t.desk.stranger = is
		}
	}
}

func (t *taking) patientChecks(found command.Found) []trace.Check {
	checks := []trace.Check{{Rule: "wristband", Level: trace.Pass, Message: "The number in the wristband passes its checks."}}
	if t.means.Patient.NHSNumber == "" {
		checks[0] = trace.Check{Rule: "wristband", Level: trace.Note, Message: "The wristband has no NHS number: the hospital's own number was used."}
	}
	for _, i := range t.means.Issues {
		if i.Severity != "warning" {
			checks = append(checks, trace.Check{Rule: "wristband", Level: trace.Warn, Message: i.Message})
		}
	}
	for _, what := range found.Differs {
		words := map[string]string{"family": "family name", "given": "given name", "birth": "date of birth"}
		checks = append(checks, trace.Check{Rule: "identity", Level: trace.Warn,
			Message: fmt.Sprintf("The %s on the wristband is not the one on record. Ask the patient, or whoever knows them.", words[what])})
	}
	return checks
}

// listed is the check of a code against the directory: known, taken out of it, or in
// it nowhere.
func listed(rule string, err error, removed bool, name string) (trace.Check, error) {
	switch {
	case err == nil && removed:
		return trace.Check{Rule: rule, Level: trace.Warn, Message: "This was taken out of the directory: " + name + "."}, nil
	case err == nil:
		return trace.Check{Rule: rule, Level: trace.Pass, Message: "In the directory: " + name + "."}, nil
	case trace.KindOf(err) == trace.NotFound:
		return trace.Check{Rule: rule, Level: trace.Note, Message: "This is not in the directory. It was recorded by its number, and waits for whoever keeps the directory."}, nil
	case errors.Is(err, trace.ErrRebuilding):
		return trace.Check{Rule: rule, Level: trace.NotChecked, Message: "The directory is being built anew: no name can be looked up.", Missing: "the directory"}, nil
	}
	return trace.Check{}, err
}

func (t *taking) staff(ctx context.Context) error {
	who := trace.Person{Code: t.means.Staff}
	if t.means.Staff == "" || t.means.Damaged() {
		t.fact.Verdict = trace.Judge("The badge could not be read", t.issues("badge", ""))
		return nil
	}
	member, err := t.desk.recorder.Store.StaffMember(ctx, who.Code)
	known, err := listed("directory", err, member.Fact.Removed, member.Fact.Name)
	if err != nil {
		return err
	}
	title := "Badge read"
	if known.Level == trace.Pass {
		who.Name, who.Role = member.Fact.Name, member.Fact.Role
		title = "Badge of " + who.Name
	}
	t.fact.Verdict = trace.Judge(title, t.issues("badge", "The badge's check digit is right."), known)
	same := func(o trace.Person) bool { return o.Code == who.Code }
	if t.procedure.ID.IsZero() {
		t.settle = func() {
			if !t.gone && !slices.ContainsFunc(t.desk.people, same) {
				t.desk.people = append(t.desk.people, who)
			}
		}
		return nil
	}
	if !slices.ContainsFunc(t.procedure.People, same) {
		t.more = []trace.Draft{{Fact: trace.ProcedureFact{Procedure: t.procedure.ID, People: append(slices.Clone(t.procedure.People), who)}}}
	}
	return nil
}

func (t *taking) room(ctx context.Context) error {
	where := trace.Place{GLN: t.means.Place.GLN, Extension: t.means.Place.Extension}
	if where.GLN == "" || t.means.Damaged() {
		t.fact.Verdict = trace.Judge("The place could not be read", t.issues("place", ""))
		return nil
	}
	place, err := t.desk.recorder.Store.ListedPlace(ctx, where.GLN, where.Extension)
	known, err := listed("directory", err, place.Fact.Removed, place.Fact.Name)
	if err != nil {
		return err
	}
	title := "Place read"
	if known.Level == trace.Pass {
		if where, err = where.In(ctx, t.desk.recorder.Store); err != nil {
			return err
		}
		title = where.Name
	}
	t.fact.Verdict = trace.Judge(title, t.issues("place", "The place's check digit is right."), known)
	switch at := t.procedure.Place; {
	case t.gone:
	case t.procedure.ID.IsZero():
		t.settle = func() { t.desk.place = where }
	case at.GLN == "":
		if at.Name != "" {
			where.Name = at.Name
		}
		t.more = []trace.Draft{{Fact: trace.ProcedureFact{Procedure: t.procedure.ID, Place: where}}}
	case at.GLN != where.GLN || at.Extension != where.Extension:
		t.fact.Verdict = trace.Judge("Another place", trace.Check{Rule: "place", Level: trace.Warn,
			Message: "The open procedure is recorded in another place. It was left as it is."})
		t.settle = t.elsewhere(where)
	default:
		t.settle = t.elsewhere(trace.Place{})
	}
	return nil
}

// code takes a procedure's code from a sheet: for the procedure that is opened next,
// or for the open one where it has none.
func (t *taking) code(ctx context.Context) error {
	code := trace.Code{System: trace.CodeSystem(t.means.Procedure.System), Code: t.means.Procedure.Code}
	entry, err := t.desk.recorder.Store.ListedCode(ctx, code.System, code.Code)
	known, err := listed("directory", err, entry.Fact.Removed, entry.Fact.Text)
	if err != nil {
		return err
	}
	title := "Procedure code read"
	if known.Level == trace.Pass {
		code.Text = entry.Fact.Text
		title = "Procedure: " + code.Text
	}
	t.fact.Verdict = trace.Judge(title, known)
	switch is := t.procedure.Code; {
	case t.gone:
	case t.procedure.ID.IsZero():
		t.settle = func() { t.desk.code = code }
	case is.Code == "":
		if is.Text != "" {
			code.Text = is.Text
		}
		t.more = []trace.Draft{{Fact: trace.ProcedureFact{Procedure: t.procedure.ID, Code: code}}}
	case trace.CodeKey(is.System, is.Code) != trace.CodeKey(code.System, code.Code):
		t.fact.Verdict = trace.Judge("Another procedure's code", trace.Check{Rule: "procedure-code", Level: trace.Warn,
			Message: "The open procedure is recorded under another code. It was left as it is."})
	}
	return nil
}

// elsewhere notes at the desk that the place scanned last is not the procedure's.
func (t *taking) elsewhere(where trace.Place) func() {
	return func() {
		if t.desk.procedure == t.procedure.ID {
			t.desk.elsewhere = where
		}
	}
}

// issues is the check of a badge or place: its worst issue, or that all is well.
func (t *taking) issues(rule, well string) trace.Check {
	c := trace.Check{Rule: rule, Level: trace.Pass, Message: well}
	for _, i := range t.means.Issues {
		l := trace.Note
		if i.Severity == "hard" {
			l = trace.Stop
		}
		if worse := c.Level.Worse(l); worse != c.Level {
			c.Level, c.Message = worse, i.Message
		}
	}
	return c
}
