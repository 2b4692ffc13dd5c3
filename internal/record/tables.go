package record

import (
	"iter"

	"implantrace/internal/trace"
)

// Table names a set of rows. The letter is the store's name for it.
type Table byte

// The tables: keys, then values. All numbers in keys are big-endian; ids have
// 16 bytes, nodes 8, positions in a log 8, times 8 (milliseconds, offset so
// that they sort), dates 3, DIs 7 (those that are no GTIN their text), hashes 8,
// flags and statuses 1. What is recorded of a patient, a procedure or a usage is
// in no table: it is folded from the entries that speak of it.
const (
	Objects        Table = 'o' // object, node, seq -> nothing: the entries that speak of a thing; command, node, seq -> count: the first entry of a command
	Nodes          Table = 'n' // node -> coverage
	Clock          Table = 'h' // "lamport" -> the highest number seen
	ByLookup       Table = 'p' // look-up hash, patient -> nothing
	Procedures     Table = 'R' // procedure -> flags, patient
	ByPatient      Table = 'r' // patient, start, procedure -> nothing
	ByStart        Table = 's' // start, procedure -> nothing
	ByPlace        Table = 'L' // hash of GLN or name, start, procedure -> nothing
	ByPerson       Table = 'w' // hash of code or name, start, procedure -> nothing
	ByProcedure    Table = 'u' // procedure, usage -> nothing
	ByLot          Table = 'l' // DI, ordered lot, 0, lot where it is written otherwise, 0, usage -> flags, procedure, serials: every usage, lot or not, also under what it was before a correction
	BySerial       Table = 'q' // DI, ordered serial, 0, serial where it is written otherwise, 0, usage -> flags, procedure: those with a serial, likewise
	ByExpiry       Table = 'e' // DI, date, lot as in ByLot -> how many usages of the lot have this expiry date
	ByManufactured Table = 'm' // DI, date, lot as in ByLot -> how many have this date of manufacture
	ByOutcome      Table = 'O' // status, occurred, usage -> nothing
	ByTime         Table = 't' // occurred, usage -> nothing
	Products       Table = 'D' // DI -> Product, as people said it
	Catalogue      Table = 'F' // DI 0 hash of a source -> CatalogueRow
	Readings       Table = 'g' // recorded, node, seq -> nothing
	Loose          Table = 'x' // DI, recorded, node, seq -> nothing: codes that were read and belong to no usage
	Approvals      Table = 'a' // "site" -> Approval
	ByCatalogue    Table = 'M' // folded catalogue number 0 usage -> nothing: usages whose label gives one
	Notices        Table = 'N' // notice -> Notice
	Cases          Table = 'K' // notice, case -> Case
	Attachments    Table = 'Y' // notice, attachment -> Attachment
	Quarantines    Table = 'A' // quarantine -> Quarantine
	ByPackBody     Table = 'B' // what the pack levels of a DI share, 0, quarantine -> nothing
	Settings       Table = 'C' // rule -> SettingRow
	Plans          Table = 'H' // procedure -> Plan
	Staff          Table = 'b' // badge -> Listed[StaffFact]
	Places         Table = 'G' // GLN, 0, extension -> Listed[PlaceFact]
	Codes          Table = 'd' // system and code as they meet -> Listed[CodeFact]
	Answers        Table = 'f' // procedure, form, 0, side -> Answers
	Photographs    Table = 'X' // procedure, photograph -> Photograph
	Runs           Table = 'k' // run -> Run
	RunParts       Table = 'Q' // run, part (4 bytes) -> node, seq of the first entry that says it
	Packed         Table = 'Z' // DI of a pack or of one piece, 0, DI of the product -> nothing: products that name it, or did
	Tracings       Table = 'T' // patient -> Tracing
	Stock          Table = 'S' // DI, line -> StockLine
	Accounts       Table = 'W' // account -> Account
	Credentials    Table = 'V' // account, method -> Credential
	Audits         Table = 'J' // recorded, node, seq -> nothing: who saw and did what
	AuditsOf       Table = 'j' // object, recorded, node, seq -> nothing: the same by what was seen, and by whose account
	Links          Table = 'i' // patient, the other patient -> Link: both ways
	Sets           Table = 'y' // 0, set -> Set; 1, hash of the barcode, set -> nothing
	Erased         Table = 'E' // subject, erasure's node, seq -> nothing: whose keys were taken away
)

// Retired are the letters of tables that earlier programs kept. A store may still
// hold their rows, so no table is ever named by one of them again.
const Retired = "cIPU"

// Projection is a table with the version of the rules that fill it.
type Projection struct {
	Table   Table
	Name    string
	Version uint8
	// Reads is the oldest version whose rows these rules read, and write among.
	// Such a table goes on serving while it is built anew; one that is older does
	// not.
	Reads uint8
}

// Tables lists every projection.
func Tables() []Projection {
	return []Projection{
		{Objects, "objects and commands", 2, 2}, {Nodes, "nodes", 3, 3}, {Clock, "clock", 1, 1},
		{ByLookup, "patients by look-up hash", 1, 1},
		{Procedures, "patients by procedure", 2, 2}, {ByPatient, "procedures by patient", 1, 1}, {ByStart, "procedures by start", 1, 1},
		{ByPlace, "procedures by place", 1, 1}, {ByPerson, "procedures by person", 1, 1},
		{ByProcedure, "usages by procedure", 1, 1}, {ByLot, "usages by DI and lot", 4, 4}, {BySerial, "usages by DI and serial", 4, 4},
		{ByExpiry, "lots by DI and expiry", 2, 2}, {ByManufactured, "lots by DI and date of manufacture", 2, 2},
		{ByOutcome, "usages by outcome", 1, 1}, {ByTime, "usages by time", 1, 1},
		{Products, "products", 3, 2}, {Catalogue, "rows of catalogues", 1, 1}, {Packed, "products by pack", 1, 1}, {Readings, "readings by time", 1, 1}, {Loose, "readings without a usage", 3, 3}, {Approvals, "approvals", 1, 1},
		{ByCatalogue, "usages by catalogue number", 1, 1},
		{Notices, "notices", 1, 1}, {Cases, "cases by notice", 2, 1}, {Attachments, "attachments by notice", 1, 1},
		{Quarantines, "quarantines", 2, 1}, {ByPackBody, "quarantines by pack", 1, 1}, {Settings, "settings of checks", 1, 1}, {Plans, "plans", 2, 1},
		{Staff, "staff by badge", 1, 1}, {Places, "places by location number", 1, 1}, {Codes, "procedure codes", 1, 1},
		{Answers, "answers to forms by procedure", 1, 1}, {Photographs, "photographs by procedure", 1, 1},
		{Runs, "runs of exports", 1, 1}, {RunParts, "parts of runs", 1, 1},
		{Tracings, "traces of patients", 1, 1}, {Stock, "stock by DI", 1, 1},
		{Accounts, "accounts", 1, 1}, {Credentials, "credentials", 1, 1}, {Audits, "audit by time", 1, 1}, {AuditsOf, "audit by what was seen", 1, 1},
		{Links, "links of patients", 1, 1}, {Erased, "erased subjects", 1, 1}, {Sets, "sets", 1, 1},
	}
}

// Needed reports whether recording itself reads a table: what the next number
// is, whether a command was recorded before, which entries speak of a thing.
// Without it nothing can be recorded.
func (t Table) Needed() bool {
	switch t {
	case Objects, Nodes, Clock:
		return true
	}
	return false
}

// Mutation is one row to write, or to delete where Delete is set.
type Mutation struct {
	Table  Table
	Key    []byte
	Value  []byte
	Delete bool
}

// Prior is what is there before an entry. What it hands out is good until the
// next mutation. Apply reads Objects, entries, and the rows that it is about to
// write, and nothing else, so that one table can be built anew beside the others.
type Prior interface {
	Get(t Table, key []byte) []byte
	Scan(t Table, prefix []byte) iter.Seq2[[]byte, []byte]
	Entry(at trace.Position) (trace.Entry, error)
}
