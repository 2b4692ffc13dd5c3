package recall_test

import (
	"strings"
	"testing"

	"implantrace/internal/recall"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// A notice that names the box finds the units, as what cannot be excluded.
func TestOtherPackLevelsCannotBeExcluded(t *testing.T) {
	c, err := recall.Criteria{DIs: []string{box}, Lots: recall.Named("K4417B")}.Normalised()
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range []struct {
		di, lot string
		want    recall.Tier
	}{
		{box, "K4417B", recall.Confirmed}, {stem, "K4417B", recall.Possible}, {stem, "", recall.Possible}, {stem, "OTHER", ""}, {other, "K4417B", ""},
	} {
		tier, why := match(t, c, trace.UsageInFull{Usage: trace.Usage{Status: trace.Implanted, Device: udi.Device{DI: u.di, Lot: u.lot}}})
		if tier != u.want {
			t.Errorf("%s lot %q: %q (%v), want %q", u.di, u.lot, tier, why, u.want)
		}
		if tier == recall.Possible && !strings.Contains(strings.Join(why, "; "), "another pack level of "+box) {
			t.Errorf("%s: %v", u.di, why)
		}
	}
}

// The last digit of a HIBC identifier is the unit of measure.
func TestOtherUnitsOfAHIBCProductCannotBeExcluded(t *testing.T) {
	c, err := recall.Criteria{DIs: []string{"+A9991234U0"[:9] + "5"}, Lots: recall.Named("10X3")}.Normalised()
	if err == nil {
		t.Fatal("a primary symbol with a wrong check character is no identifier")
	}
	if c, err = (recall.Criteria{DIs: []string{" a99912345 "}, Lots: recall.Named("10X3")}).Normalised(); err != nil || c.DIs[0] != "A99912345" {
		t.Fatal(c.DIs, err)
	}
	for di, want := range map[string]recall.Tier{"A99912345": recall.Confirmed, "A99912340": recall.Possible, "A99912335": "", "B99912345": "", "09520140001039": ""} {
		if tier, why := match(t, c, trace.UsageInFull{Usage: trace.Usage{Status: trace.Implanted, Device: udi.Device{DI: di, Lot: "10X3"}}}); tier != want {
			t.Errorf("%s: %q (%v), want %q", di, tier, why, want)
		}
	}
}
