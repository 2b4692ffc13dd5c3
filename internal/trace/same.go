package trace

import (
	"context"
	"slices"
)

// SamePatients gives every patient in the record that is the same person as
// id, id first. Two are the same when they share an NHS number, or, neither
// having one, a local number of one issuer; and when each is the same as a
// third. Two nodes that met one person apart make two patients; reading them
// together is what makes them one again.
func SamePatients(ctx context.Context, f Finder, id PatientID) ([]PatientID, error) {
	same := []PatientID{id}
	p, err := f.Patient(ctx, id)
	if err != nil {
		return same, err
	}
	if nhs := slices.DeleteFunc(slices.Clone(p.Lookups), func(h LookupHash) bool { return h.Kind() != LookupNHS }); len(nhs) > 0 {
		found, err := f.PatientsBy(ctx, nhs...)
		if err != nil {
			return same, err
		}
		return append(same, slices.DeleteFunc(found, func(o PatientID) bool { return o == id })...), nil
	}
	// Local numbers go from one patient to the next: a person has one at each
	// hospital.
	for by := p.Lookups; len(by) > 0; {
		found, err := f.PatientsBy(ctx, by...)
		if err != nil {
			return same, err
		}
		by = nil
		for _, other := range found {
			if slices.Contains(same, other) {
				continue
			}
			o, err := f.Patient(ctx, other)
			if err != nil {
				return same, err
			}
			if slices.ContainsFunc(o.Lookups, func(h LookupHash) bool { return h.Kind() == LookupNHS }) {
				continue
			}
			same = append(same, other)
			by = append(by, o.Lookups...)
		}
	}
	return same, nil
}
