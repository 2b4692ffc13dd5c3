package theatre_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"implantrace/internal/command"
	"implantrace/internal/theatre"
	"implantrace/internal/trace"
	"implantrace/scanner"
)

var errFull = trace.Errorf(trace.Full, "The disk is full.")

// run runs the desk and gives what stops it and waits for it.
func (b *bench) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.desk.Run(ctx)
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	b.Cleanup(stop)
	return stop
}

// until waits for a change of the desk after which something holds.
func (b *bench) until(what string, holds func() bool) {
	b.Helper()
	changes, stop := b.desk.Watch()
	defer stop()
	limit := time.After(20 * time.Second)
	for !holds() {
		select {
		case <-changes:
		case <-limit:
			b.Fatalf("never came true: %s", what)
		}
	}
}

func feed(b *bench, texts ...string) {
	for _, text := range texts {
		if !b.desk.Feed(reading(text)) {
			b.Error("a reading was refused")
		}
	}
}

func (b *bench) texts() (all []string) {
	b.Helper()
	for _, e := range b.readings() {
		if f := e.Fact.(trace.ReadingFact); f.Text != "" {
			all = append(all, f.Text)
		} else if e.Secret != nil {
			all = append(all, e.Secret.Raw)
		}
	}
	return all
}

// TestReadingsWaitWhileTheStoreFails: nothing is lost, the order is kept, and
// the page says that they wait and why.
func TestReadingsWaitWhileTheStoreFails(t *testing.T) {
	for name, fault := range map[string]struct {
		err   error
		lands bool
	}{
		"full": {errFull, false}, "unknown": {trace.Errorf(trace.OutcomeUnknown, "The disk did not answer."), false},
		"unknown, and it landed": {trace.Errorf(trace.OutcomeUnknown, "The disk did not answer."), true},
		"no kind":                {fmt.Errorf("input/output error"), false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.store.with(fault.err, fault.lands)
			stop := b.run()
			var want []string
			for i := range 20 {
				want = append(want, fmt.Sprintf("%s%02d", stemText, i))
			}
			feed(b, want...)
			<-b.store.failed
			b.until("the page says why", func() bool { return b.state().Trouble != "" })
			b.until("all verdicts are shown", func() bool { return len(b.state().Recent) == 20 })
			s := b.state()
			if s.Waiting != 20 || b.desk.Waiting() != 20 || s.Trouble != fault.err.Error() {
				t.Errorf("waiting %d, trouble %q", s.Waiting, s.Trouble)
			}
			for _, a := range s.Recent {
				if a.Unrecorded == "" || a.Device == nil {
					t.Errorf("%+v", a)
				}
			}
			<-b.store.failed // it is tried again
			b.store.with(nil, false)
			b.until("all are recorded", func() bool { return b.desk.Waiting() == 0 && b.state().Trouble == "" })
			stop()
			if got := b.texts(); strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("recorded %q", got)
			}
			if s := b.state(); len(s.Recent) != 20 || s.Trouble != "" || slices.ContainsFunc(s.Recent, func(a theatre.Answer) bool { return a.Unrecorded != "" }) {
				t.Errorf("%d on the page, trouble %q", len(s.Recent), s.Trouble)
			}
		})
	}
}

// A wristband that waits is of the next patient. A procedure is opened neither
// for the one before, nor for one whom nobody has seen on the screen.
func TestWaitingWristbandIsReadBeforeAProcedureIsOpened(t *testing.T) {
	b := newBench(t)
	b.scan(adaBand)
	feed(b, bobBand) // nothing runs yet
	c := opening()
	if _, err := b.desk.Open(t.Context(), c); trace.KindOf(err) != trace.Conflict || !strings.Contains(err.Error(), "Compare the patient") {
		t.Fatalf("%v", err)
	}
	if s := b.state(); s.Procedure != nil || s.Identity == nil || s.Identity.Family != "Testwell" || s.Waiting != 0 {
		t.Fatalf("%+v", s)
	}
	if _, err := b.desk.Open(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if s := b.state(); s.Identity == nil || s.Identity.Family != "Testwell" || s.Waiting != 0 {
		t.Errorf("opened for %+v", s.Identity)
	}
}

// A device that waits was used in the procedure that was open when it was
// scanned, not in the next.
func TestWaitingDeviceStaysWithItsProcedure(t *testing.T) {
	b := newBench(t)
	first := b.begin(adaBand)
	b.store.with(errFull, false)
	stop := b.run()
	feed(b, headText)
	<-b.store.failed
	closing := command.CloseProcedure{Meta: command.Meta{ID: trace.NewEventID()}, Procedure: first}
	if err := b.desk.Close(t.Context(), closing); trace.KindOf(err) != trace.Full {
		t.Errorf("closed over a reading that waits: %v", err)
	}
	b.store.with(nil, false)
	if err := b.desk.Close(t.Context(), closing); err != nil {
		t.Fatal(err)
	}
	second := b.begin(bobBand)
	b.until("nothing waits", func() bool { return b.desk.Waiting() == 0 && b.state().Trouble == "" })
	stop()
	if len(b.usages(first)) != 1 || len(b.usages(second)) != 0 || len(b.readings()) != 3 {
		t.Errorf("%d in its own, %d in the next, %d readings", len(b.usages(first)), len(b.usages(second)), len(b.readings()))
	}
}

func TestShutdownRecordsWhatWaits(t *testing.T) {
	b := newBench(t)
	var want []string
	for i := range 50 {
		want = append(want, fmt.Sprintf("%s%02d", stemText, i))
	}
	feed(b, want...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b.desk.Run(ctx)
	if got := b.texts(); len(got) != 50 || strings.Join(got, "\n") != strings.Join(want, "\n") || b.desk.Waiting() != 0 {
		t.Errorf("%d recorded, %d waiting", len(got), b.desk.Waiting())
	}
	// A store that does not take them holds nothing up.
	b.store.with(errFull, false)
	feed(b, headText)
	b.desk.Run(ctx)
	if b.desk.Waiting() != 1 {
		t.Errorf("%d waiting", b.desk.Waiting())
	}
}

func TestReadingThatCanNeverBeRecordedIsShown(t *testing.T) {
	b := newBench(t)
	b.store.with(trace.Errorf(trace.Invalid, "It makes no sense."), false)
	feed(b, headText)
	b.run()
	b.until("it is refused", func() bool { return b.desk.Waiting() == 0 })
	s := b.state()
	if len(s.Recent) != 1 || s.Recent[0].Verdict.Level != trace.Stop || !strings.Contains(s.Recent[0].Verdict.Title, "not recorded") || s.Recent[0].Scanner != "handheld" {
		t.Errorf("%+v", s.Recent)
	}
	b.store.with(nil, false)
	feed(b, stemText) // it holds up nothing behind it
	b.until("the next is recorded", func() bool { return len(b.texts()) == 1 })
}

func TestFeedRefusesOnlyWhenTenThousandWait(t *testing.T) {
	b := newBench(t)
	for i := range 10_000 {
		if !b.desk.Feed(scanner.Reading{Text: "x"}) {
			t.Fatalf("reading %d was refused", i)
		}
	}
	if b.desk.Feed(scanner.Reading{Text: "x"}) || b.desk.Waiting() != 10_000 {
		t.Errorf("%d wait", b.desk.Waiting())
	}
}

func TestManyHandheldsFeedOneDesk(t *testing.T) {
	b := newBench(t)
	stop := b.run()
	var all sync.WaitGroup
	for h := range 6 {
		all.Go(func() {
			for i := range 20 {
				feed(b, fmt.Sprintf("%s%d-%02d", stemText, h, i))
			}
		})
	}
	for i := range 6 { // while the store comes and goes
		b.store.with(map[bool]error{true: errFull}[i%2 == 0], false)
		b.state()
	}
	all.Wait()
	b.store.with(nil, false)
	stop() // takes what still waits
	next := map[byte]int{}
	got := b.texts()
	for _, text := range got {
		h := text[len(stemText)]
		if want := fmt.Sprintf("%s%c-%02d", stemText, h, next[h]); text != want {
			t.Errorf("%q came instead of %q", text, want)
		}
		next[h]++
	}
	if len(got) != 120 {
		t.Errorf("%d of 120 recorded", len(got))
	}
}
