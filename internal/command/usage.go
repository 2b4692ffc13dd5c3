package command

import (
	"context"
	"slices"
	"strings"
	"time"

	"implantrace/internal/check"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// RecordUsage links a device to a procedure. Its id becomes the usage's. The
// device is given as the text of its carriers, or in fields, or both; where
// both say something of one thing, they have to say the same.
type RecordUsage struct {
	Meta
	Procedure trace.ProcedureID `json:"procedure"`
	Carriers  []trace.Carrier   `json:"carriers,omitempty"`
	Device    udi.Device        `json:"device,omitzero"`
	Status    trace.Status      `json:"status,omitempty"` // empty: checked
	Location  string            `json:"location,omitempty"`
	Side      trace.Side        `json:"side,omitempty"`     // it goes into, where both are operated on
	Note      string            `json:"note,omitempty"`     // free words, sealed
	Reason    string            `json:"reason,omitempty"`   // why it is used in spite of a warn or stop; sealed
	Override  string            `json:"override,omitempty"` // one of trace.OverrideReasons, in place of words
	Supply    trace.Supply      `json:"supply,omitzero"`    // whose it is until it is used
	// Picked and Described are of a piece that was chosen in the list of a set.
	Picked    trace.Picked `json:"-"`
	Described string       `json:"-"`
}

// RecordUsage carries the command out and gives the usage.
func (r Recorder) RecordUsage(ctx context.Context, c RecordUsage) (trace.UsageID, error) {
	id := trace.UsageID(c.ID)
	canon, err := canonical("record usage", c)
	if err != nil {
		return id, err
	}
	if _, done, err := r.before(ctx, c.ID, canon); done {
		return id, err
	}
	p, err := r.standing(ctx, c.Procedure)
	if err != nil {
		return id, err
	}
	draft, err := r.Using(ctx, id, p, c)
	if err != nil {
		return id, err
	}
	_, err = r.record(ctx, c.Meta, canon, draft)
	return id, err
}

// Using is what [Recorder.RecordUsage] would record as the usage id, in a procedure
// that stands.
func (r Recorder) Using(ctx context.Context, id trace.UsageID, p trace.Procedure, c RecordUsage) (trace.Draft, error) {
	now := r.Clock()
	if c.Status == "" {
		c.Status = trace.Checked
	}
	if err := oneOf("the status", c.Status, trace.Statuses()); err != nil {
		return trace.Draft{}, err
	}
	if len(c.Carriers) == 0 && c.Device.IsZero() {
		return trace.Draft{}, trace.Errorf(trace.Invalid, "The device wants the text of its barcode, or its identifiers.")
	}
	if err := carriers(c.Carriers); err != nil {
		return trace.Draft{}, err
	}
	if err := lines("the location", c.Location); err != nil {
		return trace.Draft{}, err
	}
	c.Reason = strings.TrimSpace(c.Reason)
	if err := note(joinNotes(c.Reason, c.Note)); err != nil {
		return trace.Draft{}, err
	}
	if err := plausible("the time", c.Occurred, now); err != nil {
		return trace.Draft{}, err
	}
	m, err := Understood(c.Carriers, c.Device, now)
	if err != nil {
		return trace.Draft{}, err
	}
	if err := oneOf("the side", c.Side, []trace.Side{"", trace.SideLeft, trace.SideRight}); err != nil {
		return trace.Draft{}, err
	}
	verdict, err := r.Judge(ctx, Judged{Meaning: m, Procedure: p, Side: said(c.Side, c.Location), Self: []trace.UsageID{id}, At: used(p, c.Occurred, now), Picked: c.Picked != (trace.Picked{})})
	if err != nil {
		return trace.Draft{}, err
	}
	if c.Supply, err = supply(c.Supply); err != nil {
		return trace.Draft{}, err
	}
	f := trace.UsageFact{Picked: c.Picked, Supply: c.Supply, Described: c.Described, Usage: id, Procedure: p.ID, Device: m.Device, Carriers: c.Carriers, Status: c.Status,
		Verdict: verdict, Location: c.Location, Side: c.Side, Damaged: m.Damaged()}
	d := trace.Draft{Occurred: c.Occurred, Subject: p.Patient}
	if err := override(&f, c.Provenance, c.Status, verdict, nil, c.Reason, c.Override); err != nil {
		return trace.Draft{}, err
	}
	d.Fact = f
	if words := joinNotes(c.Reason, c.Note); words != "" {
		d.Secret = &trace.Secret{Note: words}
	}
	return d, nil
}

// used is the time as of which the rules are asked: a device that has expired
// since its procedure was in date then.
func used(p trace.Procedure, occurred, now time.Time) time.Time {
	switch {
	case !occurred.IsZero():
		return occurred
	case !p.End.IsZero() && p.End.Before(now):
		return p.End
	}
	return now
}

const (
	carriersMost    = 20   // barcodes of one pack
	carrierTextMost = 8191 // bytes: no symbol holds more
)

func carriers(cs []trace.Carrier) error {
	if len(cs) > carriersMost {
		return trace.Errorf(trace.Invalid, "%d barcodes are too many for one pack", len(cs))
	}
	for _, c := range cs {
		if len(c.Text) > carrierTextMost {
			return trace.Errorf(trace.Invalid, "A barcode's text is longer than any barcode.")
		}
		if err := lines("a barcode's symbology", c.Symbology, "a barcode's source", c.Source); err != nil {
			return err
		}
	}
	return nil
}

func joinNotes(a, b string) string {
	if a != "" && b != "" {
		return a + "\n" + b
	}
	return a + b
}

// Understood puts together what a device's carriers and its typed fields say.
// Where two say different things of one, that is an error of kind Conflict:
// nobody chooses in silence.
func Understood(carriers []trace.Carrier, typed udi.Device, now time.Time) (udi.Meaning, error) {
	all := udi.Meaning{Kind: udi.KindDevice}
	var read []udi.Meaning
	for i, c := range carriers {
		m := udi.Understand(c.Symbology+c.Text, now)
		if m.Kind != udi.KindDevice && m.Kind != udi.KindText {
			return all, trace.Errorf(trace.Invalid, "This is no device's code but a %s's.", m.Kind)
		}
		if i == 0 {
			all.Form, all.Symbology, all.Elements = m.Form, m.Symbology, m.Elements
		}
		read = append(read, m)
	}
	pack := udi.Join(read...)
	if i, ok := pack.Conflict(); ok {
		return all, trace.Errorf(trace.Conflict, "%s", i.Message)
	}
	all.Device, all.Origins = pack.Device, pack.Origins
	for _, i := range pack.Issues {
		all.Issues = append(all.Issues, i.Issue)
	}
	for _, s := range []*string{&typed.DI, &typed.Lot, &typed.Serial, &typed.Quantity, &typed.Variant, &typed.CatalogueNo, &typed.DonationID, &typed.Software, &typed.BasicUDI, &typed.SSCC} {
		*s = strings.TrimSpace(*s) // of what is typed, never of what was read
	}
	if err := lines("the lot", typed.Lot, "the serial number", typed.Serial, "the quantity", typed.Quantity, "the variant", typed.Variant,
		"the catalogue number", typed.CatalogueNo, "the donation number", typed.DonationID, "the software version", typed.Software,
		"the Basic UDI-DI", typed.BasicUDI, "the shipping unit", typed.SSCC); err != nil {
		return all, err
	}
	typed.Agency = ""
	if typed.DI != "" {
		di, err := udi.ParseDI(typed.DI)
		if err != nil {
			return all, trace.Errorf(trace.Invalid, "The device identifier is not right: %w.", err)
		}
		typed.DI, typed.Agency = di, udi.AgencyOf(di)
	}
	for _, d := range []*udi.Date{&typed.Expiry, &typed.Manufactured, &typed.BestBefore} {
		if err := date("a date of the device", d.Day); err != nil {
			return all, err
		}
		switch {
		case d.Day == "":
			*d = udi.Date{}
		case d.Precision == "":
			d.Precision = udi.PrecisionDay
		case d.Precision == udi.PrecisionMonth: // the last of the month is meant
			t, _ := time.Parse(time.DateOnly, d.Day)
			d.Day = time.Date(t.Year(), t.Month()+1, 0, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		case d.Precision == udi.PrecisionHour || d.Precision == udi.PrecisionMinute:
			if _, err := time.Parse("15:04", d.Time); err != nil {
				return all, trace.Errorf(trace.Invalid, "The time of a date is not of the form HH:MM.")
			}
			continue
		case d.Precision != udi.PrecisionDay:
			return all, trace.Errorf(trace.Invalid, "The precision of a date is %q, %q, %q or %q.", udi.PrecisionMonth, udi.PrecisionDay, udi.PrecisionHour, udi.PrecisionMinute)
		}
		d.Time = ""
	}
	var err error
	all.Device, err = Join(all.Device, typed)
	return all, err
}

// Join puts what two sources say of one device together. A value that both
// give must be the same, or the error (kind Conflict) names it.
func Join(a, b udi.Device) (udi.Device, error) {
	if what, mine, theirs, differ := a.Differs(b); differ {
		return a, trace.Errorf(trace.Conflict, "The codes disagree on the %s: %q and %q.", what, mine, theirs)
	}
	return a.With(b), nil
}

// SetOutcome says what became of a device.
type SetOutcome struct {
	Meta
	Usage    trace.UsageID `json:"usage"`
	Status   trace.Status  `json:"status"`
	Location string        `json:"location,omitempty"` // anatomical
	Reason   string        `json:"reason,omitempty"`   // wanted for implanting in spite of a warn or stop; sealed
	Override string        `json:"override,omitempty"` // one of trace.OverrideReasons, in place of words
	Side     trace.Side    `json:"side,omitempty"`     // it goes into, where both are operated on
	Went     trace.Went    `json:"went,omitempty"`     // of what was explanted: where it went
}

// SetOutcome carries the command out.
func (r Recorder) SetOutcome(ctx context.Context, c SetOutcome) error {
	canon, err := canonical("set outcome", c)
	if err != nil {
		return err
	}
	if _, done, err := r.before(ctx, c.ID, canon); done {
		return err
	}
	drafts, err := r.Outcome(ctx, c)
	if err != nil {
		return err
	}
	_, err = r.record(ctx, c.Meta, canon, drafts...)
	return err
}

// Outcome is what [Recorder.SetOutcome] would record, for a command of another
// package that says it beside something else. An outcome that is refused is an error
// of kind Invalid or Conflict. A device that was explanted is linked to the implant
// that it was, where the record has exactly one that fits.
func (r Recorder) Outcome(ctx context.Context, c SetOutcome) ([]trace.Draft, error) {
	u, err := r.Store.Usage(ctx, c.Usage)
	if err != nil {
		return nil, err
	}
	if u.Withdrawn {
		return nil, trace.Errorf(trace.Conflict, "This usage was withdrawn. Restore it before its outcome is recorded.")
	}
	if err := oneOf("the outcome", c.Status, trace.Statuses()); err != nil {
		return nil, err
	}
	if err := line("the location", c.Location); err != nil {
		return nil, err
	}
	c.Reason = strings.TrimSpace(c.Reason)
	if err := note(c.Reason); err != nil {
		return nil, err
	}
	now := r.Clock()
	if err := plausible("the time", c.Occurred, now); err != nil {
		return nil, err
	}
	p, err := r.Store.Procedure(ctx, u.Procedure)
	if err != nil && trace.KindOf(err) != trace.NotFound {
		return nil, err
	}
	if err := oneOf("the side", c.Side, []trace.Side{"", trace.SideLeft, trace.SideRight}); err != nil {
		return nil, err
	}
	f := trace.UsageFact{Usage: u.ID, Status: c.Status, Location: c.Location, Side: c.Side}
	if c.Side != "" {
		u.Side = c.Side
	}
	if c.Location != "" {
		u.Location = c.Location
	}
	verdict := u.Verdict
	if c.Status == trace.Implanted && c.Provenance != trace.Imported {
		// Much may have come to be known since the scan: the piece was used
		// elsewhere, the day ended, the product was described.
		if verdict, err = r.Judge(ctx, Judged{Meaning: meaning(u, u.Device, u.Damaged, now), Procedure: p, Side: said(u.Side, u.Location), Self: []trace.UsageID{u.ID},
			At: used(p, c.Occurred, now), Picked: u.Picked != (trace.Picked{})}); err != nil {
			return nil, err
		}
		verdict = keep(u.Verdict, verdict)
		if !sameAnswers(verdict, u.Verdict) {
			f.Verdict = verdict
		}
	}
	if u.Status == trace.Implanted && c.Status != trace.Implanted && c.Status != trace.Explanted && c.Provenance != trace.Imported && c.Reason == "" {
		return nil, trace.Errorf(trace.Invalid, "This device is recorded as implanted. Say why that is changed.")
	}
	if err := override(&f, c.Provenance, c.Status, verdict, u.Overridden, c.Reason, c.Override); err != nil {
		return nil, err
	}
	var also []trace.Draft
	switch {
	case c.Went != "" && c.Status != trace.Explanted:
		return nil, trace.Errorf(trace.Invalid, "Where a device went is said of one that was explanted.")
	case c.Status == trace.Explanted:
		if err := oneOf("where it went", c.Went, append(trace.WentTo(), "")); err != nil {
			return nil, err
		}
		f.Went = c.Went
		if !u.Explants.IsZero() || u.Status == trace.Implanted {
			break // it is linked, or was put in and taken out in one procedure
		}
		if f.Explants, err = r.implantOf(ctx, p, u.Device); err != nil {
			return nil, err
		}
		if !f.Explants.IsZero() {
			also = append(also, trace.Draft{Fact: trace.UsageFact{Usage: f.Explants, ExplantedBy: u.ID}})
		}
	case !u.Explants.IsZero():
		f.Amend = trace.Amend{Clear: []string{"explants"}}
		amend, err := r.unlinked(ctx, u)
		if err != nil {
			return nil, err
		}
		also = append(also, trace.Draft{Fact: trace.UsageFact{Usage: u.Explants, Amend: amend}})
	}
	d := trace.Draft{Fact: f, Subject: p.Patient}
	if c.Reason != "" {
		d.Secret = &trace.Secret{Note: c.Reason}
	}
	return append([]trace.Draft{d}, also...), nil
}

// keep adds to a new verdict what only the moment of scanning could answer:
// whose wristband it was, whether the procedure was still going on.
func keep(old, again trace.Verdict) trace.Verdict {
	checks := slices.Clone(again.Checks)
	for _, c := range old.Checks {
		if check.IsAtScan(c.Rule) && !slices.ContainsFunc(again.Checks, func(n trace.Check) bool { return n.Rule == c.Rule }) {
			checks = append(checks, c)
		}
	}
	v := check.Judge(checks...)
	if v.Level == old.Level && again.Level != old.Level {
		v.Title = old.Title
	}
	return v
}

// said is the side of a device as it was said: in a field, or at the beginning
// of its location.
func said(side trace.Side, location string) trace.Side {
	return sideOf(trace.Procedure{Side: trace.SideBilateral}, trace.Usage{Side: side, Location: location}, nil)
}

// JoinUsages says that two usages are the two carriers of one pack: what Other
// says is added to Usage, and Other is withdrawn.
type JoinUsages struct {
	Meta
	Usage trace.UsageID `json:"usage"`
	Other trace.UsageID `json:"other"`
}

// JoinUsages carries the command out. Carriers that contradict each other are
// of two packs: kind Conflict.
func (r Recorder) JoinUsages(ctx context.Context, c JoinUsages) error {
	canon, err := canonical("join usages", c)
	if err != nil {
		return err
	}
	if _, done, err := r.before(ctx, c.ID, canon); done {
		return err
	}
	drafts, err := r.Joining(ctx, c)
	if err != nil {
		return err
	}
	_, err = r.record(ctx, c.Meta, canon, drafts...)
	return err
}

// Joining is what [Recorder.JoinUsages] would record.
func (r Recorder) Joining(ctx context.Context, c JoinUsages) ([]trace.Draft, error) {
	u, err := r.Store.Usage(ctx, c.Usage)
	if err != nil {
		return nil, err
	}
	o, err := r.Store.Usage(ctx, c.Other)
	if err != nil {
		return nil, err
	}
	switch {
	case u.ID == o.ID:
		return nil, trace.Errorf(trace.Invalid, "A device cannot be joined with itself.")
	case u.Procedure != o.Procedure || u.Procedure.IsZero():
		return nil, trace.Errorf(trace.Conflict, "The two were scanned in different procedures.")
	case u.Withdrawn || o.Withdrawn:
		return nil, trace.Errorf(trace.Conflict, "One of the two was withdrawn already.")
	case o.Status.Outcome() && o.Status != u.Status:
		return nil, trace.Errorf(trace.Conflict, "The two have different outcomes.")
	}
	device, err := Join(u.Device, o.Device)
	if err != nil {
		return nil, err
	}
	p, err := r.Store.Procedure(ctx, u.Procedure)
	if err != nil && trace.KindOf(err) != trace.NotFound {
		return nil, err
	}
	now := r.Clock()
	m, err := Understood(append(append([]trace.Carrier(nil), u.Carriers...), o.Carriers...), device, now)
	if err != nil {
		return nil, err
	}
	verdict, err := r.Judge(ctx, Judged{Meaning: m, Procedure: p, Side: said(u.Side, u.Location), Self: []trace.UsageID{u.ID, o.ID}, At: used(p, time.Time{}, now)})
	if err != nil {
		return nil, err
	}
	more := slices.DeleteFunc(slices.Clone(o.Carriers), func(c trace.Carrier) bool { // scanned again, it is no other code
		return slices.ContainsFunc(u.Carriers, func(had trace.Carrier) bool { return had.Text == c.Text && had.Symbology == c.Symbology })
	})
	f := trace.UsageFact{Usage: u.ID, Device: device.Beyond(u.Device), Carriers: more, Verdict: verdict, Damaged: o.Damaged, Override: o.Override}
	if u.Location == "" {
		f.Location = o.Location
	}
	return []trace.Draft{{Fact: f},
		{Fact: trace.UsageFact{Usage: o.ID, Amend: trace.Amend{Corrects: o.History[0].Event, Withdraw: true}}}}, nil
}
