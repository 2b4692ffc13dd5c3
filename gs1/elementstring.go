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
		return p.unknownElement(pos, end)
	}
	start := pos + len(ai)
	data := p.input[start:end]
	if data == "" {
		p.hard(CodeEmpty, ai, start, 0, "the AI has no value")
		return end
	}
	n, hard, warning := row.check(data, p.year)
	switch {
	case hard != nil:
		p.hard(hard.code, ai, start+hard.pos, hard.length, hard.detail)
		if row.predefined {
			_, most := row.length()
			data = data[:min(most, len(data))]
		}
		p.put(pos, len(ai), start, len(data), true)
		return start + len(data)
	case n < len(data) && !row.predefined:
		p.overlong(ai, row, start+n, end-start-n)
		p.put(pos, len(ai), start, len(data), true)
		return end
	}
	if warning != nil {
		p.issue(warning.code, Warning, ai, start+warning.pos, warning.length, warning.detail)
	}
	p.put(pos, len(ai), start, n, false)
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

// longestValue is the longest value of any AI.
const longestValue = 90

// unknownElement reports an element whose AI is not allocated, or takes it where
// the caller wants such. Its value ends at the next separator.
func (p *parser) unknownElement(pos, end int) int {
	n := aiLength(p.input[pos:end])
	known := n > 0 && n <= end-pos && digits(p.input[pos:pos+n])
	if !p.o.UnknownAIs || !known || n == end-pos {
		p.hard(CodeUnknownAI, "", pos, min(4, end-pos), "no AI starts with these characters")
		return end
	}
	p.unallocated(pos, n, pos+n, end, p.input[pos+n:end])
	return end
}

// unallocated takes a value under an AI of which nothing is known but its length.
func (p *parser) unallocated(ai, n, start, end int, value string) {
	name := AI(p.input[ai : ai+n])
	f := csetX.check(value)
	if f == nil && len(value) > longestValue {
		f = &fault{code: CodeTooLong, pos: longestValue, length: len(value) - longestValue, detail: "no AI has more than 90 characters"}
	}
	if f != nil {
		offset, length := p.written(value, start, end, f)
		p.hard(f.code, name, offset, length, f.detail)
	} else {
		p.issue(CodeUnallocatedAI, Warning, name, ai, n, "the AI is not in the table of this release, "+DictionaryRelease)
	}
	p.putValue(ai, n, start, end, value, f != nil)
}
