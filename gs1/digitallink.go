package gs1

import (
	"fmt"
	"slices"
	"strings"
)

// isWebAddress reports whether text begins like the URIs that this package
// reads: the scheme in small letters or in capitals, as GS1's engine has it.
func isWebAddress(text string) bool { return schemeLength(text) > 0 }

func schemeLength(text string) int {
	for _, scheme := range []string{"https://", "http://", "HTTPS://", "HTTP://"} {
		if strings.HasPrefix(text, scheme) {
			return len(scheme)
		}
	}
	return 0
}

// The characters of a URI and of a host name with its port beside letters and
// digits (RFC 3986, section 2).
const (
	uriMarks  = "-._~:/?#[]@!$&'()*+,;=%"
	hostMarks = "-.:[]"
)

// digitalLink reads a GS1 Digital Link URI that starts at pos and takes the rest
// of the input (GS1 Digital Link: URI Syntax). The primary key is the last AI in
// the path that is one, so anything may stand before it; its qualifiers follow
// in their order, and other AIs stand in the query. Query parameters that are no
// AI are ignored and reported; a fragment is left out.
func (p *parser) digitalLink(pos int) {
	p.Form = FormDigitalLink
	if p.splitURI(pos) && p.readPath() {
		p.readQuery()
		p.checkPlaces()
	}
}

// uri is where the parts of a Digital Link stand in the input.
type uri struct {
	path, query struct{ start, end int } // the query without "?"
	inPath      int                      // spans from the path; the others are from the query
}

// splitURI finds the parts of the URI.
func (p *parser) splitURI(start int) bool {
	in := p.input
	if i := outside(in[start:], uriMarks); i >= 0 {
		p.hard(CodeURI, "", start+i, 1, "a character that a URI cannot have")
		return false
	}
	scheme := schemeLength(in[start:])
	if scheme == 0 {
		p.hard(CodeURI, "", start, min(8, len(in)-start), "the scheme is neither http:// nor https://")
		return false
	}
	host := start + scheme
	end := host + strings.IndexByte(in[host:], '/')
	if end < host {
		end = len(in)
	}
	if i := outside(in[host:end], hostMarks); i >= 0 {
		p.hard(CodeURI, "", host+i, 1, "a character that a host name cannot have")
		return false
	}
	if end == host || end == len(in) {
		p.hard(CodeURI, "", host, end-host, "a host name and a path are wanted")
		return false
	}
	p.uri.path.start, p.uri.path.end = end, len(in)
	if i := strings.IndexByte(in[end:], '#'); i >= 0 {
		p.uri.path.end = end + i
	}
	p.uri.query.start, p.uri.query.end = p.uri.path.end, p.uri.path.end
	if i := strings.IndexByte(in[end:p.uri.path.end], '?'); i >= 0 {
		p.uri.path.end = end + i
		p.uri.query.start = p.uri.path.end + 1
	}
	return true
}

// outside returns where the first character of s stands that is no letter, no
// digit and none of marks, or -1.
func outside(s, marks string) int {
	for i := range len(s) {
		if !alphanumeric(s[i]) && strings.IndexByte(marks, s[i]) < 0 {
			return i
		}
	}
	return -1
}

func alphanumeric(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z'
}

// readPath finds the primary key from the end of the path backwards, by pairs of
// AI and value, and reads it and what follows.
func (p *parser) readPath() bool {
	path := p.input[:p.uri.path.end]
	key := -1
	for end := len(path); key < 0; {
		value := strings.LastIndexByte(path[:end], '/')
		if value <= p.uri.path.start {
			break
		}
		ai := strings.LastIndexByte(path[:value], '/')
		row := lookup(path[ai+1 : value])
		if row == nil {
			break
		}
		if row.key {
			key = ai
		}
		end = ai
	}
	if key < 0 {
		p.hard(CodeURI, "", p.uri.path.start, p.uri.path.end-p.uri.path.start, "no primary key of GS1 and its value at the end of the path")
		return false
	}
	for pos := key; pos < len(path); {
		if !p.room(pos) {
			return false
		}
		ai := pos + 1
		start := ai + strings.IndexByte(path[ai:], '/') + 1
		pos = len(path)
		if i := strings.IndexByte(path[start:], '/'); i >= 0 {
			pos = start + i
		}
		p.uriValue(ai, start, pos, false)
	}
	p.uri.inPath = p.count
	return true
}

// readQuery reads the parameters of the query, which "&" parts.
func (p *parser) readQuery() {
	for pos := p.uri.query.start; pos < p.uri.query.end; {
		end := p.uri.query.end
		if i := strings.IndexByte(p.input[pos:end], '&'); i >= 0 {
			end = pos + i
		}
		if end > pos && !p.parameter(pos, end) {
			return
		}
		pos = end + 1
	}
}

func (p *parser) parameter(pos, end int) bool {
	if !p.room(pos) {
		return false
	}
	name, _, assigned := strings.Cut(p.input[pos:end], "=")
	start := pos + len(name) + 1
	switch {
	case !assigned || name == "" || !digits(name):
		p.issue(CodeIgnored, Warning, "", pos, end-pos, "a query parameter that is no AI")
	case lookup(name) != nil:
		p.uriValue(pos, start, end, true)
	case p.o.UnknownAIs && aiLength(name) == len(name):
		p.uriValue(pos, start, end, true)
	default:
		p.hard(CodeUnknownAI, "", pos, len(name), "a number in the query that is no AI")
	}
	return true
}

// uriValue reads the value of the AI that stands at ai and ends before start.
func (p *parser) uriValue(ai, start, end int, query bool) {
	name := AI(p.input[ai : start-1])
	row := lookup(string(name))
	value, ok := unescapeURI(p.input[start:end], query)
	if n := len(value); p.o.ShortGTINs && name == gtinAI && (n == 8 || n == 12 || n == 13) && digits(value) {
		value = padGTIN(value)
	}
	switch {
	case start == end:
		p.hard(CodeEmpty, name, start, 0, "the AI has no value")
		return
	case !ok:
		p.hard(CodeCharset, name, start, end-start, "an escaped null character")
		return
	case row == nil:
		p.unallocated(ai, len(name), start, end, value)
		return
	}
	least, most := row.length()
	f, warning := (*fault)(nil), (*fault)(nil)
	switch {
	case len(value) < least:
		f = whole(CodeTooShort, value, "fewer characters than the AI has")
	case len(value) > most:
		f = whole(CodeTooLong, value, "more characters than the AI has")
	default:
		_, f, warning = row.check(value, p.year)
	}
	if f == nil && warning == nil && suspiciousURIValue(p.input[start:end], value, query) {
		warning = &fault{code: CodeEscape, length: end - start, detail: "an escape that is none, an escape within an escape, or what looks like a query inside the value"}
	}
	if f != nil {
		offset, length := p.written(value, start, end, f)
		p.hard(f.code, name, offset, length, f.detail)
	} else if warning != nil {
		offset, length := p.written(value, start, end, warning)
		p.issue(warning.code, Warning, name, offset, length, warning.detail)
	}
	p.putValue(ai, len(name), start, end, value, f != nil)
}

// written returns where a fault of value, which the input writes from start to
// end, stands there: all of that when it is written in another way.
func (p *parser) written(value string, start, end int, f *fault) (offset, length int) {
	if value != p.input[start:end] {
		return start, end - start
	}
	return start + f.pos, f.length
}

// suspiciousURIValue reports whether a value, as written and as unescaped, shows
// that the URI came to harm. GS1's engine takes it as it stands.
func suspiciousURIValue(written, value string, query bool) bool {
	for i := range len(written) {
		if written[i] == '%' && (i+2 >= len(written) || !hexDigit(written[i+1]) || !hexDigit(written[i+2])) {
			return true
		}
	}
	for i := range len(value) {
		if value != written && value[i] == '%' && i+2 < len(value) && hexDigit(value[i+1]) && hexDigit(value[i+2]) {
			return true
		}
		if !query && strings.IndexByte("&;?", value[i]) >= 0 {
			if name, _, found := strings.Cut(value[i+1:], "="); found && lookup(name) != nil {
				return true
			}
		}
	}
	return false
}

// unescapeURI undoes percent-encoding, and in a query "+" for space. A "%" that
// two hexadecimal digits do not follow stands for itself. An escaped null
// character is refused.
func unescapeURI(s string, query bool) (string, bool) {
	if strings.IndexByte(s, '%') < 0 && (!query || strings.IndexByte(s, '+') < 0) {
		return s, true
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '%' && i+2 < len(s) && hexDigit(s[i+1]) && hexDigit(s[i+2]):
			c := hexValue(s[i+1])<<4 | hexValue(s[i+2])
			if c == 0 {
				return "", false
			}
			b = append(b, c)
			i += 2
		case s[i] == '+' && query:
			b = append(b, ' ')
		default:
			b = append(b, s[i])
		}
	}
	return string(b), true
}

func hexValue(b byte) byte {
	switch {
	case b >= 'a':
		return b - 'a' + 10
	case b >= 'A':
		return b - 'A' + 10
	}
	return b - '0'
}

// checkPlaces holds the AIs against the rules of the primary key: the sequence in
// the path, no AI twice, and in the query only attributes, of which none has a
// place in the path.
func (p *parser) checkPlaces() {
	if p.uri.inPath == 0 {
		return // the key has no value
	}
	key := p.ai(&p.spans[0])
	row := lookup(string(key))
	var buffer [maxAIs]AI
	order := buffer[:0]
	for i := 1; i < p.uri.inPath; i++ {
		order = append(order, p.ai(&p.spans[i]))
	}
	if !row.allows(order, "") {
		p.hard(CodePathOrder, key, p.uri.path.start, p.uri.path.end-p.uri.path.start, "the AIs in the path are no sequence of qualifiers of the primary key")
	}
	for i := range p.count {
		e := p.at(&p.spans[i])
		for j := range i {
			if p.ai(&p.spans[j]) == e.AI {
				p.hard(CodeDuplicateAI, e.AI, e.Offset, e.Length, "the AI stood in the URI before")
				break
			}
		}
		if i < p.uri.inPath {
			continue
		}
		switch rules := lookup(string(e.AI)); {
		case rules == nil: // taken all the same
		case !rules.attribute:
			p.hard(CodeQuery, e.AI, e.Offset, e.Length, "the AI is no data attribute")
		case row.allows(order, e.AI):
			p.hard(CodeQuery, e.AI, e.Offset, e.Length, fmt.Sprintf("the AI qualifies (%s) and belongs in the path", key))
		}
	}
}

// allows reports whether the AIs may follow the key in the path: in the order of
// one of its sequences, of which any may be left out. With another AI, it reports
// whether that has a place among them.
func (r *row) allows(order []AI, another AI) bool {
	if len(order) == 0 && another == "" {
		return true
	}
	for _, sequence := range r.qualifiers {
		n := 0
		for _, ai := range sequence {
			if n < len(order) && order[n] == ai {
				n++
			}
		}
		if n == len(order) && (another == "" || slices.Contains(sequence, another) && !slices.Contains(order, another)) {
			return true
		}
	}
	return false
}
