// Package strict looks at JSON the way a safety product has to.
//
// encoding/json takes the last of two fields of one name, takes LOT for lot and
// null for nothing said: each of them ends in a wrong value that looks right.
// [Fields] finds them before anything is decoded.
package strict

import (
	"bytes"
	"encoding/json"
)

// Fault is what is wrong with a field.
type Fault uint8

// The faults.
const (
	Unknown Fault = iota + 1 // a name that no field can have
	Twice                    // a field that stands twice in one object
	Null                     // a value that is null
)

// Error is a fault, where it is.
type Error struct {
	Fault  Fault
	Name   string // of the field; of an unknown one, as it stands there
	Offset int64  // bytes, just behind it
}

func (e *Error) Error() string {
	switch e.Fault {
	case Twice:
		return "the field " + e.Name + " stands twice"
	case Null:
		return "a field is null"
	}
	return "there is no such field"
}

// Fields checks the names of all objects in a JSON value of good syntax, and
// that nothing is null. text, where given, sees every string that is a value;
// its error ends the check. A fault is an [*Error].
func Fields(b []byte, text func(string) error) error {
	type level struct {
		names map[string]bool // nil in an array
		value bool            // the next token is a field's value
	}
	var stack []level
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	for {
		token, err := d.Token()
		if err != nil {
			return nil // the end: the syntax was checked
		}
		if n := len(stack); n > 0 && stack[n-1].names != nil && !stack[n-1].value {
			if name, ok := token.(string); ok {
				switch {
				case !Name(name):
					return &Error{Unknown, name, d.InputOffset()}
				case stack[n-1].names[name]:
					return &Error{Twice, name, d.InputOffset()}
				}
				stack[n-1].names[name], stack[n-1].value = true, true
				continue
			}
		}
		if n := len(stack); n > 0 {
			stack[n-1].value = false
		}
		switch v := token.(type) {
		case nil:
			return &Error{Null, "", d.InputOffset()}
		case string:
			if text != nil {
				if err := text(v); err != nil {
					return err
				}
			}
		case json.Delim:
			switch v {
			case '{':
				stack = append(stack, level{names: make(map[string]bool)})
			case '[':
				stack = append(stack, level{})
			default:
				stack = stack[:len(stack)-1]
			}
		}
	}
}

// Name reports whether a field's name could be one of ours: small letters and
// underscores, at most 40.
func Name(s string) bool {
	if s == "" || len(s) > 40 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && c != '_' {
			return false
		}
	}
	return true
}
