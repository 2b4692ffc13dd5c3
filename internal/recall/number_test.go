package recall_test

import (
	"testing"

	"implantrace/internal/recall"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// What lies in a range is settled in a documented order.
func TestRanges(t *testing.T) {
	const yes, maybe, no = recall.Confirmed, recall.Possible, recall.Tier("")
	for _, c := range []struct {
		from, to string
		holds    map[string]recall.Tier
	}{
		{"SN-0042", "SN-0199", map[string]recall.Tier{"SN-0042": yes, "SN-0199": yes, "SN-0100": yes, "SN-0041": no, "SN-0200": no, // both ends are in it
			"SN-42": maybe, "SN-00042": maybe, "sn-0042": maybe, "SN0042": maybe, "SN 0l00": maybe, "SN-0042B": maybe, "SN-0042BB": no, "XN-0042": no}},
		{"98", "103", map[string]recall.Tier{"98": yes, "100": yes, "103": yes, "97": no, "104": no, "099": maybe, "9": no}},
		{"12345A", "12399K", map[string]recall.Tier{"12345A": yes, "12350Z": yes, "12350": maybe, "12350ZZ": no, "12400A": no, "12344K": no}}, // check letters
		{"70010X", "70020X", map[string]recall.Tier{"70015X": yes, "70015": maybe, "70015Y": no}},                                             // one letter that all have
		{"A9", "B2", map[string]recall.Tier{"A9": yes, "AZ": yes, "B0": yes, "B2": yes, "A8": no, "B3": no, "A": no, "a9": maybe, "AZZ": no}}, // as texts
		{"L0001", "L0009", map[string]recall.Tier{"L0005": yes, "L5": maybe, "10005": maybe, "I0005": maybe, "L0010": no}},
		{"99999999999999999998", "100000000000000000001", map[string]recall.Tier{"99999999999999999999": yes, "100000000000000000000": yes, "100000000000000000002": no}},
	} {
		criteria := recall.Criteria{DIs: []string{stem}, Serials: recall.Numbers{{From: c.from, To: c.to}}}
		for v, want := range c.holds {
			if tier, why := match(t, criteria, used(func(u *trace.UsageInFull) { u.Usage.Device.Serial = v })); tier != want {
				t.Errorf("%s to %s: %s is %q (%q), want %q", c.from, c.to, v, tier, why, want)
			}
		}
	}
	for _, ends := range [][2]string{{"A1", "B100"}, {"9", "1"}, {"B2", "A9"}, {"X", "YY"}, {"10A", "20BB"}, {"\t", "9"}} {
		if _, err := (recall.Criteria{DIs: []string{stem}, Lots: recall.Numbers{{From: ends[0], To: ends[1]}}}).Normalised(); trace.KindOf(err) != trace.Invalid {
			t.Errorf("%q: %v", ends, err)
		}
	}
}

// A lot that was typed may have been mistyped; one that was scanned was not. A
// serial number is one slip from its neighbours, and is taken as it is.
func TestATypedLotOneSlipAwayIsPossible(t *testing.T) {
	c := recall.Criteria{DIs: []string{stem}, Lots: recall.Numbers{{Value: "K4417B"}, {From: "P10", To: "P40"}}, Serials: recall.Named("SN-77")}
	for lot, slip := range map[string]bool{"K4418B": true, "K447B": true, "K44177B": true, "K4471B": true, "K4417": true, "4417B": true, "P9": false, "P41": true, "K4400B": false, "Q77": false} {
		for from, byHand := range map[trace.Provenance]bool{trace.Scanned: false, trace.Typed: true, trace.Imported: true} {
			tier, why := match(t, c, used(func(u *trace.UsageInFull) {
				u.Usage.Device.Lot, u.Usage.Device.Serial, u.Usage.Provenance = lot, "SN-78", from
			}))
			want := recall.Tier("")
			if slip && byHand {
				want = recall.Possible
			}
			if tier != want {
				t.Errorf("%s, %s: %q, %q", lot, from, tier, why)
			}
		}
	}
	// A long list is gone through in another way, to the same end.
	long := recall.Criteria{DIs: []string{stem}, Lots: recall.Named("K4417B")}
	for i := range 1000 {
		long.Lots = append(long.Lots, recall.Number{Value: "ZZZZZ" + string(rune('A'+i%26)) + string(rune('A'+i/26%26)) + string(rune('A'+i/676)) + "77"})
	}
	for lot, want := range map[string]recall.Tier{"K4418B": recall.Possible, "K447B": recall.Possible, "K4471B": recall.Possible, "K44177B": recall.Possible, "K4400B": ""} {
		if tier, why := match(t, long, used(func(u *trace.UsageInFull) { u.Usage.Device.Lot, u.Usage.Provenance = lot, trace.Typed })); tier != want {
			t.Errorf("%s: %q, %q", lot, tier, why)
		}
	}
}

func TestWhatIsInDoubtNeitherConfirmsNorExcludes(t *testing.T) {
	lot := recall.Criteria{DIs: []string{stem}, Lots: recall.Named("K4417B")}
	others := recall.Criteria{DIs: []string{stem}, Except: []recall.Criteria{{Lots: recall.Named("K4417B")}}}
	carrier := func(text string) func(*trace.UsageInFull) {
		return func(u *trace.UsageInFull) {
			u.Usage.Device.Serial, u.Usage.Carriers = "", []trace.Carrier{{Text: text, Symbology: "]d2"}}
		}
	}
	for name, c := range map[string]struct {
		change       func(*trace.UsageInFull)
		lot, another recall.Tier
	}{
		"as it was read":       {carrier("01" + stem + "10K4417B"), recall.Confirmed, ""},
		"damaged":              {func(u *trace.UsageInFull) { u.Usage.Damaged = true }, recall.Possible, recall.Possible},
		"the lot is not in it": {carrier("01" + stem + "10k4417b"), recall.Possible, recall.Possible},
		"written another way":  {func(u *trace.UsageInFull) { u.Usage.Device.Lot = "K-4417B" }, recall.Possible, recall.Possible},
		"not recorded":         {func(u *trace.UsageInFull) { u.Usage.Device.Lot = "" }, recall.Possible, recall.Possible},
		"another lot":          {func(u *trace.UsageInFull) { u.Usage.Device.Lot = "X" }, "", recall.Confirmed},
		"another lot, no DI":   {func(u *trace.UsageInFull) { u.Usage.Device = udi.Device{Lot: "X"} }, "", recall.Possible},
		"another lot, corrected": {func(u *trace.UsageInFull) {
			u.Usage.Device.Lot, u.Usage.Was = "X", []udi.Device{{DI: stem, Lot: "K4417B"}}
		}, recall.Possible, recall.Confirmed},
	} {
		if tier, why := match(t, lot, used(c.change)); tier != c.lot {
			t.Errorf("%s: %q, %q", name, tier, why)
		}
		if tier, why := match(t, others, used(c.change)); tier != c.another {
			t.Errorf("%s, all but that lot: %q, %q", name, tier, why)
		}
	}
}
