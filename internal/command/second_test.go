package command_test

import (
	"testing"

	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// What was typed of a device awaits a second person, who types the ends of its values
// anew; whoever typed it does not confirm it, a wrong end confirms nothing, and a
// correction voids it.
func TestASecondPersonConfirmsWhatWasTyped(t *testing.T) {
	f := newSite(t)
	nell, omar := trace.AccountID(trace.NewEventID()), trace.AccountID(trace.NewEventID())
	typed := func(by trace.AccountID) command.Meta {
		return command.Meta{ID: trace.NewEventID(), By: trace.Actor{Via: "theatre", Account: by}, Provenance: trace.Typed}
	}
	p := f.openFor(ada)
	u, err := f.RecordUsage(t.Context(), command.RecordUsage{Meta: typed(nell), Procedure: p, Device: udi.Device{DI: "09520140001039", Lot: "NM21-0417", Expiry: udi.Date{Day: "2031-06-30"}}})
	if err != nil {
		t.Fatal(err)
	}
	now := func() trace.Usage {
		t.Helper()
		got, err := f.Store.Usage(t.Context(), u)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if !now().AwaitsSecond() {
		t.Fatalf("%+v awaits nobody", now())
	}
	ends := func(di, lot, expiry string) map[string]string {
		return map[string]string{"di": di, "lot": lot, "expiry": expiry}
	}
	for name, c := range map[string]struct {
		by   trace.AccountID
		ends map[string]string
		kind trace.ErrorKind
	}{
		"who typed it":       {nell, ends("1039", "0417", "2031-06-30"), trace.Forbidden},
		"nobody":             {trace.AccountID{}, ends("1039", "0417", "2031-06-30"), trace.Invalid},
		"another lot":        {omar, ends("1039", "0471", "2031-06-30"), trace.Conflict},
		"a lot cut short":    {omar, ends("1039", "417", "2031-06-30"), trace.Conflict},
		"another date":       {omar, ends("1039", "0417", "2031-03-30"), trace.Conflict},
		"nothing of the lot": {omar, ends("1039", "", "2031-06-30"), trace.Invalid},
	} {
		err := f.ConfirmTyped(t.Context(), command.ConfirmTyped{Meta: command.Meta{ID: trace.NewEventID()}, Usage: u, Account: c.by, Ends: c.ends})
		if trace.KindOf(err) != c.kind || now().Second != nil {
			t.Errorf("%s: %v, %+v", name, err, now().Second)
		}
	}
	confirm := command.ConfirmTyped{Meta: command.Meta{ID: trace.NewEventID(), By: trace.Actor{Via: "theatre", Account: nell}}, Usage: u, Account: omar, Ends: ends("1039", "0417", "2031-06-30")}
	if err := f.ConfirmTyped(t.Context(), confirm); err != nil {
		t.Fatal(err)
	}
	if err := f.ConfirmTyped(t.Context(), confirm); err != nil { // sent again
		t.Fatal(err)
	}
	if got := now(); got.AwaitsSecond() || got.Second == nil || got.Second.Account != omar || got.Provenance != trace.Typed || len(got.History) != 2 {
		t.Fatalf("%+v", got)
	}
	if err := f.Correct(t.Context(), command.Correct{Meta: typed(omar), Usage: u, Set: command.Set{Lot: "NM21-0471"}, Reason: "misread"}); err != nil {
		t.Fatal(err)
	}
	if got := now(); !got.AwaitsSecond() {
		t.Fatalf("a corrected lot is still confirmed: %+v", got.Second)
	}
	// Both have typed of it now: a third person confirms it.
	for _, by := range []trace.AccountID{nell, omar} {
		c := command.ConfirmTyped{Meta: command.Meta{ID: trace.NewEventID()}, Usage: u, Account: by, Ends: ends("1039", "0471", "2031-06-30")}
		if err := f.ConfirmTyped(t.Context(), c); trace.KindOf(err) != trace.Forbidden {
			t.Errorf("%v", err)
		}
	}
}

func TestWhatAScannerReadAwaitsNobody(t *testing.T) {
	f := newSite(t)
	u, err := f.RecordUsage(t.Context(), command.RecordUsage{Meta: command.Meta{ID: trace.NewEventID(), Provenance: trace.Typed}, Procedure: f.openFor(ada),
		Carriers: []trace.Carrier{{Text: "0109520140001039173106301" + "0K4417B", Source: "serial"}}})
	if err != nil {
		t.Fatal(err)
	}
	err = f.ConfirmTyped(t.Context(), command.ConfirmTyped{Meta: command.Meta{ID: trace.NewEventID()}, Usage: u, Account: trace.AccountID(trace.NewEventID())})
	if trace.KindOf(err) != trace.Conflict {
		t.Errorf("%v", err)
	}
}
