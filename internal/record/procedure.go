package record

import (
	"fmt"
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

// procedure moves a procedure's rows from what its entries came to before to
// what they come to now.
func (w *writer) procedure(id trace.ProcedureID, before, now []trace.Entry) {
	var old, p = trace.Procedure{}, foldProcedure(now)
	if len(before) > 0 {
		old = foldProcedure(before)
	}
	for _, ix := range []struct {
		table Table
		heads func(trace.Procedure) [][]byte // of the keys: start and id follow
	}{
		{ByPatient, func(p trace.Procedure) [][]byte {
			if p.Patient.IsZero() {
				return nil
			}
			return [][]byte{p.Patient[:]}
		}},
		{ByStart, func(trace.Procedure) [][]byte { return [][]byte{nil} }},
		{ByPlace, func(p trace.Procedure) [][]byte { return PlaceKeys(p.Place) }},
		{ByPerson, func(p trace.Procedure) (ks [][]byte) {
			for _, someone := range p.People {
				ks = append(ks, PersonKeys(someone)...)
			}
			return ks
		}},
	} {
		var had, has rows
		if len(before) > 0 {
			for _, head := range ix.heads(old) {
				had.add(join(head, TimeKey(old.Start), id[:]), nil)
			}
		}
		for _, head := range ix.heads(p) {
			has.add(join(head, TimeKey(p.Start), id[:]), nil)
		}
		w.move(ix.table, had, has)
	}
	value := []byte{flags(false, p.Withdrawn)}
	if !p.Patient.IsZero() {
		value = append(value, p.Patient[:]...)
	}
	w.put(Procedures, id[:], value)
}

// PatientOf reads a row of Procedures: whose procedure it is; the zero id where
// that is not recorded.
func PatientOf(value []byte) (who trace.PatientID, err error) {
	if len(value) != 1 && len(value) != 17 {
		return who, fmt.Errorf("record: %d bytes say of no procedure whose it is", len(value))
	}
	copy(who[:], value[1:])
	return who, nil
}
