package theatre_test

import (
	"testing"

	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// A device is marked by the line of stock that it comes from, by its set, or by a code;
// a code names no supplier, and that is said.
func TestADeviceOfASupplierIsMarked(t *testing.T) {
	b := newBench(t)
	one := 1
	if _, err := b.recorder.MoveStock(t.Context(), command.MoveStock{Meta: command.Meta{ID: trace.NewEventID()}, Move: trace.StockReceived, Place: "Store 2", Quantity: &one,
		Device: udi.Device{DI: stemDI, Lot: "K4417B", Expiry: udi.Date{Day: "2031-06-30"}}, Supply: trace.Supply{Kind: trace.SupplyConsignment, Supplier: "Northmoor", Reference: "C-1"}}); err != nil {
		t.Fatal(err)
	}
	b.scan(adaBand)
	b.open()
	supply := func(id trace.UsageID) trace.Supply {
		u, err := b.store.Usage(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return u.Supply
	}
	stem := b.scan(stemText).Usage
	if got := supply(stem); got != (trace.Supply{Kind: trace.SupplyConsignment, Supplier: "Northmoor", Reference: "C-1"}) {
		t.Errorf("from its line of stock: %+v", got)
	}
	head := b.scan(headText).Usage
	if got := supply(head); got != (trace.Supply{}) {
		t.Errorf("%+v", got)
	}
	if a := b.scan("IMT:A:loan"); a.Verdict.Level != trace.Pass || supply(head) != (trace.Supply{Kind: trace.SupplyLoan}) {
		t.Errorf("%+v: %+v", a.Verdict, supply(head))
	}
	if a := b.scan("IMT:A:loan"); a.Verdict.Level != trace.Note {
		t.Errorf("marked twice: %+v", a.Verdict)
	}
	// What is typed over it takes nothing over from the mark before; and a mark is taken off.
	for _, s := range []trace.Supply{{Kind: trace.SupplyConsignment, Supplier: "Fellside"}, {}} {
		if err := b.recorder.MarkSupply(t.Context(), command.MarkSupply{Meta: command.Meta{ID: trace.NewEventID()}, Usage: stem, Supply: s}); err != nil || supply(stem) != s {
			t.Errorf("%v: %+v", err, supply(stem))
		}
	}
	if err := b.recorder.MarkSupply(t.Context(), command.MarkSupply{Meta: command.Meta{ID: trace.NewEventID()}, Usage: stem, Supply: trace.Supply{Supplier: "x"}}); trace.KindOf(err) != trace.Invalid {
		t.Errorf("%v", err)
	}
}
