package trace

import (
	"context"
	"time"
)

// Inclusion proves that an entry is the seq-manieth of a log, by RFC 6962. Leaf
// is what the log holds of the entry: its public fields, and a commitment to
// what is sealed.
type Inclusion struct {
	Log   NodeID `json:"log"`
	Seq   uint64 `json:"seq"`  // from 0
	Size  uint64 `json:"size"` // of the log that the proof is for
	Root  Hash   `json:"root"` // of that log
	Leaf  []byte `json:"leaf"`
	Hash  Hash   `json:"leaf_hash"`
	Proof []Hash `json:"proof"`
}

// Consistency proves that a log of To entries begins with the log of From, by
// RFC 6962.
type Consistency struct {
	Log      NodeID `json:"log"`
	From     uint64 `json:"from"`
	To       uint64 `json:"to"`
	FromRoot Hash   `json:"from_root"`
	ToRoot   Hash   `json:"to_root"`
	Proof    []Hash `json:"proof"`
}

// Prover proves what stands in the logs of a store. It gives errors of kind
// NotFound for logs and entries that are not there, and of kind Invalid for
// sizes that no proof is for.
type Prover interface {
	// Checkpoint signs a log as it is now: a note as c2sp.org/tlog-checkpoint
	// has it. The zero log is the node's own. ReadOnly where the keys are not at
	// hand.
	Checkpoint(ctx context.Context, log NodeID) ([]byte, error)
	// VerifierKey is the key by which others check the signatures of
	// checkpoints; "" where the keys are not at hand.
	VerifierKey() string
	// Inclusion proves that an entry is in its log; size 0 is the log as it is.
	Inclusion(ctx context.Context, at Position, size uint64) (Inclusion, error)
	// Consistency proves that a log only grew; to 0 is the log as it is.
	Consistency(ctx context.Context, log NodeID, from, to uint64) (Consistency, error)
	// Reveal opens the sealed part of an entry so far that others can hold it
	// against the commitment under its leaf; nil when there is none or its key is
	// gone.
	Reveal(ctx context.Context, at Position) (*Opening, error)
	// Attest signs a statement of a kind as this node: a note that is no checkpoint.
	// Its body is one line of text. ReadOnly where the keys are not at hand.
	Attest(kind string, body []byte) ([]byte, error)
	// Locate gives the place of a command's part-th entry, from 0.
	Locate(ctx context.Context, command EventID, part uint16) (Position, error)
}

// Opening opens a commitment: the salt, and the bytes of the fields.
type Opening struct {
	Salt   []byte `json:"salt"`
	Fields []byte `json:"fields"`
}

// Departure says how checkpoints of a node's own log reach a place outside the
// machine.
type Departure struct {
	To            string     `json:"to"`                      // folder or address
	Left          *time.Time `json:"left,omitempty"`          // when the last one got there; nil: none yet
	Age           *float64   `json:"age_seconds,omitempty"`   // since then
	Size          uint64     `json:"size"`                    // entries that it stands for
	Behind        uint64     `json:"behind"`                  // entries recorded since
	Trouble       string     `json:"trouble,omitempty"`       // why the last try failed
	Contradiction string     `json:"contradiction,omitempty"` // what left earlier is of another history than the journal's
}
