package theatre_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"implantrace/internal/bolt"
	"implantrace/internal/command"
	"implantrace/internal/seal"
	"implantrace/internal/theatre"
	"implantrace/internal/trace"
	"implantrace/scanner"
)

const (
	ada      = "9990000018"
	adaBand  = "8018505089899900000183\x1d93Quist,Ottoline,14-Mar-1951"
	bobBand  = "8018505089899900000268\x1d93Testwell,Robin,02-Jan-1960"
	badge    = "8017505089800000000126"
	room     = "]C14149529900003016254TH3"
	stemDI   = "09520140001039"
	stemText = "0109520140001039173106301" + "0K4417B"
	headDI   = "09520140001015"
	headText = "010952014000101517310630\x1d10A1\x1d21SN-0042"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// flaky is a store that can be told to fail.
type flaky struct {
	trace.Store
	mu     sync.Mutex
	fail   error
	lands  bool          // it is recorded all the same, and only the answer is lost
	failed chan struct{} // told of every failure, if somebody listens
}

func (f *flaky) with(err error, lands bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail, f.lands = err, lands
}

func (f *flaky) Append(ctx context.Context, commands ...trace.Command) ([]trace.Result, error) {
	f.mu.Lock()
	fail, lands := f.fail, f.lands
	f.mu.Unlock()
	if fail == nil {
		return f.Store.Append(ctx, commands...)
	}
	if lands {
		if _, err := f.Store.Append(ctx, commands...); err != nil {
			return nil, err
		}
	}
	select {
	case f.failed <- struct{}{}:
	default:
	}
	return nil, fail
}

// bench is a desk over a store in a temporary folder, with a clock that stands
// still until it is moved.
type bench struct {
	*testing.T
	store    *flaky
	recorder command.Recorder
	desk     *theatre.Desk
	mu       sync.Mutex
	at       time.Time
}

func (b *bench) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.at
}

func (b *bench) later(by time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.at = b.at.Add(by)
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, at: noon}
	s, err := bolt.Open(filepath.Join(t.TempDir(), bolt.FileName), bolt.Options{Name: "Theatre 4", Version: "test", Keys: seal.NewKeyring(), Clock: b.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	b.store = &flaky{Store: s, failed: make(chan struct{}, 1)}
	b.recorder = command.Recorder{Store: b.store, Clock: b.now}
	b.restart()
	return b
}

// restart makes a new desk, as a new start of the program does.
func (b *bench) restart() {
	b.Helper()
	d, err := theatre.NewDesk(b.Context(), b.recorder, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.desk = d
}

func reading(text string) scanner.Reading {
	return scanner.Reading{Text: text, Source: scanner.SourceSerial, Scanner: "handheld"}
}

// scan takes a reading from the handheld.
func (b *bench) scan(text string) theatre.Answer {
	b.Helper()
	return b.take(trace.NewEventID(), reading(text), trace.ProcedureID{})
}

func (b *bench) take(id trace.EventID, r scanner.Reading, p trace.ProcedureID) theatre.Answer {
	b.Helper()
	a, err := b.desk.Take(b.Context(), id, r, p)
	if err != nil {
		b.Fatal(err)
	}
	return a
}

func (b *bench) state() theatre.State {
	b.Helper()
	s, err := b.desk.State(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func opening() command.OpenProcedure {
	return command.OpenProcedure{Meta: command.Meta{ID: trace.NewEventID()}, Code: trace.Code{System: "OPCS-4", Code: "W371"}, Side: trace.SideLeft}
}

// open opens a procedure for whoever was scanned.
func (b *bench) open() trace.ProcedureID {
	b.Helper()
	id, err := b.desk.Open(b.Context(), opening())
	if err != nil {
		b.Fatal(err)
	}
	return id
}

// begin scans a wristband and opens a procedure.
func (b *bench) begin(band string) trace.ProcedureID {
	b.Helper()
	b.scan(band)
	return b.open()
}

func (b *bench) close(p trace.ProcedureID) {
	b.Helper()
	if err := b.desk.Close(b.Context(), command.CloseProcedure{Meta: command.Meta{ID: trace.NewEventID()}, Procedure: p}); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) usages(p trace.ProcedureID) (all []trace.Usage) {
	b.Helper()
	for h, err := range b.store.Candidates(b.Context(), trace.Query{Procedure: p}) {
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, h.Usage)
	}
	return all
}

// readings are those recorded, in order.
func (b *bench) readings() (all []trace.Entry) {
	b.Helper()
	for _, e := range b.entries() {
		if e.Fact.Kind() == trace.KindReading {
			all = append(all, e)
		}
	}
	return all
}

func (b *bench) entries() (all []trace.Entry) {
	b.Helper()
	for e, err := range b.store.Entries(b.Context(), trace.Position{Node: b.store.Node()}) {
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// recorded is the entry of one reading.
func (b *bench) recorded(id trace.EventID) trace.Entry {
	b.Helper()
	for _, e := range b.readings() {
		if e.ID == id {
			return e
		}
	}
	b.Fatalf("reading %s is not recorded", id)
	return trace.Entry{}
}

// says holds the verdict of an answer against what is wanted.
func (b *bench) says(a theatre.Answer, l trace.Level, title string) {
	b.Helper()
	if a.Verdict.Level != l || !strings.Contains(a.Verdict.Title, title) {
		b.Errorf("%s: %q (%+v), want %s: %q", a.Verdict.Level, a.Verdict.Title, a.Verdict.Checks, l, title)
	}
}

// check is the answer of one rule.
func check(a theatre.Answer, rule string) (c trace.Check) {
	for _, c := range a.Verdict.Checks {
		if c.Rule == rule {
			return c
		}
	}
	return c
}
