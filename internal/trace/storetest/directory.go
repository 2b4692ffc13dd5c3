package storetest

import (
	"context"
	"slices"
	"testing"

	"implantrace/internal/trace"
)

func directory(t *testing.T, open Open) {
	s := open(t, t.TempDir(), ticking())
	defer s.Close()
	ctx := context.Background()
	say := func(f trace.Fact) { put(t, s, trace.NewEventID(), trace.Draft{Provenance: trace.Typed, Fact: f}) }
	const badge, gln = "950110153000300011", "9520000000004"
	for name, ask := range map[string]func() error{
		"staff": func() error { _, err := s.StaffMember(ctx, badge); return err },
		"place": func() error { _, err := s.ListedPlace(ctx, gln, ""); return err },
		"code":  func() error { _, err := s.ListedCode(ctx, trace.SystemOPCS4, "W37.1"); return err },
	} {
		if err := ask(); trace.KindOf(err) != trace.NotFound {
			t.Errorf("%s that nobody listed: %v", name, err)
		}
	}
	say(trace.StaffFact{Badge: badge, Name: "A. Dean", Role: "surgeon", Register: trace.RegisterGMC, Number: "1234567"})
	say(trace.StaffFact{Badge: "B-7", Name: "B. Fell"})
	say(trace.StaffFact{Badge: badge, Name: "A. Dene"})
	if l := must[trace.Listed[trace.StaffFact]](t)(s.StaffMember(ctx, badge)); l.Fact != (trace.StaffFact{Badge: badge, Name: "A. Dene"}) || len(l.History) != 2 {
		t.Errorf("the last word is the whole: %+v", l)
	}
	say(trace.StaffFact{Badge: "B-7", Name: "B. Fell", Removed: true})
	var all []string
	for l, err := range s.StaffMembers(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, l.Fact.Name)
	}
	if want := []string{"A. Dene", "B. Fell"}; !slices.Equal(all, want) {
		t.Errorf("%v, want %v", all, want)
	}
	say(trace.PlaceFact{GLN: gln, Extension: "4", Name: "Theatre 4", Site: "Main"})
	say(trace.PlaceFact{GLN: gln, Name: "Main site"})
	if l := must[trace.Listed[trace.PlaceFact]](t)(s.ListedPlace(ctx, gln, "4")); l.Fact.Name != "Theatre 4" {
		t.Errorf("with its extension: %+v", l)
	}
	if l := must[trace.Listed[trace.PlaceFact]](t)(s.ListedPlace(ctx, gln, "")); l.Fact.Name != "Main site" {
		t.Errorf("without: %+v", l)
	}
	say(trace.CodeFact{System: trace.SystemOPCS4, Code: "W37.1", Text: "Hip"})
	if l := must[trace.Listed[trace.CodeFact]](t)(s.ListedCode(ctx, "opcs-4", "w371")); l.Fact.Text != "Hip" {
		t.Errorf("any writing of a code: %+v", l)
	}
	p, err := trace.Procedure{Code: trace.Code{Code: "W371"}, Place: trace.Place{GLN: gln, Extension: "4"},
		People: []trace.Person{{Code: badge}, {Code: "B-9"}, {Code: "B-7", Name: "as recorded"}}}.In(ctx, s)
	if err != nil || p.Code.Text != "Hip" || p.Place.Name != "Theatre 4, Main" || p.People[0].Name != "A. Dene" || p.People[1].Name != "" || p.People[2].Name != "as recorded" {
		t.Errorf("names for numbers: %+v, %v", p, err)
	}
}

func confirmation(t *testing.T, open Open) {
	s := open(t, t.TempDir(), ticking())
	defer s.Close()
	ctx := context.Background()
	id := trace.ProcedureID(trace.NewEventID())
	say := func(f trace.PlanFact) trace.Plan {
		f.Procedure = id
		put(t, s, trace.NewEventID(), trace.Draft{Provenance: trace.Typed, Fact: f})
		return must[trace.Plan](t)(s.Plan(ctx, id))
	}
	first := say(trace.PlanFact{Items: []trace.PlanItem{{DI: di1}}, ToConfirm: true, Who: "one"})
	if first.Entry.IsZero() || !first.ToConfirm || first.Confirmed != "" {
		t.Errorf("%+v", first)
	}
	if p := say(trace.PlanFact{Confirms: first.Entry, Who: "two"}); p.Confirmed != "two" || p.Who != "one" || len(p.Items) != 1 {
		t.Errorf("confirmed: %+v", p)
	}
	second := say(trace.PlanFact{Items: []trace.PlanItem{{DI: di2}}, ToConfirm: true, Who: "one"})
	if second.Confirmed != "" {
		t.Errorf("another plan is confirmed by nobody: %+v", second)
	}
	if p := say(trace.PlanFact{Confirms: first.Entry, Who: "two"}); p.Confirmed != "" {
		t.Errorf("the confirmation is of the plan before: %+v", p)
	}
}
