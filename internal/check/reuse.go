package check

import (
	"fmt"

	"implantrace/internal/trace"
)

// reuse: a serial number names one piece, and a piece is in one person at most.
var reuse = Rule{ID: "reuse", Asks: "Was this very piece implanted before?", Level: trace.Stop, Hazard: "HAZ-52", Ask: func(f Facts) Finding {
	if found, ok := pieceKnown(f); !ok {
		return found
	}
	for _, e := range f.Earlier {
		if in := e.Usage.InPatient(); (in == "yes" || in == "was") && e.Usage.Status != trace.Trial && !f.here(e) {
			return fail(fmt.Sprintf("The record says that this piece was implanted on %s.", f.day(e)))
		}
	}
	return pass("This piece is not recorded as implanted before.")
}}

// singleUse: was a sterile single-use piece opened or tried before?
var singleUse = Rule{ID: "single-use", Asks: "Was a sterile single-use piece used before?", Level: trace.Stop, Hazard: "HAZ-52", Wants: wants("single_use", "sterile"), Ask: func(f Facts) Finding {
	if f.Meaning.Device.DI == "" || f.Meaning.Device.Serial == "" {
		return notApplicable // the rule above says what is missing
	}
	for _, e := range f.Earlier {
		words := map[trace.Status]string{trace.Opened: "opened", trace.NotUsed: "opened and not used", trace.Wasted: "wasted", trace.Trial: "tried in a patient"}[e.Usage.Status]
		if words == "" || f.here(e) {
			continue
		}
		a := f.attributes()
		switch {
		case a.SingleUse == trace.No, a.Sterile == trace.No:
			continue
		case a.SingleUse == "" || a.Sterile == "":
			return unknown("single use, sterile", fmt.Sprintf("This piece was %s on %s, and the catalogue does not say whether it may be used again.", words, f.day(e)))
		}
		return fail(fmt.Sprintf("This sterile single-use piece was %s on %s.", words, f.day(e)))
	}
	return pass("This piece is not recorded as used before.")
}}

// scannedBefore: was the piece scanned before, here or elsewhere, without having
// been used?
var scannedBefore = Rule{ID: "scanned-before", Asks: "Was this very piece scanned before?", Level: trace.Warn, Hazard: "HAZ-52", Ask: func(f Facts) Finding {
	if f.Meaning.Device.DI == "" || f.Meaning.Device.Serial == "" {
		return notApplicable
	}
	for _, e := range f.Earlier {
		switch {
		case f.here(e):
			return fail("This piece was scanned in this procedure already.")
		case e.Usage.Status == trace.Checked, e.Usage.Status == "":
			return fail(fmt.Sprintf("This piece was scanned in another procedure on %s (%s).", f.day(e), e.Usage.Status))
		}
	}
	return pass("This piece was not scanned before.")
}}

// pieceKnown answers where nobody can tell one piece from another.
func pieceKnown(f Facts) (Finding, bool) {
	if f.Meaning.Device.DI == "" || f.Meaning.Device.Serial == "" {
		return unknown("serial number", "Without a serial number nobody can tell whether this piece was used before."), false
	}
	if f.Unready {
		return unknown("earlier uses", "Whether this piece was used before cannot be told just now: an index is being built after an update."), false
	}
	return Finding{}, true
}

// here reports whether an earlier usage is of the procedure at hand.
func (f Facts) here(e trace.UsageInFull) bool {
	return !f.Procedure.ID.IsZero() && e.Usage.Procedure == f.Procedure.ID
}

func (f Facts) day(e trace.UsageInFull) string {
	return e.When().In(f.Now.Location()).Format("2 January 2006")
}
