package theatre

import (
	"context"
	"slices"
	"time"

	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Unknown records a patient whom nobody has identified yet, with a temporary name and
// number, and shows that one as if a wristband had been scanned. appears is what can
// be seen: sex, about how old; "" for nothing said.
func (d *Desk) Unknown(ctx context.Context, m command.Meta, appears string) (trace.PatientID, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id := trace.DeriveID[trace.OfPatient](m.ID, "patient")
	if err := d.drain(ctx); err != nil { // a wristband may have been scanned before
		return id, err
	}
	if !d.procedure.IsZero() {
		p, err := d.recorder.Store.Procedure(ctx, d.procedure)
		if err != nil {
			return id, err
		}
		if p.Open() && p.Patient != id {
			return id, trace.Errorf(trace.Conflict, "A procedure is open here already. Close it first.")
		}
	}
	if !d.patient.IsZero() && d.patient != id {
		return id, trace.Errorf(trace.Conflict, "A patient is on the screen already. Start again lets go of that one.")
	}
	m.By.Via = d.via()
	found, err := d.recorder.RegisterPatient(ctx, command.RegisterPatient{Meta: m, Who: command.Who{Provisional: true, Appears: appears}})
	if err != nil {
		return id, err
	}
	if d.procedure.IsZero() {
		d.patient, d.patientBy = found.Patient, d.turn
	}
	d.watch.tell()
	return found.Patient, nil
}

// isThis is the question whether a wristband is that of the patient of the open
// procedure, whom nobody had identified. nil where that one is known, or the wristband
// names nobody: then it is another patient's.
func (t *taking) isThis(ctx context.Context, same []trace.PatientID, found command.Found) (*Question, error) {
	store := t.desk.recorder.Store
	if t.desk.procedure != t.procedure.ID || len(same) == 0 {
		return nil, nil
	}
	unknown, _, err := store.Person(ctx, t.procedure.Patient)
	if err != nil || unknown.Provisional == "" {
		return nil, err
	}
	var who trace.Identity
	if !found.New {
		if who, _, err = store.Person(ctx, found.Patient); err != nil {
			return nil, err
		}
	}
	if found.Draft != nil && found.Draft.Secret != nil {
		who = who.Say(*found.Draft.Secret, found.Draft.Fact)
	}
	if who.Provisional != "" || who.NHSNumber == "" && who.Family == "" && who.Given == "" {
		return nil, nil
	}
	return &Question{ID: t.id, Kind: AskSame, patient: found.Patient, Words: "Is " + inWords(who) + " this patient (" + unknown.Provisional + ")?"}, nil
}

// inWords names a patient for somebody who compares a wristband.
func inWords(who trace.Identity) string {
	name := who.Family
	if who.Given != "" {
		if name != "" {
			name += ", "
		}
		name += who.Given
	}
	if name == "" {
		name = "the patient without a name on record"
	}
	if born, err := time.Parse(time.DateOnly, who.Birth); err == nil {
		name += ", born " + born.Format("2 January 2006")
	}
	if who.NHSNumber != "" {
		name += ", NHS number " + udi.NHSNumber(who.NHSNumber).String()
	}
	return name
}

// identified links the record of the patient of the open procedure with the one that
// the wristband named, which is shown from then on.
func (d *Desk) identified(ctx context.Context, p trace.Procedure, as trace.PatientID) (step, error) {
	const title = "Nothing was linked"
	same, err := trace.SamePatients(ctx, d.recorder.Store, p.Patient)
	if err != nil {
		return step{}, err
	}
	if slices.Contains(same, as) {
		return step{title: "One person already", message: "Both records are of one person.", already: true, settle: func() { d.stranger = false }}, nil
	}
	draft, err := d.recorder.Linking(ctx, command.LinkPatients{Survives: as, Other: p.Patient, Reason: "The wristband was scanned in the procedure of a patient nobody had identified, and the question whether it is this patient was answered with yes."})
	if err != nil {
		s, err := orRefused(title, err)
		if s.refused {
			s.message += " Compare both records on the page Linked records."
		}
		return s, err
	}
	return step{title: "The patient is identified", message: "Both records are of one person now. If that was wrong, the link is taken back on the patient's page.", drafts: []trace.Draft{draft},
		settle: func() { d.stranger = false }}, nil
}
