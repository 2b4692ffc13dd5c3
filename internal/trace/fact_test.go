package trace_test

import (
	"testing"

	"implantrace/internal/trace"
)

func TestStatuses(t *testing.T) {
	for s, want := range map[trace.Status]struct {
		outcome bool
		in      string
		words   string
	}{
		"": {false, "unknown", "not said"}, trace.Checked: {false, "unknown", "checked"}, trace.Opened: {false, "unknown", "opened"},
		trace.Implanted: {true, "yes", "implanted"}, trace.Explanted: {true, "was", "explanted"}, trace.Trial: {true, "was", "trial"},
		trace.NotUsed: {true, "no", "opened, not used"}, trace.Wasted: {true, "no", "wasted"}, trace.Returned: {true, "no", "returned"},
	} {
		if s.Outcome() != want.outcome || s.InPatient() != want.in || s.String() != want.words {
			t.Errorf("%q: outcome %v, in the patient %q, %q", string(s), s.Outcome(), s.InPatient(), s)
		}
	}
	if len(trace.Statuses()) != 8 || len(trace.Sides()) != 4 {
		t.Error("the lists have changed: pages and exports offer them")
	}
}

func TestEachKindOfFactHasItsNumberAndObject(t *testing.T) {
	p, u := trace.PatientID(trace.NewEventID()), trace.UsageID(trace.NewEventID())
	for _, c := range []struct {
		fact   trace.Fact
		kind   trace.FactKind
		object [16]byte
	}{
		{trace.NodeFact{Node: trace.NodeID{1}}, 1, trace.NodeFact{Node: trace.NodeID{1}}.Object()},
		{trace.ReadingFact{Reading: trace.EventID(u)}, 2, u}, {trace.PatientFact{Patient: p}, 3, p},
		{trace.ProcedureFact{Procedure: trace.ProcedureID(u)}, 4, u}, {trace.UsageFact{Usage: u}, 5, u},
		{trace.ProductFact{DI: "1"}, 6, trace.ProductObject("1")}, {trace.ApprovalFact{}, 7, trace.ApprovalFact{Approved: true}.Object()},
	} {
		if c.fact.Kind() != c.kind || c.fact.Object() != c.object {
			t.Errorf("%T: kind %d, object %x", c.fact, c.fact.Kind(), c.fact.Object())
		}
	}
	if trace.ProductObject("1") == trace.ProductObject("2") || (trace.NodeFact{}).Object() == (trace.NodeFact{Node: trace.NodeID{1}}).Object() {
		t.Error("two things have one object")
	}
}

func TestWords(t *testing.T) {
	for want, s := range map[string]interface{ String() string }{
		"W371": trace.Code{Code: "W371"}, "Total hip": trace.Code{Text: "Total hip"}, "W371 Total hip": trace.Code{Code: "W371", Text: "Total hip"},
		"Theatre 4": trace.Place{Name: "Theatre 4"}, "GLN 1 / X": trace.Place{GLN: "1", Extension: "X"}, "Theatre 4 (GLN 1)": trace.Place{Name: "Theatre 4", GLN: "1"},
		"A. Smith (surgeon)": trace.Person{Name: "A. Smith", Role: "surgeon"}, "badge 7": trace.Person{Code: "7"}, "B": trace.Person{Code: "7", Name: "B"},
	} {
		if s.String() != want {
			t.Errorf("%+v: %q, want %q", s, s, want)
		}
	}
}
