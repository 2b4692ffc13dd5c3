package recall_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"implantrace/internal/recall"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

func criteria(t *testing.T, lots ...string) recall.Criteria {
	t.Helper()
	c, err := recall.Criteria{DIs: []string{stem}, Lots: recall.Named(lots...)}.Normalised()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func possible(t *testing.T, c recall.Criteria, u trace.UsageInFull, words string) {
	t.Helper()
	tier, why := match(t, c, u)
	if tier != recall.Possible || !strings.Contains(strings.Join(why, "; "), words) {
		t.Errorf("%q because %v, want possible because of %q", tier, why, words)
	}
}

// A correction can be the mistake: the barcode said what it said.
func TestACorrectionTakesNobodyOutOfARecall(t *testing.T) {
	h := open(t)
	p := h.procedure(h.patient(ada), noon)
	u := h.usage(p, stem, "K4417B", trace.Implanted)
	h.say(trace.Typed, noon, trace.UsageFact{Usage: u, Device: udi.Device{Lot: "K4418C"}}, nil)
	h.say(trace.Typed, noon, trace.UsageFact{Usage: u, Device: udi.Device{DI: other}}, nil)
	a := h.search(recall.Criteria{DIs: []string{stem}, Lots: recall.Named("K4417B")})
	if len(a.Possible) != 1 || a.PatientsMay != 1 || !strings.Contains(strings.Join(a.Possible[0].Why, "; "), "before a correction it was recorded as DI "+stem+", lot K4417B") {
		t.Errorf("%+v", a)
	}
	if a := h.search(recall.Criteria{DIs: []string{other}, Lots: recall.Named("K4418C")}); len(a.Confirmed) != 1 {
		t.Errorf("as it is recorded now: %+v", a)
	}
}

// What was once recorded as implanted is not excluded by an outcome said later,
// and what was withdrawn stays in sight.
func TestWhatWasImplantedOnceCannotBeExcluded(t *testing.T) {
	h := open(t)
	p := h.procedure(h.patient(ada), noon)
	u := h.usage(p, stem, "K4417B", trace.Implanted)
	h.say(trace.Typed, noon, trace.UsageFact{Usage: u, Status: trace.Returned}, nil)
	gone := h.usage(p, stem, "K4417B", trace.Opened)
	h.say(trace.Typed, noon, trace.UsageFact{Usage: gone, Amend: trace.Amend{Withdraw: true}}, nil)
	a := h.search(recall.Criteria{DIs: []string{stem}, Lots: recall.Named("K4417B")})
	if len(a.Possible) != 1 || a.Possible[0].Usage.ID != u || !strings.Contains(strings.Join(a.Possible[0].Why, "; "), "recorded as implanted before") || a.Nobody() {
		t.Errorf("possible %+v", a.Possible)
	}
	if len(a.NotInPatient) != 1 || a.NotInPatient[0].Usage.ID != gone || !strings.Contains(strings.Join(a.NotInPatient[0].Why, "; "), "withdrawn") {
		t.Errorf("not in patient %+v", a.NotInPatient)
	}
}

func TestALotThatSwallowedTheFieldBehindItIsPossible(t *testing.T) {
	c := criteria(t, "LOTQ")
	for lot, want := range map[string]recall.Tier{"LOTQ21SN77": recall.Possible, "LOTQ17290331": recall.Possible, "LOTQ10A": recall.Possible,
		"LOTQ1": "", "LOTQX21": "", "LOTQ17A": "", "LOTQ21": ""} {
		if tier, why := match(t, c, trace.UsageInFull{Usage: trace.Usage{Device: udi.Device{DI: stem, Lot: lot}}}); tier != want {
			t.Errorf("%s: %q (%v), want %q", lot, tier, why, want)
		}
	}
}

func TestAPeriodHoldsWhatWentOnPastMidnight(t *testing.T) {
	midnight := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	c := criteria(t, "A")
	c.Implanted = moments(midnight, time.Time{})
	u := trace.UsageInFull{Usage: trace.Usage{Device: udi.Device{DI: stem, Lot: "A"}, Provenance: trace.Scanned, Occurred: midnight.Add(time.Hour), Status: trace.Implanted},
		Procedure: trace.Procedure{Start: midnight.Add(-2 * time.Hour)}}
	if tier, why := match(t, c, u); tier != recall.Confirmed {
		t.Errorf("used after midnight: %q, %v", tier, why)
	}
	c.Implanted = moments(time.Time{}, midnight.AddDate(-5, 0, 0))
	if tier, _ := match(t, c, u); tier != "" {
		t.Errorf("five years before: %q", tier)
	}
	u.Usage.Status = trace.Explanted
	possible(t, c, u, "when it was implanted was not recorded")
}

func TestLotsAsPeopleWriteThem(t *testing.T) {
	for in, want := range map[string]string{
		"K4417B": "K4417B", " (10)K4417B ": "K4417B", "K1,K2": "K1,K2|K1|K2", "K1; K2": "K1; K2|K1|K2", "K1\tK2": "K1\tK2|K1|K2",
		"LOT K4417B": "LOT K4417B|K4417B", "Batch: 7": "Batch: 7|7", "LOTUS": "LOTUS",
	} {
		if c := criteria(t, in); !slices.Equal(c.Lots, recall.Named(strings.Split(want, "|")...)) {
			t.Errorf("%q: %v, want %q", in, c.Lots, want)
		}
	}
	for _, in := range []string{"K4417*", "K44?7", "\u039a4417B", "K\x00"} {
		if _, err := (recall.Criteria{DIs: []string{stem}, Lots: recall.Named(in)}).Normalised(); trace.KindOf(err) != trace.Invalid {
			t.Errorf("%q: %v", in, err)
		}
	}
}

// A device that was scanned before the procedure was opened is linked to nobody,
// and no recall may pass over it.
func TestWhatWasReadWithoutAProcedureIsSaid(t *testing.T) {
	h := open(t)
	device := trace.ReadingFact{Reading: trace.NewEventID(), Means: udi.KindDevice, Text: "01" + stem + "17310630" + "10K4417B"}
	h.say(trace.Scanned, noon, device, nil)
	h.say(trace.Scanned, noon, trace.ReadingFact{Reading: trace.NewEventID(), Means: udi.KindText, Procedure: trace.ProcedureID(trace.NewEventID())}, nil)
	h.say(trace.Scanned, noon, trace.ReadingFact{Reading: trace.NewEventID(), Means: udi.KindText}, nil)
	linked := device
	linked.Reading, linked.Usage = trace.NewEventID(), trace.UsageID(trace.NewEventID())
	h.say(trace.Scanned, noon, linked, nil)
	a := h.search(recall.Criteria{DIs: []string{stem}, Lots: recall.Named("K4417B")})
	if len(a.Unlinked) != 1 || a.Unlinked[0].Reading != device.Reading || a.Unlinked[0].Device.Lot != "K4417B" || a.Nobody() || a.Coverage.NotUnderstood != 1 {
		t.Errorf("%+v", a)
	}
	if a := h.search(recall.Criteria{DIs: []string{stem}, Lots: recall.Named("OTHER")}); len(a.Unlinked) != 0 || !a.Nobody() {
		t.Errorf("another lot: %+v", a)
	}
}
