package recall_test

import (
	"context"
	"errors"
	"iter"
	"os"
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
	a, err := recall.Search(context.Background(), h.store, c, noon)
	if err != nil {
		h.t.Fatal(err)
	}
	return a
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
	a := h.search(recall.Criteria{DIs: []string{stem}, Lots: []string{"A"}})
	for group, c := range map[string]struct {
		got  []recall.Match
		want []string
	}{
		"confirmed":      {a.Confirmed, ids(in[trace.Checked], in[trace.Opened], in[trace.Implanted], in[trace.Trial], in[trace.Explanted], unsaid)},
		"possible":       {a.Possible, ids()},
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
	for _, m := range a.Confirmed {
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
	a := h.search(recall.Criteria{DIs: []string{stem}, Lots: []string{"A"}})
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
	a, err := recall.Search(t.Context(), h.store, recall.Criteria{DIs: []string{stem}, Lots: []string{"A"}}, at)
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
	nobody := h.search(recall.Criteria{DIs: []string{head}, Lots: []string{"Z"}})
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
	candidates, coverage, procedure bool
}

var errDisk = errors.New("the disk does not answer")

func (f failing) Candidates(ctx context.Context, q trace.Query) iter.Seq2[trace.Hit, error] {
	if !f.candidates {
		return f.Finder.Candidates(ctx, q)
	}
	return func(yield func(trace.Hit, error) bool) {
		for h, err := range f.Finder.Candidates(ctx, q) {
			if !yield(h, err) {
				return
			}
		}
		yield(trace.Hit{}, errDisk)
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
	for _, f := range []failing{{candidates: true}, {coverage: true}, {procedure: true}} {
		f.Finder = h.store
		a, err := recall.Search(t.Context(), f, recall.Criteria{DIs: []string{stem}}, noon)
		if !errors.Is(err, errDisk) || !reflect.DeepEqual(a, recall.Answer{}) {
			t.Errorf("%+v: %+v, %v", f, a, err)
		}
	}
	if _, err := recall.Search(t.Context(), h.store, recall.Criteria{}, noon); trace.KindOf(err) != trace.Invalid {
		t.Errorf("no criteria: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := recall.Search(ctx, h.store, recall.Criteria{DIs: []string{stem}}, noon); err == nil {
		t.Error("a search that was called off answers")
	}
}

// TestSearchAgreesWithAFullScan holds the search over a store against a plain
// reading of a random history, with corrections and withdrawals.
func TestSearchAgreesWithAFullScan(t *testing.T) {
	base := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp(base, "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		h := newHistory(t, dir)
		defer h.store.Close()
		plain := drawHistory(t, h)
		dis := []string{stem, box, head, other}
		n := plainNotice{
			dis:     rapid.SliceOfNDistinct(rapid.SampledFrom(dis), 1, 3, rapid.ID[string]).Draw(t, "dis"),
			lots:    rapid.SliceOfNDistinct(rapid.SampledFrom(numbers[1:]), 0, 2, rapid.ID[string]).Draw(t, "lots"),
			serials: rapid.SliceOfNDistinct(rapid.SampledFrom(numbers[1:]), 0, 2, rapid.ID[string]).Draw(t, "serials"),
		}
		if from := rapid.IntRange(-6, 5).Draw(t, "from"); from > -6 {
			n.from = noon.AddDate(0, 0, from)
		}
		if to := rapid.IntRange(-5, 6).Draw(t, "to"); to < 6 && (n.from.IsZero() || n.from.Before(noon.AddDate(0, 0, to))) {
			n.to = noon.AddDate(0, 0, to)
		}
		a := h.search(recall.Criteria{DIs: n.dis, Lots: n.lots, Serials: n.serials, From: n.from, To: n.to})
		sorted := func(ms []recall.Match) (out []string) {
			for _, m := range ms {
				out = append(out, m.Usage.ID.String())
			}
			slices.Sort(out)
			return out
		}
		got := plainAnswer{Confirmed: sorted(a.Confirmed), Possible: sorted(a.Possible), NotInPatient: sorted(a.NotInPatient), Patients: a.Patients, PatientsMay: a.PatientsMay,
			Looked: a.Coverage.Looked, Withdrawn: a.Coverage.Withdrawn, NoProduct: a.Coverage.NoProduct, Outcome: a.Coverage.NoOutcome}
		if want := plain.scan(n); !reflect.DeepEqual(got, want) {
			t.Fatalf("notice %+v\nsearch    %+v\nfull scan %+v", n, got, want)
		}
	})
}

// numbers are lots and serials that differ, or are written variants of one
// another; the first is none.
var numbers = []string{"", "A17", "a-17", "0A17", "AI7", "B2", "K0", "KO"}

func drawHistory(t *rapid.T, h *history) (plain plainHistory) {
	day := func(what string) time.Time { return noon.AddDate(0, 0, rapid.IntRange(-5, 5).Draw(t, what)) }
	provenance := func() trace.Provenance {
		return rapid.SampledFrom([]trace.Provenance{trace.Scanned, trace.Typed, trace.Imported}).Draw(t, "provenance")
	}
	var patients []trace.PatientID
	for i := range rapid.IntRange(0, 4).Draw(t, "patients") {
		person := rapid.IntRange(0, 2).Draw(t, "person") // 2: without a number, so a person apart
		nhs := []string{ada, bob, ""}[person]
		if nhs == "" {
			person = 100 + i
		}
		patients = append(patients, h.patient(nhs))
		plain.people = append(plain.people, person)
	}
	for range rapid.IntRange(0, 4).Draw(t, "procedures") {
		p := plainProcedure{start: day("start"), patient: rapid.IntRange(-1, len(patients)-1).Draw(t, "whose")}
		var who trace.PatientID
		if p.patient >= 0 {
			who = patients[p.patient]
		}
		p.id = h.procedure(who, p.start)
		plain.procedures = append(plain.procedures, p)
	}
	for range rapid.IntRange(0, 12).Draw(t, "usages") {
		u := plainUsage{id: trace.NewID[trace.OfUsage](), di: rapid.SampledFrom([]string{"", stem, stem, box, head, other}).Draw(t, "di"),
			lot: rapid.SampledFrom(numbers).Draw(t, "lot"), serial: rapid.SampledFrom(numbers).Draw(t, "serial"),
			status: rapid.SampledFrom(trace.Statuses()).Draw(t, "status"), provenance: provenance(), occurred: day("occurred"),
			damaged: rapid.IntRange(0, 4).Draw(t, "damaged") == 0, procedure: rapid.IntRange(-1, len(plain.procedures)-1).Draw(t, "procedure")}
		u.implanted = u.status == trace.Implanted
		f := trace.UsageFact{Usage: u.id, Procedure: trace.NewID[trace.OfProcedure](), Device: device(u.di, u.lot, u.serial), Status: u.status, Damaged: u.damaged}
		if u.procedure >= 0 {
			f.Procedure = plain.procedures[u.procedure].id
		}
		h.say(u.provenance, u.occurred, f, nil)
		plain.usages = append(plain.usages, u)
	}
	for range rapid.IntRange(0, 8).Draw(t, "corrections") {
		if len(plain.procedures) > 0 && rapid.IntRange(0, 3).Draw(t, "of") == 0 {
			p := &plain.procedures[rapid.IntRange(0, len(plain.procedures)-1).Draw(t, "which")]
			f := trace.ProcedureFact{Procedure: p.id}
			if f.Amend.Withdraw = rapid.Bool().Draw(t, "withdraw"); !f.Amend.Withdraw {
				p.start = day("start")
				f.Start = p.start
			}
			h.say(trace.Typed, noon, f, nil)
			continue
		}
		if len(plain.usages) == 0 {
			break
		}
		u := &plain.usages[rapid.IntRange(0, len(plain.usages)-1).Draw(t, "which")]
		f := trace.UsageFact{Usage: u.id}
		said := trace.Typed
		switch rapid.IntRange(0, 6).Draw(t, "how") {
		case 0:
			u.removed, f.Amend.Withdraw = true, true
		case 1:
			u.removed, f.Amend.Restore = false, true
		case 2:
			u.becomes(plainIdentity{u.di, "", u.serial})
			f.Amend.Clear = []string{"lot"}
		case 3:
			u.becomes(plainIdentity{u.di, u.lot, ""})
			f.Amend.Clear = []string{"serial"}
		case 4:
			u.becomes(plainIdentity{u.di, rapid.SampledFrom(numbers[1:]).Draw(t, "lot"), u.serial})
			said = provenance()
			f.Device.Lot, u.provenance = u.lot, said
		case 5:
			u.becomes(plainIdentity{rapid.SampledFrom([]string{stem, box, head, other}).Draw(t, "di"), u.lot, u.serial})
			said = provenance()
			f.Device.DI, u.provenance = u.di, said
		case 6:
			u.status = rapid.SampledFrom(trace.Statuses()).Draw(t, "status")
			u.implanted = u.implanted || u.status == trace.Implanted
			f.Status = u.status
		}
		h.say(said, noon.AddDate(0, 1, 0), f, nil)
	}
	return plain
}

func device(di, lot, serial string) udi.Device {
	d := udi.Device{DI: di, Lot: lot, Serial: serial}
	if d != (udi.Device{}) {
		d.Agency = udi.AgencyGS1
	}
	return d
}
