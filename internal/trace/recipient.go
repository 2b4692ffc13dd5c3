package trace

import "time"

// Recipient is somebody who can open backups and second copies with an age
// identity that is kept elsewhere, when the machine and its keys are lost.
type Recipient struct {
	Key   string    `json:"key" cbor:"1,keyasint"`                      // age1...: public
	Name  string    `json:"name,omitempty" cbor:"2,keyasint,omitempty"` // who has the identity, and where
	Added time.Time `json:"added,omitzero" cbor:"3,keyasint,omitzero"`
}
