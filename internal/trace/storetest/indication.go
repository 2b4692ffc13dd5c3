package storetest

import (
	"context"
	"testing"
	"time"

	"implantrace/internal/trace"
)

// indication is sealed, and is the last that was said, as earlier programs said it
// in the open or as it is said now.
func indication(t *testing.T, open Open) {
	ctx := context.Background()
	s := open(t, t.TempDir(), ticking())
	defer s.Close()
	who, p := trace.NewID[trace.OfPatient](), trace.NewID[trace.OfProcedure]()
	say := func(f trace.ProcedureFact, sealed string) {
		t.Helper()
		f.Procedure = p
		put(t, s, trace.NewEventID(), trace.Draft{Fact: f, Subject: who, Occurred: start, Secret: &trace.Secret{Indication: sealed}})
	}
	is := func(want string) {
		t.Helper()
		got, err := s.Procedure(ctx, p)
		if err != nil || got.Indication != want {
			t.Errorf("%q, want %q, %v", got.Indication, want, err)
		}
		for h, err := range s.Procedures(ctx, trace.ProcedureQuery{Patient: who}) {
			if err != nil || h.Procedure.Indication != want {
				t.Errorf("in a list: %q, want %q, %v", h.Procedure.Indication, want, err)
			}
		}
	}
	say(trace.ProcedureFact{Patient: who, Start: start, Indication: "in the open"}, "")
	is("in the open")
	say(trace.ProcedureFact{Side: trace.SideLeft}, "sealed")
	is("sealed")
	say(trace.ProcedureFact{End: start.Add(time.Hour)}, "")
	is("sealed")
	say(trace.ProcedureFact{Amend: trace.Amend{Clear: []string{"indication"}}}, "")
	is("")
	say(trace.ProcedureFact{Amend: trace.Amend{Clear: []string{"indication"}}}, "another")
	is("another")
	put(t, s, trace.NewEventID(), trace.Draft{Fact: trace.ErasureFact{Patient: who}})
	is("")
}
