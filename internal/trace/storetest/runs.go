package storetest

import (
	"slices"
	"testing"

	"implantrace/internal/trace"
)

func runs(t *testing.T, open Open) {
	dir := t.TempDir()
	s := open(t, dir, ticking())
	ctx := t.Context()
	one, two := trace.NewID[trace.OfRun](), trace.NewID[trace.OfRun]()
	say := func(f trace.Fact, secret *trace.Secret) {
		put(t, s, trace.NewEventID(), trace.Draft{Fact: f, Secret: secret})
	}
	if _, err := s.Run(ctx, one); trace.KindOf(err) != trace.NotFound {
		t.Errorf("a run that nobody made: %v", err)
	}
	scope := trace.RunScope{Registry: "njr", Section: "HIP PRIMARY", From: start, To: start.AddDate(0, 1, 0), Changes: true}
	say(trace.RunFact{Run: one, State: trace.RunBegun, Scope: scope}, nil)
	say(trace.RunFact{Run: two, State: trace.RunBegun, Scope: trace.RunScope{Registry: "mdor"}}, nil)
	row := trace.RunRow{Procedure: trace.ProcedureID(trace.NewEventID()), Usage: trace.UsageID(trace.NewEventID()), State: trace.RowNew, Lines: 1,
		Hash: s.Lookups(trace.LookupRow, "what it says")[0], Start: start.UnixMilli()}
	texts := []string{"a\r\n", "b\r\n", ""}
	for i := range 300 { // more than a page of rows
		part := trace.RunPartFact{Run: one, Part: i}
		secret := (*trace.Secret)(nil)
		if i < len(texts) && texts[i] != "" {
			part.Size, part.Rows, secret = len(texts[i]), []trace.RunRow{row}, &trace.Secret{Raw: texts[i]}
		}
		say(part, secret)
	}
	say(trace.RunPartFact{Run: two, Part: 0, Size: 1}, &trace.Secret{Raw: "c"})
	result := trace.RunResult{Name: "njr.csv", Records: 2, Rows: 2, Held: 1, Parts: 300, Size: 6, SHA256: trace.Hash{1}}
	say(trace.RunFact{Run: one, State: trace.RunMade, Result: result}, nil)
	say(trace.RunFact{Run: one, State: trace.RunRefused}, &trace.Secret{Note: "column 4"})
	say(trace.RunFact{Run: one, State: trace.RunAccepted}, nil)

	check := func() {
		t.Helper()
		r := must[trace.Run](t)(s.Run(ctx, one))
		if r.ID != one || r.State != trace.RunAccepted || r.Scope != scope || r.Result != result || len(r.History) != 4 || r.Said().State != trace.RunAccepted {
			t.Errorf("%+v", r)
		}
		if secret := must[*trace.Secret](t)(s.Secret(ctx, r.History[2].Stamp.Position)); secret == nil || secret.Note != "column 4" {
			t.Errorf("why it was refused: %+v", secret)
		}
		var all []trace.RunID
		for r, err := range s.Runs(ctx) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, r.ID)
		}
		if !slices.Equal(all, []trace.RunID{one, two}) {
			t.Errorf("%v, and %v %v were begun", all, one, two)
		}
		text, n := "", 0
		for p, err := range s.RunParts(ctx, one) {
			if err != nil {
				t.Fatal(err)
			}
			if p.Part != n {
				t.Fatalf("part %d comes at %d", p.Part, n)
			}
			n++
			if secret := must[*trace.Secret](t)(s.Secret(ctx, p.Stamp.Position)); secret != nil {
				text += secret.Raw
			}
			if p.Size > 0 && (len(p.Rows) != 1 || p.Rows[0] != row) {
				t.Errorf("%+v", p)
			}
		}
		if text != "a\r\nb\r\n" || n != 300 {
			t.Errorf("%q in %d parts", text, n)
		}
	}
	check()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, ticking())
	defer s.Close()
	check()
}
