package check

import (
	"implantrace/gs1"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// reading: was the code read whole? A value of a damaged code may be wrong.
var reading = Rule{ID: "reading", Asks: "Was the code read without damage?", Level: trace.Stop, Hazard: "HAZ-01", Ask: func(f Facts) Finding {
	for _, i := range f.Meaning.Issues {
		if i.Severity == gs1.Hard.String() {
			return fail(i.Message + " Do not rely on this reading: scan again, or compare with the label.")
		}
	}
	return pass("The code was read without a fault.")
}}

// doubt: was a value repaired, or can the code be read in several ways?
var doubt = Rule{ID: "doubt", Asks: "Is the reading as it stands in the code, and the only possible one?", Level: trace.Warn, Hazard: "HAZ-12", Ask: func(f Facts) Finding {
	for _, i := range f.Meaning.Issues {
		if doubtful(i) {
			return fail(i.Message)
		}
	}
	for _, o := range f.Meaning.Origins {
		if o.How == udi.CertaintyRepaired {
			return fail("A value of this code was repaired. Compare it with the label.")
		}
	}
	return pass("Nothing was repaired or chosen.")
}}

func doubtful(i udi.Issue) bool { return i.Code == udi.CodeSeparator || i.Code == udi.CodeReadings }

// remarks: is there anything else to say of the code?
var remarks = Rule{ID: "remarks", Asks: "Is the code as the standard has it?", Level: trace.Note, Hazard: "HAZ-01", Ask: func(f Facts) Finding {
	for _, i := range f.Meaning.Issues {
		if i.Severity != gs1.Hard.String() && !doubtful(i) {
			return fail(i.Message)
		}
	}
	return notApplicable
}}
