package history

import (
	"context"
	"time"

	"implantrace/internal/command"
	"implantrace/internal/strict"
	"implantrace/internal/trace"
)

// correctionRow puts right what another row said.
type correctionRow struct {
	head
	Of       thing    `json:"of"`
	Set      set      `json:"set"`
	Clear    []string `json:"clear"`
	Withdraw bool     `json:"withdraw"`
	Restore  bool     `json:"restore"`
	Reason   string   `json:"reason"`

	start, end time.Time
}

// thing names what is corrected: a patient, procedure or usage by ref or id, a
// product by its DI.
type thing struct {
	Type string `json:"type"`
	Ref  string `json:"ref"`
	ID   string `json:"id"`
	DI   string `json:"di"`
}

func (o thing) reference() reference { return reference{Ref: o.Ref, ID: o.ID} }

// set holds the new values, under the names they have in the rows.
type set struct {
	identity                    // of a patient
	Patient      reference      `json:"patient"` // of a procedure
	Code         trace.Code     `json:"code"`
	Side         trace.Side     `json:"side"`
	Place        trace.Place    `json:"place"`
	People       []trace.Person `json:"people"`
	Start        string         `json:"start"`
	End          string         `json:"end"`
	Indication   string         `json:"indication"`
	Procedure    reference      `json:"procedure"` // of a usage
	DI           string         `json:"di"`
	Lot          string         `json:"lot"`
	Serial       string         `json:"serial"`
	Expiry       string         `json:"expiry"`
	Manufactured string         `json:"manufactured"`
	Status       trace.Status   `json:"status"`
	Location     string         `json:"location"`
	Maker        string         `json:"maker"` // of a product
	MakerAddress string         `json:"maker_address"`
	Brand        string         `json:"brand"`
	CatalogueNo  string         `json:"catalogue_no"`
	Description  string         `json:"description"`
}

func (c *correctionRow) prepare(b batch) (t touches, err error) {
	of, err := c.of(b)
	if err != nil {
		return t, err
	}
	t.write(c.Of.Type, of)
	if c.Reason == "" {
		return t, trace.Errorf(trace.Invalid, "The reason is missing.")
	}
	for _, name := range c.Clear {
		if !strict.Name(name) {
			return t, trace.Errorf(trace.Invalid, "What is to be cleared is not the name of a field.")
		}
	}
	s := c.Set
	s.identity.touch(&t)
	if err := s.identity.check(b); err != nil {
		return t, err
	}
	for _, r := range []struct {
		to  reference
		typ string
	}{{s.Patient, typePatient}, {s.Procedure, typeProcedure}} {
		if r.to.isZero() {
			continue
		}
		id, err := r.to.row(b.source, r.typ)
		if err != nil {
			return t, err
		}
		t.read(r.typ, string(id[:]))
	}
	if err := oneOf("The side", s.Side, trace.Sides()); err != nil {
		return t, err
	}
	if err := oneOf("The status", s.Status, trace.Statuses()); err != nil {
		return t, err
	}
	d, err := device(s.DI, s.Lot, s.Serial, s.Expiry, s.Manufactured, b.now)
	if err != nil {
		return t, err
	}
	if d.Expiry.String() != d.Expiry.Day || d.Manufactured.String() != d.Manufactured.Day {
		return t, trace.Errorf(trace.Invalid, "A correction gives the whole of a date (YYYY-MM-DD).")
	}
	var startDay, endDay bool
	if c.start, startDay, err = instant("The start", s.Start, b.now); err != nil {
		return t, err
	}
	if c.end, endDay, err = instant("The end", s.End, b.now); err != nil {
		return t, err
	}
	if startDay || endDay {
		c.Reason = join(c.Reason, dayOnlyNote)
	}
	return t, nil
}

// of is the name of the thing, by which other rows touch it.
func (c *correctionRow) of(b batch) (string, error) {
	switch c.Of.Type {
	case typeProduct:
		if name := productName(c.Of.DI); name != "" && c.Of.reference().isZero() {
			return name, nil
		}
		return "", trace.Errorf(trace.Invalid, "The product to correct is named by its DI, with a right check digit.")
	case typePatient, typeProcedure, typeUsage:
		if c.Of.DI != "" {
			return "", trace.Errorf(trace.Invalid, "Only a product is named by its DI.")
		}
		id, err := c.Of.reference().row(b.source, c.Of.Type)
		return string(id[:]), err
	}
	return "", trace.Errorf(trace.Invalid, "What is corrected is none of product, patient, procedure, usage.")
}

func (c *correctionRow) record(ctx context.Context, a *attempt) error {
	of, err := c.of(a.batch)
	if err != nil {
		return err
	}
	name := c.Of.Type + "\x00" + of
	if !a.last && a.held.has(name) {
		return &unknown{"An earlier correction of the same thing waits."} // the later one must not come first
	}
	correct, err := c.resolve(ctx, a)
	if err != nil {
		if _, ok := err.(*unknown); ok && !a.last {
			a.held.add(name)
		}
		return err
	}
	return a.recorder().Correct(ctx, correct)
}

// resolve puts the record's ids in the place of refs.
func (c *correctionRow) resolve(ctx context.Context, a *attempt) (command.Correct, error) {
	s := c.Set
	out := command.Correct{Meta: a.meta(c.id), Clear: c.Clear, Withdraw: c.Withdraw, Restore: c.Restore, Reason: c.Reason,
		Set: command.Set{NHSNumber: s.NHSNumber, LocalIssuer: s.LocalIssuer, LocalNumber: s.LocalNumber, Family: s.Family, Given: s.Given, Birth: s.Birth,
			Code: s.Code, Side: s.Side, Place: s.Place, People: s.People, Start: c.start, End: c.end, Indication: s.Indication,
			DI: s.DI, Lot: s.Lot, Serial: s.Serial, Expiry: s.Expiry, Manufactured: s.Manufactured, Status: s.Status, Location: s.Location,
			Maker: s.Maker, MakerAddress: s.MakerAddress, Brand: s.Brand, CatalogueNo: s.CatalogueNo, Description: s.Description}}
	var err error
	if !s.Patient.isZero() {
		if out.Set.OfPatient, err = a.patient(ctx, s.Patient); err != nil {
			return out, err
		}
	}
	if !s.Procedure.isZero() {
		p, err := a.procedure(ctx, s.Procedure)
		if err != nil {
			return out, err
		}
		out.Set.InProcedure = p.ID
	}
	switch c.Of.Type {
	case typeProduct:
		out.Product = productName(c.Of.DI)
		if _, err := a.r.Store.Product(ctx, out.Product); trace.KindOf(err) == trace.NotFound {
			return out, &unknown{"The record has no product of this DI."}
		} else if err != nil {
			return out, err
		}
	case typePatient:
		if out.Patient, err = a.patient(ctx, c.Of.reference()); err != nil {
			return out, err
		}
	case typeProcedure:
		p, err := a.procedure(ctx, c.Of.reference())
		if err != nil {
			return out, err
		}
		out.Procedure = p.ID
	case typeUsage:
		id, err := c.Of.reference().row(a.source, typeUsage)
		if err != nil {
			return out, err
		}
		out.Usage = trace.UsageID(id)
		if _, err := a.r.Store.Usage(ctx, out.Usage); trace.KindOf(err) == trace.NotFound {
			return out, &unknown{"The record has no usage of the ref or id that is given."}
		} else if err != nil {
			return out, err
		}
	}
	// A row's first entry has the row's id: that entry is what was wrong. Of a
	// patient, whom several rows can speak of, the Recorder finds it.
	if c.Of.Ref != "" && c.Of.Type != typePatient {
		out.Entry, err = c.Of.reference().row(a.source, c.Of.Type)
	}
	return out, err
}
