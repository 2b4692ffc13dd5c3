package storetest

import (
	"testing"

	"implantrace/internal/trace"
)

func photographs(t *testing.T, open Open) {
	s := open(t, t.TempDir(), ticking())
	defer s.Close()
	ctx := t.Context()
	p, other, patient := trace.ProcedureID(trace.NewEventID()), trace.ProcedureID(trace.NewEventID()), trace.NewEventID()
	keep := func(of trace.ProcedureID, bytes string) trace.EventID {
		id := trace.NewEventID()
		put(t, s, trace.NewEventID(), trace.Draft{Fact: trace.PhotographFact{Photograph: id, Procedure: of, Size: len(bytes)}, Secret: &trace.Secret{Raw: bytes}, Subject: patient})
		return id
	}
	first := keep(p, "\xff\xd8one")
	keep(other, "\xff\xd8two")
	second := keep(p, "\xff\xd8three")
	var all []trace.EventID
	for x, err := range s.Photographs(ctx, p) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, x.Photograph)
		if secret := must[*trace.Secret](t)(s.Secret(ctx, x.Stamp.Position)); len(secret.Raw) != x.Size {
			t.Errorf("%+v holds %q", x, secret.Raw)
		}
	}
	if len(all) != 2 || all[0] != first || all[1] != second {
		t.Errorf("%v, and %v %v were kept", all, first, second)
	}
}
