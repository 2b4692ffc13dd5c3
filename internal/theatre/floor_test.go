package theatre_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"implantrace/internal/command"
	"implantrace/internal/theatre"
	"implantrace/internal/trace"
	"implantrace/scanner"
)

// hall is a bench with several workstations, whose handhelds are fed and recorded.
type hall struct {
	*bench
	floor *theatre.Floor
	stop  func()
	held  []scanner.SerialState
}

func newHall(t *testing.T) *hall {
	h := &hall{bench: newBench(t)}
	h.begins()
	return h
}

// begins starts the program, again.
func (h *hall) begins() {
	h.Helper()
	if h.stop != nil {
		h.stop()
	}
	f, err := theatre.NewFloor(h.Context(), h.recorder, func() []scanner.SerialState { return h.held })
	if err != nil {
		h.Fatal(err)
	}
	h.floor, h.desk = f, f.Main()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.Run(ctx)
	}()
	h.stop = func() {
		cancel()
		<-done
	}
	h.Cleanup(func() {
		cancel()
		<-done
	})
}

func (h *hall) make(name string) *theatre.Desk {
	h.Helper()
	w, err := h.floor.Make(h.Context(), command.Meta{ID: trace.NewEventID()}, name)
	if err != nil {
		h.Fatal(err)
	}
	d, err := h.floor.Desk(w.ID)
	if err != nil {
		h.Fatal(err)
	}
	return d
}

// feed lets a handheld read texts, and waits until they are recorded.
func (h *hall) feed(name string, texts ...string) {
	h.Helper()
	for _, text := range texts {
		if !h.floor.Feed(scanner.Reading{Text: text, Source: scanner.SourceSerial, Scanner: name}) {
			h.Error("a reading was refused")
		}
	}
	h.until("all is recorded", func() bool { return h.floor.Waiting() == 0 })
}

func (h *hall) of(d *theatre.Desk) theatre.State {
	h.Helper()
	s, err := d.State(h.Context())
	if err != nil {
		h.Fatal(err)
	}
	return s
}

func TestEachHandheldFeedsThePageItIsPairedWith(t *testing.T) {
	h := newHall(t)
	left, right := h.make("Theatre 1"), h.make("Theatre 2")
	h.feed("a", left.Workstation().PairingText())
	h.feed("b", right.Workstation().PairingText())
	h.feed("a", adaBand)
	h.feed("b", bobBand)
	if l, r := h.of(left), h.of(right); l.Identity == nil || l.Identity.Family != "Quist" || r.Identity == nil || r.Identity.Family != "Testwell" {
		t.Fatalf("left %+v, right %+v", l.Identity, r.Identity)
	}
	if s := h.state(); s.Identity != nil || len(s.Recent) != 0 {
		t.Errorf("the node's own page shows what was scanned for others: %+v", s.Recent)
	}
	one, err := left.Open(t.Context(), opening())
	if err != nil {
		t.Fatal(err)
	}
	other, err := right.Open(t.Context(), opening())
	if err != nil {
		t.Fatal(err)
	}
	h.feed("a", headText)
	h.feed("b", stemText)
	if l, r := h.usages(one), h.usages(other); len(l) != 1 || l[0].Device.DI != headDI || len(r) != 1 || r[0].Device.DI != stemDI {
		t.Errorf("left %+v, right %+v", l, r)
	}
	// Paired anew, its next reading belongs to the new page: also one that is read
	// before the pairing code is recorded.
	h.feed("a", right.Workstation().PairingText(), "0109520140001039173106301"+"0K4418B")
	if l, r := h.usages(one), h.usages(other); len(l) != 1 || len(r) != 2 {
		t.Errorf("left %d, right %d", len(l), len(r))
	}
	if s := h.of(right); !slices.Equal(s.Paired, []string{"a", "b"}) || s.Recent[1].Verdict.Title != "Paired with this page" {
		t.Errorf("%v %+v", s.Paired, s.Recent)
	}
}

// One workstation takes what every handheld reads, and asks for the pairing. Of
// several none takes it: it is recorded, linked to nothing, and shown everywhere.
func TestWhatAnUnpairedHandheldReadsIsNeverGuessed(t *testing.T) {
	h := newHall(t)
	h.held = []scanner.SerialState{{Name: "a", Connected: true}, {Name: "b"}}
	h.feed("a", adaBand)
	if s := h.state(); s.Identity == nil || s.Unpaired != 1 {
		t.Errorf("alone: %+v", s)
	}
	p := h.open()
	d := h.make("Theatre 2")
	h.feed("a", headText)
	if got := h.usages(p); len(got) != 0 {
		t.Fatalf("a handheld of no page put a device into the procedure: %+v", got)
	}
	for _, s := range []theatre.State{h.state(), h.of(d)} {
		if len(s.Loose) != 1 || s.Loose[0].Verdict.Level != trace.Warn || !strings.Contains(s.Loose[0].Verdict.Title, "Pair this handheld") || !s.Loose[0].Procedure.IsZero() {
			t.Errorf("%s: %+v", s.Workstation, s.Loose)
		}
	}
	h.feed("a", adaBand) // a wristband too
	if s := h.of(d); s.Identity != nil {
		t.Error("a wristband was taken by a page that the handheld does not belong to")
	}
	if got := len(h.readings()); got != 3 {
		t.Errorf("%d readings are recorded", got)
	}
	h.feed("a", h.floor.Workstations()[0].PairingText(), headText)
	if got := h.usages(p); len(got) != 1 {
		t.Errorf("after pairing: %+v", got)
	}
	if s := h.of(d); len(s.Loose) != 0 {
		t.Errorf("paired, and still shown: %+v", s.Loose)
	}
	h.feed("b", "IMT:A:pair:NOBODY22")
	if s := h.of(d); len(s.Loose) != 1 || s.Loose[0].Verdict.Level != trace.Warn {
		t.Errorf("the code of no page: %+v", s.Loose)
	}
}

func TestAnUnpluggedHandheldHasToBePairedAgain(t *testing.T) {
	h := newHall(t)
	d := h.make("Theatre 2")
	h.feed("a", d.Workstation().PairingText(), adaBand)
	p, err := d.Open(t.Context(), opening())
	if err != nil {
		t.Fatal(err)
	}
	h.floor.Disconnected("a")
	if s := h.of(d); len(s.Paired) != 0 || !slices.Equal(s.Lost, []string{"a"}) {
		t.Errorf("%+v %+v", s.Paired, s.Lost)
	}
	h.feed("a", headText) // it may be another, under the same name
	if got := h.usages(p); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	h.feed("a", d.Workstation().PairingText(), headText)
	if s := h.of(d); len(h.usages(p)) != 1 || len(s.Lost) != 0 || !slices.Equal(s.Paired, []string{"a"}) {
		t.Errorf("%+v", s)
	}
}

// After a crash each workstation stands where it stood, with what was scanned last.
func TestEachWorkstationStandsWhereItStood(t *testing.T) {
	h := newHall(t)
	d := h.make("Theatre 2")
	h.feed("a", d.Workstation().PairingText(), adaBand)
	p, err := d.Open(t.Context(), opening())
	if err != nil {
		t.Fatal(err)
	}
	h.feed("a", headText)
	mine := h.begin(bobBand)
	h.begins()
	again, err := h.floor.Desk(d.Workstation().ID)
	if err != nil {
		t.Fatal(err)
	}
	s := h.of(again)
	if s.Workstation.Name != "Theatre 2" || s.Procedure == nil || s.Procedure.Procedure.ID != p || len(s.Recent) != 1 || s.Recent[0].Device.DI != headDI {
		t.Fatalf("%+v", s)
	}
	if s := h.state(); s.Procedure == nil || s.Procedure.Procedure.ID != mine || len(s.Recent) != 0 {
		t.Errorf("%+v", s)
	}
	h.feed("a", headText) // nothing is paired after a start
	if len(h.usages(p)) != 1 || len(h.usages(mine)) != 0 {
		t.Error("a handheld was paired by nobody")
	}
}

func TestAProcedureIsTakenUpAndLeft(t *testing.T) {
	h := newHall(t)
	p := h.begin(adaBand)
	d := h.make("Theatre 2")
	up := command.Meta{ID: trace.NewEventID()}
	if s := h.of(d); len(s.Elsewhere) != 1 || s.Elsewhere[0].Procedure != p || !slices.Equal(s.Elsewhere[0].At, []string{"the node's own page"}) {
		t.Fatalf("%+v", s.Elsewhere)
	}
	if _, err := d.Take(t.Context(), trace.NewEventID(), reading(bobBand), trace.ProcedureID{}); err != nil {
		t.Fatal(err)
	}
	if err := d.TakeUp(t.Context(), up, p); trace.KindOf(err) != trace.Conflict {
		t.Errorf("with another patient's wristband scanned: %v", err)
	}
	d.Forget()
	for range 2 { // a repeat is no second entry
		if err := d.TakeUp(t.Context(), up, p); err != nil {
			t.Fatal(err)
		}
	}
	h.scan(headText)
	if _, err := d.Take(t.Context(), trace.NewEventID(), reading(stemText), trace.ProcedureID{}); err != nil {
		t.Fatal(err)
	}
	if s := h.of(d); len(s.Procedure.Usages) != 2 || !slices.Equal(s.Shared, []string{"the node's own page"}) {
		t.Errorf("%+v", s)
	}
	h.begins()
	d, _ = h.floor.Desk(d.Workstation().ID)
	if s := h.of(d); s.Procedure == nil || s.Procedure.Procedure.ID != p {
		t.Fatalf("after a restart: %+v", s)
	}
	if err := d.Leave(t.Context(), command.Meta{ID: trace.NewEventID()}, p); err != nil {
		t.Fatal(err)
	}
	h.begins()
	d, _ = h.floor.Desk(d.Workstation().ID)
	if s, own := h.of(d), h.state(); s.Procedure != nil || own.Procedure == nil {
		t.Errorf("left: %+v; own: %+v", s.Procedure, own.Procedure)
	}
	h.close(p)
	if err := d.TakeUp(t.Context(), command.Meta{ID: trace.NewEventID()}, p); trace.KindOf(err) != trace.Conflict {
		t.Errorf("a closed one: %v", err)
	}
}

func TestWorkstationsAreMadeAndClosed(t *testing.T) {
	h := newHall(t)
	m := command.Meta{ID: trace.NewEventID()}
	w, err := h.floor.Make(t.Context(), m, " Theatre  2 ")
	if err != nil || w.Name != "Theatre 2" || len(w.ID) != 8 {
		t.Fatalf("%+v %v", w, err)
	}
	if again, err := h.floor.Make(t.Context(), m, " Theatre  2 "); err != nil || again != w {
		t.Errorf("repeated: %+v %v", again, err)
	}
	for _, name := range []string{"", "theatre 2", strings.Repeat("x", 61), "a\x00b"} {
		if _, err := h.floor.Make(t.Context(), command.Meta{ID: trace.NewEventID()}, name); err == nil {
			t.Errorf("%q is a name", name)
		}
	}
	d, _ := h.floor.Desk(w.ID)
	h.feed("a", w.PairingText(), adaBand)
	p, err := d.Open(t.Context(), opening())
	if err != nil {
		t.Fatal(err)
	}
	end := command.Meta{ID: trace.NewEventID()}
	if err := h.floor.Close(t.Context(), end, w.ID); trace.KindOf(err) != trace.Conflict {
		t.Errorf("with a procedure open: %v", err)
	}
	if err := d.Close(t.Context(), command.CloseProcedure{Meta: command.Meta{ID: trace.NewEventID()}, Procedure: p}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := h.floor.Close(t.Context(), end, w.ID); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.floor.Close(t.Context(), command.Meta{ID: trace.NewEventID()}, ""); trace.KindOf(err) != trace.Conflict {
		t.Errorf("the node's own: %v", err)
	}
	h.later(time.Minute)
	h.begins()
	if _, err := h.floor.Desk(w.ID); trace.KindOf(err) != trace.NotFound || len(h.floor.Workstations()) != 1 {
		t.Errorf("%v %+v", err, h.floor.Workstations())
	}
}
