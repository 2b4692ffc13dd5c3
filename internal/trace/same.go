package trace

import (
	"context"
	"slices"
)

// SamePatients gives every patient in the record that is the same person as
// id, id first. Two are the same when they share an NHS number, or, neither
// having one, a local number of one issuer; when a standing [Link] says so; and
// when each is the same as a third. Two nodes that met one person apart make two
// patients; reading them together is what makes them one again.
func SamePatients(ctx context.Context, f Finder, id PatientID) ([]PatientID, error) {
	same := []PatientID{id}
	for i := 0; i < len(same); i++ {
		p, err := f.Patient(ctx, same[i])
		if err != nil {
			return same, err
		}
		others, err := numbered(ctx, f, p)
		if err != nil {
			return same, err
		}
		if !p.Withdrawn && !p.Erased {
			joined, err := linked(ctx, f, p.ID)
			if err != nil {
				return same, err
			}
			others = append(others, joined...)
		}
		for _, o := range others {
			if !slices.Contains(same, o) {
				same = append(same, o)
			}
		}
	}
	return same, nil
}

// numbered gives the patients that share a number with one.
func numbered(ctx context.Context, f Finder, p Patient) (ids []PatientID, err error) {
	hasNHS := func(p Patient) bool {
		return slices.ContainsFunc(p.Lookups, func(h LookupHash) bool { return h.Kind() == LookupNHS })
	}
	if hasNHS(p) {
		return f.PatientsBy(ctx, slices.DeleteFunc(slices.Clone(p.Lookups), func(h LookupHash) bool { return h.Kind() != LookupNHS })...)
	}
	if len(p.Lookups) == 0 {
		return nil, nil
	}
	// Local numbers go from one patient to the next: a person has one at each
	// hospital.
	found, err := f.PatientsBy(ctx, p.Lookups...)
	if err != nil {
		return nil, err
	}
	for _, other := range found {
		o, err := f.Patient(ctx, other)
		if err != nil {
			return nil, err
		}
		if !hasNHS(o) {
			ids = append(ids, other)
		}
	}
	return ids, nil
}
