package history

import (
	"context"
	"time"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// procedureRow is a procedure that was done.
type procedureRow struct {
	head
	Patient    whose          `json:"patient"`
	Code       trace.Code     `json:"code"`
	Side       trace.Side     `json:"side"`
	Place      trace.Place    `json:"place"`
	People     []trace.Person `json:"people"`
	Start      string         `json:"start"`
	End        string         `json:"end"`
	Indication string         `json:"indication"`
	Note       string         `json:"note"`

	start, end time.Time
}

func (p *procedureRow) prepare(b batch) (t touches, err error) {
	named := !p.Patient.reference.isZero()
	if named == !p.Patient.identity.isZero() {
		return t, trace.Errorf(trace.Invalid, "The patient is named either by the ref or id of a row, or by identity.")
	}
	if named {
		id, err := p.Patient.row(b.source, typePatient)
		if err != nil {
			return t, err
		}
		t.read(typePatient, string(id[:]))
	} else {
		p.Patient.identity.touch(&t)
		if err := p.Patient.identity.check(b); err != nil {
			return t, err
		}
	}
	if err := oneOf("The side", p.Side, trace.Sides()); err != nil {
		return t, err
	}
	if p.Start == "" {
		return t, trace.Errorf(trace.Invalid, "The start is missing.")
	}
	var startDay, endDay bool
	if p.start, startDay, err = instant("The start", p.Start, b.now); err != nil {
		return t, err
	}
	if p.end, endDay, err = instant("The end", p.End, b.now); err != nil {
		return t, err
	}
	if endDay && !startDay {
		return t, trace.Errorf(trace.Invalid, "The end gives the day only, the start the time: leave the end out or give its time.")
	}
	if startDay {
		p.Note = join(p.Note, dayOnlyNote)
	}
	return t, nil
}

func (p *procedureRow) record(ctx context.Context, a *attempt) error {
	who := p.Patient.identity.who()
	if !p.Patient.reference.isZero() {
		patient, err := a.patient(ctx, p.Patient.reference)
		if err != nil {
			return err
		}
		who = command.Who{Patient: patient}
	} else {
		_, err := a.r.Store.Procedure(ctx, trace.ProcedureID(p.id))
		if trace.KindOf(err) == trace.NotFound {
			err = a.compare(ctx, p.id, who)
		}
		if err != nil {
			return err
		}
	}
	_, err := a.recorder().OpenProcedure(ctx, command.OpenProcedure{Meta: a.meta(p.id), Who: who, Code: p.Code, Side: p.Side,
		Place: p.Place, People: p.People, Start: p.start, End: p.end, Indication: p.Indication, Note: p.Note})
	a.open = p.end.IsZero()
	return err
}
