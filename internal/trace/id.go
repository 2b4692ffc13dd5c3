package trace

import (
	"crypto/sha256"
	"fmt"

	"github.com/google/uuid"
)

// ID is a UUID that knows what it names: a PatientID cannot be given where a
// ProcedureID is wanted. Callers make them (version 7), so that every write
// can be repeated safely.
type ID[T any] uuid.UUID

// What an id can name.
type (
	OfEvent      struct{}
	OfPatient    struct{}
	OfProcedure  struct{}
	OfUsage      struct{}
	OfQuarantine struct{}
	OfAccount    struct{}
	OfRun        struct{}
)

// The things that have ids.
type (
	EventID      = ID[OfEvent]   // a command, and the entry it made
	PatientID    = ID[OfPatient] // says nothing about who the patient is
	ProcedureID  = ID[OfProcedure]
	UsageID      = ID[OfUsage]
	QuarantineID = ID[OfQuarantine]
	AccountID    = ID[OfAccount] // of a member of staff, or of a program's token
)

// NewID makes a UUID version 7, from the clock and the system's randomness.
func NewID[T any]() ID[T] { return ID[T](uuid.Must(uuid.NewV7())) }

// NewEventID makes the id of a new command.
func NewEventID() EventID { return NewID[OfEvent]() }

// DeriveID makes the id of something that a command brings about, the same
// each time the command is repeated (RFC 9562, version 8 over SHA-256).
func DeriveID[T, F any](from ID[F], what string) ID[T] {
	return ID[T](digestUUID(from[:], what))
}

// PartID is the id of a command's part-th entry, from 0: the first has the
// command's own.
func PartID(command EventID, part int) EventID {
	if part == 0 {
		return command
	}
	return DeriveID[OfEvent](command, fmt.Sprint("part ", part))
}

// NamedID makes an id out of a name that is unique by itself, such as a
// record's number in the system it is imported from.
func NamedID[T any](space, name string) ID[T] { return ID[T](digestUUID([]byte(space+"\x00"), name)) }

func digestUUID(space []byte, name string) uuid.UUID {
	h := sha256.New()
	h.Write([]byte("implantrace id\x00"))
	h.Write(space)
	h.Write([]byte(name))
	var u uuid.UUID
	copy(u[:], h.Sum(nil))
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return u
}

// ParseID takes the usual 36-character form of a UUID. The nil UUID is no id.
func ParseID[T any](s string) (ID[T], error) {
	if len(s) != 36 {
		return ID[T]{}, Errorf(Invalid, "%q is not a UUID (36 characters, as in 0192f0c1-...)", clip(s, 40))
	}
	u, err := uuid.Parse(s)
	if err != nil || u == uuid.Nil {
		return ID[T]{}, Errorf(Invalid, "%q is not a UUID (36 characters, as in 0192f0c1-...)", clip(s, 40))
	}
	return ID[T](u), nil
}

// IsZero reports whether this is no id at all.
func (id ID[T]) IsZero() bool { return id == ID[T]{} }

func (id ID[T]) String() string { return uuid.UUID(id).String() }

// MarshalText gives the 36-character form.
func (id ID[T]) MarshalText() ([]byte, error) { return uuid.UUID(id).MarshalText() }

// UnmarshalText is [ParseID].
func (id *ID[T]) UnmarshalText(b []byte) error {
	v, err := ParseID[T](string(b))
	if err == nil {
		*id = v
	}
	return err
}

// MarshalBinary gives the 16 bytes.
func (id ID[T]) MarshalBinary() ([]byte, error) { return id[:], nil }

// UnmarshalBinary takes 16 bytes.
func (id *ID[T]) UnmarshalBinary(b []byte) error {
	if len(b) != len(id) {
		return fmt.Errorf("id of %d bytes", len(b))
	}
	copy(id[:], b)
	return nil
}

func clip(s string, n int) string {
	if len(s) > n {
		return s[:n] + "..."
	}
	return s
}
