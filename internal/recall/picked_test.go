package recall_test

import (
	"testing"
	"time"

	"implantrace/internal/recall"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// A piece out of a set whose lot is unknown cannot be excluded from a notice about a
// lot of its product, by identifier or by catalogue number; one with another lot is.
func TestAPieceWhoseLotIsUnknownIsNotLeftOut(t *testing.T) {
	h := open(t)
	picked := func(d udi.Device) trace.UsageID {
		u := trace.UsageID(trace.NewEventID())
		h.say(trace.Typed, noon.Add(-time.Hour), trace.UsageFact{Usage: u, Device: d, Status: trace.Implanted, Picked: trace.Picked{Name: "Tray 1", LotUnknown: d.Lot == ""}}, nil)
		return u
	}
	const di = "09520140001039"
	byDI, byREF := picked(udi.Device{Agency: udi.AgencyGS1, DI: di}), picked(udi.Device{CatalogueNo: "NM-27-12"})
	known := picked(udi.Device{CatalogueNo: "NM-27-12", Lot: "Q99"})
	h.record()
	for name, c := range map[string]struct {
		criteria recall.Criteria
		want     trace.UsageID
	}{
		"by identifier":       {recall.Criteria{DIs: []string{di}, Lots: recall.Named("A77")}, byDI},
		"by catalogue number": {recall.Criteria{CatalogueNos: []string{"NM-27-12"}, Lots: recall.Named("A77")}, byREF},
	} {
		a := h.search(c.criteria)
		found := make(map[trace.UsageID]bool)
		for _, m := range a.Possible {
			found[m.Usage.ID] = true
		}
		if !found[c.want] || found[known] {
			t.Errorf("%s: %+v", name, found)
		}
	}
}
