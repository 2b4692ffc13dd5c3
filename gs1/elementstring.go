package gs1

import "strings"

// elementString reads AI data from pos to the end (section 7.8). Behind a bad
// element it goes on where the next must begin: at the known end of a value of
// predefined length, else behind the next separator.
func (p *parser) elementString(pos int) {
	if pos == len(p.input) {
		p.hard(CodeEmpty, "", pos, 0, "no AI data behind the symbology identifier")
		return
	}
	for pos < len(p.input) {
		if !p.room(pos) {
			return
		}
		if p.input[pos] == Separator {
			p.hard(CodeStraySeparator, "", pos, 1, "a separator ends a value, and there is none before this one")
			pos++
			continue
		}
		end := len(p.input)
		if i := strings.IndexByte(p.input[pos:], Separator); i >= 0 {
			end = pos + i
		}
		pos = p.element(pos, end)
		if pos < len(p.input) && p.input[pos] == Separator {
			pos++ // one separator is allowed behind any value
		}
	}
}

// element reads one AI and its value between pos and the separator or end of
// input at end, and returns where reading goes on.
func (p *parser) element(pos, end int) int {
	ai, row := lookupPrefix(p.input[pos:end])
	if row == nil {
		p.hard(CodeUnknownAI, "", pos, min(4, end-pos), "no AI starts with these characters")
		return end
	}
	start := pos + len(ai)
	data := p.input[start:end]
	if data == "" {
		p.hard(CodeEmpty, ai, start, 0, "the AI has no value")
		return end
	}
	_, most := row.length()
	n, hard, warning := row.check(data, p.now)
	switch {
	case hard != nil:
		p.hard(hard.code, ai, start+hard.pos, hard.length, hard.detail)
		if row.predefined {
			data = data[:min(most, len(data))]
		}
		p.reject(ai, data, start)
		return start + len(data)
	case n < len(data) && !row.predefined:
		p.overlong(ai, row, start+n, end-start-n)
		p.reject(ai, data, start)
		return end
	}
	if warning != nil {
		p.issue(warning.code, Warning, ai, start+warning.pos, warning.length, warning.detail)
	}
	p.accept(ai, data[:n], start, n)
	return start + n
}

// overlong reports data behind a value that is full.
func (p *parser) overlong(ai AI, row *row, offset, length int) {
	if least, most := row.length(); least == most {
		p.hard(CodeMissingSeparator, ai, offset, length, "the value is full here and must end with a separator")
		return
	}
	p.hard(CodeTooLong, ai, offset, length, "more characters than the AI has")
}
