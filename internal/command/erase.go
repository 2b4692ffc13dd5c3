package command

import (
	"context"
	"slices"
	"strings"
	"time"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// ErasePatient makes the identity of a patient unreadable, for good: name,
// numbers, date of birth, wristbands and notes. What was recorded of devices and
// procedures stays, and every proof with it.
type ErasePatient struct {
	Meta
	Patient trace.PatientID `json:"patient"`
	Reason  string          `json:"reason"` // why, and who decided it; sealed
	// KeepYears is how long the identity of a patient with an implant is kept
	// after the procedure; said by the node.
	KeepYears int `json:"-"`
}

// Erasure is what an erasure came to.
type Erasure struct {
	Patients []trace.PatientID `json:"patients"`  // all that were the same person
	Readings int               `json:"readings"`  // of their procedures, and why they were linked: sealed under keys of their own
	RunParts int               `json:"run_parts"` // of files for registries that named the patient
	Repeated bool              `json:"repeated"`  // it was recorded before
}

// ErasePatient carries the command out. It is refused (kind Conflict) while a
// procedure of the patient is open, and for a patient who may have an implant
// from within the years for which identities are kept.
func (r Recorder) ErasePatient(ctx context.Context, c ErasePatient) (Erasure, error) {
	canon, err := canonical("erase patient", c)
	if err != nil {
		return Erasure{}, err
	}
	receipt, done, err := r.before(ctx, c.ID, canon)
	if err != nil {
		return Erasure{}, err
	}
	if done {
		return r.erasedBy(ctx, receipt)
	}
	if c.Reason = strings.TrimSpace(c.Reason); c.Reason == "" {
		return Erasure{}, trace.Errorf(trace.Invalid, "Erasing an identity wants a reason: who asked for it, and who decided it.")
	}
	if err := note(c.Reason); err != nil {
		return Erasure{}, err
	}
	p, err := r.Store.Patient(ctx, c.Patient)
	if err != nil {
		return Erasure{}, err
	}
	if p.Erased {
		return Erasure{}, trace.Errorf(trace.Conflict, "This patient's identity was erased before.")
	}
	same, err := trace.SamePatients(ctx, r.Store, c.Patient)
	if err != nil {
		return Erasure{}, err
	}
	procedures := make(map[trace.ProcedureID]trace.PatientID)
	for _, id := range same {
		if err := r.mayErase(ctx, id, c.KeepYears, procedures); err != nil {
			return Erasure{}, err
		}
	}
	subjects, err := r.sealedAlone(ctx, procedures)
	if err != nil {
		return Erasure{}, err
	}
	if err := r.sealedLinks(ctx, same, subjects); err != nil {
		return Erasure{}, err
	}
	parts, err := r.exported(ctx, procedures)
	if err != nil {
		return Erasure{}, err
	}
	out := Erasure{Patients: same, RunParts: len(parts)}
	var drafts []trace.Draft
	for _, id := range same {
		fact := trace.ErasureFact{Patient: id, Subjects: subjects[id]}
		out.Readings += len(fact.Subjects)
		drafts = append(drafts, trace.Draft{Fact: fact, Provenance: trace.Typed})
	}
	if first, ok := drafts[0].Fact.(trace.ErasureFact); ok {
		first.RunParts = parts
		drafts[0].Fact = first
	}
	drafts[0].Secret = &trace.Secret{Note: c.Reason}
	_, err = r.record(ctx, c.Meta, canon, drafts...)
	return out, err
}

// erasedBy is what an erasure recorded before came to.
func (r Recorder) erasedBy(ctx context.Context, at trace.Receipt) (Erasure, error) {
	out := Erasure{Repeated: true}
	for e, err := range r.Store.Entries(ctx, trace.Position{Node: at.Node, Seq: at.Seq}) {
		if err != nil {
			return Erasure{}, err
		}
		f, ok := e.Fact.(trace.ErasureFact)
		if !ok || e.Command != at.Command {
			break
		}
		out.Patients = append(out.Patients, f.Patient)
		out.Readings += len(f.Subjects)
		out.RunParts += len(f.RunParts)
	}
	if len(out.Patients) == 0 {
		return Erasure{}, trace.Errorf(trace.Conflict, "the id %s was used for something that is no erasure", at.Command)
	}
	return out, nil
}

// mayErase says why a patient's identity is to be kept, and gathers the
// patient's procedures.
func (r Recorder) mayErase(ctx context.Context, id trace.PatientID, years int, procedures map[trace.ProcedureID]trace.PatientID) error {
	for h, err := range r.Store.Procedures(ctx, trace.ProcedureQuery{Patient: id}) {
		if err != nil {
			return err
		}
		p := h.Procedure
		procedures[p.ID] = id
		if p.Open() {
			return trace.Errorf(trace.Conflict, "A procedure of this patient is open. Close it first.")
		}
		if p.Withdrawn {
			continue
		}
		for u, err := range r.Store.Candidates(ctx, trace.Query{Procedure: p.ID}) {
			if err != nil {
				return err
			}
			if !mayBeImplanted(u.Usage) {
				continue
			}
			when := trace.UsageInFull{Usage: u.Usage, Procedure: p}.When()
			if until := when.AddDate(years, 0, 0); until.After(r.Clock()) {
				return trace.Errorf(trace.Conflict, "This patient has, or may have, an implant of %s: %s. Who has it must be known if it is recalled, so the identity is kept for %d years, until %s.",
					when.In(r.Zone()).Format("2 January 2006"), u.Usage.Device.DI, years, until.In(r.Zone()).Format(time.DateOnly))
			}
		}
	}
	return nil
}

// mayBeImplanted reports whether a device may have gone into the patient: one
// without an outcome may, and one that was taken out again was there.
func mayBeImplanted(u trace.Usage) bool {
	return !u.Withdrawn && !slices.Contains([]trace.Status{trace.NotUsed, trace.Wasted, trace.Returned, trace.Trial}, u.Status)
}

// sealedAlone finds what was read in procedures and sealed under a key of its
// own: a wristband that was not understood, or was refused, and texts that are
// nothing we know. Any of them may hold the patient's name.
func (r Recorder) sealedAlone(ctx context.Context, procedures map[trace.ProcedureID]trace.PatientID) (map[trace.PatientID][][16]byte, error) {
	found := make(map[trace.PatientID][][16]byte)
	if len(procedures) == 0 {
		return found, nil
	}
	for h, err := range r.Store.Readings(ctx, nil) {
		if err != nil {
			return nil, err
		}
		f := h.Reading.ReadingFact
		if who, ok := procedures[f.Procedure]; ok && h.Reading.Stamp.Sealed && (f.Means != udi.KindPatient || f.Patient.IsZero()) {
			found[who] = append(found[who], h.Reading.Stamp.Event)
		}
	}
	return found, nil
}

// sealedLinks adds why the records were linked, or parted, with any other: the words
// may say who it is.
func (r Recorder) sealedLinks(ctx context.Context, ids []trace.PatientID, found map[trace.PatientID][][16]byte) error {
	for _, id := range ids {
		for l, err := range r.Store.Links(ctx, id) {
			if err != nil {
				return err
			}
			for _, w := range l.History {
				if w.Stamp.Sealed {
					found[id] = append(found[id], w.Stamp.Event)
				}
			}
		}
	}
	return nil
}

// exported finds the parts of files for registries that have a record of one of the
// procedures, or say why it was kept back. Each is sealed under a key of its own.
func (r Recorder) exported(ctx context.Context, procedures map[trace.ProcedureID]trace.PatientID) (parts [][16]byte, err error) {
	if len(procedures) == 0 {
		return nil, nil
	}
	for run, err := range r.Store.Runs(ctx) {
		if err != nil {
			return nil, err
		}
		for p, err := range r.Store.RunParts(ctx, run.ID) {
			if err != nil {
				return nil, err
			}
			if p.Stamp.Sealed && slices.ContainsFunc(p.Rows, func(row trace.RunRow) bool { _, ok := procedures[row.Procedure]; return ok }) {
				parts = append(parts, p.Stamp.Event)
			}
		}
	}
	return parts, nil
}
