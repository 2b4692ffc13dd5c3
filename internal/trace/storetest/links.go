package storetest

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"testing"

	"implantrace/internal/trace"
)

// provisional is the temporary name of a patient, as a model has it.
func (m model) provisional(id trace.PatientID) string {
	_, fs := about[trace.PatientFact](m, id)
	return lastly(fs, func(f trace.PatientFact) string { return f.Provisional }, func(f trace.PatientFact) trace.Amend { return f.Amend }, "provisional", "")
}

// modelLink is the last that was said of one pair.
type modelLink struct {
	trace.LinkFact
	lamport uint64
	object  [16]byte
}

// links are the last words on each pair, in the order in which they were said.
func (m model) links() (all []modelLink) {
	for _, id := range things[trace.LinkFact](m) {
		es, fs := about[trace.LinkFact](m, id)
		all = append(all, modelLink{fs[len(fs)-1], es[len(es)-1].Lamport, id})
	}
	slices.SortFunc(all, func(a, b modelLink) int {
		return cmp.Or(cmp.Compare(a.lamport, b.lamport), bytes.Compare(a.object[:], b.object[:]))
	})
	return all
}

// persons parts all patients who were not withdrawn into persons: by numbers and by
// links, until nothing changes.
func (m model) persons() (groups map[trace.PatientID]int) {
	groups = make(map[trace.PatientID]int)
	numbers := make(map[trace.PatientID][]trace.LookupHash)
	for i, id := range things[trace.PatientFact](m) {
		hs, withdrawn, _ := m.lookups(id)
		if withdrawn {
			continue
		}
		nhs := slices.DeleteFunc(slices.Clone(hs), func(h trace.LookupHash) bool { return h.Kind() != trace.LookupNHS })
		if len(nhs) > 0 {
			hs = nhs
		}
		groups[id], numbers[id] = i, hs
	}
	pairs := func(yield func(a, b trace.PatientID) bool) {
		for a, as := range numbers {
			for b, bs := range numbers {
				if slices.ContainsFunc(as, func(h trace.LookupHash) bool { return slices.Contains(bs, h) }) && !yield(a, b) {
					return
				}
			}
		}
		for _, l := range m.links() {
			if !l.Withdraw && !yield(l.Survives, l.Other) {
				return
			}
		}
	}
	for changed := true; changed; {
		changed = false
		pairs(func(a, b trace.PatientID) bool {
			ga, here := groups[a]
			gb, there := groups[b]
			if here && there && ga != gb {
				groups[a], groups[b] = min(ga, gb), min(ga, gb)
				changed = true
			}
			return true
		})
	}
	return groups
}

// reached are the patients that links join to one.
func reached(links []modelLink, id trace.PatientID) []trace.PatientID {
	ids := []trace.PatientID{id}
	for i := 0; i < len(ids); i++ {
		for _, l := range links {
			for _, ends := range [][2]trace.PatientID{{l.Survives, l.Other}, {l.Other, l.Survives}} {
				if ends[0] == ids[i] && !slices.Contains(ids, ends[1]) {
					ids = append(ids, ends[1])
				}
			}
		}
	}
	return ids
}

// shown follows links from the last back: who survives the last is the one, unless
// it had been joined to others before, among whom somebody else survived.
func shown(links []modelLink, id trace.PatientID) trace.PatientID {
	within := reached(links, id)
	for n, l := range slices.Backward(links) {
		if !slices.Contains(within, l.Survives) {
			continue
		}
		if slices.Contains(reached(links[:n], l.Survives), l.Other) {
			return l.Survives
		}
		return shown(links[:n], l.Survives)
	}
	return id
}

// persons compares whom a store takes for one person, and as whom it shows them.
func (w *world) persons(s trace.Store, m model, id trace.PatientID, withdrawn bool) {
	if withdrawn {
		return
	}
	ctx := context.Background()
	groups := m.persons()
	var want []trace.PatientID
	for other, g := range groups {
		if g == groups[id] {
			want = append(want, other)
		}
	}
	order := func(ids []trace.PatientID) []trace.PatientID {
		ids = slices.Clone(ids)
		slices.SortFunc(ids, func(a, b trace.PatientID) int { return bytes.Compare(a[:], b[:]) })
		return ids
	}
	same, err := trace.SamePatients(ctx, s, id)
	if err != nil || !slices.Equal(order(same), order(want)) || same[0] != id {
		w.Fatalf("the same as %s: %v, %v, want %v", id, same, err, want)
	}
	standing := slices.DeleteFunc(m.links(), func(l modelLink) bool {
		return l.Withdraw || l.Survives == l.Other || !slices.Contains(want, l.Survives) || !slices.Contains(want, l.Other)
	})
	as := id
	if len(standing) > 0 {
		as = shown(standing, standing[len(standing)-1].Survives)
	}
	if got, links, err := trace.Shown(ctx, s, same); err != nil || got != as || len(links) != len(standing) {
		w.Fatalf("%s is shown as %s by %d links, %v, want %s by %d", id, got, len(links), err, as, len(standing))
	}
	who, people, err := s.Person(ctx, id)
	if err != nil || who != m.identity(as) || !slices.Equal(order(people), order(want)) {
		w.Fatalf("person %s: %+v, %v, %v, want %+v", id, who, people, err, m.identity(as))
	}
}

// links: three nodes say what they know of three records.
func links(t *testing.T, open Open) {
	ctx := context.Background()
	clock := ticking()
	stores := []trace.Store{open(t, t.TempDir(), clock), open(t, t.TempDir(), clock), open(t, t.TempDir(), clock)}
	for _, s := range stores {
		defer s.Close()
	}
	a, b, c := trace.NewID[trace.OfPatient](), trace.NewID[trace.OfPatient](), trace.NewID[trace.OfPatient]()
	say := func(s trace.Store, f trace.Fact) trace.EventID {
		id := trace.NewEventID()
		put(t, s, id, trace.Draft{Provenance: trace.Typed, Fact: f})
		return id
	}
	take := func(to, from trace.Store) {
		t.Helper()
		if err := to.Import(ctx, from.Node(), entries(t, from, from.Node()), trace.TreeHead{}); err != nil {
			t.Fatal(err)
		}
	}
	person := func(s trace.Store, of, as trace.PatientID, want ...trace.PatientID) {
		t.Helper()
		_, got, same, err := trace.ShownAs(ctx, s, of)
		slices.SortFunc(same, func(a, b trace.PatientID) int { return bytes.Compare(a[:], b[:]) })
		slices.SortFunc(want, func(a, b trace.PatientID) int { return bytes.Compare(a[:], b[:]) })
		if err != nil || got != as || !slices.Equal(same, want) {
			t.Errorf("%s is shown as %s, the same as %v, %v; want %s, %v", of, got, same, err, as, want)
		}
	}
	x, y, z := stores[0], stores[1], stores[2]
	say(x, trace.PatientFact{Patient: a, Provisional: "Unknown Alfa One"})
	say(y, trace.PatientFact{Patient: b})
	first := say(y, trace.LinkFact{Survives: b, Other: a}) // of a record that has not come yet
	person(y, b, b, b)
	take(y, x)
	person(y, b, b, a, b)
	person(y, a, b, a, b)
	say(z, trace.PatientFact{Patient: c})
	take(z, y) // before what it speaks of
	say(z, trace.LinkFact{Survives: c, Other: b})
	take(z, x)
	for _, id := range []trace.PatientID{a, b, c} {
		person(z, id, c, a, b, c)
	}
	// A cycle, and the same said twice.
	say(z, trace.LinkFact{Survives: a, Other: c})
	say(z, trace.LinkFact{Survives: b, Other: a})
	person(z, c, b, a, b, c)
	l := must[trace.Link](t)(z.Link(ctx, trace.LinkIDOf(a, b)))
	if len(l.History) != 2 || l.History[0].Stamp.Event != first || !l.Stands() || l.Of(a) != b {
		t.Errorf("said twice: %+v", l)
	}
	// Taken back: what another link still joins stays joined.
	say(z, trace.LinkFact{Survives: b, Other: a, Withdraw: true})
	person(z, a, a, a, b, c)
	say(z, trace.LinkFact{Survives: a, Other: c, Withdraw: true})
	person(z, a, a, a)
	person(z, b, c, b, c)
	for _, to := range stores {
		for _, from := range stores {
			if to != from {
				take(to, from)
			}
		}
		person(to, a, a, a)
		person(to, c, c, b, c)
		var all []trace.LinkID
		for l, err := range to.Links(ctx, trace.PatientID{}) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, l.ID)
		}
		if len(all) != 3 || all[0] == all[1] || all[1] == all[2] {
			t.Errorf("all links: %v", all)
		}
		n := 0
		for l, err := range to.Links(ctx, a) {
			if err != nil || l.Stands() || len(l.History) == 0 {
				t.Errorf("%+v, %v", l, err)
			}
			n++
		}
		if n != 2 {
			t.Errorf("%d links of %s", n, a)
		}
		if _, err := to.Link(ctx, trace.LinkIDOf(a, trace.NewID[trace.OfPatient]())); trace.KindOf(err) != trace.NotFound {
			t.Errorf("a link that nobody made: %v", err)
		}
	}
	// Whom nobody may know any more is nobody's same.
	say(x, trace.ErasureFact{Patient: b})
	person(x, c, c, c)
	person(x, b, b, b)
	say(x, trace.PatientFact{Patient: a, Amend: trace.Amend{Clear: []string{"provisional"}}})
	if p := must[trace.Patient](t)(x.Patient(ctx, a)); p.Provisional != "" {
		t.Errorf("identified: %+v", p)
	}
}
