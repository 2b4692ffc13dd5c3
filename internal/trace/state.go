package trace

import (
	"time"

	"implantrace/internal/udi"
)

// Stamp says when and by whom something was recorded.
type Stamp struct {
	Position   Position   `json:"position" cbor:"1,keyasint"`
	Event      EventID    `json:"event" cbor:"2,keyasint"`
	Recorded   time.Time  `json:"recorded" cbor:"3,keyasint"`
	Occurred   time.Time  `json:"occurred" cbor:"4,keyasint"`
	By         Actor      `json:"by" cbor:"5,keyasint"`
	Provenance Provenance `json:"provenance" cbor:"6,keyasint"`
	Corrects   EventID    `json:"corrects,omitzero" cbor:"7,keyasint,omitzero"`
	Withdraw   bool       `json:"withdraw,omitempty" cbor:"8,keyasint,omitempty"`
	Status     Status     `json:"status,omitempty" cbor:"9,keyasint,omitempty"`  // of a usage, where the entry said one
	Sealed     bool       `json:"sealed,omitempty" cbor:"10,keyasint,omitempty"` // the entry has a sealed part
}

// Patient is what the record knows of a patient, without the identity.
type Patient struct {
	ID        PatientID    `json:"id" cbor:"1,keyasint"`
	Lookups   []LookupHash `json:"-" cbor:"2,keyasint,omitempty"`
	Withdrawn bool         `json:"withdrawn,omitempty" cbor:"3,keyasint,omitempty"`
	History   []Stamp      `json:"history" cbor:"4,keyasint"`
	// Erased is set when the identity was made unreadable. Nobody is found by
	// what it was.
	Erased bool `json:"erased,omitempty" cbor:"5,keyasint,omitempty"`
	// Provisional is the temporary name of a patient not identified yet.
	Provisional string `json:"provisional,omitempty" cbor:"6,keyasint,omitempty"`
}

// Identity is who a patient is: the patient's sealed entries, opened, later
// over earlier. Sealed is true when their key is gone or not at hand.
type Identity struct {
	NHSNumber   string `json:"nhs_number,omitempty"`
	LocalIssuer string `json:"local_issuer,omitempty"`
	LocalNumber string `json:"local_number,omitempty"`
	Family      string `json:"family,omitempty"`
	Given       string `json:"given,omitempty"`
	Birth       string `json:"birth,omitempty"`
	Sealed      bool   `json:"sealed,omitempty"`
	Erased      bool   `json:"erased,omitempty"` // it was made unreadable, for good
	// Provisional is the temporary name of a patient not identified yet, and Appears
	// how the patient looks: sex, about how old. Neither is an identity.
	Provisional string `json:"provisional,omitempty"`
	Appears     string `json:"appears,omitempty"`
}

// Procedure is what the record knows of a procedure.
type Procedure struct {
	ID         ProcedureID `json:"id" cbor:"1,keyasint"`
	Patient    PatientID   `json:"patient,omitzero" cbor:"2,keyasint,omitzero"`
	Code       Code        `json:"code,omitzero" cbor:"3,keyasint,omitzero"`
	Side       Side        `json:"side,omitempty" cbor:"4,keyasint,omitempty"`
	Place      Place       `json:"place,omitzero" cbor:"5,keyasint,omitzero"`
	People     []Person    `json:"people,omitempty" cbor:"6,keyasint,omitempty"`
	Start      time.Time   `json:"start,omitzero" cbor:"7,keyasint,omitzero"`
	End        time.Time   `json:"end,omitzero" cbor:"8,keyasint,omitzero"`
	Indication string      `json:"indication,omitempty" cbor:"9,keyasint,omitempty"` // in words; "" also where it is sealed and does not open
	Withdrawn  bool        `json:"withdrawn,omitempty" cbor:"10,keyasint,omitempty"`
	History    []Stamp     `json:"history" cbor:"11,keyasint"`
	// LatexAllergy is what was asked of the patient; "": nobody said.
	LatexAllergy Answer `json:"latex_allergy,omitempty" cbor:"12,keyasint,omitempty"`
}

// Open reports whether the procedure has not ended.
func (p Procedure) Open() bool { return p.End.IsZero() && !p.Withdrawn }

// Usage is what the record knows of one device in one procedure.
type Usage struct {
	ID         UsageID     `json:"id" cbor:"1,keyasint"`
	Procedure  ProcedureID `json:"procedure,omitzero" cbor:"2,keyasint,omitzero"`
	Device     udi.Device  `json:"device,omitzero" cbor:"3,keyasint,omitzero"`
	Carriers   []Carrier   `json:"carriers,omitempty" cbor:"4,keyasint,omitempty"`
	Status     Status      `json:"status,omitempty" cbor:"5,keyasint,omitempty"`
	Verdict    Verdict     `json:"verdict,omitzero" cbor:"6,keyasint,omitzero"`
	Override   bool        `json:"override,omitempty" cbor:"7,keyasint,omitempty"`
	Location   string      `json:"location,omitempty" cbor:"8,keyasint,omitempty"`
	Damaged    bool        `json:"damaged,omitempty" cbor:"9,keyasint,omitempty"`
	Withdrawn  bool        `json:"withdrawn,omitempty" cbor:"10,keyasint,omitempty"`
	Provenance Provenance  `json:"provenance" cbor:"11,keyasint"` // of the device's identity
	Occurred   time.Time   `json:"occurred" cbor:"12,keyasint"`   // the earliest of its entries
	History    []Stamp     `json:"history" cbor:"13,keyasint"`
	// Was holds the identities (DI, lot, serial) that were recorded before and
	// have been changed or cleared: a correction can be the mistake.
	Was []udi.Device `json:"was,omitempty" cbor:"14,keyasint,omitempty"`
	// Side is the side it goes into, where that was said of the device itself.
	Side Side `json:"side,omitempty" cbor:"15,keyasint,omitempty"`
	// Overridden are the checks that somebody went on in spite of.
	Overridden []Overridden `json:"overridden,omitempty" cbor:"16,keyasint,omitempty"`
	// Described is what somebody in theatre called a device in no catalogue.
	Described string `json:"described,omitempty" cbor:"17,keyasint,omitempty"`
	// Explants is the usage that implanted the device which this one takes out, where
	// the record has it, and Went where it went.
	Explants UsageID `json:"explants,omitzero" cbor:"18,keyasint,omitzero"`
	Went     Went    `json:"went,omitempty" cbor:"19,keyasint,omitempty"`
	// ExplantedBy is the usage that took this device out.
	ExplantedBy UsageID `json:"explanted_by,omitzero" cbor:"20,keyasint,omitzero"`
	// Second is who compared what was typed with the label; nil: nobody, or it was
	// changed since. TypedBy are those who typed it.
	Second  *Second `json:"second,omitempty" cbor:"21,keyasint,omitempty"`
	TypedBy []Actor `json:"typed_by,omitempty" cbor:"22,keyasint,omitempty"`
	// Picked is the set that it was taken out of by choosing it in a list, and Supply
	// whose it is until it is used.
	Picked Picked `json:"picked,omitzero" cbor:"23,keyasint,omitzero"`
	Supply Supply `json:"supply,omitzero" cbor:"24,keyasint,omitzero"`
}

// Reading is a recorded reading.
type Reading struct {
	ReadingFact
	Stamp Stamp `json:"stamp"`
}

// Approval is the site's present word on clinical use.
type Approval struct {
	ApprovalFact
	Stamp Stamp `json:"stamp"`
}

// NodeCoverage is what one node's log speaks for.
type NodeCoverage struct {
	Node          NodeID    `json:"node" cbor:"1,keyasint"`
	Name          string    `json:"name" cbor:"2,keyasint"`
	Entries       uint64    `json:"entries" cbor:"3,keyasint"`
	RecordedSince time.Time `json:"recorded_since" cbor:"4,keyasint"` // its first entry
	RecordedUntil time.Time `json:"recorded_until" cbor:"5,keyasint"` // its last entry
	// The earliest and latest implanting dates it knows of; earlier than
	// RecordedSince where history was imported.
	UsagesFrom time.Time `json:"usages_from,omitzero" cbor:"6,keyasint,omitzero"`
	UsagesTo   time.Time `json:"usages_to,omitzero" cbor:"7,keyasint,omitzero"`
	Lost       uint64    `json:"lost,omitempty" cbor:"8,keyasint,omitempty"` // entries that are gone from its log since a file was damaged
}
