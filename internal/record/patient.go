package record

import (
	"slices"

	"implantrace/internal/trace"
)

// foldPatient: of an NHS number the last that was said counts; local numbers
// add up. A correction that says a local number takes away those of the entry
// it corrects, or where that has none, those last said; one that clears the
// local number takes away all. Once the identity is erased, none counts.
func foldPatient(about []trace.Entry) trace.Patient {
	var p trace.Patient
	var nhs *trace.LookupHash
	local := make([][]trace.LookupHash, len(about)) // of each entry, as far as they still count
	for i, e := range about {
		if erasure, ok := e.Fact.(trace.ErasureFact); ok {
			p.ID, p.Erased = erasure.Patient, true
			p.History = append(p.History, stamp(e))
			continue
		}
		f := e.Fact.(trace.PatientFact)
		p.ID = f.Patient
		if slices.Contains(f.Amend.Clear, "nhs_number") {
			nhs = nil
		}
		if slices.Contains(f.Amend.Clear, "local_number") {
			clear(local)
		}
		if slices.Contains(f.Amend.Clear, "provisional") {
			p.Provisional = ""
		}
		if f.Provisional != "" {
			p.Provisional = f.Provisional
		}
		for _, h := range f.Lookups {
			if h.Kind() == trace.LookupNHS {
				nhs = &h
			} else {
				local[i] = append(local[i], h)
			}
		}
		if len(local[i]) > 0 && !f.Amend.Corrects.IsZero() {
			wrong := slices.IndexFunc(about[:i], func(o trace.Entry) bool { return o.ID == f.Amend.Corrects })
			if wrong < 0 || len(local[wrong]) == 0 {
				for wrong = i - 1; wrong >= 0 && len(local[wrong]) == 0; wrong-- {
				}
			}
			if wrong >= 0 {
				local[wrong] = nil
			}
		}
		p.Withdrawn = withdrawn(p.Withdrawn, f.Amend)
		p.History = append(p.History, amended(stamp(e), f.Amend))
	}
	if p.Erased { // whatever was said before or since: nobody is found by it
		return p
	}
	if nhs != nil {
		p.Lookups = append(p.Lookups, *nhs)
	}
	for _, h := range slices.Concat(local...) {
		if !slices.Contains(p.Lookups, h) {
			p.Lookups = append(p.Lookups, h)
		}
	}
	return p
}

func withdrawn(was bool, a trace.Amend) bool { return (was || a.Withdraw) && !a.Restore }

// patient moves a patient's rows from what the entries came to before to what
// they come to now.
func (w *writer) patient(id trace.PatientID, before, now []trace.Entry) {
	keys := func(p trace.Patient) (rs rows) {
		for _, h := range p.Lookups {
			rs.add(join(h[:], id[:]), nil)
		}
		return rs
	}
	w.move(ByLookup, keys(foldPatient(before)), keys(foldPatient(now)))
}
