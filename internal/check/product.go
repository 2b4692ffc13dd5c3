package check

import "implantrace/internal/trace"

// product: is the device identifier in the catalogue? The device is recorded
// all the same.
var product = Rule{ID: "product", Asks: "Is the product in the catalogue?", Level: trace.Note, Hazard: "HAZ-30", Wants: wants(), Ask: func(f Facts) Finding {
	switch {
	case f.Meaning.Device.DI == "":
		return unknown("device identifier", "Which product this is is not known.")
	case f.Product == nil && f.Unready:
		return unknown("catalogue", "The catalogue cannot be searched just now: an index is being built after an update.")
	case f.Product == nil || f.Product.Withdrawn:
		return fail("This product is not in the catalogue. It is recorded under its number; say in a few words what it is.")
	}
	return pass("The product is in the catalogue.")
}}
