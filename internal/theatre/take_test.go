package theatre_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
	"implantrace/scanner"
)

func TestWristbandIdentifiesThePatient(t *testing.T) {
	b := newBench(t)
	a := b.scan(adaBand)
	b.says(a, trace.Pass, "Patient identified")
	s := b.state()
	if a.Patient.IsZero() || s.Patient != a.Patient || s.Identity == nil || s.Identity.NHSNumber != ada || s.Identity.Family != "Quist" || s.Procedure != nil {
		t.Errorf("%+v, %+v", a, s.Identity)
	}
	e := b.recorded(a.Reading)
	if f := e.Fact.(trace.ReadingFact); f.Text != "" || e.Secret == nil || e.Secret.Raw != adaBand {
		t.Errorf("the wristband is not sealed as it was read: %+v, %+v", f, e.Secret)
	}
	if strings.Contains(fmt.Sprintf("%+v", a), ada) || strings.Contains(a.Shown, "Quist") {
		t.Errorf("the answer names the patient: %+v", a)
	}
	// Another patient, before anything was opened: the screen shows that one.
	second := b.scan(bobBand)
	if s := b.state(); second.Patient == a.Patient || s.Patient != second.Patient {
		t.Errorf("%+v", s)
	}
	// The first again is the same patient.
	if again := b.scan(adaBand); again.Patient != a.Patient || again.Repeated {
		t.Errorf("%+v", again)
	}
}

// TestOtherWristbandInOpenProcedureStops: nothing of the procedure changes.
func TestOtherWristbandInOpenProcedureStops(t *testing.T) {
	b := newBench(t)
	p := b.begin(adaBand)
	before := b.state()
	a := b.scan(bobBand)
	b.says(a, trace.Stop, "This is another patient")
	s := b.state()
	if s.Procedure == nil || s.Procedure.Procedure.ID != p || s.Procedure.Procedure.Patient != before.Procedure.Procedure.Patient || s.Identity.NHSNumber != ada || !s.Patient.IsZero() {
		t.Errorf("%+v", s)
	}
	// Nor is that wristband waiting for the next procedure.
	b.close(p)
	if s := b.state(); !s.Patient.IsZero() || s.Identity != nil {
		t.Errorf("after the end: %+v", s)
	}
	if f := b.recorded(a.Reading).Fact.(trace.ReadingFact); f.Verdict.Level != trace.Stop || f.Procedure != p {
		t.Errorf("recorded as %+v", f)
	}
}

func TestSameWristbandInOpenProcedureIsTheRightPatient(t *testing.T) {
	b := newBench(t)
	p := b.begin(adaBand)
	a := b.scan(adaBand)
	b.says(a, trace.Pass, "The right patient")
	if a.Procedure != p {
		t.Errorf("%+v", a)
	}
	// The same person with another id in the record, as two nodes make them.
	twin := trace.NewID[trace.OfPatient]()
	id := trace.NewEventID()
	if _, err := b.recorder.Record(t.Context(), command.Meta{ID: id, By: trace.Actor{Via: "test"}}, id[:], trace.Draft{Subject: twin,
		Fact: trace.PatientFact{Patient: twin, Lookups: b.store.Lookups(trace.LookupNHS, ada)[:1]}, Secret: &trace.Secret{NHSNumber: ada}}); err != nil {
		t.Fatal(err)
	}
	b.says(b.scan(adaBand), trace.Pass, "The right patient")
}

// TestWristbandThatFailsItsCheckIdentifiesNobody: it is recorded, and neither
// it nor a number without a check digit beside it names a patient.
func TestWristbandThatFailsItsCheckIdentifiesNobody(t *testing.T) {
	for name, text := range map[string]string{
		"check digit":                     "8018505089899900000184",
		"modulus 11":                      "8018505089899900000190",
		"check digit, and a local number": "8018505089899900000184\x1d91RJC,949724\x1d93Quist,Ottoline,14-Mar-1951",
		"two numbers":                     "8018505089899900000183\x1d8018505089899900000268",
		"not an NHS number":               "8018406325500000000018",
		"cut off":                         "80185050898999",
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			a := b.scan(text)
			b.says(a, trace.Stop, "The wristband could not be read")
			if s := b.state(); !s.Patient.IsZero() || !a.Patient.IsZero() || a.Means != udi.KindPatient {
				t.Errorf("%+v", a)
			}
			if e := b.recorded(a.Reading); e.Secret == nil || e.Secret.Raw != text || e.Fact.(trace.ReadingFact).Text != "" {
				t.Errorf("recorded as %+v, %+v", e.Fact, e.Secret)
			}
			if _, err := b.desk.Open(t.Context(), opening()); trace.KindOf(err) != trace.Invalid {
				t.Errorf("a procedure was opened for nobody: %v", err)
			}
			// It leaves whoever was identified before.
			good := b.scan(adaBand)
			b.scan(text)
			if s := b.state(); s.Patient != good.Patient {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestNameThatDiffersFromTheRecordIsSaid(t *testing.T) {
	b := newBench(t)
	first := b.scan(adaBand)
	a := b.scan("8018505089899900000183\x1d93Quest,Ottoline,15-Mar-1951")
	b.says(a, trace.Warn, "Compare this wristband with the patient")
	if a.Patient != first.Patient {
		t.Error("it is the same number, and so the same patient")
	}
	text := fmt.Sprint(a.Verdict.Checks)
	if !strings.Contains(text, "family name") || !strings.Contains(text, "date of birth") || strings.Contains(text, "given name") || strings.Contains(text, "Quest") {
		t.Errorf("%s", text)
	}
	if s := b.state(); s.Identity.Family != "Quist" || s.Identity.Birth != "1951-03-14" {
		t.Errorf("the record was changed: %+v", s.Identity)
	}
}

func TestLocalNumberAloneIsNoted(t *testing.T) {
	b := newBench(t)
	a := b.scan("]d291RJC,949724\x1d93Quist,Ottoline,14-Mar-1951")
	b.says(a, trace.Note, "Patient identified")
	if c := check(a, "wristband"); c.Level != trace.Note || !strings.Contains(c.Message, "no NHS number") {
		t.Errorf("%+v", c)
	}
	if s := b.state(); s.Identity.LocalNumber != "949724" || s.Identity.LocalIssuer != "RJC" || s.Identity.NHSNumber != "" {
		t.Errorf("%+v", s.Identity)
	}
	// With an NHS number and another name it may be somebody else's.
	conflict := b.scan("8018505089899900000268\x1d91RJC,949724\x1d93Testwell,Robin,02-Jan-1960")
	b.says(conflict, trace.Stop, "does not agree with the record")
	if !conflict.Patient.IsZero() || b.state().Patient != a.Patient {
		t.Errorf("%+v", conflict)
	}
}

// TestDeviceWithoutAProcedureIsLinkedToNobody: recorded, flagged, no usage.
func TestDeviceWithoutAProcedureIsLinkedToNobody(t *testing.T) {
	b := newBench(t)
	b.scan(adaBand) // identified is not opened
	a := b.scan(stemText)
	b.says(a, trace.Warn, "Not linked to a patient")
	if !a.Usage.IsZero() || !a.Procedure.IsZero() || a.Device == nil || a.Device.DI != stemDI || a.Status != "" {
		t.Errorf("%+v", a)
	}
	f := b.recorded(a.Reading).Fact.(trace.ReadingFact)
	if f.Text != stemText || !f.Usage.IsZero() || f.Verdict.Level != trace.Warn {
		t.Errorf("%+v", f)
	}
	for _, e := range b.entries() {
		if e.Fact.Kind() == trace.KindUsage {
			t.Errorf("a usage: %+v", e.Fact)
		}
	}
	// An expired one stops all the same.
	b.says(b.scan("010952014000103917200101"+"10A"), trace.Stop, "Stop.")
}

func TestDeviceInAProcedureIsOneUsage(t *testing.T) {
	b := newBench(t)
	p := b.begin(adaBand)
	a := b.scan(headText)
	us := b.usages(p)
	if len(us) != 1 || a.Usage != us[0].ID || a.Procedure != p || a.Status != trace.Checked {
		t.Fatalf("%+v, %+v", a, us)
	}
	u := us[0]
	if u.Device.DI != headDI || u.Device.Lot != "A1" || u.Device.Serial != "SN-0042" || u.Device.Expiry.Day != "2031-06-30" || u.Status != trace.Checked || u.Damaged ||
		u.Provenance != trace.Scanned || len(u.Carriers) != 1 || u.Carriers[0].Text != headText || u.Carriers[0].Reading != a.Reading {
		t.Errorf("%+v", u)
	}
	if b.recorded(a.Reading).By.Via != "scanner:handheld" {
		t.Errorf("%+v", b.recorded(a.Reading).By)
	}
	// The same piece again, however long after, is the same usage: on its way to its
	// outcome without a word against it, and behind that with one.
	for _, pause := range []time.Duration{0, time.Hour} {
		b.later(pause)
		again := b.scan(headText)
		if again.Usage != a.Usage || len(b.usages(p)) != 1 {
			t.Errorf("%+v", again)
		}
		b.says(again, trace.NotChecked, "Scanned again: checked")
	}
	b.scan("IMT:A:implanted")
	again := b.scan(headText)
	if again.Usage != a.Usage || len(b.usages(p)) != 1 {
		t.Errorf("%+v", again)
	}
	b.says(again, trace.Warn, "scanned in this procedure already")
	// Withdrawn, it is another.
	c := command.Correct{Meta: command.Meta{ID: trace.NewEventID()}, Usage: a.Usage, Withdraw: true, Reason: "wrong tray"}
	if err := b.recorder.Correct(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if again := b.scan(headText); again.Usage == a.Usage {
		t.Error("it was linked to a usage that was withdrawn")
	}
}

// A label without a serial number that is read again is the piece that still waits,
// and another one where each has its outcome.
func TestSameLabelAgainIsThePieceThatWaits(t *testing.T) {
	b := newBench(t)
	p := b.begin(adaBand)
	first := b.scan(stemText)
	b.later(4 * time.Second)
	if second := b.scan(stemText); second.Usage != first.Usage || len(b.usages(p)) != 1 {
		t.Errorf("%+v", b.usages(p))
	}
	// Another lot is another device.
	if other := b.scan(stemText + "X"); other.Usage == first.Usage || len(b.usages(p)) != 2 {
		t.Errorf("%+v", other)
	}
	b.scan(stemText)
	b.says(b.scan("IMT:A:opened-not-used"), trace.Pass, "Opened, not used")
	next := b.scan(stemText)
	if next.Usage == first.Usage || len(b.usages(p)) != 3 {
		t.Errorf("%+v", b.usages(p))
	}
	// What cannot be read whole is never taken for a piece that was.
	damaged := strings.Replace(stemText, "310630", "310640", 1)
	if a, c := b.scan(damaged), b.scan(damaged); a.Usage == c.Usage || len(b.usages(p)) != 5 {
		t.Errorf("%+v", b.usages(p))
	}
}

func TestDamagedCodeIsRecordedAndStops(t *testing.T) {
	b := newBench(t)
	p := b.begin(adaBand)
	const text = "010952014000103817310630" + "10K4417B" // a wrong check digit
	a := b.scan(text)
	b.says(a, trace.Stop, "Stop.")
	us := b.usages(p)
	if len(us) != 1 || !us[0].Damaged || us[0].Device.DI != "" || us[0].Device.Lot != "K4417B" || us[0].Carriers[0].Text != text || us[0].Verdict.Level != trace.Stop {
		t.Errorf("%+v", us)
	}
	if f := b.recorded(a.Reading).Fact.(trace.ReadingFact); f.Text != text || len(f.Issues) == 0 {
		t.Errorf("%+v", f)
	}
	// Bytes that are no text are kept as they came.
	noise := "0109520140001039" + "10A\xff\xfe"
	c := b.scan(noise)
	if e := b.recorded(c.Reading); c.Verdict.Level != trace.Stop || e.Fact.(trace.ReadingFact).Text != noise {
		t.Errorf("%+v, %q", c, e.Fact.(trace.ReadingFact).Text)
	}
}

func TestTextNotUnderstoodIsRecordedSealed(t *testing.T) {
	b := newBench(t)
	p := b.begin(adaBand)
	var all [256]byte
	for i := range all {
		all[i] = byte(i)
	}
	for _, text := range []string{"Quist, Ottoline", "hello", string(all[:]), "\xff\x00\xfe", strings.Repeat("\x80", 8191)} {
		a := b.scan(text)
		b.says(a, trace.Warn, "Recorded, but not understood")
		e := b.recorded(a.Reading)
		f := e.Fact.(trace.ReadingFact)
		if a.Means != udi.KindText || f.Text != "" || e.Secret == nil || e.Secret.Raw != text || f.Procedure != p || !a.Usage.IsZero() {
			t.Errorf("%.20q: %+v, %+v", text, f, e.Secret)
		}
		if strings.Contains(fmt.Sprintf("%+v", a), "Quist") {
			t.Errorf("the answer tells what may be a name: %+v", a)
		}
	}
}

func TestBadgeAndPlaceBeforeAProcedureGoIntoIt(t *testing.T) {
	b := newBench(t)
	b.says(b.scan(badge), trace.Note, "Badge read")
	b.scan(badge) // twice is one person
	b.says(b.scan(room), trace.Note, "Place read")
	if s := b.state(); len(s.People) != 1 || s.People[0].Code != badge[4:] || s.Place.GLN != "9529900003016" || s.Place.Extension != "TH3" {
		t.Fatalf("%+v", s)
	}
	b.scan(adaBand)
	c := opening()
	c.Place.Name = "Theatre 3"
	c.People = []trace.Person{{Name: "A. Okafor", Role: "surgeon"}}
	id, err := b.desk.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	s := b.state()
	got := s.Procedure.Procedure
	if got.ID != id || got.Place != (trace.Place{GLN: "9529900003016", Extension: "TH3", Name: "Theatre 3"}) || len(got.People) != 2 || got.People[1].Code != badge[4:] {
		t.Errorf("%+v", got)
	}
	if len(s.People) != 0 {
		t.Errorf("the people are still waiting: %+v", s.People)
	}
}

func TestBadgeAndPlaceInAProcedure(t *testing.T) {
	b := newBench(t)
	p := b.begin(adaBand)
	b.says(b.scan(badge), trace.Note, "Badge read")
	b.scan(badge)
	b.says(b.scan(room), trace.Note, "Place read")
	got := b.state().Procedure.Procedure
	if len(got.People) != 1 || got.People[0].Code != badge[4:] || got.Place.GLN != "9529900003016" {
		t.Errorf("%+v", got)
	}
	a := b.scan("]C14149529900003016254TH4")
	b.says(a, trace.Warn, "Another place")
	if got := b.state().Procedure.Procedure; got.Place.Extension != "TH3" || got.ID != p {
		t.Errorf("it was moved: %+v", got)
	}
}

func TestDamagedBadgeOrPlaceIsNotTaken(t *testing.T) {
	for name, text := range map[string]string{
		"badge": "8017505089800000000127", "place": "]C14149529900003017254TH3",
		"place with a damaged part": "]C14149529900003016254TH\x01", "badge with a damaged part": badge + "\x1d8019AB",
	} {
		b := newBench(t)
		a := b.scan(text)
		if s := b.state(); a.Verdict.Level != trace.Stop || len(s.People) != 0 || s.Place != (trace.Place{}) || len(b.readings()) != 1 {
			t.Errorf("%s: %+v, %+v", name, a, s)
		}
		b.begin(adaBand)
		b.scan(text)
		if p := b.state().Procedure.Procedure; len(p.People) != 0 || p.Place != (trace.Place{}) {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestLateScanGoesIntoTheClosedProcedureAndIsNoted(t *testing.T) {
	b := newBench(t)
	p := b.begin(adaBand)
	b.close(p)
	a := b.take(trace.NewEventID(), reading(headText), p)
	if c := check(a, "procedure"); c.Level != trace.Note || !strings.Contains(c.Message, "closed before") || a.Procedure != p || len(b.usages(p)) != 1 {
		t.Errorf("%+v", a)
	}
	if s := b.state(); s.Procedure != nil {
		t.Error("the desk has taken it up again")
	}
}

func TestScanIntoAWithdrawnProcedureIsLinkedToNobody(t *testing.T) {
	b := newBench(t)
	p := b.begin(adaBand)
	c := command.Correct{Meta: command.Meta{ID: trace.NewEventID()}, Procedure: p, Withdraw: true, Reason: "opened for the wrong patient"}
	if err := b.recorder.Correct(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	a := b.take(trace.NewEventID(), reading(headText), p)
	b.says(a, trace.Warn, "the procedure was withdrawn")
	b.take(trace.NewEventID(), reading(bobBand), p)
	b.take(trace.NewEventID(), reading(badge), p)
	b.take(trace.NewEventID(), reading(room), p)
	if s := b.state(); !a.Usage.IsZero() || len(b.usages(p)) != 0 || len(b.readings()) != 5 || !s.Patient.IsZero() || len(s.People) != 0 || s.Place != (trace.Place{}) {
		t.Errorf("%+v, %+v", a, s)
	}
}

func TestScanIntoAProcedureNobodyKnowsIsAnError(t *testing.T) {
	b := newBench(t)
	_, err := b.desk.Take(t.Context(), trace.NewEventID(), reading(headText), trace.NewID[trace.OfProcedure]())
	if trace.KindOf(err) != trace.NotFound || len(b.readings()) != 0 {
		t.Errorf("%v", err)
	}
}

func TestRepeatedReadingHasTheSameAnswer(t *testing.T) {
	b := newBench(t)
	p := b.begin(adaBand)
	for _, text := range []string{headText, badge, room, adaBand, bobBand, "hello"} {
		id := trace.NewEventID()
		first := b.take(id, reading(text), trace.ProcedureID{})
		before, shown := len(b.entries()), len(b.state().Recent)
		again := b.take(id, reading(text), trace.ProcedureID{})
		if !again.Repeated || first.Repeated {
			t.Errorf("%q: repeated %v, then %v", text, first.Repeated, again.Repeated)
		}
		again.Repeated = false
		if fmt.Sprintf("%+v", again.Verdict) != fmt.Sprintf("%+v", first.Verdict) || again.Usage != first.Usage || again.Patient != first.Patient || !again.At.Equal(first.At) {
			t.Errorf("%q: %+v, then %+v", text, first, again)
		}
		if len(b.entries()) != before || len(b.state().Recent) != shown {
			t.Errorf("%q: the repeat left something", text)
		}
		// The same id for something else.
		for _, r := range []scanner.Reading{reading(text + "1"), {Text: text, Source: scanner.SourceTyped}} {
			if _, err := b.desk.Take(t.Context(), id, r, trace.ProcedureID{}); trace.KindOf(err) != trace.Conflict {
				t.Errorf("%q: %v", text, err)
			}
		}
		if _, err := b.desk.Take(t.Context(), id, reading(text), p); trace.KindOf(err) != trace.Conflict {
			t.Errorf("%q into a procedure: %v", text, err)
		}
	}
	if _, err := b.desk.Take(t.Context(), trace.EventID(p), reading(headText), trace.ProcedureID{}); trace.KindOf(err) != trace.Conflict {
		t.Errorf("the id of a procedure: %v", err)
	}
	if _, err := b.desk.Take(t.Context(), trace.EventID{}, reading(headText), trace.ProcedureID{}); trace.KindOf(err) != trace.Invalid {
		t.Errorf("no id: %v", err)
	}
}

// A reading that landed though the store could not say so counts when it is
// sent again, as if it had been answered.
func TestReadingOfUnknownOutcomeCountsWhenItIsRepeated(t *testing.T) {
	b := newBench(t)
	b.scan(adaBand)
	unknown := trace.Errorf(trace.OutcomeUnknown, "The disk did not answer.")
	b.store.with(unknown, true)
	id := trace.NewEventID()
	if _, err := b.desk.Take(t.Context(), id, reading(bobBand), trace.ProcedureID{}); trace.KindOf(err) != trace.OutcomeUnknown {
		t.Fatal(err)
	}
	b.store.with(nil, false)
	a := b.take(id, reading(bobBand), trace.ProcedureID{})
	s := b.state()
	if !a.Repeated || s.Patient != a.Patient || len(s.Recent) != 2 || s.Recent[0].Reading != id {
		t.Errorf("the desk still shows the patient before: %+v", s)
	}
	b.take(id, reading(bobBand), trace.ProcedureID{})
	if len(b.state().Recent) != 2 {
		t.Error("it is shown twice")
	}
	// A wristband that was read since is the later word.
	b.store.with(unknown, true)
	id = trace.NewEventID()
	if _, err := b.desk.Take(t.Context(), id, reading(bobBand), trace.ProcedureID{}); err == nil {
		t.Fatal("no error")
	}
	b.store.with(nil, false)
	later := b.scan(adaBand)
	b.take(id, reading(bobBand), trace.ProcedureID{})
	if s := b.state(); s.Patient != later.Patient {
		t.Error("an earlier wristband has taken the place of a later one")
	}
	// And what was let go of stays so.
	b.store.with(unknown, true)
	id = trace.NewEventID()
	if _, err := b.desk.Take(t.Context(), id, reading(bobBand), trace.ProcedureID{}); err == nil {
		t.Fatal("no error")
	}
	b.store.with(nil, false)
	b.desk.Forget()
	b.take(id, reading(bobBand), trace.ProcedureID{})
	if s := b.state(); !s.Patient.IsZero() || len(s.Recent) != 0 {
		t.Errorf("%+v", s)
	}
}

func picture(format, symbology, text string) scanner.Reading {
	return scanner.Reading{Text: text, Symbology: symbology, Format: format, Source: scanner.SourcePicture}
}

func TestPicture(t *testing.T) {
	matrix := picture("DataMatrix", "]d2", headText)
	linear := picture("Code128", "]C1", "010952014000101517310630"+"10A1\x1d21SN-0042")
	stem := picture("DataMatrix", "]d2", stemText)
	for _, c := range []struct {
		name            string
		symbols         []scanner.Reading
		answers, usages int
	}{
		{"two symbols of one device", []scanner.Reading{matrix, linear}, 2, 1},
		{"two symbols of one device without a serial number", []scanner.Reading{stem, picture("Code128", "]C1", stemText)}, 2, 1},
		{"two devices", []scanner.Reading{matrix, stem}, 2, 2},
		{"two devices and a second symbol of the first", []scanner.Reading{matrix, stem, linear}, 3, 2},
		{"a device and something else", []scanner.Reading{matrix, picture("QRCode", "]Q3", "https://example.com")}, 2, 1},
		{"no symbol", nil, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			p := b.begin(adaBand)
			id := trace.NewEventID()
			as, err := b.desk.TakePicture(t.Context(), id, c.symbols, trace.ProcedureID{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(as) != c.answers || len(b.usages(p)) != c.usages || as[0].Reading != id {
				t.Fatalf("%d answers, %d usages: %+v", len(as), len(b.usages(p)), as)
			}
			carriers := 0
			for _, u := range b.usages(p) {
				carriers += len(u.Carriers)
			}
			devices := 0
			for _, a := range as {
				if a.Means == udi.KindDevice {
					devices++
				}
				if check(a, "twice").Level != "" || strings.Contains(check(a, "reuse").Message, "already") {
					t.Errorf("one picture is said to be two scans: %+v", a.Verdict)
				}
			}
			if carriers != devices {
				t.Errorf("%d carriers of %d symbols", carriers, devices)
			}
			if c.symbols == nil {
				b.says(as[0], trace.Warn, "not understood")
				if as[0].Shown != "a picture without a readable code" || !strings.Contains(as[0].Verdict.Checks[0].Message, "again") {
					t.Errorf("%+v", as[0])
				}
			}
			before := len(b.entries())
			again, err := b.desk.TakePicture(t.Context(), id, c.symbols, trace.ProcedureID{}, nil)
			if err != nil || len(again) != len(as) || len(b.entries()) != before {
				t.Fatalf("again: %v, %+v", err, again)
			}
			for i := range again {
				if !again[i].Repeated || again[i].Usage != as[i].Usage {
					t.Errorf("again: %+v, first %+v", again[i], as[i])
				}
			}
		})
	}
}

func TestPictureThatFailedHalfwayGoesOnWhenItIsRepeated(t *testing.T) {
	b := newBench(t)
	p := b.begin(adaBand)
	symbols := []scanner.Reading{picture("DataMatrix", "]d2", headText), picture("Code128", "]C1", headText)}
	id := trace.NewEventID()
	first, err := b.desk.TakePicture(t.Context(), id, symbols[:1], trace.ProcedureID{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	both, err := b.desk.TakePicture(t.Context(), id, symbols, trace.ProcedureID{}, nil)
	if err != nil || len(both) != 2 || both[1].Usage != first[0].Usage || len(b.usages(p)) != 1 {
		t.Errorf("%v: %+v", err, both)
	}
}

// Many scanners and pages at once: every reading is recorded once, and the same
// piece is one usage whoever scanned it.
func TestManyAtOnce(t *testing.T) {
	b := newBench(t)
	p := b.begin(adaBand)
	const scanners, each = 8, 12
	var all sync.WaitGroup
	for s := range scanners {
		all.Go(func() {
			for i := range each {
				id := trace.NewEventID()
				for range 2 { // and every one is sent twice
					r := reading(fmt.Sprintf("0109520140001015173106301"+"0A1\x1d21SN%d", i))
					r.Scanner = fmt.Sprint("scanner ", s)
					if _, err := b.desk.Take(t.Context(), id, r, trace.ProcedureID{}); err != nil {
						t.Error(err)
					}
				}
				if _, err := b.desk.State(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if got := len(b.usages(p)); got != each {
		t.Errorf("%d usages of %d pieces", got, each)
	}
	if got := len(b.readings()); got != 1+scanners*each {
		t.Errorf("%d readings", got)
	}
	if s := b.state(); len(s.Recent) != 30 {
		t.Errorf("%d answers on the page", len(s.Recent))
	}
}
