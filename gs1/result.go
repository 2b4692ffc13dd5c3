package gs1

import (
	"errors"
	"fmt"
	"iter"
	"strings"
)

// Form is what an input was taken for.
type Form uint8

const (
	// FormElementString: AI data as a reader sends it without an AIM
	// identifier; FNC1 in the first place is implied.
	FormElementString Form = iota + 1
	// FormScanData: it began with an AIM symbology identifier.
	FormScanData
	// FormBracketed: AIs in brackets, as people write and print them. A bar
	// stands before the data of a composite component.
	FormBracketed
	// FormDigitalLink: a GS1 Digital Link URI, alone or behind an AIM identifier.
	FormDigitalLink
	// FormPlain: no AI data. A bare key (EAN-13, EAN-8, ITF-14, or a number
	// typed in) is given as an element with AI 01; other plain text gives none.
	FormPlain
)

// String returns "element_string", "scan_data", "bracketed", "dl_uri" or "plain".
func (f Form) String() string {
	switch f {
	case FormElementString:
		return "element_string"
	case FormScanData:
		return "scan_data"
	case FormBracketed:
		return "bracketed"
	case FormDigitalLink:
		return "dl_uri"
	case FormPlain:
		return "plain"
	}
	return fmt.Sprintf("Form(%d)", uint8(f))
}

// Element is an AI and its value, exactly as read. Only the GTIN of FormPlain
// and of an EAN symbol is brought to 14 digits, and the escapes of brackets and
// of URIs are undone.
type Element struct {
	AI     AI
	Value  string
	Offset int // byte offset of the value in the input
	Length int // bytes that the value takes there
}

// Result is what Parse made of an input. It may be kept, and read by several
// goroutines.
type Result struct {
	Form      Form
	Symbology string // the AIM identifier, such as "]d2"; "" when there was none

	// Issues come in order of their offset; nil when there are none.
	Issues []Issue

	input string
	extra string // values that do not stand in the input as they are
	year  int    // the present year; 0 when it is not known
	plain bool   // valid without elements: plain text, read strictly
	count int
	spans [maxAIs]span
}

// span is where an element stands. All offsets count bytes; maxInput and the
// room that unescaping takes keep them within 16 bits.
type span struct {
	code     aiCode
	ai       uint16 // of the AI's digits in the input
	value    uint16 // of the value, in the input or in extra
	length   uint16 // of the value
	offset   uint16 // of what stands for the value in the input
	taken    uint16 // bytes of it there
	aiLength uint8  // 0: the AI is 01 and does not stand in the input
	extra    bool
	rejected bool
	implied  bool // the bare GTIN of an EAN symbol: not an element of a strict reading
}

func (r *Result) at(s *span) Element {
	return Element{AI: r.ai(s), Value: r.valueOf(s), Offset: int(s.offset), Length: int(s.taken)}
}

func (r *Result) ai(s *span) AI {
	if s.aiLength == 0 {
		return gtinAI
	}
	return AI(r.input[s.ai : s.ai+uint16(s.aiLength)])
}

func (r *Result) valueOf(s *span) string {
	text := r.input
	if s.extra {
		text = r.extra
	}
	return text[s.value : s.value+s.length]
}

// Elements gives the elements that keep every rule of their AI, in the order of
// the input.
func (r *Result) Elements() iter.Seq[Element] { return r.which(false) }

// Rejected gives the elements that were delimited and break a rule of their AI.
// Never use them as values; show them and record them beside the issue that
// says why.
func (r *Result) Rejected() iter.Seq[Element] { return r.which(true) }

func (r *Result) which(rejected bool) iter.Seq[Element] {
	return func(yield func(Element) bool) {
		for i := range r.count {
			if s := &r.spans[i]; s.rejected == rejected && !yield(r.at(s)) {
				return
			}
		}
	}
}

// Len returns the number of Elements.
func (r *Result) Len() int {
	n := 0
	for i := range r.count {
		if !r.spans[i].rejected {
			n++
		}
	}
	return n
}

// Value returns the value of the first element with that AI.
func (r *Result) Value(ai AI) (string, bool) {
	for i := range r.count {
		if s := &r.spans[i]; !s.rejected && r.ai(s) == ai {
			return r.valueOf(s), true
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
func (r *Result) Date(ai AI) (Date, error) {
	switch ai {
	case "11", "12", "13", "15", "16", "17", "4326", "7006":
		if v, ok := r.Value(ai); ok {
			return dateIn(v, r.year)
		}
	}
	return Date{}, ErrNoDate
}

// Valid reports whether there is no hard issue and at least one element. Plain
// text that was read strictly is valid without elements.
func (r *Result) Valid() bool {
	return !r.hasHard() && (r.plain || r.Len() > 0)
}

func (r *Result) hasHard() bool {
	for i := range r.Issues {
		if r.Issues[i].Severity == Hard {
			return true
		}
	}
	return false
}

// Err returns the first hard issue as an *Error, or nil. Parse gives at least
// one when it gives no element, so Err is nil exactly when Valid is true.
func (r *Result) Err() error {
	for i := range r.Issues {
		if r.Issues[i].Severity == Hard {
			return &Error{r.Issues[i]}
		}
	}
	return nil
}

// ElementString returns the elements as AI data without an AIM identifier, with
// Separator behind each value that needs one and is not the last.
func (r *Result) ElementString() string {
	var b strings.Builder
	separate := false
	for e := range r.Elements() {
		if separate {
			b.WriteByte(Separator)
		}
		b.WriteString(string(e.AI))
		b.WriteString(e.Value)
		row := lookup(string(e.AI))
		separate = row == nil || !row.predefined
	}
	return b.String()
}

// ScanData returns the elements as a reader transmits them from a symbol of the
// given AIM identifier, such as "]d2". The identifier must be one of a carrier
// of element strings ("]C1", "]e0", "]d2", "]Q3", "]J1"); with any other, and
// where there is no element, it returns "".
func (r *Result) ScanData(symbology string) string {
	if carrierOf(symbology) != carrierAI || r.Len() == 0 {
		return ""
	}
	return symbology + r.ElementString()
}

// HRI returns the elements as human readable interpretation, AIs in brackets
// (the HRI rules of the General Specifications). A "(" in a value is written "\(", so that Parse reads the
// same elements again.
func (r *Result) HRI() string { return hri(r.Elements()) }

func hri(elements iter.Seq[Element]) string {
	var b strings.Builder
	for e := range elements {
		b.WriteByte('(')
		b.WriteString(string(e.AI))
		b.WriteByte(')')
		b.WriteString(strings.ReplaceAll(e.Value, "(", `\(`))
	}
	return b.String()
}

// TitledHRI returns a line for each element with its data title, such as
// "USE BY or EXPIRY (17) 290131". It is for people and is not read back.
func (r *Result) TitledHRI() string {
	var b strings.Builder
	for e := range r.Elements() {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		if title := e.AI.Title(); title != "" {
			b.WriteString(title + " ")
		}
		b.WriteString("(" + string(e.AI) + ") " + e.Value)
	}
	return b.String()
}
