package registry

import (
	"slices"
	"testing"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

func TestWhatWasPickedIsFlagged(t *testing.T) {
	u := trace.Usage{Device: udi.Device{CatalogueNo: "C"}, Picked: trace.Picked{Name: "Tray 1", LotUnknown: true}, Supply: trace.Supply{Kind: trace.SupplyLoan, Supplier: "N"}, Provenance: trace.Typed}
	if got, want := pickedFlags(u), []string{"lot unknown: taken out of the set Tray 1, no code of it was read", "loan kit of N"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	u.Device.Lot = "A1" // typed since
	if got, want := pickedFlags(u), []string{"not confirmed by a second person", "loan kit of N"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got := pickedFlags(trace.Usage{Device: udi.Device{Lot: "L"}, Provenance: trace.Scanned}); got != nil {
		t.Errorf("%q", got)
	}
}
