package gs1

import "strings"

// bracketed reads "(AI)value(AI)value". A "(" inside a value is written "\(".
func (p *parser) bracketed() {
	for pos := 0; pos < len(p.input); {
		if !p.room(pos) {
			return
		}
		ai := p.bracketAt(pos)
		if ai == "" {
			p.hard(CodeBrackets, "", pos, min(6, len(p.input)-pos), "expected an AI of two to four digits in brackets")
			pos = p.valueEnd(pos + 1)
			continue
		}
		start := pos + len(ai) + 2
		end := p.valueEnd(start)
		p.bracketedElement(ai, pos, start, end)
		pos = end
	}
}

// bracketAt returns the digits in the brackets at pos, "" when there are none.
func (p *parser) bracketAt(pos int) AI {
	rest := p.input[pos:min(len(p.input), pos+6)]
	if rest == "" || rest[0] != '(' {
		return ""
	}
	ai, _, closed := strings.Cut(rest[1:], ")")
	if !closed || len(ai) < 2 || !digits(ai) {
		return ""
	}
	return AI(ai)
}

// valueEnd returns where the value at start, which is behind a bracket, ends: at
// the next "(" that is not escaped.
func (p *parser) valueEnd(start int) int {
	for i := start; i < len(p.input); i++ {
		if p.input[i] == '(' && p.input[i-1] != '\\' {
			return i
		}
	}
	return len(p.input)
}

func (p *parser) bracketedElement(ai AI, pos, start, end int) {
	row := lookup(string(ai))
	if row == nil {
		p.hard(CodeUnknownAI, ai, pos, start-pos, "the AI is not allocated")
		p.reject(ai, unescape(p.input[start:end]), start)
		return
	}
	value := unescape(p.input[start:end])
	least, most := row.length()
	switch {
	case value == "":
		p.hard(CodeEmpty, ai, start, 0, "the AI has no value")
		return
	case len(value) < least:
		p.hard(CodeTooShort, ai, start, end-start, "fewer characters than the AI has")
		p.reject(ai, value, start)
		return
	case len(value) > most:
		p.hard(CodeTooLong, ai, start, end-start, "more characters than the AI has")
		p.reject(ai, value, start)
		return
	}
	_, hard, warning := row.check(value, p.now)
	if hard != nil {
		from, to := p.escaped(start, hard.pos), p.escaped(start, hard.pos+hard.length)
		p.hard(hard.code, ai, from, to-from, hard.detail)
		p.reject(ai, value, start)
		return
	}
	if least < most && end < len(p.input) && lookup(string(p.bracketAt(end))) == nil {
		// What follows is no AI and may belong to the value.
		p.reject(ai, value, start)
		return
	}
	if warning != nil {
		p.issue(warning.code, Warning, ai, start+warning.pos, warning.length, warning.detail)
	}
	p.accept(ai, value, start, end-start)
}

func unescape(s string) string { return strings.ReplaceAll(s, `\(`, "(") }

// escaped returns the offset in the input of byte n of the value at start.
func (p *parser) escaped(start, n int) int {
	at := start
	for ; n > 0; n-- {
		if strings.HasPrefix(p.input[at:], `\(`) {
			at++
		}
		at++
	}
	return at
}
