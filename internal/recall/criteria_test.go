package recall_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"implantrace/internal/recall"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

const (
	stem  = "09520140001039"
	box   = "19520140001036" // of stems: another indicator
	head  = "09520140001015"
	other = "09520140001145"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// used is a usage of the stem as a scan records it, changed.
func used(change func(*trace.UsageInFull)) trace.UsageInFull {
	u := trace.UsageInFull{
		Usage: trace.Usage{ID: trace.UsageID{1}, Procedure: trace.ProcedureID{1}, Device: udi.Device{Agency: udi.AgencyGS1, DI: stem, Lot: "K4417B", Serial: "SN-0042"},
			Status: trace.Implanted, Provenance: trace.Scanned, Occurred: noon},
		Procedure: trace.Procedure{ID: trace.ProcedureID{1}, Start: noon}, Patient: trace.PatientID{1},
	}
	if change != nil {
		change(&u)
	}
	return u
}

// match asks the rule about one usage.
func match(t testing.TB, c recall.Criteria, u trace.UsageInFull) (recall.Tier, []string) {
	t.Helper()
	m, err := c.Compile(time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return m.Match(u)
}

// moments is a period of which the end is not in it.
func moments(from, to time.Time) (p recall.Period) {
	for _, end := range []struct {
		at time.Time
		to *string
	}{{from, &p.From}, {to, &p.To}} {
		if !end.at.IsZero() {
			*end.to = end.at.Format(time.RFC3339Nano)
		}
	}
	return p
}

func TestCriteriaMatch(t *testing.T) {
	product := recall.Criteria{DIs: []string{stem}}
	lot := recall.Criteria{DIs: []string{stem}, Lots: recall.Named("K4417B")}
	serial := recall.Criteria{DIs: []string{stem}, Serials: recall.Named("SN-0042")}
	both := recall.Criteria{DIs: []string{stem}, Lots: recall.Named("K4417B"), Serials: recall.Named("SN-0042")}
	period := func(from, to time.Time) recall.Criteria {
		return recall.Criteria{DIs: []string{stem}, Implanted: moments(from, to)}
	}
	for _, c := range []struct {
		name     string
		criteria recall.Criteria
		change   func(*trace.UsageInFull)
		tier     recall.Tier
		why      []string // parts of it, in order
	}{
		{"the product, whatever its lot", product, nil, recall.Confirmed, []string{"DI " + stem + " is named"}},
		{"another product", recall.Criteria{DIs: []string{other}}, nil, "", nil},
		{"one of several products", recall.Criteria{DIs: []string{other, stem}}, nil, recall.Confirmed, []string{"is named"}},
		{"another product, damaged: its identifier has a check digit", recall.Criteria{DIs: []string{other}}, func(u *trace.UsageInFull) { u.Usage.Damaged = true }, "", nil},
		{"the lot", lot, nil, recall.Confirmed, []string{"lot K4417B is named"}},
		{"another lot", lot, func(u *trace.UsageInFull) { u.Usage.Device.Lot = "K4418B" }, "", nil},
		{"the lot of another product", recall.Criteria{DIs: []string{other}, Lots: recall.Named("K4417B")}, nil, "", nil},
		{"one of several lots", recall.Criteria{DIs: []string{stem}, Lots: recall.Named("A", "K4417B")}, nil, recall.Confirmed, []string{"lot K4417B is named"}},
		{"no lot", lot, func(u *trace.UsageInFull) { u.Usage.Device.Lot = "" }, recall.Possible, []string{"lot not recorded"}},
		{"a lot is not a serial number", serial, func(u *trace.UsageInFull) { u.Usage.Device.Lot, u.Usage.Device.Serial = "SN-0042", "SN-1" }, "", nil},
		{"the serial number", serial, nil, recall.Confirmed, []string{"serial number SN-0042 is named"}},
		{"another serial number", serial, func(u *trace.UsageInFull) { u.Usage.Device.Serial = "SN-0043" }, "", nil},
		{"no serial number", serial, func(u *trace.UsageInFull) { u.Usage.Device.Serial = "" }, recall.Possible, []string{"serial number not recorded"}},
		{"both named", both, nil, recall.Confirmed, []string{"lot K4417B is named"}},
		{"the lot or the serial number is enough: lot", both, func(u *trace.UsageInFull) { u.Usage.Device.Serial = "X" }, recall.Confirmed, []string{"lot K4417B"}},
		{"the lot or the serial number is enough: serial", both, func(u *trace.UsageInFull) { u.Usage.Device.Lot = "X" }, recall.Confirmed, []string{"serial number SN-0042"}},
		{"neither", both, func(u *trace.UsageInFull) { u.Usage.Device.Lot, u.Usage.Device.Serial = "X", "Y" }, "", nil},
		{"another lot, and no serial number", both, func(u *trace.UsageInFull) { u.Usage.Device.Lot, u.Usage.Device.Serial = "X", "" }, recall.Possible, []string{"serial number not recorded"}},
		{"another serial number, and no lot", both, func(u *trace.UsageInFull) { u.Usage.Device.Lot, u.Usage.Device.Serial = "", "Y" }, recall.Possible, []string{"lot not recorded"}},
		{"neither recorded", both, func(u *trace.UsageInFull) { u.Usage.Device.Lot, u.Usage.Device.Serial = "", "" }, recall.Possible, []string{"lot not recorded", "serial number not recorded"}},
		{"a folded lot beside the exact serial number", both, func(u *trace.UsageInFull) { u.Usage.Device.Lot = "k4417b" }, recall.Confirmed, []string{"serial number SN-0042"}},
		{"a damaged reading of the lot", lot, func(u *trace.UsageInFull) { u.Usage.Damaged = true }, recall.Possible, []string{"is named", "damaged"}},
		{"a damaged reading of another lot", lot, func(u *trace.UsageInFull) { u.Usage.Device.Lot, u.Usage.Damaged = "X", true }, recall.Possible, []string{"damaged"}},
		{"a damaged reading without a lot", lot, func(u *trace.UsageInFull) { u.Usage.Device.Lot, u.Usage.Damaged = "", true }, recall.Possible, []string{"not recorded", "damaged"}},
		{"no product, the lot", lot, func(u *trace.UsageInFull) { u.Usage.Device.DI = "" }, recall.Possible, []string{"is named", "which product it is was not recorded"}},
		{"no product, another lot", lot, func(u *trace.UsageInFull) { u.Usage.Device.DI, u.Usage.Device.Lot = "", "X" }, "", nil},
		{"no product, and the product is meant", product, func(u *trace.UsageInFull) { u.Usage.Device.DI = "" }, recall.Possible, []string{"not recorded"}},
		{"nothing recorded of the device", both, func(u *trace.UsageInFull) { u.Usage.Device = udi.Device{} }, recall.Possible, []string{"lot", "serial", "product"}},
		{"typed", lot, func(u *trace.UsageInFull) { u.Usage.Provenance = trace.Typed }, recall.Confirmed, []string{"is named", "typed, not scanned"}},
		{"imported", lot, func(u *trace.UsageInFull) { u.Usage.Provenance = trace.Imported }, recall.Confirmed, []string{"is named", "imported, unverified"}},
		{"imported and excluded", lot, func(u *trace.UsageInFull) { u.Usage.Provenance, u.Usage.Device.Lot = trace.Imported, "X" }, "", nil},
		{"within the period", period(noon.Add(-time.Hour), noon.Add(time.Hour)), nil, recall.Confirmed, []string{"used on"}},
		{"at its beginning", period(noon, time.Time{}), nil, recall.Confirmed, []string{"used on"}},
		{"just before it", period(noon.Add(1), time.Time{}), nil, "", nil},
		{"at its end", period(time.Time{}, noon), nil, "", nil},
		{"just before its end", period(time.Time{}, noon.Add(1)), nil, recall.Confirmed, []string{"used on"}},
		{"the same moment in another zone", period(noon.In(time.FixedZone("", 3600)), noon.Add(1)), nil, recall.Confirmed, []string{"used on"}},
		{"the procedure's day counts, not the entry's", period(noon.Add(-time.Hour), noon.Add(time.Hour)), func(u *trace.UsageInFull) { u.Usage.Occurred = noon.AddDate(1, 0, 0) }, recall.Confirmed, []string{"used on"}},
		{"no procedure, scanned in the period", period(noon, noon.Add(1)), func(u *trace.UsageInFull) { u.Procedure = trace.Procedure{} }, recall.Confirmed, []string{"used on"}},
		{"no procedure, scanned outside", period(noon.Add(1), time.Time{}), func(u *trace.UsageInFull) { u.Procedure = trace.Procedure{} }, "", nil},
		{"no procedure, imported: the day is not known", period(noon.AddDate(-9, 0, 0), noon.AddDate(-8, 0, 0)),
			func(u *trace.UsageInFull) { u.Procedure, u.Usage.Provenance = trace.Procedure{}, trace.Imported }, recall.Possible, []string{"when it was used was not recorded", "imported"}},
		{"no procedure, typed: the day is not known", period(noon.AddDate(1, 0, 0), time.Time{}),
			func(u *trace.UsageInFull) { u.Procedure, u.Usage.Provenance = trace.Procedure{}, trace.Typed }, recall.Possible, []string{"when it was used was not recorded", "typed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tier, why := match(t, c.criteria, used(c.change))
			if tier != c.tier || (len(why) == 0) != (tier == "") {
				t.Fatalf("%q, %q; want %q, %q", tier, why, c.tier, c.why)
			}
			for _, part := range c.why {
				if !slices.ContainsFunc(why, func(w string) bool { return strings.Contains(w, part) }) {
					t.Errorf("why is %q, want %q", why, part)
				}
			}
		})
	}
}

// What became of a device does not decide whether the notice means it; where
// that is not recorded, it is not certain.
func TestOnlyAMissingOutcomeChangesTheTier(t *testing.T) {
	c := recall.Criteria{DIs: []string{stem}, Lots: recall.Named("K4417B")}
	for _, s := range append(trace.Statuses(), "") {
		want := recall.Confirmed
		if !s.Outcome() {
			want = recall.Possible
		}
		if tier, why := match(t, c, used(func(u *trace.UsageInFull) { u.Usage.Status = s })); tier != want {
			t.Errorf("%q: %q, %q", s, tier, why)
		}
	}
}

// A device whose lot nobody recorded is excluded by no lot, whatever else the
// notice lists.
func TestMissingLotExcludesNothing(t *testing.T) {
	noLot := used(func(u *trace.UsageInFull) { u.Usage.Device.Lot = "" })
	for _, lots := range [][]string{{"K4417B"}, {"X"}, {"X", "Y", "Z"}, {"0"}} {
		for _, serials := range [][]string{nil, {"SN-9"}} {
			tier, why := match(t, recall.Criteria{DIs: []string{stem}, Lots: recall.Named(lots...), Serials: recall.Named(serials...)}, noLot)
			if tier != recall.Possible || !slices.Contains(why, "lot not recorded") {
				t.Errorf("lots %q, serials %q: %q, %q", lots, serials, tier, why)
			}
		}
	}
}

// A lot written another way is found, said to be so, and never confirmed.
func TestFoldedLotIsPossible(t *testing.T) {
	for _, c := range []struct{ named, recorded string }{
		{"K4417B", "k4417b"}, {"K4417B", "K-4417-B"}, {"K4417B", "K 4417/B"}, {"K4417B", "0K4417B"}, {"00123", "123"}, {"A0I1", "AOl1"},
		{"LOT.1", "lot1"}, {"100", "IOO"}, {"0", "000"},
	} {
		for _, way := range [][2]string{{c.named, c.recorded}, {c.recorded, c.named}} {
			tier, why := match(t, recall.Criteria{DIs: []string{stem}, Lots: recall.Named("X", way[0])}, used(func(u *trace.UsageInFull) { u.Usage.Device.Lot = way[1] }))
			if tier != recall.Possible || !strings.Contains(strings.Join(why, "; "), "lot "+way[1]+" may be "+way[0]+",") {
				t.Errorf("%q for %q: %q, %q", way[1], way[0], tier, why)
			}
			tier, _ = match(t, recall.Criteria{DIs: []string{stem}, Serials: recall.Named(way[0])}, used(func(u *trace.UsageInFull) { u.Usage.Device.Serial = way[1] }))
			if tier != recall.Possible {
				t.Errorf("serial %q for %q: %q", way[1], way[0], tier)
			}
		}
	}
	for _, c := range []struct{ named, recorded string }{{"K4417B", "K4418B"}, {"12", "21"}, {"1", "11"}, {"--", "/"}, {"-", "0"}} {
		if tier, why := match(t, recall.Criteria{DIs: []string{stem}, Lots: recall.Named(c.named)}, used(func(u *trace.UsageInFull) { u.Usage.Device.Lot = c.recorded })); tier != "" {
			t.Errorf("%q for %q: %q, %q", c.recorded, c.named, tier, why)
		}
	}
}

// Of whom it is not known that they have another device, it is possible that
// they have this one.
func TestWhatCannotBeExcludedIsPossible(t *testing.T) {
	c := recall.Criteria{DIs: []string{stem}, Lots: recall.Named("K4417B"), Serials: recall.Named("SN-0042")}
	for name, change := range map[string]func(*trace.UsageInFull){
		"no lot":           func(u *trace.UsageInFull) { u.Usage.Device.Lot, u.Usage.Device.Serial = "", "SN-1" },
		"no serial number": func(u *trace.UsageInFull) { u.Usage.Device.Lot, u.Usage.Device.Serial = "X", "" },
		"no product":       func(u *trace.UsageInFull) { u.Usage.Device.DI = "" },
		"nothing":          func(u *trace.UsageInFull) { u.Usage.Device = udi.Device{} },
		"damaged": func(u *trace.UsageInFull) {
			u.Usage.Device.Lot, u.Usage.Device.Serial, u.Usage.Damaged = "X", "Y", true
		},
		"damaged, no DI":     func(u *trace.UsageInFull) { u.Usage.Device, u.Usage.Damaged = udi.Device{Lot: "X", Serial: "Y"}, true },
		"written otherwise":  func(u *trace.UsageInFull) { u.Usage.Device.Lot, u.Usage.Device.Serial = "K-4417-B", "Y" },
		"serial, misspelt 0": func(u *trace.UsageInFull) { u.Usage.Device.Lot, u.Usage.Device.Serial = "X", "SN-OO42" },
	} {
		tier, why := match(t, c, used(change))
		if tier != recall.Possible || len(why) == 0 {
			t.Errorf("%s: %q, %q", name, tier, why)
		}
	}
}

func TestNormalised(t *testing.T) {
	c, err := recall.Criteria{DIs: []string{" 9520140001039 ", stem, "(01)" + head}, Lots: recall.Named(" A ", "A", "a"), Serials: recall.Named("S")}.Normalised()
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{stem, head}; !slices.Equal(c.DIs, want) {
		t.Errorf("DIs %q, want %q", c.DIs, want)
	}
	if want := recall.Named("A", "a"); !slices.Equal(c.Lots, want) {
		t.Errorf("lots %v, want %v", c.Lots, want)
	}
	if !slices.Equal(c.Serials, recall.Named("S")) {
		t.Errorf("%+v", c)
	}
}

func TestNormalisedRefusesWhatWouldSearchForSomethingElse(t *testing.T) {
	many := make([]string, 200_001)
	for i := range many {
		many[i] = fmt.Sprint("L", i)
	}
	for name, c := range map[string]struct {
		criteria recall.Criteria
		kind     trace.ErrorKind
		says     string
	}{
		"no product":                {recall.Criteria{Lots: recall.Named("A")}, trace.Invalid, "Give the device identifier"},
		"a wrong check digit":       {recall.Criteria{DIs: []string{"09520140001038"}}, trace.Invalid, "Nothing was searched"},
		"a digit too few":           {recall.Criteria{DIs: []string{"0952014000103"}}, trace.Invalid, "Nothing was searched"},
		"no digits":                 {recall.Criteria{DIs: []string{"stem"}}, trace.Invalid, `"stem"`},
		"an empty one":              {recall.Criteria{DIs: []string{stem, ""}}, trace.Invalid, "Nothing was searched"},
		"a very long one is cut":    {recall.Criteria{DIs: []string{strings.Repeat("é", 500)}}, trace.Invalid, `é..."`},
		"an empty lot":              {recall.Criteria{DIs: []string{stem}, Lots: recall.Named("")}, trace.Invalid, "empty"},
		"a lot of spaces":           {recall.Criteria{DIs: []string{stem}, Lots: recall.Named("A", " \t")}, trace.Invalid, "empty"},
		"an empty serial":           {recall.Criteria{DIs: []string{stem}, Serials: recall.Named(" ")}, trace.Invalid, "empty"},
		"too many lots":             {recall.Criteria{DIs: []string{stem}, Lots: recall.Named(many...)}, trace.TooLarge, "200000"},
		"too many serials":          {recall.Criteria{DIs: []string{stem}, Serials: recall.Named(many...)}, trace.TooLarge, "200000"},
		"too many products":         {recall.Criteria{DIs: many}, trace.TooLarge, "200000"},
		"a period of no length":     {recall.Criteria{DIs: []string{stem}, Implanted: moments(noon, noon)}, trace.Invalid, "period"},
		"a period that is backward": {recall.Criteria{DIs: []string{stem}, Implanted: moments(noon, noon.Add(-1))}, trace.Invalid, "period"},
	} {
		_, err := c.criteria.Normalised()
		if err == nil || trace.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		} else if len(err.Error()) > 300 {
			t.Errorf("%s: the message has %d bytes", name, len(err.Error()))
		}
	}
}
