package gs1

import "strings"

// associations checks which AIs go together (section 4.13): repeated AIs, AIs
// that exclude each other, AIs that require others. What is missing is not
// reported when there is a hard issue, for it may be what could not be read.
func (p *parser) associations() {
	complete := !p.res.hasHard()
	for i, e := range p.res.Elements {
		row := lookup(string(e.AI))
		if first, _ := p.res.Value(e.AI); first != e.Value {
			p.association(CodeRepeatedAI, i, "the AI came before with another value")
		}
		for _, x := range row.excluded {
			if other, ok := p.find(x, e.AI); ok {
				p.association(CodeExcludedAI, i, "the AI must not go with ("+string(other)+")")
			}
		}
		if !complete {
			continue
		}
		for _, groups := range row.required {
			if !p.satisfied(groups, e.AI) {
				p.association(CodeRequiredAI, i, "the AI must go with "+groupsText(groups))
			}
		}
		if p.unsigned(e) {
			p.association(CodeRequiredSerial, i, "with (8030) the key must have its serial component")
		}
	}
}

func (p *parser) association(code string, element int, detail string) {
	e := p.res.Elements[element]
	p.issue(code, Association, e.AI, e.Offset, p.spans[element], detail)
}

// find returns the first AI other than self that the pattern matches.
func (p *parser) find(x pattern, self AI) (AI, bool) {
	for _, e := range p.res.Elements {
		if e.AI != self && x.matches(e.AI) {
			return e.AI, true
		}
	}
	return "", false
}

func (p *parser) satisfied(groups [][]pattern, self AI) bool {
	for _, group := range groups {
		all := true
		for _, x := range group {
			if _, ok := p.find(x, self); !ok {
				all = false
				break
			}
		}
		if all {
			return true
		}
	}
	return false
}

// unsigned reports a GDTI, GCN or GRAI without serial component beside a digital
// signature, which signs one instance.
func (p *parser) unsigned(e Element) bool {
	switch e.AI {
	case "253", "255":
		if len(e.Value) > 13 {
			return false
		}
	case "8003":
		if len(e.Value) > 14 {
			return false
		}
	default:
		return false
	}
	_, signed := p.res.Value("8030")
	return signed
}

func groupsText(groups [][]pattern) string {
	var b strings.Builder
	for i, group := range groups {
		if i > 0 {
			b.WriteString(" or ")
		}
		for j, x := range group {
			if j > 0 {
				b.WriteString("+")
			}
			b.WriteString("(" + string(x) + ")")
		}
	}
	return b.String()
}
