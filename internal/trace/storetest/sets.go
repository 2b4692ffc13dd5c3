package storetest

import (
	"testing"

	"implantrace/internal/trace"
)

func sets(t *testing.T, open Open) {
	s := open(t, t.TempDir(), ticking())
	defer s.Close()
	ctx := t.Context()
	one, two := trace.SetID(trace.NewEventID()), trace.SetID(trace.NewEventID())
	say := func(f trace.SetFact) { put(t, s, trace.NewEventID(), trace.Draft{Fact: f}) }
	by := func(code string) (ids []trace.SetID) {
		for _, f := range must[[]trace.Set](t)(s.SetsByCode(ctx, code)) {
			ids = append(ids, f.Set)
		}
		return ids
	}
	say(trace.SetFact{Set: one, Name: "A", Code: "T-1", Items: []trace.SetItem{{CatalogueNo: "C", Quantity: 2}}})
	say(trace.SetFact{Set: two, Name: "B", Code: "T-2"})
	if got := by("T-1"); len(got) != 1 || got[0] != one {
		t.Errorf("T-1 finds %v", got)
	}
	say(trace.SetFact{Set: one, Name: "A", Code: "T-2", Items: []trace.SetItem{{CatalogueNo: "D", Quantity: 1}}}) // both have it now
	if got := by("T-2"); len(got) != 2 || len(by("T-1")) != 0 {
		t.Errorf("T-2 finds %v, and T-1 %v", got, by("T-1"))
	}
	say(trace.SetFact{Set: two, Name: "B", Code: "T-2", Removed: true})
	if got := by("T-2"); len(got) != 1 || got[0] != one {
		t.Errorf("T-2 finds %v", got)
	}
	if got := must[trace.Set](t)(s.Set(ctx, one)); len(got.History) != 2 || len(got.Items) != 1 || got.Items[0].CatalogueNo != "D" {
		t.Errorf("%+v", got)
	}
	n := 0
	for _, err := range s.Sets(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 2 {
		t.Errorf("%d sets", n)
	}
	if _, err := s.Set(ctx, trace.SetID(trace.NewEventID())); trace.KindOf(err) != trace.NotFound {
		t.Errorf("%v", err)
	}
}
