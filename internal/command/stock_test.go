package command_test

import (
	"slices"
	"strings"
	"testing"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

const (
	shelfDI   = "09520140001039"
	shelfCode = "]d2010952014000103917290331" + "10A17" + "\x1d" + "21S1"
	lotCode   = "]d201095201400010391729033110A17"
	place     = "]C14145050898000007254C2"
)

func TestStockGoesByScanFromReceiptToDestruction(t *testing.T) {
	d := newSite(t)
	one := func(m command.MoveStock) []trace.StockLine {
		t.Helper()
		m.Meta = meta()
		ls, err := d.MoveStock(ctx, m)
		if err != nil {
			t.Fatal(err)
		}
		return ls
	}
	code := []trace.Carrier{{Text: lotCode}}
	n := func(n int) *int { return &n }
	if l := one(command.MoveStock{Move: trace.StockReceived, Carriers: code, Place: place, Quantity: n(5)}); l[0].OnHand != 5 || l[0].Place.GLN != "5050898000007" || l[0].Place.Extension != "C2" || l[0].Device.Lot != "A17" || l[0].From != trace.Scanned {
		t.Errorf("%+v", l)
	}
	ls := one(command.MoveStock{Move: command.StockMoved, Carriers: code, Place: place, To: "Loan kit 3", Quantity: n(2)})
	if len(ls) != 2 || ls[0].OnHand != 3 || ls[1].OnHand != 2 || ls[1].Place.Name != "Loan kit 3" || ls[0].Steps[1].Other.Name != "Loan kit 3" {
		t.Errorf("%+v", ls)
	}
	if l := one(command.MoveStock{Move: trace.StockCounted, Carriers: code, Place: place, Quantity: n(2)}); l[0].OnHand != 2 || l[0].Counted == nil {
		t.Errorf("%+v", l)
	}
	if l := one(command.MoveStock{Move: trace.StockPutAside, Carriers: code, Place: place, Quantity: n(2), Who: "A. Bee", Witness: "C. Dee"}); l[0].OnHand != 2 || l[0].PutAside != 2 {
		t.Errorf("%+v", l)
	}
	one(command.MoveStock{Move: trace.StockReturned, Carriers: code, Place: place, To: "Northmoor", Evidence: "RN 7"})
	if l := one(command.MoveStock{Move: trace.StockDestroyed, Carriers: code, Place: place, Who: "A. Bee", Witness: "C. Dee", Evidence: "Cert 9"}); l[0].OnHand != 0 || l[0].PutAside != 0 || len(l[0].Steps) != 6 {
		t.Errorf("%+v", l)
	}
	// More went than came: it is recorded, and stands out.
	if l := one(command.MoveStock{Move: trace.StockTaken, Carriers: code, Place: place}); l[0].OnHand != -1 {
		t.Errorf("%+v", l)
	}
}

func TestStockMovesThatMakeNoSenseAreRefused(t *testing.T) {
	d := newSite(t)
	code := []trace.Carrier{{Text: lotCode}}
	n := func(n int) *int { return &n }
	for what, m := range map[string]command.MoveStock{
		"no place":                   {Move: trace.StockReceived, Carriers: code},
		"no device":                  {Move: trace.StockReceived, Place: "Cupboard"},
		"a code that says nothing":   {Move: trace.StockReceived, Place: "Cupboard", Carriers: []trace.Carrier{{Text: "hello"}}},
		"an unknown move":            {Move: "lent", Place: "Cupboard", Carriers: code},
		"half a move":                {Move: trace.StockMovedIn, Place: "Cupboard", Carriers: code},
		"nowhere to":                 {Move: command.StockMoved, Place: "Cupboard", Carriers: code},
		"to itself":                  {Move: command.StockMoved, Place: "Cupboard", To: "Cupboard", Carriers: code},
		"no piece":                   {Move: trace.StockReceived, Place: "Cupboard", Carriers: code, Quantity: n(0)},
		"less than none":             {Move: trace.StockReceived, Place: "Cupboard", Carriers: code, Quantity: n(-1)},
		"two of one serial":          {Move: trace.StockReceived, Place: "Cupboard", Carriers: []trace.Carrier{{Text: shelfCode}}, Quantity: n(2)},
		"put aside without witness":  {Move: trace.StockPutAside, Place: "Cupboard", Carriers: code, Who: "A"},
		"who sees what they did":     {Move: trace.StockDestroyed, Place: "Cupboard", Carriers: code, Who: "A. Bee", Witness: "a. bee", Evidence: "1"},
		"destroyed without evidence": {Move: trace.StockDestroyed, Place: "Cupboard", Carriers: code, Who: "A", Witness: "B"},
		"returned without evidence":  {Move: trace.StockReturned, Place: "Cupboard", Carriers: code},
		"a place for a device":       {Move: trace.StockReceived, Place: "Cupboard", Carriers: []trace.Carrier{{Text: place}}},
	} {
		m.Meta = meta()
		if _, err := d.MoveStock(ctx, m); trace.KindOf(err) != trace.Invalid {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestAListOfStockRecordsNothingTwice(t *testing.T) {
	d := newSite(t)
	m := meta()
	rows := [][]string{{"di", "lot", "quantity", "place"}, {shelfDI, "A17", "4", "Cupboard"}, {shelfDI, "B2", "x", "Cupboard"}, {"09520140001038", "B2", "1", "Cupboard"}, {shelfDI, "C3", "1", ""}}
	for range 2 {
		r, err := d.ListStock(ctx, m, trace.StockReceived, rows)
		if err != nil || r.Rows != 4 || r.Recorded != 1 || len(r.Refused) != 3 || !slices.EqualFunc(r.Refused, []int{3, 4, 5}, func(a command.StockRow, b int) bool { return a.Line == b }) {
			t.Errorf("%+v, %v", r, err)
		}
	}
	// A scan at that place, which gives an expiry too, is of the same line.
	ls, err := d.MoveStock(ctx, command.MoveStock{Meta: meta(), Move: trace.StockTaken, Carriers: []trace.Carrier{{Text: lotCode}}, Place: "cupboard"})
	if err != nil || ls[0].OnHand != 3 || ls[0].From != trace.Imported {
		t.Errorf("%+v, %v", ls, err)
	}
	if _, err := d.ListStock(ctx, meta(), trace.StockReceived, [][]string{{"di", "colour"}, {"x", "y"}}); trace.KindOf(err) != trace.Invalid || !strings.Contains(err.Error(), "column") {
		t.Errorf("%v", err)
	}
}
