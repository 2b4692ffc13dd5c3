package trace

import (
	"context"
	"encoding/hex"
	"iter"
	"time"
)

// Clock tells the time.
type Clock func() time.Time

// Result is what became of one command.
type Result struct {
	Receipt Receipt
	Err     error // of kind Conflict or Invalid: this command was not recorded
}

// Journal takes commands and gives entries.
type Journal interface {
	// Append records the commands in order, each whole or not at all, and
	// returns one result for each, only after they are durable: once a receipt
	// is out, no crash loses what it stands for. A command whose id was
	// recorded before gives the same receipt again when its canonical bytes
	// are the same (Repeated), and an error of kind Conflict when they are not.
	// The error is for the whole call: kind OutcomeUnknown, Full or ReadOnly
	// when the commit failed (repeat with the same ids), Busy when the queue is
	// full or the context ended before the commands were taken. Once they are
	// taken the call waits for the commit whatever the context does. It may be
	// called from many goroutines.
	Append(ctx context.Context, commands ...Command) ([]Result, error)

	// Find gives the receipt of a command recorded before, or kind NotFound.
	// With canonical bytes other than the recorded ones: kind Conflict.
	Find(ctx context.Context, id EventID, canonical []byte) (Receipt, error)

	// Entries gives a node's entries from a position on, in order, with their
	// sealed parts opened where the key is at hand.
	Entries(ctx context.Context, from Position) iter.Seq2[Entry, error]

	// Import takes another node's entries, consecutive and in order. Entries
	// that are there already are passed over when they are the same and refused
	// (kind Conflict) when they are not; a gap is refused (kind Invalid). With
	// a proof, the tree after the import must have its root. All or nothing.
	Import(ctx context.Context, node NodeID, entries []Entry, proof TreeHead) error

	// Heads gives each node's log with its size and Merkle root.
	Heads(ctx context.Context) ([]TreeHead, error)
}

// TreeHead is the size and the RFC 6962 root of a node's log. The zero
// TreeHead as a proof proves nothing and is not asked.
type TreeHead struct {
	Node NodeID `json:"node"`
	Size uint64 `json:"size"`
	Root Hash   `json:"root"`
}

// Hash is a SHA-256 hash; in text, 64 hexadecimal digits.
type Hash [32]byte

// MarshalText gives hexadecimal digits.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText takes hexadecimal digits.
func (h *Hash) UnmarshalText(b []byte) error {
	v, err := hex.DecodeString(string(b))
	if err != nil || len(v) != len(h) {
		return Errorf(Invalid, "%q is not a hash (64 hexadecimal digits)", clip(string(b), 80))
	}
	copy(h[:], v)
	return nil
}

// Query asks for usages. It is closed data: what it names is joined by "and",
// an empty field asks nothing. A store may answer with more than what matches
// (the asker decides, with [Query.Asks]), never with less.
type Query struct {
	DI           string // device identifier, exact
	NoDI         bool   // usages without a device identifier
	Lot          string // with DI: exact or any writing variant
	Serial       string // with DI: exact or any writing variant
	Catalogue    string // alone: the catalogue number that its label gives, exact or any writing variant
	Lots         Range  // with DI
	Serials      Range  // with DI
	Expiry       Period // with DI: date of expiry
	Manufactured Period // with DI: date of manufacture
	Procedure    ProcedureID
	Patient      PatientID
	Place        Place  // of the procedure: its GLN, or its name where no GLN is given
	Person       Person // in the procedure: the code, or the name where no code is given
	Status       Status
	From, To     time.Time // Occurred, From included, To not
	Former       bool      // with DI: also what was recorded so before a correction; then one usage may come more than once
	After        []byte    // a key where an earlier answer stopped: go on behind it
}

// Range is of lot or serial numbers, both ends included, in the order in which
// they are counted ([udi.Order]): capitals, without separators, O read as 0, I and
// L as 1, runs of digits as numbers. An empty end is open.
type Range struct{ From, To string }

// IsZero reports whether it asks for nothing.
func (r Range) IsZero() bool { return r == Range{} }

// Period is of dates (YYYY-MM-DD), both included. An empty end is open.
type Period struct{ From, To string }

// IsZero reports whether it asks for nothing.
func (p Period) IsZero() bool { return p == Period{} }

// Hit is a usage and the key it was found under.
type Hit struct {
	Key   []byte
	Usage Usage
}

// Holding says whose a device is: a usage with its procedure and patient, zero
// where they are not recorded.
type Holding struct {
	Key       []byte // it was found under
	Usage     UsageID
	Procedure ProcedureID
	Patient   PatientID
	Former    bool // it was recorded so before a correction, and is so no longer
	Withdrawn bool // the usage was withdrawn
}

// ProcedureQuery asks for procedures, latest first. Without Patient it is
// answered by starting time.
type ProcedureQuery struct {
	Patient  PatientID
	Place    Place  // as in [Query]
	Person   Person // likewise
	From, To time.Time
	OpenOnly bool
	After    []byte
}

// ProcedureHit is a procedure and the key it was found under.
type ProcedureHit struct {
	Key       []byte
	Procedure Procedure
}

// Finder answers questions. Each call sees one state of the store for as long
// as it lasts; none holds a transaction longer than it needs for a page of
// rows. Things that are not there are errors of kind NotFound.
type Finder interface {
	Directory
	Links
	// Candidates gives a superset of the usages that match, in key order.
	Candidates(ctx context.Context, q Query) iter.Seq2[Hit, error]
	// Holdings says of the usages that match a query with DI and lot, or DI and
	// serial, or ranges of them, whose they are, in key order, without reading
	// what else is recorded of them. Other fields but Former and After are not
	// asked. It gives every writing variant.
	Holdings(ctx context.Context, q Query) iter.Seq2[Holding, error]
	Usage(ctx context.Context, id UsageID) (Usage, error)
	// Identifiers gives every device identifier under which a usage is recorded,
	// or was before a correction, each once and in order.
	Identifiers(ctx context.Context) iter.Seq2[string, error]
	// Numbers gives what is indexed of every usage under a device identifier; for
	// the empty one, of those without. A usage may come more than once, under what
	// it is and under what it was.
	Numbers(ctx context.Context, di string) iter.Seq2[Numbered, error]

	Procedures(ctx context.Context, q ProcedureQuery) iter.Seq2[ProcedureHit, error]
	Procedure(ctx context.Context, id ProcedureID) (Procedure, error)

	Patient(ctx context.Context, id PatientID) (Patient, error)
	// Identity opens who a patient is.
	Identity(ctx context.Context, id PatientID) (Identity, error)
	// Person is [ShownAs]: the identity that is shown of the person, with all
	// patients that are the same, as [SamePatients] gives them.
	Person(ctx context.Context, id PatientID) (Identity, []PatientID, error)
	// PatientsBy gives all patients that any of the hashes finds, each once,
	// in the order of their ids. Withdrawn patients are left out.
	PatientsBy(ctx context.Context, lookups ...LookupHash) ([]PatientID, error)

	// Product joins what people and catalogues say of a device identifier.
	Product(ctx context.Context, di string) (Product, error)
	// Products gives all products in the order of their identifiers, from behind
	// one.
	Products(ctx context.Context, after string) iter.Seq2[Product, error]
	// Packed gives the identifiers of the products that name a device identifier as
	// one of their packs, or as their unit of use, in order.
	Packed(ctx context.Context, di string) ([]string, error)
	// CatalogueRow is what one catalogue said last of a device identifier.
	CatalogueRow(ctx context.Context, source, di string) (CatalogueRow, error)

	// Notices gives all notices, in the order of their ids, oldest first.
	Notices(ctx context.Context) iter.Seq2[Notice, error]
	Notice(ctx context.Context, id NoticeID) (Notice, error)
	// NoticeBody is the body of a notice, as the entry at a place says it.
	NoticeBody(ctx context.Context, at Position) ([]byte, error)
	// Cases gives the cases of a notice, in the order of their ids.
	Cases(ctx context.Context, n NoticeID) iter.Seq2[Case, error]
	Case(ctx context.Context, n NoticeID, id CaseID) (Case, error)
	Attachments(ctx context.Context, n NoticeID) iter.Seq2[Attachment, error]
	// Tracing is what traces said of a patient; NotFound where none did.
	Tracing(ctx context.Context, id PatientID) (Tracing, error)
	StockFinder
	// CheckSettings gives what the site has set of checks, one for each rule that
	// was ever set.
	CheckSettings(ctx context.Context) ([]CheckSetting, error)
	// Quarantines gives the quarantines that may name a device identifier; with
	// the empty one, all. Those that were released are among them.
	Quarantines(ctx context.Context, di string) iter.Seq2[Quarantine, error]
	Quarantine(ctx context.Context, id QuarantineID) (Quarantine, error)
	// Plan is what is planned for a procedure; NotFound where nothing is.
	Plan(ctx context.Context, id ProcedureID) (Plan, error)

	// Answers gives the forms about a procedure that were filled in, by form and
	// side.
	Answers(ctx context.Context, id ProcedureID) iter.Seq2[Answers, error]
	// Photographs gives the pictures that are kept with a procedure, in the order
	// of their ids.
	Photographs(ctx context.Context, id ProcedureID) iter.Seq2[Photograph, error]

	// Sets gives all sets, in the order of their ids; those that were removed among
	// them.
	Sets(ctx context.Context) iter.Seq2[Set, error]
	Set(ctx context.Context, id SetID) (Set, error)
	// SetsByCode gives the sets with a barcode, those that were removed left out.
	SetsByCode(ctx context.Context, code string) ([]Set, error)

	// Runs gives the runs of exports, oldest first.
	Runs(ctx context.Context) iter.Seq2[Run, error]
	Run(ctx context.Context, id RunID) (Run, error)
	// RunParts gives the parts of a run in their order.
	RunParts(ctx context.Context, id RunID) iter.Seq2[RunPart, error]

	// Readings gives readings by time, latest first, from behind a key.
	Readings(ctx context.Context, after []byte) iter.Seq2[ReadingHit, error]
	// Loose gives the readings that may be of a device in no usage: those of a
	// device identifier read while no procedure was open, or, for the empty one,
	// those of no known product, among them codes read in a procedure and not
	// understood. Oldest first.
	Loose(ctx context.Context, di string) iter.Seq2[Reading, error]
	// Secret opens the sealed part of one entry; nil when there is none or
	// its key is gone.
	Secret(ctx context.Context, at Position) (*Secret, error)

	// Approval gives the site's word on clinical use; NotFound when nobody
	// has spoken.
	Approval(ctx context.Context) (Approval, error)

	// Coverage says which logs the answers of this store rest on.
	Coverage(ctx context.Context) ([]NodeCoverage, error)
}

// ReadingHit is a reading and the key it was found under.
type ReadingHit struct {
	Key     []byte
	Reading Reading
}

// Hasher makes the keyed hashes a patient is found by, one for each version of
// the trust's key, newest first: write the first, look for all. The value is an
// NHS number, or issuer and local number joined by "|".
type Hasher interface {
	Lookups(kind byte, value string) []LookupHash
}

// Store is everything a node keeps.
type Store interface {
	Journal
	Finder
	Staff
	Hasher
	// Node is the node whose log this store appends to.
	Node() NodeID
	Close() error
}
