package check

import (
	"fmt"

	"implantrace/internal/trace"
)

// side: is the device made for the side that is operated on? In a bilateral
// procedure each side is held against what was said of the device.
var side = Rule{ID: "side", Asks: "Is it made for this side?", Level: trace.Stop, Hazard: "HAZ-51", Wants: wants("side"), Ask: func(f Facts) Finding {
	made := f.attributes().Side
	switch {
	case f.Procedure.ID.IsZero():
		return notApplicable
	case made == "":
		return unknown("side of the product", "Which side it is made for, the catalogue does not say.")
	case made == trace.SideNone:
		return pass("It is made for either side.")
	case f.Procedure.Side == "" || f.Procedure.Side == trace.SideNone:
		return unknown("side of the procedure", fmt.Sprintf("It is made for the %s side, and the procedure has no side.", made))
	case f.Side == "":
		return unknown("side of this device", fmt.Sprintf("It is made for the %s side, and both sides are operated on: say which one it is for.", made))
	case f.Side != made:
		return fail(fmt.Sprintf("This device is made for the %s side, and is for the %s.", made, f.Side))
	}
	return pass(fmt.Sprintf("It is made for the %s side.", made))
}}
