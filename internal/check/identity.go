package check

import "implantrace/internal/trace"

// identity: does the code say which product, which batch or piece, and until
// when? What is not sterile need not expire.
var identity = Rule{ID: "identity", Asks: "Were product, lot or serial number, and expiry read?", Level: trace.Warn, Hazard: "HAZ-01", Ask: func(f Facts) Finding {
	d := f.Meaning.Device
	switch {
	case f.Picked:
		return notApplicable // the rule picked says it
	case d.DI == "":
		return fail("The code does not say which product this is.")
	case d.Lot == "" && d.Serial == "":
		return fail("There is no lot or serial number in this code. Scan the other code on the pack, or type the number.")
	case d.Expiry.IsZero() && f.attributes().Sterile != trace.No:
		return fail("There is no expiry date in this code. Scan the other code on the pack, or type the date.")
	}
	return pass("Product, and lot or serial number, were read.")
}}
