package trace

import "strings"

// Numbered is a usage with what a notice can name of it, as it is indexed under
// its device identifier: enough to pass over most usages without reading them.
type Numbered struct {
	Usage       UsageID
	Lot, Serial string
	Former      bool // under what it was before a correction
	ByHand      bool // typed, or imported
	Unsure      bool // damaged, or not verbatim
	Withdrawn   bool
}

// NotVerbatim reports whether a lot or serial number that was scanned does not
// stand in the usage's barcodes as it is recorded: something was undone when it
// was read.
func (u Usage) NotVerbatim() bool {
	if u.Provenance != Scanned || len(u.Carriers) == 0 {
		return false
	}
	for _, n := range []string{u.Device.Lot, u.Device.Serial} {
		there := n == ""
		for _, c := range u.Carriers {
			there = there || strings.Contains(c.Text, n)
		}
		if !there {
			return true
		}
	}
	return false
}
