package check

import "implantrace/internal/trace"

// product: is the device identifier in the catalogue? The device is recorded
// all the same.
func product(f Facts) trace.Check {
	const rule = "product"
	switch {
	case f.Meaning.Device.DI == "":
		return answer(rule, trace.NotChecked, "Which product this is is not known.")
	case f.Product == nil || f.Product.Withdrawn:
		return answer(rule, trace.NotChecked, "This product is not in the catalogue. It is recorded under its number.")
	}
	return answer(rule, trace.Pass, "The product is in the catalogue.")
}
