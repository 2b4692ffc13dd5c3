package theatre_test

import (
	"strings"
	"testing"

	"implantrace/internal/theatre"
	"implantrace/internal/trace"
)

const expiredText = "01095201400010391720010110OLD" // on 1 January 2020

// refuse takes a reading while the store does not, and gives what the page shows.
func (b *bench) refuse(text string) theatre.Answer {
	b.Helper()
	return b.refuseAgain(trace.NewEventID(), text)
}

func (b *bench) refuseAgain(id trace.EventID, text string) theatre.Answer {
	b.Helper()
	if _, err := b.desk.Take(b.Context(), id, reading(text), trace.ProcedureID{}); trace.KindOf(err) != trace.Full {
		b.Fatalf("taken: %v", err)
	}
	recent := b.state().Recent
	if len(recent) == 0 || recent[0].Reading != id || recent[0].Unrecorded != "the disk is full" {
		b.Fatalf("the page shows %+v", recent)
	}
	return recent[0]
}

// A disk that is full keeps no device from being checked. The verdict stands on
// the page and says that it is not recorded, until the same reading is recorded.
func TestAScanIsCheckedWhileTheDiskIsFull(t *testing.T) {
	b := newBench(t)
	p := b.begin(adaBand)
	b.store.with(errFull, false)
	id := trace.NewEventID()
	good := b.refuseAgain(id, headText)
	if c := check(good, "record"); c.Level != trace.Warn || !strings.HasPrefix(c.Message, "NOT recorded: the disk is full.") || good.Verdict.Level.Worse(trace.Warn) != good.Verdict.Level {
		t.Errorf("%+v", good.Verdict)
	}
	if !strings.HasPrefix(good.Verdict.Title, "NOT recorded") || good.Device == nil || good.Device.Serial != "SN-0042" || !good.Usage.IsZero() {
		t.Errorf("%+v", good)
	}
	bad := b.refuse(expiredText)
	if bad.Verdict.Level != trace.Stop || strings.HasPrefix(bad.Verdict.Title, "NOT recorded") || check(bad, "expiry").Level != trace.Stop || check(bad, "record").Level != trace.Warn {
		t.Errorf("an expired device: %+v", bad.Verdict)
	}
	if _, err := b.desk.Take(b.Context(), id, reading(headText), trace.ProcedureID{}); err == nil { // tried once more: it is shown once
		t.Fatal("taken")
	}
	if n := len(b.state().Recent); n != 3 { // with the wristband
		t.Errorf("%d are shown", n)
	}
	if n := len(b.usages(p)); n != 0 {
		t.Errorf("%d usages are recorded", n)
	}
	b.store.with(nil, false)
	a := b.take(id, reading(headText), trace.ProcedureID{})
	if a.Unrecorded != "" || check(a, "record").Message != "" || a.Usage.IsZero() {
		t.Errorf("recorded: %+v", a)
	}
	shown := 0
	for _, a := range b.state().Recent {
		if a.Reading == id {
			if shown++; a.Unrecorded != "" {
				t.Error("the page still says that it is not recorded")
			}
		}
	}
	if shown != 1 || len(b.usages(p)) != 1 {
		t.Errorf("shown %d times, %d usages", shown, len(b.usages(p)))
	}
}

// A stranger's wristband stops devices also when it cannot be recorded, and the
// right one lets them pass again.
func TestAnotherWristbandStopsWhileTheDiskIsFull(t *testing.T) {
	b := newBench(t)
	b.begin(adaBand)
	b.store.with(errFull, false)
	if a := b.refuse(bobBand); a.Verdict.Level != trace.Stop || !b.state().Stranger {
		t.Errorf("%+v", a.Verdict)
	}
	if a := b.refuse(headText); a.Verdict.Level != trace.Stop || check(a, "patient").Level != trace.Stop {
		t.Errorf("a device behind it: %+v", a.Verdict)
	}
	if a := b.refuse(adaBand); a.Verdict.Level == trace.Stop || b.state().Stranger {
		t.Errorf("the right one: %+v", a.Verdict)
	}
	if a := b.refuse(headText); a.Verdict.Level == trace.Stop {
		t.Errorf("a device behind that: %+v", a.Verdict)
	}
}

// Scans of a handheld that wait behind one another are all checked at once, also
// those that come while the first is tried again.
func TestScansThatWaitAreCheckedToo(t *testing.T) {
	b := newBench(t)
	b.begin(adaBand)
	b.store.with(errFull, false)
	stop := b.run()
	feed(b, headText, expiredText)
	b.until("both are shown", func() bool { return len(b.state().Recent) == 3 })
	feed(b, stemText)
	b.until("the third is shown", func() bool { return len(b.state().Recent) == 4 })
	for _, a := range b.state().Recent[:3] {
		if a.Unrecorded == "" || check(a, "record").Level != trace.Warn {
			t.Errorf("%+v", a)
		}
	}
	b.store.with(nil, false)
	b.until("all are recorded", func() bool { return b.desk.Waiting() == 0 })
	stop()
	for _, a := range b.state().Recent {
		if a.Unrecorded != "" {
			t.Errorf("recorded, and shown as %+v", a)
		}
	}
}
