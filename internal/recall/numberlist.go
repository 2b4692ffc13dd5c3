package recall

import (
	"strings"

	"implantrace/internal/udi"
)

// numberList is what a notice says of lots, or of serial numbers, made ready to
// be asked about many usages.
type numberList struct {
	what     string // "lot", "serial number"
	exact    map[string]bool
	folded   map[string]string // fold -> as the notice has it
	prefixes []string
	ranges   []numberRange
	variants []variantRange
	byRange  []int // which of ranges each of variants is of
	ends     map[string]string
	edits    bool // a typed number within one edit of a named one may be it
}

// newNumberList makes the list; nil where the notice names none. Serial numbers
// are counted up, so that each is within one edit of its neighbours: of them,
// only writing variants are taken for a named one.
func newNumberList(what string, from Numbers, edits bool) *numberList {
	if len(from) == 0 {
		return nil
	}
	l := &numberList{what: what, exact: make(map[string]bool), folded: make(map[string]string), ends: make(map[string]string), edits: edits}
	for _, n := range from {
		switch {
		case n.Prefix != "":
			l.prefixes = append(l.prefixes, n.Prefix)
		case n.From != "":
			r, err := newRange(n.From, n.To)
			if err != nil {
				continue // Normalised has refused it
			}
			for _, v := range r.variants() {
				l.variants, l.byRange = append(l.variants, v), append(l.byRange, len(l.ranges))
			}
			l.ranges = append(l.ranges, r)
			l.ends[udi.Fold(n.From)], l.ends[udi.Fold(n.To)] = n.From, n.To
		default:
			l.exact[n.Value] = true
			if f := udi.Fold(n.Value); l.folded[f] == "" {
				l.folded[f] = n.Value
			}
		}
	}
	return l
}

// named holds one recorded number against the list. byHand: it was typed or came
// in from elsewhere. The words say what was found, and are made where they are
// wanted.
func (l *numberList) named(v string, byHand, explain bool) (truth, []string) {
	say := func(words ...string) []string {
		if !explain {
			return nil
		}
		return []string{l.what + " " + strings.Join(words, "")}
	}
	if v == "" {
		return maybe, say("not recorded")
	}
	if l.exact[v] {
		return yes, say(v, " is named")
	}
	for _, p := range l.prefixes {
		if strings.HasPrefix(v, p) {
			return yes, say(v, " begins with ", p, ", as named")
		}
	}
	var loose *numberRange
	for i := range l.ranges {
		switch l.ranges[i].holds(v) {
		case yes:
			return yes, say(v, " is in the named range ", l.ranges[i].from, " to ", l.ranges[i].to)
		case maybe:
			loose = &l.ranges[i]
		}
	}
	if loose != nil {
		return maybe, say(v, " may be in the named range ", loose.from, " to ", loose.to, ", written another way")
	}
	folded := udi.Fold(v)
	if named, ok := l.folded[folded]; ok {
		return maybe, say(v, " may be ", named, ", written another way")
	}
	if named, ok := l.swallowed(v); ok {
		return maybe, say(v, " may be ", named, " and the fields behind it, their separator lost")
	}
	for _, p := range l.prefixes {
		if f := udi.Fold(p); strings.HasPrefix(folded, f) || strings.HasPrefix(bare(v), bare(p)) {
			return maybe, say(v, " may begin with ", p, ", written another way")
		}
	}
	for i, r := range l.variants {
		if r.holds(r.form(v)) != no {
			of := l.ranges[l.byRange[i]]
			return maybe, say(v, " may be in the named range ", of.from, " to ", of.to, ", written another way")
		}
	}
	if l.edits && byHand {
		if named, ok := l.oneEdit(folded); ok {
			return maybe, say(v, " was not scanned, and is one slip away from ", named)
		}
	}
	return no, nil
}

// swallowed finds a named number that is recorded with another field behind it,
// as a scanner gives them that drops the separator: a date (11, 17), a lot (10)
// or a serial number (21).
func (l *numberList) swallowed(v string) (string, bool) {
	for i := 1; i+3 <= len(v); i++ {
		switch rest := v[i:]; rest[:2] {
		case "10", "21":
		case "11", "17":
			if len(rest) < 8 || strings.Trim(rest[:8], "0123456789") != "" {
				continue
			}
		default:
			continue
		}
		if l.exact[v[:i]] {
			return v[:i], true
		}
		for _, r := range l.ranges {
			if r.holds(v[:i]) == yes {
				return "a number from " + r.from + " to " + r.to, true
			}
		}
	}
	return "", false
}

// fewMost is up to how many named numbers are compared one by one.
const fewMost = 300

// foldedLetters are the characters of a folded number of a label.
const foldedLetters = "0123456789ABCDEFGHJKMNPQRSTUVWXYZ"

// oneEdit finds a named number, or the end of a named range, that is one slip of
// the fingers away from a folded number: a character more, less or another, or
// two neighbours exchanged.
func (l *numberList) oneEdit(folded string) (string, bool) {
	for _, list := range []map[string]string{l.folded, l.ends} {
		if len(list) <= fewMost {
			best := ""
			for f, named := range list {
				if within1(f, folded) && (best == "" || named < best) {
					best = named
				}
			}
			if best != "" {
				return best, true
			}
			continue
		}
		best := ""
		try := func(f string) {
			if named, ok := list[f]; ok && (best == "" || named < best) {
				best = named
			}
		}
		edits(folded, try)
		if best != "" {
			return best, true
		}
	}
	return "", false
}

// within1 reports whether two texts are the same but for one slip.
func within1(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	if i >= len(a)-1 {
		return true // the same, or the last is another
	}
	return a[i+1:] == b[i+1:] || a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

// edits hands every folded text that is one slip away to try.
func edits(s string, try func(string)) {
	for i := 0; i <= len(s); i++ {
		for _, c := range []byte(foldedLetters) {
			try(s[:i] + string(c) + s[i:])
			if i < len(s) {
				try(s[:i] + string(c) + s[i+1:])
			}
		}
		if i < len(s) {
			try(s[:i] + s[i+1:])
		}
		if i+1 < len(s) {
			try(s[:i] + string(s[i+1]) + string(s[i]) + s[i+2:])
		}
	}
}
