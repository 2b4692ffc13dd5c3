package record

import (
	"encoding/binary"

	"implantrace/internal/trace"
)

// RunPartKey is the key of a run's part in RunParts.
func RunPartKey(id trace.RunID, part int) []byte {
	return binary.BigEndian.AppendUint32(append([]byte(nil), id[:]...), uint32(part))
}

// StampOf says when an entry was recorded, by whom and where it stands.
func StampOf(e trace.Entry) trace.Stamp { return stamp(e) }

// foldRun takes what a run is of, and what it came to, from whoever said it first;
// the last says what became of it.
func foldRun(about []trace.Entry) trace.Run {
	var r trace.Run
	made := false
	for _, e := range about {
		f := e.Fact.(trace.RunFact)
		if f.State == trace.RunBegun && len(r.History) == 0 {
			r.Scope = f.Scope
		}
		if f.State == trace.RunMade && !made {
			r.Result, made = f.Result, true
		}
		r.ID, r.State = f.Run, f.State
		r.History = append(r.History, trace.RunStep{State: f.State, Stamp: stamp(e)})
	}
	return r
}
