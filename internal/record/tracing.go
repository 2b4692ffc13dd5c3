package record

import "implantrace/internal/trace"

// foldTracing takes the trace of the latest day; of one day, the later recorded,
// but for one that says the patient died: it counts until a person has confirmed
// that the patient lives.
func foldTracing(about []trace.Entry) (t trace.Tracing) {
	died := false
	for _, e := range about {
		f := e.Fact.(trace.TracingFact)
		if f.Confirmed {
			died = false
		}
		died = died || f.Died
		if f.Day >= t.Day || f.Confirmed {
			t.TracingFact, t.Stamp = f, stamp(e)
		}
		t.History = append(t.History, stamp(e))
	}
	t.Contradicted = died && !t.Died
	return t
}
