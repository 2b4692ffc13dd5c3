package command

import (
	"context"
	"slices"
	"time"

	"implantrace/gs1"
	"implantrace/internal/trace"
)

// OpenProcedure begins a procedure. Its id becomes the procedure's.
type OpenProcedure struct {
	Meta
	Who        Who            `json:"patient"`
	Code       trace.Code     `json:"code,omitzero"`
	Side       trace.Side     `json:"side,omitempty"`
	Place      trace.Place    `json:"place,omitzero"`
	People     []trace.Person `json:"people,omitempty"`
	Start      time.Time      `json:"start,omitzero"` // zero: when it is recorded
	End        time.Time      `json:"end,omitzero"`   // of one that is over; zero: it stays open
	Indication string         `json:"indication,omitempty"`
	Note       string         `json:"note,omitempty"` // free words, sealed
	// LatexAllergy is what was asked of the patient.
	LatexAllergy trace.Answer `json:"latex_allergy,omitempty"`
}

// OpenProcedure carries the command out and gives the procedure.
func (r Recorder) OpenProcedure(ctx context.Context, c OpenProcedure) (trace.ProcedureID, error) {
	id := trace.ProcedureID(c.ID)
	canon, err := canonical("open procedure", c)
	if err != nil {
		return id, err
	}
	if _, done, err := r.before(ctx, c.ID, canon); done {
		return id, err
	}
	drafts, err := r.Opening(ctx, c)
	if err != nil {
		return id, err
	}
	_, err = r.record(ctx, c.Meta, canon, drafts...)
	return id, err
}

// Opening is what [Recorder.OpenProcedure] would record, of the procedure with the
// command's id first.
func (r Recorder) Opening(ctx context.Context, c OpenProcedure) ([]trace.Draft, error) {
	id := trace.ProcedureID(c.ID)
	now := r.Clock()
	if c.Start.IsZero() {
		c.Start = now
	}
	if err := c.check(now); err != nil {
		return nil, err
	}
	if err := plausible("the time", c.Occurred, now); err != nil {
		return nil, err
	}
	found, err := r.Identify(ctx, c.ID, c.Who)
	if err != nil {
		return nil, err
	}
	if slices.Contains(found.Differs, "family") && slices.Contains(found.Differs, "birth") {
		return nil, trace.Errorf(trace.Conflict, "This number is recorded with another family name and date of birth. Nobody was linked: check the number.")
	}
	procedure := trace.Draft{
		Fact: trace.ProcedureFact{Procedure: id, Patient: found.Patient, Code: c.Code, Side: c.Side, Place: c.Place,
			People: c.People, Start: c.Start.UTC(), End: c.End.UTC(), LatexAllergy: c.LatexAllergy},
		Occurred: c.Start, Subject: found.Patient, Secret: &trace.Secret{Note: c.Note, Indication: c.Indication},
	}
	drafts := []trace.Draft{procedure}
	if found.Draft != nil {
		drafts = append(drafts, *found.Draft)
	}
	return drafts, nil
}

func (c OpenProcedure) check(now time.Time) error {
	if c.Code.Code == "" && c.Code.Text == "" {
		return trace.Errorf(trace.Invalid, "The procedure wants a code or a name.")
	}
	if err := oneOf("the side", c.Side, append(trace.Sides(), "")); err != nil {
		return err
	}
	if err := oneOf("the latex allergy", c.LatexAllergy, []trace.Answer{"", trace.Yes, trace.No}); err != nil {
		return err
	}
	if err := place(c.Place); err != nil {
		return err
	}
	if err := people(c.People); err != nil {
		return err
	}
	if err := lines("the code's system", c.Code.System, "the code", c.Code.Code, "the procedure's name", c.Code.Text, "the indication", c.Indication); err != nil {
		return err
	}
	if err := note(c.Note); err != nil {
		return err
	}
	if err := plausible("the start", c.Start, now); err != nil {
		return err
	}
	return ends(c.Start, c.End, now)
}

func ends(start, end, now time.Time) error {
	if err := plausible("the end", end, now); err != nil {
		return err
	}
	if !end.IsZero() && end.Before(start) {
		return trace.Errorf(trace.Invalid, "The procedure cannot end (%s) before it starts (%s).", end.Format(time.RFC3339), start.Format(time.RFC3339))
	}
	return nil
}

func place(p trace.Place) error {
	if p.GLN != "" {
		if _, err := gs1.ParseGLN(p.GLN); err != nil {
			return trace.Errorf(trace.Invalid, "The place's GLN is not right: %w.", err)
		}
	}
	return lines("the place's extension", p.Extension, "the place", p.Name)
}

func people(ps []trace.Person) error {
	if len(ps) > 50 {
		return trace.Errorf(trace.Invalid, "%d people are too many for one procedure", len(ps))
	}
	for _, p := range ps {
		if p.Code == "" && p.Name == "" {
			return trace.Errorf(trace.Invalid, "A member of staff wants a name or a badge.")
		}
		if err := lines("a badge", p.Code, "a name", p.Name, "a role", p.Role); err != nil {
			return err
		}
	}
	return nil
}

// withdrawn answers what would be added to a procedure that never was.
var withdrawn = trace.Errorf(trace.Conflict, "This procedure was withdrawn from the record. Restore it, or name another.")

// standing is a procedure to which something can be added.
func (r Recorder) standing(ctx context.Context, id trace.ProcedureID) (trace.Procedure, error) {
	p, err := r.Store.Procedure(ctx, id)
	if err == nil && p.Withdrawn {
		err = withdrawn
	}
	return p, err
}

// CloseProcedure ends a procedure.
type CloseProcedure struct {
	Meta
	Procedure trace.ProcedureID `json:"procedure"`
	End       time.Time         `json:"end,omitzero"` // zero: when it is recorded
}

// CloseProcedure carries the command out. Usages without an outcome stay as
// they are: closing a procedure implants nothing.
func (r Recorder) CloseProcedure(ctx context.Context, c CloseProcedure) error {
	canon, err := canonical("close procedure", c)
	if err != nil {
		return err
	}
	if _, done, err := r.before(ctx, c.ID, canon); done {
		return err
	}
	d, err := r.Closing(ctx, c)
	if err != nil {
		return err
	}
	_, err = r.record(ctx, c.Meta, canon, d)
	return err
}

// Closing is what [Recorder.CloseProcedure] would record.
func (r Recorder) Closing(ctx context.Context, c CloseProcedure) (trace.Draft, error) {
	p, err := r.standing(ctx, c.Procedure)
	if err != nil {
		return trace.Draft{}, err
	}
	if !p.Open() {
		return trace.Draft{}, trace.Errorf(trace.Conflict, "This procedure is closed already.")
	}
	now := r.Clock()
	if c.End.IsZero() {
		c.End = now
		if c.End.Before(p.Start) {
			c.End = p.Start
		}
	}
	if err := ends(p.Start, c.End, now); err != nil {
		return trace.Draft{}, err
	}
	return trace.Draft{Fact: trace.ProcedureFact{Procedure: p.ID, End: c.End.UTC()}, Occurred: c.End}, nil
}
