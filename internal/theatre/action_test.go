package theatre_test

import (
	"testing"

	"implantrace/internal/theatre"
	"implantrace/internal/trace"
)

// What a code for an action says is said of the device scanned last, and of no other.
func TestAnActionIsAboutTheDeviceScannedLast(t *testing.T) {
	b := newBench(t)
	b.says(b.scan("IMT:A:opened"), trace.Warn, "Not done")
	p := b.begin(adaBand)
	b.says(b.scan("IMT:A:opened"), trace.Warn, "Not done")
	head := b.scan(headText)
	stem := b.scan(stemText)
	a := b.scan("IMT:A:opened")
	b.says(a, trace.Pass, "Opened")
	if a.Usage != stem.Usage {
		t.Errorf("it was said of %s, not of %s", a.Usage, stem.Usage)
	}
	b.says(b.scan("IMT:A:opened"), trace.Note, "already")
	b.scan(badge) // a badge comes between without harm
	b.says(b.scan("IMT:A:opened-not-used"), trace.Pass, "Opened, not used")
	// A code that is not understood may have been the next device's.
	b.scan("no code of ours")
	b.says(b.scan("IMT:A:wasted"), trace.Warn, "Not done")
	for _, u := range b.usages(p) {
		want := map[trace.UsageID]trace.Status{head.Usage: trace.Checked, stem.Usage: trace.NotUsed}[u.ID]
		if u.Status != want {
			t.Errorf("%s is %s, want %s", u.Device.DI, u.Status, want)
		}
	}
	b.scan(headText) // the same piece again: it, and not a second one
	b.says(b.scan("IMT:A:returned"), trace.Pass, "Returned")
	if got := b.usages(p); len(got) != 2 {
		t.Errorf("%d usages", len(got))
	}
	b.scan(bobBand)
	b.says(b.scan("IMT:A:wasted"), trace.Warn, "Not done")
	b.restart()
	b.says(b.scan("IMT:A:wasted"), trace.Warn, "Not done")
}

// A code for an action does no more than the page lets whoever is there do.
func TestAnActionDoesNotOverrideAndWantsSomebodySignedIn(t *testing.T) {
	b := newBench(t)
	p := b.begin(adaBand)
	b.scan("010952014000101517200630\x1d10A1\x1d21SN-0043") // expired
	b.says(b.scan("IMT:A:implanted"), trace.Warn, "Not done")
	b.scan(headText)
	for _, ctx := range []func() (theatre.Answer, error){
		func() (theatre.Answer, error) {
			return b.desk.Take(theatre.OnlyScanning(t.Context()), trace.NewEventID(), reading("IMT:A:opened"), trace.ProcedureID{})
		},
		func() (theatre.Answer, error) {
			return b.desk.Take(theatre.As(t.Context(), trace.Actor{Unconfirmed: true}), trace.NewEventID(), reading("IMT:A:opened"), trace.ProcedureID{})
		},
	} {
		a, err := ctx()
		if err != nil {
			t.Fatal(err)
		}
		b.says(a, trace.Warn, "Not done")
	}
	for _, u := range b.usages(p) {
		if u.Status != trace.Checked {
			t.Errorf("%s is %s", u.Device.Serial, u.Status)
		}
	}
}
