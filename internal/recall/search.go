package recall

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"time"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Match is a usage that is meant, or cannot be excluded.
type Match struct {
	Tier      Tier     `json:"tier"`
	Why       []string `json:"why"`
	InPatient string   `json:"in_patient"` // yes, was, no, unknown (no outcome recorded)
	// Person is the same for all patients of the record that are one person.
	Person trace.PatientID `json:"person,omitzero"`
	trace.UsageInFull
}

// Coverage is what an answer rests on, and what it does not know.
type Coverage struct {
	AsOf  time.Time            `json:"as_of"`
	Nodes []trace.NodeCoverage `json:"nodes"`
	// Looked is how many usages were held against the criteria: those of the
	// named products at any pack level, and those of which the product is not recorded.
	Looked    int `json:"looked"`
	Withdrawn int `json:"withdrawn"`  // of them, withdrawn from the record
	NoProduct int `json:"no_product"` // of the others, without a device identifier
	NoOutcome int `json:"no_outcome"` // of the matches, without a recorded outcome
	// NotUnderstood is how many codes were read in procedures and not understood:
	// each may be a device that nobody can look for.
	NotUnderstood int `json:"not_understood"`
}

// Unlinked is a device that was read and is in no usage: nobody recorded whose it
// was, so it may be in anybody who was there.
type Unlinked struct {
	Reading   trace.EventID     `json:"reading"`
	Occurred  time.Time         `json:"occurred"`
	Device    udi.Device        `json:"device"`
	Procedure trace.ProcedureID `json:"procedure,omitzero"`
	Why       []string          `json:"why"`
}

// Answer is the answer to a recall.
type Answer struct {
	Criteria Criteria `json:"criteria"`
	// Confirmed: the identifiers are those of the notice, and the device is or
	// may be in the patient, or was.
	Confirmed []Match `json:"confirmed"`
	// Possible: it cannot be excluded.
	Possible []Match `json:"possible"`
	// NotInPatient: meant, or not to be excluded; but the record says that the
	// device was not left in the patient, or the usage was withdrawn.
	NotInPatient []Match `json:"not_in_patient"`
	// Unlinked: meant, or not to be excluded, and read without a procedure.
	Unlinked    []Unlinked `json:"unlinked"`
	Patients    int        `json:"patients"`          // different people in Confirmed; where a patient is not recorded, each procedure counts as one
	PatientsMay int        `json:"patients_possible"` // different people in Possible and not in Confirmed
	Coverage    Coverage   `json:"coverage"`
}

// Nobody reports whether nobody is affected and nobody left who cannot be
// excluded.
func (a Answer) Nobody() bool {
	return len(a.Confirmed) == 0 && len(a.Possible) == 0 && len(a.Unlinked) == 0
}

// Search asks the record. now is when it is asked.
func Search(ctx context.Context, f trace.Finder, c Criteria, now time.Time) (Answer, error) {
	c, err := c.Normalised()
	if err != nil {
		return Answer{}, err
	}
	a := Answer{Criteria: c, Confirmed: []Match{}, Possible: []Match{}, NotInPatient: []Match{}, Unlinked: []Unlinked{}, Coverage: Coverage{AsOf: now.UTC()}}
	if a.Coverage.Nodes, err = f.Coverage(ctx); err != nil {
		return Answer{}, err
	}
	queries := []trace.Query{{NoDI: true, Former: true}}
	asked := make(map[string]bool)
	for _, named := range c.DIs {
		for _, di := range levels(named) {
			if !asked[di] {
				asked[di] = true
				queries = append(queries, trace.Query{DI: di, Former: true})
			}
		}
	}
	seen := make(map[trace.UsageID]bool) // one may be found under what it is and under what it was
	for _, q := range queries {
		for h, err := range f.Candidates(ctx, q) {
			if err != nil {
				return Answer{}, err
			}
			if seen[h.Usage.ID] {
				continue
			}
			seen[h.Usage.ID] = true
			if err := a.judge(ctx, f, h.Usage); err != nil {
				return Answer{}, err
			}
		}
		for r, err := range f.Loose(ctx, q.DI) {
			if err != nil {
				return Answer{}, err
			}
			a.loose(r)
		}
	}
	a.count()
	return a, nil
}

// loose judges a reading that is in no usage.
func (a *Answer) loose(r trace.Reading) {
	if r.Means != udi.KindDevice {
		a.Coverage.NotUnderstood++
		return
	}
	m := udi.Understand(r.Symbology+r.Text, r.Stamp.Occurred)
	tier, why := a.Criteria.Match(trace.UsageInFull{Usage: trace.Usage{Device: m.Device, Damaged: m.Damaged(), Provenance: r.Stamp.Provenance, Occurred: r.Stamp.Occurred}})
	if tier != "" {
		a.Unlinked = append(a.Unlinked, Unlinked{Reading: r.Reading, Occurred: r.Stamp.Occurred, Device: m.Device, Procedure: r.Procedure, Why: why})
	}
}

func (a *Answer) judge(ctx context.Context, f trace.Finder, u trace.Usage) error {
	a.Coverage.Looked++
	switch {
	case u.Withdrawn:
		a.Coverage.Withdrawn++
	case u.Device.DI == "":
		a.Coverage.NoProduct++
	}
	if tier, _ := a.Criteria.device(u); tier == "" {
		return nil // most candidates: nothing has to be gathered about them
	}
	full, err := trace.InFull(ctx, f, u)
	if err != nil {
		return err
	}
	tier, why := a.Criteria.Match(full)
	if tier == "" {
		return nil
	}
	m := Match{Tier: tier, Why: why, InPatient: u.Status.InPatient(), UsageInFull: full}
	out := m.InPatient == "no" // the record says that it was not left in the patient
	before := out && implanted(u)
	switch {
	case u.Withdrawn:
		m.Why = append(m.Why, "withdrawn from the record")
	case before:
		m.Why = append(m.Why, "it was recorded as implanted before")
	case !u.Status.Outcome():
		a.Coverage.NoOutcome++
		m.Why = append(m.Why, "no outcome recorded: it may be in the patient")
	}
	if full.Procedure.Withdrawn {
		m.Why = append(m.Why, "its procedure was withdrawn from the record")
	}
	if m.Person, err = person(ctx, f, full.Patient); err != nil {
		return err
	}
	switch {
	case u.Withdrawn, out && !before:
		a.NotInPatient = append(a.NotInPatient, m)
	case tier == Confirmed && !out:
		a.Confirmed = append(a.Confirmed, m)
	default:
		m.Tier = Possible
		a.Possible = append(a.Possible, m)
	}
	return nil
}

// implanted reports whether a usage was ever recorded as implanted.
func implanted(u trace.Usage) bool {
	return slices.ContainsFunc(u.History, func(s trace.Stamp) bool { return s.Status == trace.Implanted })
}

// person picks one id for all patients that are one person.
func person(ctx context.Context, f trace.Finder, id trace.PatientID) (trace.PatientID, error) {
	if id.IsZero() {
		return id, nil
	}
	same, err := trace.SamePatients(ctx, f, id)
	if trace.KindOf(err) == trace.NotFound {
		return id, nil
	}
	return slices.MinFunc(same, func(a, b trace.PatientID) int { return bytes.Compare(a[:], b[:]) }), err
}

// counts is what a match counts by: its person. People who are not recorded are
// not one and the same: what was used in one procedure was used on one of them.
func (m Match) counts() [16]byte {
	switch {
	case !m.Person.IsZero():
		return m.Person
	case !m.Usage.Procedure.IsZero():
		return m.Usage.Procedure
	}
	return m.Usage.ID
}

func (a *Answer) count() {
	people := make(map[[16]byte]bool)
	for _, m := range a.Confirmed {
		people[m.counts()] = true
	}
	a.Patients = len(people)
	for _, m := range a.Possible {
		if who := m.counts(); !people[who] {
			people[who] = true
			a.PatientsMay++
		}
	}
	for _, list := range [][]Match{a.Confirmed, a.Possible, a.NotInPatient} {
		slices.SortStableFunc(list, func(x, y Match) int {
			return cmp.Or(y.When().Compare(x.When()), bytes.Compare(x.Usage.ID[:], y.Usage.ID[:]))
		})
	}
}
