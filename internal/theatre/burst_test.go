package theatre_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"implantrace/internal/theatre"
	"implantrace/internal/trace"
	"implantrace/scanner"
)

// at scans with a time of the handheld's line.
func (b *bench) scanAt(name, text string, at time.Time) theatre.Answer {
	b.Helper()
	return b.take(trace.NewEventID(), scanner.Reading{Text: text, Source: scanner.SourceSerial, Scanner: name, At: at}, trace.ProcedureID{})
}

func serialNumbered(i int) string {
	return fmt.Sprintf("]d2010952014000101517310630\x1d10A1\x1d21SN-%04d", i)
}

func asksOfBurst(v trace.Verdict) bool {
	return slices.ContainsFunc(v.Checks, func(c trace.Check) bool { return c.Rule == "burst" && c.Level == trace.Warn })
}

func (b *bench) asked() (asked, all int) {
	b.Helper()
	st, err := b.desk.State(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for _, u := range st.Procedure.Usages {
		all++
		if asksOfBurst(u.Usage.Verdict) {
			asked++
		}
	}
	return asked, all
}

// A handheld that stored scans sends them all at once: each is recorded, and each of
// them is asked about, those too that came before it was clear.
func TestABurstOfReadingsIsAskedAbout(t *testing.T) {
	b := newBench(t)
	b.begin(adaBand)
	var last theatre.Answer
	for i := range 14 {
		last = b.scanAt("left", serialNumbered(i), noon.Add(time.Duration(i)*150*time.Millisecond))
	}
	if last.Verdict.Level.Worse(trace.Warn) != last.Verdict.Level || !asksOfBurst(last.Verdict) {
		t.Errorf("the last of them: %+v", last.Verdict)
	}
	if i := slices.IndexFunc(last.Verdict.Checks, func(c trace.Check) bool { return c.Rule == "burst" }); i < 0 || !strings.Contains(last.Verdict.Checks[i].Message, "14 readings") {
		t.Errorf("it does not say how many: %+v", last.Verdict.Checks)
	}
	if asked, all := b.asked(); asked != 14 || all != 14 {
		t.Errorf("%d of %d are asked about, want all of 14", asked, all)
	}
	// One that is scanned by hand behind them is not.
	if a := b.scanAt("left", serialNumbered(20), noon.Add(10*time.Second)); asksOfBurst(a.Verdict) {
		t.Errorf("by hand, after the burst: %+v", a.Verdict)
	}
}

// Nobody is asked about what hands can do: packs of two barcodes, two handhelds, the
// same pack again and again.
func TestQuickHandsAreNoBurst(t *testing.T) {
	b := newBench(t)
	b.begin(adaBand)
	at := noon
	for i := range 5 { // five in a second, and a pause
		at = at.Add(200 * time.Millisecond)
		b.scanAt("left", serialNumbered(i), at)
	}
	for range 10 {
		at = at.Add(50 * time.Millisecond)
		b.scanAt("left", serialNumbered(4), at)
	}
	for i := range 5 {
		at = at.Add(200 * time.Millisecond)
		b.scanAt("right", serialNumbered(10+i), at)
	}
	at = at.Add(3 * time.Second)
	for i := range 6 { // as fast as packs are picked up
		at = at.Add(600 * time.Millisecond)
		b.scanAt("left", "]C10109520140001015", at)
		at = at.Add(300 * time.Millisecond)
		b.scanAt("left", fmt.Sprintf("]C11731063010B%d", i), at)
	}
	if asked, all := b.asked(); asked != 0 || all == 0 {
		t.Errorf("%d of %d are asked about", asked, all)
	}
}
