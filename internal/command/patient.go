package command

import (
	"context"
	"slices"
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
	// Provisional: nobody has identified the patient yet. A new one gets a temporary
	// name and, without a number, one of the product's own. Appears is what can be seen
	// of such a patient: sex, about how old.
	Provisional bool   `json:"provisional,omitempty"`
	Appears     string `json:"appears,omitempty"`
}

// IsZero reports whether nobody is named.
func (w Who) IsZero() bool { return w == Who{} }

// identity checks what is said of who the patient is.
func (w Who) identity() (trace.Identity, error) {
	id := trace.Identity{LocalIssuer: strings.ToUpper(strings.TrimSpace(w.LocalIssuer)), LocalNumber: strings.TrimSpace(w.LocalNumber),
		Family: strings.TrimSpace(w.Family), Given: strings.TrimSpace(w.Given), Birth: w.Birth, Appears: strings.TrimSpace(w.Appears)}
	if id.LocalIssuer == "" && provisionalNumber(strings.ToUpper(id.LocalNumber)) { // it says itself who gave it
		id.LocalIssuer, id.LocalNumber = trace.ProvisionalIssuer, strings.ToUpper(id.LocalNumber)
	}
	if err := lines("the family name", id.Family, "the given name", id.Given, "the local number", id.LocalNumber, "the issuer", id.LocalIssuer, "how the patient looks", id.Appears); err != nil {
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
	if id.LocalIssuer != "" && id.LocalNumber == "" {
		return id, trace.Errorf(trace.Invalid, "The ODS code of a hospital wants the number that it gave the patient.")
	}
	switch {
	case id.LocalIssuer == trace.ProvisionalIssuer && !provisionalNumber(id.LocalNumber):
		return id, trace.Errorf(trace.Invalid, "This temporary number fails its check. Scan the wristband, or type the number again.")
	case w.Provisional && (id.NHSNumber != "" || id.Family != "" || id.Given != "" || id.Birth != ""):
		return id, trace.Errorf(trace.Invalid, "Whoever has a name, a date of birth or an NHS number is not unknown: record the patient by them.")
	case id.Appears != "" && !w.Provisional:
		return id, trace.Errorf(trace.Invalid, "How somebody looks is said of a patient whom nobody has identified yet.")
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
	Draft   *trace.Draft // what has to be recorded of the patient; nil: nothing new
}

// Identify looks the patient up and says what would have to be recorded. Without
// an NHS or a local number nobody is found: a name is no identifier.
func (r Recorder) Identify(ctx context.Context, command trace.EventID, w Who) (Found, error) {
	said, err := w.identity()
	if err != nil {
		return Found{}, err
	}
	unnumbered := said.LocalNumber == "" || said.LocalIssuer == trace.ProvisionalIssuer
	if r.Practice && w.Patient.IsZero() && !(w.Provisional && unnumbered || said.NHSNumber == "" && said.LocalIssuer == trace.ProvisionalIssuer) && !udi.NHSNumber(said.NHSNumber).Synthetic() {
		return Found{}, trace.Errorf(trace.Invalid, "This is for practice: nobody real may be recorded here. Use a practice wristband (NHS numbers 999 000 0000 to 999 999 9999).")
	}
	known, byLocal, err := r.known(ctx, said)
	if err != nil {
		return Found{}, err
	}
	if !w.Patient.IsZero() {
		p, err := r.Store.Patient(ctx, w.Patient)
		if err != nil {
			return Found{}, err
		}
		if p.Erased {
			return Found{}, trace.Errorf(trace.Conflict, "This patient's identity was erased. Name the patient by NHS or hospital number; nobody was linked.")
		}
		if p.Withdrawn {
			return Found{}, trace.Errorf(trace.Conflict, "This patient was withdrawn from the record. Nobody was linked.")
		}
		if len(known) > 0 && !slices.Contains(known, w.Patient) {
			return Found{}, trace.Errorf(trace.Conflict, "Another patient has this NHS number. Nobody was linked.")
		}
		return r.compare(ctx, w.Patient, said)
	}
	id := trace.DeriveID[trace.OfPatient](command, "patient")
	if w.Provisional && said.LocalNumber == "" {
		said.LocalIssuer, said.LocalNumber = trace.ProvisionalIssuer, ProvisionalNumber(id)
	}
	if said.NHSNumber == "" && said.LocalNumber == "" {
		return Found{}, trace.Errorf(trace.Invalid, "The patient wants an NHS number, or a local number and its issuer.")
	}
	if len(known) > 0 {
		return r.compare(ctx, known[0], said)
	}
	if len(byLocal) > 1 {
		return Found{}, trace.Errorf(trace.Conflict, "This local number is recorded for more than one patient. Use the NHS number.")
	}
	if len(byLocal) == 1 {
		found, err := r.compare(ctx, byLocal[0], said)
		if err == nil && said.NHSNumber != "" && len(found.Differs) > 0 {
			// A hospital's number that was mistyped, or given again, would put one
			// person's NHS number on another's record.
			return Found{}, trace.Errorf(trace.Conflict, "This local number is recorded without an NHS number, for somebody whose %s is recorded otherwise. "+
				"Check the wristband; nobody was linked.", words(found.Differs))
		}
		return found, err
	}
	found := Found{Patient: id, New: true, Draft: r.patientDraft(id, said, trace.Identity{})}
	if w.Provisional {
		fact := found.Draft.Fact.(trace.PatientFact)
		fact.Provisional = TemporaryName(id)
		found.Draft.Fact = fact
	}
	return found, nil
}

// known finds the patients with the NHS number that was said, and those with
// the local number. A local number that belongs to somebody with another NHS
// number is an error of kind Conflict.
func (r Recorder) known(ctx context.Context, said trace.Identity) (byNHS, byLocal []trace.PatientID, err error) {
	if said.NHSNumber != "" {
		if byNHS, err = r.Store.PatientsBy(ctx, r.Store.Lookups(trace.LookupNHS, said.NHSNumber)...); err != nil {
			return nil, nil, err
		}
	}
	if said.LocalNumber != "" {
		if byLocal, err = r.Store.PatientsBy(ctx, r.Store.Lookups(trace.LookupLocal, said.LocalIssuer+"|"+said.LocalNumber)...); err != nil {
			return nil, nil, err
		}
	}
	for _, id := range byLocal {
		p, err := r.Store.Patient(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		if r.otherNHS(p, said.NHSNumber) {
			return nil, nil, trace.Errorf(trace.Conflict, "This local number is recorded with another NHS number. Check the wristband; nobody was linked.")
		}
	}
	return byNHS, byLocal, nil
}

// otherNHS reports whether a patient is recorded with an NHS number, and not
// with the one that was said. It asks the hashes: the identity may be sealed.
func (r Recorder) otherNHS(p trace.Patient, said string) bool {
	if said == "" {
		return false
	}
	hashes := r.Store.Lookups(trace.LookupNHS, said)
	return slices.ContainsFunc(p.Lookups, func(h trace.LookupHash) bool { return h.Kind() == trace.LookupNHS && !slices.Contains(hashes, h) })
}

// words names fields of an identity for a person.
func words(fields []string) string {
	return strings.NewReplacer("family", "family name", "given", "given name", "birth", "date of birth").Replace(strings.Join(fields, " and "))
}

// compare holds what was said against what is recorded of a patient.
func (r Recorder) compare(ctx context.Context, id trace.PatientID, said trace.Identity) (Found, error) {
	f := Found{Patient: id}
	p, err := r.Store.Patient(ctx, id)
	if err != nil {
		return f, err
	}
	if r.otherNHS(p, said.NHSNumber) {
		return f, trace.Errorf(trace.Conflict, "This patient is recorded with another NHS number. Nobody was linked.")
	}
	known, err := r.Store.Identity(ctx, id)
	if err != nil {
		return f, err
	}
	for _, p := range []struct{ what, said, known string }{
		{"family", said.Family, known.Family}, {"given", said.Given, known.Given}, {"birth", said.Birth, known.Birth},
	} {
		if p.said != "" && p.known != "" && !strings.EqualFold(p.said, p.known) {
			f.Differs = append(f.Differs, p.what)
		}
	}
	f.Draft = r.patientDraft(id, said, known)
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
		if known.Provisional != "" { // from now on it is known who that is
			fact.Amend.Clear = []string{"provisional"}
		}
		fact.Lookups = append(fact.Lookups, r.Store.Lookups(trace.LookupNHS, said.NHSNumber)[0])
	}
	if said.LocalNumber != "" && (said.LocalNumber != known.LocalNumber || said.LocalIssuer != known.LocalIssuer) {
		s.LocalIssuer, s.LocalNumber = said.LocalIssuer, said.LocalNumber
		fact.Lookups = append(fact.Lookups, r.Store.Lookups(trace.LookupLocal, said.LocalIssuer+"|"+said.LocalNumber)[0])
	}
	for _, p := range []struct {
		to          *string
		said, known string
	}{{&s.Family, said.Family, known.Family}, {&s.Given, said.Given, known.Given}, {&s.Birth, said.Birth, known.Birth}, {&s.Appears, said.Appears, known.Appears}} {
		if p.known == "" {
			*p.to = p.said
		}
	}
	if s.IsZero() {
		return nil
	}
	return &trace.Draft{Fact: fact, Secret: &s, Subject: id}
}

// Search finds the patients that an identity names, without recording anything.
// Nobody is no error. Of those who are one person the first stands for all.
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
	receipt, repeated, err := r.before(ctx, c.ID, canon)
	if err != nil {
		return Found{}, err
	}
	if repeated {
		return r.registered(ctx, receipt)
	}
	if err := plausible("the time", c.Occurred, r.Clock()); err != nil {
		return Found{}, err
	}
	found, err := r.Identify(ctx, c.ID, c.Who)
	if err != nil {
		return found, err
	}
	if found.Draft == nil {
		// Nothing new is known; that the patient was named is worth an entry,
		// so that a repeat of the command is told from a new one.
		found.Draft = &trace.Draft{Fact: trace.PatientFact{Patient: found.Patient}}
	}
	receipt, err = r.record(ctx, c.Meta, canon, *found.Draft)
	if err == nil && receipt.Repeated { // somebody sent the same at the same moment
		return r.registered(ctx, receipt)
	}
	return found, err
}

// registered is what a registration recorded before came to, whatever has been
// recorded of the patient since.
func (r Recorder) registered(ctx context.Context, at trace.Receipt) (Found, error) {
	for e, err := range r.Store.Entries(ctx, trace.Position{Node: at.Node, Seq: at.Seq}) {
		if err != nil {
			return Found{}, err
		}
		f, ok := e.Fact.(trace.PatientFact)
		if !ok {
			break
		}
		return Found{Patient: f.Patient, New: f.Patient == trace.DeriveID[trace.OfPatient](at.Command, "patient")}, nil
	}
	return Found{}, trace.Errorf(trace.Conflict, "the id %s was used for something that is no registration", at.Command)
}
