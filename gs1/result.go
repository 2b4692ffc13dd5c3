package gs1

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Form is what an input was taken for.
type Form uint8

const (
	// FormElementString: AI data as a reader sends it without an AIM
	// identifier; FNC1 in the first place is implied.
	FormElementString Form = iota + 1
	// FormScanData: it began with an AIM symbology identifier.
	FormScanData
	// FormBracketed: AIs in brackets, as people write and print them.
	FormBracketed
	// FormPlain: no AI data. A bare key (EAN-13, EAN-8, ITF-14, or a number
	// typed in) is given as an element with AI 01; other plain text gives none.
	FormPlain
)

// String returns "element_string", "scan_data", "bracketed" or "plain".
func (f Form) String() string {
	switch f {
	case FormElementString:
		return "element_string"
	case FormScanData:
		return "scan_data"
	case FormBracketed:
		return "bracketed"
	case FormPlain:
		return "plain"
	}
	return fmt.Sprintf("Form(%d)", uint8(f))
}

// Element is an AI and its value, exactly as read. Only the GTIN of FormPlain
// and of an EAN symbol is brought to 14 digits.
type Element struct {
	AI     AI
	Value  string
	Offset int // byte offset of the value in the input
}

// Result is what Parse made of an input.
type Result struct {
	Form      Form
	Symbology string // the AIM identifier, such as "]d2"; "" when there was none

	// Elements keep every rule of their AI, and come in the order of the input.
	Elements []Element
	// Rejected were delimited but break a rule of their AI. Never use them as
	// values; show them and record them beside the issue that says why.
	Rejected []Element
	// Issues come in order of their offset.
	Issues []Issue

	now time.Time
}

// Value returns the value of the first element with that AI.
func (r Result) Value(ai AI) (string, bool) {
	for _, e := range r.Elements {
		if e.AI == ai {
			return e.Value, true
		}
	}
	return "", false
}

// ErrNoDate is returned by Result.Date when no element has that AI, or when the
// AI does not hold one date and nothing else.
var ErrNoDate = errors.New("gs1: no such date")

// Date returns the date in the first element with that AI, which must be one of
// 11, 12, 13, 15, 16, 17, 4326 and 7006. It returns ErrNoDate when there is
// none, and ErrNoNow when Options.Now was zero.
func (r Result) Date(ai AI) (Date, error) {
	switch ai {
	case "11", "12", "13", "15", "16", "17", "4326", "7006":
		if v, ok := r.Value(ai); ok {
			return ParseDate(v, r.now)
		}
	}
	return Date{}, ErrNoDate
}

// Valid reports whether there is no hard issue and at least one element.
func (r Result) Valid() bool {
	return len(r.Elements) > 0 && !r.hasHard()
}

func (r Result) hasHard() bool {
	for i := range r.Issues {
		if r.Issues[i].Severity == Hard {
			return true
		}
	}
	return false
}

// Err returns the first hard issue as an *Error, or nil. Parse gives at least
// one when it gives no element, so Err is nil exactly when Valid is true.
func (r Result) Err() error {
	for i := range r.Issues {
		if r.Issues[i].Severity == Hard {
			return &Error{r.Issues[i]}
		}
	}
	return nil
}

// ElementString returns the elements as AI data without an AIM identifier, with
// Separator behind each value that needs one and is not the last.
func (r Result) ElementString() string {
	var b strings.Builder
	for i, e := range r.Elements {
		b.WriteString(string(e.AI))
		b.WriteString(e.Value)
		if row := lookup(string(e.AI)); i < len(r.Elements)-1 && (row == nil || !row.predefined) {
			b.WriteByte(Separator)
		}
	}
	return b.String()
}

// HRI returns the elements as human readable interpretation, AIs in brackets
// (section 4.14). A "(" in a value is written "\(", so that Parse reads the
// same elements again.
func (r Result) HRI() string {
	var b strings.Builder
	for _, e := range r.Elements {
		b.WriteByte('(')
		b.WriteString(string(e.AI))
		b.WriteByte(')')
		b.WriteString(strings.ReplaceAll(e.Value, "(", `\(`))
	}
	return b.String()
}
