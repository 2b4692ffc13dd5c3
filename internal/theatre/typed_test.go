package theatre_test

import (
	"strings"
	"testing"

	"implantrace/internal/theatre"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
	"implantrace/scanner"
)

// What is typed wrong is said and not recorded, unless the label has it so: then it
// is recorded and flagged. One person alone records, and the list and the close say
// what no second person has confirmed.
func TestTypedDevicesAreCheckedAndAwaitASecondPerson(t *testing.T) {
	b := newBench(t)
	b.scan(adaBand)
	b.open()
	typed := udi.Typed{DI: "09520140001038", Lot: "K4417B", Expiry: "2031-06-30"}
	_, err := b.desk.TakeTyped(t.Context(), trace.NewEventID(), typed, false, trace.ProcedureID{})
	if trace.KindOf(err) != trace.Invalid || !strings.Contains(err.Error(), "check digit") || len(b.state().Procedure.Usages) != 0 {
		t.Fatalf("%v", err)
	}
	a, err := b.desk.TakeTyped(t.Context(), trace.NewEventID(), typed, true, trace.ProcedureID{})
	if err != nil || a.Verdict.Level != trace.Stop || len(b.state().Procedure.Usages) != 1 {
		t.Fatalf("%v: %+v", err, a)
	}
	typed.DI = stemDI
	if a, err = b.desk.TakeTyped(t.Context(), trace.NewEventID(), typed, false, trace.ProcedureID{}); err != nil || a.Device.DI != stemDI || a.Device.Lot != "K4417B" || a.Source != "typed" {
		t.Fatalf("%v: %+v", err, a)
	}
	if some := theatre.AwaitingSecond(b.state().Procedure.Usages); len(some) != 2 {
		t.Errorf("%d await a second person", len(some))
	}
	if a := b.scan("IMT:A:close"); !strings.Contains(a.Verdict.Checks[0].Message, "2 devices were typed and are not confirmed by a second person") {
		t.Errorf("%+v", a.Verdict)
	}
	// A scanner that reads the same proves what was typed.
	b.scan(stemText)
	if some := theatre.AwaitingSecond(b.state().Procedure.Usages); len(some) != 1 || some[0].Usage.Device.DI == stemDI {
		t.Errorf("%+v", some)
	}
}

func TestATypedWristbandSaysSo(t *testing.T) {
	b := newBench(t)
	typed := b.take(trace.NewEventID(), scanner.Reading{Text: adaBand, Source: scanner.SourceTyped}, trace.ProcedureID{})
	scanned := b.scan(adaBand)
	for _, c := range []struct {
		theatre.Answer
		want bool
	}{{typed, true}, {scanned, false}} {
		said := false
		for _, check := range c.Verdict.Checks {
			said = said || strings.Contains(check.Message, "typed, not scanned")
		}
		if said != c.want {
			t.Errorf("%+v", c.Verdict)
		}
	}
}
