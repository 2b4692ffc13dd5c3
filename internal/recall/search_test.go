package recall_test

import (
	"context"
	"errors"
	"iter"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"implantrace/internal/bolt"
	"implantrace/internal/recall"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// history is a store that is filled in one go.
type history struct {
	t        rapid.TB
	store    *bolt.Store
	commands []trace.Command
}

func newHistory(t rapid.TB, dir string) *history {
	t.Helper()
	s, err := bolt.Open(filepath.Join(dir, bolt.FileName), bolt.Options{Name: "Theatre 4", Version: "test", Keys: seal.NewKeyring(), Clock: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	return &history{t: t, store: s}
}

func open(t *testing.T) *history {
	h := newHistory(t, t.TempDir())
	t.Cleanup(func() {
		if err := h.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// say puts one fact into the history.
func (h *history) say(p trace.Provenance, occurred time.Time, fact trace.Fact, secret *trace.Secret) {
	id := trace.NewEventID()
	h.commands = append(h.commands, trace.Command{ID: id, Canonical: id[:], By: trace.Actor{Via: "test"},
		Drafts: []trace.Draft{{Fact: fact, Provenance: p, Occurred: occurred, Secret: secret, Subject: subject(fact)}}})
}

func subject(f trace.Fact) [16]byte {
	if f.Kind() == trace.KindPatient {
		return f.Object()
	}
	return [16]byte{}
}

func (h *history) patient(nhs string) trace.PatientID {
	id := trace.NewID[trace.OfPatient]()
	f, s := trace.PatientFact{Patient: id}, trace.Secret{Family: "Testwell"}
	if nhs != "" {
		s.NHSNumber = nhs
		f.Lookups = h.store.Lookups(trace.LookupNHS, nhs)[:1]
	}
	h.say(trace.Scanned, noon, f, &s)
	return id
}

func (h *history) procedure(who trace.PatientID, start time.Time) trace.ProcedureID {
	id := trace.NewID[trace.OfProcedure]()
	h.say(trace.Scanned, start, trace.ProcedureFact{Procedure: id, Patient: who, Code: trace.Code{Text: "Hip"}, Start: start}, nil)
	return id
}

func (h *history) usage(p trace.ProcedureID, di, lot string, s trace.Status) trace.UsageID {
	id := trace.NewID[trace.OfUsage]()
	h.say(trace.Scanned, noon, trace.UsageFact{Usage: id, Procedure: p, Device: udi.Device{Agency: udi.AgencyGS1, DI: di, Lot: lot}, Status: s}, nil)
	return id
}

func (h *history) record() {
	h.t.Helper()
	rs, err := h.store.Append(context.Background(), h.commands...)
	for i := 0; err == nil && i < len(rs); i++ {
		err = rs[i].Err
	}
	if err != nil {
		h.t.Fatal(err)
	}
	h.commands = nil
}

func (h *history) search(c recall.Criteria) recall.Answer {
	h.t.Helper()
	h.record()
	a, err := search(context.Background(), h.store, c, noon)
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

func search(ctx context.Context, f trace.Finder, c recall.Criteria, now time.Time) (recall.Answer, error) {
	m, err := c.Compile(time.UTC)
	if err != nil {
		return recall.Answer{}, err
	}
	return recall.Search(ctx, f, m, now)
}

func usages(ms []recall.Match) []string {
	out := []string{}
	for _, m := range ms {
		out = append(out, m.Usage.ID.String())
	}
	return out
}

func ids(us ...trace.UsageID) []string {
	out := []string{}
	for _, u := range us {
		out = append(out, u.String())
	}
	return out
}

const (
	ada = "9990000018"
	bob = "9990000026"
)

func TestSearchGroupsByWhatBecameOfTheDevice(t *testing.T) {
	h := open(t)
	who := h.patient(ada)
	p := h.procedure(who, noon)
	in := map[trace.Status]trace.UsageID{}
	for _, s := range trace.Statuses() {
		in[s] = h.usage(p, stem, "A", s)
	}
	unsaid := h.usage(p, stem, "A", "")
	h.usage(p, stem, "B", trace.Implanted)
	h.usage(p, other, "A", trace.Implanted)
	a := h.search(recall.Criteria{DIs: []string{stem}, Lots: recall.Named("A")})
	for group, c := range map[string]struct {
		got  []recall.Match
		want []string
	}{
		"confirmed":      {a.Confirmed, ids(in[trace.Implanted], in[trace.Trial], in[trace.Explanted])},
		"possible":       {a.Possible, ids(in[trace.Checked], in[trace.Opened], unsaid)},
		"not in patient": {a.NotInPatient, ids(in[trace.NotUsed], in[trace.Wasted], in[trace.Returned])},
	} {
		got := usages(c.got)
		slices.Sort(got)
		slices.Sort(c.want)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", group, got, c.want)
		}
	}
	if a.Patients != 1 || a.PatientsMay != 0 || a.Nobody() {
		t.Errorf("%d patients, %d possible", a.Patients, a.PatientsMay)
	}
	if c := a.Coverage; c.Looked != 10 || c.NoOutcome != 3 || c.Withdrawn != 0 || c.NoProduct != 0 {
		t.Errorf("coverage %+v", c)
	}
	want := map[trace.Status]string{trace.Checked: "unknown", trace.Opened: "unknown", "": "unknown", trace.Implanted: "yes", trace.Trial: "was", trace.Explanted: "was"}
	for _, m := range slices.Concat(a.Confirmed, a.Possible) {
		says := slices.ContainsFunc(m.Why, func(s string) bool { return strings.Contains(s, "no outcome recorded") })
		if m.InPatient != want[m.Usage.Status] || says != (m.InPatient == "unknown") {
			t.Errorf("%q: in the patient %q, why %q", m.Usage.Status, m.InPatient, m.Why)
		}
		if m.Identity.NHSNumber != ada || m.Person != who {
			t.Errorf("whose it is: %+v", m.Identity)
		}
	}
}

func TestTwoPatientsWithOneNHSNumberAreOnePerson(t *testing.T) {
	h := open(t)
	one, again, second, unnumbered := h.patient(ada), h.patient(ada), h.patient(bob), h.patient("")
	h.usage(h.procedure(one, noon), stem, "A", trace.Implanted)
	h.usage(h.procedure(again, noon), stem, "A", trace.Implanted)
	h.usage(h.procedure(again, noon), stem, "", trace.Implanted) // possible, and of somebody counted already
	h.usage(h.procedure(second, noon), stem, "", trace.Implanted)
	h.usage(h.procedure(second, noon), stem, "", trace.Implanted)
	h.usage(h.procedure(unnumbered, noon), stem, "", trace.Implanted)
	a := h.search(recall.Criteria{DIs: []string{stem}, Lots: recall.Named("A")})
	if a.Patients != 1 || a.PatientsMay != 2 {
		t.Errorf("%d patients and %d possible, want 1 and 2", a.Patients, a.PatientsMay)
	}
	if len(a.Confirmed) != 2 || a.Confirmed[0].Person != a.Confirmed[1].Person {
		t.Errorf("confirmed: %+v", a.Confirmed)
	}
}

// The patients of nodes that replicate are found as one too.
func TestPatientsOfTwoNodesAreOnePerson(t *testing.T) {
	keys := seal.NewKeyring()
	at := func(name string) *history {
		s, err := bolt.Open(filepath.Join(t.TempDir(), bolt.FileName), bolt.Options{Name: name, Keys: keys, Clock: func() time.Time { return noon }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return &history{t: t, store: s}
	}
	here, there := at("Theatre 1"), at("Theatre 2")
	for _, h := range []*history{here, there} {
		h.usage(h.procedure(h.patient(ada), noon), stem, "A", trace.Implanted)
		h.record()
	}
	var entries []trace.Entry
	for e, err := range there.store.Entries(t.Context(), trace.Position{Node: there.store.Node()}) {
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	if err := here.store.Import(t.Context(), there.store.Node(), entries, trace.TreeHead{}); err != nil {
		t.Fatal(err)
	}
	a := here.search(recall.Criteria{DIs: []string{stem}})
	if len(a.Confirmed) != 2 || a.Patients != 1 {
		t.Errorf("%d confirmed, %d patients", len(a.Confirmed), a.Patients)
	}
	names := map[string]bool{}
	for _, n := range a.Coverage.Nodes {
		names[n.Name] = true
	}
	if !names["Theatre 1"] || !names["Theatre 2"] {
		t.Errorf("the answer rests on %+v", a.Coverage.Nodes)
	}
}

// Three devices of which nobody knows the patient may be in three people.
func TestUnknownPatientsAreNotOnePerson(t *testing.T) {
	h := open(t)
	missing := trace.NewID[trace.OfProcedure]()
	nobodys := h.procedure(trace.PatientID{}, noon)
	for _, p := range []trace.ProcedureID{missing, trace.NewID[trace.OfProcedure](), nobodys, nobodys, {}, {}} {
		h.usage(p, stem, "A", trace.Implanted)
	}
	a := h.search(recall.Criteria{DIs: []string{stem}})
	if len(a.Confirmed) != 6 || a.Patients != 5 {
		t.Errorf("%d confirmed, %d patients; want 6, and 5", len(a.Confirmed), a.Patients)
	}
	for _, m := range a.Confirmed {
		if !m.Patient.IsZero() || !m.Person.IsZero() || m.When() != noon {
			t.Errorf("%+v", m)
		}
	}
}

func TestWithdrawnUsagesAreLeftOutAndCounted(t *testing.T) {
	h := open(t)
	p := h.procedure(h.patient(ada), noon)
	gone, back := h.usage(p, stem, "A", trace.Implanted), h.usage(p, stem, "A", trace.Implanted)
	h.say(trace.Typed, noon, trace.UsageFact{Usage: gone, Amend: trace.Amend{Withdraw: true}}, nil)
	h.say(trace.Typed, noon, trace.UsageFact{Usage: back, Amend: trace.Amend{Withdraw: true}}, nil)
	h.say(trace.Typed, noon, trace.UsageFact{Usage: back, Amend: trace.Amend{Restore: true}}, nil)
	a := h.search(recall.Criteria{DIs: []string{stem}})
	if !slices.Equal(usages(a.Confirmed), ids(back)) || a.Coverage.Withdrawn != 1 || a.Coverage.Looked != 2 {
		t.Errorf("%q, %+v", usages(a.Confirmed), a.Coverage)
	}
}

// A withdrawn procedure hides no device: somebody has to say where it went.
func TestWithdrawnProcedureHidesNoDevice(t *testing.T) {
	h := open(t)
	p := h.procedure(h.patient(ada), noon)
	u := h.usage(p, stem, "A", trace.Implanted)
	h.say(trace.Typed, noon, trace.ProcedureFact{Procedure: p, Amend: trace.Amend{Withdraw: true}}, nil)
	a := h.search(recall.Criteria{DIs: []string{stem}})
	if !slices.Equal(usages(a.Confirmed), ids(u)) || !slices.Contains(a.Confirmed[0].Why, "its procedure was withdrawn from the record") || a.Patients != 1 {
		t.Errorf("%+v", a.Confirmed)
	}
}

func TestSearchSaysItsCoverage(t *testing.T) {
	h := open(t)
	p := h.procedure(h.patient(ada), noon)
	h.usage(p, stem, "A", trace.Checked)
	h.usage(p, "", "A", trace.Implanted)
	h.usage(p, "", "B", trace.Implanted)
	h.usage(p, other, "A", trace.Implanted)
	at := noon.In(time.FixedZone("", 3600))
	h.record()
	a, err := search(t.Context(), h.store, recall.Criteria{DIs: []string{stem}, Lots: recall.Named("A")}, at)
	if err != nil {
		t.Fatal(err)
	}
	c := a.Coverage
	if !c.AsOf.Equal(noon) || c.AsOf.Location() != time.UTC || c.Looked != 3 || c.NoProduct != 2 || c.NoOutcome != 1 || c.Withdrawn != 0 {
		t.Errorf("%+v", c)
	}
	if len(c.Nodes) != 1 || c.Nodes[0].Node != h.store.Node() || c.Nodes[0].Name != "Theatre 4" || c.Nodes[0].Entries != 7 {
		t.Errorf("%+v", c.Nodes)
	}
	// An answer about nobody says it too.
	nobody := h.search(recall.Criteria{DIs: []string{head}, Lots: recall.Named("Z")})
	if !nobody.Nobody() || nobody.Confirmed == nil || nobody.Possible == nil || nobody.NotInPatient == nil || len(nobody.Coverage.Nodes) != 1 || nobody.Coverage.Looked != 2 {
		t.Errorf("%+v", nobody)
	}
}

func TestMatchesStandLatestFirst(t *testing.T) {
	h := open(t)
	who := h.patient(ada)
	var want []trace.UsageID
	for i := range 5 {
		want = append(want, h.usage(h.procedure(who, noon.AddDate(0, 0, -i*7%5)), stem, "A", trace.Implanted))
	}
	got := h.search(recall.Criteria{DIs: []string{stem}}).Confirmed
	if !slices.IsSortedFunc(got, func(a, b recall.Match) int { return b.When().Compare(a.When()) }) || len(got) != len(want) {
		t.Errorf("%q", usages(got))
	}
}

// failing is a store of which one question goes wrong.
type failing struct {
	trace.Finder
	numbers, coverage, procedure bool
}

var errDisk = errors.New("the disk does not answer")

func (f failing) Numbers(ctx context.Context, di string) iter.Seq2[trace.Numbered, error] {
	if !f.numbers {
		return f.Finder.Numbers(ctx, di)
	}
	return func(yield func(trace.Numbered, error) bool) {
		for n, err := range f.Finder.Numbers(ctx, di) {
			if !yield(n, err) {
				return
			}
		}
		yield(trace.Numbered{}, errDisk)
	}
}

func (f failing) Coverage(ctx context.Context) ([]trace.NodeCoverage, error) {
	if f.coverage {
		return nil, errDisk
	}
	return f.Finder.Coverage(ctx)
}

func (f failing) Procedure(ctx context.Context, id trace.ProcedureID) (trace.Procedure, error) {
	if f.procedure {
		return trace.Procedure{}, errDisk
	}
	return f.Finder.Procedure(ctx, id)
}

// Half an answer would say of somebody that they have nothing.
func TestSearchGivesNoHalfAnswer(t *testing.T) {
	h := open(t)
	h.usage(h.procedure(h.patient(ada), noon), stem, "A", trace.Implanted)
	h.record()
	for _, f := range []failing{{numbers: true}, {coverage: true}, {procedure: true}} {
		f.Finder = h.store
		a, err := search(t.Context(), f, recall.Criteria{DIs: []string{stem}}, noon)
		if !errors.Is(err, errDisk) || !reflect.DeepEqual(a, recall.Answer{}) {
			t.Errorf("%+v: %+v, %v", f, a, err)
		}
	}
	if _, err := search(t.Context(), h.store, recall.Criteria{}, noon); trace.KindOf(err) != trace.Invalid {
		t.Errorf("no criteria: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := search(ctx, h.store, recall.Criteria{DIs: []string{stem}}, noon); err == nil {
		t.Error("a search that was called off answers")
	}
}
