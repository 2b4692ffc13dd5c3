package trace

// Finding is something wrong in a store.
type Finding struct {
	Where string `json:"where"` // which entry, or which row of which table
	What  string `json:"what"`
}

// Verification is what working everything out again from the journal came to.
type Verification struct {
	Heads    []TreeHead `json:"heads"`
	Entries  uint64     `json:"entries"`
	Sealed   uint64     `json:"sealed"` // sealed parts
	Opened   uint64     `json:"opened"` // of them, opened and held against their commitments
	Erased   uint64     `json:"erased"` // of them, without a key
	Rows     uint64     `json:"rows"`   // of the record and the trees, built anew and compared
	Findings []Finding  `json:"findings"`
}
