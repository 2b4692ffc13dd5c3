package record

import (
	"iter"

	"implantrace/internal/trace"
)

// Table names a set of rows. The letter is the store's name for it.
type Table byte

// The tables: keys, then values. All numbers in keys are big-endian; ids have
// 16 bytes, nodes 8, positions in a log 8, times 8 (milliseconds, offset so
// that they sort).
const (
	Objects     Table = 'o' // object, node, seq -> nothing: the entries that speak of a thing
	Commands    Table = 'c' // command, node -> receipt
	Nodes       Table = 'n' // node -> coverage
	Clock       Table = 'h' // "lamport" -> the highest number seen
	Patients    Table = 'P' // patient -> Patient
	ByLookup    Table = 'p' // look-up hash, patient -> nothing
	Procedures  Table = 'R' // procedure -> Procedure
	ByPatient   Table = 'r' // patient, start, procedure -> nothing
	ByStart     Table = 's' // start, procedure -> nothing
	Usages      Table = 'U' // usage -> Usage
	ByProcedure Table = 'u' // procedure, usage -> nothing
	ByLot       Table = 'l' // DI 0 folded lot 0 lot 0 usage -> nothing: every usage, lot or not, also under what it was before a correction
	BySerial    Table = 'q' // DI 0 folded serial 0 serial 0 usage -> nothing: those with a serial, likewise
	ByTime      Table = 't' // occurred, usage -> nothing
	Products    Table = 'D' // DI -> Product, as people said it
	Catalogue   Table = 'F' // DI 0 hash of a source -> CatalogueRow
	Readings    Table = 'g' // recorded, node, seq -> nothing
	Loose       Table = 'x' // DI 0 recorded, node, seq -> nothing: codes that were read and belong to no usage
	Approvals   Table = 'a' // "site" -> Approval
	Erased      Table = 'E' // subject, erasure's node, seq -> nothing: whose keys were taken away
	Numbers     Table = 'I' // DI 0 usage n -> marks, lot 0 serial: every usage; n is 0 for what it is, 1... for what it was before a correction
	Notices     Table = 'N' // notice -> Notice
	Cases       Table = 'K' // notice, case -> Case
	Attachments Table = 'Y' // notice, attachment -> Attachment
	ByCatalogue Table = 'M' // folded catalogue number 0 usage -> nothing: usages whose label gives one
	Quarantines Table = 'A' // quarantine -> Quarantine
	ByPackBody  Table = 'B' // what the pack levels of a DI share, 0, quarantine -> nothing
	Settings    Table = 'C' // rule -> SettingRow
	Plans       Table = 'H' // procedure -> Plan
)

// Projection is a table with the version of the rules that fill it.
type Projection struct {
	Table   Table
	Name    string
	Version uint8
}

// Tables lists every projection.
func Tables() []Projection {
	return []Projection{
		{Objects, "objects", 1}, {Commands, "commands", 1}, {Nodes, "nodes", 3}, {Clock, "clock", 1},
		{Patients, "patients", 1}, {ByLookup, "patients by look-up hash", 1},
		{Procedures, "procedures", 2}, {ByPatient, "procedures by patient", 1}, {ByStart, "procedures by start", 1},
		{Usages, "usages", 3}, {ByProcedure, "usages by procedure", 1}, {ByLot, "usages by DI and lot", 2},
		{BySerial, "usages by DI and serial", 2}, {ByTime, "usages by time", 1},
		{Products, "products", 2}, {Catalogue, "rows of catalogues", 1}, {Readings, "readings by time", 1}, {Loose, "readings without a usage", 2}, {Approvals, "approvals", 1}, {Erased, "erased subjects", 1},
		{Numbers, "usages by DI with their numbers", 1}, {ByCatalogue, "usages by catalogue number", 1},
		{Notices, "notices", 1}, {Cases, "cases by notice", 1}, {Attachments, "attachments by notice", 1},
		{Quarantines, "quarantines", 1}, {ByPackBody, "quarantines by pack", 1}, {Settings, "settings of checks", 1}, {Plans, "plans", 1},
	}
}

// Mutation is one row to write, or to delete where Delete is set.
type Mutation struct {
	Table  Table
	Key    []byte
	Value  []byte
	Delete bool
}

// Prior is what is there before an entry. What it hands out is good until the
// next mutation.
type Prior interface {
	Get(t Table, key []byte) []byte
	Scan(t Table, prefix []byte) iter.Seq2[[]byte, []byte]
	Entry(at trace.Position) (trace.Entry, error)
}
