package check

import "implantrace/internal/trace"

// identity: does the code say which product, and which batch or piece?
func identity(f Facts) trace.Check {
	const rule = "identity"
	d := f.Meaning.Device
	switch {
	case d.DI == "":
		return answer(rule, trace.Warn, "The code does not say which product this is.")
	case d.Lot == "" && d.Serial == "":
		return answer(rule, trace.Warn, "There is no lot or serial number in this code. Scan the other code on the pack, or type the number.")
	}
	return answer(rule, trace.Pass, "Product and lot or serial number were read.")
}
