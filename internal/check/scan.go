package check

import (
	"fmt"
	"time"

	"implantrace/internal/trace"
)

// patient: was the last wristband that of another patient?
var patient = Rule{ID: "patient", Asks: "Was the last wristband that of this patient?", Level: trace.Stop, Hazard: "HAZ-02", AtScan: true, Ask: func(f Facts) Finding {
	switch {
	case f.Scan == nil || f.Procedure.ID.IsZero():
		return notApplicable
	case f.Scan.Stranger:
		return fail("Whose procedure is this? The last wristband was another patient's. Scan the wristband of the patient on the screen, or close this procedure first.")
	}
	return pass("No other patient's wristband was scanned.")
}}

// place: is the procedure recorded where the desk is?
var place = Rule{ID: "place", Asks: "Is the procedure in this place?", Level: trace.Warn, Hazard: "HAZ-02", AtScan: true, Ask: func(f Facts) Finding {
	if f.Scan == nil || f.Scan.Place == (trace.Place{}) {
		return notApplicable
	}
	return fail(fmt.Sprintf("The place scanned last is %s, and the procedure is recorded in %s.", f.Scan.Place, f.Procedure.Place))
}}

// interleaved: are two procedures scanned for in turns?
var interleaved = Rule{ID: "interleaved", Asks: "Is one procedure scanned for at a time?", Level: trace.Warn, Hazard: "HAZ-02", AtScan: true, Ask: func(f Facts) Finding {
	switch {
	case f.Scan == nil || f.Procedure.ID.IsZero():
		return notApplicable
	case f.Scan.Other:
		return fail("Another procedure was scanned for a moment ago, and both are open. Is this device for this patient?")
	}
	return pass("No other procedure is being scanned for.")
}}

// carriers: do the codes of one pack agree?
var carriers = Rule{ID: "carriers", Asks: "Do the codes of one pack agree?", Level: trace.Warn, Hazard: "HAZ-01", AtScan: true, Ask: func(f Facts) Finding {
	if f.Scan == nil || f.Scan.Conflict == "" {
		return notApplicable
	}
	return fail(f.Scan.Conflict)
}}

// clockBehind is how far a clock may stand behind the last entry: what two
// machines differ by when both are kept right.
const clockBehind = 5 * time.Second

// firstYear is when this rule was written; no right clock stands before it.
const firstYear = 2025

// clock: is the node's clock right? Expiry is held against it.
var clock = Rule{ID: "clock", Asks: "Is the node's clock right?", Level: trace.Warn, Hazard: "HAZ-07", AtScan: true, Ask: func(f Facts) Finding {
	switch {
	case f.Scan == nil:
		return notApplicable
	case f.Now.Year() < firstYear:
		return fail(fmt.Sprintf("The clock says %s, which cannot be. Expiry cannot be relied on: set the clock.", f.Now.Format("2 January 2006")))
	case f.Scan.Behind > clockBehind:
		return fail(fmt.Sprintf("The clock stands %s behind the last entry of the record. Expiry cannot be relied on: set the clock.", f.Scan.Behind.Round(time.Second)))
	}
	return pass("The clock goes on from the last entry.")
}}

// farFrom is how long before the start or after the end of a procedure a scan
// may be without being asked about.
const farFrom = 2 * time.Hour

// late: was it scanned long before or after the procedure?
var late = Rule{ID: "late", Asks: "Was it scanned during the procedure?", Level: trace.Warn, Hazard: "HAZ-02", AtScan: true, Ask: func(f Facts) Finding {
	switch {
	case f.Scan == nil || f.Procedure.ID.IsZero():
		return notApplicable
	case f.Scan.Early > farFrom:
		return fail(fmt.Sprintf("Scanned %s before the procedure began.", hours(f.Scan.Early)))
	case f.Scan.Late > farFrom:
		return fail(fmt.Sprintf("Scanned %s after the procedure ended.", hours(f.Scan.Late)))
	}
	return pass("Scanned during the procedure.")
}}

func hours(d time.Duration) string { return fmt.Sprintf("%d hours", int(d.Hours())) }
