package command_test

import (
	"strings"
	"testing"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

func TestATableOfSetsIsLookedAtAndTaken(t *testing.T) {
	s := newSite(t)
	table := func(text string) (rows [][]string) {
		for line := range strings.Lines(text) {
			rows = append(rows, strings.Split(strings.TrimRight(line, "\n"), ","))
		}
		return rows
	}
	good := table("set,code,di,catalogue_no,description,size,quantity,supply,supplier,reference\n" +
		"Small fragment,TRAY-1,,NM-27-12,Cortex screw,12 mm,6,loan,Northmoor,L-9\n" +
		"Small fragment,TRAY-1,,NM-27-14,Cortex screw,14 mm,6,,,\n" +
		",,," + "NM-27-16,Cortex screw,16 mm,4,,,\n" +
		"Hip set,(8003)09520140001039H1,09520140001039,,Plate,,1,,,\n")
	m := meta()
	r, err := s.ImportSets(ctx, m, good, true)
	if err != nil || r.Rows != 4 || r.Recorded != 2 || len(r.Refused) != 0 || len(r.Sets) != 2 || len(r.Sets[0].Items) != 3 {
		t.Fatalf("%v %+v", err, r)
	}
	for range s.Store.Sets(ctx) {
		t.Fatal("a preview recorded a set")
	}
	for again := range 2 { // sent again, it records nothing new
		if r, err = s.ImportSets(ctx, meta(), good, false); err != nil || r.Recorded != 2-2*again || r.Same != 2*again {
			t.Fatalf("%d: %v %+v", again, err, r)
		}
	}
	found, err := s.Store.SetsByCode(ctx, "TRAY-1")
	if err != nil || len(found) != 1 || found[0].Supply != (trace.Supply{Kind: trace.SupplyLoan, Supplier: "Northmoor", Reference: "L-9"}) {
		t.Fatalf("%v %+v", err, found)
	}
	// Its table is what was taken.
	if r, err = s.ImportSets(ctx, meta(), command.SetTable(found), true); err != nil || r.Same != 1 || len(r.Refused) != 0 {
		t.Errorf("%v %+v", err, r)
	}
	for name, c := range map[string]struct{ rows, says string }{
		"a wrong check digit": {"A,T-2,09520140001038,,x,,1,,,\nA,T-2,,C,y,,1,,,\n", "check digit"},
		"no quantity":         {"A,T-2,,C,x,,many,,,\n", "no number of pieces"},
		"nothing finds it":    {"A,T-2,,,x,,1,,,\n", "catalogue number or its device identifier"},
		"one piece twice":     {"A,T-2,,C,x,,1,,,\nA,T-2,,C,x,,2,,,\n", "stands twice"},
		"two names":           {"A,T-2,,C,x,,1,,,\nB,T-2,,D,x,,2,,,\n", "another than in the rows before"},
		"no barcode":          {"A,,,C,x,,1,,,\n", "its barcode is missing"},
		"a supplier of what":  {"A,T-2,,C,x,,1,,Northmoor,\n", "loan or consignment"},
		"a wristband":         {"A,8018505089899900000183,,C,x,,1,,,\n", "patient"},
	} {
		r, err := s.ImportSets(ctx, meta(), append(table("set,code,di,catalogue_no,description,size,quantity,supply,supplier,reference\n"), table(c.rows)...), false)
		if err != nil || r.Recorded != 0 || len(r.Refused) == 0 || !strings.Contains(r.Refused[0].Refused, c.says) || r.Refused[0].Line < 2 {
			t.Errorf("%s: %v %+v", name, err, r)
		}
	}
	if _, err := s.ImportSets(ctx, meta(), table("set,code,colour\nA,B,C\n"), false); trace.KindOf(err) != trace.Invalid {
		t.Errorf("%v", err)
	}
	// Removed, its barcode finds it no more; and another may have it.
	if _, err := s.RecordSet(ctx, command.RecordSet{Meta: meta(), Set: found[0].Set, Name: "x", Code: "TRAY-1", Removed: true}); err != nil {
		t.Fatal(err)
	}
	if found, err = s.Store.SetsByCode(ctx, "TRAY-1"); err != nil || len(found) != 0 {
		t.Errorf("%v %+v", err, found)
	}
}
