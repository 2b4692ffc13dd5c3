package udi

import (
	"regexp"
	"slices"
	"strings"

	"implantrace/gs1"
)

// doubt goes through what package gs1 let pass and a record of devices and
// patients must not: where two readings are possible, none is chosen. A value
// in doubt is put with the rejected ones, and its issue is hard.
func (m *Meaning) doubt(r *gs1.Result, text string) {
	wristband := slices.ContainsFunc(slices.Concat(r.Elements, r.Rejected), func(e gs1.Element) bool { return e.AI == "8018" || e.AI == "91" })
	for n := range r.Issues {
		i := &r.Issues[n]
		switch {
		case i.Code == gs1.CodeRepeatedAI:
			i.Severity = gs1.Hard
			reject(r, func(e gs1.Element) bool { return e.AI == i.AI })
		case i.Code == gs1.CodeAmbiguousKey:
			i.Severity = gs1.Hard
			reject(r, func(gs1.Element) bool { return true })
		case wristband && i.Severity == gs1.Hard && (i.AI == "91" || i.AI == "92" || i.AI == "93"):
			// What is written there follows no published rule: a wristband is
			// good without it (DCB1077).
			i.Severity = gs1.Warning
		}
	}
	if r.Form == gs1.FormBracketed || len(r.Elements) == 0 {
		return
	}
	last := r.Elements[len(r.Elements)-1]
	if !swallows(last) || !strings.HasSuffix(text, last.Value) {
		return
	}
	i := gs1.Issue{Code: CodeSeparator, Severity: gs1.Warning, AI: last.AI, Offset: last.Offset, Length: len(last.Value),
		Message: "The end of this value looks like another field: a separator may have been lost. Compare it with the label.",
		Detail:  "a date's AI and a valid date stand within the last value"}
	// A reader that names its symbology, or has sent another separator, sends
	// them all. From any other, nobody can tell where the value ends.
	if r.Symbology == "" && !strings.Contains(text, string(gs1.Separator)) {
		i.Severity = gs1.Hard
		reject(r, func(e gs1.Element) bool { return e == last })
	}
	r.Issues = append(r.Issues, i)
}

// reject moves elements to the rejected ones.
func reject(r *gs1.Result, which func(gs1.Element) bool) {
	for _, e := range r.Elements {
		if which(e) {
			r.Rejected = append(r.Rejected, e)
		}
	}
	r.Elements = slices.DeleteFunc(slices.Clone(r.Elements), which)
}

// fields is what may follow a value whose separator was lost: a date of
// production, best before or expiry, then nothing, or one more field.
var fields = regexp.MustCompile(`.(1[157]\d\d(0[1-9]|1[0-2])([0-2]\d|3[01]))+($|(10|21|30|240).)`)

// swallows reports whether a value of variable length seems to hold the fields
// behind it.
func swallows(e gs1.Element) bool {
	switch e.AI {
	case "10", "21", "240", "241":
		return fields.MatchString(e.Value)
	}
	return false
}
