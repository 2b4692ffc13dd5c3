package udi

import (
	"strings"

	"implantrace/gs1"
)

// unprint undoes the printed form of a HIBC: asterisks around it, which stand for
// the start and stop of Code 39 and are no data, and underscores for spaces. The
// asterisk in front is what tells that form.
func (t *carrierText) unprint() {
	if !strings.HasPrefix(t.s, "*+") {
		return
	}
	t.at = 1
	t.s = strings.ReplaceAll(strings.TrimSuffix(t.s[1:], "*"), "_", " ")
	t.issues = append(t.issues, Issue{Code: CodeHIBCPrinted, Severity: gs1.Warning.String(), Length: len(t.raw),
		Message: "This is the code as it is printed, with asterisks around it and underscores for spaces. They were undone.",
		Detail:  "asterisks are no data; an underscore stands for a space"})
}

// capitals takes small letters for capitals, as a keyboard with its capitals
// lock on makes them of a scanner's text, and reports whether the text was
// changed, by this or by the printed form's underscores.
func (t *carrierText) capitals() bool {
	up := strings.ToUpper(t.s)
	if up == t.s || len(up) != len(t.s) || hibcForeign(up) >= 0 {
		return t.at > 0 && strings.Contains(t.raw, "_")
	}
	t.s = up
	t.issues = append(t.issues, Issue{Code: CodeHIBCCase, Severity: gs1.Warning.String(), Offset: t.at, Length: len(up),
		Message: "The capitals and small letters of this code were swapped on the way. They were put right: turn off the capitals lock.",
		Detail:  "small letters are outside the 43 characters of HIBC"})
	return true
}
