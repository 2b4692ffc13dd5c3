package storetest

import (
	"context"
	"testing"

	"implantrace/internal/trace"
)

func answers(t *testing.T, open Open) {
	s := open(t, t.TempDir(), ticking())
	defer s.Close()
	ctx := context.Background()
	p, other := trace.ProcedureID(trace.NewEventID()), trace.ProcedureID(trace.NewEventID())
	patient := trace.PatientID(trace.NewEventID())
	say := func(f trace.AnswersFact, text string) {
		put(t, s, trace.NewEventID(), trace.Draft{Provenance: trace.Typed, Fact: f, Secret: &trace.Secret{Answers: text}, Subject: patient})
	}
	asked := func(id trace.ProcedureID) (all []string) {
		for a, err := range s.Answers(ctx, id) {
			if err != nil {
				t.Fatal(err)
			}
			secret := must[*trace.Secret](t)(s.Secret(ctx, a.Stamp.Position))
			all = append(all, string(a.Side)+" "+a.Section+" "+secret.Answers)
		}
		return all
	}
	if all := asked(p); len(all) != 0 {
		t.Errorf("nobody has answered: %q", all)
	}
	say(trace.AnswersFact{Procedure: p, Form: "njr", Side: trace.SideRight, Section: "HIP PRIMARY"}, `{"a":"1"}`)
	say(trace.AnswersFact{Procedure: p, Form: "njr", Side: trace.SideLeft, Section: "HIP PRIMARY"}, `{"a":"2"}`)
	say(trace.AnswersFact{Procedure: other, Form: "njr", Side: trace.SideLeft, Section: "KNEE PRIMARY"}, `{}`)
	say(trace.AnswersFact{Procedure: p, Form: "njr", Side: trace.SideLeft, Section: "HIP REVISION"}, `{"a":"3"}`)
	all := asked(p)
	if len(all) != 2 || all[0] != `left HIP REVISION {"a":"3"}` || all[1] != `right HIP PRIMARY {"a":"1"}` {
		t.Errorf("%q", all)
	}
}
