package udi

import (
	"slices"
	"strings"

	"implantrace/gs1"
)

// doubt goes through what package gs1 let pass and a record of devices and
// patients must not: where two readings are possible, none is chosen. A value
// in doubt is put with the rejected ones, and its issue is hard.
func (m *Meaning) doubt() {
	has := func(ais ...string) bool {
		return slices.ContainsFunc(m.Elements, func(e Element) bool { return slices.Contains(ais, e.AI) })
	}
	wristband := has("8018") || has("91") && !has("01", "8006", "10", "21", "17") // AI 91 is the maker's on a device
	for n := range m.Issues {
		i := &m.Issues[n]
		switch {
		case i.Code == gs1.CodeRepeatedAI:
			i.Severity = gs1.Hard.String()
			m.reject(func(e Element) bool { return e.AI == i.AI })
		case i.Code == gs1.CodeAmbiguousKey:
			i.Severity = gs1.Hard.String()
			m.reject(func(Element) bool { return true })
		case wristband && i.Severity == gs1.Hard.String() && (i.AI == "91" || i.AI == "92" || i.AI == "93"):
			// What is written there follows no published rule: a wristband is
			// good without it (DCB1077).
			i.Severity = gs1.Warning.String()
		}
	}
	if m.Form == gs1.FormBracketed.String() {
		m.doubtEnds()
	}
	s, ok := m.gs1.LostSeparator()
	if !ok || wristband {
		return
	}
	offset, length := m.cleaned.Span(s.Element.Offset, s.Element.Length)
	i := Issue{Code: CodeSeparator, Severity: gs1.Warning.String(), AI: string(s.Element.AI), Offset: offset, Length: length,
		Message: "The end of this value looks like another field: a separator may have been lost. Compare it with the label.",
		Detail:  "the value holds what may be another AI and its value"}
	if s.Strong {
		i.Detail = "another AI and its value stand within the last value, as numbers hardly ever have by chance"
		// A reader that has sent another separator sends them all. From any other,
		// nobody can tell where the value ends.
		if s.Bare {
			i.Severity = gs1.Hard.String()
			m.reject(func(e Element) bool { return e.AI == i.AI && e.Offset == offset })
		}
	}
	m.Issues = append(m.Issues, i)
}

// doubtEnds warns of values in brackets that end in what people write between
// fields: to the letter of the standard it belongs to the value.
func (m *Meaning) doubtEnds() {
	for _, e := range m.Elements {
		if n := len(e.Value) - 1; !e.Rejected && n > 0 && (strings.IndexByte(",;:/", e.Value[n]) >= 0 || e.Value[n] == ')' && !strings.Contains(e.Value, "(")) {
			m.Issues = append(m.Issues, Issue{Code: gs1.CodeBrackets, Severity: gs1.Warning.String(), AI: e.AI, Offset: e.Offset + e.length - 1, Length: 1,
				Message: "The last character of this value may stand between the fields and not be part of it. Compare it with the label.",
				Detail:  "a value in brackets ends in a mark"})
		}
	}
}

// reject marks elements as breaking a rule.
func (m *Meaning) reject(which func(Element) bool) {
	for i := range m.Elements {
		if which(m.Elements[i]) {
			m.Elements[i].Rejected = true
		}
	}
}
