package registry

import (
	"cmp"
	"context"
	"iter"
	"strings"
	"time"

	"implantrace/internal/registry/dictionary"
	"implantrace/internal/trace"
)

// Form is what was answered about one side.
type Form struct {
	Section string
	Answers map[string]string // by the element's key
}

// Case is a procedure with what registries are told of it beside the devices.
type Case struct {
	trace.ProcedureInFull
	Site       string // organisation code of the place, from the directory; "": not known
	Surgeon    string // C and the number in the GMC's register, likewise
	Consultant string // likewise
	Postcode   string // of the last address that a trace gave
	Traced     bool   // a trace has spoken of the patient
	Forms      map[trace.Side]Form
	Location   *time.Location // where the day of the procedure begins; nil: UTC
}

// Sides are those a record is made for: a procedure on both sides is two.
func (c Case) Sides() []trace.Side {
	switch c.Procedure.Side {
	case trace.SideLeft, trace.SideRight:
		return []trace.Side{c.Procedure.Side}
	case trace.SideBilateral:
		return []trace.Side{trace.SideLeft, trace.SideRight}
	}
	return []trace.Side{""}
}

// CaseOf gathers a procedure with what the directory, traces and the form
// say of it.
func CaseOf(ctx context.Context, f trace.Finder, p trace.ProcedureInFull, zone *time.Location) (Case, error) {
	c := Case{ProcedureInFull: p, Forms: map[trace.Side]Form{}, Location: zone}
	if p.Procedure.Place.GLN != "" {
		l, err := f.ListedPlace(ctx, p.Procedure.Place.GLN, p.Procedure.Place.Extension)
		if err = passing(err); err != nil {
			return c, err
		}
		c.Site = l.Fact.ODS
	}
	for _, person := range p.Procedure.People {
		if person.Code == "" {
			continue
		}
		l, err := f.StaffMember(ctx, person.Code)
		if err = passing(err); err != nil {
			return c, err
		}
		if l.Fact.Register != trace.RegisterGMC {
			continue
		}
		switch code := "C" + l.Fact.Number; strings.ToLower(cmp.Or(person.Role, l.Fact.Role)) {
		case "surgeon":
			c.Surgeon = cmp.Or(c.Surgeon, code)
		case "consultant":
			c.Consultant = cmp.Or(c.Consultant, code)
		}
	}
	if !p.Procedure.Patient.IsZero() {
		t, err := f.Tracing(ctx, p.Procedure.Patient)
		if err = passing(err); err != nil {
			return c, err
		}
		c.Traced = !t.Stamp.Event.IsZero()
		if t.Address {
			s, err := f.Secret(ctx, t.Stamp.Position)
			if err != nil {
				return c, err
			}
			if s != nil {
				c.Postcode = postcodeOf(s.Address)
			}
		}
	}
	for a, err := range f.Answers(ctx, p.Procedure.ID) {
		if err != nil {
			return c, err
		}
		if a.Form != FormNJR {
			continue
		}
		answers, err := OpenAnswers(ctx, f, a)
		if err != nil {
			return c, err
		}
		c.Forms[a.Side] = Form{Section: a.Section, Answers: answers}
	}
	return c, nil
}

// passing lets what nobody has said pass for nothing.
func passing(err error) error {
	if trace.KindOf(err) == trace.NotFound {
		return nil
	}
	return err
}

// postcodeOf is the last line of an address, where it is a postcode.
func postcodeOf(address string) string {
	lines := strings.FieldsFunc(address, func(r rune) bool { return r == '\n' || r == '\r' || r == ',' })
	if len(lines) == 0 {
		return ""
	}
	last := strings.ToUpper(strings.Join(strings.Fields(lines[len(lines)-1]), " "))
	if (dictionary.Element{Format: "See POSTCODE"}).Check(last) != nil {
		return ""
	}
	return last
}

// Cases gathers procedures with what the registry is told of them.
func Cases(gather func(trace.ProcedureInFull) (Case, error), procedures iter.Seq2[trace.ProcedureInFull, error]) iter.Seq2[Case, error] {
	return func(yield func(Case, error) bool) {
		for p, err := range procedures {
			c := Case{ProcedureInFull: p}
			if err == nil {
				c, err = gather(p)
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}
