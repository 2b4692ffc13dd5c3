package trace

import (
	"bytes"
	"cmp"
	"context"
	"iter"
	"slices"
)

// OfLink marks the ids of links.
type OfLink struct{}

// LinkID names the link of two records of patients, whichever of both is said
// first: [LinkIDOf].
type LinkID = ID[OfLink]

// LinkIDOf is the id of the link between two records.
func LinkIDOf(a, b PatientID) LinkID {
	if bytes.Compare(a[:], b[:]) > 0 {
		a, b = b, a
	}
	return NamedID[OfLink]("link", string(a[:])+string(b[:]))
}

// LinkFact says that two records of patients are of one person, or takes that
// back. Nothing is rewritten: each record keeps what was recorded in it, before
// and since. Of what is said of one pair the last counts. Why is in the entry's
// Secret.
type LinkFact struct {
	Survives PatientID `json:"survives" cbor:"1,keyasint"` // the record to show as the person
	Other    PatientID `json:"other" cbor:"2,keyasint"`
	// TwoNumbers: both had an NHS number, and not the same; whoever said so was
	// warned of it.
	TwoNumbers bool `json:"two_numbers,omitempty" cbor:"3,keyasint,omitempty"`
	Withdraw   bool `json:"withdraw,omitempty" cbor:"4,keyasint,omitempty"` // they are not: each stands alone again
}

// Kind is KindLink.
func (LinkFact) Kind() FactKind { return KindLink }

// Object is the link.
func (f LinkFact) Object() [16]byte { return LinkIDOf(f.Survives, f.Other) }

// LinkWord is one thing that was said of a link.
type LinkWord struct {
	LinkFact `cbor:"1,keyasint"`
	Stamp    Stamp `json:"stamp" cbor:"2,keyasint"`
}

// Link is what the record knows of the link of two records of patients.
type Link struct {
	ID LinkID `json:"id" cbor:"1,keyasint"`
	// LinkFact is what was said last.
	LinkFact `cbor:"2,keyasint"`
	Lamport  uint64     `json:"-" cbor:"3,keyasint"`       // of what was said last: links count in this order
	History  []LinkWord `json:"history" cbor:"4,keyasint"` // in the order in which it counts
}

// Stands reports whether both are taken for one person.
func (l Link) Stands() bool { return !l.Withdraw && l.Survives != l.Other }

// Of is the other record of a link.
func (l Link) Of(id PatientID) PatientID {
	if l.Survives == id {
		return l.Other
	}
	return l.Survives
}

// Links is what a store knows of links.
type Links interface {
	// Links gives the links of a patient, in the order of the other's id; for the
	// zero id all links, each once. Those that were withdrawn are among them.
	Links(ctx context.Context, id PatientID) iter.Seq2[Link, error]
	Link(ctx context.Context, id LinkID) (Link, error)
}

// linked gives the patients that standing links join to a record. A link of a
// record that was withdrawn, or whose identity was erased, joins nobody; nor does
// one whose other record has not come yet.
func linked(ctx context.Context, f Finder, id PatientID) (ids []PatientID, err error) {
	for l, err := range f.Links(ctx, id) {
		if err != nil {
			return nil, err
		}
		if !l.Stands() {
			continue
		}
		p, err := f.Patient(ctx, l.Of(id))
		if KindOf(err) == NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !p.Withdrawn && !p.Erased {
			ids = append(ids, p.ID)
		}
	}
	return ids, nil
}

// Shown is the one of the records of a person that is shown as the person, and the
// standing links between them in the order in which they count: later links join
// what earlier ones have joined, and the survivor of the last is the person's.
// Without links each record shows itself, the first of same.
func Shown(ctx context.Context, f Finder, same []PatientID) (PatientID, []Link, error) {
	var links []Link
	for _, id := range same {
		for l, err := range f.Links(ctx, id) {
			if err != nil {
				return PatientID{}, nil, err
			}
			if l.Stands() && slices.Contains(same, l.Of(id)) && !slices.ContainsFunc(links, func(o Link) bool { return o.ID == l.ID }) {
				links = append(links, l)
			}
		}
	}
	slices.SortFunc(links, func(a, b Link) int {
		return cmp.Or(cmp.Compare(a.Lamport, b.Lamport), bytes.Compare(a.ID[:], b.ID[:]))
	})
	shown := same[0]
	of := make(map[PatientID]int) // which group a record is in
	survivor := make(map[int]PatientID)
	for n, l := range links {
		for i, id := range []PatientID{l.Survives, l.Other} {
			if _, ok := of[id]; !ok {
				of[id] = 2*n + i
				survivor[of[id]] = id
			}
		}
		to, from := of[l.Survives], of[l.Other]
		if to == from {
			survivor[to] = l.Survives
		}
		for id, group := range of {
			if group == from {
				of[id] = to
			}
		}
		shown = survivor[to]
	}
	return shown, links, nil
}

// ShownAs is the identity of the record that is shown as the person whom a record
// is of, that record, and all records of the person, id first.
func ShownAs(ctx context.Context, f Finder, id PatientID) (who Identity, shown PatientID, same []PatientID, err error) {
	if same, err = SamePatients(ctx, f, id); err != nil {
		return who, id, same, err
	}
	if shown, _, err = Shown(ctx, f, same); err != nil {
		return who, id, same, err
	}
	who, err = f.Identity(ctx, shown)
	return who, shown, same, err
}
