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
	c, err := recall.Criteria{DIs: []string{box}, Lots: []string{"K4417B"}}.Normalised()
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range []struct {
		di, lot string
		want    recall.Tier
	}{
		{box, "K4417B", recall.Confirmed}, {stem, "K4417B", recall.Possible}, {stem, "", recall.Possible}, {stem, "OTHER", ""}, {other, "K4417B", ""},
	} {
		tier, why := c.Match(trace.UsageInFull{Usage: trace.Usage{Device: udi.Device{DI: u.di, Lot: u.lot}}})
		if tier != u.want {
			t.Errorf("%s lot %q: %q (%v), want %q", u.di, u.lot, tier, why, u.want)
		}
		if tier == recall.Possible && !strings.Contains(strings.Join(why, "; "), "another pack level of "+box) {
			t.Errorf("%s: %v", u.di, why)
		}
	}
}
