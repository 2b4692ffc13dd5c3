package recall_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"implantrace/internal/recall"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

const (
	single  = "09520140001039"
	carton  = "19520140001036"
	crate   = "95201400010325" // shares no digits with the single: only the catalogue ties them
	sibling = "09520140001046"
)

func (h *history) onShelf(p trace.Provenance, d udi.Device, place string, move trace.StockMove, n int) trace.StockID {
	d.Agency = udi.AgencyGS1
	at := trace.Place{Name: place}
	id := trace.StockLineID(d, at)
	h.say(p, noon, trace.StockFact{Line: id, Device: d, Place: at, Move: move, Quantity: n}, nil)
	return id
}

func (h *history) asked(c recall.Criteria) recall.Answer {
	h.t.Helper()
	m, err := c.Compile(time.UTC)
	if err != nil {
		h.t.Fatal(err)
	}
	a, err := recall.Search(context.Background(), h.store, m, noon)
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

func TestARecallFindsWhatLiesOnShelves(t *testing.T) {
	h := open(t)
	h.onShelf(trace.Scanned, udi.Device{DI: single, Lot: "A17"}, "Cupboard 2", trace.StockReceived, 5)
	h.onShelf(trace.Scanned, udi.Device{DI: single, Lot: "A17"}, "Cupboard 2", trace.StockTaken, 2)
	h.onShelf(trace.Scanned, udi.Device{DI: single, Lot: "A17"}, "Cupboard 2", trace.StockPutAside, 1)
	h.onShelf(trace.Typed, udi.Device{DI: single, Lot: "A-17"}, "Loan kit", trace.StockReceived, 1)
	h.onShelf(trace.Scanned, udi.Device{DI: single, Lot: "B2"}, "Cupboard 2", trace.StockReceived, 9)
	h.onShelf(trace.Scanned, udi.Device{DI: single}, "Cupboard 3", trace.StockCounted, 4)
	h.onShelf(trace.Imported, udi.Device{Lot: "A17"}, "Cupboard 4", trace.StockReceived, 1)
	h.onShelf(trace.Scanned, udi.Device{DI: single, Lot: "A17"}, "Cupboard 5", trace.StockReceived, 2)
	h.onShelf(trace.Scanned, udi.Device{DI: single, Lot: "A17"}, "Cupboard 5", trace.StockDestroyed, 2)
	h.onShelf(trace.Scanned, udi.Device{DI: single, Lot: "A17"}, "Cupboard 6", trace.StockReturned, 1)
	h.onShelf(trace.Scanned, udi.Device{DI: sibling, Lot: "A17"}, "Cupboard 2", trace.StockReceived, 3)
	h.record()
	a := h.asked(recall.Criteria{DIs: recall.Texts{single}, Lots: recall.Named("A17"), Implanted: recall.Period{From: "2020-01-01", To: "2020-12-31"}, Places: []recall.Place{{Name: "Theatre 9"}}})
	var got []string
	for _, on := range a.Shelf {
		got = append(got, strings.Join([]string{on.Line.Place.Name, string(on.Tier), string(on.State)}, " "))
	}
	slices.Sort(got)
	want := []string{"Cupboard 2 possible on-shelf", "Cupboard 3 possible on-shelf", "Cupboard 4 possible on-shelf", "Cupboard 5 possible left-shelf", "Cupboard 6 possible on-shelf", "Loan kit possible on-shelf"}
	if !slices.Equal(got, want) {
		t.Errorf("when and where a notice has devices used says nothing of a shelf:\n%q, want\n%q", got, want)
	}
	a = h.asked(recall.Criteria{DIs: recall.Texts{single}, Lots: recall.Named("A17")})
	for _, on := range a.Shelf {
		if on.Line.Place.Name == "Cupboard 2" && (on.Tier != recall.Confirmed || on.Line.OnHand != 3 || on.Line.PutAside != 1) {
			t.Errorf("%s, %d of which %d put aside", on.Tier, on.Line.OnHand, on.Line.PutAside)
		}
	}
	if a.Nobody() {
		t.Error("devices lie on shelves, and the answer is that nothing is affected")
	}
	// Nothing of the product was ever used: criteria without an identifier find it too.
	h.say(trace.Typed, noon, trace.ProductFact{DI: sibling, Maker: "Northmoor", Brand: "Fellside"}, nil)
	h.record()
	if a = h.asked(recall.Criteria{Families: []recall.Family{{Brand: "Fellside"}}, Lots: recall.Named("A17")}); !slices.ContainsFunc(a.Shelf, func(on recall.OnShelf) bool {
		return on.Line.Device.DI == sibling && on.Tier == recall.Precautionary
	}) {
		t.Errorf("a family on a shelf: %+v", a.Shelf)
	}
}

func TestAPieceThatIsRecordedAsUsedSaysSoOnItsShelf(t *testing.T) {
	h := open(t)
	h.onShelf(trace.Scanned, udi.Device{DI: single, Serial: "S1"}, "Cupboard", trace.StockReceived, 1)
	id := trace.NewID[trace.OfUsage]()
	h.say(trace.Scanned, noon, trace.UsageFact{Usage: id, Device: udi.Device{Agency: udi.AgencyGS1, DI: single, Serial: "S1"}, Status: trace.Implanted}, nil)
	h.record()
	if a := h.asked(recall.Criteria{DIs: recall.Texts{single}}); len(a.Shelf) != 1 || !slices.Equal(a.Shelf[0].Used, []trace.UsageID{id}) {
		t.Errorf("%+v", a.Shelf)
	}
}

// The identifier of a case finds the units inside, and that of a single its cases,
// whatever digits they have, as the catalogue ties them.
func TestAPackThatIsNamedFindsTheUnitsInside(t *testing.T) {
	h := open(t)
	h.say(trace.Imported, noon, trace.CatalogueFact{Source: "maker", Batch: trace.NewEventID(), Rows: []trace.CatalogueRow{{DI: single, Maker: "Northmoor",
		Attributes: trace.Attributes{Packs: []trace.PackLevel{{DI: carton, Quantity: 5}, {DI: crate, Quantity: 20, Contains: carton}}}}, {DI: sibling, Maker: "Northmoor"}}}, nil)
	p := h.procedure(h.patient("9990000018"), noon)
	inUnit, inCrate, another := h.usage(p, single, "A17", trace.Implanted), h.usage(p, crate, "A17", trace.Implanted), h.usage(p, sibling, "A17", trace.Implanted)
	h.onShelf(trace.Scanned, udi.Device{DI: single, Lot: "A17"}, "Cupboard", trace.StockReceived, 1)
	h.record()
	for _, c := range []struct {
		named string
		tiers map[trace.UsageID]recall.Tier
	}{
		{crate, map[trace.UsageID]recall.Tier{inUnit: recall.Confirmed, inCrate: recall.Confirmed}},
		{single, map[trace.UsageID]recall.Tier{inUnit: recall.Confirmed, inCrate: recall.Possible}},
		{carton, map[trace.UsageID]recall.Tier{inUnit: recall.Confirmed, inCrate: recall.Possible}},
		{sibling, map[trace.UsageID]recall.Tier{another: recall.Confirmed}},
	} {
		a := h.asked(recall.Criteria{DIs: recall.Texts{c.named}, Lots: recall.Named("A17")})
		got := make(map[trace.UsageID]recall.Tier)
		for _, list := range [][]recall.Match{a.Confirmed, a.Possible} {
			for _, m := range list {
				got[m.Usage.ID] = m.Tier
			}
		}
		if len(got) != len(c.tiers) || got[inUnit] != c.tiers[inUnit] || got[inCrate] != c.tiers[inCrate] || got[another] != c.tiers[another] {
			t.Errorf("%s is named: %v, want %v", c.named, got, c.tiers)
		}
		if shelf := len(a.Shelf) == 1; shelf != (c.named != sibling) {
			t.Errorf("%s is named: %d lines of stock", c.named, len(a.Shelf))
		}
	}
	if a := h.asked(recall.Criteria{Makers: recall.Texts{"Northmoor"}, Lots: recall.Named("A17")}); len(a.Confirmed)+len(a.Possible) != 3 {
		t.Errorf("of the maker: %d and %d", len(a.Confirmed), len(a.Possible))
	}
}
