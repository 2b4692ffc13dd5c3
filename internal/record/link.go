package record

import "implantrace/internal/trace"

// LinkKey is the key of the link of one patient with another in [Links].
func LinkKey(of, other trace.PatientID) []byte { return join(of[:], other[:]) }

func foldLink(about []trace.Entry) (l trace.Link) {
	for _, e := range about {
		f := e.Fact.(trace.LinkFact)
		l.ID, l.LinkFact, l.Lamport = trace.LinkIDOf(f.Survives, f.Other), f, e.Lamport
		l.History = append(l.History, trace.LinkWord{LinkFact: f, Stamp: stamp(e)})
	}
	return l
}

// link lists a link under both of its records.
func (w *writer) link(about []trace.Entry) {
	l := foldLink(about)
	w.value(Links, LinkKey(l.Survives, l.Other), l)
	if l.Survives != l.Other {
		w.value(Links, LinkKey(l.Other, l.Survives), l)
	}
}
