package check

import (
	"fmt"
	"strings"

	"implantrace/internal/trace"
)

// planned: is there anything in the plan that this device can be? An implant
// other than the planned one is a never event.
var planned = Rule{ID: "planned", Asks: "Is it in the plan?", Level: trace.Warn, Hazard: "HAZ-54", Wants: wants("kind"), Ask: func(f Facts) Finding {
	if f.Plan == nil || len(f.Plan.Items) == 0 {
		return notApplicable
	}
	if f.Meaning.Device.DI == "" {
		return unknown("device identifier", "Which product this is is not known, so it cannot be held against the plan.")
	}
	if len(f.itemsFor()) > 0 {
		return pass("It is in the plan, or of a kind that is.")
	}
	if f.attributes().Kind == "" && f.Plan.Open() {
		return unknown("kind of component", "The plan says what is wanted by its kind, and the catalogue does not say what kind this is.")
	}
	return fail("This device is not in the plan.")
}}

// planDiffers: does it have the attributes that were planned?
var planDiffers = Rule{ID: "plan-differs", Asks: "Is it as planned: model, power, side, maker, sizes?", Level: trace.Warn, Hazard: "HAZ-54", Wants: wantsOf(map[trace.ProductKind][]string{trace.KindLens: {"model", "power"}, trace.KindFemoral: {"maker", "side", "size"}, trace.KindTibial: {"maker", "size"}}), Ask: func(f Facts) Finding {
	items := f.itemsFor()
	if len(items) == 0 {
		return notApplicable // the rule above says so
	}
	// One item that fits is enough; else the one that comes nearest is told.
	var nearest []string
	missing := ""
	for _, item := range items {
		differs, lacks := f.against(item)
		switch {
		case len(differs) == 0 && lacks == "":
			return pass("It is as planned.")
		case len(differs) == 0:
			missing = lacks
		case nearest == nil || len(differs) < len(nearest):
			nearest = differs
		}
	}
	if missing != "" {
		return unknown(missing, "The plan asks for the "+missing+", and the catalogue does not say it.")
	}
	return fail("Planned otherwise: " + strings.Join(nearest, "; ") + ".")
}}

// itemsFor are the items of the plan that this device can be: those of its
// identifier, and those of its kind without one.
func (f Facts) itemsFor() (items []trace.PlanItem) {
	if f.Plan == nil {
		return nil
	}
	kind := f.attributes().Kind
	for _, i := range f.Plan.Items {
		switch {
		case i.DI != "" && i.DI == f.Meaning.Device.DI, i.DI == "" && i.Attributes.Kind != "" && i.Attributes.Kind == kind:
			items = append(items, i)
		}
	}
	return items
}

// against says what differs from an item of the plan, or which fact is missing
// to tell.
func (f Facts) against(item trace.PlanItem) (differs []string, missing string) {
	if item.Maker != "" {
		switch {
		case f.maker() == "":
			missing = "maker"
		case !sameName(item.Maker, f.maker()):
			differs = append(differs, fmt.Sprintf("maker %s, and this is by %s", item.Maker, f.maker()))
		}
	}
	for _, field := range trace.Fields() {
		want, is := field.Get(item.Attributes), field.Get(f.attributes())
		switch {
		case want == "" || field.Name == "side" && is == string(trace.SideNone):
		case is == "":
			missing = field.Words
		case !strings.EqualFold(want, is):
			differs = append(differs, fmt.Sprintf("%s %s, and this has %s", field.Words, want, is))
		}
	}
	if item.Side != "" {
		switch {
		case f.Side == "":
			missing = "side of this device"
		case f.Side != item.Side:
			differs = append(differs, fmt.Sprintf("%s side, and this is for the %s", item.Side, f.Side))
		}
	}
	return differs, missing
}

// planConfirmed: did a second person confirm a plan that asks for it? A device is
// opened for a plan that two have read.
var planConfirmed = Rule{ID: "plan-confirmed", Asks: "Was the plan confirmed by a second person, where it asks for one?", Level: trace.Stop, Hazard: "HAZ-54", Ask: func(f Facts) Finding {
	switch {
	case f.Plan == nil || !f.Plan.ToConfirm:
		return notApplicable
	case f.Plan.Confirmed == "":
		return fail("The plan was not confirmed by a second person yet. Confirm it before anything is opened.")
	}
	return pass("The plan was confirmed by a second person.")
}}
