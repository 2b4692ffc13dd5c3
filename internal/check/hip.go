package check

import (
	"fmt"
	"strings"

	"implantrace/internal/trace"
)

// hipMakers: are stem and head of one maker? Components of two have not been
// tested together (NJR: mix-and-match).
var hipMakers = Rule{ID: "hip-makers", Asks: "Hip: are stem and head of one maker?", Level: trace.Warn, Hazard: "HAZ-53", Wants: wantsOf(map[trace.ProductKind][]string{trace.KindStem: {"maker"}, trace.KindHead: {"maker"}}), Ask: func(f Facts) Finding {
	return f.sameMaker([2]trace.ProductKind{trace.KindStem, trace.KindHead})
}}

// hipSize: does the head fit the liner, or the cup where there is no liner?
var hipSize = Rule{ID: "hip-size", Asks: "Hip: do head and liner or cup have one diameter?", Level: trace.Warn, Hazard: "HAZ-53", Wants: wantsOf(map[trace.ProductKind][]string{trace.KindHead: {"head_diameter"}, trace.KindLiner: {"inner_diameter"}, trace.KindCup: {"inner_diameter"}}), Ask: func(f Facts) Finding {
	heads, sockets, found := f.headsAndSockets()
	if len(heads) == 0 || len(sockets) == 0 {
		return found
	}
	for _, h := range heads {
		for _, s := range sockets {
			takes := s.Product.Attributes.Inner
			switch {
			case h.Product.Attributes.Head.IsZero():
				return unknown("head diameter", fmt.Sprintf("The diameter of the head%s is not in the catalogue.", h.stays()))
			case takes.IsZero():
				return unknown("inner diameter of "+string(s.Product.Attributes.Kind), fmt.Sprintf("The inner diameter of the %s%s is not in the catalogue.", s.Product.Attributes.Kind, s.stays()))
			case takes != h.Product.Attributes.Head:
				return fail(fmt.Sprintf("The head%s has %s, and the %s%s takes %s.", h.stays(), h.Product.Attributes.Head, s.Product.Attributes.Kind, s.stays(), takes))
			}
		}
	}
	return pass("Head and " + string(sockets[0].Product.Attributes.Kind) + " have one diameter.")
}}

// hipBearing: does metal move against metal?
var hipBearing = Rule{ID: "hip-bearing", Asks: "Hip: is it no metal head on a metal liner?", Level: trace.Warn, Hazard: "HAZ-53", Wants: wantsOf(map[trace.ProductKind][]string{trace.KindHead: {"bearing"}, trace.KindLiner: {"bearing"}, trace.KindCup: {"bearing"}}), Ask: func(f Facts) Finding {
	heads, sockets, found := f.headsAndSockets()
	if len(heads) == 0 || len(sockets) == 0 {
		return found
	}
	for _, h := range heads {
		for _, s := range sockets {
			a, b := h.Product.Attributes.Bearing, s.Product.Attributes.Bearing
			switch {
			case a == trace.BearingMetal && b == trace.BearingMetal:
				return fail(fmt.Sprintf("A metal head%s on a metal %s%s.", h.stays(), s.Product.Attributes.Kind, s.stays()))
			case a != "" && a != trace.BearingMetal, b != "" && b != trace.BearingMetal:
			default:
				return unknown("bearing surface", "What the surfaces of head and "+string(s.Product.Attributes.Kind)+" are made of is not in the catalogue.")
			}
		}
	}
	return pass("The bearing is not metal on metal.")
}}

// hipTaper: does the head fit the taper of the stem?
var hipTaper = Rule{ID: "hip-taper", Asks: "Hip: do head and stem have one taper?", Level: trace.Warn, Hazard: "HAZ-53", Wants: wantsOf(map[trace.ProductKind][]string{trace.KindHead: {"taper"}, trace.KindStem: {"taper"}}), Ask: func(f Facts) Finding {
	if !f.is(trace.KindHead, trace.KindStem) {
		return notApplicable
	}
	if found, ok := f.sided(); !ok {
		return found
	}
	self := Component{Product: *f.Product}
	other := trace.KindHead
	if self.Product.Attributes.Kind == trace.KindHead {
		other = trace.KindStem
	}
	others := f.with(other)
	if len(others) == 0 {
		return notApplicable
	}
	for _, o := range others {
		a, b := self.Product.Attributes.Taper, o.Product.Attributes.Taper
		switch {
		case a == "" || b == "":
			return unknown("taper", "The taper of the head or the stem is not in the catalogue.")
		case !strings.EqualFold(strings.ReplaceAll(a, " ", ""), strings.ReplaceAll(b, " ", "")):
			return fail(fmt.Sprintf("The taper of this %s is %s, and that of the %s%s is %s.", self.Product.Attributes.Kind, a, other, o.stays(), b))
		}
	}
	return pass("Head and stem have one taper.")
}}

// headsAndSockets are the heads and what they move in, this device among them.
// Where there is a liner the head moves in it and not in the cup. Where one of the
// two is not there, found is the answer of a rule about them.
func (f Facts) headsAndSockets() (heads, sockets []Component, found Finding) {
	if !f.is(trace.KindHead, trace.KindLiner, trace.KindCup) {
		return nil, nil, notApplicable
	}
	if found, ok := f.sided(); !ok {
		return nil, nil, found
	}
	self := Component{Product: *f.Product}
	heads = f.with(trace.KindHead)
	liners, cups := f.with(trace.KindLiner), f.with(trace.KindCup)
	switch self.Product.Attributes.Kind {
	case trace.KindHead:
		heads = []Component{self}
	case trace.KindLiner:
		liners = []Component{self}
	case trace.KindCup:
		cups = []Component{self}
		if len(liners) > 0 { // whether the cup takes the liner is another question
			return nil, nil, notApplicable
		}
	}
	if len(liners) > 0 {
		return heads, liners, notApplicable
	}
	return heads, cups, notApplicable
}

// sameMaker asks whether two kinds of component are of one maker.
func (f Facts) sameMaker(kinds [2]trace.ProductKind) Finding {
	if !f.is(kinds[:]...) {
		return notApplicable
	}
	if found, ok := f.sided(); !ok {
		return found
	}
	self, other := kinds[0], kinds[1]
	if f.attributes().Kind == other {
		self, other = other, self
	}
	others := f.with(other)
	if len(others) == 0 {
		return notApplicable
	}
	for _, o := range others {
		switch {
		case f.maker() == "" || o.Product.Maker == "":
			return unknown("maker", fmt.Sprintf("The maker of %s or %s is not in the catalogue.", self, other))
		case !sameName(f.maker(), o.Product.Maker):
			return fail(fmt.Sprintf("The %s is by %s, and the %s%s by %s.", self, f.maker(), other, o.stays(), o.Product.Maker))
		}
	}
	return pass(fmt.Sprintf("%s%s and %s are of one maker.", strings.ToUpper(string(self)[:1]), string(self)[1:], other))
}

// sameName compares makers' names without case, points and spaces: catalogues
// write one maker in several ways.
func sameName(a, b string) bool {
	fold := func(s string) string {
		return strings.Map(func(r rune) rune {
			if strings.ContainsRune(" .,&-/'()", r) {
				return -1
			}
			return r
		}, strings.ToLower(s))
	}
	return fold(a) == fold(b)
}
