package gs1

import "strings"

// PackIssue is an association issue among the carriers of one pack.
type PackIssue struct {
	Carrier int // which of the results the issue's offset belongs to, from 0
	Issue
}

// Associations checks which AIs go together over all the carriers of one pack
// (the data relationships of the General Specifications): half of a UDI in a symbol of its own fails alone and passes
// beside the other half. It gives association issues only, in the order of
// carriers; the association issues that each result has from Parse hold for that
// carrier alone. A value that two carriers give differently is reported with the
// later one.
func Associations(carriers ...*Result) []PackIssue { return associate(carriers) }

// associations checks the one carrier that was read.
func (p *parser) associations() {
	carriers := [...]*Result{&p.Result}
	for _, i := range associate(carriers[:]) {
		p.Issues = append(p.Issues, i.Issue)
	}
}

// associate checks repeated AIs, AIs that exclude each other, and AIs that
// require others. What is missing is not reported when there is a hard issue,
// for it may be what could not be read.
func associate(pack pack) (found []PackIssue) {
	complete := true
	for _, r := range pack {
		complete = complete && !r.hasHard()
	}
	for c, r := range pack {
		for i := range r.count {
			s := &r.spans[i]
			if s.rejected {
				continue
			}
			report := func(code, detail string) {
				ai := AI(strings.Clone(string(r.ai(s))))
				found = append(found, PackIssue{c, Issue{Code: code, Severity: Association, AI: ai,
					Offset: int(s.offset), Length: int(s.taken), Message: message(code, ai), Detail: detail}})
			}
			if holder, first := pack.find(aiRange{s.code, s.code}, noCode); first != s && holder.valueOf(first) != r.valueOf(s) {
				report(CodeRepeatedAI, "the AI came before with another value")
			}
			row := s.code.row()
			if row == nil {
				continue // not in the table, and taken all the same
			}
			rules := &associationRules[aiIndex[s.code]-1]
			for _, x := range rules.excluded {
				if holder, other := pack.find(x, s.code); other != nil {
					report(CodeExcludedAI, "the AI must not go with ("+string(holder.ai(other))+")")
				}
			}
			if !complete {
				continue
			}
			for j, groups := range rules.required {
				if !pack.satisfies(groups, s.code) {
					report(CodeRequiredAI, "the AI must go with "+groupsText(row.required[j]))
				}
			}
			if row.lacksSerial(int(s.length)) && pack.signed() {
				report(CodeRequiredSerial, "with (8030) the key must have its serial component")
			}
		}
	}
	return found
}

// associationRules are the patterns of each row of aiTable.
var associationRules = func() (rules [len(aiTable)]struct {
	required [][][]aiRange
	excluded []aiRange
}) {
	among := func(patterns []pattern) (list []aiRange) {
		for _, p := range patterns {
			list = append(list, p.among())
		}
		return list
	}
	for i := range aiTable {
		rules[i].excluded = among(aiTable[i].excluded)
		for _, groups := range aiTable[i].required {
			var list [][]aiRange
			for _, group := range groups {
				list = append(list, among(group))
			}
			rules[i].required = append(rules[i].required, list)
		}
	}
	return rules
}()

// noCode is the code of no AI.
const noCode aiCode = 1<<16 - 1

// pack is all the carriers of one item.
type pack []*Result

// find returns the first element in the range whose AI is not self, and the
// carrier it stands in.
func (k pack) find(in aiRange, self aiCode) (*Result, *span) {
	for _, r := range k {
		for i := range r.count {
			if s := &r.spans[i]; in.has(s.code) && !s.rejected && s.code != self {
				return r, s
			}
		}
	}
	return nil, nil
}

// satisfies reports whether one of the groups is there as a whole.
func (k pack) satisfies(groups [][]aiRange, self aiCode) bool {
	for _, group := range groups {
		all := true
		for _, x := range group {
			if _, s := k.find(x, self); s == nil {
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

// signed reports whether there is a digital signature, which signs one instance.
func (k pack) signed() bool {
	_, s := k.find(pattern("8030").among(), noCode)
	return s != nil
}

// lacksSerial reports whether r is the row of a GDTI, GCN or GRAI and a value of
// that length is without its serial component.
func (r *row) lacksSerial(length int) bool {
	switch r.first {
	case "253", "255":
		return length == 13
	case "8003":
		return length == 14
	}
	return false
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
