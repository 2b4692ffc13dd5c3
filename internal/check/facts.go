package check

import (
	"slices"
	"time"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Facts are what the rules ask about. They are gathered before; a rule does no
// look-up of its own.
type Facts struct {
	Now     time.Time // in the site's time zone
	Meaning udi.Meaning
	Product *trace.Product // nil: the device identifier is not in the catalogue
	// Earlier are the usages of the same DI and serial (exactly), other than
	// this one and not withdrawn.
	Earlier []trace.UsageInFull
	// Unready: an index is being built anew after an update, so that more may be
	// recorded of the product and of earlier uses than was found.
	Unready bool
	// Named is what the lists say that keep devices out of use, and Lists the
	// kinds of list that were asked.
	Named []trace.Named
	Lists []trace.NamedBy
	// Procedure is the one that the device is for; its zero ID: none is open.
	Procedure trace.Procedure
	// Side is the side that this device goes into: the procedure's, or in a
	// bilateral one what was said of the device. "": nobody said.
	Side trace.Side
	// With are the other components of this joint and side: those of this
	// procedure, and those that stay in from before.
	With []Component
	// Unplaced: in a bilateral procedure there is a component of which nobody
	// said the side.
	Unplaced bool
	Plan     *trace.Plan // nil: nothing is planned for the procedure
	Picked   bool        // it was taken out of a set by choosing it in a list
	Scan     *Scan       // nil: the device is judged at another time than that of its scan
}

// Component is a part of a joint beside the device that is judged.
type Component struct {
	Product trace.Product
	Stays   bool // it was there before this procedure
}

// Scan is what only the moment of scanning knows.
type Scan struct {
	Stranger bool          // the last wristband was another patient's
	Place    trace.Place   // the place scanned last while the procedure was open, if it is another
	Other    bool          // another procedure was scanned for a moment ago
	Conflict string        // what another code of the same photograph says otherwise; "": nothing
	Behind   time.Duration // how far the clock stands behind the last entry
	Early    time.Duration // how long before the procedure's start the scan was
	Late     time.Duration // how long after its end
}

// attributes are what is known of the product; nothing where nobody knows it.
func (f Facts) attributes() trace.Attributes {
	if f.Product == nil || f.Product.Withdrawn {
		return trace.Attributes{}
	}
	return f.Product.Attributes
}

// maker is who made the product; "" where nobody knows.
func (f Facts) maker() string {
	if f.Product == nil || f.Product.Withdrawn {
		return ""
	}
	return f.Product.Maker
}

// is reports whether the device is one of these kinds of component. Where nobody
// knows what it is, the rule on the kind says so for all of them.
func (f Facts) is(of ...trace.ProductKind) bool {
	return slices.Contains(of, f.attributes().Kind)
}

// with are the other components of a kind.
func (f Facts) with(k trace.ProductKind) (all []Component) {
	for _, c := range f.With {
		if c.Product.Attributes.Kind == k {
			all = append(all, c)
		}
	}
	return all
}

// sided answers for a rule about the components of one joint: they are compared
// within a side only.
func (f Facts) sided() (Finding, bool) {
	if f.Procedure.Side == trace.SideBilateral && f.Side == "" {
		return unknown("side of this device", "Both sides are operated on: say which side this component is for."), false
	}
	if f.Unplaced {
		return unknown("side of another component", "Both sides are operated on: say of every component which side it is for."), false
	}
	return Finding{}, true
}

// stays says of a component that it was there before.
func (c Component) stays() string {
	if c.Stays {
		return ", which stays in,"
	}
	return ""
}
