package gs1

import (
	"cmp"
	"slices"
	"time"
)

// Limits of an input, those of GS1's own engine.
const (
	maxInput = 8191
	maxAIs   = 64
)

// Options are what Parse must be told.
type Options struct {
	// Now fixes the century of two-digit years. When it is zero, dates are
	// checked for shape only (29 February 00 passes) and Result.Date returns
	// ErrNoNow.
	Now time.Time
}

// Parse reads input in whatever form it comes: scan data when it begins with
// "]", bracketed text when it begins with "(", and otherwise an element string
// or a bare key. It never panics and never changes a value, but for the zeros it
// puts before a bare GTIN. White space, CR and LF are characters like others: take
// a reader's framing off before.
//
// A number of 8, 12, 13 or 14 digits and nothing else that is no element string
// but has the check digit of a GTIN is FormPlain with CodeBareKey. Where both
// readings hold, the element string is given with CodeAmbiguousKey. That is not
// rare: a GTIN-13 from Germany may begin like AI (400), one from Australia like
// AI (93). Who knows that a product number was asked for calls ParseGTIN.
func Parse(input string, o Options) Result {
	p := parser{input: input, now: o.Now, res: Result{Form: FormElementString, now: o.Now}}
	switch {
	case input == "":
		p.hard(CodeEmpty, "", 0, 0, "the input is empty")
	case len(input) > maxInput:
		p.res.Form = formOf(input)
		p.hard(CodeTooLarge, "", 0, len(input), "the input has more than 8191 bytes")
	case input[0] == ']':
		p.res.Form = FormScanData
		p.scanData()
	case input[0] == '(':
		p.res.Form = FormBracketed
		p.bracketed()
	default:
		p.unmarked()
	}
	p.associations()
	slices.SortStableFunc(p.res.Issues, func(a, b Issue) int {
		return cmp.Or(cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Severity, b.Severity))
	})
	return p.res
}

func formOf(input string) Form {
	switch input[0] {
	case ']':
		return FormScanData
	case '(':
		return FormBracketed
	}
	return FormElementString
}

// parser builds one result.
type parser struct {
	input string
	now   time.Time
	res   Result
	spans []int // bytes of the input that each of res.Elements takes
	count int   // AIs met, good and bad
}

func (p *parser) issue(code string, s Severity, ai AI, offset, length int, detail string) {
	p.res.Issues = append(p.res.Issues, Issue{
		Code: code, Severity: s, AI: ai, Offset: offset, Length: length,
		Message: message(code, ai), Detail: detail,
	})
}

func (p *parser) hard(code string, ai AI, offset, length int, detail string) {
	p.issue(code, Hard, ai, offset, length, detail)
}

// room counts one more AI, or reports that there are too many.
func (p *parser) room(pos int) bool {
	if p.count == maxAIs {
		p.hard(CodeTooMany, "", pos, len(p.input)-pos, "the input has more than 64 AIs")
		return false
	}
	p.count++
	return true
}

func (p *parser) accept(ai AI, value string, offset, span int) {
	p.res.Elements = append(p.res.Elements, Element{ai, value, offset})
	p.spans = append(p.spans, span)
}

func (p *parser) reject(ai AI, value string, offset int) {
	p.res.Rejected = append(p.res.Rejected, Element{ai, value, offset})
}

// forget drops what was read so far, for another reading of the same input.
func (p *parser) forget() {
	p.res.Elements, p.res.Rejected, p.res.Issues = nil, nil, nil
	p.spans, p.count = nil, 0
}
