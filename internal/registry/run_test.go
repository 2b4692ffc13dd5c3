package registry_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"implantrace/internal/bolt"
	"implantrace/internal/command"
	"implantrace/internal/registry"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// gated is a store whose procedures are read only while its gate is open.
type gated struct {
	trace.Store
	mu   sync.Mutex
	gate chan struct{} // nil: open
	come chan struct{} // somebody waits
}

func (g *gated) Procedures(ctx context.Context, q trace.ProcedureQuery) iter.Seq2[trace.ProcedureHit, error] {
	g.mu.Lock()
	gate, come := g.gate, g.come
	g.mu.Unlock()
	if gate != nil {
		close(come)
		select {
		case <-gate:
		case <-ctx.Done():
			return func(yield func(trace.ProcedureHit, error) bool) { yield(trace.ProcedureHit{}, ctx.Err()) }
		}
	}
	return g.Store.Procedures(ctx, q)
}

func (g *gated) close() (open func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	gate := make(chan struct{})
	g.gate, g.come = gate, make(chan struct{})
	return func() { g.mu.Lock(); g.gate = nil; g.mu.Unlock(); close(gate) }
}

type runNode struct {
	t     *testing.T
	store *gated
	runs  *registry.Runs
	rec   command.Recorder
}

func newRunNode(t *testing.T) *runNode {
	t.Helper()
	now := time.Date(2026, 3, 14, 9, 30, 0, 0, time.UTC)
	var mu sync.Mutex
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); now = now.Add(time.Second); return now }
	file, err := bolt.Open(filepath.Join(t.TempDir(), bolt.FileName), bolt.Options{Name: "T", Version: "test", Keys: seal.NewKeyring(), Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	n := &runNode{t: t, store: &gated{Store: file}}
	n.rec = command.Recorder{Store: n.store, Clock: clock}
	n.runs = registry.NewRuns(n.rec)
	t.Cleanup(func() {
		n.runs.Close()
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// procedure records one with an implanted device, and its patient.
func (n *runNode) procedure(i int) (trace.ProcedureID, trace.PatientID) {
	n.t.Helper()
	p, patient, u := trace.NewID[trace.OfProcedure](), trace.NewID[trace.OfPatient](), trace.NewID[trace.OfUsage]()
	start := time.Date(2020, 1, 1, 9, 0, 0, 0, time.UTC).AddDate(0, 0, i)
	c := trace.Command{ID: trace.NewEventID(), By: trace.Actor{Via: "test"}, Drafts: []trace.Draft{
		{Fact: trace.PatientFact{Patient: patient}, Secret: &trace.Secret{Family: fmt.Sprintf("Testwell%04d", i), Given: "Ada"}, Subject: patient},
		{Fact: trace.ProcedureFact{Procedure: p, Patient: patient, Start: start, End: start.Add(time.Hour)}},
		{Occurred: start, Fact: trace.UsageFact{Usage: u, Procedure: p, Status: trace.Implanted, Device: udi.Device{DI: "09520140001039", Agency: udi.AgencyGS1, Lot: fmt.Sprintf("L%04d", i)}}},
	}}
	c.Canonical = c.ID[:]
	if _, err := n.store.Append(n.t.Context(), c); err != nil {
		n.t.Fatal(err)
	}
	return p, patient
}

func (n *runNode) start(q registry.StartRun) trace.RunID {
	n.t.Helper()
	q.ID = trace.NewEventID()
	id, err := n.runs.Start(n.t.Context(), q)
	if err != nil {
		n.t.Fatal(err)
	}
	return id
}

func (n *runNode) made(q registry.StartRun) trace.Run {
	n.t.Helper()
	id := n.start(q)
	if err := n.runs.Wait(n.t.Context(), id); err != nil {
		n.t.Fatal(err)
	}
	return n.run(id)
}

func (n *runNode) run(id trace.RunID) trace.Run {
	n.t.Helper()
	r, err := n.store.Run(n.t.Context(), id)
	if err != nil {
		n.t.Fatal(err)
	}
	return r
}

func (n *runNode) reason(r trace.Run) string {
	n.t.Helper()
	s, err := n.store.Secret(n.t.Context(), r.Said().Stamp.Position)
	if err != nil || s == nil {
		n.t.Fatal(s, err)
	}
	return s.Note
}

var everything = registry.StartRun{Registry: "mdor"}

func TestARunIsKeptInPartsAndGivenBackWhole(t *testing.T) {
	n := newRunNode(t)
	for i := range 60 {
		n.procedure(i)
	}
	n.runs.Bound(1<<20, 1000, 2000)
	r := n.made(everything)
	if r.State != trace.RunMade || r.Result.Records != 60 || r.Result.Parts < 5 {
		t.Fatalf("%+v", r)
	}
	var file bytes.Buffer
	begun := 0
	if err := registry.WriteRun(t.Context(), n.store, r, func() { begun++ }, &file); err != nil || begun != 1 {
		t.Fatal(err, begun)
	}
	if trace.Hash(sha256.Sum256(file.Bytes())) != r.Result.SHA256 || int64(file.Len()) != r.Result.Size {
		t.Error("the file is not the one that was made")
	}
	for i := range 60 {
		if c := strings.Count(file.String(), fmt.Sprintf(",L%04d,", i)); c != 2 { // the lot, and what stands for lot or serial
			t.Errorf("lot %d stands in the file %d times", i, c)
		}
	}
	// Nothing of a patient is to be read in the entries themselves.
	for e, err := range n.store.Entries(t.Context(), trace.Position{Node: n.store.Node()}) {
		if err != nil {
			t.Fatal(err)
		}
		if f, ok := e.Fact.(trace.RunPartFact); ok && strings.Contains(fmt.Sprintf("%+v", f), "Testwell") {
			t.Error("a part names a patient in the clear")
		}
	}
}

func TestARunThatIsTooLargeFailsAndSaysWhatToDo(t *testing.T) {
	n := newRunNode(t)
	for i := range 20 {
		n.procedure(i)
	}
	for _, most := range []struct {
		bytes   int64
		records int
	}{{3000, 1000}, {1 << 20, 10}} {
		n.runs.Bound(most.bytes, most.records, 1000)
		r := n.made(everything)
		if r.State != trace.RunFailed || !strings.Contains(n.reason(r), "Take a shorter period, or one place at a time.") {
			t.Errorf("%+v", r)
		}
		if err := registry.WriteRun(t.Context(), n.store, r, func() { t.Error("a run that failed gives bytes") }, &bytes.Buffer{}); trace.KindOf(err) != trace.Conflict {
			t.Error(err)
		}
	}
	n.runs.Bound(1<<20, 1000, 1000)
	if r := n.made(registry.StartRun{Registry: "mdor", To: time.Date(2020, 1, 6, 0, 0, 0, 0, time.UTC)}); r.State != trace.RunMade || r.Result.Records != 5 {
		t.Errorf("%+v", r)
	}
}

func TestARunIsCancelledAndAnotherWaitsForItsEnd(t *testing.T) {
	n := newRunNode(t)
	n.procedure(1)
	open := n.store.close()
	defer open()
	id := n.start(everything)
	<-n.store.come
	if _, making := n.runs.Progress(id); !making {
		t.Error("nobody sees that it is being made")
	}
	q := everything
	q.ID = trace.NewEventID()
	if _, err := n.runs.Start(t.Context(), q); trace.KindOf(err) != trace.Conflict {
		t.Errorf("a second one: %v", err)
	}
	if err := n.runs.Answer(t.Context(), registry.AnswerRun{Meta: command.Meta{ID: trace.NewEventID()}, Run: id, Accepted: true}); trace.KindOf(err) != trace.Conflict {
		t.Errorf("what is not made is accepted: %v", err)
	}
	stop := registry.CancelRun{Meta: command.Meta{ID: trace.NewEventID()}, Run: id}
	for range 2 { // a repeat is the same
		if err := n.runs.Cancel(t.Context(), stop); err != nil {
			t.Fatal(err)
		}
	}
	if r := n.run(id); r.State != trace.RunCancelled {
		t.Errorf("%+v", r)
	}
	stop.ID = trace.NewEventID()
	if err := n.runs.Cancel(t.Context(), stop); trace.KindOf(err) != trace.Conflict {
		t.Errorf("cancelled twice: %v", err)
	}
	open2 := func() { n.store.mu.Lock(); n.store.gate = nil; n.store.mu.Unlock() }
	open2()
	if r := n.made(everything); r.State != trace.RunMade {
		t.Errorf("%+v", r)
	}
}

func TestARunThatTheNodeLeavesHalfGivesNothing(t *testing.T) {
	n := newRunNode(t)
	n.procedure(1)
	open := n.store.close()
	defer open()
	id := n.start(everything)
	<-n.store.come
	n.runs.Close()
	if r := n.run(id); r.State != trace.RunBegun {
		t.Errorf("%+v", r)
	}
	if _, making := n.runs.Progress(id); making {
		t.Error("it is still being made")
	}
	if _, err := n.runs.Start(t.Context(), registry.StartRun{Meta: command.Meta{ID: trace.NewEventID()}, Registry: "mdor"}); trace.KindOf(err) != trace.ReadOnly {
		t.Errorf("a node that stops begins a run: %v", err)
	}
	if err := registry.WriteRun(t.Context(), n.store, n.run(id), func() { t.Error("half a run gives bytes") }, &bytes.Buffer{}); trace.KindOf(err) != trace.Conflict {
		t.Error(err)
	}
}

// Whoever is erased is erased from what was sent, too; what is known of other
// patients' records does not need it.
func TestAnErasedPatientIsErasedFromRuns(t *testing.T) {
	n := newRunNode(t)
	var last trace.PatientID
	for i := range 40 {
		_, last = n.procedure(i)
	}
	n.runs.Bound(1<<20, 1000, 2000)
	r := n.made(everything)
	if err := n.runs.Answer(t.Context(), registry.AnswerRun{Meta: command.Meta{ID: trace.NewEventID()}, Run: r.ID, Accepted: true}); err != nil {
		t.Fatal(err)
	}
	done, err := n.rec.ErasePatient(t.Context(), command.ErasePatient{Meta: command.Meta{ID: trace.NewEventID()}, Patient: last, Reason: "asked", KeepYears: 1})
	if err != nil || done.RunParts != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	r = n.run(r.ID)
	if err := registry.WriteRun(t.Context(), n.store, r, func() { t.Error("bytes leave without those that were erased") }, &bytes.Buffer{}); trace.KindOf(err) != trace.Conflict {
		t.Error(err)
	}
	gone, open := 0, 0
	for p, err := range n.store.RunParts(t.Context(), r.ID) {
		if err != nil {
			t.Fatal(err)
		}
		s, err := n.store.Secret(t.Context(), p.Stamp.Position)
		if err != nil {
			t.Fatal(err)
		}
		if s == nil {
			gone++
		} else if open++; strings.Contains(s.Raw, "Testwell0039") {
			t.Error("the name is still there")
		}
	}
	if gone != 1 || open < 2 {
		t.Errorf("%d parts are gone, %d are not", gone, open)
	}
	q := everything
	q.Changes = true
	next := n.made(q)
	if next.Result.Unchanged != 39 || next.Result.Changed != 1 {
		t.Errorf("%+v", next.Result)
	}
}

// A device that was moved to another day, or taken back, is told of in the run of the
// period in which the registry has it.
func TestWhatLeavesThePeriodIsToldOf(t *testing.T) {
	n := newRunNode(t)
	p, _ := n.procedure(1)
	n.procedure(2)
	january := registry.StartRun{Registry: "mdor", From: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2020, 2, 1, 0, 0, 0, 0, time.UTC), Changes: true}
	first := n.made(january)
	if first.Result.New != 2 {
		t.Fatalf("%+v", first.Result)
	}
	if err := n.runs.Answer(t.Context(), registry.AnswerRun{Meta: command.Meta{ID: trace.NewEventID()}, Run: first.ID, Accepted: true}); err != nil {
		t.Fatal(err)
	}
	was, err := n.store.Procedure(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	c := trace.Command{ID: trace.NewEventID(), By: trace.Actor{Via: "test"}, Drafts: []trace.Draft{{Fact: trace.ProcedureFact{Procedure: p, Start: time.Date(2020, 3, 1, 9, 0, 0, 0, time.UTC),
		Amend: trace.Amend{Corrects: was.History[0].Event}}}}}
	c.Canonical = c.ID[:]
	if _, err := n.store.Append(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	next := n.made(january)
	if next.Result.Changed != 1 || next.Result.Unchanged != 1 || next.Result.Withdrawals != 0 || next.Result.Since != first.ID {
		t.Errorf("%+v", next.Result)
	}
	march := registry.StartRun{Registry: "mdor", From: time.Date(2020, 3, 1, 0, 0, 0, 0, time.UTC), Changes: true}
	if r := n.made(march).Result; r.Changed != 1 || r.New != 0 {
		t.Errorf("what moved into the period is new to the registry: %+v", r)
	}
}
