package check

import "implantrace/internal/trace"

// picked: a piece that was taken out of a set by choosing it in a list, without a code
// of its own. Nobody can hold its lot against anything, and that is said.
var picked = Rule{ID: "picked", Asks: "Was the piece taken out of a set without its lot?", Level: trace.Note, Hazard: "HAZ-89", Ask: func(f Facts) Finding {
	switch {
	case !f.Picked:
		return notApplicable
	case f.Meaning.Device.Lot == "":
		return fail("It was chosen in the list of its set, and its lot is not known: a notice about a lot of it cannot leave it out.")
	}
	return pass("It was chosen in the list of its set, with the lot that the tray says.")
}}
