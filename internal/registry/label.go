package registry

import (
	"strings"

	"implantrace/internal/registry/dictionary"
)

// kept are words of the dictionary's names that stay in capitals.
var kept = map[string]string{"NHS": "NHS", "GP": "GP", "ASA": "ASA", "BMI": "BMI", "OXFORD": "Oxford"}

// Label is an element's name as a form asks for it: in small letters, without
// the qualifiers in brackets that tell it from other data sets' elements, but with
// those that say which part of the body it is of.
func Label(e dictionary.Element) string {
	name := e.Name
	for strings.Contains(name, "(") {
		before, rest, _ := strings.Cut(name, "(")
		inside, after, _ := strings.Cut(rest, ")")
		if general(inside) {
			inside = ""
		} else {
			inside = ", " + inside
		}
		name = strings.TrimSpace(before) + inside + after
	}
	words := strings.Fields(strings.ToLower(name))
	for i, w := range words {
		if k, ok := kept[strings.ToUpper(strings.Trim(w, ","))]; ok {
			words[i] = k
		}
	}
	label := strings.Join(words, " ")
	return strings.ToUpper(label[:1]) + label[1:]
}

// general reports whether a qualifier only says of which registry or operation
// an element is.
func general(qualifier string) bool {
	for _, word := range []string{"REGISTRY", "REPLACEMENT", "CONTRACT MONITORING", "OF TREATMENT", "HIGH COST"} {
		if strings.Contains(qualifier, word) {
			return true
		}
	}
	return false
}
