package gs1

import (
	"errors"
	"fmt"
)

// What can be wrong with a key or with the body of a check digit. A *KeyError
// wraps one of these.
var (
	ErrLength     = errors.New("wrong number of digits")
	ErrDigits     = errors.New("not digits only")
	ErrCheckDigit = errors.New("wrong check digit")
)

// KeyError is returned by ParseGTIN, ParseGLN, ParseGSRN and ParseSSCC.
type KeyError struct {
	Key  string // "GTIN", "GLN", "GSRN" or "SSCC"
	Text string // what was given
	Err  error  // ErrLength, ErrDigits or ErrCheckDigit
}

func (e *KeyError) Error() string {
	return fmt.Sprintf("gs1: %s %q: %v", e.Key, e.Text, e.Err)
}

func (e *KeyError) Unwrap() error { return e.Err }

// verifyKey checks a numeric key whose last digit is its check digit.
func verifyKey(key, s string, lengths ...int) error {
	right := false
	for _, n := range lengths {
		right = right || len(s) == n
	}
	switch {
	case !digits(s):
		return &KeyError{key, s, ErrDigits}
	case !right:
		return &KeyError{key, s, ErrLength}
	case !checkDigitFits(s):
		return &KeyError{key, s, ErrCheckDigit}
	}
	return nil
}
