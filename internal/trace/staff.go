package trace

import (
	"context"
	"iter"
	"time"
)

// AccountSort is what signs in with an account.
type AccountSort string

// The sorts of account.
const (
	PersonAccount  AccountSort = "person"
	MachineAccount AccountSort = "machine" // a theatre machine, whose page goes on while nobody is signed in
	ProgramAccount AccountSort = "program" // a program with a token
)

// AccountFact is the whole of what is public of an account: a later one takes the
// place of an earlier. Name, login and badge are in the Secret, under the
// account's own key.
type AccountFact struct {
	Account AccountID   `json:"account" cbor:"1,keyasint"`
	Sort    AccountSort `json:"sort" cbor:"2,keyasint"`
	Roles   []string    `json:"roles,omitempty" cbor:"3,keyasint,omitempty"`   // of a person
	Scope   []string    `json:"scope,omitempty" cbor:"4,keyasint,omitempty"`   // of a program: lines of the table of permissions
	Expires time.Time   `json:"expires,omitzero" cbor:"5,keyasint,omitzero"`   // of a program
	Left    bool        `json:"left,omitempty" cbor:"6,keyasint,omitempty"`    // signs in no more
	Forget  [][16]byte  `json:"forget,omitempty" cbor:"7,keyasint,omitempty"`  // subjects whose keys go: the account itself, once it may be forgotten
	Reason  string      `json:"reason,omitempty" cbor:"15,keyasint,omitempty"` // in words that name nobody
}

// CredentialFact says that an account has a credential, or has it no more. What
// it is checked against is in the Secret, under the credential's own key, which
// goes when another takes its place.
type CredentialFact struct {
	Credential EventID    `json:"credential" cbor:"1,keyasint"`
	Account    AccountID  `json:"account" cbor:"2,keyasint"`
	Method     string     `json:"method" cbor:"3,keyasint"` // "password", "pin", "totp", "key", "once"
	Removed    bool       `json:"removed,omitempty" cbor:"4,keyasint,omitempty"`
	Expires    time.Time  `json:"expires,omitzero" cbor:"5,keyasint,omitzero"`
	Forget     [][16]byte `json:"forget,omitempty" cbor:"6,keyasint,omitempty"` // the credentials before it, whose keys go
}

// AuditFact says that somebody saw, asked for or did something that leaves no
// other entry. Whoever did it is the entry's Actor.
type AuditFact struct {
	Event   EventID    `json:"event" cbor:"1,keyasint"`
	What    string     `json:"what" cbor:"2,keyasint"`
	Account AccountID  `json:"account,omitzero" cbor:"3,keyasint,omitzero"`   // it was done to, where that is another than the Actor
	Objects [][16]byte `json:"objects,omitempty" cbor:"4,keyasint,omitempty"` // what was seen: patients, procedures, usages, notices
	Detail  string     `json:"detail,omitempty" cbor:"5,keyasint,omitempty"`  // in words that name nobody
	Glass   bool       `json:"glass,omitempty" cbor:"6,keyasint,omitempty"`   // only because the glass was broken
	Until   time.Time  `json:"until,omitzero" cbor:"7,keyasint,omitzero"`
}

// Kind and Object of each.
func (AccountFact) Kind() FactKind    { return KindAccount }
func (CredentialFact) Kind() FactKind { return KindCredential }
func (AuditFact) Kind() FactKind      { return KindAudit }

func (f AccountFact) Object() [16]byte { return f.Account }
func (f CredentialFact) Object() [16]byte {
	return DeriveID[OfEvent](f.Account, "credential "+f.Method)
}
func (f AuditFact) Object() [16]byte { return f.Event }

// Keys are the subjects whose keys are taken away.
func (f AccountFact) Keys() [][16]byte    { return f.Forget }
func (f CredentialFact) Keys() [][16]byte { return f.Forget }

// Forgetter is a fact that takes keys away: what was sealed with them cannot be
// read by anybody any more.
type Forgetter interface{ Keys() [][16]byte }

// Account is what the record knows of an account.
type Account struct {
	AccountFact
	About Position `cbor:"21,keyasint"` // the entry whose Secret says who it is
	Stamp Stamp    `cbor:"22,keyasint"` // the last
	Made  Stamp    `cbor:"23,keyasint"` // the first
}

// Credential is what the record knows of one credential of an account.
type Credential struct {
	CredentialFact
	Stamp Stamp `cbor:"21,keyasint"`
}

// Audited is one entry about what somebody saw or did.
type Audited struct {
	AuditFact
	Stamp Stamp
	Note  string // words that are sealed: the reason for breaking the glass
}

// AuditHit is one with the key it was found under.
type AuditHit struct {
	Key     []byte
	Audited Audited
}

// Staff is what a store knows of accounts, and of who saw what.
type Staff interface {
	// Accounts gives every account, in the order of their ids.
	Accounts(ctx context.Context) iter.Seq2[Account, error]
	// Credentials gives those of an account, removed ones too.
	Credentials(ctx context.Context, a AccountID) iter.Seq2[Credential, error]
	// Audits gives who saw and did what, latest first, from behind a key. With an
	// object, only what concerns it.
	Audits(ctx context.Context, about [16]byte, after []byte) iter.Seq2[AuditHit, error]
}
