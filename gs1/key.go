package gs1

import (
	"errors"
	"fmt"
)

// What can be wrong with a key or with the body of a check digit. A *KeyError
// wraps one of these.
var (
	ErrLength        = errors.New("wrong number of digits")
	ErrDigits        = errors.New("not digits only")
	ErrCheckDigit    = errors.New("wrong check digit")
	ErrCheckPair     = errors.New("wrong check character pair")
	ErrCharacter     = errors.New("a character that is not allowed")
	ErrCompanyPrefix = errors.New("no GS1 Company Prefix at the start")
	ErrKeyForm       = errors.New("not of the form of this key")
)

// KeyError is the error of ParseGTIN, ParseGLN and the other makers of keys.
type KeyError struct {
	Key  string // "GTIN", "GLN", "GSRN", "SSCC", "GRAI", "GIAI", "GDTI" or "GMN"
	Text string // what was given
	Err  error  // ErrLength or another of the errors above
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

// verifyValue checks a key against the rules of the AI that holds it.
func verifyValue(key string, ai AI, s string) error {
	row := lookup(string(ai))
	least, most := row.length()
	if len(s) < least || len(s) > most {
		return &KeyError{key, s, ErrLength}
	}
	_, f, _ := row.check(s, 0)
	if f == nil {
		return nil
	}
	err := ErrKeyForm // the zero before a GRAI
	switch f.code {
	case CodeCharset:
		err = ErrCharacter
	case CodeCheckDigit:
		err = ErrCheckDigit
	case CodeCheckPair:
		err = ErrCheckPair
	case CodeCompanyPrefix:
		err = ErrCompanyPrefix
	}
	return &KeyError{key, s, err}
}
