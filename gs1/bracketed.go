package gs1

import "strings"

// bracketed reads "(AI)value(AI)value". A "(" inside a value is written "\(". The
// first "|" parts the data of a linear symbol and of its composite component.
func (p *parser) bracketed() {
	bar := strings.IndexByte(p.input, '|')
	if bar < 0 {
		p.bracketedPart(0, len(p.input))
		return
	}
	p.bracketedPart(0, bar)
	if p.room(bar) {
		p.bracketedPart(bar+1, len(p.input))
	}
}

// bracketedPart reads the fields between pos and last.
func (p *parser) bracketedPart(pos, last int) {
	if pos == last {
		p.hard(CodeEmpty, "", pos, 0, "no data before or behind the | of a composite symbol")
		return
	}
	for pos < last {
		if !p.room(pos) {
			return
		}
		n := p.bracketAt(pos)
		if n == 0 {
			p.hard(CodeBrackets, "", pos, min(6, last-pos), "expected an AI of two to four digits in brackets")
			pos = p.valueEnd(pos+1, last)
			continue
		}
		start := pos + n + 2
		end := p.valueEnd(start, last)
		p.bracketedElement(pos+1, n, start, end)
		pos = end
	}
}

// bracketAt returns how many digits stand in the brackets at pos: two to four,
// or 0 when there are no such brackets.
func (p *parser) bracketAt(pos int) int {
	rest := p.input[pos:min(len(p.input), pos+6)]
	if rest == "" || rest[0] != '(' {
		return 0
	}
	n := strings.IndexByte(rest, ')') - 1
	if n < 2 || !digits(rest[1:1+n]) {
		return 0
	}
	return n
}

// valueEnd returns where the value at start, which is behind a bracket, ends: at
// the next "(" that is not escaped, or at last.
func (p *parser) valueEnd(start, last int) int {
	for i := start; i < last; i++ {
		if p.input[i] == '(' && p.input[i-1] != '\\' {
			return i
		}
	}
	return last
}

// bracketedElement reads one value. The AI stands at pos and has n digits.
func (p *parser) bracketedElement(pos, n, start, end int) {
	ai := AI(p.input[pos : pos+n])
	written := p.input[start:end]
	value := written
	if strings.Contains(written, `\(`) {
		value = strings.ReplaceAll(written, `\(`, "(")
	}
	keep := func(rejected bool) { p.putValue(pos, n, start, end, value, rejected) }
	row := lookup(string(ai))
	if row == nil {
		if p.o.UnknownAIs && aiLength(string(ai)) == n && value != "" {
			p.unallocated(pos, n, start, end, value)
			return
		}
		p.hard(CodeUnknownAI, ai, pos-1, n+2, "the AI is not allocated")
		keep(true)
		return
	}
	least, most := row.length()
	switch {
	case value == "":
		p.hard(CodeEmpty, ai, start, 0, "the AI has no value")
		return
	case len(value) < least:
		p.hard(CodeTooShort, ai, start, end-start, "fewer characters than the AI has")
		keep(true)
		return
	case len(value) > most:
		p.hard(CodeTooLong, ai, start, end-start, "more characters than the AI has")
		keep(true)
		return
	}
	_, hard, warning := row.check(value, p.year)
	if hard != nil {
		from, to := p.escaped(start, hard.pos), p.escaped(start, hard.pos+hard.length)
		p.hard(hard.code, ai, from, to-from, hard.detail)
		keep(true)
		return
	}
	if least < most && end < len(p.input) && p.input[end] == '(' && !p.knownBracketAt(end) {
		// What follows is no AI and may belong to the value.
		keep(true)
		return
	}
	if warning != nil {
		p.issue(warning.code, Warning, ai, start+warning.pos, warning.length, warning.detail)
	}
	keep(false)
}

func (p *parser) knownBracketAt(pos int) bool {
	n := p.bracketAt(pos)
	if n == 0 {
		return false
	}
	ai := p.input[pos+1 : pos+1+n]
	return lookup(ai) != nil || p.o.UnknownAIs && aiLength(ai) == n
}

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
