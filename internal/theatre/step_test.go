package theatre_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"implantrace/internal/command"
	"implantrace/internal/theatre"
	"implantrace/internal/trace"
)

// statuses are those of a procedure's devices by what they are called, in order of
// their scans; of those that were not taken off.
func (b *bench) statuses(p trace.ProcedureID) map[string][]trace.Status {
	b.Helper()
	all := map[string][]trace.Status{}
	us := b.usages(p)
	slices.SortFunc(us, func(x, y trace.Usage) int { return int(x.History[0].Position.Seq) - int(y.History[0].Position.Seq) })
	for _, u := range us {
		if !u.Withdrawn {
			all[u.Device.DI] = append(all[u.Device.DI], u.Status)
		}
	}
	return all
}

func (b *bench) holds(p trace.ProcedureID, want map[string][]trace.Status) {
	b.Helper()
	got := b.statuses(p)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		b.Errorf("the procedure holds %v, want %v", got, want)
	}
}

func meta() command.Meta { return command.Meta{ID: trace.NewEventID()} }

// By scanning alone: a device goes from checked to opened to its outcome.
func TestADeviceGoesItsWayByScanningItAgain(t *testing.T) {
	b := newBench(t)
	p := b.begin(adaBand)
	b.scan(headText)
	if q := b.state().Asks; q != nil {
		t.Errorf("asked %+v", q)
	}
	b.says(b.scan("IMT:A:yes"), trace.Warn, "Nothing is asked")
	b.scan(headText)
	q := b.state().Asks
	if q == nil || q.Kind != theatre.AskOpened || q.More || !strings.Contains(q.Words, "SN-0042") {
		t.Fatalf("asked %+v", q)
	}
	if got := b.state().Awaited; got != "Answer yes or no" {
		t.Errorf("awaited %q", got)
	}
	b.says(b.scan("IMT:A:yes"), trace.Pass, "Opened")
	b.holds(p, map[string][]trace.Status{headDI: {trace.Opened}})
	if q := b.state().Asks; q != nil {
		t.Errorf("still asked %+v", q)
	}
	b.scan(headText)
	if q := b.state().Asks; q == nil || q.Kind != theatre.AskOutcome {
		t.Fatalf("asked %+v", q)
	}
	b.says(b.scan("IMT:A:yes"), trace.Warn, "Say what became of it")
	b.says(b.scan("IMT:A:wasted:wrong-size"), trace.Pass, "Wasted")
	b.holds(p, map[string][]trace.Status{headDI: {trace.Wasted}})
	// The reason is kept, sealed.
	found := false
	for _, e := range b.entries() {
		found = found || e.Secret != nil && e.Secret.Note == "wrong size"
	}
	if !found {
		t.Error("the reason is nowhere")
	}
	// No changes nothing, and the question is over with what is scanned next.
	b.scan(stemText)
	b.scan(stemText)
	b.says(b.scan("IMT:A:no"), trace.Note, "No")
	b.says(b.scan("IMT:A:yes"), trace.Warn, "Nothing is asked")
	b.scan(stemText)
	b.scan("no code of ours")
	b.says(b.scan("IMT:A:yes"), trace.Warn, "Nothing is asked")
	b.holds(p, map[string][]trace.Status{headDI: {trace.Wasted}, stemDI: {trace.Checked}})
}

// A question is answered by touch for the reading that the page shows, and for no
// other.
func TestAQuestionIsAnsweredByTouch(t *testing.T) {
	b := newBench(t)
	p := b.begin(adaBand)
	b.scan(stemText)
	b.scan(stemText)
	old := b.state().Asks
	if old == nil || !old.More {
		t.Fatalf("asked %+v", old)
	}
	m := meta()
	if err := b.desk.Reply(t.Context(), m, old.ID, theatre.Another); err != nil {
		t.Fatal(err)
	}
	if err := b.desk.Reply(t.Context(), m, old.ID, theatre.Another); err != nil { // sent again, it is the same
		t.Fatal(err)
	}
	b.holds(p, map[string][]trace.Status{stemDI: {trace.Checked, trace.Checked}})
	if err := b.desk.Reply(t.Context(), meta(), old.ID, theatre.Yes); trace.KindOf(err) != trace.Conflict {
		t.Errorf("an old question was answered: %v", err)
	}
	b.scan(stemText)
	if err := b.desk.Reply(t.Context(), meta(), b.state().Asks.ID, theatre.Yes); err != nil {
		t.Fatal(err)
	}
	b.holds(p, map[string][]trace.Status{stemDI: {trace.Opened, trace.Checked}})
	// The next scan is of the piece that is not opened yet.
	b.scan(stemText)
	b.scan("IMT:A:yes")
	b.holds(p, map[string][]trace.Status{stemDI: {trace.Opened, trace.Opened}})
	b.scan(stemText)
	if q := b.state().Asks; q == nil || q.Kind != theatre.AskOutcome {
		t.Errorf("asked %+v", q)
	}
	for _, r := range []theatre.Reply{theatre.Yes, "maybe", ""} {
		if err := b.desk.Reply(t.Context(), meta(), b.state().Asks.ID, r); trace.KindOf(err) != trace.Conflict {
			t.Errorf("%q was an answer: %v", r, err)
		}
	}
}

// The two codes of one pack, in either order, are one device when somebody says so.
func TestACodeWithoutAnIdentifierIsAskedWhereItBelongs(t *testing.T) {
	const di, rest = "0109520140001039", "17310630" + "10K4417B"
	for _, texts := range [][]string{{di, rest}, {rest, di}} {
		b := newBench(t)
		p := b.begin(adaBand)
		b.scan(texts[0])
		b.scan(texts[1])
		q := b.state().Asks
		if q == nil || q.Kind != theatre.AskBelongs {
			t.Fatalf("%q: asked %+v", texts, q)
		}
		b.says(b.scan("IMT:A:yes"), trace.Pass, "One pack")
		b.holds(p, map[string][]trace.Status{stemDI: {trace.Checked}})
		for _, u := range b.usages(p) {
			if !u.Withdrawn && (u.Device.Lot != "K4417B" || u.Device.Expiry.Day != "2031-06-30") {
				t.Errorf("%q: %+v", texts, u.Device)
			}
		}
		b.says(b.scan("IMT:A:opened"), trace.Pass, "Opened") // it is the device scanned last now
		b.holds(p, map[string][]trace.Status{stemDI: {trace.Opened}})
	}
	// A code of a pack of two that is scanned again is asked about too, though another
	// device came between, and the pack behind it.
	for _, part := range []string{di, rest} {
		b := newBench(t)
		p := b.begin(adaBand)
		b.scan(di)
		b.scan(rest)
		b.scan("IMT:A:yes")
		b.scan(headText)
		b.scan(part)
		q := b.state().Asks
		if q == nil || q.Kind != theatre.AskBelongs || !strings.Contains(q.Words, "on the list") {
			t.Fatalf("%q: asked %+v", part, q)
		}
		b.says(b.scan("IMT:A:yes"), trace.Pass, "One pack")
		if q := b.state().Asks; q == nil || q.Kind != theatre.AskOpened {
			t.Fatalf("%q: asked %+v", part, q)
		}
		b.says(b.scan("IMT:A:yes"), trace.Pass, "Opened")
		b.holds(p, map[string][]trace.Status{stemDI: {trace.Opened}, headDI: {trace.Checked}})
	}
	// Another pack of the product is another device: no, and its other code is its own.
	b := newBench(t)
	p := b.begin(adaBand)
	b.scan(di)
	b.scan(rest)
	b.scan("IMT:A:yes")
	b.scan(di)
	b.scan("IMT:A:no")
	b.scan("17310630" + "10K4417C")
	b.says(b.scan("IMT:A:yes"), trace.Pass, "One pack")
	b.holds(p, map[string][]trace.Status{stemDI: {trace.Checked, trace.Checked}})
	// Not asked where both say something else of one thing, or the device has its outcome.
	b = newBench(t)
	b.begin(adaBand)
	b.scan(stemText)
	b.scan("17320630" + "10OTHER")
	if q := b.state().Asks; q != nil {
		t.Errorf("asked %+v", q)
	}
	b = newBench(t)
	b.begin(adaBand)
	b.scan(di)
	b.scan("IMT:A:returned")
	b.scan(rest)
	if q := b.state().Asks; q != nil {
		t.Errorf("asked %+v", q)
	}
}

// The last step is taken back in one, and the one before it behind that; what was
// recorded stays.
func TestTheLastStepIsTakenBack(t *testing.T) {
	b := newBench(t)
	p := b.begin(adaBand)
	b.says(b.scan("IMT:A:undo"), trace.Warn, "Nothing to undo")
	b.scan(headText)
	b.scan("IMT:A:opened")
	b.scan("IMT:A:opened-not-used")
	b.scan(stemText)
	before := len(b.entries())
	b.says(b.scan("IMT:A:undo"), trace.Pass, "Undone")
	b.holds(p, map[string][]trace.Status{headDI: {trace.NotUsed}})
	b.restart() // it is worked out from the record
	u := b.state().Undo
	if u == nil || !strings.Contains(u.Words, "opened again") {
		t.Fatalf("%+v", u)
	}
	if err := b.desk.Undo(t.Context(), meta(), u.Event); err != nil {
		t.Fatal(err)
	}
	b.holds(p, map[string][]trace.Status{headDI: {trace.Opened}})
	if err := b.desk.Undo(t.Context(), meta(), u.Event); trace.KindOf(err) != trace.Conflict {
		t.Errorf("a step that is not the last was undone: %v", err)
	}
	b.scan("IMT:A:undo")
	b.holds(p, map[string][]trace.Status{headDI: {trace.Checked}})
	b.scan("IMT:A:undo")
	b.holds(p, map[string][]trace.Status{})
	b.says(b.scan("IMT:A:undo"), trace.Warn, "Nothing to undo")
	if after := len(b.entries()); after <= before {
		t.Error("entries are gone")
	}
	// What was taken off can be put back, and goes on.
	var off trace.UsageID
	for _, u := range b.usages(p) {
		if u.Device.DI == headDI {
			off = u.ID
		}
	}
	if err := b.desk.PutBack(t.Context(), meta(), off); err != nil {
		t.Fatal(err)
	}
	if err := b.desk.PutBack(t.Context(), meta(), off); trace.KindOf(err) != trace.Conflict {
		t.Errorf("put back twice: %v", err)
	}
	b.holds(p, map[string][]trace.Status{headDI: {trace.Checked}})
	b.scan(headText)
	b.scan("IMT:A:yes")
	b.holds(p, map[string][]trace.Status{headDI: {trace.Opened}})
}

func TestPiecesOfOneLabel(t *testing.T) {
	b := newBench(t)
	p := b.begin(adaBand)
	b.says(b.scan("IMT:A:quantity:3"), trace.Warn, "Not done")
	b.scan(headText)
	b.says(b.scan("IMT:A:quantity:2"), trace.Warn, "Not done") // a serial number is one piece
	b.scan(stemText)
	b.says(b.scan("IMT:A:quantity:4"), trace.Pass, "4 of it")
	four := []trace.Status{trace.Checked, trace.Checked, trace.Checked, trace.Checked}
	b.holds(p, map[string][]trace.Status{headDI: {trace.Checked}, stemDI: four})
	b.says(b.scan("IMT:A:quantity:4"), trace.Pass, "4 of it")
	b.says(b.scan("IMT:A:quantity:2"), trace.Warn, "Not done")
	b.says(b.scan("IMT:A:quantity:100"), trace.Warn, "Not done")
	b.holds(p, map[string][]trace.Status{headDI: {trace.Checked}, stemDI: four})
	for _, u := range b.usages(p) {
		if u.Device.DI == stemDI && (len(u.Carriers) != 1 || u.Carriers[0].Text != stemText || u.Device.Lot != "K4417B") {
			t.Errorf("%+v", u)
		}
	}
	var one trace.UsageID
	for _, u := range b.usages(p) {
		if u.Device.DI == stemDI {
			one = u.ID
		}
	}
	if err := b.desk.Pieces(t.Context(), meta(), one, 5); err != nil {
		t.Fatal(err)
	}
	b.holds(p, map[string][]trace.Status{headDI: {trace.Checked}, stemDI: append(four, trace.Checked)})
	if err := b.desk.Pieces(t.Context(), meta(), trace.UsageID(trace.NewEventID()), 5); trace.KindOf(err) != trace.NotFound {
		t.Errorf("%v", err)
	}
}

// A procedure is opened by scanning alone, and is this desk's after a restart too.
func TestAProcedureIsOpenedByScanning(t *testing.T) {
	b := newBench(t)
	b.says(b.scan("IMT:A:open:left"), trace.Warn, "Not opened")
	b.scan(room)
	b.scan(adaBand)
	b.says(b.scan("IMT:A:open:left"), trace.Warn, "Not opened")
	b.scan("IMT:P:opcs-4:W371")
	a, err := b.desk.Take(theatre.OnlyScanning(t.Context()), trace.NewEventID(), reading("IMT:A:open:left"), trace.ProcedureID{})
	if err != nil {
		t.Fatal(err)
	}
	b.says(a, trace.Warn, "Not opened")
	b.says(b.scan("IMT:A:open:left"), trace.Pass, "Procedure opened")
	st := b.state()
	if st.Procedure == nil || st.Procedure.Procedure.Side != trace.SideLeft || st.Procedure.Procedure.Code.Code != "W371" || st.Procedure.Procedure.Place.GLN != "9529900003016" || st.Identity == nil || st.Identity.NHSNumber != ada {
		t.Fatalf("%+v", st.Procedure)
	}
	b.says(b.scan("IMT:A:open:left"), trace.Warn, "Not opened")
	b.scan(headText)
	b.restart()
	if now := b.state(); now.Procedure == nil || now.Procedure.Procedure.ID != st.Procedure.Procedure.ID {
		t.Errorf("after a restart: %+v", now.Procedure)
	}
}

// Close lists what has no outcome, and closes when it is said again.
func TestCloseByScanning(t *testing.T) {
	for _, sure := range []string{"IMT:A:close", "IMT:A:yes", "IMT:A:next-patient"} {
		b := newBench(t)
		b.says(b.scan("IMT:A:close"), trace.Warn, "Not done")
		p := b.begin(adaBand)
		b.scan(headText)
		a := b.scan("IMT:A:close")
		b.says(a, trace.Warn, "Not closed yet")
		if !strings.Contains(a.Verdict.Checks[0].Message, "SN-0042") {
			t.Errorf("%+v", a.Verdict)
		}
		if q := b.state().Asks; q == nil || q.Kind != theatre.AskClose {
			t.Fatalf("asked %+v", q)
		}
		b.says(b.scan(sure), trace.Pass, "Procedure closed")
		if is, err := b.store.Procedure(t.Context(), p); err != nil || is.Open() {
			t.Errorf("%+v %v", is, err)
		}
		if st := b.state(); st.Procedure != nil || st.Identity != nil || st.Awaited != "Scan the patient's wristband" {
			t.Errorf("%+v", st)
		}
		b.holds(p, map[string][]trace.Status{headDI: {trace.Checked}}) // it implants nothing
	}
	// With an outcome for each it asks nothing; a scan between two closes asks again.
	b := newBench(t)
	p := b.begin(adaBand)
	b.scan(headText)
	b.scan("IMT:A:close")
	b.scan(stemText)
	b.says(b.scan("IMT:A:close"), trace.Warn, "Not closed yet")
	b.scan(stemText)
	b.scan("IMT:A:wasted")
	b.scan(headText)
	b.scan("IMT:A:implanted")
	b.says(b.scan("IMT:A:next-patient"), trace.Pass, "Procedure closed")
	b.holds(p, map[string][]trace.Status{headDI: {trace.Implanted}, stemDI: {trace.Wasted}})
	// Without a procedure, the next patient lets go of what was scanned.
	b.scan(adaBand)
	b.says(b.scan("IMT:A:next-patient"), trace.Pass, "Start again")
	if st := b.state(); st.Identity != nil {
		t.Errorf("%+v", st.Identity)
	}
}

// Whoever may only have devices checked answers, undoes and closes nothing.
func TestStepsWantSomebodySignedIn(t *testing.T) {
	b := newBench(t)
	p := b.begin(adaBand)
	b.scan(headText)
	for _, code := range []string{"undo", "close", "next-patient", "yes", "no", "quantity:2", "opened"} {
		for _, ctx := range []func() (theatre.Answer, error){
			func() (theatre.Answer, error) {
				return b.desk.Take(theatre.OnlyScanning(t.Context()), trace.NewEventID(), reading("IMT:A:"+code), trace.ProcedureID{})
			},
			func() (theatre.Answer, error) {
				return b.desk.Take(theatre.As(t.Context(), trace.Actor{Unconfirmed: true}), trace.NewEventID(), reading("IMT:A:"+code), trace.ProcedureID{})
			},
		} {
			a, err := ctx()
			if err != nil {
				t.Fatal(err)
			}
			b.says(a, trace.Warn, "Not done")
		}
	}
	b.holds(p, map[string][]trace.Status{headDI: {trace.Checked}})
}

// Whoever may only scan lets go of nobody either.
func TestTheNextPatientWantsSomebodySignedIn(t *testing.T) {
	b := newBench(t)
	b.scan(adaBand)
	a, err := b.desk.Take(theatre.OnlyScanning(t.Context()), trace.NewEventID(), reading("IMT:A:next-patient"), trace.ProcedureID{})
	if err != nil {
		t.Fatal(err)
	}
	b.says(a, trace.Warn, "Not done")
	if st := b.state(); st.Identity == nil {
		t.Error("the patient is gone")
	}
}

// TestTheSessionAgainstAModel scans labels and codes at random, and holds the
// procedure against a list that was kept by hand.
func TestTheSessionAgainstAModel(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 2
	}
	for seed := range uint64(rounds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			b := newBench(t)
			p := b.begin(adaBand)
			rnd := rand.New(rand.NewPCG(seed, 7))
			type piece struct {
				di     string
				serial bool
				status []trace.Status // as they followed each other
				off    bool
			}
			var list []*piece
			type done struct {
				of *piece
			}
			var steps []done // that can be taken back
			var last *piece
			asks := ""
			ends := map[string]trace.Status{"opened": trace.Opened, "opened-not-used": trace.NotUsed, "wasted": trace.Wasted, "returned": trace.Returned, "trial": trace.Trial}
			var said []string
			say := func(code string) {
				said = append(said, code)
				b.scan(code)
			}
			now := func(x *piece) trace.Status { return x.status[len(x.status)-1] }
			set := func(x *piece, s trace.Status) {
				if now(x) != s {
					x.status = append(x.status, s)
					steps = append(steps, done{x})
				}
			}
			for range 60 {
				switch n := rnd.IntN(12); {
				case n < 5: // a label
					text, di, serial := stemText, stemDI, false
					if n < 2 {
						text, di, serial = headText, headDI, true
					}
					say(text)
					last, asks = nil, ""
					for _, x := range list {
						if x.off || x.di != di || !serial && now(x) != trace.Checked && now(x) != trace.Opened {
							continue
						}
						if last == nil || now(last) == trace.Opened && now(x) == trace.Checked {
							last = x
						}
						if serial {
							break
						}
					}
					switch {
					case last == nil:
						last = &piece{di, serial, []trace.Status{trace.Checked}, false}
						list = append(list, last)
						steps = append(steps, done{last})
					case now(last) == trace.Checked:
						asks = "opened"
					case now(last) == trace.Opened:
						asks = "outcome"
					}
				case n < 8: // what became of it
					codes := []string{"opened", "opened-not-used", "wasted", "returned", "trial"}
					code := codes[rnd.IntN(len(codes))]
					say("IMT:A:" + code)
					if last != nil {
						if now(last) != ends[code] {
							asks = ""
						}
						set(last, ends[code])
					}
				case n == 8:
					say("IMT:A:yes")
					if asks == "opened" && now(last) == trace.Checked {
						set(last, trace.Opened)
						asks = ""
					}
				case n == 9:
					say("IMT:A:no")
					asks = ""
				case n == 10:
					say("IMT:A:undo")
					for len(steps) > 0 && steps[len(steps)-1].of.off {
						steps = steps[:len(steps)-1]
					}
					if len(steps) == 0 {
						break
					}
					x := steps[len(steps)-1].of
					steps = steps[:len(steps)-1]
					asks = ""
					if len(x.status) == 1 {
						x.off = true
						last = nil
					} else {
						x.status = x.status[:len(x.status)-1]
					}
				case n == 11:
					say("something of nobody's")
					last, asks = nil, ""
				}
			}
			want := map[string][]trace.Status{}
			for _, x := range list {
				if !x.off {
					want[x.di] = append(want[x.di], now(x))
				}
			}
			b.holds(p, want)
			if t.Failed() {
				t.Log(strings.Join(said, "\n"))
			}
		})
	}
}
