package udi_test

import (
	"testing"

	"implantrace/internal/udi"
)

// A number that could be a bare GTIN or an element string is the GTIN where the
// code beside it says so; alone nobody can tell.
func TestAnotherCarrierSettlesABareGTIN(t *testing.T) {
	const gtin = "09506000134352"
	whole, bare := udi.Understand("01"+gtin+"10ABC", now), udi.Understand(gtin[1:], now)
	if !bare.Damaged() || bare.Device.DI != "" {
		t.Fatalf("alone: %+v", bare)
	}
	for _, pack := range []udi.Pack{udi.Join(whole, bare), udi.Join(bare, whole)} {
		if pack.Damaged() || pack.Device.DI != gtin || pack.Device.Lot != "ABC" || len(pack.Readings) != 0 {
			t.Errorf("%+v", pack)
		}
	}
	other := udi.Understand("01095201400010391010", now)
	if pack := udi.Join(other, bare); !pack.Damaged() || pack.Device.DI != "09520140001039" {
		t.Errorf("beside another product: %+v", pack)
	}
}

// A reader that trims takes the check character off where that is a space.
func TestATrimmedCheckCharacterIsOfferedAsAReading(t *testing.T) {
	m := udi.Understand("+A123BJC5D6E1/$$1026LOT", now)
	if !m.Damaged() || m.Device.Lot != "" {
		t.Fatalf("%+v", m)
	}
	if len(m.Readings) != 1 || m.Readings[0].Device.DI != "A123BJC5D6E1" || m.Readings[0].Device.Lot != "LOT" || m.Readings[0].Device.Expiry.String() != "2026-10" {
		t.Errorf("%+v", m.Readings)
	}
	if m := udi.Understand("+A123BJC5D6E17/$$1026LOT", now); len(m.Readings) != 0 {
		t.Errorf("no space makes that right: %+v", m.Readings)
	}
}

func TestTimeOfProduction(t *testing.T) {
	for text, want := range map[string]udi.Date{
		"22061712":     {Day: "2022-06-17", Precision: udi.PrecisionHour, Time: "12:00"},
		"2206171245":   {Day: "2022-06-17", Precision: udi.PrecisionMinute, Time: "12:45"},
		"220617124559": {Day: "2022-06-17", Precision: udi.PrecisionMinute, Time: "12:45"},
	} {
		if m := udi.Understand("]d20109506000134352"+"8008"+text, now); m.Device.Manufactured != want || m.Damaged() {
			t.Errorf("%s: %+v", text, m.Device.Manufactured)
		}
	}
}

func TestQuantitiesOfActions(t *testing.T) {
	for text, want := range map[string]udi.Kind{
		"IMT:A:quantity:4": udi.KindAction, "IMT:A:quantity:9999": udi.KindAction, "IMT:A:quantity:0": udi.KindText, "IMT:A:quantity:-1": udi.KindText,
		"IMT:A:quantity:x": udi.KindText, "IMT:A:quantity:": udi.KindText, "IMT:A:quantity:10000": udi.KindText, "IMT:A:wasted:dropped": udi.KindAction, "IMT:A:undo:1": udi.KindText,
	} {
		m := udi.Understand(text, now)
		if m.Kind != want {
			t.Errorf("%s: %s", text, m.Kind)
		}
		if want == udi.KindAction && (len(m.Elements) != 1 || m.Elements[0].AI != "99" || m.Elements[0].Value != text || m.Elements[0].Offset != 0) {
			t.Errorf("%s: %+v", text, m.Elements)
		}
	}
}
