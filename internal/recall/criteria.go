package recall

import (
	"slices"
	"strings"
	"time"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Criteria say which devices a notice means. A device is meant when its DI is
// one of DIs and, where lots or serials are given, its lot is one of Lots or its
// serial one of Serials; and, where a period is given, it was used in it.
type Criteria struct {
	DIs     []string  `json:"di"`
	Lots    []string  `json:"lot"`
	Serials []string  `json:"serial"`
	From    time.Time `json:"from,omitzero"` // included
	To      time.Time `json:"to,omitzero"`   // not included
}

// listMost bounds each list.
const listMost = 10_000

// Normalised checks criteria and brings them to their fixed form: DIs as
// GTIN-14, values without spaces around them, each once. The error is of kind
// Invalid.
func (c Criteria) Normalised() (Criteria, error) {
	n := Criteria{DIs: []string{}, Lots: []string{}, Serials: []string{}, From: c.From, To: c.To}
	if len(c.DIs) > listMost || len(c.Lots) > listMost || len(c.Serials) > listMost {
		return n, trace.Errorf(trace.TooLarge, "A search takes at most %d identifiers, lots or serials.", listMost)
	}
	for _, s := range c.DIs {
		di, err := udi.ParseDI(s)
		if err != nil {
			return n, trace.Errorf(trace.Invalid, "The device identifier %q is not right: %w. Nothing was searched.", short(s), err)
		}
		n.DIs = add(n.DIs, di)
	}
	for _, s := range c.Lots {
		n.Lots = add(n.Lots, strings.TrimSpace(s))
	}
	for _, s := range c.Serials {
		n.Serials = add(n.Serials, strings.TrimSpace(s))
	}
	switch {
	case len(n.DIs) == 0:
		return n, trace.Errorf(trace.Invalid, "Give the device identifier (GTIN) that the notice names.")
	case slices.Contains(n.Lots, "") || slices.Contains(n.Serials, ""):
		return n, trace.Errorf(trace.Invalid, "A lot or serial number is empty. Leave it out to search for every lot.")
	case !n.From.IsZero() && !n.To.IsZero() && !n.From.Before(n.To):
		return n, trace.Errorf(trace.Invalid, "The period ends before it begins.")
	}
	return n, nil
}

func add(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

func short(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "..."
	}
	return s
}

// Tier is how sure it is that a device is meant.
type Tier string

// The tiers. The empty tier means: excluded.
const (
	Confirmed Tier = "confirmed" // the identifiers are those of the notice
	Possible  Tier = "possible"  // it cannot be excluded
)

// Match is the rule: is this usage's device meant? It answers with the tier
// and, in words, why. Criteria must be [Criteria.Normalised].
func (c Criteria) Match(u trace.UsageInFull) (Tier, []string) {
	tier, why := c.device(u.Usage)
	if tier == "" {
		return "", nil
	}
	when := u.When()
	if !c.From.IsZero() && when.Before(c.From) || !c.To.IsZero() && !when.Before(c.To) {
		// Where its procedure's start is not recorded, the time of a scan is
		// when it was used; that of a row that came in later says nothing.
		if !u.Procedure.Start.IsZero() || u.Usage.Provenance == trace.Scanned {
			return "", nil
		}
		tier, why = Possible, append(why, "when it was used was not recorded")
	}
	switch u.Usage.Provenance {
	case trace.Typed:
		why = append(why, "typed, not scanned")
	case trace.Imported:
		why = append(why, "imported, unverified")
	}
	return tier, why
}

// device is the part of the rule that needs nothing but the usage itself.
func (c Criteria) device(u trace.Usage) (Tier, []string) {
	d := u.Device
	level := ""
	if d.DI != "" && !slices.Contains(c.DIs, d.DI) {
		i := slices.IndexFunc(c.DIs, func(named string) bool { return otherLevel(named, d.DI) })
		if i < 0 {
			return "", nil
		}
		level = "its identifier is that of another pack level of " + c.DIs[i]
	}
	tier, why := c.number(d)
	if tier == "" {
		if !u.Damaged {
			return "", nil
		}
		// A damaged code may have given another number than the label's.
		tier, why = Possible, []string{"the code was damaged when it was read: its numbers may be wrong"}
	} else if u.Damaged {
		why = append(why, "the code was damaged when it was read")
	}
	switch {
	case d.DI == "":
		tier, why = Possible, append(why, "which product it is was not recorded")
	case level != "":
		tier, why = Possible, append(why, level)
	}
	return tier, why
}

// number holds lot and serial against the lists.
func (c Criteria) number(d udi.Device) (Tier, []string) {
	if len(c.Lots) == 0 && len(c.Serials) == 0 {
		return Confirmed, []string{"the product is named, whatever its lot"}
	}
	var possible []string
	for _, n := range []struct {
		what, value string
		list        []string
	}{{"lot", d.Lot, c.Lots}, {"serial number", d.Serial, c.Serials}} {
		if len(n.list) == 0 {
			continue
		}
		switch {
		case n.value == "":
			possible = append(possible, n.what+" not recorded")
		case slices.Contains(n.list, n.value):
			return Confirmed, []string{n.what + " " + n.value + " is named"}
		default:
			folded := udi.Fold(n.value)
			for _, named := range n.list {
				if udi.Fold(named) == folded {
					possible = append(possible, n.what+" "+n.value+" may be "+named+", written another way")
				}
			}
		}
	}
	if len(possible) > 0 {
		return Possible, possible
	}
	return "", nil
}
