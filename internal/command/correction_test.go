package command_test

import (
	"strings"
	"testing"
	"time"

	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

func (s *site) correct(c command.Correct) {
	s.Helper()
	c.Meta = meta()
	if c.Reason == "" {
		c.Reason = "Okonkwo said so"
	}
	s.ok(s.Correct(ctx, c))
}

func (s *site) wrong(kind trace.ErrorKind, words string, c command.Correct) {
	s.Helper()
	c.Meta = meta()
	if c.Reason == "" {
		c.Reason = "r"
	}
	s.refused(kind, words, func() error { return s.Correct(ctx, c) })
}

func TestACorrectionThatMakesNoSenseIsRefused(t *testing.T) {
	s := newSite(t)
	p := s.openFor(ada)
	u, who := s.use(p, inDate), s.procedure(p).Patient
	s.refused(trace.Invalid, "wants a reason", func() error {
		return s.Correct(ctx, command.Correct{Meta: meta(), Usage: u, Set: command.Set{Lot: "L"}, Reason: " \n"})
	})
	s.wrong(trace.Invalid, "the note is longer", command.Correct{Usage: u, Set: command.Set{Lot: "L"}, Reason: strings.Repeat("Okonkwo", 600)})
	s.wrong(trace.Invalid, "withdraw and restore at once", command.Correct{Usage: u, Withdraw: true, Restore: true})
	s.wrong(trace.Invalid, "names one patient", command.Correct{Set: command.Set{Lot: "L"}})
	s.wrong(trace.Invalid, "names one patient", command.Correct{Usage: u, Procedure: p, Set: command.Set{Lot: "L"}})
	for _, c := range []command.Correct{{Usage: u}, {Procedure: p}, {Patient: who}, {Patient: who, Set: command.Set{Family: "  "}}} {
		s.wrong(trace.Invalid, "changes nothing", c)
	}
	for _, c := range []command.Correct{{Usage: u, Set: command.Set{Family: "Zellweger"}}, {Usage: u, Set: command.Set{Maker: "M"}}, {Usage: u, Set: command.Set{Side: "left"}},
		{Procedure: p, Set: command.Set{Lot: "L"}}, {Procedure: p, Set: command.Set{NHSNumber: "9990000018"}}, {Patient: who, Set: command.Set{Lot: "L"}},
		{Patient: who, Set: command.Set{OfPatient: who}}, {Procedure: p, Set: command.Set{InProcedure: p}}, {Patient: who, Set: command.Set{Start: nine}},
		{Patient: who, Set: command.Set{People: []trace.Person{{Name: "A"}}}}, {Usage: u, Set: command.Set{Code: trace.Code{Text: "x"}}}, {Usage: u, Set: command.Set{Place: trace.Place{Name: "x"}}}} {
		s.wrong(trace.Invalid, "a field that this thing does not have", c)
	}
	for _, c := range []command.Correct{{Usage: u, Clear: []string{"di"}}, {Usage: u, Clear: []string{"family"}}, {Procedure: p, Clear: []string{"start"}}, {Patient: who, Clear: []string{"lot"}}} {
		s.wrong(trace.Invalid, "cannot be cleared here", c)
	}
	for field, c := range map[string]command.Correct{
		"lot": {Usage: u, Set: command.Set{Lot: "L"}}, "serial": {Usage: u, Set: command.Set{Serial: "S"}}, "expiry": {Usage: u, Set: command.Set{Expiry: "2029-01-01"}},
		"manufactured": {Usage: u, Set: command.Set{Manufactured: "2024-01-01"}}, "status": {Usage: u, Set: command.Set{Status: trace.Wasted}}, "location": {Usage: u, Set: command.Set{Location: "left"}},
		"code": {Procedure: p, Set: command.Set{Code: trace.Code{Text: "x"}}}, "side": {Procedure: p, Set: command.Set{Side: "left"}}, "place": {Procedure: p, Set: command.Set{Place: trace.Place{Name: "x"}}},
		"people": {Procedure: p, Set: command.Set{People: []trace.Person{{Name: "A"}}}}, "end": {Procedure: p, Set: command.Set{End: nine}}, "indication": {Procedure: p, Set: command.Set{Indication: "x"}},
		"nhs_number": {Patient: who, Set: command.Set{NHSNumber: "9990000018"}}, "local_number": {Patient: who, Set: command.Set{LocalIssuer: "RJC", LocalNumber: "1"}}, "family": {Patient: who, Set: command.Set{Family: "x"}},
		"given": {Patient: who, Set: command.Set{Given: "x"}}, "birth": {Patient: who, Set: command.Set{Birth: "1980-01-01"}},
	} {
		c.Clear = []string{field}
		s.wrong(trace.Invalid, "sets and clears", c)
	}
	s.wrong(trace.NotFound, "does not speak of this thing", command.Correct{Usage: u, Entry: trace.EventID(p), Set: command.Set{Lot: "L"}})
	for _, c := range []command.Correct{{Usage: trace.UsageID(p), Withdraw: true}, {Procedure: trace.ProcedureID(u), Withdraw: true}, {Patient: trace.PatientID(u), Withdraw: true}, {Product: di, Withdraw: true}} {
		s.wrong(trace.NotFound, "the record has no such", c)
	}
	s.wrong(trace.Invalid, "the status cannot be", command.Correct{Usage: u, Set: command.Set{Status: "used"}})
	s.wrong(trace.Invalid, "device identifier is not right", command.Correct{Usage: u, Set: command.Set{DI: "9990000018"}})
	s.wrong(trace.Invalid, "a date of the device", command.Correct{Usage: u, Set: command.Set{Expiry: "2029-02-30"}})
	s.wrong(trace.Invalid, "the location", command.Correct{Usage: u, Set: command.Set{Location: "\x00"}})
	s.wrong(trace.NotFound, "no such procedure", command.Correct{Usage: u, Set: command.Set{InProcedure: trace.ProcedureID(u)}})
	s.wrong(trace.NotFound, "no such patient", command.Correct{Procedure: p, Set: command.Set{OfPatient: trace.PatientID(u)}})
	s.wrong(trace.Invalid, "the side cannot be", command.Correct{Procedure: p, Set: command.Set{Side: "up"}})
	s.wrong(trace.Invalid, "cannot end", command.Correct{Procedure: p, Set: command.Set{End: nine.Add(-time.Hour)}})
	s.wrong(trace.Invalid, "The NHS number is not right", command.Correct{Patient: who, Set: command.Set{NHSNumber: "9990000019"}})
	s.wrong(trace.Invalid, "the ODS code", command.Correct{Patient: who, Set: command.Set{LocalNumber: "1"}})
	s.wrong(trace.Invalid, "wants the number", command.Correct{Patient: who, Set: command.Set{LocalIssuer: "RJC"}})
	s.wrong(trace.Invalid, "device identifier is not right", command.Correct{Product: "9990000018", Withdraw: true})
	late := command.Correct{Meta: meta(), Usage: u, Set: command.Set{Lot: "L"}, Reason: "r"}
	late.Occurred = time.Date(1800, 1, 1, 0, 0, 0, 0, time.UTC)
	s.refused(trace.Invalid, "the time", func() error { return s.Correct(ctx, late) })
}

func TestAUsageIsCorrected(t *testing.T) {
	s := newSite(t)
	p, q := s.openFor(ada), s.openFor(command.Who{NHSNumber: "9990000026"})
	u := s.use(p, inDate)
	c := command.Correct{Meta: meta(), Usage: u, Set: command.Set{Lot: " LOT2 ", Expiry: "2030-01-31", InProcedure: q, Location: "left"}, Clear: []string{"serial"}, Reason: "Zellweger's label"}
	s.ok(s.Correct(ctx, c))
	size := s.size()
	s.ok(s.Correct(ctx, c))
	got := s.usage(u)
	if s.size() != size || got.Device.Lot != "LOT2" || got.Device.Serial != "" || got.Device.Expiry != day("2030-01-31") || got.Device.DI != di || got.Procedure != q || got.Location != "left" || len(got.Carriers) != 1 {
		t.Errorf("%+v", got)
	}
	if h := got.History[1]; h.Corrects != trace.EventID(u) || !h.Sealed {
		t.Errorf("%+v", h)
	}
	if secret, err := s.store.Secret(ctx, got.History[1].Position); err != nil || secret.Note != "Zellweger's label" {
		t.Errorf("%+v, %v", secret, err)
	}
	c.Set.Lot = "LOT3"
	s.refused(trace.Conflict, "something else", func() error { return s.Correct(ctx, c) })
	s.correct(command.Correct{Usage: u, Entry: trace.EventID(c.ID), Set: command.Set{DI: "5060000000016", Manufactured: "2024-01-31", Serial: "S"}})
	s.correct(command.Correct{Usage: u, Set: command.Set{Status: trace.Implanted}})
	if got = s.usage(u); got.Device.DI != "05060000000016" || got.Device.Manufactured != day("2024-01-31") || got.Status != trace.Implanted || got.History[2].Corrects != trace.EventID(c.ID) {
		t.Errorf("%+v", got)
	}
	s.correct(command.Correct{Usage: u, Clear: []string{"lot", "expiry", "manufactured", "status", "location"}})
	if got = s.usage(u); got.Device.Lot+got.Location != "" || !got.Device.Expiry.IsZero() || !got.Device.Manufactured.IsZero() || got.Status != trace.Checked {
		t.Errorf("%+v", got)
	}
	s.correct(command.Correct{Usage: u, Withdraw: true})
	if got = s.usage(u); !got.Withdrawn || got.Device.Serial != "S" {
		t.Errorf("%+v", got)
	}
	s.correct(command.Correct{Usage: u, Restore: true})
	if got = s.usage(u); got.Withdrawn {
		t.Errorf("%+v", got)
	}
}

// A verdict on what a device was mistaken for must not stand.
func TestACorrectedDeviceIsJudgedAnew(t *testing.T) {
	s := newSite(t)
	p := s.openFor(ada)
	u := s.use(p, inDate)
	if v := s.usage(u); level(v, "expiry") != trace.Pass {
		t.Fatalf("%+v", v.Verdict)
	}
	s.correct(command.Correct{Usage: u, Set: command.Set{Expiry: "2026-03-01"}})
	if v := s.usage(u); level(v, "expiry") != trace.Stop {
		t.Errorf("expired, as it turns out: %+v", v.Verdict)
	}
	s.refused(trace.Invalid, "say why", func() error {
		return s.SetOutcome(ctx, command.SetOutcome{Meta: meta(), Usage: u, Status: trace.Implanted})
	})
	s.correct(command.Correct{Usage: u, Clear: []string{"expiry"}})
	if v := s.usage(u); level(v, "expiry") != trace.NotChecked {
		t.Errorf("not known any more: %+v", v.Verdict)
	}
	damaged := s.use(p, "]d201"+"07611994064585"+"17290322"+"10L\x1d21S5")
	s.correct(command.Correct{Usage: damaged, Set: command.Set{DI: di}, Clear: []string{"damaged"}})
	if v := s.usage(damaged); v.Damaged || level(v, "reading") == trace.Stop || level(v, "identity") != trace.Pass {
		t.Errorf("read out and typed: %+v", v)
	}
	// What has an outcome keeps what the screen had said before it.
	s.ok(s.SetOutcome(ctx, command.SetOutcome{Meta: meta(), Usage: damaged, Status: trace.Implanted}))
	was := s.usage(damaged).Verdict
	s.correct(command.Correct{Usage: damaged, Set: command.Set{Expiry: "2020-01-01"}})
	if v := s.usage(damaged); v.Verdict.Title != was.Title || level(v, "expiry") != level(trace.Usage{Verdict: was}, "expiry") {
		t.Errorf("%+v", v.Verdict)
	}
}

func TestACorrectionToImplantedInSpiteOfAStopIsAnOverride(t *testing.T) {
	s := newSite(t)
	u := s.use(s.openFor(ada), expired)
	s.correct(command.Correct{Usage: u, Set: command.Set{Status: trace.Implanted}})
	if v := s.usage(u); !v.Override || v.Status != trace.Implanted {
		t.Errorf("%+v", v)
	}
}

func TestAProcedureIsCorrected(t *testing.T) {
	s := newSite(t)
	p := s.openFor(ada)
	first := s.procedure(p).Patient
	other := s.register(command.Who{NHSNumber: "9990000026", Family: "Zellweger"})
	s.correct(command.Correct{Procedure: p, Set: command.Set{OfPatient: other, Code: trace.Code{Text: "Knee"}, Side: trace.SideRight, Place: trace.Place{Name: "T5"},
		People: []trace.Person{{Name: "B. Jones"}}, Start: nine.Add(-time.Hour), End: nine.Add(-time.Minute), Indication: "OA"}})
	got := s.procedure(p)
	if got.Patient != other || got.Code.Text != "Knee" || got.Code.Code != "" || got.Side != trace.SideRight || got.Place.Name != "T5" || len(got.People) != 1 || !got.Start.Equal(nine.Add(-time.Hour)) || got.Open() || got.Indication != "OA" {
		t.Errorf("%+v", got)
	}
	for id, want := range map[trace.PatientID]int{first: 0, other: 1} {
		n := 0
		for _, err := range s.store.Procedures(ctx, trace.ProcedureQuery{Patient: id}) {
			s.ok(err)
			n++
		}
		if n != want {
			t.Errorf("%d procedures of %s, want %d", n, id, want)
		}
	}
	s.wrong(trace.Invalid, "cannot end", command.Correct{Procedure: p, Set: command.Set{Start: nine}})
	s.correct(command.Correct{Procedure: p, Clear: []string{"code", "side", "place", "people", "end", "indication"}})
	if got = s.procedure(p); got.Code != (trace.Code{}) || got.Side != "" || got.Place != (trace.Place{}) || got.People != nil || !got.Open() || got.Indication != "" || got.Patient != other {
		t.Errorf("%+v", got)
	}
	s.correct(command.Correct{Procedure: p, Set: command.Set{Side: trace.SideNone}}) // one without a code can be put right too
	s.correct(command.Correct{Patient: other, Withdraw: true})
	s.wrong(trace.Conflict, "withdrawn", command.Correct{Procedure: p, Set: command.Set{OfPatient: other}})
}

func TestAPatientIsCorrected(t *testing.T) {
	s := newSite(t)
	p := s.register(ada)
	s.correct(command.Correct{Patient: p, Set: command.Set{Family: "Zellweger", Birth: "1980-02-28"}})
	if got := s.patient(p); got.Family != "Zellweger" || got.Birth != "1980-02-28" || got.NHSNumber != "9990000018" || got.LocalNumber != "949724" {
		t.Errorf("%+v", got)
	}
	found := func(w command.Who) int {
		t.Helper()
		ids, err := s.Search(ctx, w)
		s.ok(err)
		return len(ids)
	}
	nhs, local := command.Who{NHSNumber: "9990000018"}, command.Who{LocalIssuer: "RJC", LocalNumber: "949724"}
	if found(nhs) != 1 || found(local) != 1 {
		t.Error("a corrected name made the patient's numbers unknown")
	}
	s.correct(command.Correct{Patient: p, Set: command.Set{NHSNumber: "9990000026", LocalIssuer: "RJC", LocalNumber: "2"}})
	if found(nhs) != 0 || found(local) != 0 || found(command.Who{NHSNumber: "9990000026"}) != 1 || found(command.Who{LocalIssuer: "RJC", LocalNumber: "2"}) != 1 {
		t.Error("found by the wrong numbers, or not by the right ones")
	}
	s.correct(command.Correct{Patient: p, Clear: []string{"nhs_number", "local_number", "family", "given", "birth"}})
	if got := s.patient(p); got != (trace.Identity{}) || found(command.Who{NHSNumber: "9990000026"}) != 0 || found(command.Who{LocalIssuer: "RJC", LocalNumber: "2"}) != 0 {
		t.Errorf("%+v", got)
	}
}

// Where no entry is named, the local number that is put right is the last of
// the same hospital.
func TestACorrectedLocalNumberTakesTheWrongOneAway(t *testing.T) {
	s := newSite(t)
	p := s.register(command.Who{NHSNumber: "9990000018", LocalIssuer: "RXX", LocalNumber: "1"})
	for _, n := range []string{"2", "3"} {
		if f, err := s.RegisterPatient(ctx, command.RegisterPatient{Meta: meta(), Who: command.Who{NHSNumber: "9990000018", LocalIssuer: map[string]string{"2": "RJC", "3": "RYY"}[n], LocalNumber: n}}); err != nil || f.Patient != p {
			t.Fatal(f, err)
		}
	}
	s.correct(command.Correct{Patient: p, Set: command.Set{LocalIssuer: "RJC", LocalNumber: "949724"}})
	for want, numbers := range map[int][]command.Who{
		1: {{LocalIssuer: "RXX", LocalNumber: "1"}, {LocalIssuer: "RYY", LocalNumber: "3"}, {LocalIssuer: "RJC", LocalNumber: "949724"}}, 0: {{LocalIssuer: "RJC", LocalNumber: "2"}},
	} {
		for _, w := range numbers {
			if ids, err := s.Search(ctx, w); err != nil || len(ids) != want {
				t.Errorf("%s %s: found %d, want %d, %v", w.LocalIssuer, w.LocalNumber, len(ids), want, err)
			}
		}
	}
}

func TestANumberOfAnotherPatientIsNotGiven(t *testing.T) {
	s := newSite(t)
	s.register(ada)
	p := s.register(command.Who{NHSNumber: "9990000026"})
	s.wrong(trace.Conflict, "Another patient has this NHS number", command.Correct{Patient: p, Set: command.Set{NHSNumber: "9990000018"}})
	s.wrong(trace.Conflict, "Another patient has this local number", command.Correct{Patient: p, Set: command.Set{LocalIssuer: "RJC", LocalNumber: "949724"}})
	if got := s.patient(p); got != (trace.Identity{NHSNumber: "9990000026"}) {
		t.Errorf("%+v", got)
	}
}

func TestProducts(t *testing.T) {
	s := newSite(t)
	c := command.RecordProduct{Meta: meta(), DI: "7611994064584", Maker: "M", MakerAddress: "A", Brand: "B", CatalogueNo: "C", Description: "D"}
	for range 2 {
		if got, err := s.RecordProduct(ctx, c); err != nil || got != di {
			t.Fatal(got, err)
		}
	}
	if s.size() != 2 {
		t.Errorf("%d entries", s.size())
	}
	product := func() trace.Product {
		t.Helper()
		p, err := s.store.Product(ctx, di)
		s.ok(err)
		p.History, p.Provenance = nil, ""
		return p
	}
	want := trace.Product{DI: di, Maker: "M", MakerAddress: "A", Brand: "B", CatalogueNo: "C", Description: "D"}
	if got := product(); got.DI != want.DI || got.Maker != "M" || got.MakerAddress != "A" || got.Brand != "B" || got.CatalogueNo != "C" || got.Description != "D" {
		t.Errorf("%+v", got)
	}
	record := func(c command.RecordProduct) func() error {
		return func() error { _, err := s.RecordProduct(ctx, c); return err }
	}
	c.Maker = "N"
	s.refused(trace.Conflict, "something else", record(c))
	s.refused(trace.Invalid, "Say something of the product", record(command.RecordProduct{Meta: meta(), DI: di}))
	s.refused(trace.Invalid, "device identifier is not right", record(command.RecordProduct{Meta: meta(), DI: "9990000018", Maker: "M"}))
	s.refused(trace.Invalid, "the brand has a character", record(command.RecordProduct{Meta: meta(), DI: di, Brand: "B\x00"}))
	s.refused(trace.Invalid, "wants an id", record(command.RecordProduct{DI: di, Brand: "B"}))
	late := command.RecordProduct{Meta: meta(), DI: di, Brand: "B"}
	late.Occurred = nine.AddDate(1, 0, 0)
	s.refused(trace.Invalid, "the time", record(late))
	s.correct(command.Correct{Product: " (01)07611994064584", Set: command.Set{Maker: "N"}, Clear: []string{"brand"}})
	if got := product(); got.Maker != "N" || got.Brand != "" || got.Description != "D" {
		t.Errorf("%+v", got)
	}
	s.correct(command.Correct{Product: di, Clear: []string{"maker", "maker_address", "catalogue_no", "description"}, Withdraw: true})
	if got := product(); got.Maker+got.MakerAddress+got.CatalogueNo+got.Description != "" || !got.Withdrawn {
		t.Errorf("%+v", got)
	}
	for field, set := range map[string]command.Set{"maker": {Maker: "x"}, "maker_address": {MakerAddress: "x"}, "brand": {Brand: "x"}, "catalogue_no": {CatalogueNo: "x"}, "description": {Description: "x"}} {
		s.wrong(trace.Invalid, "sets and clears", command.Correct{Product: di, Set: set, Clear: []string{field}})
	}
	s.wrong(trace.Invalid, "the maker is longer", command.Correct{Product: di, Set: command.Set{Maker: strings.Repeat("M", 201)}})
	s.wrong(trace.Invalid, "a field that this thing does not have", command.Correct{Product: di, Set: command.Set{Lot: "L"}})
}

func TestApproval(t *testing.T) {
	s := newSite(t)
	c := command.Approve{Meta: meta(), Approved: true, Officer: " Dr B. Brown ", Role: "CSO", Site: "S", Statement: "T"}
	s.ok(s.Approve(ctx, c))
	s.ok(s.Approve(ctx, c))
	a, err := s.store.Approval(ctx)
	if err != nil || s.size() != 2 || !a.Approved || a.Officer != "Dr B. Brown" || a.Statement != "T" {
		t.Errorf("%+v, %v", a, err)
	}
	c.Approved = false
	s.refused(trace.Conflict, "something else", func() error { return s.Approve(ctx, c) })
	s.refused(trace.Invalid, "officer's name", func() error { return s.Approve(ctx, command.Approve{Meta: meta(), Officer: "  "}) })
	s.refused(trace.Invalid, "the statement is longer", func() error {
		return s.Approve(ctx, command.Approve{Meta: meta(), Officer: "B", Statement: strings.Repeat("x", 201)})
	})
	c.Meta = meta()
	c.Occurred = nine.AddDate(1, 0, 0)
	s.refused(trace.Invalid, "the time", func() error { return s.Approve(ctx, c) })
	c.Occurred = time.Time{}
	s.ok(s.Approve(ctx, c))
	if a, err := s.store.Approval(ctx); err != nil || a.Approved {
		t.Errorf("taken back: %+v, %v", a, err)
	}
}

// Join never loses a value and never changes one.
func TestJoinIsTheSameFromEitherSide(t *testing.T) {
	parts := []udi.Device{{}, {Agency: "GS1", DI: di}, {Lot: "L", Expiry: day("2029-03-22")}, {Lot: "M"}, {Serial: "S", Quantity: "1"}, {Agency: "GS1", DI: di, Serial: "T", Variant: "05", CatalogueNo: "C"},
		{Manufactured: day("2024-01-31"), BestBefore: day("2028-01-31")}, {Expiry: day("2030-03-22")}}
	for _, a := range parts {
		for _, b := range parts {
			ab, err1 := command.Join(a, b)
			ba, err2 := command.Join(b, a)
			if (err1 == nil) != (err2 == nil) || err1 == nil && ab != ba {
				t.Errorf("%+v and %+v: %+v, %v; %+v, %v", a, b, ab, err1, ba, err2)
			}
			if err1 == nil {
				if again, err := command.Join(ab, a); err != nil || again != ab {
					t.Errorf("joined again: %+v, %v", again, err)
				}
			}
		}
	}
}
