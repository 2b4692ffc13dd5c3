// Package storetest is the contract that every trace.Store passes.
//
//	storetest.Run(t, func(t *testing.T, dir string) trace.Store { ... })
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Open opens the store in a folder, making it when there is none. Two stores
// opened by one Open share the trust's look-up key; the time comes from clock.
type Open func(t *testing.T, dir string, clock trace.Clock) trace.Store

// Run runs the contract.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Open)
	}{
		{"a receipt outlives the process", durable},
		{"a repeat gives the same receipt", repeat},
		{"the same id for something else is a conflict", conflict},
		{"an empty command is refused", empty},
		{"order within a node is the order of appending", order},
		{"time never runs backwards within a node", backwards},
		{"identities come back, and are found by hash", identities},
		{"why a procedure was done is sealed", indication},
		{"a correction changes what is found", correction},
		{"a withdrawn thing stays in the record, marked", withdrawal},
		{"lots and serials are found in every writing variant", variants},
		{"every usage is numbered under what it is and was", numbered},
		{"records that are linked are one person, until the link is taken back", links},
		{"a page goes on behind the last", paging},
		{"every query finds what a look through everything finds", find},
		{"ranges are in the order in which numbers are counted", ranges},
		{"whose a device is follows every correction", holdings},
		{"a cancelled search stops", cancelled},
		{"many writers lose nothing", writers},
		{"logs of three nodes come to one state in any order", replication},
		{"a correction may come before what it corrects", correctionFirst},
		{"pages neither repeat nor skip while entries come in", growing},
		{"the directory says the last that was said, and keeps what was removed", directory},
		{"photographs stay with their procedure", photographs},
		{"a set is found by its barcode", sets},
		{"a run is what was said of it last, with its parts in order", runs},
		{"a form's last answers are its answers, side by side", answers},
		{"a plan is confirmed by whoever confirms that plan", confirmation},
		{"catalogues lie under what people said, the later over the earlier", catalogues},
		{"a repeated import is harmless, a changed one refused", imports},
		{"a long history comes to what a plain list of its entries says", randomHistories},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open) })
	}
}

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// ticking is a clock that goes on by a second a look.
func ticking() trace.Clock {
	var mu sync.Mutex
	now := start
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// put appends one command with these facts and fails the test on any error.
func put(t *testing.T, s trace.Store, id trace.EventID, drafts ...trace.Draft) trace.Receipt {
	t.Helper()
	r, err := try(s, id, fmt.Sprint(id), drafts...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func try(s trace.Store, id trace.EventID, canonical string, drafts ...trace.Draft) (trace.Receipt, error) {
	rs, err := s.Append(context.Background(), trace.Command{ID: id, Canonical: []byte(canonical), By: trace.Actor{Via: "test"}, Drafts: drafts})
	if err != nil {
		return trace.Receipt{}, err
	}
	return rs[0].Receipt, rs[0].Err
}

func usage(id trace.UsageID, p trace.ProcedureID, di, lot, serial string) trace.Draft {
	return trace.Draft{Provenance: trace.Scanned, Occurred: start, Fact: trace.UsageFact{Usage: id, Procedure: p, Status: trace.Checked,
		Device: udi.Device{Agency: udi.AgencyGS1, DI: di, Lot: lot, Serial: serial}}}
}

func newIDs() (trace.EventID, trace.PatientID, trace.ProcedureID, trace.UsageID) {
	e := trace.NewEventID()
	return e, trace.PatientID(trace.NewEventID()), trace.ProcedureID(trace.NewEventID()), trace.UsageID(trace.NewEventID())
}

const (
	di1 = "07611994064584"
	di2 = "05060000000013"
)

func durable(t *testing.T, open Open) {
	dir := t.TempDir()
	s := open(t, dir, ticking())
	e, _, p, u := newIDs()
	r := put(t, s, e, usage(u, p, di1, "LOT1", ""))
	if r.Repeated || r.Count != 1 {
		t.Errorf("receipt %+v", r)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, ticking())
	defer s.Close()
	if got := must[trace.Usage](t)(s.Usage(context.Background(), u)); got.Device.Lot != "LOT1" || got.Procedure != p {
		t.Errorf("after reopening: %+v", got)
	}
	again := put(t, s, e, usage(u, p, di1, "LOT1", ""))
	if !again.Repeated || again.Seq != r.Seq || !again.Recorded.Equal(r.Recorded) {
		t.Errorf("repeat after reopening: %+v, first %+v", again, r)
	}
}

func repeat(t *testing.T, open Open) {
	s := open(t, t.TempDir(), ticking())
	defer s.Close()
	e, _, p, u := newIDs()
	first := put(t, s, e, usage(u, p, di1, "A", ""))
	// What the node adds may differ the second time: the canonical bytes decide.
	second := put(t, s, e, usage(trace.UsageID(trace.NewEventID()), p, di1, "A", ""))
	first.Repeated = true
	if second != first {
		t.Errorf("second %+v, first %+v", second, first)
	}
	if found := must[trace.Receipt](t)(s.Find(context.Background(), e, []byte(fmt.Sprint(e)))); found != first {
		t.Errorf("found %+v", found)
	}
	if _, err := s.Find(context.Background(), trace.NewEventID(), nil); trace.KindOf(err) != trace.NotFound {
		t.Errorf("unknown command: %v", err)
	}
	if n := entries(t, s, s.Node()); len(n) != 2 { // the node's first, and one
		t.Errorf("%d entries", len(n))
	}
	// Twice in one call.
	id := trace.NewEventID()
	c := trace.Command{ID: id, Canonical: []byte("x"), Drafts: []trace.Draft{usage(u, p, di1, "B", "")}}
	rs, err := s.Append(context.Background(), c, c)
	if err != nil || rs[0].Receipt.Repeated || !rs[1].Receipt.Repeated || rs[0].Receipt.Seq != rs[1].Receipt.Seq {
		t.Errorf("twice in one call: %+v, %v", rs, err)
	}
}

func conflict(t *testing.T, open Open) {
	s := open(t, t.TempDir(), ticking())
	defer s.Close()
	e, _, p, u := newIDs()
	put(t, s, e, usage(u, p, di1, "A", ""))
	if _, err := try(s, e, "something else", usage(u, p, di1, "B", "")); trace.KindOf(err) != trace.Conflict {
		t.Errorf("other content: %v", err)
	}
	if _, err := s.Find(context.Background(), e, []byte("something else")); trace.KindOf(err) != trace.Conflict {
		t.Errorf("find with other content: %v", err)
	}
	if got := must[trace.Usage](t)(s.Usage(context.Background(), u)); got.Device.Lot != "A" {
		t.Errorf("lot %q", got.Device.Lot)
	}
	// A conflict harms nothing else in the same call.
	e2, _, p2, u2 := newIDs()
	rs, err := s.Append(context.Background(),
		trace.Command{ID: e, Canonical: []byte("other"), Drafts: []trace.Draft{usage(u, p, di1, "C", "")}},
		trace.Command{ID: e2, Canonical: []byte("fine"), Drafts: []trace.Draft{usage(u2, p2, di1, "D", "")}})
	if err != nil || trace.KindOf(rs[0].Err) != trace.Conflict || rs[1].Err != nil {
		t.Errorf("%+v, %v", rs, err)
	}
	if got := must[trace.Usage](t)(s.Usage(context.Background(), u2)); got.Device.Lot != "D" {
		t.Errorf("lot %q", got.Device.Lot)
	}
}

func empty(t *testing.T, open Open) {
	s := open(t, t.TempDir(), ticking())
	defer s.Close()
	if _, err := try(s, trace.NewEventID(), "nothing"); trace.KindOf(err) != trace.Invalid {
		t.Errorf("no drafts: %v", err)
	}
	if rs, err := s.Append(context.Background()); err != nil || len(rs) != 0 {
		t.Errorf("no commands: %v, %v", rs, err)
	}
}

func entries(t *testing.T, s trace.Store, n trace.NodeID) (all []trace.Entry) {
	t.Helper()
	for e, err := range s.Entries(context.Background(), trace.Position{Node: n}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func order(t *testing.T, open Open) {
	s := open(t, t.TempDir(), ticking())
	defer s.Close()
	var want []trace.EventID
	for range 700 { // more than a page
		e, _, p, u := newIDs()
		put(t, s, e, usage(u, p, di1, "A", ""))
		want = append(want, e)
	}
	all := entries(t, s, s.Node())
	if _, ok := all[0].Fact.(trace.NodeFact); !ok || all[0].Seq != 0 {
		t.Errorf("first entry %+v", all[0])
	}
	for i, e := range all[1:] {
		if e.ID != want[i] || e.Seq != uint64(i+1) || e.Lamport <= all[i].Lamport {
			t.Fatalf("entry %d: %+v", i, e)
		}
	}
	if len(all) != len(want)+1 {
		t.Errorf("%d entries", len(all))
	}
	heads := must[[]trace.TreeHead](t)(s.Heads(context.Background()))
	if len(heads) != 1 || heads[0].Size != uint64(len(all)) || heads[0].Root == [32]byte{} {
		t.Errorf("heads %+v", heads)
	}
}

func backwards(t *testing.T, open Open) {
	now := start
	s := open(t, t.TempDir(), func() time.Time { return now })
	defer s.Close()
	e, _, p, u := newIDs()
	first := put(t, s, e, usage(u, p, di1, "A", ""))
	now = start.Add(-time.Hour)
	e, _, p, u = newIDs()
	if second := put(t, s, e, usage(u, p, di1, "A", "")); second.Recorded.Before(first.Recorded) {
		t.Errorf("recorded %v after %v", second.Recorded, first.Recorded)
	}
}

func identities(t *testing.T, open Open) {
	ctx := context.Background()
	s := open(t, t.TempDir(), ticking())
	defer s.Close()
	e, who, _, _ := newIDs()
	hs := s.Lookups(trace.LookupNHS, "9990000018")
	put(t, s, e, trace.Draft{Fact: trace.PatientFact{Patient: who, Lookups: hs[:1]}, Subject: who,
		Secret: &trace.Secret{NHSNumber: "9990000018", Family: "Okonkwo", Given: "Ada"}})
	ids := must[[]trace.PatientID](t)(s.PatientsBy(ctx, hs...))
	if !slices.Equal(ids, []trace.PatientID{who}) {
		t.Errorf("found %v", ids)
	}
	if ids := must[[]trace.PatientID](t)(s.PatientsBy(ctx, s.Lookups(trace.LookupLocal, "9990000018")...)); len(ids) != 0 {
		t.Errorf("found under another kind: %v", ids)
	}
	if got := must[trace.Identity](t)(s.Identity(ctx, who)); got != (trace.Identity{NHSNumber: "9990000018", Family: "Okonkwo", Given: "Ada"}) {
		t.Errorf("identity %+v", got)
	}
	// A correction of the number moves the patient to the other hash.
	other := s.Lookups(trace.LookupNHS, "9990000026")
	put(t, s, trace.NewEventID(), trace.Draft{Fact: trace.PatientFact{Patient: who, Lookups: other[:1], Amend: trace.Amend{Corrects: e}}, Subject: who,
		Secret: &trace.Secret{NHSNumber: "9990000026"}})
	if ids := must[[]trace.PatientID](t)(s.PatientsBy(ctx, hs...)); len(ids) != 0 {
		t.Errorf("still found by the wrong number: %v", ids)
	}
	if ids := must[[]trace.PatientID](t)(s.PatientsBy(ctx, other...)); len(ids) != 1 {
		t.Errorf("not found by the right number")
	}
	if got := must[trace.Identity](t)(s.Identity(ctx, who)); got.NHSNumber != "9990000026" || got.Family != "Okonkwo" {
		t.Errorf("identity %+v", got)
	}
	if _, err := s.Identity(ctx, trace.PatientID(trace.NewEventID())); trace.KindOf(err) != trace.NotFound {
		t.Errorf("unknown patient: %v", err)
	}
}

func hits(t *testing.T, s trace.Store, q trace.Query) (ids []trace.UsageID) {
	t.Helper()
	for h, err := range s.Candidates(context.Background(), q) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, h.Usage.ID)
	}
	return ids
}

func correction(t *testing.T, open Open) {
	s := open(t, t.TempDir(), ticking())
	defer s.Close()
	e, _, p, u := newIDs()
	put(t, s, e, usage(u, p, di1, "WRONG", ""))
	put(t, s, trace.NewEventID(), trace.Draft{Provenance: trace.Typed, Fact: trace.UsageFact{Usage: u, Device: udi.Device{Lot: "RIGHT"}, Amend: trace.Amend{Corrects: e}}})
	if ids := hits(t, s, trace.Query{DI: di1, Lot: "WRONG"}); len(ids) != 0 {
		t.Errorf("found under the old lot: %v", ids)
	}
	if ids := hits(t, s, trace.Query{DI: di1, Lot: "RIGHT"}); !slices.Equal(ids, []trace.UsageID{u}) {
		t.Errorf("under the new lot: %v", ids)
	}
	got := must[trace.Usage](t)(s.Usage(context.Background(), u))
	if got.Device.DI != di1 || got.Provenance != trace.Typed || len(got.History) != 2 || got.History[1].Corrects != e {
		t.Errorf("usage %+v", got)
	}
	put(t, s, trace.NewEventID(), trace.Draft{Fact: trace.UsageFact{Usage: u, Amend: trace.Amend{Clear: []string{"lot"}}}})
	if got := must[trace.Usage](t)(s.Usage(context.Background(), u)); got.Device.Lot != "" {
		t.Errorf("cleared lot is %q", got.Device.Lot)
	}
}

func withdrawal(t *testing.T, open Open) {
	s := open(t, t.TempDir(), ticking())
	defer s.Close()
	e, _, p, u := newIDs()
	put(t, s, e, usage(u, p, di1, "A", ""))
	put(t, s, trace.NewEventID(), trace.Draft{Fact: trace.UsageFact{Usage: u, Amend: trace.Amend{Corrects: e, Withdraw: true}}})
	got := must[trace.Usage](t)(s.Usage(context.Background(), u))
	if !got.Withdrawn || got.Device.Lot != "A" || len(hits(t, s, trace.Query{DI: di1})) != 1 {
		t.Errorf("withdrawn usage %+v", got)
	}
	put(t, s, trace.NewEventID(), trace.Draft{Fact: trace.UsageFact{Usage: u, Amend: trace.Amend{Restore: true}}})
	if got := must[trace.Usage](t)(s.Usage(context.Background(), u)); got.Withdrawn {
		t.Error("not restored")
	}
}

func variants(t *testing.T, open Open) {
	s := open(t, t.TempDir(), ticking())
	defer s.Close()
	var want []trace.UsageID
	for _, lot := range []string{"00AB-12", "ab12", "A B 12", "AB12"} {
		e, _, p, u := newIDs()
		put(t, s, e, usage(u, p, di1, lot, "S/"+lot))
		want = append(want, u)
	}
	e, _, p, without := newIDs()
	put(t, s, e, usage(without, p, di1, "", ""))
	e, _, p, other := newIDs()
	put(t, s, e, usage(other, p, di2, "AB12", "SAB12"))
	e, _, p, none := newIDs()
	put(t, s, e, usage(none, p, "", "AB12", ""))
	same := func(what string, got, want []trace.UsageID) {
		t.Helper()
		less := func(a, b trace.UsageID) int { return bytes.Compare(a[:], b[:]) }
		got, want = slices.Clone(got), slices.Clone(want)
		slices.SortFunc(got, less)
		slices.SortFunc(want, less)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	same("lot", hits(t, s, trace.Query{DI: di1, Lot: "AB12"}), want)
	same("serial", hits(t, s, trace.Query{DI: di1, Serial: "S/00AB-12"}), want[:1])
	same("DI", hits(t, s, trace.Query{DI: di1}), append(want, without))
	same("no DI", hits(t, s, trace.Query{NoDI: true}), []trace.UsageID{none})
	same("other DI", hits(t, s, trace.Query{DI: di2}), []trace.UsageID{other})
}

func paging(t *testing.T, open Open) {
	s := open(t, t.TempDir(), ticking())
	defer s.Close()
	_, who, _, _ := newIDs()
	var want []trace.ProcedureID
	var commands []trace.Command
	for i := range 600 {
		e, _, p, u := newIDs()
		want = append(want, p)
		commands = append(commands, trace.Command{ID: e, Canonical: e[:], Drafts: []trace.Draft{
			{Fact: trace.ProcedureFact{Procedure: p, Patient: who, Start: start.Add(time.Duration(i) * time.Minute)}},
			usage(u, p, di1, fmt.Sprintf("L%03d", i), "")}})
	}
	if _, err := s.Append(context.Background(), commands...); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(want) // latest first
	for _, q := range []trace.ProcedureQuery{{}, {Patient: who}} {
		var got []trace.ProcedureID
		for {
			n := 0
			for h, err := range s.Procedures(context.Background(), q) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, h.Procedure.ID)
				q.After = h.Key
				if n++; n == 70 {
					break
				}
			}
			if n < 70 {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d of %d procedures, or out of order", len(got), len(want))
		}
	}
	in := 0
	for h, err := range s.Procedures(context.Background(), trace.ProcedureQuery{From: start.Add(10 * time.Minute), To: start.Add(20 * time.Minute)}) {
		if err != nil || h.Procedure.Start.Before(start.Add(10*time.Minute)) || !h.Procedure.Start.Before(start.Add(20*time.Minute)) {
			t.Errorf("%v, %v", h.Procedure.Start, err)
		}
		in++
	}
	if in != 10 {
		t.Errorf("%d procedures in ten minutes", in)
	}
	if n := len(hits(t, s, trace.Query{DI: di1})); n != 600 {
		t.Errorf("%d usages", n)
	}
	if n := len(hits(t, s, trace.Query{Patient: who})); n != 600 {
		t.Errorf("%d usages of the patient", n)
	}
}

func cancelled(t *testing.T, open Open) {
	s := open(t, t.TempDir(), ticking())
	defer s.Close()
	e, _, p, u := newIDs()
	put(t, s, e, usage(u, p, di1, "A", ""))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var last error
	for _, err := range s.Candidates(ctx, trace.Query{DI: di1}) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("error %v", last)
	}
	// What was not taken is not recorded.
	e, _, p, u = newIDs()
	c := trace.Command{ID: e, Canonical: e[:], Drafts: []trace.Draft{usage(u, p, di1, "B", "")}}
	if _, err := s.Append(ctx, c); trace.KindOf(err) != trace.Busy {
		t.Errorf("append: %v", err)
	}
	if _, err := s.Find(context.Background(), e, e[:]); trace.KindOf(err) != trace.NotFound {
		t.Errorf("it was recorded: %v", err)
	}
	// A search that is under way stops too.
	var many []trace.Command
	for range 1500 {
		e, who, p, u := newIDs()
		many = append(many, trace.Command{ID: e, Canonical: e[:], Drafts: []trace.Draft{usage(u, p, di1, "B", ""),
			{Fact: trace.ProcedureFact{Procedure: p, Patient: who, Start: start}}, {Fact: trace.ReadingFact{Reading: e, Means: udi.KindText}}}})
	}
	if _, err := s.Append(context.Background(), many...); err != nil {
		t.Fatal(err)
	}
	for name, search := range map[string]func(ctx context.Context, each func() bool) error{
		"usages": func(ctx context.Context, each func() bool) error {
			return through(s.Candidates(ctx, trace.Query{DI: di1}), each)
		},
		"procedures": func(ctx context.Context, each func() bool) error {
			return through(s.Procedures(ctx, trace.ProcedureQuery{}), each)
		},
		"readings": func(ctx context.Context, each func() bool) error { return through(s.Readings(ctx, nil), each) },
		"entries": func(ctx context.Context, each func() bool) error {
			return through(s.Entries(ctx, trace.Position{Node: s.Node()}), each)
		},
	} {
		ctx, cancel := context.WithCancel(context.Background())
		n := 0
		err := search(ctx, func() bool { cancel(); n++; return true })
		if !errors.Is(err, context.Canceled) || n >= 1500 {
			t.Errorf("%s: %d came, then %v", name, n, err)
		}
		n = 0
		if err := search(context.Background(), func() bool { n++; return n < 3 }); err != nil || n != 3 {
			t.Errorf("%s: asked for three, %d came, %v", name, n, err)
		}
	}
}

// through goes through a search until each has enough, and gives its error.
func through[V any](all iter.Seq2[V, error], each func() bool) error {
	for _, err := range all {
		if err != nil {
			return err
		}
		if !each() {
			return nil
		}
	}
	return nil
}

func writers(t *testing.T, open Open) {
	s := open(t, t.TempDir(), time.Now)
	defer s.Close()
	var wg sync.WaitGroup
	var mu sync.Mutex
	recorded := make(map[uint64]trace.UsageID)
	for range 16 {
		wg.Go(func() {
			for range 25 {
				e, _, p, u := newIDs()
				r, err := try(s, e, fmt.Sprint(e), usage(u, p, di1, "A", ""))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				recorded[r.Seq] = u
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(recorded) != 400 {
		t.Fatalf("%d places for 400 entries", len(recorded))
	}
	for _, e := range entries(t, s, s.Node())[1:] {
		if e.Fact.(trace.UsageFact).Usage != recorded[e.Seq] {
			t.Errorf("entry %d is another", e.Seq)
		}
	}
}

// history fills a store with a few things that later entries change.
func history(t *testing.T, s trace.Store, who trace.PatientID, p trace.ProcedureID, u trace.UsageID) {
	hs := s.Lookups(trace.LookupNHS, "9990000018")
	put(t, s, trace.NewEventID(),
		trace.Draft{Fact: trace.PatientFact{Patient: who, Lookups: hs[:1]}, Subject: who, Secret: &trace.Secret{NHSNumber: "9990000018"}},
		trace.Draft{Fact: trace.ProcedureFact{Procedure: p, Patient: who, Start: start}})
	e := trace.NewEventID()
	put(t, s, e, usage(u, p, di1, "A", ""))
	put(t, s, trace.NewEventID(), trace.Draft{Fact: trace.UsageFact{Usage: u, Status: trace.Implanted}})
	put(t, s, trace.NewEventID(), trace.Draft{Fact: trace.UsageFact{Usage: u, Device: udi.Device{Lot: "B"}, Amend: trace.Amend{Corrects: e}}})
	put(t, s, trace.NewEventID(), trace.Draft{Fact: trace.ProductFact{DI: di1, Maker: "Maker " + s.Node().String()}})
}

// state is everything a store can be asked about these things, in words.
func state(t *testing.T, s trace.Store, us []trace.UsageID, ps []trace.ProcedureID) string {
	t.Helper()
	ctx := context.Background()
	var b bytes.Buffer
	for _, u := range us {
		fmt.Fprintf(&b, "%+v\n", must[trace.Usage](t)(s.Usage(ctx, u)))
	}
	for _, p := range ps {
		fmt.Fprintf(&b, "%+v\n", must[trace.Procedure](t)(s.Procedure(ctx, p)))
	}
	fmt.Fprintf(&b, "%+v\n", must[trace.Product](t)(s.Product(ctx, di1)))
	for h, err := range s.Candidates(ctx, trace.Query{DI: di1}) {
		fmt.Fprintf(&b, "%x %v\n", h.Key, err)
	}
	for h, err := range s.Procedures(ctx, trace.ProcedureQuery{}) {
		fmt.Fprintf(&b, "%x %v\n", h.Key, err)
	}
	ids := must[[]trace.PatientID](t)(s.PatientsBy(ctx, s.Lookups(trace.LookupNHS, "9990000018")...))
	fmt.Fprintf(&b, "%v\n", ids)
	return b.String()
}

func replication(t *testing.T, open Open) {
	clock := ticking()
	var us []trace.UsageID
	var ps []trace.ProcedureID
	var logs [3][]trace.Entry
	var heads [3]trace.TreeHead
	shared := trace.UsageID(trace.NewEventID()) // one usage that all three speak of
	for i := range logs {
		s := open(t, t.TempDir(), clock)
		_, who, p, u := newIDs()
		history(t, s, who, p, u)
		put(t, s, trace.NewEventID(), usage(shared, p, di1, fmt.Sprintf("SHARED%d", i), ""))
		us, ps = append(us, u), append(ps, p)
		logs[i] = entries(t, s, s.Node())
		heads[i] = must[[]trace.TreeHead](t)(s.Heads(context.Background()))[0]
		s.Close()
	}
	us = append(us, shared)
	var first string
	// Each log in halves, in every order in which they can arrive.
	for _, order := range arrivals(2, 2, 2) {
		s := open(t, t.TempDir(), clock)
		var came [3]bool
		for _, i := range order {
			half := len(logs[i]) / 2
			chunk, proof := logs[i][:half], trace.TreeHead{}
			if came[i] {
				chunk, proof = logs[i][half:], heads[i]
			}
			came[i] = true
			if err := s.Import(context.Background(), heads[i].Node, chunk, proof); err != nil {
				t.Fatal(err)
			}
		}
		got := state(t, s, us, ps)
		if first == "" {
			first = got
		} else if got != first {
			t.Errorf("order %v comes to another state:\n%s\nthan the first:\n%s", order, got, first)
		}
		s.Close()
	}
}

// arrivals gives every order of so many of each.
func arrivals(left ...int) (all [][]int) {
	for i, n := range left {
		if n > 0 {
			rest := slices.Clone(left)
			rest[i]--
			for _, o := range arrivals(rest...) {
				all = append(all, append([]int{i}, o...))
			}
		}
	}
	if all == nil {
		all = [][]int{nil}
	}
	return all
}

// correctionFirst: what puts an entry right may come before it, and counts all
// the same.
func correctionFirst(t *testing.T, open Open) {
	ctx := context.Background()
	clock := ticking()
	a, b, c := open(t, t.TempDir(), clock), open(t, t.TempDir(), clock), open(t, t.TempDir(), clock)
	defer a.Close()
	defer b.Close()
	defer c.Close()
	e, _, p, u := newIDs()
	gone, _, _, v := newIDs()
	put(t, a, e, usage(u, p, di1, "WRONG", "S1"))
	put(t, a, gone, usage(v, p, di1, "OTHER", ""))
	take := func(to, from trace.Store) {
		t.Helper()
		if err := to.Import(ctx, from.Node(), entries(t, from, from.Node()), must[[]trace.TreeHead](t)(from.Heads(ctx))[slices.IndexFunc(must[[]trace.TreeHead](t)(from.Heads(ctx)), func(h trace.TreeHead) bool { return h.Node == from.Node() })]); err != nil {
			t.Fatal(err)
		}
	}
	take(b, a)
	put(t, b, trace.NewEventID(), trace.Draft{Provenance: trace.Typed, Fact: trace.UsageFact{Usage: u, Device: udi.Device{Lot: "RIGHT"}, Amend: trace.Amend{Corrects: e, Clear: []string{"serial"}}}})
	put(t, b, trace.NewEventID(), trace.Draft{Provenance: trace.Typed, Fact: trace.UsageFact{Usage: v, Amend: trace.Amend{Corrects: gone, Withdraw: true}}})
	take(c, b)
	if got := must[trace.Usage](t)(c.Usage(ctx, u)); got.Device.Lot != "RIGHT" {
		t.Errorf("before what it corrects: %+v", got)
	}
	take(c, a)
	take(a, b)
	for _, s := range []trace.Store{a, b, c} {
		got, other := must[trace.Usage](t)(s.Usage(ctx, u)), must[trace.Usage](t)(s.Usage(ctx, v))
		if got.Device.Lot != "RIGHT" || got.Device.Serial != "" || got.Device.DI != di1 || len(got.History) != 2 || !other.Withdrawn || other.Device.Lot != "OTHER" {
			t.Errorf("%+v\n%+v", got, other)
		}
		if ids := hits(t, s, trace.Query{DI: di1, Lot: "WRONG"}); len(ids) != 0 {
			t.Errorf("found as what was wrong: %v", ids)
		}
		if ids := hits(t, s, trace.Query{DI: di1, Lot: "WRONG", Former: true}); !slices.Equal(ids, []trace.UsageID{u}) {
			t.Errorf("as what was recorded formerly: %v", ids)
		}
	}
}

// growing: pages neither repeat nor skip what was there when the first was read,
// while entries of several nodes come in.
func growing(t *testing.T, open Open) {
	ctx := context.Background()
	clock := ticking()
	s, other := open(t, t.TempDir(), clock), open(t, t.TempDir(), clock)
	defer s.Close()
	defer other.Close()
	n := 0
	record := func(to trace.Store) (trace.UsageID, trace.ProcedureID, trace.EventID) {
		e, who, p, u := newIDs()
		n++
		reading := trace.NewEventID()
		put(t, to, e, trace.Draft{ID: reading, Fact: trace.ReadingFact{Reading: reading, Means: udi.KindText}},
			trace.Draft{Fact: trace.ProcedureFact{Procedure: p, Patient: who, Start: start.Add(time.Duration(n*37%101) * time.Minute)}},
			usage(u, p, di1, fmt.Sprintf("L%03d", n*53%97), ""))
		return u, p, reading
	}
	there := make(map[[16]byte]bool)
	for i := range 60 {
		to := []trace.Store{s, other}[i%2]
		u, p, r := record(to)
		there[u], there[p], there[r] = true, true, true
	}
	take := func() {
		t.Helper()
		if err := s.Import(ctx, other.Node(), entries(t, other, other.Node()), trace.TreeHead{}); err != nil {
			t.Fatal(err)
		}
	}
	take()
	seen := make(map[[16]byte]int)
	for name, page := range map[string]func(after []byte, yield func(key []byte, id [16]byte) bool) error{
		"usages": func(after []byte, yield func([]byte, [16]byte) bool) error {
			for h, err := range s.Candidates(ctx, trace.Query{DI: di1, After: after}) {
				if err != nil || !yield(h.Key, h.Usage.ID) {
					return err
				}
			}
			return nil
		},
		"procedures": func(after []byte, yield func([]byte, [16]byte) bool) error {
			for h, err := range s.Procedures(ctx, trace.ProcedureQuery{After: after}) {
				if err != nil || !yield(h.Key, h.Procedure.ID) {
					return err
				}
			}
			return nil
		},
		"readings": func(after []byte, yield func([]byte, [16]byte) bool) error {
			for h, err := range s.Readings(ctx, after) {
				if err != nil || !yield(h.Key, h.Reading.Reading) {
					return err
				}
			}
			return nil
		},
	} {
		var after []byte
		for rows := 7; rows == 7; {
			rows = 0
			if err := page(after, func(key []byte, id [16]byte) bool {
				after = bytes.Clone(key)
				seen[id]++
				rows++
				return rows < 7
			}); err != nil {
				t.Fatal(name, err)
			}
			record(s)
			record(other)
			take()
		}
	}
	for id := range there {
		if seen[id] == 0 {
			t.Errorf("%x was skipped", id)
		}
	}
	for id, times := range seen {
		if times > 1 {
			t.Errorf("%x came %d times", id, times)
		}
	}
}

func imports(t *testing.T, open Open) {
	ctx := context.Background()
	a := open(t, t.TempDir(), ticking())
	_, who, p, u := newIDs()
	history(t, a, who, p, u)
	log := entries(t, a, a.Node())
	head := must[[]trace.TreeHead](t)(a.Heads(ctx))[0]
	node := a.Node()
	a.Close()
	b := open(t, t.TempDir(), ticking())
	defer b.Close()
	for range 2 {
		if err := b.Import(ctx, node, log, head); err != nil {
			t.Fatal(err)
		}
	}
	wrong := head
	wrong.Root[0] ^= 1
	if err := b.Import(ctx, node, log, wrong); trace.KindOf(err) != trace.Conflict {
		t.Errorf("wrong root: %v", err)
	}
	changed := slices.Clone(log)
	changed[2].Recorded = changed[2].Recorded.Add(time.Hour)
	if err := b.Import(ctx, node, changed, trace.TreeHead{}); trace.KindOf(err) != trace.Conflict {
		t.Errorf("rewritten entry: %v", err)
	}
	gap := slices.Clone(log[len(log)-1:])
	gap[0].Seq += 5
	if err := b.Import(ctx, node, gap, trace.TreeHead{}); trace.KindOf(err) != trace.Invalid {
		t.Errorf("gap: %v", err)
	}
	if err := b.Import(ctx, b.Node(), log, trace.TreeHead{}); trace.KindOf(err) != trace.Conflict {
		t.Errorf("own log: %v", err)
	}
	// A command recorded on the other node is known here.
	if r, err := b.Find(ctx, log[1].Command, []byte(fmt.Sprint(log[1].Command))); err != nil || r.Node != node {
		t.Errorf("command of the other node: %+v, %v", r, err)
	}
	cov := must[[]trace.NodeCoverage](t)(b.Coverage(ctx))
	if len(cov) != 2 {
		t.Errorf("coverage of %d nodes", len(cov))
	}
}

func catalogues(t *testing.T, open Open) {
	s := open(t, t.TempDir(), ticking())
	defer s.Close()
	ctx := context.Background()
	rows := func(source string, rows ...trace.CatalogueRow) {
		id := trace.NewEventID()
		put(t, s, id, trace.Draft{Provenance: trace.Imported, Fact: trace.CatalogueFact{Source: source, Batch: id, Rows: rows}})
	}
	said := func(f trace.ProductFact) {
		put(t, s, trace.NewEventID(), trace.Draft{Provenance: trace.Typed, Fact: f})
	}
	product := func(di string) trace.Product { return must[trace.Product](t)(s.Product(ctx, di)) }
	head := trace.Attributes{Kind: trace.KindHead}

	rows("A", trace.CatalogueRow{DI: di1, Maker: "M", Brand: "B", Attributes: head}, trace.CatalogueRow{DI: "09520140001039", Maker: "N"})
	rows("B", trace.CatalogueRow{DI: di1, Maker: "M2", Attributes: trace.Attributes{Side: trace.SideLeft}})
	if p := product(di1); p.Maker != "M2" || p.Brand != "B" || p.Attributes.Kind != trace.KindHead || p.Attributes.Side != trace.SideLeft || p.Provenance != trace.Imported || len(p.History) != 2 {
		t.Errorf("two catalogues: %+v", p)
	}
	said(trace.ProductFact{DI: di1, Maker: "M3", Verified: []string{"maker"}})
	rows("A", trace.CatalogueRow{DI: di1, Maker: "M4"})
	if p := product(di1); p.Maker != "M3" || p.Brand != "" || p.Attributes.Kind != "" || p.Attributes.Side != trace.SideLeft || p.Provenance != trace.Typed || !slices.Equal(p.Verified, []string{"maker"}) {
		t.Errorf("a person's word counts first, and a catalogue's later row takes the place of its earlier one: %+v", p)
	}
	said(trace.ProductFact{DI: di1, Amend: trace.Amend{Clear: []string{"side"}}})
	if p := product(di1); p.Attributes.Side != "" {
		t.Errorf("what a person emptied, the catalogue does not fill: %+v", p)
	}
	if p := product(di1); len(p.Vouched) != 1 || p.Vouched[0].Field != "maker" || p.Vouched[0].Entry.IsZero() {
		t.Errorf("who vouches: %+v", p.Vouched)
	}
	if p := product(di1); p.Authorities != nil {
		t.Errorf("no catalogue here is an authority's: %v", p.Authorities)
	}
	rows("EUDAMED", trace.CatalogueRow{DI: di1, Authority: trace.AuthorityEU})
	rows("AccessGUDID", trace.CatalogueRow{DI: di1, Authority: trace.AuthorityFDA})
	if p := product(di1); !slices.Equal(p.Authorities, []trace.Authority{trace.AuthorityEU, trace.AuthorityFDA}) || p.Maker != "M3" {
		t.Errorf("listed by two authorities: %+v", p)
	}
	rows("EUDAMED", trace.CatalogueRow{DI: di1})
	if p := product(di1); !slices.Equal(p.Authorities, []trace.Authority{trace.AuthorityFDA}) {
		t.Errorf("one of them lists it no longer: %v", p.Authorities)
	}
	said(trace.ProductFact{DI: di2, Maker: "typed only"})
	var all []string
	for p, err := range s.Products(ctx, "") {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p.DI)
	}
	if want := []string{di2, di1, "09520140001039"}; !slices.Equal(all, want) {
		t.Errorf("in order, each once: %v, want %v", all, want)
	}
	for p, err := range s.Products(ctx, di2) {
		if err != nil || p.DI != di1 {
			t.Errorf("behind the first: %s, %v", p.DI, err)
		}
		break
	}
	if _, err := s.Product(ctx, "05060000000016"); trace.KindOf(err) != trace.NotFound {
		t.Errorf("nobody knows it: %v", err)
	}

	// Packs, by any source; a product that names one no longer is not found by it.
	packed := func(pack string, want ...string) {
		t.Helper()
		if got := must[[]string](t)(s.Packed(ctx, pack)); !slices.Equal(got, want) {
			t.Errorf("%s is a pack of %v, want %v", pack, got, want)
		}
	}
	box, piece := "19520140001036", "09520140001046"
	rows("A", trace.CatalogueRow{DI: "09520140001039", Maker: "N", Attributes: trace.Attributes{Packs: []trace.PackLevel{{DI: box, Quantity: 5}}, UnitOfUse: piece}})
	packed(box, "09520140001039")
	packed(piece, "09520140001039")
	packed("1952014000103")
	packed("")
	if p := must[trace.Product](t)(trace.ProductOf(ctx, s, box)); p.DI != "09520140001039" || p.Maker != "N" {
		t.Errorf("what is in the box: %+v", p)
	}
	said(trace.ProductFact{DI: box, Description: "a box"})
	if p := must[trace.Product](t)(trace.ProductOf(ctx, s, box)); p.DI != box || p.Description != "a box" || p.Maker != "N" {
		t.Errorf("the box itself, over what is in it: %+v", p)
	}
	said(trace.ProductFact{DI: di2, Attributes: trace.Attributes{Packs: []trace.PackLevel{{DI: box, Quantity: 2}}}})
	packed(box, di2, "09520140001039")
	if p := must[trace.Product](t)(trace.ProductOf(ctx, s, box)); p.Maker != "" {
		t.Errorf("a box of two products is none of them: %+v", p)
	}
	rows("A", trace.CatalogueRow{DI: "09520140001039", Maker: "N"})
	packed(box, di2)
	packed(piece)
	said(trace.ProductFact{DI: di2, Amend: trace.Amend{Withdraw: true}})
	packed(box)
}
