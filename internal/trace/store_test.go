package trace_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"implantrace/internal/bolt"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

var ctx = context.Background()

const di = "07611994064584"

func open(t *testing.T, keys *seal.Keyring) *bolt.Store {
	t.Helper()
	s, err := bolt.Open(filepath.Join(t.TempDir(), bolt.FileName), bolt.Options{Name: "test", Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func put(t *testing.T, s trace.Store, drafts ...trace.Draft) trace.Receipt {
	t.Helper()
	id := trace.NewEventID()
	rs, err := s.Append(ctx, trace.Command{ID: id, Canonical: id[:], By: trace.Actor{Via: "test"}, Drafts: drafts})
	if err != nil || rs[0].Err != nil {
		t.Fatal(err, rs)
	}
	return rs[0].Receipt
}

// patient records one with an NHS number and local numbers; "" for none.
func patient(t *testing.T, s trace.Store, nhs string, local ...string) trace.PatientID {
	t.Helper()
	id := trace.PatientID(trace.NewEventID())
	f := trace.PatientFact{Patient: id}
	if nhs != "" {
		f.Lookups = append(f.Lookups, s.Lookups(trace.LookupNHS, nhs)[0])
	}
	for _, l := range local {
		f.Lookups = append(f.Lookups, s.Lookups(trace.LookupLocal, l)[0])
	}
	put(t, s, trace.Draft{Fact: f, Subject: id, Secret: &trace.Secret{NHSNumber: nhs, Family: "Okonkwo"}})
	return id
}

// carry brings a whole log to another store.
func carry(t *testing.T, from, to trace.Store) {
	t.Helper()
	var log []trace.Entry
	for e, err := range from.Entries(ctx, trace.Position{Node: from.Node()}) {
		if err != nil {
			t.Fatal(err)
		}
		log = append(log, e)
	}
	if err := to.Import(ctx, from.Node(), log, trace.TreeHead{}); err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, s trace.Store, id trace.PatientID, want ...trace.PatientID) {
	t.Helper()
	got, err := trace.SamePatients(ctx, s, id)
	if err != nil || len(got) == 0 || got[0] != id {
		t.Fatalf("%v, %v", got, err)
	}
	less := func(a, b trace.PatientID) int { return slices.Compare(a[:], b[:]) }
	got, want = slices.Clone(got), append(slices.Clone(want), id)
	slices.SortFunc(got, less)
	slices.SortFunc(want, less)
	if !slices.Equal(got, want) {
		t.Errorf("the same as %s: %v, want %v", id, got, want)
	}
}

func TestOnePatientOfTwoNodesIsOne(t *testing.T) {
	keys := seal.NewKeyring()
	hub := open(t, keys)
	var ids [2]trace.PatientID
	for i := range ids {
		node := open(t, keys)
		ids[i] = patient(t, node, "9990000018", "RJC|1")
		carry(t, node, hub)
	}
	other := patient(t, hub, "9990000026", "RJC|2")
	same(t, hub, ids[0], ids[1])
	same(t, hub, ids[1], ids[0])
	same(t, hub, other)
}

func TestLocalNumbersJoinThoseWithoutAnNHSNumber(t *testing.T) {
	s := open(t, seal.NewKeyring())
	a := patient(t, s, "", "RJC|1")
	b := patient(t, s, "", "RJC|1", "RXX|7")
	c := patient(t, s, "", "RXX|7")
	d := patient(t, s, "", "RXX|1")           // another hospital's number 1
	e := patient(t, s, "9990000018", "RJC|1") // has an NHS number: a local one proves nothing
	f := patient(t, s, "")
	same(t, s, a, b, c)
	same(t, s, b, a, c)
	same(t, s, c, a, b)
	same(t, s, d)
	same(t, s, e)
	same(t, s, f)
	if _, err := trace.SamePatients(ctx, s, trace.PatientID(trace.NewEventID())); trace.KindOf(err) != trace.NotFound {
		t.Errorf("a patient nobody knows: %v", err)
	}
}

func TestAWithdrawnPatientIsNobodysSame(t *testing.T) {
	s := open(t, seal.NewKeyring())
	a, b := patient(t, s, "9990000018"), patient(t, s, "9990000018")
	same(t, s, a, b)
	put(t, s, trace.Draft{Fact: trace.PatientFact{Patient: b, Amend: trace.Amend{Withdraw: true}}})
	same(t, s, a)
}

// What was read is kept byte for byte, be it text or not, in public or sealed.
func TestReadingIsKeptAsRead(t *testing.T) {
	s := open(t, seal.NewKeyring())
	for _, raw := range []string{"]d201\x1d10 A \r\n", "\x00\x01\xff\xfe", "Zo\xeb", "\xed\xa0\x80", " ", "Ω≈ç"} {
		id, u := trace.NewEventID(), trace.UsageID(trace.NewEventID())
		r := put(t, s, trace.Draft{Fact: trace.ReadingFact{Reading: id, Text: raw, Means: udi.KindDevice}, Secret: &trace.Secret{Raw: raw, Note: raw}},
			trace.Draft{Fact: trace.UsageFact{Usage: u, Carriers: []trace.Carrier{{Text: raw}}}})
		for e, err := range s.Entries(ctx, trace.Position{Node: r.Node, Seq: r.Seq}) {
			if err != nil {
				t.Fatalf("%q: %v", raw, err)
			}
			if f, ok := e.Fact.(trace.ReadingFact); ok && (f.Text != raw || e.Secret == nil || e.Secret.Raw != raw || e.Secret.Note != raw) {
				t.Errorf("%q came back as %q, sealed %+v", raw, f.Text, e.Secret)
			}
		}
		if got, err := s.Usage(ctx, u); err != nil || got.Carriers[0].Text != raw {
			t.Errorf("carrier %q came back as %+v, %v", raw, got.Carriers, err)
		}
	}
	if r, err := s.Verify(ctx, t.TempDir()); err != nil || len(r.Findings) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAUsageInFull(t *testing.T) {
	s := open(t, seal.NewKeyring())
	who := patient(t, s, "9990000018")
	p, u, lost := trace.ProcedureID(trace.NewEventID()), trace.UsageID(trace.NewEventID()), trace.UsageID(trace.NewEventID())
	start := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	put(t, s, trace.Draft{Fact: trace.ProcedureFact{Procedure: p, Patient: who, Start: start}},
		trace.Draft{Fact: trace.UsageFact{Usage: u, Procedure: p, Device: udi.Device{DI: di, Lot: "A"}}, Occurred: start.Add(time.Hour)},
		trace.Draft{Fact: trace.UsageFact{Usage: lost, Procedure: trace.ProcedureID(trace.NewEventID()), Device: udi.Device{DI: "05060000000016"}}, Occurred: start.Add(time.Hour)},
		trace.Draft{Fact: trace.ProductFact{DI: di, Maker: "Maker"}})
	usage, err := s.Usage(ctx, u)
	if err != nil {
		t.Fatal(err)
	}
	full, err := trace.InFull(ctx, s, usage)
	if err != nil || full.Patient != who || full.Identity.NHSNumber != "9990000018" || full.Product.Maker != "Maker" || full.Procedure.ID != p || !full.When().Equal(start) {
		t.Errorf("%+v, %v", full, err)
	}
	usage, _ = s.Usage(ctx, lost)
	full, err = trace.InFull(ctx, s, usage)
	if err != nil || !full.Patient.IsZero() || full.Product.DI != "" || !full.When().Equal(start.Add(time.Hour)) {
		t.Errorf("with nothing it belongs to: %+v, %v", full, err)
	}
	gone := trace.ProcedureID(trace.NewEventID())
	put(t, s, trace.Draft{Fact: trace.ProcedureFact{Procedure: gone, Patient: who, Start: start.Add(time.Hour)}},
		trace.Draft{Fact: trace.ProcedureFact{Procedure: gone, Amend: trace.Amend{Withdraw: true}}})
	n := 0
	for f, err := range trace.ProceduresInFull(ctx, s, trace.ProcedureID{}, trace.ProcedureQuery{}) {
		if err != nil || f.Procedure.ID != p || f.Identity.Family != "Okonkwo" || len(f.Usages) != 1 || f.Usages[0].Product.Maker != "Maker" {
			t.Errorf("%+v, %v", f, err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("%d procedures: the withdrawn one is left out", n)
	}
	for f, err := range trace.ProceduresInFull(ctx, s, gone, trace.ProcedureQuery{}) {
		if err != nil || !f.Procedure.Withdrawn || f.Usages == nil {
			t.Errorf("one that was asked for by name: %+v, %v", f, err)
		}
	}
	for _, err := range trace.ProceduresInFull(ctx, s, trace.ProcedureID(trace.NewEventID()), trace.ProcedureQuery{}) {
		if trace.KindOf(err) != trace.NotFound {
			t.Errorf("%v", err)
		}
	}
}
