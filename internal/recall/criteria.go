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

// Normalised checks criteria and brings them to their fixed form: GTINs of 14 digits,
// identifiers and values without spaces around them, each once. The error is of kind
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
	for _, list := range []struct {
		what, ai string
		from     []string
		to       *[]string
	}{{"lot", "(10)", c.Lots, &n.Lots}, {"serial number", "(21)", c.Serials, &n.Serials}} {
		for _, s := range list.from {
			all, err := numbers(list.what, list.ai, s)
			if err != nil {
				return n, err
			}
			for _, v := range all {
				*list.to = add(*list.to, v)
			}
		}
	}
	switch {
	case len(n.DIs) == 0:
		return n, trace.Errorf(trace.Invalid, "Give the device identifier that the notice names.")
	case slices.Contains(n.Lots, "") || slices.Contains(n.Serials, ""):
		return n, trace.Errorf(trace.Invalid, "A lot or serial number is empty. Leave it out to search for every lot.")
	case !n.From.IsZero() && !n.To.IsZero() && !n.From.Before(n.To):
		return n, trace.Errorf(trace.Invalid, "The period ends before it begins.")
	}
	return n, nil
}

// numbers reads a lot or serial number as a notice or a person writes it. What
// no label can hold is refused; where it may be several in one, or a number with
// a word in front, both readings are searched.
func numbers(what, ai, s string) ([]string, error) {
	s = strings.TrimSpace(s)
	s = strings.TrimSpace(strings.TrimPrefix(s, ai))
	for _, r := range s {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
		case r < ' ' || r > '~':
			return nil, trace.Errorf(trace.Invalid, "The %s %q has a character that no label's barcode has. Type it again. Nothing was searched.", what, short(s))
		case r == '*' || r == '?':
			return nil, trace.Errorf(trace.Invalid, "The %s %q has a wildcard, and each has to be named in full. Nothing was searched.", what, short(s))
		}
	}
	all := []string{s}
	if parts := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(",;\t\n\r", r) }); len(parts) > 1 {
		for _, p := range parts {
			if p = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(p), ai)); p != "" {
				all = add(all, p)
			}
		}
	}
	for _, v := range all {
		for _, word := range []string{"lot", "batch", "serial", "s/n", "sn", "ref"} {
			if len(v) > len(word) && strings.EqualFold(v[:len(word)], word) && strings.ContainsAny(v[len(word):len(word)+1], " :.#") {
				all = add(all, strings.TrimLeft(v[len(word):], " :.#"))
			}
		}
	}
	return all, nil
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
	switch from, until := span(u); {
	case c.inside(from, until):
	case u.Usage.Status == trace.Explanted && !c.To.IsZero() && (c.From.IsZero() || !until.Before(c.From)):
		tier, why = Possible, append(why, "explanted later: when it was implanted was not recorded")
	default:
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

// span is the time in which a usage can have been: from the earlier of its
// procedure's start and its own time to the later of its own time and the
// procedure's end. A procedure may go on past midnight.
func span(u trace.UsageInFull) (from, until time.Time) {
	from, until = u.When(), u.When()
	if o := u.Usage.Occurred; u.Usage.Provenance != trace.Imported && !o.IsZero() && !u.Procedure.Start.IsZero() {
		if o.Before(from) {
			from = o
		}
		if o.After(until) {
			until = o
		}
	}
	if u.Procedure.End.After(until) {
		until = u.Procedure.End
	}
	return from, until
}

// inside reports whether any of a span lies in the period.
func (c Criteria) inside(from, until time.Time) bool {
	return (c.From.IsZero() || !until.Before(c.From)) && (c.To.IsZero() || from.Before(c.To))
}

// device is the part of the rule that needs nothing but the usage itself. What
// was recorded before a correction is asked too: the correction can be the
// mistake, and the barcode says what it said.
func (c Criteria) device(u trace.Usage) (Tier, []string) {
	tier, why := c.identity(u.Device)
	for _, was := range u.Was {
		if former, _ := c.identity(was); former != "" && tier == "" {
			tier, why = Possible, []string{"before a correction it was recorded as " + words(was)}
		}
	}
	switch named, _ := c.product(u.Device.DI); {
	case tier != "" && u.Damaged:
		why = append(why, "the code was damaged when it was read")
	case tier == "" && u.Damaged && named:
		// A damaged code may have given another number than the label's.
		tier, why = Possible, []string{"the code was damaged when it was read: its numbers may be wrong"}
		if u.Device.DI == "" {
			why = append(why, "which product it is was not recorded")
		}
	}
	return tier, why
}

// words names an identity.
func words(d udi.Device) string {
	s := "DI " + d.DI
	if d.DI == "" {
		s = "no DI"
	}
	if d.Lot != "" {
		s += ", lot " + d.Lot
	}
	if d.Serial != "" {
		s += ", serial number " + d.Serial
	}
	return s
}

// product reports whether a device identifier is named, or not known; level says
// so where it is another pack level of one that is named.
func (c Criteria) product(di string) (named bool, level string) {
	if di == "" || slices.Contains(c.DIs, di) {
		return true, ""
	}
	i := slices.IndexFunc(c.DIs, func(named string) bool { return otherLevel(named, di) })
	if i < 0 {
		return false, ""
	}
	return true, "its identifier is that of another pack level of " + c.DIs[i]
}

// identity holds one identity against the criteria.
func (c Criteria) identity(d udi.Device) (Tier, []string) {
	named, level := c.product(d.DI)
	if !named {
		return "", nil
	}
	tier, why := c.number(d)
	switch {
	case tier == "":
	case d.DI == "":
		tier, why = Possible, append(why, "which product it is was not recorded")
	case level != "":
		tier, why = Possible, append(why, level)
	}
	return tier, why
}

// swallowed reports whether a recorded number is a named one with another field
// behind it, as a scanner gives them that drops the separator: a date (11, 17),
// a lot (10) or a serial number (21).
func swallowed(recorded, named string) bool {
	rest, ok := strings.CutPrefix(recorded, named)
	if !ok || named == "" || len(rest) < 3 {
		return false
	}
	switch rest[:2] {
	case "10", "21":
		return true
	case "11", "17":
		return len(rest) >= 8 && strings.Trim(rest[:8], "0123456789") == ""
	}
	return false
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
				switch {
				case udi.Fold(named) == folded:
					possible = append(possible, n.what+" "+n.value+" may be "+named+", written another way")
				case swallowed(n.value, named):
					possible = append(possible, n.what+" "+n.value+" may be "+named+" and the fields behind it, their separator lost")
				}
			}
		}
	}
	if len(possible) > 0 {
		return Possible, possible
	}
	return "", nil
}
