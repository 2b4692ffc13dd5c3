package trace

import (
	"errors"
	"fmt"
)

// ErrorKind says what an error means to whoever asked.
type ErrorKind uint8

// The kinds of error. Everything that is none of the others is Internal.
const (
	Internal       ErrorKind = iota
	Invalid                  // what was sent does not make sense; sending it again will not help
	NotFound                 // no such thing in the record
	Conflict                 // the id was used before for something else, or the state does not allow it
	OutcomeUnknown           // the write may or may not have landed: repeat it with the same id
	Full                     // the disk is full; nothing was half-written, repeat with the same id when there is room
	ReadOnly                 // the store cannot be written at present
	Busy                     // too much at once; try again
	Forbidden                // not for this caller
	TooLarge                 // more than the limit
	NotSignedIn              // for somebody who has signed in
	Locked                   // for whoever unlocks the page first
	Throttled                // too often; later
)

// Error is an error with its kind and a sentence for a person.
type Error struct {
	Kind    ErrorKind
	Message string
	Offset  int // bytes into the input that was wrong; -1 when that says nothing
	Err     error
}

func (e *Error) Error() string { return e.Message }

func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an [Error] of a kind. %w keeps the cause.
func Errorf(k ErrorKind, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: k, Message: err.Error(), Offset: -1, Err: errors.Unwrap(err)}
}

// KindOf is the kind of err: Internal unless an [Error] in its chain says
// otherwise.
func KindOf(err error) ErrorKind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// ErrRebuilding means that an index is being built anew and cannot be searched
// yet. It is the cause of an error of kind [Busy].
var ErrRebuilding = errors.New("the index is not ready")
