package trace

import (
	"crypto/sha256"
	"time"

	"implantrace/internal/udi"
)

// FactKind numbers the kinds of fact. The numbers are in every journal and
// never change.
type FactKind uint8

// The kinds of fact.
const (
	KindNode      FactKind = 1 // a node's log begins
	KindReading   FactKind = 2 // something was scanned, photographed or typed
	KindPatient   FactKind = 3
	KindProcedure FactKind = 4
	KindUsage     FactKind = 5
	KindProduct   FactKind = 6
	KindApproval  FactKind = 7 // a site approves clinical use, or takes that back
	KindErasure   FactKind = 8 // a patient's identity is made unreadable
	KindLink      FactKind = 9 // two records of patients are of one person, or are not

	KindRecovery FactKind = 10 // a store was recovered from a damaged file

	KindCatalogue    FactKind = 20 // rows of a catalogue came in from elsewhere
	KindCheckSetting FactKind = 21 // the site sets the level of a check, or switches it off or on
	KindQuarantine   FactKind = 22 // devices are kept out of use, or let go
	KindPlan         FactKind = 23 // what is planned for a procedure
	KindStaff        FactKind = 24 // who a badge's bearer is
	KindPlace        FactKind = 25 // what a location number stands for
	KindCode         FactKind = 26 // what a procedure code means
	KindAnswers      FactKind = 27 // a form about a procedure is filled in
	KindPhotograph   FactKind = 28 // a picture of what was scanned is kept
	KindRun          FactKind = 29 // an export for a registry begins, is made, accepted or refused

	KindNotice     FactKind = 30 // a recall notice
	KindAttachment FactKind = 31 // a document of a notice
	KindCase       FactKind = 32 // the work on one patient of a notice
	KindTracing    FactKind = 33 // where a patient lives, and whether
	KindStock      FactKind = 34 // what happened to devices on a shelf
	KindRunPart    FactKind = 35 // some of the bytes of an export's run
	KindSet        FactKind = 37 // what is in a tray

	KindAccount    FactKind = 50 // somebody, a machine or a program that signs in
	KindCredential FactKind = 51 // what an account signs in with
	KindAudit      FactKind = 52 // somebody saw or did what leaves no other entry
)

// Fact is what an entry says. The fields that are filled are what it says;
// an empty field says nothing.
type Fact interface {
	Kind() FactKind
	// Object is the thing spoken of. What is known of it is all its facts, in
	// the order of their Lamport numbers.
	Object() [16]byte
}

// Amend is how a fact puts earlier ones right. It is part of every fact that
// can be corrected.
type Amend struct {
	Corrects EventID  `json:"corrects,omitzero" cbor:"1,keyasint,omitzero"`   // the entry that was wrong
	Clear    []string `json:"clear,omitempty" cbor:"2,keyasint,omitempty"`    // fields that are to be empty
	Withdraw bool     `json:"withdraw,omitempty" cbor:"3,keyasint,omitempty"` // it never happened, or was recorded on the wrong one
	Restore  bool     `json:"restore,omitempty" cbor:"4,keyasint,omitempty"`  // the withdrawal was wrong
}

// NodeFact is the first entry of a log.
type NodeFact struct {
	Node    NodeID `json:"node" cbor:"1,keyasint"`
	Name    string `json:"name" cbor:"2,keyasint"`
	Version string `json:"version" cbor:"3,keyasint"` // of the program that made the store
	// Practice: people learn on this log, and nothing in it is real.
	Practice bool `json:"practice,omitempty" cbor:"4,keyasint,omitempty"`
}

// ReadingFact is one reading and what it was taken to mean. The text itself is
// public for devices, staff and places; for anything else it is in the Secret.
type ReadingFact struct {
	Reading   EventID     `json:"reading" cbor:"1,keyasint"`
	Source    string      `json:"source" cbor:"2,keyasint"`
	Scanner   string      `json:"scanner,omitempty" cbor:"3,keyasint,omitempty"`
	Format    string      `json:"format,omitempty" cbor:"4,keyasint,omitempty"`
	Symbology string      `json:"symbology,omitempty" cbor:"5,keyasint,omitempty"`
	Text      string      `json:"text,omitempty" cbor:"6,keyasint,omitempty"`
	Means     udi.Kind    `json:"means" cbor:"7,keyasint"`
	Issues    []udi.Issue `json:"issues,omitempty" cbor:"8,keyasint,omitempty"`
	Patient   PatientID   `json:"patient,omitzero" cbor:"9,keyasint,omitzero"`
	Procedure ProcedureID `json:"procedure,omitzero" cbor:"10,keyasint,omitzero"` // open when it was read
	Usage     UsageID     `json:"usage,omitzero" cbor:"11,keyasint,omitzero"`     // the usage it made
	Verdict   Verdict     `json:"verdict,omitzero" cbor:"12,keyasint,omitzero"`
}

// PatientFact says that there is a patient, found by these keyed hashes; the
// identity is in the entry's Secret.
type PatientFact struct {
	Patient PatientID    `json:"patient" cbor:"1,keyasint"`
	Lookups []LookupHash `json:"lookups,omitempty" cbor:"2,keyasint,omitempty"`
	// Provisional is the temporary name, made by the product, of a patient whom
	// nobody has identified yet. It is no identity, and stands until it is cleared.
	Provisional string `json:"provisional,omitempty" cbor:"3,keyasint,omitempty"`
	Amend       Amend  `json:"amend,omitzero" cbor:"15,keyasint,omitzero"`
}

// ProcedureFact says something of a procedure.
type ProcedureFact struct {
	Procedure ProcedureID `json:"procedure" cbor:"1,keyasint"`
	Patient   PatientID   `json:"patient,omitzero" cbor:"2,keyasint,omitzero"`
	Code      Code        `json:"code,omitzero" cbor:"3,keyasint,omitzero"`
	Side      Side        `json:"side,omitempty" cbor:"4,keyasint,omitempty"`
	Place     Place       `json:"place,omitzero" cbor:"5,keyasint,omitzero"`
	People    []Person    `json:"people,omitempty" cbor:"6,keyasint,omitempty"`
	Start     time.Time   `json:"start,omitzero" cbor:"7,keyasint,omitzero"`
	End       time.Time   `json:"end,omitzero" cbor:"8,keyasint,omitzero"`
	// Indication is what earlier programs wrote. It is sealed now: [Secret].
	Indication string `json:"indication,omitempty" cbor:"9,keyasint,omitempty"`
	// LatexAllergy is what was asked of the patient; "": nobody said.
	LatexAllergy Answer `json:"latex_allergy,omitempty" cbor:"10,keyasint,omitempty"`
	Amend        Amend  `json:"amend,omitzero" cbor:"15,keyasint,omitzero"`
}

// UsageFact says something of one device in one procedure.
type UsageFact struct {
	Usage     UsageID     `json:"usage" cbor:"1,keyasint"`
	Procedure ProcedureID `json:"procedure,omitzero" cbor:"2,keyasint,omitzero"`
	Device    udi.Device  `json:"device,omitzero" cbor:"3,keyasint,omitzero"`
	Carriers  []Carrier   `json:"carriers,omitempty" cbor:"4,keyasint,omitempty"`
	Status    Status      `json:"status,omitempty" cbor:"5,keyasint,omitempty"`
	Verdict   Verdict     `json:"verdict,omitzero" cbor:"6,keyasint,omitzero"`
	Override  bool        `json:"override,omitempty" cbor:"7,keyasint,omitempty"` // used in spite of a warn or stop; why is in the Secret
	Location  string      `json:"location,omitempty" cbor:"8,keyasint,omitempty"` // anatomical
	Damaged   bool        `json:"damaged,omitempty" cbor:"9,keyasint,omitempty"`  // its reading had hard errors: a value may be wrong or missing
	Side      Side        `json:"side,omitempty" cbor:"10,keyasint,omitempty"`    // it goes into; of a procedure of one side it need not be said
	// Overridden are the checks that somebody went on in spite of, with why.
	Overridden []Overridden `json:"overridden,omitempty" cbor:"11,keyasint,omitempty"`
	// Described is what somebody in theatre called a device that is in no catalogue.
	Described string `json:"described,omitempty" cbor:"12,keyasint,omitempty"`
	// Explants is the usage that implanted the device which this one takes out, and
	// Went where it went.
	Explants UsageID `json:"explants,omitzero" cbor:"13,keyasint,omitzero"`
	Went     Went    `json:"went,omitempty" cbor:"14,keyasint,omitempty"`
	Amend    Amend   `json:"amend,omitzero" cbor:"15,keyasint,omitzero"`
	// ExplantedBy is the usage that took this device out: the other end of Explants.
	ExplantedBy UsageID `json:"explanted_by,omitzero" cbor:"16,keyasint,omitzero"`
	// Second is a second person's word on what was typed.
	Second SecondFact `json:"second,omitzero" cbor:"17,keyasint,omitzero"`
	// Picked is the set that it was taken out of, and Supply whose it is until it is
	// used.
	Picked Picked `json:"picked,omitzero" cbor:"18,keyasint,omitzero"`
	Supply Supply `json:"supply,omitzero" cbor:"19,keyasint,omitzero"`
}

// Overridden is one check that somebody went on in spite of.
type Overridden struct {
	Rule  string `json:"rule" cbor:"1,keyasint"`
	Level Level  `json:"level" cbor:"2,keyasint"`
	// Reason is one of [OverrideReasons], or "other": then the words are sealed in
	// the entry.
	Reason string `json:"reason" cbor:"3,keyasint"`
	// Surgeon is who decided to go on in spite of a stop, and Second the other
	// person, who signed in for it.
	Surgeon Person `json:"surgeon,omitzero" cbor:"4,keyasint,omitzero"`
	Second  Person `json:"second,omitzero" cbor:"5,keyasint,omitzero"`
	// SecondAccount is the account with which they did.
	SecondAccount AccountID `json:"second_account,omitzero" cbor:"6,keyasint,omitzero"`
}

// ProductFact says what a device identifier stands for.
type ProductFact struct {
	DI           string     `json:"di" cbor:"1,keyasint"`
	Maker        string     `json:"maker,omitempty" cbor:"2,keyasint,omitempty"`
	MakerAddress string     `json:"maker_address,omitempty" cbor:"3,keyasint,omitempty"`
	Brand        string     `json:"brand,omitempty" cbor:"4,keyasint,omitempty"`
	CatalogueNo  string     `json:"catalogue_no,omitempty" cbor:"5,keyasint,omitempty"`
	Description  string     `json:"description,omitempty" cbor:"6,keyasint,omitempty"`
	Attributes   Attributes `json:"attributes,omitzero" cbor:"7,keyasint,omitzero"`
	// Verified names the fields that a person has compared with the label or the
	// maker's word, and vouches for.
	Verified []string `json:"verified,omitempty" cbor:"8,keyasint,omitempty"`
	Who      string   `json:"who,omitempty" cbor:"9,keyasint,omitempty"` // says it, as it was typed
	Amend    Amend    `json:"amend,omitzero" cbor:"15,keyasint,omitzero"`
}

// CatalogueFact holds rows of a catalogue that came in from elsewhere, many in
// one entry: a release of a million products is no million things that happened
// here. What a person says of a product ([ProductFact]) counts before them.
type CatalogueFact struct {
	Source string         `json:"source" cbor:"1,keyasint"` // the catalogue; a later row of one source takes the place of its earlier one
	Batch  EventID        `json:"batch" cbor:"2,keyasint"`  // names these rows
	Rows   []CatalogueRow `json:"rows" cbor:"3,keyasint"`
}

// CatalogueRow is what a catalogue says of one device identifier.
type CatalogueRow struct {
	DI           string     `json:"di" cbor:"1,keyasint"`
	Maker        string     `json:"maker,omitempty" cbor:"2,keyasint,omitempty"`
	MakerAddress string     `json:"maker_address,omitempty" cbor:"3,keyasint,omitempty"`
	Brand        string     `json:"brand,omitempty" cbor:"4,keyasint,omitempty"`
	CatalogueNo  string     `json:"catalogue_no,omitempty" cbor:"5,keyasint,omitempty"`
	Description  string     `json:"description,omitempty" cbor:"6,keyasint,omitempty"`
	Attributes   Attributes `json:"attributes,omitzero" cbor:"7,keyasint,omitzero"`
	Authority    Authority  `json:"authority,omitempty" cbor:"8,keyasint,omitempty"` // whose database of UDIs lists it; "": the catalogue is none, or does not say
}

// Authority is whose rules of unique device identification a database of devices is
// kept under.
type Authority string

// The authorities whose databases are known.
const (
	AuthorityFDA Authority = "fda"   // the FDA's GUDID (21 CFR 830)
	AuthorityEU  Authority = "eu-ec" // the European Commission's EUDAMED (Regulation (EU) 2017/745, article 28)
)

// Authorities are all that are known.
func Authorities() []Authority { return []Authority{AuthorityFDA, AuthorityEU} }

// Equal reports whether both say the same.
func (r CatalogueRow) Equal(o CatalogueRow) bool {
	return r.DI == o.DI && r.Maker == o.Maker && r.MakerAddress == o.MakerAddress && r.Brand == o.Brand && r.CatalogueNo == o.CatalogueNo &&
		r.Description == o.Description && r.Authority == o.Authority && r.Attributes.Equal(o.Attributes)
}

// CheckSettingFact is the site's word on one check.
type CheckSettingFact struct {
	Rule   string `json:"rule" cbor:"1,keyasint"`
	Level  Level  `json:"level,omitempty" cbor:"2,keyasint,omitempty"` // "": the rule's own
	Off    bool   `json:"off,omitempty" cbor:"3,keyasint,omitempty"`
	Reason string `json:"reason" cbor:"4,keyasint"`
	Who    string `json:"who" cbor:"5,keyasint"` // as it was typed, or "the settings file"
}

// QuarantineFact keeps devices out of use: all of a device identifier, or those
// of some lots or serials of it. Filled fields say something; Released lets them
// go, and a later fact without it keeps them again.
type QuarantineFact struct {
	Quarantine QuarantineID `json:"quarantine" cbor:"1,keyasint"`
	DI         string       `json:"di,omitempty" cbor:"2,keyasint,omitempty"`
	Lots       []string     `json:"lots,omitempty" cbor:"3,keyasint,omitempty"`
	Serials    []string     `json:"serials,omitempty" cbor:"4,keyasint,omitempty"`
	SerialFrom string       `json:"serial_from,omitempty" cbor:"5,keyasint,omitempty"` // a range, both ends in it
	SerialTo   string       `json:"serial_to,omitempty" cbor:"6,keyasint,omitempty"`
	Reason     string       `json:"reason,omitempty" cbor:"7,keyasint,omitempty"`
	Who        string       `json:"who,omitempty" cbor:"8,keyasint,omitempty"`
	Released   bool         `json:"released,omitempty" cbor:"9,keyasint,omitempty"`
}

// PlanFact is the whole of what is planned for a procedure: a later one takes
// the place of an earlier. One that confirms says nothing but that: it counts for
// the plan that it names, and for no later one.
type PlanFact struct {
	Procedure ProcedureID `json:"procedure" cbor:"1,keyasint"`
	Items     []PlanItem  `json:"items,omitempty" cbor:"2,keyasint,omitempty"`
	Stays     []StaysItem `json:"stays,omitempty" cbor:"3,keyasint,omitempty"`
	ToConfirm bool        `json:"to_confirm,omitempty" cbor:"4,keyasint,omitempty"` // a second person has to confirm it before a device is opened
	Who       string      `json:"who,omitempty" cbor:"5,keyasint,omitempty"`        // planned it, or confirms it
	Confirms  EventID     `json:"confirms,omitzero" cbor:"6,keyasint,omitzero"`     // the entry of the plan
}

// ApprovalFact is a safety officer's word on clinical use at this site.
type ApprovalFact struct {
	Approved  bool   `json:"approved" cbor:"1,keyasint"`
	Officer   string `json:"officer" cbor:"2,keyasint"`
	Role      string `json:"role,omitempty" cbor:"3,keyasint,omitempty"`
	Site      string `json:"site,omitempty" cbor:"4,keyasint,omitempty"`
	Statement string `json:"statement,omitempty" cbor:"5,keyasint,omitempty"`
	Release   string `json:"release,omitempty" cbor:"6,keyasint,omitempty"` // of the program; the approval is of no other
}

// Kind and Object of each fact.
func (NodeFact) Kind() FactKind         { return KindNode }
func (ReadingFact) Kind() FactKind      { return KindReading }
func (PatientFact) Kind() FactKind      { return KindPatient }
func (ProcedureFact) Kind() FactKind    { return KindProcedure }
func (UsageFact) Kind() FactKind        { return KindUsage }
func (ProductFact) Kind() FactKind      { return KindProduct }
func (ApprovalFact) Kind() FactKind     { return KindApproval }
func (CatalogueFact) Kind() FactKind    { return KindCatalogue }
func (CheckSettingFact) Kind() FactKind { return KindCheckSetting }
func (QuarantineFact) Kind() FactKind   { return KindQuarantine }
func (PlanFact) Kind() FactKind         { return KindPlan }

func (f NodeFact) Object() [16]byte         { return NamedID[OfEvent]("node", f.Node.String()) }
func (f ReadingFact) Object() [16]byte      { return f.Reading }
func (f PatientFact) Object() [16]byte      { return f.Patient }
func (f ProcedureFact) Object() [16]byte    { return f.Procedure }
func (f UsageFact) Object() [16]byte        { return f.Usage }
func (f ProductFact) Object() [16]byte      { return ProductObject(f.DI) }
func (f ApprovalFact) Object() [16]byte     { return NamedID[OfEvent]("site", "approval") }
func (f CatalogueFact) Object() [16]byte    { return f.Batch }
func (f CheckSettingFact) Object() [16]byte { return NamedID[OfEvent]("check", f.Rule) }
func (f QuarantineFact) Object() [16]byte   { return f.Quarantine }
func (f PlanFact) Object() [16]byte         { return DeriveID[OfEvent](f.Procedure, "plan") }

// ProductObject is the object that facts about the product of a DI share.
func ProductObject(di string) [16]byte {
	h := sha256.Sum256([]byte("implantrace product\x00" + di))
	return [16]byte(h[:16])
}

// LookupHash finds a patient by an identifier without holding it: a version
// and a kind (one byte each), then 16 bytes of a keyed hash. The key belongs
// to the trust, so one patient seen by two nodes is found as one.
type LookupHash [18]byte

// The kinds of identifier a patient is found by; the second byte of a hash.
const (
	LookupNHS   byte = 1 // NHS number
	LookupLocal byte = 2 // issuer's ODS code and local number
	LookupRow   byte = 3 // no identifier: what a registry was told of one record (RunRow)
)

// Kind is the kind of identifier behind the hash.
func (h LookupHash) Kind() byte { return h[1] }

// MarshalBinary gives the 18 bytes.
func (h LookupHash) MarshalBinary() ([]byte, error) { return h[:], nil }

// UnmarshalBinary takes 18 bytes.
func (h *LookupHash) UnmarshalBinary(b []byte) error {
	if len(b) != len(h) {
		return Errorf(Invalid, "look-up hash of %d bytes", len(b))
	}
	copy(h[:], b)
	return nil
}

// Carrier is one barcode on a pack, as it was read.
type Carrier struct {
	Text      string  `json:"text" cbor:"1,keyasint"` // FNC1 as 0x1D
	Symbology string  `json:"symbology,omitempty" cbor:"2,keyasint,omitempty"`
	Source    string  `json:"source,omitempty" cbor:"3,keyasint,omitempty"`
	Reading   EventID `json:"reading,omitzero" cbor:"4,keyasint,omitzero"`
}

// Code is a procedure's code.
type Code struct {
	System string `json:"system,omitempty" cbor:"1,keyasint,omitempty"` // "OPCS-4", "SNOMED CT", "local"
	Code   string `json:"code,omitempty" cbor:"2,keyasint,omitempty"`
	Text   string `json:"text,omitempty" cbor:"3,keyasint,omitempty"`
}

func (c Code) String() string {
	switch {
	case c.Code == "":
		return c.Text
	case c.Text == "":
		return c.Code
	}
	return c.Code + " " + c.Text
}

// Place is where a procedure is done.
type Place struct {
	GLN       string `json:"gln,omitempty" cbor:"1,keyasint,omitempty"`
	Extension string `json:"extension,omitempty" cbor:"2,keyasint,omitempty"`
	Name      string `json:"name,omitempty" cbor:"3,keyasint,omitempty"`
}

func (p Place) String() string {
	s := p.Name
	if p.GLN != "" {
		gln := "GLN " + p.GLN
		if p.Extension != "" {
			gln += " / " + p.Extension
		}
		if s != "" {
			return s + " (" + gln + ")"
		}
		return gln
	}
	return s
}

// Person is a member of staff in a procedure.
type Person struct {
	Code string `json:"code,omitempty" cbor:"1,keyasint,omitempty"` // badge: GSRN or local
	Name string `json:"name,omitempty" cbor:"2,keyasint,omitempty"`
	Role string `json:"role,omitempty" cbor:"3,keyasint,omitempty"` // "surgeon", "scrub", "circulating"...
}

func (p Person) String() string {
	s := p.Name
	if s == "" && p.Code != "" {
		s = "badge " + p.Code
	}
	if p.Role != "" {
		s += " (" + p.Role + ")"
	}
	return s
}

// Side is the side of the body.
type Side string

// The sides. Where sides do not apply it is SideNone, which is not the same as
// not saying.
const (
	SideLeft      Side = "left"
	SideRight     Side = "right"
	SideBilateral Side = "bilateral"
	SideNone      Side = "not-applicable"
)

// Sides lists them in the order a page offers them.
func Sides() []Side { return []Side{SideLeft, SideRight, SideBilateral, SideNone} }

// Status is how far a device has come in its procedure. Nothing is implanted
// by default.
type Status string

// The statuses.
const (
	Checked   Status = "checked" // scanned before opening
	Opened    Status = "opened"
	Implanted Status = "implanted"
	NotUsed   Status = "opened-not-used"
	Wasted    Status = "wasted"
	Returned  Status = "returned" // unopened, back to the shelf
	Trial     Status = "trial"    // tried in the patient, not left in
	Explanted Status = "explanted"
)

// Statuses lists them in the order of a device's way.
func Statuses() []Status {
	return []Status{Checked, Opened, Implanted, NotUsed, Wasted, Returned, Trial, Explanted}
}

// Outcome reports whether s is an end: not merely checked or opened.
func (s Status) Outcome() bool { return s != "" && s != Checked && s != Opened }

// InPatient says whether a device with this status is in the patient: "yes",
// "was" (explanted, or only tried), "no", or "unknown" where no outcome is
// recorded.
func (s Status) InPatient() string {
	switch s {
	case Implanted:
		return "yes"
	case Explanted, Trial:
		return "was"
	case NotUsed, Wasted, Returned:
		return "no"
	}
	return "unknown"
}

func (s Status) String() string {
	switch s {
	case NotUsed:
		return "opened, not used"
	case "":
		return "not said"
	}
	return string(s)
}
