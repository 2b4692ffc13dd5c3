package staff

import "slices"

// Role is what somebody is here. An account has any number of them.
type Role string

// The roles.
const (
	Theatre       Role = "theatre"        // scans and records what is used
	Clinician     Role = "clinician"      // a surgeon: may clear stops
	Recall        Role = "recall"         // works on recall notices
	Registry      Role = "registry"       // sends the record to registries, and puts it right
	Catalogue     Role = "catalogue"      // keeps what is said of products
	Auditor       Role = "auditor"        // sees who did and saw what
	SafetyOfficer Role = "safety-officer" // approves clinical use, and sets the checks
	Administrator Role = "administrator"  // keeps accounts, theatre machines and tokens
)

// Roles lists every role, in the order in which a page offers them.
func Roles() []Role {
	return []Role{Theatre, Clinician, Recall, Registry, Catalogue, Auditor, SafetyOfficer, Administrator}
}

// Words says a role as a person does.
func (r Role) Words() string {
	if r == SafetyOfficer {
		return "safety officer"
	}
	return string(r)
}

// Permission is one line of the table of permissions. The zero value is no line.
type Permission string

// What can be done here.
const (
	Anyone   Permission = "anyone"    // nobody need sign in
	SignedIn Permission = "signed-in" // whoever has signed in
	Operator Permission = "operator"  // the operator of the machine, through the node's socket; no role has it

	Scan           Permission = "scan"            // have devices checked and scans recorded; goes on while a theatre page is locked
	UseDesk        Permission = "use-desk"        // open and close procedures at the theatre page, say what became of a device
	ReadRecord     Permission = "read-record"     // see patients and what was recorded of them
	FindPatients   Permission = "find-patients"   // look patients up by their numbers
	WriteRecord    Permission = "write-record"    // record patients, procedures and devices, and put them right
	ClearStop      Permission = "clear-stop"      // let a device be used that a check stopped, as the second person
	FindDevices    Permission = "find-devices"    // ask who has a device
	WorkRecalls    Permission = "work-recalls"    // keep recall notices and their cases
	KeepQuarantine Permission = "keep-quarantine" // keep devices out of use, and let them go
	KeepStock      Permission = "keep-stock"      // say what lies on shelves, move, return and destroy it
	WriteCatalogue Permission = "write-catalogue" // say what a device identifier stands for
	KeepDirectory  Permission = "keep-directory"  // say whose a badge is, what a place is called and what a procedure code means
	SetChecks      Permission = "set-checks"      // change a check's level, or switch it off
	Approve        Permission = "approve"         // approve clinical use, or take that back
	ExportRecord   Permission = "export-record"   // take the record of patients out, for registries
	ImportHistory  Permission = "import-history"  // bring history in from elsewhere
	ReadJournal    Permission = "read-journal"    // see the journal's size, its proofs and the node's figures
	ReadAudit      Permission = "read-audit"      // see who did and saw what
	RecordScanners Permission = "record-scanners" // record what a handheld sends, byte for byte, take that out and delete it
	KeepAccounts   Permission = "keep-accounts"   // make accounts, give roles, end sign-ins, enrol theatre machines
	KeepTokens     Permission = "keep-tokens"     // make and revoke what programs sign in with
	BreakGlass     Permission = "break-glass"     // read the record for a limited time in spite of all this, with a reason
)

// Line is one line of the table.
type Line struct {
	Permission Permission
	Words      string // what it lets somebody do
	Roles      []Role
	Locked     bool // goes on while the theatre page is locked
	Glass      bool // given to whoever broke the glass, for a limited time
	Programs   bool // a program's token may have it
}

// everybody is every role.
var everybody = Roles()

// table is the one table of permissions. What is in no line nobody may do.
var table = []Line{
	{Permission: Anyone, Words: "See whether the node works, and sign in", Roles: everybody, Locked: true, Programs: true},
	{Permission: SignedIn, Words: "See pages and lists that say nothing of patients, and one's own account", Roles: everybody, Programs: true},
	{Permission: Operator, Words: "Make backups, change keys, erase identities: at the machine only, by the implantrace command"},

	{Permission: Scan, Words: "Have devices checked and scans recorded at the theatre page", Roles: []Role{Theatre, Clinician}, Locked: true, Programs: true},
	{Permission: UseDesk, Words: "Open and close procedures at the theatre page, say what became of a device", Roles: []Role{Theatre, Clinician}, Programs: true},
	{Permission: ReadRecord, Words: "See patients and what was recorded of them", Roles: []Role{Theatre, Clinician, Recall, Registry}, Glass: true, Programs: true},
	{Permission: FindPatients, Words: "Look patients up by their numbers", Roles: []Role{Theatre, Clinician, Recall, Registry}, Glass: true, Programs: true},
	{Permission: WriteRecord, Words: "Record patients, procedures and devices, and put them right", Roles: []Role{Theatre, Clinician, Registry}, Programs: true},
	{Permission: ClearStop, Words: "Clear a stop, as the second person and with one's own badge and PIN", Roles: []Role{Clinician}},
	{Permission: FindDevices, Words: "Ask who has a device", Roles: []Role{Clinician, Recall, SafetyOfficer}, Glass: true, Programs: true},
	{Permission: WorkRecalls, Words: "Keep recall notices and work on their cases", Roles: []Role{Recall}, Programs: true},
	{Permission: KeepQuarantine, Words: "Keep devices out of use, and let them go", Roles: []Role{Recall, SafetyOfficer}, Programs: true},
	{Permission: KeepStock, Words: "Say what lies on shelves, and move, return and destroy it", Roles: []Role{Theatre, Clinician, Recall, Catalogue, SafetyOfficer}, Programs: true},
	{Permission: WriteCatalogue, Words: "Say what a device identifier stands for, and import catalogues", Roles: []Role{Catalogue}, Programs: true},
	{Permission: KeepDirectory, Words: "Say whose a badge is, what a place is called and what a procedure code means", Roles: []Role{Catalogue, Administrator}, Programs: true},
	{Permission: SetChecks, Words: "Change a check's level, or switch it off", Roles: []Role{SafetyOfficer}},
	{Permission: Approve, Words: "Approve clinical use at this site, or take that back", Roles: []Role{SafetyOfficer}},
	{Permission: ExportRecord, Words: "Take the record of patients out, for registries", Roles: []Role{Registry}, Programs: true},
	{Permission: ImportHistory, Words: "Bring history in from elsewhere", Roles: []Role{Registry}, Programs: true},
	{Permission: ReadJournal, Words: "See the journal's size, its proofs and the node's figures", Roles: []Role{Auditor, SafetyOfficer, Administrator}, Programs: true},
	{Permission: ReadAudit, Words: "See who did and saw what", Roles: []Role{Auditor}},
	{Permission: RecordScanners, Words: "Record what a handheld sends, which may name patients; take recordings out and delete them", Roles: []Role{SafetyOfficer}},
	{Permission: KeepAccounts, Words: "Make accounts, give roles, end sign-ins, enrol theatre machines", Roles: []Role{Administrator}},
	{Permission: KeepTokens, Words: "Make and revoke what programs sign in with", Roles: []Role{Administrator}},
	{Permission: BreakGlass, Words: "Read the record for a limited time, with a reason that auditors see", Roles: everybody},
}

// Permissions is the table, in the order in which it is shown.
func Permissions() []Line { return slices.Clone(table) }

// line finds a permission's line.
func line(p Permission) (Line, bool) {
	i := slices.IndexFunc(table, func(l Line) bool { return l.Permission == p })
	if i < 0 {
		return Line{}, false
	}
	return table[i], true
}

// Known reports whether the table has a line for a permission.
func Known(p Permission) bool { _, ok := line(p); return ok }
