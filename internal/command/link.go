package command

import (
	"context"
	"slices"
	"strings"

	"implantrace/internal/trace"
)

// LinkPatients says that two records are of one person. Neither is changed: what
// was recorded in each stays there, and what is recorded later goes where it is
// recorded.
type LinkPatients struct {
	Meta
	Survives trace.PatientID `json:"survives"` // the record that is shown as the person
	Other    trace.PatientID `json:"other"`
	Reason   string          `json:"reason"` // sealed: it may say who it is
	// TwoNumbers confirms that both have an NHS number, and not the same one.
	TwoNumbers bool `json:"two_numbers,omitempty"`
}

// Linked is what a link came to.
type Linked struct {
	Link trace.Link `json:"link"`
	// Shown is the record that is shown as the person, and Same all records of the
	// person; of a link that was taken back, those of its first record.
	Shown trace.PatientID   `json:"shown"`
	Same  []trace.PatientID `json:"same_person"`
	// Still says of a link that was taken back that the records are one person all
	// the same: they share a number, or other links join them.
	Still bool `json:"still,omitempty"`
}

// LinkPatients carries the command out. It is of kind Conflict where one of both was
// withdrawn or erased, where the link stands already, and where both have an NHS
// number, and not the same one, and that was not confirmed.
func (r Recorder) LinkPatients(ctx context.Context, c LinkPatients) (Linked, error) {
	id := trace.LinkIDOf(c.Survives, c.Other)
	canon, err := canonical("link patients", c)
	if err != nil {
		return Linked{}, err
	}
	if _, done, err := r.before(ctx, c.ID, canon); done {
		return r.linked(ctx, id, err)
	}
	draft, err := r.Linking(ctx, c)
	if err != nil {
		return Linked{}, err
	}
	_, err = r.record(ctx, c.Meta, canon, draft)
	return r.linked(ctx, id, err)
}

// Linking is the entry of a link.
func (r Recorder) Linking(ctx context.Context, c LinkPatients) (trace.Draft, error) {
	var none trace.Draft
	if c.Survives.IsZero() || c.Other.IsZero() || c.Survives == c.Other {
		return none, trace.Errorf(trace.Invalid, "A link wants two records, and says which of both is shown as the person.")
	}
	reason, err := whyLinked(c.Reason)
	if err != nil {
		return none, err
	}
	pair, err := r.ComparePatients(ctx, c.Survives, c.Other)
	if err != nil {
		return none, err
	}
	if pair.TwoNumbers && !c.TwoNumbers {
		return none, trace.Errorf(trace.Conflict, "Both have an NHS number, and not the same one. One person has one NHS number: one of both is wrong, or these are two people. "+
			"Nothing was linked. Confirm that you have looked at both numbers if they are one person all the same.")
	}
	switch l, err := r.Store.Link(ctx, trace.LinkIDOf(c.Survives, c.Other)); {
	case err == nil && l.Stands() && l.Survives == c.Survives:
		return none, trace.Errorf(trace.Conflict, "These two records are linked already.")
	case err != nil && trace.KindOf(err) != trace.NotFound:
		return none, err
	}
	return trace.Draft{Fact: trace.LinkFact{Survives: c.Survives, Other: c.Other, TwoNumbers: pair.TwoNumbers}, Secret: &trace.Secret{Note: reason}}, nil
}

// UnlinkPatients takes a link back: each record stands alone again, with what was
// recorded in it since.
type UnlinkPatients struct {
	Meta
	Link   trace.LinkID `json:"link"`
	Reason string       `json:"reason"` // sealed
}

// UnlinkPatients carries the command out; kind Conflict where the link does not stand.
func (r Recorder) UnlinkPatients(ctx context.Context, c UnlinkPatients) (Linked, error) {
	canon, err := canonical("unlink patients", c)
	if err != nil {
		return Linked{}, err
	}
	if _, done, err := r.before(ctx, c.ID, canon); done {
		return r.linked(ctx, c.Link, err)
	}
	reason, err := whyLinked(c.Reason)
	if err != nil {
		return Linked{}, err
	}
	l, err := r.Store.Link(ctx, c.Link)
	if err != nil {
		return Linked{}, err
	}
	if !l.Stands() {
		return Linked{}, trace.Errorf(trace.Conflict, "This link was taken back before.")
	}
	_, err = r.record(ctx, c.Meta, canon, trace.Draft{Fact: trace.LinkFact{Survives: l.Survives, Other: l.Other, Withdraw: true}, Secret: &trace.Secret{Note: reason}})
	return r.linked(ctx, c.Link, err)
}

func whyLinked(reason string) (string, error) {
	if reason = strings.TrimSpace(reason); reason == "" {
		return "", trace.Errorf(trace.Invalid, "It wants a reason: how it is known whether these two are one person.")
	}
	return reason, note(reason)
}

// linked is what a link has come to, unless recording it failed.
func (r Recorder) linked(ctx context.Context, id trace.LinkID, failed error) (out Linked, err error) {
	if failed != nil {
		return out, failed
	}
	if out.Link, err = r.Store.Link(ctx, id); err != nil {
		return out, err
	}
	if out.Same, err = trace.SamePatients(ctx, r.Store, out.Link.Survives); err != nil {
		return out, err
	}
	out.Still = !out.Link.Stands() && slices.Contains(out.Same, out.Link.Other)
	out.Shown, _, err = trace.Shown(ctx, r.Store, out.Same)
	return out, err
}

// Compared is one field of two records beside each other.
type Compared struct {
	Field string `json:"field"` // of the identity, as in [trace.Identity]
	A     string `json:"a"`
	B     string `json:"b"`
	// Differs: both say something, and not the same. What one does not say differs
	// from nothing.
	Differs bool `json:"differs"`
}

// Comparison is two records beside each other.
type Comparison struct {
	A      trace.PatientID `json:"a"`
	B      trace.PatientID `json:"b"`
	Fields []Compared      `json:"fields"`
	// Same: they are one person already.
	Same bool `json:"same"`
	// TwoNumbers: records of the one person and of the other have NHS numbers, and not
	// the same.
	TwoNumbers bool `json:"two_numbers"`
}

// ComparePatients sets two records beside each other. Kind Conflict for one that was
// withdrawn or whose identity was erased: it can be linked with nobody.
func (r Recorder) ComparePatients(ctx context.Context, a, b trace.PatientID) (Comparison, error) {
	out := Comparison{A: a, B: b, Fields: []Compared{}}
	if a == b {
		return out, trace.Errorf(trace.Invalid, "That is one and the same record.")
	}
	var who [2]trace.Identity
	var same [2][]trace.PatientID
	for i, id := range []trace.PatientID{a, b} {
		p, err := r.Store.Patient(ctx, id)
		if err != nil {
			return out, err
		}
		if p.Erased {
			return out, trace.Errorf(trace.Conflict, "The identity of one of these records was erased: nobody can say whose it is any more.")
		}
		if p.Withdrawn {
			return out, trace.Errorf(trace.Conflict, "One of these records was withdrawn: it is nobody's.")
		}
		if who[i], err = r.Store.Identity(ctx, id); err != nil {
			return out, err
		}
		if same[i], err = trace.SamePatients(ctx, r.Store, id); err != nil {
			return out, err
		}
	}
	for _, f := range []struct{ name, a, b string }{
		{"provisional", who[0].Provisional, who[1].Provisional}, {"nhs_number", who[0].NHSNumber, who[1].NHSNumber},
		{"local_number", local(who[0]), local(who[1])}, {"family", who[0].Family, who[1].Family}, {"given", who[0].Given, who[1].Given},
		{"birth", who[0].Birth, who[1].Birth}, {"appears", who[0].Appears, who[1].Appears},
	} {
		out.Fields = append(out.Fields, Compared{f.name, f.a, f.b, f.a != "" && f.b != "" && !strings.EqualFold(f.a, f.b)})
	}
	out.Same = slices.Contains(same[0], b)
	var err error
	out.TwoNumbers, err = r.twoNumbers(ctx, same[0], same[1])
	return out, err
}

func local(who trace.Identity) string {
	if who.LocalNumber == "" {
		return ""
	}
	if who.LocalIssuer == trace.ProvisionalIssuer {
		return who.LocalNumber
	}
	return who.LocalNumber + " (" + who.LocalIssuer + ")"
}

// twoNumbers reports whether the records of two people have NHS numbers between them
// that are not one number. It asks the hashes too: an identity may be sealed.
func (r Recorder) twoNumbers(ctx context.Context, a, b []trace.PatientID) (bool, error) {
	var numbers [2][]trace.LookupHash
	for i, ids := range [][]trace.PatientID{a, b} {
		for _, id := range ids {
			p, err := r.Store.Patient(ctx, id)
			if err != nil {
				return false, err
			}
			who, err := r.Store.Identity(ctx, id)
			if err != nil {
				return false, err
			}
			if who.NHSNumber != "" { // under each version of the key
				numbers[i] = append(numbers[i], r.Store.Lookups(trace.LookupNHS, who.NHSNumber)...)
			}
			for _, h := range p.Lookups {
				if h.Kind() == trace.LookupNHS {
					numbers[i] = append(numbers[i], h)
				}
			}
		}
	}
	shared := slices.ContainsFunc(numbers[0], func(h trace.LookupHash) bool { return slices.Contains(numbers[1], h) })
	return len(numbers[0]) > 0 && len(numbers[1]) > 0 && !shared, nil
}

// LinkSaid is one thing that was said of a link, with why.
type LinkSaid struct {
	trace.LinkWord
	Reason string `json:"reason"` // "" where it is sealed and does not open
}

// LinkTold is a link with why each thing was said.
type LinkTold struct {
	ID     trace.LinkID `json:"id"`
	Stands bool         `json:"stands"`
	trace.LinkFact
	History []LinkSaid `json:"history"`
}

// TellLink gives a link with its reasons.
func (r Recorder) TellLink(ctx context.Context, l trace.Link) (LinkTold, error) {
	told := LinkTold{ID: l.ID, Stands: l.Stands(), LinkFact: l.LinkFact}
	for _, w := range l.History {
		said := LinkSaid{LinkWord: w}
		secret, err := r.Store.Secret(ctx, w.Stamp.Position)
		if err != nil {
			return told, err
		}
		if secret != nil {
			said.Reason = secret.Note
		}
		told.History = append(told.History, said)
	}
	return told, nil
}

// OneRecord finds the record that somebody names, by its id or by a number; kind
// NotFound for nobody. Of records that are one person it is the one that is shown.
func (r Recorder) OneRecord(ctx context.Context, w Who) (trace.PatientID, error) {
	if !w.Patient.IsZero() {
		_, err := r.Store.Patient(ctx, w.Patient)
		return w.Patient, err
	}
	ids, err := r.Search(ctx, w)
	if err != nil {
		return trace.PatientID{}, err
	}
	if len(ids) == 0 {
		return trace.PatientID{}, trace.Errorf(trace.NotFound, "Nobody with this number is in the record of this node.")
	}
	same, err := trace.SamePatients(ctx, r.Store, ids[0])
	if err != nil {
		return ids[0], err
	}
	if slices.ContainsFunc(ids, func(id trace.PatientID) bool { return !slices.Contains(same, id) }) {
		return ids[0], trace.Errorf(trace.Conflict, "This number is recorded for more than one patient. Use the NHS number.")
	}
	id, _, err := trace.Shown(ctx, r.Store, same)
	return id, err
}
