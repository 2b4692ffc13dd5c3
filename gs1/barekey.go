package gs1

import (
	"fmt"
	"strings"
)

// gtinAI is the AI under which a bare GTIN is given.
const gtinAI AI = "01"

// bareSymbol reads a symbol that holds a GTIN of n digits and no AI. Behind an
// EAN symbol, "|]e0" starts the data of a composite component.
func (p *parser) bareSymbol(n int) {
	const start = identifierLength
	key, component := p.input[start:], 0
	if n != 14 && len(key) > n && strings.HasPrefix(key[n:], "|]e0") {
		component = start + n + len("|]e0")
		key = key[:n]
	} else {
		p.Form = FormPlain
	}
	p.met++
	p.bareGTIN(key, n)
	if component > 0 {
		p.elementString(component)
	}
}

func (p *parser) bareGTIN(key string, n int) {
	const start = identifierLength
	charset, written := csetN.check(key), len(key)
	rejected := true
	switch {
	case key == "":
		p.hard(CodeEmpty, gtinAI, start, 0, "no digits behind the symbology identifier")
		return
	case charset != nil:
		p.hard(CodeCharset, gtinAI, start+charset.pos, 1, "a GTIN has digits only")
	case len(key) < n:
		p.hard(CodeTooShort, gtinAI, start, len(key), fmt.Sprintf("a GTIN in this symbol has %d digits", n))
	case len(key) > n:
		p.hard(CodeTooLong, gtinAI, start+n, len(key)-n, fmt.Sprintf("a GTIN in this symbol has %d digits", n))
	default:
		if f := checkCsum(key, p.year); f != nil {
			p.hard(f.code, gtinAI, start+f.pos, f.length, f.detail)
		} else {
			rejected = false
		}
		key = padGTIN(key)
	}
	p.putText(0, 0, key, start, written, rejected)
	p.spans[p.count-1].implied = true
}

// padGTIN brings a GTIN to 14 digits.
func padGTIN(digits string) string {
	return "00000000000000"[:max(0, 14-len(digits))] + digits
}

// unmarked reads input without an AIM identifier or brackets: an element string,
// or a bare GTIN that was typed or came from a reader that sends no identifier.
func (p *parser) unmarked() {
	p.elementString(0)
	if p.o.Strict || len(p.input) > 14 {
		return
	}
	gtin, err := ParseGTIN(p.input)
	if err != nil {
		return
	}
	if !p.hasHard() {
		p.issue(CodeAmbiguousKey, Warning, "", 0, len(p.input), "the digits are an element string and also GTIN "+string(gtin))
		return
	}
	p.forget()
	p.Form = FormPlain
	p.putText(0, 0, string(gtin), 0, len(p.input), false)
	p.issue(CodeBareKey, Warning, gtinAI, 0, len(p.input), fmt.Sprintf("the digits are no element string and have the check digit of a GTIN-%d", len(p.input)))
}
