package trace

import (
	"encoding/hex"
	"time"
)

// NodeID names a node: eight random bytes, made when its store is.
type NodeID [8]byte

func (n NodeID) String() string { return hex.EncodeToString(n[:]) }

// MarshalText gives sixteen hexadecimal digits.
func (n NodeID) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText takes sixteen hexadecimal digits.
func (n *NodeID) UnmarshalText(b []byte) error {
	v, err := hex.DecodeString(string(b))
	if err != nil || len(v) != len(n) {
		return Errorf(Invalid, "%q is not a node id (sixteen hexadecimal digits)", clip(string(b), 40))
	}
	copy(n[:], v)
	return nil
}

// MarshalBinary gives the eight bytes.
func (n NodeID) MarshalBinary() ([]byte, error) { return n[:], nil }

// UnmarshalBinary takes eight bytes.
func (n *NodeID) UnmarshalBinary(b []byte) error {
	if len(b) != len(n) {
		return Errorf(Invalid, "node id of %d bytes", len(b))
	}
	copy(n[:], b)
	return nil
}

// Position is an entry's place: the how-manieth of which node, from 0. Order
// holds within a node only.
type Position struct {
	Node NodeID `json:"node" cbor:"1,keyasint"`
	Seq  uint64 `json:"seq" cbor:"2,keyasint"`
}

// Provenance says how far what an entry says can be trusted.
type Provenance string

// The provenances.
const (
	Scanned  Provenance = "scanned"
	Typed    Provenance = "typed"
	Imported Provenance = "imported" // from another system: unverified
	System   Provenance = "system"   // the node itself
)

// Actor is who or what brought an entry about.
type Actor struct {
	Code string `json:"code,omitempty" cbor:"1,keyasint,omitempty"` // a staff badge's code
	Name string `json:"name,omitempty" cbor:"2,keyasint,omitempty"` // a member of staff
	Via  string `json:"via" cbor:"3,keyasint"`                      // "page", "api", "scanner:NAME", "import:SOURCE"
	// Account is who had signed in; zero where nobody had.
	Account AccountID `json:"account,omitzero" cbor:"4,keyasint,omitzero"`
	// Unconfirmed marks what was recorded at a theatre machine while nobody was
	// signed in, or the page was locked: who did it is not confirmed.
	Unconfirmed bool `json:"unconfirmed,omitempty" cbor:"5,keyasint,omitempty"`
}

// Entry is one immutable fact in a node's journal.
type Entry struct {
	Position
	Lamport    uint64    // one more than any this node had seen: orders what is said of one thing, whatever the clocks show
	ID         EventID   // made by the caller, or derived from its command's
	Command    EventID   // the command that brought it about
	Part       uint16    // which entry of that command, from 0
	Digest     []byte    // keyed digest of the caller's canonical command
	Recorded   time.Time // the node's clock when it was accepted; never runs backwards within a node
	Occurred   time.Time // when it happened, as the caller says
	By         Actor
	Provenance Provenance
	Fact       Fact
	Commitment []byte  // salted hash of the sealed part; nil when there is none
	Sealed     []byte  // the sealed part; not under the Merkle leaf, so that erasing its key leaves every proof whole
	Secret     *Secret // the sealed part opened; nil when there is none or its key is gone
}

// Secret is what an entry holds of an identity, and free words that may hold
// one. It is encrypted under the key of its subject.
type Secret struct {
	NHSNumber   string `json:"nhs_number,omitempty" cbor:"1,keyasint,omitempty"`
	LocalIssuer string `json:"local_issuer,omitempty" cbor:"2,keyasint,omitempty"`
	LocalNumber string `json:"local_number,omitempty" cbor:"3,keyasint,omitempty"`
	Family      string `json:"family,omitempty" cbor:"4,keyasint,omitempty"`
	Given       string `json:"given,omitempty" cbor:"5,keyasint,omitempty"`
	Birth       string `json:"birth,omitempty" cbor:"6,keyasint,omitempty"` // YYYY-MM-DD
	Raw         string `json:"raw,omitempty" cbor:"7,keyasint,omitempty"`   // a reading, byte for byte
	Note        string `json:"note,omitempty" cbor:"8,keyasint,omitempty"`  // free words: why, and remarks
	Login       string `json:"-" cbor:"20,keyasint,omitempty"`              // of an account
	Badge       string `json:"-" cbor:"21,keyasint,omitempty"`              // of an account: its code
	Name        string `json:"-" cbor:"22,keyasint,omitempty"`              // of an account
	Credential  string `json:"-" cbor:"23,keyasint,omitempty"`              // what one is checked against
	Address     string `json:"address,omitempty" cbor:"9,keyasint,omitempty"`
	GP          string `json:"gp,omitempty" cbor:"10,keyasint,omitempty"`         // general practitioner: name and address
	Died        string `json:"died,omitempty" cbor:"11,keyasint,omitempty"`       // YYYY-MM-DD
	Indication  string `json:"indication,omitempty" cbor:"12,keyasint,omitempty"` // why a procedure was done, in words
	Appears     string `json:"appears,omitempty" cbor:"14,keyasint,omitempty"`    // how somebody looks whom nobody knows: sex, about how old
	Answers     string `json:"answers,omitempty" cbor:"13,keyasint,omitempty"`    // to a form's questions: a JSON object of strings
}

// IsZero reports whether there is nothing to seal.
func (s *Secret) IsZero() bool { return s == nil || *s == Secret{} }

// Draft is an entry before a node has accepted it.
type Draft struct {
	ID         EventID // zero: derived from the command's and the draft's place in it
	Occurred   time.Time
	Provenance Provenance
	Fact       Fact
	Secret     *Secret
	Subject    [16]byte // whose key seals Secret: a patient's id, or the entry's own where there is no patient. Zero: the entry's own
}

// Command is what a caller wants recorded, as one: all of its drafts, or none.
type Command struct {
	ID EventID
	// Canonical is what the caller sent, in a fixed form and without what the
	// node added. It tells a repeat (same bytes) from a conflict.
	Canonical []byte
	By        Actor
	Drafts    []Draft
	// Essential commands find room when the disk is full: those that say who may
	// do what, and whether the node may be used at all. They are few and small. A
	// store keeps a reserve for them.
	Essential bool
}

// Receipt says where a command was recorded.
type Receipt struct {
	Command  EventID   `json:"command"`
	Node     NodeID    `json:"node"`
	Seq      uint64    `json:"seq"`   // of its first entry
	Count    uint64    `json:"count"` // entries
	Recorded time.Time `json:"recorded"`
	Repeated bool      `json:"repeated"` // it was there already
}
