package trace

import (
	"context"
	"slices"
)

// SamePatients gives every patient in the record that is the same person as
// id, id first. Two are the same when they share an NHS number, or, neither
// having one, a local number of one issuer. Two nodes that met one person
// apart make two patients; reading them together is what makes them one again.
func SamePatients(ctx context.Context, f Finder, id PatientID) ([]PatientID, error) {
	same := []PatientID{id}
	p, err := f.Patient(ctx, id)
	if err != nil {
		return same, err
	}
	nhs := slices.DeleteFunc(slices.Clone(p.Lookups), func(h LookupHash) bool { return h.Kind() != LookupNHS })
	by := nhs
	if len(nhs) == 0 {
		by = p.Lookups
	}
	if len(by) == 0 {
		return same, nil
	}
	found, err := f.PatientsBy(ctx, by...)
	if err != nil {
		return same, err
	}
	for _, other := range found {
		if other == id {
			continue
		}
		if len(nhs) == 0 {
			o, err := f.Patient(ctx, other)
			if err != nil {
				return same, err
			}
			if slices.ContainsFunc(o.Lookups, func(h LookupHash) bool { return h.Kind() == LookupNHS }) {
				continue
			}
		}
		same = append(same, other)
	}
	return same, nil
}
