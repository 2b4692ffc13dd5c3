package trace

import "time"

// Finding is something wrong in a store.
type Finding struct {
	Where string `json:"where"` // which entry, which row of which table, or which page of the file
	What  string `json:"what"`
}

// Trust is what a verification is given from outside, so that it need not take
// the store's word.
type Trust struct {
	Keys        []string  `json:"keys,omitempty"`        // verifier keys of nodes; none: the node's own
	Checkpoints []Outside `json:"checkpoints,omitempty"` // kept outside the store
}

// Outside is a checkpoint that was kept outside the store.
type Outside struct {
	Name string `json:"name"` // of the file it comes from
	Note string `json:"note"` // as it was signed
}

// Held is a checkpoint that the journal was held against.
type Held struct {
	Name   string     `json:"name"`
	Log    NodeID     `json:"log"`
	Size   uint64     `json:"size"`
	Root   Hash       `json:"root"`
	Signed *time.Time `json:"signed,omitempty"` // by the signer's clock
	Signer string     `json:"signer"`           // the name of the key
	Holds  bool       `json:"holds"`            // the journal begins with the entries it stands for
}

// Verification is what working everything out again from the journal came to.
type Verification struct {
	Heads    []TreeHead `json:"heads"`
	Entries  uint64     `json:"entries"`
	Lost     uint64     `json:"lost"`    // places of entries that are gone since a file was damaged
	Sealed   uint64     `json:"sealed"`  // sealed parts
	Opened   uint64     `json:"opened"`  // of them, opened and held against their commitments
	Erased   uint64     `json:"erased"`  // of them, without a key
	Rows     uint64     `json:"rows"`    // of the record, built anew and compared
	Pages    uint64     `json:"pages"`   // of the file, looked at
	Outside  []Held     `json:"outside"` // checkpoints from outside that were held against the journal
	Notes    []string   `json:"notes"`   // what the answer rests on, and what could not be looked at
	Findings []Finding  `json:"findings"`
}
