package trace

import (
	"cmp"
	"strconv"
	"time"
)

// RunID names a run.
type RunID = ID[OfRun]

// RunState is how far a run has come.
type RunState string

// The states of a run, in their order.
const (
	RunBegun     RunState = "begun"     // it is being made, or broke off
	RunMade      RunState = "made"      // its bytes are kept whole
	RunCancelled RunState = "cancelled" // somebody stopped it while it was made
	RunFailed    RunState = "failed"    // it could not be made; why is in the Secret
	RunSent      RunState = "sent"      // its bytes lie whole where a schedule brings them
	RunUnsent    RunState = "unsent"    // the place that a schedule names did not take them; why is in the Secret
	RunAccepted  RunState = "accepted"  // the registry took it
	RunRefused   RunState = "refused"   // the registry did not take it; why is in the Secret
)

// Whole reports whether the run's bytes are there to be taken out.
func (s RunState) Whole() bool {
	switch s {
	case RunMade, RunSent, RunUnsent, RunAccepted, RunRefused:
		return true
	}
	return false
}

// RunScope is what a run is of.
type RunScope struct {
	Registry  string      `json:"registry" cbor:"1,keyasint"`                    // "njr"
	Section   string      `json:"section,omitempty" cbor:"2,keyasint,omitempty"` // "HIP PRIMARY"
	From      time.Time   `json:"from,omitzero" cbor:"3,keyasint,omitzero"`      // procedures that began then or later; zero: all
	To        time.Time   `json:"to,omitzero" cbor:"4,keyasint,omitzero"`        // and before that; zero: all
	Month     string      `json:"month,omitempty" cbor:"5,keyasint,omitempty"`   // YYYY-MM, where a registry is told by months
	Place     Place       `json:"place,omitzero" cbor:"6,keyasint,omitzero"`
	Procedure ProcedureID `json:"procedure,omitzero" cbor:"7,keyasint,omitzero"`
	// Changes leaves out what the registry was told before, in runs that it
	// accepted, and that is the same now.
	Changes bool `json:"changes,omitempty" cbor:"8,keyasint,omitempty"`
	// Schedule is the name of the schedule that asked for the run; "": a person or
	// a program did.
	Schedule string `json:"schedule,omitempty" cbor:"9,keyasint,omitempty"`
	// Mapping is the one that the file is made by; zero: by none.
	Mapping RunMapping `json:"mapping,omitzero" cbor:"10,keyasint,omitzero"`
}

// RunMapping says by which mapping of columns a run's file is made.
type RunMapping struct {
	File    string `json:"file" cbor:"1,keyasint"`    // in the node's folder of mappings, without its ending
	Name    string `json:"name" cbor:"2,keyasint"`    // as the mapping says
	Version string `json:"version" cbor:"3,keyasint"` // likewise
	SHA256  Hash   `json:"sha256" cbor:"4,keyasint"`  // of its text
}

// RunResult is what a run came to.
type RunResult struct {
	Name        string `json:"name" cbor:"1,keyasint"` // of the file
	Since       RunID  `json:"since,omitzero" cbor:"2,keyasint,omitzero"`
	Procedures  int    `json:"procedures" cbor:"3,keyasint"`   // that were looked at
	Records     int    `json:"records" cbor:"4,keyasint"`      // in the file
	Rows        int    `json:"rows" cbor:"5,keyasint"`         // lines of the file, without its heading
	New         int    `json:"new" cbor:"6,keyasint"`          // of the records, those that no accepted run had
	Changed     int    `json:"changed" cbor:"7,keyasint"`      // of the records, those that an accepted run had otherwise
	Unchanged   int    `json:"unchanged" cbor:"8,keyasint"`    // as an accepted run had them; in the file of a full run only
	Held        int    `json:"held" cbor:"9,keyasint"`         // records that were kept back
	Withdrawals int    `json:"withdrawals" cbor:"10,keyasint"` // records of accepted runs that are no longer any
	Parts       int    `json:"parts" cbor:"11,keyasint"`
	Size        int64  `json:"size" cbor:"12,keyasint"` // bytes
	SHA256      Hash   `json:"sha256" cbor:"13,keyasint"`
}

// RunFact says something of a run of an export for a registry: that it begins,
// what it came to, and later what became of it. Why, where it says so, is in the
// entry's Secret (Note).
type RunFact struct {
	Run    RunID     `json:"run" cbor:"1,keyasint"`
	State  RunState  `json:"state" cbor:"2,keyasint"`
	Scope  RunScope  `json:"scope,omitzero" cbor:"3,keyasint,omitzero"`  // of one that begins
	Result RunResult `json:"result,omitzero" cbor:"4,keyasint,omitzero"` // of one that is made
}

// RunRowState is why a record stands in a run.
type RunRowState string

// Why a record stands in a run.
const (
	RowNew       RunRowState = "new"
	RowChanged   RunRowState = "changed"
	RowUnchanged RunRowState = "unchanged"
	RowHeld      RunRowState = "held"      // it is kept back, and not in the file
	RowWithdrawn RunRowState = "withdrawn" // an accepted run had it, and it is no longer; not in the file
)

// InFile reports whether the record is in the run's file.
func (s RunRowState) InFile() bool { return s == RowNew || s == RowChanged || s == RowUnchanged }

// RunRow is one record of a run, by the ids of what it is of. It names nobody:
// Hash is a keyed hash of what the record says.
type RunRow struct {
	Procedure ProcedureID `json:"procedure" cbor:"1,keyasint"`
	Usage     UsageID     `json:"usage,omitzero" cbor:"2,keyasint,omitzero"`
	Side      Side        `json:"side,omitempty" cbor:"3,keyasint,omitempty"`
	State     RunRowState `json:"state" cbor:"4,keyasint"`
	Hash      LookupHash  `json:"-" cbor:"5,keyasint,omitzero"`
	Start     int64       `json:"-" cbor:"6,keyasint,omitempty"`               // of the procedure: milliseconds since 1970; 0: none
	Lines     int         `json:"lines,omitempty" cbor:"7,keyasint,omitempty"` // of the file
}

// RunPartFact holds some of a run: the next bytes of its file in the entry's
// Secret (Raw), which records they are, and which were kept back (why is in the
// Secret's Answers). A run is kept in parts so that neither making it nor reading it
// asks for the memory of the whole, and each is sealed under a key of its own, so
// that a patient who is erased takes along no more than the parts that name them.
type RunPartFact struct {
	Run  RunID    `json:"run" cbor:"1,keyasint"`
	Part int      `json:"part" cbor:"2,keyasint"` // from 0
	Size int      `json:"size" cbor:"3,keyasint"` // bytes of the file
	Rows []RunRow `json:"rows,omitempty" cbor:"4,keyasint,omitempty"`
}

// Kind and Object of the facts of runs.
func (RunFact) Kind() FactKind     { return KindRun }
func (RunPartFact) Kind() FactKind { return KindRunPart }

func (f RunFact) Object() [16]byte { return f.Run }

// Object is the part of the run.
func (f RunPartFact) Object() [16]byte {
	return DeriveID[OfEvent](f.Run, "part/"+strconv.Itoa(f.Part))
}

// Run is what the record knows of a run.
type Run struct {
	ID      RunID     `json:"id" cbor:"1,keyasint"`
	State   RunState  `json:"state" cbor:"2,keyasint"`
	Scope   RunScope  `json:"scope" cbor:"3,keyasint"`
	Result  RunResult `json:"result,omitzero" cbor:"4,keyasint,omitzero"`
	History []RunStep `json:"history" cbor:"5,keyasint"`
}

// RunStep is one thing that was said of a run.
type RunStep struct {
	State RunState `json:"state" cbor:"1,keyasint"`
	Stamp Stamp    `json:"stamp" cbor:"2,keyasint"`
}

// Compare brings runs into the order in which they were begun.
func (r Run) Compare(o Run) int {
	a, b := r.History[0].Stamp, o.History[0].Stamp
	return cmp.Or(a.Recorded.Compare(b.Recorded), cmp.Compare(a.Position.Seq, b.Position.Seq))
}

// Said is the last step that said the run's state.
func (r Run) Said() RunStep {
	for i := len(r.History) - 1; i >= 0; i-- {
		if r.History[i].State == r.State {
			return r.History[i]
		}
	}
	return RunStep{}
}

// RunPart is a part that is kept, and where it stands: [Finder].Secret opens it.
type RunPart struct {
	RunPartFact
	Stamp Stamp `json:"stamp"`
}
