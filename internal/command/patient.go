package command

import (
	"context"
	"strings"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Who is a patient as somebody names them: by the record's own id, or by
// identity.
type Who struct {
	Patient     trace.PatientID `json:"patient,omitzero"`
	NHSNumber   string          `json:"nhs_number,omitempty"`
	LocalIssuer string          `json:"local_issuer,omitempty"` // ODS code of who gave the local number
	LocalNumber string          `json:"local_number,omitempty"`
	Family      string          `json:"family,omitempty"`
	Given       string          `json:"given,omitempty"`
	Birth       string          `json:"birth,omitempty"` // YYYY-MM-DD
}

// IsZero reports whether nobody is named.
func (w Who) IsZero() bool { return w == Who{} }

// identity checks what is said of who the patient is.
func (w Who) identity() (trace.Identity, error) {
	id := trace.Identity{LocalIssuer: strings.ToUpper(strings.TrimSpace(w.LocalIssuer)), LocalNumber: strings.TrimSpace(w.LocalNumber),
		Family: strings.TrimSpace(w.Family), Given: strings.TrimSpace(w.Given), Birth: w.Birth}
	if err := lines("the family name", id.Family, "the given name", id.Given, "the local number", id.LocalNumber, "the issuer", id.LocalIssuer); err != nil {
		return id, err
	}
	if err := date("the date of birth", w.Birth); err != nil {
		return id, err
	}
	if w.NHSNumber != "" {
		n, err := udi.ParseNHSNumber(w.NHSNumber)
		if err != nil {
			return id, trace.Errorf(trace.Invalid, "The NHS number is not right: %w.", err)
		}
		id.NHSNumber = string(n)
	}
	if id.LocalNumber != "" && id.LocalIssuer == "" {
		return id, trace.Errorf(trace.Invalid, "A local number wants the ODS code of who gave it.")
	}
	return id, nil
}

// Found is a patient that the record knows, or is about to.
type Found struct {
	Patient trace.PatientID
	New     bool
	// Differs lists what is recorded otherwise than said: "family", "given",
	// "birth". It may be a slip, or another person.
	Differs []string
	draft   *trace.Draft // what has to be recorded of the patient; nil: nothing new
}

// find looks the patient up and says what would have to be recorded. Without
// an NHS or a local number nobody is found: a name is no identifier.
func (r Recorder) find(ctx context.Context, command trace.EventID, w Who) (Found, error) {
	said, err := w.identity()
	if err != nil {
		return Found{}, err
	}
	if !w.Patient.IsZero() {
		if _, err := r.Store.Patient(ctx, w.Patient); err != nil {
			return Found{}, err
		}
		return r.compare(ctx, w.Patient, said)
	}
	if said.NHSNumber == "" && said.LocalNumber == "" {
		return Found{}, trace.Errorf(trace.Invalid, "The patient wants an NHS number, or a local number and its issuer.")
	}
	var known []trace.PatientID
	if said.NHSNumber != "" {
		if known, err = r.Store.PatientsBy(ctx, r.Store.Lookups(trace.LookupNHS, said.NHSNumber)...); err != nil {
			return Found{}, err
		}
	}
	if len(known) == 0 && said.LocalNumber != "" {
		byLocal, err := r.Store.PatientsBy(ctx, r.Store.Lookups(trace.LookupLocal, said.LocalIssuer+"|"+said.LocalNumber)...)
		if err != nil {
			return Found{}, err
		}
		for _, id := range byLocal {
			who, err := r.Store.Identity(ctx, id)
			if err != nil {
				return Found{}, err
			}
			if said.NHSNumber != "" && who.NHSNumber != "" { // not the one that was said, or it had been found
				return Found{}, trace.Errorf(trace.Conflict, "This local number is recorded with another NHS number. Check the wristband; nobody was linked.")
			}
			known = append(known, id)
		}
		if len(known) > 1 {
			return Found{}, trace.Errorf(trace.Conflict, "This local number is recorded for more than one patient. Use the NHS number.")
		}
	}
	if len(known) > 0 {
		return r.compare(ctx, known[0], said)
	}
	id := trace.DeriveID[trace.OfPatient](command, "patient")
	return Found{Patient: id, New: true, draft: r.patientDraft(id, said, trace.Identity{})}, nil
}

// compare holds what was said against what is recorded of a patient.
func (r Recorder) compare(ctx context.Context, id trace.PatientID, said trace.Identity) (Found, error) {
	f := Found{Patient: id}
	known, err := r.Store.Identity(ctx, id)
	if err != nil {
		return f, err
	}
	if said.NHSNumber != "" && known.NHSNumber != "" && said.NHSNumber != known.NHSNumber {
		return f, trace.Errorf(trace.Conflict, "This patient is recorded with another NHS number. Nobody was linked.")
	}
	for _, p := range []struct{ what, said, known string }{
		{"family", said.Family, known.Family}, {"given", said.Given, known.Given}, {"birth", said.Birth, known.Birth},
	} {
		if p.said != "" && p.known != "" && !strings.EqualFold(p.said, p.known) {
			f.Differs = append(f.Differs, p.what)
		}
	}
	f.draft = r.patientDraft(id, said, known)
	return f, nil
}

// patientDraft is the entry that adds what is said and not yet known; nil when
// nothing is. What is recorded otherwise is left as it is: changing it is a
// correction.
func (r Recorder) patientDraft(id trace.PatientID, said, known trace.Identity) *trace.Draft {
	fact := trace.PatientFact{Patient: id}
	var s trace.Secret
	if said.NHSNumber != "" && known.NHSNumber == "" {
		s.NHSNumber = said.NHSNumber
		fact.Lookups = append(fact.Lookups, r.Store.Lookups(trace.LookupNHS, said.NHSNumber)[0])
	}
	if said.LocalNumber != "" && (said.LocalNumber != known.LocalNumber || said.LocalIssuer != known.LocalIssuer) {
		s.LocalIssuer, s.LocalNumber = said.LocalIssuer, said.LocalNumber
		fact.Lookups = append(fact.Lookups, r.Store.Lookups(trace.LookupLocal, said.LocalIssuer+"|"+said.LocalNumber)[0])
	}
	for _, p := range []struct {
		to          *string
		said, known string
	}{{&s.Family, said.Family, known.Family}, {&s.Given, said.Given, known.Given}, {&s.Birth, said.Birth, known.Birth}} {
		if p.known == "" {
			*p.to = p.said
		}
	}
	if s.IsZero() {
		return nil
	}
	return &trace.Draft{Fact: fact, Secret: &s, Subject: id}
}

// Search finds the patients that an identity names, without recording
// anything. Nobody is no error.
func (r Recorder) Search(ctx context.Context, w Who) ([]trace.PatientID, error) {
	said, err := w.identity()
	if err != nil {
		return nil, err
	}
	switch {
	case said.NHSNumber != "":
		return r.Store.PatientsBy(ctx, r.Store.Lookups(trace.LookupNHS, said.NHSNumber)...)
	case said.LocalNumber != "":
		return r.Store.PatientsBy(ctx, r.Store.Lookups(trace.LookupLocal, said.LocalIssuer+"|"+said.LocalNumber)...)
	}
	return nil, trace.Errorf(trace.Invalid, "Give an NHS number, or a local number and the ODS code of who gave it.")
}

// RegisterPatient records a patient.
type RegisterPatient struct {
	Meta
	Who
}

// RegisterPatient carries the command out and gives the patient, new or known.
func (r Recorder) RegisterPatient(ctx context.Context, c RegisterPatient) (Found, error) {
	canon, err := canonical("register patient", c)
	if err != nil {
		return Found{}, err
	}
	_, repeated, err := r.before(ctx, c.ID, canon)
	if err != nil {
		return Found{}, err
	}
	found, err := r.find(ctx, c.ID, c.Who)
	if err != nil || repeated {
		return found, err
	}
	if found.draft == nil {
		// Nothing new is known; that the patient was named is worth an entry,
		// so that a repeat of the command is told from a new one.
		found.draft = &trace.Draft{Fact: trace.PatientFact{Patient: found.Patient}}
	}
	_, err = r.record(ctx, c.Meta, canon, *found.draft)
	return found, err
}
