package command_test

import (
	"strings"
	"testing"
	"time"

	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

func using(p trace.ProcedureID, texts ...string) command.RecordUsage {
	c := command.RecordUsage{Meta: meta(), Procedure: p}
	for _, text := range texts {
		c.Carriers = append(c.Carriers, trace.Carrier{Text: text, Source: "serial"})
	}
	return c
}

func TestAUsageIsWhatItsCarriersSay(t *testing.T) {
	s := newSite(t)
	p := s.openFor(ada)
	for name, c := range map[string]struct {
		carriers []string
		typed    udi.Device
		want     udi.Device
		damaged  bool
	}{
		"one code":                               {[]string{inDate}, udi.Device{}, udi.Device{Agency: "GS1", DI: di, Lot: "LOT1", Serial: "SERIAL1", Expiry: day("2029-03-22")}, false},
		"two codes of one pack":                  {[]string{"]C101" + di, "]C117290322" + "10LOT2"}, udi.Device{}, udi.Device{Agency: "GS1", DI: di, Lot: "LOT2", Expiry: day("2029-03-22")}, false},
		"a code and what was typed":              {[]string{"]C101" + di}, udi.Device{Lot: " LOT3 ", Serial: "S3", Expiry: udi.Date{Day: "2029-03-22"}}, udi.Device{Agency: "GS1", DI: di, Lot: "LOT3", Serial: "S3", Expiry: day("2029-03-22")}, false},
		"both say the same":                      {[]string{inDate}, udi.Device{DI: "7611994064584", Lot: "LOT1"}, udi.Device{Agency: "GS1", DI: di, Lot: "LOT1", Serial: "SERIAL1", Expiry: day("2029-03-22")}, false},
		"typed only":                             {nil, udi.Device{DI: di, Lot: "L", Quantity: "2", Variant: "05", CatalogueNo: "C"}, udi.Device{Agency: "GS1", DI: di, Lot: "L", Quantity: "2", Variant: "05", CatalogueNo: "C"}, false},
		"a month that was typed is its end":      {nil, udi.Device{DI: di, Expiry: udi.Date{Day: "2029-02-01", Precision: udi.PrecisionMonth}}, udi.Device{Agency: "GS1", DI: di, Expiry: udi.Date{Day: "2029-02-28", Precision: udi.PrecisionMonth}}, false},
		"an agency that was typed means nothing": {nil, udi.Device{Agency: "HIBCC", Lot: "L"}, udi.Device{Lot: "L"}, false},
		"damaged":                                {[]string{"]d20107611994064585" + "10LOT1"}, udi.Device{}, udi.Device{Agency: "GS1", Lot: "LOT1"}, true},
		"a code that is not understood":          {[]string{"REF 4711"}, udi.Device{Lot: "10X3"}, udi.Device{Lot: "10X3"}, true},
		"HIBC": {[]string{"+A99912345/$$52901510X3/S77DEFG45W"}, udi.Device{}, udi.Device{Agency: "HIBCC", DI: "A99912345", Lot: "10X3", Serial: "77DEFG45",
			Expiry: udi.Date{Day: "2029-01-15", Precision: udi.PrecisionDay}}, false},
		"no text at all": {[]string{"\x00\xff\xfe"}, udi.Device{}, udi.Device{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			q := using(p, c.carriers...)
			q.Device = c.typed
			id, err := s.RecordUsage(ctx, q)
			if err != nil || id != trace.UsageID(q.ID) {
				t.Fatal(id, err)
			}
			u := s.usage(id)
			if u.Device != c.want || u.Damaged != c.damaged || u.Status != trace.Checked || u.Procedure != p || len(u.Carriers) != len(c.carriers) || u.Provenance != trace.Scanned {
				t.Errorf("%+v", u)
			}
			for i, text := range c.carriers {
				if u.Carriers[i].Text != text {
					t.Errorf("carrier %q is kept as %q", text, u.Carriers[i].Text)
				}
			}
			if c.damaged != (level(u, "reading") == trace.Stop) {
				t.Errorf("reading: %+v", u.Verdict)
			}
		})
	}
}

func TestARepeatedUsageIsOne(t *testing.T) {
	s := newSite(t)
	p := s.openFor(ada)
	c := using(p, inDate)
	id, err := s.RecordUsage(ctx, c)
	s.ok(err)
	size := s.size()
	s.now = nine.AddDate(5, 0, 0) // by now it has expired; the answer stays
	if again, err := s.RecordUsage(ctx, c); err != nil || again != id || s.size() != size {
		t.Errorf("%s, %v", again, err)
	}
	c.Location = "left"
	s.refused(trace.Conflict, "something else", func() error { _, err := s.RecordUsage(ctx, c); return err })
}

func TestAUsageThatCannotBeIsRefused(t *testing.T) {
	s := newSite(t)
	p := s.openFor(ada)
	typed := func(d udi.Device) func(*command.RecordUsage) {
		return func(c *command.RecordUsage) { c.Carriers, c.Device = nil, d }
	}
	for words, change := range map[string]func(*command.RecordUsage){
		"the status cannot be":            func(c *command.RecordUsage) { c.Status = "used" },
		"wants the text of its barcode":   typed(udi.Device{}),
		"the lot is longer":               typed(udi.Device{Lot: strings.Repeat("L", 201)}),
		"the serial number has a charact": typed(udi.Device{Serial: "S\x1d1"}),
		"the lot has a character":         typed(udi.Device{Lot: "LOT\u200b1"}),
		"the catalogue number is longer":  typed(udi.Device{CatalogueNo: strings.Repeat("C", 201)}),
		"the location is not valid UTF-8": func(c *command.RecordUsage) { c.Location = "\xff" },
		"the note is longer":              func(c *command.RecordUsage) { c.Note, c.Reason = strings.Repeat("n", 3000), strings.Repeat("r", 1000) },
		"the time (1":                     func(c *command.RecordUsage) { c.Occurred = time.Date(1066, 10, 14, 0, 0, 0, 0, time.UTC) },
		"device identifier is not right":  typed(udi.Device{DI: "9990000018"}),
		"a date of the device is not":     typed(udi.Device{DI: di, Expiry: udi.Date{Day: "22.03.2029"}}),
		"the precision of a date is":      typed(udi.Device{DI: di, Expiry: udi.Date{Day: "2029-03-22", Precision: "year"}}),
		"no device's code but a patient":  func(c *command.RecordUsage) { c.Carriers[0].Text = "8018505089899900000183" },
		"no device's code but a staff":    func(c *command.RecordUsage) { c.Carriers[0].Text = "8017505089800000000126" },
		"no device's code but a place":    func(c *command.RecordUsage) { c.Carriers[0].Text = "4145050898000007" },
		"21 barcodes are too many":        func(c *command.RecordUsage) { c.Carriers = make([]trace.Carrier, 21) },
		"longer than any barcode":         func(c *command.RecordUsage) { c.Carriers[0].Text = strings.Repeat("9", 8192) },
		"barcode's symbology is longer":   func(c *command.RecordUsage) { c.Carriers[0].Symbology = strings.Repeat("]", 201) },
	} {
		c := using(p, inDate)
		change(&c)
		words := strings.TrimPrefix(strings.ToLower(words), "the precision")
		s.refused(trace.Invalid, "", func() error {
			_, err := s.RecordUsage(ctx, c)
			if err != nil && !strings.Contains(strings.ToLower(err.Error()), words) {
				t.Errorf("%v, want %q", err, words)
			}
			return err
		})
	}
	c := using(trace.ProcedureID(trace.NewEventID()), inDate)
	s.refused(trace.NotFound, "no such procedure", func() error { _, err := s.RecordUsage(ctx, c); return err })
}

// A pack whose codes say different things is nobody's to choose in silence.
func TestCarriersThatDisagreeAreNotJoined(t *testing.T) {
	s := newSite(t)
	p := s.openFor(ada)
	for what, c := range map[string]struct{ a, b string }{
		"device identifier": {"]C101" + di, "]C10105060000000016"}, "lot": {"]C10110", ""}, "serial number": {"]C121A", "]C121B"},
		"expiry": {"]C101" + di + "17290322", "]C11724032210L"}, "date of manufacture": {"]C111240101", "]C111240102" + "10L"},
		"best-before date": {"]C10107611994064584" + "15290322", "]C115290323" + "10L"}, "variant": {"]C10107611994064584" + "2001", "]C120021" + "0L"},
		"quantity": {"]C101" + di + "301", "]C1302"}, "catalogue number": {"]C101" + di + "240A", "]C1240B"},
	} {
		if what == "lot" {
			c.a, c.b = "]C10107611994064584"+"10A", "]C110a"
		}
		s.refused(trace.Conflict, "The codes disagree on the "+what+": ", func() error {
			_, err := s.RecordUsage(ctx, using(p, c.a, c.b))
			return err
		})
	}
	q := using(p, inDate)
	q.Device.Lot = "LOT2"
	s.refused(trace.Conflict, `"LOT1" and "LOT2"`, func() error { _, err := s.RecordUsage(ctx, q); return err })
}

func TestImplantingInSpiteOfAStopWantsAReason(t *testing.T) {
	s := newSite(t)
	p := s.openFor(ada)
	c := using(p, expired)
	c.Status = trace.Implanted
	for _, reason := range []string{"", "  \n "} {
		c.Reason = reason
		s.refused(trace.Invalid, "say why it was used all the same", func() error { _, err := s.RecordUsage(ctx, c); return err })
	}
	c.Reason = "Ottoline had no other"
	id, err := s.RecordUsage(ctx, c)
	s.ok(err)
	u := s.usage(id)
	if !u.Override || u.Status != trace.Implanted || u.Verdict.Level != trace.Stop || !u.History[0].Sealed {
		t.Errorf("%+v", u)
	}
	if secret, err := s.store.Secret(ctx, u.History[0].Position); err != nil || secret.Note != "Ottoline had no other" {
		t.Errorf("%+v, %v", secret, err)
	}
	// Recording that it was scanned, opened or thrown away is never stopped.
	for _, status := range []trace.Status{"", trace.Checked, trace.Opened, trace.NotUsed, trace.Wasted, trace.Returned} {
		c := using(p, strings.Replace(expired, "SERIAL1", "X"+string(status), 1))
		c.Status = status
		id, err := s.RecordUsage(ctx, c)
		s.ok(err)
		if u := s.usage(id); u.Override || u.Verdict.Level != trace.Stop {
			t.Errorf("%s: %+v", status, u)
		}
	}
	// History that comes in is told, not judged; the override is marked.
	told := using(p, strings.Replace(expired, "SERIAL1", "OLD", 1))
	told.Status, told.Provenance = trace.Implanted, trace.Imported
	id, err = s.RecordUsage(ctx, told)
	s.ok(err)
	if u := s.usage(id); !u.Override || u.Provenance != trace.Imported {
		t.Errorf("%+v", u)
	}
}

func TestADeviceIsJudgedAsOfTheTimeItWasUsed(t *testing.T) {
	s := newSite(t)
	c := opening()
	c.Start, c.End = nine.AddDate(0, 0, -3), nine.AddDate(0, 0, -3).Add(time.Hour)
	p, err := s.OpenProcedure(ctx, c)
	s.ok(err)
	id := s.use(p, expired) // it expired the day before yesterday's tomorrow: on 1 March
	if u := s.usage(id); level(u, "expiry") != trace.Pass {
		t.Errorf("recorded late: %+v", u.Verdict)
	}
	open := s.openFor(ada)
	q := using(open, strings.Replace(expired, "SERIAL1", "S2", 1))
	q.Occurred = time.Date(2026, 3, 1, 23, 0, 0, 0, time.UTC)
	id, err = s.RecordUsage(ctx, q)
	s.ok(err)
	if u := s.usage(id); level(u, "expiry") != trace.Pass || level(u, "expires-today") != trace.Warn {
		t.Errorf("used on its last day: %+v", u.Verdict)
	}
	if u := s.usage(s.use(open, strings.Replace(expired, "SERIAL1", "S3", 1))); level(u, "expiry") != trace.Stop {
		t.Errorf("used now: %+v", u.Verdict)
	}
}

func TestTheDayIsThatOfTheSite(t *testing.T) {
	s := newSite(t)
	london, err := time.LoadLocation("Europe/London")
	s.ok(err)
	s.now = time.Date(2026, 7, 1, 23, 30, 0, 0, time.UTC) // half past midnight of the second, there
	p := s.openFor(ada)
	text := "]d201" + di + "17260701" + "10L"
	if u := s.usage(s.use(p, text)); level(u, "expires-today") != trace.Warn {
		t.Errorf("in UTC: %+v", u.Verdict)
	}
	s.Location = london
	if u := s.usage(s.use(p, text)); level(u, "expiry") != trace.Stop {
		t.Errorf("in London: %+v", u.Verdict)
	}
	if s.Zone() != london {
		t.Error(s.Zone())
	}
}

func TestAPieceUsedBeforeIsStopped(t *testing.T) {
	s := newSite(t)
	p, q := s.openFor(ada), s.openFor(command.Who{NHSNumber: "9990000026"})
	first := s.use(p, inDate)
	if u := s.usage(first); level(u, "reuse") != trace.Pass {
		t.Errorf("the first time: %+v", u.Verdict)
	}
	if u := s.usage(s.use(p, inDate)); level(u, "scanned-before") != trace.Warn {
		t.Errorf("twice in one procedure: %+v", u.Verdict)
	}
	s.ok(s.SetOutcome(ctx, command.SetOutcome{Meta: meta(), Usage: first, Status: trace.Implanted, Override: "label-compared"}))
	if u := s.usage(s.use(q, inDate)); level(u, "reuse") != trace.Stop {
		t.Errorf("implanted in another: %+v", u.Verdict)
	}
	// A writing variant of the serial is another piece.
	if u := s.usage(s.use(q, strings.Replace(inDate, "SERIAL1", "serial1", 1))); level(u, "reuse") != trace.Pass {
		t.Errorf("another serial: %+v", u.Verdict)
	}
	_, err := s.RecordProduct(ctx, command.RecordProduct{Meta: meta(), DI: di, Maker: "M"})
	s.ok(err)
	if u := s.usage(s.use(q, strings.Replace(inDate, "SERIAL1", "S9", 1))); level(u, "product") != trace.Pass {
		t.Errorf("a product that is known: %+v", u.Verdict)
	}
}

func TestOutcomes(t *testing.T) {
	s := newSite(t)
	p := s.openFor(ada)
	u, bad := s.use(p, inDate), s.use(p, expired)
	set := func(c command.SetOutcome) func() error { return func() error { return s.SetOutcome(ctx, c) } }
	c := command.SetOutcome{Meta: meta(), Usage: u, Status: trace.Implanted, Location: "left hip"}
	s.refused(trace.Invalid, "A check warns (This piece was scanned in this procedure already.)", set(c))
	c.Override = "too lazy"
	s.refused(trace.Invalid, "the reason cannot be", set(c))
	c.Override = "label-compared"
	s.ok(s.SetOutcome(ctx, c))
	size := s.size()
	s.ok(s.SetOutcome(ctx, c))
	if got := s.usage(u); s.size() != size || got.Status != trace.Implanted || got.Location != "left hip" || !got.Override || len(got.Overridden) != 1 || got.Overridden[0] != (trace.Overridden{Rule: "scanned-before", Level: trace.Warn, Reason: "label-compared"}) || len(got.History) != 2 || got.History[1].Status != trace.Implanted {
		t.Errorf("%+v", got)
	}
	c.Location = "right hip"
	s.refused(trace.Conflict, "something else", set(c))
	s.refused(trace.Invalid, "the outcome cannot be", set(command.SetOutcome{Meta: meta(), Usage: u}))
	s.refused(trace.Invalid, "the location", set(command.SetOutcome{Meta: meta(), Usage: u, Status: trace.Wasted, Location: "\x00"}))
	s.refused(trace.Invalid, "the note", set(command.SetOutcome{Meta: meta(), Usage: u, Status: trace.Wasted, Reason: strings.Repeat("Okonkwo", 1000)}))
	future := command.SetOutcome{Meta: meta(), Usage: u, Status: trace.Wasted}
	future.Occurred = nine.AddDate(0, 0, 2)
	s.refused(trace.Invalid, "the time", set(future))
	s.refused(trace.NotFound, "no such usage", set(command.SetOutcome{Meta: meta(), Usage: trace.UsageID(trace.NewEventID()), Status: trace.Wasted}))
	for _, reason := range []string{"", " "} {
		s.refused(trace.Invalid, "say why", set(command.SetOutcome{Meta: meta(), Usage: bad, Status: trace.Implanted, Reason: reason}))
	}
	s.ok(s.SetOutcome(ctx, command.SetOutcome{Meta: meta(), Usage: bad, Status: trace.Implanted, Reason: "Zellweger said so"}))
	if got := s.usage(bad); !got.Override || got.Status != trace.Implanted {
		t.Errorf("%+v", got)
	}
	s.ok(s.Correct(ctx, command.Correct{Meta: meta(), Usage: bad, Withdraw: true, Reason: "twice"}))
	s.refused(trace.Conflict, "withdrawn", set(command.SetOutcome{Meta: meta(), Usage: bad, Status: trace.Wasted}))
}

func TestTwoCarriersScannedApartAreJoined(t *testing.T) {
	s := newSite(t)
	p := s.openFor(ada)
	a, b := s.use(p, "]C101"+di), s.use(p, "]C117290322"+"10LOT1\x1d21SERIAL1")
	c := command.JoinUsages{Meta: meta(), Usage: a, Other: b}
	s.ok(s.JoinUsages(ctx, c))
	size := s.size()
	s.ok(s.JoinUsages(ctx, c))
	u, o := s.usage(a), s.usage(b)
	want := udi.Device{Agency: "GS1", DI: di, Lot: "LOT1", Serial: "SERIAL1", Expiry: day("2029-03-22")}
	if s.size() != size || u.Device != want || u.Withdrawn || len(u.Carriers) != 2 || !o.Withdrawn || o.Procedure != p {
		t.Errorf("%+v\n%+v", u, o)
	}
	if level(u, "identity") != trace.Pass || level(u, "expiry") != trace.Pass || level(u, "reuse") != trace.Pass {
		t.Errorf("not judged anew: %+v", u.Verdict)
	}
	s.refused(trace.Conflict, "withdrawn already", func() error { return s.JoinUsages(ctx, command.JoinUsages{Meta: meta(), Usage: a, Other: b}) })
}

func TestTwoCompleteCodesOfOnePackAreNoReuse(t *testing.T) {
	s := newSite(t)
	p := s.openFor(ada)
	a, b := s.use(p, inDate), s.use(p, strings.Replace(inDate, "]d2", "]C1", 1))
	s.ok(s.JoinUsages(ctx, command.JoinUsages{Meta: meta(), Usage: a, Other: b}))
	if u := s.usage(a); level(u, "reuse") != trace.Pass {
		t.Errorf("the pack is held against itself: %+v", u.Verdict)
	}
}

func TestWhatAJoinKeeps(t *testing.T) {
	s := newSite(t)
	p := s.openFor(ada)
	a := s.use(p, "]C101"+di)
	q := using(p, "]d20107611994064585"+"17260301"+"10LOT1") // damaged, expired
	q.Status, q.Reason, q.Location = trace.Implanted, "no other", "left"
	b, err := s.RecordUsage(ctx, q)
	s.ok(err)
	s.refused(trace.Conflict, "different outcomes", func() error { return s.JoinUsages(ctx, command.JoinUsages{Meta: meta(), Usage: a, Other: b}) })
	s.ok(s.SetOutcome(ctx, command.SetOutcome{Meta: meta(), Usage: a, Status: trace.Implanted, Override: "label-compared"}))
	s.ok(s.JoinUsages(ctx, command.JoinUsages{Meta: meta(), Usage: a, Other: b}))
	if u := s.usage(a); !u.Override || !u.Damaged || u.Location != "left" || u.Device.Lot != "LOT1" || u.Verdict.Level != trace.Stop {
		t.Errorf("%+v", u)
	}
}

func TestWhatCannotBeJoined(t *testing.T) {
	s := newSite(t)
	p, q := s.openFor(ada), s.openFor(ada)
	a, other := s.use(p, "]C101"+di+"10A"), s.use(q, "]C110A")
	b := s.use(p, "]C110B")
	for words, c := range map[string]struct {
		kind trace.ErrorKind
		join command.JoinUsages
	}{
		"with itself":          {trace.Invalid, command.JoinUsages{Usage: a, Other: a}},
		"different procedures": {trace.Conflict, command.JoinUsages{Usage: a, Other: other}},
		"disagree on the lot":  {trace.Conflict, command.JoinUsages{Usage: a, Other: b}},
		"no such usage":        {trace.NotFound, command.JoinUsages{Usage: a, Other: trace.UsageID(trace.NewEventID())}},
		"no such usag":         {trace.NotFound, command.JoinUsages{Usage: trace.UsageID(trace.NewEventID()), Other: a}},
	} {
		c.join.Meta = meta()
		s.refused(c.kind, words, func() error { return s.JoinUsages(ctx, c.join) })
	}
	s.refused(trace.Invalid, "wants an id", func() error { return s.JoinUsages(ctx, command.JoinUsages{Usage: a, Other: b}) })
}

func TestAPieceImplantedMeanwhileIsStopped(t *testing.T) {
	s := newSite(t)
	one := s.use(s.openFor(command.Who{NHSNumber: "9990000018"}), inDate)
	other := s.use(s.openFor(command.Who{NHSNumber: "9990000026"}), inDate)
	s.ok(s.SetOutcome(ctx, command.SetOutcome{Meta: meta(), Usage: one, Status: trace.Implanted, Override: "label-compared"}))
	again := command.SetOutcome{Meta: meta(), Usage: other, Status: trace.Implanted}
	s.refused(trace.Invalid, "say why it was used all the same", func() error { return s.SetOutcome(ctx, again) })
	again.Reason = "the label was on two packs"
	s.ok(s.SetOutcome(ctx, again))
	if u, err := s.store.Usage(ctx, other); err != nil || !u.Override || u.Verdict.Level != trace.Stop {
		t.Errorf("%+v, %v", u.Verdict, err)
	}
}
