package check

import "implantrace/internal/trace"

// kind: is it known what the device is for, among the components of a joint?
// Without that nobody can tell which of the rules on combinations apply.
var kind = Rule{ID: "kind", Asks: "Is it known what kind of component it is?", Level: trace.Note, Hazard: "HAZ-53", Wants: wants("kind"), Ask: func(f Facts) Finding {
	if f.attributes().Kind == "" {
		return unknown("kind of component", "What kind of component this is, the catalogue does not say: whether it fits the others was not checked.")
	}
	return pass("It is known what kind of component it is.")
}}
