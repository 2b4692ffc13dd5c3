package command

import (
	"context"
	"slices"
	"strings"
	"time"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Correct puts right what was recorded of one patient, procedure, usage or
// product: exactly one of the four is named. The old entries stay; the
// correction names the one it corrects where Entry says so.
type Correct struct {
	Meta
	Patient   trace.PatientID   `json:"patient,omitzero"`
	Procedure trace.ProcedureID `json:"procedure,omitzero"`
	Usage     trace.UsageID     `json:"usage,omitzero"`
	Product   string            `json:"product,omitempty"` // DI

	Entry    trace.EventID `json:"entry,omitzero"` // what was wrong; zero: the first about the thing
	Set      Set           `json:"set,omitzero"`
	Clear    []string      `json:"clear,omitempty"` // names of fields of Set that are to be empty
	Withdraw bool          `json:"withdraw,omitempty"`
	Restore  bool          `json:"restore,omitempty"`
	Reason   string        `json:"reason"` // free words, sealed
}

// Set holds the new values. Which may be used depends on the thing.
type Set struct {
	// of a patient
	NHSNumber   string `json:"nhs_number,omitempty"`
	LocalIssuer string `json:"local_issuer,omitempty"`
	LocalNumber string `json:"local_number,omitempty"`
	Family      string `json:"family,omitempty"`
	Given       string `json:"given,omitempty"`
	Birth       string `json:"birth,omitempty"`
	// of a procedure
	OfPatient  trace.PatientID `json:"of_patient,omitzero"` // it was recorded on the wrong patient
	Code       trace.Code      `json:"code,omitzero"`
	Side       trace.Side      `json:"side,omitempty"`
	Place      trace.Place     `json:"place,omitzero"`
	People     []trace.Person  `json:"people,omitempty"`
	Start      time.Time       `json:"start,omitzero"`
	End        time.Time       `json:"end,omitzero"`
	Indication string          `json:"indication,omitempty"`
	// of a usage
	InProcedure  trace.ProcedureID `json:"in_procedure,omitzero"` // it was recorded in the wrong procedure
	DI           string            `json:"di,omitempty"`
	Lot          string            `json:"lot,omitempty"`
	Serial       string            `json:"serial,omitempty"`
	Expiry       string            `json:"expiry,omitempty"`       // YYYY-MM-DD
	Manufactured string            `json:"manufactured,omitempty"` // YYYY-MM-DD
	Status       trace.Status      `json:"status,omitempty"`
	Location     string            `json:"location,omitempty"`
	// of a product
	Maker        string `json:"maker,omitempty"`
	MakerAddress string `json:"maker_address,omitempty"`
	Brand        string `json:"brand,omitempty"`
	CatalogueNo  string `json:"catalogue_no,omitempty"`
	Description  string `json:"description,omitempty"`

	Attributes trace.Attributes `json:"attributes,omitzero"`
}

var (
	ofPatient   = []string{"nhs_number", "local_number", "family", "given", "birth"}
	ofProcedure = []string{"code", "side", "place", "people", "end", "indication"}
	ofUsage     = []string{"lot", "serial", "expiry", "manufactured", "status", "location", "damaged"}
	ofProduct   = append([]string{"maker", "maker_address", "brand", "catalogue_no", "description"}, attributeNames()...)
)

func attributeNames() (names []string) {
	for _, f := range trace.Fields() {
		names = append(names, f.Name)
	}
	return names
}

// Correct carries the command out.
func (r Recorder) Correct(ctx context.Context, c Correct) error {
	canon, err := canonical("correct", c)
	if err != nil {
		return err
	}
	if _, done, err := r.before(ctx, c.ID, canon); done {
		return err
	}
	drafts, err := r.Correcting(ctx, c)
	if err != nil {
		return err
	}
	if _, err = r.record(ctx, c.Meta, canon, drafts...); err != nil || c.Product == "" {
		return err
	}
	return r.judgeProduct(ctx, drafts[0].Fact.(trace.ProductFact).DI, c.Meta)
}

// Correcting is what [Recorder.Correct] would record. After a correction of a
// product its devices are to be judged again.
func (r Recorder) Correcting(ctx context.Context, c Correct) ([]trace.Draft, error) {
	var d trace.Draft
	var also []trace.Draft
	var err error
	if err := plausible("the time", c.Occurred, r.Clock()); err != nil {
		return nil, err
	}
	c.Reason = strings.TrimSpace(c.Reason)
	if c.Reason == "" {
		return nil, trace.Errorf(trace.Invalid, "A correction wants a reason.")
	}
	if err := note(c.Reason); err != nil {
		return nil, err
	}
	if c.Withdraw && c.Restore {
		return nil, trace.Errorf(trace.Invalid, "A correction cannot withdraw and restore at once.")
	}
	named := 0
	for _, n := range []bool{!c.Patient.IsZero(), !c.Procedure.IsZero(), !c.Usage.IsZero(), c.Product != ""} {
		if n {
			named++
		}
	}
	if named != 1 {
		return nil, trace.Errorf(trace.Invalid, "A correction names one patient, one procedure, one usage or one product.")
	}
	switch {
	case !c.Patient.IsZero():
		d, err = r.correctPatient(ctx, c)
	case !c.Procedure.IsZero():
		d, err = r.correctProcedure(ctx, c)
	case !c.Usage.IsZero():
		d, also, err = r.correctUsage(ctx, c)
	default:
		d, err = r.correctProduct(ctx, c)
	}
	if err != nil {
		return nil, err
	}
	if d.Secret == nil {
		d.Secret = &trace.Secret{}
	}
	d.Secret.Note = c.Reason
	return append([]trace.Draft{d}, also...), nil
}

// amend checks that there is something to put right and that the fields belong
// to the thing.
func (c Correct) amend(history []trace.Stamp, fields []string, allowed Set) (trace.Amend, error) {
	a := trace.Amend{Corrects: c.Entry, Clear: c.Clear, Withdraw: c.Withdraw, Restore: c.Restore}
	for _, n := range c.Clear {
		if !slices.Contains(fields, n) {
			return a, trace.Errorf(trace.Invalid, "%q cannot be cleared here; it is one of %v", n, fields)
		}
		if c.Set.says(n) {
			return a, trace.Errorf(trace.Invalid, "The correction sets and clears %q at once.", n)
		}
	}
	if !equal(c.Set, allowed) {
		return a, trace.Errorf(trace.Invalid, "The correction sets a field that this thing does not have.")
	}
	if equal(c.Set, Set{}) && len(c.Clear) == 0 && !c.Withdraw && !c.Restore {
		return a, trace.Errorf(trace.Invalid, "The correction changes nothing.")
	}
	if c.Entry.IsZero() {
		a.Corrects = history[0].Event
	} else if !slices.ContainsFunc(history, func(s trace.Stamp) bool { return s.Event == c.Entry }) {
		return a, trace.Errorf(trace.NotFound, "The entry %s does not speak of this thing.", c.Entry)
	}
	return a, nil
}

// says reports whether a field that can be cleared has a new value.
func (s Set) says(field string) bool {
	switch field {
	case "nhs_number":
		return s.NHSNumber != ""
	case "local_number":
		return s.LocalIssuer+s.LocalNumber != ""
	case "family":
		return s.Family != ""
	case "given":
		return s.Given != ""
	case "birth":
		return s.Birth != ""
	case "code":
		return s.Code != trace.Code{}
	case "side":
		return s.Side != ""
	case "place":
		return s.Place != trace.Place{}
	case "people":
		return len(s.People) > 0
	case "end":
		return !s.End.IsZero()
	case "indication":
		return s.Indication != ""
	case "lot":
		return s.Lot != ""
	case "serial":
		return s.Serial != ""
	case "expiry":
		return s.Expiry != ""
	case "manufactured":
		return s.Manufactured != ""
	case "status":
		return s.Status != ""
	case "location":
		return s.Location != ""
	case "maker":
		return s.Maker != ""
	case "maker_address":
		return s.MakerAddress != ""
	case "brand":
		return s.Brand != ""
	case "catalogue_no":
		return s.CatalogueNo != ""
	case "description":
		return s.Description != ""
	}
	f, ok := trace.FieldOf(field)
	return ok && f.Get(s.Attributes) != ""
}

func equal(a, b Set) bool {
	if !slices.Equal(a.People, b.People) || !a.Attributes.Equal(b.Attributes) {
		return false
	}
	if !a.Start.Equal(b.Start) || !a.End.Equal(b.End) {
		return false
	}
	a.People, b.People = nil, nil
	a.Start, b.Start, a.End, b.End = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	return a.comparable() == b.comparable()
}

// comparable is what is left of a Set without its slice: two of them compare.
func (s Set) comparable() [24]string {
	return [24]string{s.NHSNumber, s.LocalIssuer, s.LocalNumber, s.Family, s.Given, s.Birth, s.OfPatient.String(), s.Code.System, s.Code.Code,
		s.Code.Text, string(s.Side), s.Place.String(), s.Indication, s.InProcedure.String(), s.DI, s.Lot, s.Serial, s.Expiry, s.Manufactured,
		string(s.Status), s.Location, s.Maker + "\x00" + s.MakerAddress, s.Brand + "\x00" + s.CatalogueNo, s.Description}
}

func (r Recorder) correctPatient(ctx context.Context, c Correct) (trace.Draft, error) {
	p, err := r.Store.Patient(ctx, c.Patient)
	if err != nil {
		return trace.Draft{}, err
	}
	s := c.Set
	a, err := c.amend(p.History, ofPatient, Set{NHSNumber: s.NHSNumber, LocalIssuer: s.LocalIssuer, LocalNumber: s.LocalNumber, Family: s.Family, Given: s.Given, Birth: s.Birth})
	if err != nil {
		return trace.Draft{}, err
	}
	said, err := Who{NHSNumber: s.NHSNumber, LocalIssuer: s.LocalIssuer, LocalNumber: s.LocalNumber, Family: s.Family, Given: s.Given, Birth: s.Birth}.identity()
	if err != nil {
		return trace.Draft{}, err
	}
	byNHS, _, err := r.known(ctx, trace.Identity{NHSNumber: said.NHSNumber})
	if err != nil {
		return trace.Draft{}, err
	}
	if len(byNHS) > 0 && !slices.Contains(byNHS, p.ID) {
		return trace.Draft{}, trace.Errorf(trace.Conflict, "Another patient has this NHS number. Move the procedure to that patient instead.")
	}
	_, byLocal, err := r.known(ctx, trace.Identity{LocalIssuer: said.LocalIssuer, LocalNumber: said.LocalNumber})
	if err != nil {
		return trace.Draft{}, err
	}
	if len(byLocal) > 0 && !slices.Contains(byLocal, p.ID) {
		return trace.Draft{}, trace.Errorf(trace.Conflict, "Another patient has this local number. Move the procedure to that patient instead.")
	}
	if said.LocalNumber != "" && c.Entry.IsZero() {
		if a.Corrects, err = r.lastLocal(ctx, p, said.LocalIssuer, a.Corrects); err != nil {
			return trace.Draft{}, err
		}
	}
	d := r.patientDraft(p.ID, said, trace.Identity{})
	if d == nil && len(c.Clear) == 0 && !c.Withdraw && !c.Restore {
		return trace.Draft{}, trace.Errorf(trace.Invalid, "The correction changes nothing.")
	}
	if d == nil {
		d = &trace.Draft{Fact: trace.PatientFact{Patient: p.ID}, Subject: p.ID}
	}
	f := d.Fact.(trace.PatientFact)
	f.Amend = a
	d.Fact = f
	return *d, nil
}

// lastLocal finds the entry that last said a local number of this issuer, or of
// any where there is none of this one: that number is the one put right.
func (r Recorder) lastLocal(ctx context.Context, p trace.Patient, issuer string, first trace.EventID) (trace.EventID, error) {
	var last trace.EventID
	for _, h := range slices.Backward(p.History) {
		s, err := r.Store.Secret(ctx, h.Position)
		switch {
		case err != nil:
			return first, err
		case s == nil || s.LocalNumber == "":
		case s.LocalIssuer == issuer:
			return h.Event, nil
		case last.IsZero():
			last = h.Event
		}
	}
	if last.IsZero() {
		return first, nil
	}
	return last, nil
}

func (r Recorder) correctProcedure(ctx context.Context, c Correct) (trace.Draft, error) {
	p, err := r.Store.Procedure(ctx, c.Procedure)
	if err != nil {
		return trace.Draft{}, err
	}
	s := c.Set
	a, err := c.amend(p.History, ofProcedure, Set{OfPatient: s.OfPatient, Code: s.Code, Side: s.Side, Place: s.Place, People: s.People,
		Start: s.Start, End: s.End, Indication: s.Indication})
	if err != nil {
		return trace.Draft{}, err
	}
	if !s.OfPatient.IsZero() {
		to, err := r.Store.Patient(ctx, s.OfPatient)
		if err != nil {
			return trace.Draft{}, err
		}
		if to.Withdrawn {
			return trace.Draft{}, trace.Errorf(trace.Conflict, "That patient was withdrawn from the record.")
		}
	}
	now, start, end := r.Clock(), p.Start, p.End
	if !s.Start.IsZero() {
		start = s.Start
	}
	if !s.End.IsZero() {
		end = s.End
	}
	check := OpenProcedure{Code: s.Code, Side: s.Side, Place: s.Place, People: s.People, Start: start, End: end, Indication: s.Indication}
	if check.Code == (trace.Code{}) {
		check.Code = p.Code
	}
	if check.Code == (trace.Code{}) {
		check.Code.Text = "not said"
	}
	if slices.Contains(c.Clear, "end") {
		check.End = time.Time{}
	}
	if err := check.check(now); err != nil {
		return trace.Draft{}, err
	}
	return trace.Draft{Subject: p.Patient, Fact: trace.ProcedureFact{Procedure: p.ID, Patient: s.OfPatient, Code: s.Code, Side: s.Side,
		Place: s.Place, People: s.People, Start: s.Start.UTC(), End: s.End.UTC(), Amend: a}, Secret: &trace.Secret{Indication: s.Indication}}, nil
}

func (r Recorder) correctUsage(ctx context.Context, c Correct) (d trace.Draft, also []trace.Draft, err error) {
	u, err := r.Store.Usage(ctx, c.Usage)
	if err != nil {
		return d, nil, err
	}
	s := c.Set
	a, err := c.amend(u.History, ofUsage, Set{InProcedure: s.InProcedure, DI: s.DI, Lot: s.Lot, Serial: s.Serial, Expiry: s.Expiry,
		Manufactured: s.Manufactured, Status: s.Status, Location: s.Location})
	if err != nil {
		return d, nil, err
	}
	if s.Status != "" {
		if err := oneOf("the status", s.Status, trace.Statuses()); err != nil {
			return d, nil, err
		}
	}
	p, err := r.Store.Procedure(ctx, u.Procedure)
	if err != nil && trace.KindOf(err) != trace.NotFound {
		return d, nil, err
	}
	if !s.InProcedure.IsZero() {
		if p, err = r.Store.Procedure(ctx, s.InProcedure); err != nil {
			return d, nil, err
		}
		if p.Withdrawn {
			return d, nil, withdrawn
		}
	}
	if err := lines("the location", s.Location); err != nil {
		return d, nil, err
	}
	typed := udi.Device{DI: s.DI, Lot: s.Lot, Serial: s.Serial, Expiry: udi.Date{Day: s.Expiry}, Manufactured: udi.Date{Day: s.Manufactured}}
	m, err := Understood(nil, typed, r.Clock())
	if err != nil {
		return d, nil, err
	}
	f := trace.UsageFact{Usage: u.ID, Procedure: s.InProcedure, Device: m.Device, Status: s.Status, Location: s.Location, Amend: a}
	if f.Verdict, err = r.again(ctx, u, f, p); err != nil {
		return d, nil, err
	}
	verdict := u.Verdict
	if !f.Verdict.IsZero() {
		verdict = f.Verdict
	}
	if err := override(&f, c.Provenance, s.Status, verdict, u.Overridden, c.Reason, ""); err != nil {
		return d, nil, err
	}
	if !u.Explants.IsZero() {
		other := trace.UsageFact{Usage: u.Explants}
		switch {
		case c.Restore:
			other.ExplantedBy = u.ID
		case c.Withdraw:
			if other.Amend, err = r.unlinked(ctx, u); err != nil {
				return d, nil, err
			}
		case s.Status != "" && s.Status != trace.Explanted:
			f.Amend.Clear = append(slices.Clone(f.Amend.Clear), "explants")
			if other.Amend, err = r.unlinked(ctx, u); err != nil {
				return d, nil, err
			}
		}
		if !other.ExplantedBy.IsZero() || len(other.Amend.Clear) > 0 {
			also = append(also, trace.Draft{Fact: other})
		}
	}
	return trace.Draft{Subject: p.Patient, Fact: f}, also, nil
}

// again asks the rules of a device whose identity a correction changes before
// it has an outcome: a verdict on what it was mistaken for must not stand. The
// zero Verdict where nothing that the rules ask about changes, or what became
// of the device is told already.
func (r Recorder) again(ctx context.Context, u trace.Usage, f trace.UsageFact, p trace.Procedure) (trace.Verdict, error) {
	device, damaged := u.Device, u.Damaged
	for _, n := range f.Amend.Clear {
		switch n {
		case "lot":
			device.Lot = ""
		case "serial":
			device.Serial = ""
		case "expiry":
			device.Expiry = udi.Date{}
		case "manufactured":
			device.Manufactured = udi.Date{}
		case "damaged":
			damaged = false
		}
	}
	device = over(device, f.Device)
	if u.Status.Outcome() || device == u.Device && damaged == u.Damaged {
		return trace.Verdict{}, nil
	}
	now := r.Clock()
	return r.Judge(ctx, Judged{Meaning: meaning(u, device, damaged, now), Procedure: p, Side: said(u.Side, u.Location), Self: []trace.UsageID{u.ID}, At: used(p, time.Time{}, now), Picked: u.Picked != (trace.Picked{})})
}

// meaning is what the rules are asked about a device that is in the record: its
// identity as it is known now, and what was wrong with its codes.
func meaning(u trace.Usage, device udi.Device, damaged bool, now time.Time) udi.Meaning {
	m := udi.Meaning{Kind: udi.KindDevice, Device: device}
	for _, c := range u.Carriers {
		read := udi.Understand(c.Symbology+c.Text, now)
		m.Origins = append(m.Origins, read.Origins...)
		for _, i := range read.Issues {
			if damaged || i.Severity != "hard" {
				m.Issues = append(m.Issues, i)
			}
		}
	}
	return m
}

// over lays what a correction says over what was recorded.
func over(was, said udi.Device) udi.Device {
	return said.With(was)
}

func (r Recorder) correctProduct(ctx context.Context, c Correct) (trace.Draft, error) {
	di, err := udi.ParseDI(c.Product)
	if err != nil {
		return trace.Draft{}, trace.Errorf(trace.Invalid, "The device identifier is not right: %w.", err)
	}
	p, err := r.Store.Product(ctx, di)
	if err != nil {
		return trace.Draft{}, err
	}
	s := c.Set
	a, err := c.amend(p.History, ofProduct, Set{Maker: s.Maker, MakerAddress: s.MakerAddress, Brand: s.Brand, CatalogueNo: s.CatalogueNo, Description: s.Description, Attributes: s.Attributes})
	if err != nil {
		return trace.Draft{}, err
	}
	if err := names(s.Maker, s.MakerAddress, s.Brand, s.CatalogueNo, s.Description); err != nil {
		return trace.Draft{}, err
	}
	attributes, err := Attributes(s.Attributes)
	if err != nil {
		return trace.Draft{}, err
	}
	return trace.Draft{Fact: trace.ProductFact{DI: di, Maker: s.Maker, MakerAddress: s.MakerAddress, Brand: s.Brand, CatalogueNo: s.CatalogueNo, Description: s.Description,
		Attributes: attributes, Amend: a}}, nil
}
