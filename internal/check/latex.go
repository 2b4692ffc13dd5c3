package check

import "implantrace/internal/trace"

// latex: does a device with latex meet an allergy?
var latex = Rule{ID: "latex", Asks: "Is there no latex where the patient is allergic to it?", Level: trace.Warn, Hazard: "HAZ-55", Wants: wants("latex"), Ask: func(f Facts) Finding {
	has, allergic := f.attributes().Latex, f.Procedure.LatexAllergy
	switch {
	case f.Procedure.ID.IsZero() || allergic == trace.No:
		return notApplicable
	case has == trace.No:
		return pass("The label says that there is no latex in it.")
	case has == trace.Yes && allergic == trace.Yes:
		return fail("There is latex in this device, and the patient is allergic to it.")
	case allergic == trace.Yes:
		return unknown("latex", "The patient is allergic to latex, and the catalogue does not say whether there is any in it.")
	case has == trace.Yes:
		return unknown("latex allergy", "There is latex in this device, and nobody said whether the patient is allergic to it.")
	}
	return notApplicable
}}
