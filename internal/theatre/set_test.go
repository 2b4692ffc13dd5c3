package theatre_test

import (
	"strings"
	"testing"

	"implantrace/internal/command"
	"implantrace/internal/theatre"
	"implantrace/internal/trace"
)

// tray records a set of screws.
func (b *bench) tray(code string, supply trace.Supply) trace.Set {
	b.Helper()
	s, err := b.recorder.RecordSet(b.Context(), command.RecordSet{Meta: command.Meta{ID: trace.NewEventID()}, Name: "Small fragment set", Code: code, Supply: supply,
		Items: []trace.SetItem{{CatalogueNo: "NM-27-12", Description: "Cortex screw", Size: "12 mm", Quantity: 2}, {DI: stemDI, Description: "Plate", Quantity: 1}}})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func (b *bench) say(q theatre.SetStep) error {
	return b.desk.PickSet(b.Context(), command.Meta{ID: trace.NewEventID(), Provenance: trace.Typed}, q)
}

// The barcode of a tray opens its list; each piece that is taken out is a device of
// the procedure, whose lot is unknown and not forgotten.
func TestPiecesAreTakenOutOfASet(t *testing.T) {
	for name, code := range map[string]string{"any text": "TRAY-0012", "GRAI": "(8003)09520140001039SET1", "GTIN and serial number": "(01)09520140001015(21)T12"} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			s := b.tray(code, trace.Supply{})
			if a := b.scan(code); a.Means != "set" || a.Verdict.Level != trace.Note || b.state().Set != nil {
				t.Fatalf("without a procedure: %+v", a)
			}
			b.scan(adaBand)
			b.open()
			if a := b.scan(code); a.Means != "set" || a.Verdict.Level != trace.Pass || !a.Usage.IsZero() || b.state().Set == nil {
				t.Fatalf("%+v", a)
			}
			screw, plate := s.ItemKey(s.Items[0]), s.ItemKey(s.Items[1])
			for range 3 {
				if err := b.say(theatre.SetStep{Set: s.Set, Item: screw, Change: 1}); err != nil {
					t.Fatal(err)
				}
			}
			if err := b.say(theatre.SetStep{Set: s.Set, Item: plate, Change: 1, Lot: "P-77"}); err != nil {
				t.Fatal(err)
			}
			if err := b.say(theatre.SetStep{Set: s.Set, Item: screw, Change: -1}); err != nil {
				t.Fatal(err)
			}
			if err := b.say(theatre.SetStep{Set: s.Set, Item: screw, Status: trace.Implanted}); err != nil {
				t.Fatal(err)
			}
			lines := b.state().Set.Lines
			if lines[0].Taken != 2 || lines[0].Implanted != 2 || lines[0].NoOutcome != 0 || lines[1].Taken != 1 || lines[1].NoOutcome != 1 {
				t.Fatalf("%+v", lines)
			}
			for _, u := range b.state().Procedure.Usages {
				known := u.Usage.Device.DI == stemDI
				switch {
				case u.Usage.Picked.Name != s.Name || u.Usage.Described == "":
					t.Errorf("%+v", u.Usage)
				case known && (u.Usage.LotUnknown() || u.Usage.LotWords() != "P-77" || !u.Usage.AwaitsSecond()):
					t.Errorf("the plate: %+v", u.Usage)
				case !known && (!u.Usage.LotUnknown() || u.Usage.LotWords() != "unknown" || u.Usage.Device.CatalogueNo != "NM-27-12" || u.Usage.AwaitsSecond()):
					t.Errorf("a screw: %+v", u.Usage)
				}
			}
			if err := b.say(theatre.SetStep{Set: s.Set, Item: screw, Change: -1}); trace.KindOf(err) != trace.Conflict {
				t.Errorf("an implanted screw was put back: %v", err)
			}
			if err := b.say(theatre.SetStep{Set: s.Set, Item: "0000", Change: 1}); trace.KindOf(err) != trace.Conflict {
				t.Errorf("%v", err)
			}
		})
	}
}

// By scanning alone: the tray, the piece's code on the printed sheet, and what became
// of it; the last is undone as any step. A pack of the same product is not taken for
// the piece.
func TestPiecesAreTakenByScanningAlone(t *testing.T) {
	b := newBench(t)
	s := b.tray("TRAY-0012", trace.Supply{Kind: trace.SupplyLoan, Supplier: "Northmoor"})
	codes := theatre.SetCodes(s)
	b.scan(adaBand)
	b.open()
	b.scan("TRAY-0012")
	if a := b.scan(codes[1].Text); a.Status != trace.Checked && a.Usage.IsZero() {
		t.Fatalf("%+v", a)
	}
	b.scan("IMT:A:quantity:2")
	b.scan("IMT:A:implanted")
	us := b.state().Procedure.Usages
	if len(us) != 2 || us[0].Usage.Supply.Supplier != "Northmoor" || us[1].Usage.Picked != us[0].Usage.Picked {
		t.Fatalf("%+v", us)
	}
	// The same product, with a code of its own.
	if a := b.scan("01" + stemDI); a.Usage == us[0].Usage.ID || a.Usage == us[1].Usage.ID {
		t.Errorf("a pack was taken for a piece of the tray: %+v", a)
	}
	b.scan("IMT:A:undo")
	if !strings.Contains(b.state().Undo.Words, "checked again") {
		t.Errorf("%+v", b.state().Undo)
	}
	// A code of a list that was changed since takes nothing.
	if _, err := b.recorder.RecordSet(t.Context(), command.RecordSet{Meta: command.Meta{ID: trace.NewEventID()}, Set: s.Set, Name: s.Name, Code: s.Code,
		Items: []trace.SetItem{{DI: stemDI, Description: "Plate, 4 holes", Quantity: 1}}}); err != nil {
		t.Fatal(err)
	}
	if a := b.scan(codes[1].Text); a.Verdict.Level != trace.Warn || !strings.Contains(a.Verdict.Title, "Not taken") {
		t.Errorf("%+v", a.Verdict)
	}
}
