package history

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// unknown means that a row speaks of something that the record does not have.
// Later in the file it may.
type unknown struct{ what string }

func (u *unknown) Error() string { return u.what }

// reference names an earlier row: its ref as a text, or {"id": UUID} with the
// row's id or the record's own.
type reference struct {
	Ref string
	ID  string `json:"id"`
}

var errNoReference = trace.Errorf(trace.Invalid, "What names a patient or a procedure is neither a text nor an object.")

// UnmarshalJSON takes a text or an object.
func (r *reference) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		return json.Unmarshal(b, &r.Ref)
	}
	var o struct {
		ID string `json:"id"`
	}
	if b[0] != '{' {
		return errNoReference
	}
	if err := decode(b, &o); err != nil {
		return err
	}
	r.ID = o.ID
	return nil
}

func (r reference) isZero() bool { return r == reference{} }

// row is the id of the command of the row it names.
func (r reference) row(source, typ string) (trace.EventID, error) {
	if r.isZero() {
		return trace.EventID{}, trace.Errorf(trace.Invalid, "The %s is missing.", typ)
	}
	id, err := rowID(source, typ, r.Ref, r.ID)
	if err != nil {
		return id, trace.Errorf(trace.Invalid, "The %s is not named rightly: %w", typ, err)
	}
	return id, nil
}

// whose names the patient of a procedure: like a [reference], or by identity.
type whose struct {
	reference
	identity
}

// UnmarshalJSON takes a text or an object.
func (w *whose) UnmarshalJSON(b []byte) error {
	if b[0] == '"' {
		return json.Unmarshal(b, &w.Ref)
	}
	var o struct {
		ID string `json:"id"`
		identity
	}
	if b[0] != '{' {
		return errNoReference
	}
	if err := decode(b, &o); err != nil {
		return err
	}
	w.ID, w.identity = o.ID, o.identity
	return nil
}

// identity is what a source says of who a patient is.
type identity struct {
	NHSNumber   string `json:"nhs_number"`
	LocalIssuer string `json:"local_issuer"`
	LocalNumber string `json:"local_number"`
	Family      string `json:"family"`
	Given       string `json:"given"`
	Birth       string `json:"birth"`
}

func (i identity) isZero() bool { return i == identity{} }

func (i identity) who() command.Who {
	return command.Who{NHSNumber: i.NHSNumber, LocalIssuer: i.LocalIssuer, LocalNumber: i.LocalNumber, Family: i.Family, Given: i.Given, Birth: i.Birth}
}

func (i identity) check(b batch) error { return pastDay("The date of birth", i.Birth, b.now) }

// touch names the identifiers: two rows that speak of one person must not be
// recorded at the same time, or they make two patients of them.
func (i identity) touch(t *touches) {
	if n, err := udi.ParseNHSNumber(i.NHSNumber); err == nil {
		t.write("nhs", string(n))
	}
	if i.LocalNumber != "" {
		t.write("local", strings.ToUpper(strings.TrimSpace(i.LocalIssuer))+"|"+strings.TrimSpace(i.LocalNumber))
	}
}

// patient finds the patient that a row was recorded as, or whose own id it is.
func (a *attempt) patient(ctx context.Context, r reference) (trace.PatientID, error) {
	id, err := r.row(a.source, typePatient)
	if err != nil {
		return trace.PatientID{}, err
	}
	if r.ID != "" {
		_, err := a.r.Store.Patient(ctx, trace.PatientID(id))
		if err == nil || trace.KindOf(err) != trace.NotFound {
			return trace.PatientID(id), err
		}
	}
	p, there, err := a.registered(ctx, id)
	if err != nil {
		return p, err
	}
	if !there {
		return p, &unknown{"The record has no patient of the ref or id that is given."}
	}
	return p, nil
}

// procedure finds the procedure of a row: its id is the row's.
func (a *attempt) procedure(ctx context.Context, r reference) (trace.Procedure, error) {
	id, err := r.row(a.source, typeProcedure)
	if err != nil {
		return trace.Procedure{}, err
	}
	p, err := a.r.Store.Procedure(ctx, trace.ProcedureID(id))
	if trace.KindOf(err) == trace.NotFound {
		return p, &unknown{"The record has no procedure of the ref or id that is given."}
	}
	return p, err
}

// registered finds the patient that the row with this command was recorded as,
// in this file or an earlier one.
//
// A patient who was new has an id made of the row's. One whom the record knew
// already has another; a link says which (see [attempt.link]).
func (a *attempt) registered(ctx context.Context, row trace.EventID) (trace.PatientID, bool, error) {
	if p, ok := a.patients.get(row); ok {
		return p, true, nil
	}
	fresh := newPatient(row)
	p, err := a.r.Store.Patient(ctx, fresh)
	switch {
	case err == nil:
		if slices.ContainsFunc(p.History, func(s trace.Stamp) bool { return s.Event == row }) {
			return fresh, true, nil
		}
		return fresh, false, trace.Errorf(trace.Conflict, "Another patient has the id that belongs to this row.")
	case trace.KindOf(err) != trace.NotFound:
		return fresh, false, err
	}
	receipt, err := a.r.Store.Find(ctx, linkID(row), linkCanonical(row))
	if trace.KindOf(err) == trace.NotFound {
		return fresh, false, nil
	}
	if err != nil {
		return fresh, false, err
	}
	linked, err := a.patientAt(ctx, receipt)
	if err != nil {
		return fresh, false, err
	}
	a.patients.put(row, linked)
	return linked, true, nil
}

// newPatient is the id that a Recorder gives a patient it did not know.
func newPatient(row trace.EventID) trace.PatientID {
	return trace.DeriveID[trace.OfPatient](row, "patient")
}

// link records which patient a row was found to be. A store finds a command by
// its id and content; the content of a row is not at hand when another file
// names it, that of a link is.
func (a *attempt) link(ctx context.Context, row trace.EventID, p trace.PatientID) error {
	results, err := a.r.Store.Append(ctx, trace.Command{ID: linkID(row), Canonical: linkCanonical(row), By: a.by(),
		Drafts: []trace.Draft{{Provenance: trace.Imported, Fact: trace.PatientFact{Patient: p}}}})
	if err != nil {
		return err
	}
	return results[0].Err
}

func linkID(row trace.EventID) trace.EventID {
	return trace.DeriveID[trace.OfEvent](row, "import link")
}

func linkCanonical(row trace.EventID) []byte { return []byte("import link\n" + row.String()) }

// patientAt reads which patient a recorded command speaks of.
func (a *attempt) patientAt(ctx context.Context, receipt trace.Receipt) (trace.PatientID, error) {
	for e, err := range a.r.Store.Entries(ctx, trace.Position{Node: receipt.Node, Seq: receipt.Seq}) {
		if err != nil {
			return trace.PatientID{}, err
		}
		if f, ok := e.Fact.(trace.PatientFact); ok {
			return f.Patient, nil
		}
		break
	}
	return trace.PatientID{}, trace.Errorf(trace.Conflict, "The id of this row belongs to something that is no patient.")
}
