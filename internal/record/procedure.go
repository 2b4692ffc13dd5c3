package record

import (
	"time"

	"implantrace/internal/trace"
)

func foldProcedure(about []trace.Entry) trace.Procedure {
	var p trace.Procedure
	for _, e := range about {
		f := e.Fact.(trace.ProcedureFact)
		for _, name := range f.Amend.Clear {
			switch name {
			case "code":
				p.Code = trace.Code{}
			case "side":
				p.Side = ""
			case "place":
				p.Place = trace.Place{}
			case "people":
				p.People = nil
			case "end":
				p.End = time.Time{}
			case "indication":
				p.Indication = ""
			}
		}
		p.ID = f.Procedure
		set(&p.Patient, f.Patient)
		set(&p.Code, f.Code)
		set(&p.Side, f.Side)
		set(&p.Place, f.Place)
		if len(f.People) > 0 {
			p.People = f.People
		}
		if !f.Start.IsZero() {
			p.Start = f.Start
		}
		if !f.End.IsZero() {
			p.End = f.End
		}
		set(&p.Indication, f.Indication)
		set(&p.LatexAllergy, f.LatexAllergy)
		p.Withdrawn = withdrawn(p.Withdrawn, f.Amend)
		p.History = append(p.History, amended(stamp(e), f.Amend))
	}
	return p
}

// set takes over what a fact says; a zero value says nothing.
func set[T comparable](field *T, said T) {
	var zero T
	if said != zero {
		*field = said
	}
}

func (w *writer) procedure(id trace.ProcedureID, now trace.Procedure) {
	var old trace.Procedure
	had := w.read(Procedures, id[:], &old)
	keys := func(p trace.Procedure, there bool) (byPatient, byStart [][]byte) {
		if !there {
			return nil, nil
		}
		start := TimeKey(p.Start)
		if !p.Patient.IsZero() {
			byPatient = [][]byte{join(p.Patient[:], start, id[:])}
		}
		return byPatient, [][]byte{join(start, id[:])}
	}
	oldPatient, oldStart := keys(old, had)
	newPatient, newStart := keys(now, true)
	w.index(ByPatient, oldPatient, newPatient)
	w.index(ByStart, oldStart, newStart)
	w.value(Procedures, id[:], now)
}
