package storetest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// stock is a store with usages of all sorts, and everything about them in plain
// values.
type stock struct {
	store      trace.Store
	usages     []trace.Usage
	procedures map[trace.ProcedureID]trace.Procedure
}

var (
	someDIs     = []string{di1, di2, "+A99912345ABC0", ""}
	someLots    = []string{"A9", "A10", "a-10", "A011", "B1", "00AB-12", "ab12", "", "LOT", "L0T"}
	someSerials = []string{"1", "9", "10", "099", "100", "SN-1", "SN1", ""}
	someDays    = []string{"2027-01-31", "2027-02-01", "2027-12-31", "2028-02-29", ""}
	someGLNs    = []string{"5050898000007", "5050898000014", ""}
	somePlaces  = []string{"Theatre 1", "theatre  1", "Theatre 2", ""}
	someBadges  = []string{"S1", "S2", ""}
	someNames   = []string{"A. Smith", "a. smith", "B. Jones", ""}
)

func stocked(t *testing.T, open Open) *stock {
	st := &stock{store: open(t, t.TempDir(), ticking()), procedures: make(map[trace.ProcedureID]trace.Procedure)}
	n := 0
	pick := func(of []string) string { n++; return of[(n*7+n/11)%len(of)] }
	var patients [3]trace.PatientID
	for i := range patients {
		patients[i] = trace.NewID[trace.OfPatient]()
	}
	var commands []trace.Command
	for i := range 40 {
		p := trace.Procedure{ID: trace.NewID[trace.OfProcedure](), Patient: patients[i%3], Start: start.Add(time.Duration(i%9) * time.Hour),
			Place:  trace.Place{GLN: pick(someGLNs), Name: pick(somePlaces)},
			People: []trace.Person{{Code: pick(someBadges), Name: pick(someNames), Role: "surgeon"}, {Code: pick(someBadges), Role: "scrub"}}}
		st.procedures[p.ID] = p
		c := trace.Command{ID: trace.NewEventID(), Canonical: fmt.Append(nil, i), Drafts: []trace.Draft{
			{Fact: trace.ProcedureFact{Procedure: p.ID, Patient: p.Patient, Start: p.Start, Place: p.Place, People: p.People}}}}
		for range 6 {
			u := trace.Usage{ID: trace.NewID[trace.OfUsage](), Procedure: p.ID, Occurred: p.Start.Add(time.Duration(n%50) * time.Minute),
				Status: trace.Statuses()[n%8], Device: udi.Device{DI: pick(someDIs), Lot: pick(someLots), Serial: pick(someSerials)}}
			for _, d := range []*udi.Date{&u.Device.Expiry, &u.Device.Manufactured} {
				if day := pick(someDays); day != "" {
					*d = udi.Date{Day: day, Precision: udi.PrecisionDay}
				}
			}
			st.usages = append(st.usages, u)
			c.Drafts = append(c.Drafts, trace.Draft{Occurred: u.Occurred, Fact: trace.UsageFact{Usage: u.ID, Procedure: p.ID, Device: u.Device, Status: u.Status}})
		}
		commands = append(commands, c)
	}
	if _, err := st.store.Append(context.Background(), commands...); err != nil {
		t.Fatal(err)
	}
	return st
}

// find holds what every query finds, in pages of any size, against a look through
// everything.
func find(t *testing.T, open Open) {
	st := stocked(t, open)
	defer st.store.Close()
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuery(t, st)
		var want []trace.UsageID
		for _, u := range st.usages {
			if q.Asks(u, st.procedures[u.Procedure]) {
				want = append(want, u.ID)
			}
		}
		size := rapid.IntRange(1, 300).Draw(t, "page")
		var got []trace.UsageID
		for more := true; more; {
			n := 0
			for h, err := range st.store.Candidates(context.Background(), q) {
				if err != nil {
					t.Fatal(err)
				}
				if q.Asks(h.Usage, st.procedures[h.Usage.Procedure]) {
					got = append(got, h.Usage.ID)
				}
				q.After = h.Key
				if n++; n == size {
					break
				}
			}
			more = n == size
		}
		byID := func(a, b trace.UsageID) int { return bytes.Compare(a[:], b[:]) }
		slices.SortFunc(got, byID)
		slices.SortFunc(want, byID)
		if !slices.Equal(got, want) {
			t.Fatalf("%+v found %d usages, not %d", q, len(got), len(want))
		}
	})
}

func drawQuery(t *rapid.T, st *stock) (q trace.Query) {
	some := func(of []string, label string) string { return rapid.SampledFrom(of).Draw(t, label) }
	asks := func(label string) bool { return rapid.IntRange(0, 3).Draw(t, label) == 0 }
	if rapid.Bool().Draw(t, "by device") {
		q.DI = some(someDIs[:3], "di")
		switch rapid.IntRange(0, 6).Draw(t, "of device") {
		case 0:
			q.Lot = some(someLots, "lot")
		case 1:
			q.Serial = some(someSerials, "serial")
		case 2:
			q.Lots = trace.Range{From: some(someLots, "lot from"), To: some(someLots, "lot to")}
		case 3:
			q.Serials = trace.Range{From: some(someSerials, "serial from"), To: some(someSerials, "serial to")}
		case 4:
			q.Expiry = trace.Period{From: some(someDays, "expiry from"), To: some(someDays, "expiry to")}
		case 5:
			q.Manufactured = trace.Period{From: some(someDays, "made from"), To: some(someDays, "made to")}
		}
	} else if asks("no DI") {
		q.NoDI = true
	}
	if asks("place") {
		q.Place = trace.Place{GLN: some(someGLNs, "gln"), Name: some(somePlaces, "place name")}
	}
	if asks("person") {
		q.Person = trace.Person{Code: some(someBadges, "badge"), Name: some(someNames, "name")}
	}
	if asks("status") {
		q.Status = rapid.SampledFrom(trace.Statuses()).Draw(t, "which status")
	}
	one := rapid.SampledFrom(st.usages).Draw(t, "one")
	if asks("procedure") {
		q.Procedure = one.Procedure
	}
	if asks("patient") {
		q.Patient = st.procedures[one.Procedure].Patient
	}
	if asks("from") {
		q.From = start.Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "from minute")) * time.Minute)
	}
	if asks("to") {
		q.To = start.Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "to minute")) * time.Minute)
	}
	return q
}

// ranges are in the order in which numbers are counted, with both ends.
func ranges(t *testing.T, open Open) {
	s := open(t, t.TempDir(), ticking())
	defer s.Close()
	all := []string{"1", "9", "10", "11", "99", "100", "A9", "A10", "A-11", "a12", "B1"}
	for _, n := range all {
		e, _, p, u := newIDs()
		put(t, s, e, usage(u, p, di1, n, n))
	}
	for _, c := range []struct {
		r    trace.Range
		want []string
	}{
		{trace.Range{From: "9", To: "11"}, all[1:4]}, {trace.Range{From: "10"}, all[2:]}, {trace.Range{To: "99"}, all[:5]}, {trace.Range{From: "A10", To: "A12"}, all[7:10]},
		{trace.Range{From: "a-010", To: "a-011"}, nil}, {trace.Range{From: "12", To: "98"}, nil}, {trace.Range{From: "A9", To: "A9"}, all[6:7]}, {trace.Range{From: "9", To: "1"}, nil},
	} {
		for name, q := range map[string]trace.Query{"lots": {DI: di1, Lots: c.r}, "serials": {DI: di1, Serials: c.r}} {
			var got []string
			for h, err := range s.Candidates(context.Background(), q) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, h.Usage.Device.Lot)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s %+v: %q, want %q", name, c.r, got, c.want)
			}
		}
	}
}

// holdings says whose devices are, and follows corrections of every kind.
func holdings(t *testing.T, open Open) {
	ctx := context.Background()
	s := open(t, t.TempDir(), ticking())
	defer s.Close()
	e, who, p, u := newIDs()
	other, otherProcedure := trace.NewID[trace.OfPatient](), trace.NewID[trace.OfProcedure]()
	held := func(q trace.Query) (all []trace.Holding) {
		t.Helper()
		for h, err := range s.Holdings(ctx, q) {
			if err != nil {
				t.Fatal(err)
			}
			h.Key = nil
			all = append(all, h)
		}
		return all
	}
	is := func(what string, got []trace.Holding, want ...trace.Holding) {
		t.Helper()
		if !slices.EqualFunc(got, want, func(a, b trace.Holding) bool {
			return a.Usage == b.Usage && a.Procedure == b.Procedure && a.Patient == b.Patient && a.Former == b.Former && a.Withdrawn == b.Withdrawn
		}) {
			t.Errorf("%s: %+v, want %+v", what, got, want)
		}
	}
	lot, serial := trace.Query{DI: di1, Lot: "l0t"}, trace.Query{DI: di1, Serial: "S1"}
	put(t, s, e, usage(u, p, di1, "LOT", "S1"))
	is("before its procedure is known", held(lot), trace.Holding{Usage: u, Procedure: p})
	put(t, s, trace.NewEventID(), trace.Draft{Fact: trace.ProcedureFact{Procedure: p, Patient: who, Start: start}})
	is("by lot", held(lot), trace.Holding{Usage: u, Procedure: p, Patient: who})
	is("by serial", held(serial), trace.Holding{Usage: u, Procedure: p, Patient: who})
	is("by a range", held(trace.Query{DI: di1, Lots: trace.Range{From: "LOA", To: "LOZ"}}), trace.Holding{Usage: u, Procedure: p, Patient: who})
	put(t, s, trace.NewEventID(), trace.Draft{Fact: trace.ProcedureFact{Procedure: otherProcedure, Patient: other, Start: start}},
		trace.Draft{Fact: trace.UsageFact{Usage: u, Procedure: otherProcedure, Amend: trace.Amend{Corrects: e}}})
	is("moved to another procedure", held(lot), trace.Holding{Usage: u, Procedure: otherProcedure, Patient: other})
	put(t, s, trace.NewEventID(), trace.Draft{Fact: trace.UsageFact{Usage: u, Amend: trace.Amend{Withdraw: true}}})
	is("withdrawn", held(serial), trace.Holding{Usage: u, Procedure: otherProcedure, Patient: other, Withdrawn: true})
	put(t, s, trace.NewEventID(), trace.Draft{Fact: trace.UsageFact{Usage: u, Device: udi.Device{Lot: "B"}, Amend: trace.Amend{Restore: true}}})
	is("corrected", held(lot))
	lot.Former = true
	is("asked for what it was", held(lot), trace.Holding{Usage: u, Procedure: otherProcedure, Patient: other, Former: true})
	for _, q := range []trace.Query{{}, {DI: di1}, {Lot: "A"}} {
		for _, err := range s.Holdings(ctx, q) {
			if trace.KindOf(err) != trace.Invalid {
				t.Errorf("%+v: %v", q, err)
			}
		}
	}
}
