package casework_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"implantrace/internal/bolt"
	"implantrace/internal/casework"
	"implantrace/internal/command"
	"implantrace/internal/recall"
	"implantrace/internal/seal"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

const (
	stem = "09520140001039"
	head = "09520140001015"
	ada  = "9990000018"
	bob  = "9990000026"
	cy   = "9990000034"
)

// ward is a node with an office, and a clock that goes on by a second a look.
type ward struct {
	*testing.T
	recorder command.Recorder
	office   *casework.Office
	mu       sync.Mutex
	now      time.Time
}

func open(t *testing.T) *ward {
	t.Helper()
	w := &ward{T: t, now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	s, err := bolt.Open(filepath.Join(t.TempDir(), bolt.FileName), bolt.Options{Name: "Theatre 4", Keys: seal.NewKeyring(), Clock: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w.recorder = command.Recorder{Store: s, Clock: w.clock}
	w.office = &casework.Office{Recorder: w.recorder}
	w.recorder.Namers = append(w.recorder.Namers, w.office)
	return w
}

func (w *ward) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(time.Second)
	return w.now
}

func meta() command.Meta {
	return command.Meta{ID: trace.NewEventID(), Provenance: trace.Typed, By: trace.Actor{Name: "R. Dene", Via: "test"}}
}

// used records a device of a patient.
func (w *ward) used(nhs, di, lot string, s trace.Status) trace.UsageID {
	w.Helper()
	p := command.OpenProcedure{Meta: meta(), Who: command.Who{NHSNumber: nhs, Family: "Testwell"}, Code: trace.Code{Text: "Hip"}}
	procedure, err := w.recorder.OpenProcedure(w.Context(), p)
	if err != nil {
		w.Fatal(err)
	}
	u, err := w.recorder.RecordUsage(w.Context(), command.RecordUsage{Meta: meta(), Procedure: procedure, Device: udi.Device{DI: di, Lot: lot}, Status: s, Reason: "synthetic"})
	if err != nil {
		w.Fatal(err)
	}
	return u
}

func (w *ward) save(c recall.Criteria) trace.NoticeID {
	w.Helper()
	id, err := w.office.Save(w.Context(), casework.SaveNotice{Meta: meta(), Notice: recall.Notice{Title: "Stems", References: []recall.Reference{{Of: "FSCA", Number: "1"}}, Criteria: c}})
	if err != nil {
		w.Fatal(err)
	}
	return id
}

func (w *ward) board(id trace.NoticeID) casework.Board {
	w.Helper()
	b, err := w.office.Board(w.Context(), id)
	if err != nil {
		w.Fatal(err)
	}
	return b
}

func lots(lots ...string) recall.Criteria {
	return recall.Criteria{DIs: recall.Texts{stem}, Lots: recall.Named(lots...)}
}

// check is what the recall rule says of a scan.
func (w *ward) check(lot string) trace.Check {
	w.Helper()
	v, err := w.recorder.Judge(w.Context(), command.Judged{Meaning: udi.Meaning{Kind: udi.KindDevice, Device: udi.Device{Agency: udi.AgencyGS1, DI: stem, Lot: lot}}, At: w.clock()})
	if err != nil {
		w.Fatal(err)
	}
	i := slices.IndexFunc(v.Checks, func(c trace.Check) bool { return c.Rule == "recall" || c.Rule == "recall-possible" })
	return v.Checks[i]
}

func TestFromSavingOnAScanOfANamedDeviceStops(t *testing.T) {
	w := open(t)
	want := func(lot string, level trace.Level) {
		t.Helper()
		if c := w.check(lot); c.Level != level || level == trace.Stop && !strings.Contains(c.Message, "FSCA 1: Stems") {
			t.Errorf("lot %q: %+v, want %s", lot, c, level)
		}
	}
	want("A17", trace.Pass)
	id := w.save(lots("A17"))
	want("A17", trace.Stop)
	want("a-17", trace.Warn)
	want("", trace.Warn)
	want("B2", trace.Pass)
	state := func(s trace.NoticeState) {
		t.Helper()
		if err := w.office.SetState(t.Context(), casework.SetState{Meta: meta(), NoticeID: id, State: s, Reason: "synthetic"}); err != nil {
			t.Fatal(err)
		}
	}
	state(trace.NoticeClosed)
	want("A17", trace.Pass)
	state(trace.NoticeOpen)
	want("A17", trace.Stop)
	n, err := w.recorder.Store.Notice(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.office.Amend(t.Context(), casework.AmendNotice{Meta: meta(), NoticeID: id, Seen: n.Body, Notice: recall.Notice{Title: "Stems", References: []recall.Reference{{Of: "FSCA", Number: "1"}}, Criteria: lots("A17", "B2")}}); err != nil {
		t.Fatal(err)
	}
	want("B2", trace.Stop)
}

// Whatever comes to be known after a notice was saved is matched by itself, and
// stands out until it is in a case.
func TestNewAndLateRecordsStandOut(t *testing.T) {
	w := open(t)
	first := w.used(ada, stem, "A17", trace.Implanted)
	id := w.save(lots("A17"))
	b := w.board(id)
	if len(b.Cases) != 1 || len(b.New) != 0 || !slices.Equal(b.Cases[0].Usages, []trace.UsageID{first}) || b.Cases[0].Tier != "confirmed" {
		t.Fatalf("%+v", b)
	}
	late := w.used(bob, stem, "A17", trace.Implanted)     // a new patient
	another := w.used(ada, stem, "", trace.Implanted)     // another device of one who has a case
	w.used(cy, stem, "A17", trace.Wasted)                 // in nobody
	corrected := w.used(cy, stem, "A18", trace.Implanted) // not meant, as it is typed; one slip away all the same
	b = w.board(id)
	var stands []trace.UsageID
	for _, n := range b.New {
		stands = append(stands, n.Usages...)
	}
	want := []trace.UsageID{late, another, corrected}
	if len(stands) != 3 || slices.ContainsFunc(want, func(u trace.UsageID) bool { return !slices.Contains(stands, u) }) {
		t.Errorf("%v stand out, want %v", stands, want)
	}
	c := casework.OpenCases{Meta: meta(), NoticeID: id}
	n, err := w.office.OpenCases(t.Context(), c)
	if err != nil || n != 3 {
		t.Errorf("%d, %v", n, err)
	}
	if again, err := w.office.OpenCases(t.Context(), c); err != nil || again != n {
		t.Errorf("repeated: %d, %v", again, err)
	}
	if b = w.board(id); len(b.New) != 0 || len(b.Cases) != 3 {
		t.Errorf("%d new, %d cases", len(b.New), len(b.Cases))
	}
	notice, err := w.recorder.Store.Notice(t.Context(), id)
	if err != nil || len(notice.Traced) != 2 || notice.Traced[0].Took <= 0 || notice.Traced[0].People != 1 || notice.Traced[1].People != 3 {
		t.Errorf("time to trace: %+v, %v", notice.Traced, err)
	}

	// The catalogue comes to know a product's number: a notice by number means more.
	byNumber := w.save(recall.Criteria{CatalogueNos: recall.Texts{"NM-1"}})
	if b := w.board(byNumber); b.Tiers.Confirmed != 0 || b.Tiers.Possible == 0 {
		t.Errorf("%+v", b.Tiers)
	}
	if _, err := w.recorder.RecordProduct(t.Context(), command.RecordProduct{Meta: meta(), DI: stem, CatalogueNo: "NM-1"}); err != nil {
		t.Fatal(err)
	}
	if b := w.board(byNumber); b.Tiers.Confirmed == 0 {
		t.Errorf("%+v", b.Tiers)
	}
	// It turns out to be another: the cases stay, and are named.
	if err := w.recorder.Correct(t.Context(), command.Correct{Meta: meta(), Product: stem, Set: command.Set{CatalogueNo: "NM-2"}, Reason: "synthetic"}); err != nil {
		t.Fatal(err)
	}
	if b := w.board(byNumber); len(b.Cases) != 3 || len(b.Gone) != 3 {
		t.Errorf("%d cases, %d gone", len(b.Cases), len(b.Gone))
	}
}

// A case that was settled is looked at again when another device of the patient
// comes to light.
func TestASettledCaseIsOpenedAgainByAnotherDevice(t *testing.T) {
	w := open(t)
	w.used(ada, stem, "A17", trace.Implanted)
	id := w.save(lots("A17", "B2"))
	c := w.board(id).Cases[0]
	w.change(id, casework.ChangeCases{Status: trace.CaseKeep, Note: "Sound"}, c)
	w.used(ada, stem, "B2", trace.Implanted)
	if _, err := w.office.OpenCases(t.Context(), casework.OpenCases{Meta: meta(), NoticeID: id}); err != nil {
		t.Fatal(err)
	}
	if c := w.board(id).Cases[0]; c.Status != trace.CaseToReview || len(c.Usages) != 2 || len(c.History) != 3 {
		t.Errorf("%+v", c)
	}
}

// change changes cases as they are seen.
func (w *ward) change(id trace.NoticeID, c casework.ChangeCases, cases ...trace.Case) trace.EventID {
	w.Helper()
	c.Meta, c.NoticeID = meta(), id
	for _, k := range cases {
		c.Cases = append(c.Cases, casework.Touched{Case: k.ID, Seen: k.Last()})
	}
	if err := w.office.Change(w.Context(), c); err != nil {
		w.Fatal(err)
	}
	return c.ID
}

// Two coordinators change one case at the same moment: one is recorded, the other
// is told, and no note is lost or mixed.
func TestTwoCoordinatorsOnOneCaseSeeAConflict(t *testing.T) {
	w := open(t)
	w.used(ada, stem, "A17", trace.Implanted)
	id := w.save(lots("A17"))
	seen := w.board(id).Cases[0]
	const people = 8
	errs := make([]error, people)
	var wg sync.WaitGroup
	for i := range people {
		wg.Go(func() {
			errs[i] = w.office.Change(t.Context(), casework.ChangeCases{Meta: meta(), NoticeID: id, Cases: []casework.Touched{{Case: seen.ID, Seen: seen.Last()}}, Note: fmt.Sprint("note ", i)})
		})
	}
	wg.Wait()
	recorded := ""
	for i, err := range errs {
		switch {
		case err == nil && recorded == "":
			recorded = fmt.Sprint("note ", i)
		case trace.KindOf(err) != trace.Conflict || !strings.Contains(err.Error(), "changed by R. Dene"):
			t.Errorf("%d: %v", i, err)
		}
	}
	c := w.board(id).Cases[0]
	notes, err := w.office.Notes(t.Context(), c)
	if err != nil || len(c.History) != 2 || notes[c.Last()] != recorded || c.History[1].Crossed {
		t.Errorf("%+v, %v, %v", c.History, notes, err)
	}
	// Who is told sends the note again, having looked.
	w.change(id, casework.ChangeCases{Note: "again"}, c)
}

func TestABulkStepIsTakenBackWhole(t *testing.T) {
	w := open(t)
	for _, nhs := range []string{ada, bob, cy} {
		w.used(nhs, stem, "A17", trace.Implanted)
	}
	id := w.save(lots("A17"))
	w.change(id, casework.ChangeCases{Status: trace.CaseContacting, Owner: "R. Dene", Due: "2026-03-10", Next: "Telephone"}, w.board(id).Cases...)
	slip := w.change(id, casework.ChangeCases{Status: trace.CaseDied, Note: "the wrong list"}, w.board(id).Cases...)
	if b := w.board(id); b.Settled != 3 || b.Open != 0 {
		t.Errorf("%+v", b.ByStatus)
	}
	undo := casework.Undo{Meta: meta(), NoticeID: id, Command: slip}
	if n, err := w.office.Undo(t.Context(), undo); err != nil || n != 3 {
		t.Fatal(n, err)
	}
	b := w.board(id)
	for _, c := range b.Cases {
		if c.Status != trace.CaseContacting || c.Owner != "R. Dene" || c.Due != "2026-03-10" || c.Next != "Telephone" || len(c.History) != 4 || !c.History[2].Undone {
			t.Errorf("%+v", c)
		}
	}
	// The undoing was the slip.
	if n, err := w.office.Undo(t.Context(), casework.Undo{Meta: meta(), NoticeID: id, Command: undo.ID}); err != nil || n != 3 {
		t.Fatal(n, err)
	}
	if b := w.board(id); b.ByStatus[trace.CaseDied] != 3 {
		t.Errorf("%+v", b.ByStatus)
	}
	// A step is not taken back under a later one.
	w.change(id, casework.ChangeCases{Note: "later"}, w.board(id).Cases[0])
	if _, err := w.office.Undo(t.Context(), casework.Undo{Meta: meta(), NoticeID: id, Command: slip}); trace.KindOf(err) != trace.Conflict {
		t.Errorf("%v", err)
	}
}

func TestWorkIsListedByWhatIsDue(t *testing.T) {
	w := open(t)
	for _, nhs := range []string{ada, bob, cy} {
		w.used(nhs, stem, "A17", trace.Implanted)
	}
	w.used("9990000042", stem, "", trace.Implanted)
	id := w.save(lots("A17"))
	cases := w.board(id).Cases
	w.change(id, casework.ChangeCases{Due: "2026-03-05"}, cases[1])
	w.change(id, casework.ChangeCases{Due: "2026-03-01"}, cases[2])
	w.change(id, casework.ChangeCases{Status: trace.CaseMonitor, Note: "every year"}, cases[0])
	b := w.board(id)
	var got []trace.CaseID
	for _, c := range b.Cases {
		got = append(got, c.ID)
	}
	if want := []trace.CaseID{cases[2].ID, cases[1].ID, cases[3].ID, cases[0].ID}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if b.Open != 3 || b.Settled != 1 || b.Late != 1 || b.ByTier["possible"] != 1 || b.Unowned != 3 {
		t.Errorf("%+v", b)
	}
}

// Patients of one NHS number are one person, with one case.
func TestOnePersonHasOneCase(t *testing.T) {
	w := open(t)
	w.used(ada, stem, "A17", trace.Implanted)
	w.used(ada, stem, "A17", trace.Implanted)
	w.used(ada, head, "A17", trace.Implanted)
	id := w.save(recall.Criteria{DIs: recall.Texts{stem, head}, Lots: recall.Named("A17")})
	if b := w.board(id); len(b.Cases) != 1 || len(b.Cases[0].Usages) != 3 {
		t.Errorf("%+v", b.Cases)
	}
}
