package check

import "implantrace/internal/trace"

// kneeMakers: are the femoral and the tibial component of one maker? Sizes of
// knees are each maker's own, and no rule compares them.
var kneeMakers = Rule{ID: "knee-makers", Asks: "Knee: are femoral and tibial component of one maker?", Level: trace.Warn, Hazard: "HAZ-53", Wants: wantsOf(map[trace.ProductKind][]string{trace.KindFemoral: {"maker"}, trace.KindTibial: {"maker"}}), Ask: func(f Facts) Finding {
	return f.sameMaker([2]trace.ProductKind{trace.KindFemoral, trace.KindTibial})
}}
