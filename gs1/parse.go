package gs1

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Limits of an input, those of GS1's own engine.
const (
	maxInput = 8191
	maxAIs   = 64
)

// Options are what Parse must be told. The zero value finds the form by itself,
// and checks dates for shape only.
type Options struct {
	// Now fixes the century of two-digit years. When it is zero, dates are
	// checked for shape only (29 February 00 passes) and Result.Date returns
	// ErrNoNow.
	Now time.Time

	// Form, when it is not zero, is what the input is taken for, whatever it
	// begins with. FormPlain is not a form to ask for and is taken as zero.
	Form Form

	// Strict gives the verdict of GS1's own engine with its default options: a
	// number without an AI is not read, a symbol that is not marked as GS1 is
	// plain text (valid, and without elements), the GTIN of an EAN symbol is
	// checked and is no element, and there are no warnings.
	Strict bool

	// UnknownAIs accepts elements whose AI is not allocated, where the length of
	// the AI follows from its first two digits and the value is 1 to 90
	// characters of character set 82. Each gives a warning.
	UnknownAIs bool

	// ShortGTINs accepts a GTIN of 8, 12 or 13 digits in a Digital Link URI and
	// brings it to 14, as the first versions of that standard allowed.
	ShortGTINs bool
}

// Parse reads input in whatever form it comes: scan data when it begins with
// "]", bracketed text when it begins with "(", a Digital Link URI when it begins
// with "http://" or "https://", and otherwise an element string or a bare key.
// It never panics and never changes a value, but for the zeros it puts before a
// bare GTIN. White space, CR and LF are characters like others: take a reader's
// framing off before, or let Clean do it.
//
// A number of 8, 12, 13 or 14 digits and nothing else that is no element string
// but has the check digit of a GTIN is FormPlain with CodeBareKey. Where both
// readings hold, the element string is given with CodeAmbiguousKey. That is not
// rare: a GTIN-13 from Germany may begin like AI (400), one from Australia like
// AI (93). Who knows that a product number was asked for calls ParseGTIN.
//
// Parse of valid input without escapes allocates nothing beside the result, and
// nothing at all where the result stays in the function that asked for it.
func Parse(input string, o Options) *Result {
	p := new(parser)
	p.parse(input, o)
	return &p.Result
}

func (p *parser) parse(input string, o Options) {
	p.input, p.o = input, o
	p.Form = o.Form
	if p.Form == 0 || p.Form > FormDigitalLink {
		p.Form = formOf(input)
	}
	if !o.Now.IsZero() {
		p.year = o.Now.Year()
	}
	switch {
	case input == "":
		p.hard(CodeEmpty, "", 0, 0, "the input is empty")
	case len(input) > maxInput:
		p.hard(CodeTooLarge, "", 0, len(input), "the input has more than 8191 bytes")
	case p.Form == FormScanData:
		p.scanData()
	case p.Form == FormBracketed:
		p.bracketed()
	case p.Form == FormDigitalLink:
		p.digitalLink(0)
	default:
		p.unmarked()
	}
	p.associations()
	if o.Strict {
		p.strict()
	}
	if len(p.Issues) > 1 {
		slices.SortStableFunc(p.Issues, func(a, b Issue) int {
			return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Severity, b.Severity))
		})
	}
}

func formOf(input string) Form {
	switch {
	case strings.HasPrefix(input, "]"):
		return FormScanData
	case strings.HasPrefix(input, "("):
		return FormBracketed
	case isWebAddress(input):
		return FormDigitalLink
	}
	return FormElementString
}

// parser builds one result, and holds it: no pointer leads from the one to the
// other, so that the compiler can leave both on the stack.
type parser struct {
	Result
	o   Options
	met int // AIs, good and bad
	uri uri // of a Digital Link
}

func (p *parser) issue(code string, s Severity, ai AI, offset, length int, detail string) {
	p.Issues = append(p.Issues, Issue{
		Code: code, Severity: s, AI: ai, Offset: offset, Length: length,
		Message: message(code, ai), Detail: detail,
	})
}

func (p *parser) hard(code string, ai AI, offset, length int, detail string) {
	p.issue(code, Hard, ai, offset, length, detail)
}

// room counts one more AI, or reports that there are too many.
func (p *parser) room(pos int) bool {
	if p.met == maxAIs {
		p.hard(CodeTooMany, "", pos, len(p.input)-pos, "the input has more than 64 AIs")
		return false
	}
	p.met++
	return true
}

// put keeps an element whose value stands in the input as it is.
func (p *parser) put(ai, aiLength, value, length int, rejected bool) {
	p.keep(span{ai: uint16(ai), aiLength: uint8(aiLength), value: uint16(value), length: uint16(length),
		offset: uint16(value), taken: uint16(length), rejected: rejected})
}

// putText keeps an element whose value had to be written anew: unescaped, or
// brought to 14 digits. In the input it takes length bytes from offset on.
func (p *parser) putText(ai, aiLength int, text string, offset, length int, rejected bool) {
	s := span{ai: uint16(ai), aiLength: uint8(aiLength), value: uint16(len(p.extra)), length: uint16(len(text)),
		offset: uint16(offset), taken: uint16(length), extra: true, rejected: rejected}
	p.extra += text
	p.keep(s)
}

// putValue keeps the element whose value the input writes from start to end.
func (p *parser) putValue(ai, aiLength, start, end int, value string, rejected bool) {
	if value == p.input[start:end] {
		p.put(ai, aiLength, start, len(value), rejected)
	} else {
		p.putText(ai, aiLength, value, start, end-start, rejected)
	}
}

func (p *parser) keep(s span) {
	s.code = codeOf(string(p.ai(&s)))
	p.spans[p.count] = s
	p.count++
}

// forget drops what was read so far, for another reading of the same input.
func (p *parser) forget() {
	p.count, p.extra, p.Issues, p.met = 0, "", nil, 0
}

// strict leaves what GS1's engine does not give: warnings, and the GTIN of an
// EAN symbol, which it checks and does not call an element.
func (p *parser) strict() {
	p.Issues = slices.DeleteFunc(p.Issues, func(i Issue) bool { return i.Severity == Warning })
	n := 0
	for _, s := range p.spans[:p.count] {
		if !s.implied {
			p.spans[n] = s
			n++
		}
	}
	p.plain = p.plain || n == 0 && n < p.count
	p.count = n
}
