package record

import (
	"slices"

	"implantrace/internal/trace"
)

// foldPatient: of an NHS number the last that was said counts; local numbers
// add up, without those of an entry that was corrected.
func foldPatient(about []trace.Entry) trace.Patient {
	corrected := make(map[trace.EventID]bool)
	for _, e := range about {
		corrected[e.Fact.(trace.PatientFact).Amend.Corrects] = true
	}
	var p trace.Patient
	var nhs *trace.LookupHash
	for _, e := range about {
		f := e.Fact.(trace.PatientFact)
		p.ID = f.Patient
		for _, h := range f.Lookups {
			switch {
			case h.Kind() == trace.LookupNHS:
				nhs = &h
			case !corrected[e.ID] && !slices.Contains(p.Lookups, h):
				p.Lookups = append(p.Lookups, h)
			}
		}
		if slices.Contains(f.Amend.Clear, "nhs_number") {
			nhs = nil
		}
		p.Withdrawn = withdrawn(p.Withdrawn, f.Amend)
		p.History = append(p.History, amended(stamp(e), f.Amend))
	}
	if nhs != nil {
		p.Lookups = append([]trace.LookupHash{*nhs}, p.Lookups...)
	}
	return p
}

func withdrawn(was bool, a trace.Amend) bool { return (was || a.Withdraw) && !a.Restore }

func (w *writer) patient(id trace.PatientID, now trace.Patient) {
	var old trace.Patient
	w.read(Patients, id[:], &old)
	keys := func(p trace.Patient) (ks [][]byte) {
		for _, h := range p.Lookups {
			ks = append(ks, join(h[:], id[:]))
		}
		return ks
	}
	w.index(ByLookup, keys(old), keys(now))
	w.value(Patients, id[:], now)
}
