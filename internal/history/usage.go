package history

import (
	"context"
	"strings"
	"time"

	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// usageRow is one device in a procedure.
type usageRow struct {
	head
	Procedure    reference    `json:"procedure"`
	Carriers     []carrier    `json:"carriers"`
	DI           string       `json:"di"`
	Lot          string       `json:"lot"`
	Serial       string       `json:"serial"`
	Expiry       string       `json:"expiry"`
	Manufactured string       `json:"manufactured"`
	Status       trace.Status `json:"status"`
	Location     string       `json:"location"`
	Side         trace.Side   `json:"side"`     // it went into, where the procedure was on both
	Occurred     string       `json:"occurred"` // by default the start of the procedure
	Note         string       `json:"note"`

	device   udi.Device
	occurred time.Time
	damaged  bool // a carrier's text has hard errors
	nameless bool // nothing says which product it is
}

// carrier is one barcode of the pack, as it was read.
type carrier struct {
	Text      string `json:"text"`
	Symbology string `json:"symbology"`
}

const (
	carriersMost = 20
	carrierMost  = 8191 // bytes; no barcode holds more
)

func (c carrier) check() error {
	switch {
	case c.Text == "":
		return trace.Errorf(trace.Invalid, "A carrier has no text.")
	case len(c.Text) > carrierMost:
		return trace.Errorf(trace.Invalid, "A carrier's text is longer than %d bytes.", carrierMost)
	case c.Symbology != "" && !aimIdentifier(c.Symbology):
		return trace.Errorf(trace.Invalid, "A carrier's symbology is no AIM identifier, such as ]d2 or ]C1.")
	}
	return nil
}

// aimIdentifier reports whether s is one: it is put before the text, and
// anything else would become part of it.
func aimIdentifier(s string) bool {
	letter := func(c byte) bool { return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' }
	return len(s) == 3 && s[0] == ']' && letter(s[1]) && (letter(s[2]) || s[2] >= '0' && s[2] <= '9')
}

func (u *usageRow) prepare(b batch) (t touches, err error) {
	id, err := u.Procedure.row(b.source, typeProcedure)
	if err != nil {
		return t, err
	}
	t.read(typeProcedure, string(id[:]))
	if len(u.Carriers) > carriersMost {
		return t, trace.Errorf(trace.Invalid, "More than %d carriers are too many for one pack.", carriersMost)
	}
	u.nameless = u.DI == ""
	for _, c := range u.Carriers {
		if err := c.check(); err != nil {
			return t, err
		}
		m := udi.Understand(c.Symbology+c.Text, b.now)
		touchDevice(&t, m.Device.DI, m.Device.Serial)
		u.damaged = u.damaged || m.Damaged()
		u.nameless = u.nameless && m.Device.DI == ""
	}
	touchDevice(&t, productName(u.DI), u.Serial)
	if err := oneOf("The status", u.Status, trace.Statuses()); err != nil {
		return t, err
	}
	if err := oneOf("The side", u.Side, []trace.Side{trace.SideLeft, trace.SideRight}); err != nil {
		return t, err
	}
	if u.device, err = device(u.DI, u.Lot, u.Serial, u.Expiry, u.Manufactured, b.now); err != nil {
		return t, err
	}
	var dayOnly bool
	if u.occurred, dayOnly, err = instant("The time of use", u.Occurred, b.now); err != nil {
		return t, err
	}
	if dayOnly {
		u.Note = join(u.Note, dayOnlyNote)
	}
	return t, nil
}

// touchDevice names what a device's checks ask for: its product, and where its
// piece was used before.
func touchDevice(t *touches, di, serial string) {
	t.read(typeProduct, di)
	if serial != "" {
		t.write("piece", strings.ToUpper(serial))
	}
}

// device checks what is said of a device in fields.
func device(di, lot, serial, expiry, manufactured string, now time.Time) (d udi.Device, err error) {
	if err := tight("The lot", lot); err != nil {
		return d, err
	}
	if err := tight("The serial number", serial); err != nil {
		return d, err
	}
	d = udi.Device{DI: di, Lot: lot, Serial: serial}
	if d.Expiry, err = labelDate("The expiry date", expiry); err != nil {
		return d, err
	}
	if d.Manufactured, err = labelDate("The date of manufacture", manufactured); err != nil {
		return d, err
	}
	if d.Manufactured.Precision == udi.PrecisionDay && d.Manufactured.Day > now.UTC().Format(time.DateOnly) {
		return d, trace.Errorf(trace.Invalid, "The date of manufacture lies in the future.")
	}
	if !d.Expiry.IsZero() && d.Manufactured.Day > d.Expiry.Day {
		return d, trace.Errorf(trace.Invalid, "The device expires before it was made.")
	}
	return d, nil
}

func (u *usageRow) record(ctx context.Context, a *attempt) error {
	p, err := a.procedure(ctx, u.Procedure)
	if err != nil {
		return err
	}
	at, err := u.when(ctx, a, p)
	if err != nil {
		return err
	}
	c := command.RecordUsage{Meta: a.meta(u.id), Procedure: p.ID, Device: u.device, Status: u.Status, Location: u.Location, Side: u.Side, Note: u.Note}
	c.Occurred = at
	for _, k := range u.Carriers {
		c.Carriers = append(c.Carriers, trace.Carrier{Text: k.Text, Symbology: k.Symbology, Source: "import"})
	}
	_, err = a.recorder().RecordUsage(ctx, c)
	switch {
	case u.damaged:
		a.notice = "The text of a carrier has errors. It was recorded as it is, and marked as damaged."
	case u.nameless:
		a.notice = "Nothing says which product this is. No recall by device identifier can find it."
	}
	return err
}

// when is the time of use: what the row says, or else the start of its
// procedure. Of a usage that is there already it is what was recorded with it,
// so that a repeat says the same when the procedure's start was put right since.
func (u *usageRow) when(ctx context.Context, a *attempt, p trace.Procedure) (time.Time, error) {
	if !u.occurred.IsZero() {
		return u.occurred, nil
	}
	old, err := a.r.Store.Usage(ctx, trace.UsageID(u.id))
	switch {
	case err == nil:
		for _, s := range old.History {
			if s.Event == u.id {
				return s.Occurred.UTC(), nil
			}
		}
	case trace.KindOf(err) != trace.NotFound:
		return time.Time{}, err
	}
	at := p.Start
	if at.IsZero() {
		at = p.History[0].Occurred
	}
	return at.UTC().Truncate(time.Millisecond), nil
}
