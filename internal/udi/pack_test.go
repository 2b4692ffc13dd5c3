package udi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"implantrace/internal/udi"
)

func join(texts ...string) udi.Pack {
	var carriers []udi.Meaning
	for _, text := range texts {
		carriers = append(carriers, udi.Understand(text, now))
	}
	return udi.Join(carriers...)
}

// codes lists a pack's issues by code, severity's first letter and carrier.
func codes(p udi.Pack) string {
	var list []string
	for _, i := range p.Issues {
		list = append(list, fmt.Sprintf("%s/%c%d", i.Code, i.Severity[0], i.Carrier))
	}
	return strings.Join(list, " ")
}

func day(d string) udi.Date   { return udi.Date{Day: d, Precision: udi.PrecisionDay} }
func month(d string) udi.Date { return udi.Date{Day: d, Precision: udi.PrecisionMonth} }

func TestCarriersOfOnePackAreJoined(t *testing.T) {
	const di = "07611994064584"
	gs1, hibc, isbt := udi.AgencyGS1, udi.AgencyHIBCC, udi.AgencyICCBBA
	for _, c := range []struct {
		name    string
		texts   []string
		want    udi.Device
		codes   string
		assumed []int
	}{
		{"two GS1-128", []string{"]C101" + di, "]C117290322" + "10LOT1"}, udi.Device{Agency: gs1, DI: di, Lot: "LOT1", Expiry: day("2029-03-22")}, "", []int{1}},
		{"two GS1-128, the product last", []string{"]C117290322" + "10LOT1", "]C101" + di}, udi.Device{Agency: gs1, DI: di, Lot: "LOT1", Expiry: day("2029-03-22")}, "", []int{0}},
		{"lot without its product", []string{"]C110LOT1"}, udi.Device{Agency: gs1, Lot: "LOT1"}, "required-ai/a0 no-di/w0", nil},
		{"two without a product", []string{"]C110LOT1", "]C117290322"}, udi.Device{Agency: gs1, Lot: "LOT1", Expiry: day("2029-03-22")}, "required-ai/a0 required-ai/a1 no-di/w0", []int{0, 1}},
		{"DataMatrix and EAN-13 of one product", []string{"]d20104006381333931" + "10L", "]E04006381333931"}, udi.Device{Agency: gs1, DI: "04006381333931", Lot: "L"}, "", nil},
		{"DataMatrix and EAN-13 of another pack level", []string{"]d201" + di + "10L", "]E04006381333931"}, udi.Device{Agency: gs1, Lot: "L"}, "conflict/h1", nil},
		{"a HIBC pair", []string{"+E260PPAUXEMO19+", "+$$8053290331260301104+$"}, udi.Device{Agency: hibc, DI: "E260PPAUXEMO19", Lot: "260301104", Expiry: day("2029-03-31"), Quantity: "05"}, "", []int{1}},
		{"a HIBC pair, the second first", []string{"+$$8053290331260301104+$", "+E260PPAUXEMO19+"}, udi.Device{Agency: hibc, DI: "E260PPAUXEMO19", Lot: "260301104", Expiry: day("2029-03-31"), Quantity: "05"}, "", []int{0}},
		{"a HIBC pair of two products", []string{"+A123BJC5D6E71G", "+$$8053290331260301104+$"}, udi.Device{Agency: hibc, DI: "A123BJC5D6E71", Lot: "260301104", Expiry: day("2029-03-31"), Quantity: "05"}, "link-character/h1", []int{1}},
		{"ISBT 128 in two symbols", []string{"=/A9997XYZ100T0479", "=,000012"}, udi.Device{Agency: isbt, DI: "A9997XYZ100T0479", Serial: "000012"}, "", []int{1}},
		{"a month, and the last day of it", []string{"]d201" + di + "17290200", "]d201" + di + "17290228"}, udi.Device{Agency: gs1, DI: di, Expiry: day("2029-02-28")}, "day-not-given/w0", nil},
		{"the last day of a month, and the month", []string{"]d201" + di + "17290228", "]d201" + di + "17290200"}, udi.Device{Agency: gs1, DI: di, Expiry: day("2029-02-28")}, "day-not-given/w1", nil},
		{"one damaged", []string{"]d20107611994064585" + "10L", "]d201" + di}, udi.Device{Agency: gs1, DI: di, Lot: "L"}, "check-digit/h0", []int{0}},
		{"nothing", nil, udi.Device{}, "", nil},
		{"text", []string{"hello"}, udi.Device{}, "unknown-ai/h0", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := join(c.texts...)
			if p.Device != c.want || codes(p) != c.codes || !slices.Equal(p.Assumed, c.assumed) {
				t.Errorf("%+v\n%s, assumed %v\nwant %+v\n%s, assumed %v", p.Device, codes(p), p.Assumed, c.want, c.codes, c.assumed)
			}
			if want := strings.Contains(c.codes, "/h"); p.Damaged() != want {
				t.Errorf("damaged %v", p.Damaged())
			}
			_, conflict := p.Conflict()
			if want := strings.Contains(c.codes, "conflict") || strings.Contains(c.codes, "link-character"); conflict != want {
				t.Errorf("conflict %v", conflict)
			}
			for _, o := range p.Origins {
				if text := c.texts[o.Carrier]; o.Offset+o.Length > len(text) {
					t.Errorf("origin %+v outside %q", o, text)
				}
			}
		})
	}
}

func TestOriginsNameTheirCarrier(t *testing.T) {
	texts := []string{"]C10107611994064584", "]C117290322" + "10LOT1"}
	p := join(texts...)
	got := map[string]string{}
	for _, o := range p.Origins {
		got[o.Field] = fmt.Sprint(o.Carrier, " ", texts[o.Carrier][o.Offset:o.Offset+o.Length], " ", o.How)
	}
	want := map[string]string{"di": "0 07611994064584 read", "lot": "1 LOT1 read", "expiry": "1 290322 read"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// Where carriers differ, the value is in none of them, and that is said once.
func TestEveryConflictIsSaidOnceAndNothingChosen(t *testing.T) {
	const di = "(01)07611994064584"
	for _, c := range []struct{ ai, a, b, message string }{
		{"(10)", "A", "B", `The codes disagree on the lot: "A" and "B".`},
		{"(21)", "A", "B", `The codes disagree on the serial number: "A" and "B".`},
		{"(17)", "290322", "290323", `The codes disagree on the expiry: "2029-03-22" and "2029-03-23".`},
		{"(7003)", "2903221200", "2903221201", `The codes disagree on the expiry: "2029-03-22 12:00" and "2029-03-22 12:01".`},
		{"(11)", "240101", "240102", `The codes disagree on the date of manufacture: "2024-01-01" and "2024-01-02".`},
		{"(15)", "290322", "290323", `The codes disagree on the best-before date: "2029-03-22" and "2029-03-23".`},
		{"(30)", "4", "5", `The codes disagree on the quantity: "4" and "5".`},
		{"(20)", "01", "02", `The codes disagree on the variant: "01" and "02".`},
		{"(240)", "A", "B", `The codes disagree on the catalogue number: "A" and "B".`},
		{"(8012)", "1.0", "1.1", `The codes disagree on the software version: "1.0" and "1.1".`},
		{"(00)", "003501234512345679", "106141412345678908", `The codes disagree on the shipping unit: "003501234512345679" and "106141412345678908".`},
	} {
		t.Run(c.ai, func(t *testing.T) {
			a, b := udi.Understand(di+c.ai+c.a, now), udi.Understand(di+c.ai+c.b, now)
			p := udi.Join(a, b, a)
			var said []string
			for _, i := range p.Issues {
				if i.Code == udi.CodeConflict {
					said = append(said, i.Message)
				}
			}
			if len(said) != 1 || said[0] != c.message {
				t.Errorf("%q, want %q", said, c.message)
			}
			if want := (udi.Device{Agency: udi.AgencyGS1, DI: "07611994064584"}); p.Device != want || len(p.Origins) != 1 || p.Origins[0].Field != "di" {
				t.Errorf("%+v %+v", p.Device, p.Origins)
			}
		})
	}
}

func TestThreeAgenciesAreNeverOnePack(t *testing.T) {
	p := join("]d20107611994064584", "+E260PPAUXEMO19+", "=/A9997XYZ100T0479", "]d2010761199406458410L")
	if got := codes(p); got != "conflict/h1 conflict/h1" || p.Device != (udi.Device{Lot: "L"}) {
		t.Errorf("%s %+v", got, p.Device)
	}
	if i, ok := p.Conflict(); !ok || i.Message != `The codes disagree on the issuing agency: "GS1" and "HIBCC".` {
		t.Errorf("%+v", i)
	}
}

// The rules that tie AIs together hold over all carriers of a pack.
func TestAssociationsAreAskedOfAllCarriersTogether(t *testing.T) {
	const di = "]d20107611994064584"
	if got := codes(join("]d21712345")); !strings.Contains(got, "/h0") {
		t.Errorf("a date cut short: %q", got)
	}
	if got := codes(join("]d221S1")); got != "required-ai/a0 no-di/w0" {
		t.Errorf("alone: %q", got)
	}
	if got := codes(join("]d221S1", di)); got != "" {
		t.Errorf("together: %q", got)
	}
	p := join(di, "\x02]d2254TP\x03")
	if got := codes(p); got != "framing/w1 required-ai/a1" || p.Damaged() {
		t.Errorf("a GLN extension without its GLN: %q", got)
	}
	if i := p.Issues[1]; i.AI != "254" || i.Offset+i.Length > len("\x02]d2254TP\x03") {
		t.Errorf("%+v", i)
	}
}

func TestReadingsOfOneCarrierAreLaidBesideTheOthers(t *testing.T) {
	const product, damaged = "0106936775502064", "171807253011002160102"
	p := join(product, damaged)
	if len(p.Readings) == 0 || !p.Damaged() || p.Device.Lot != "" {
		t.Fatalf("%+v", p)
	}
	first := p.Readings[0]
	if want := (udi.Device{Agency: udi.AgencyGS1, DI: "06936775502064", Expiry: day("2018-07-25"), Quantity: "1", Lot: "02160102"}); first.Device != want {
		t.Errorf("%+v", first.Device)
	}
	var ais []string
	for _, e := range first.Elements {
		ais = append(ais, e.AI)
	}
	if got := strings.Join(ais, " "); got != "01 17 30 10" {
		t.Errorf("elements %s", got)
	}
	// Another carrier that knows the lot leaves the readings that agree with it.
	q := join(product, damaged, "(01)06936775502064(10)02160102")
	if len(q.Readings) == 0 || len(q.Readings) >= len(p.Readings) {
		t.Errorf("%d of %d readings", len(q.Readings), len(p.Readings))
	}
	for _, r := range q.Readings {
		if r.Device.Lot != "02160102" {
			t.Errorf("%+v", r.Device)
		}
	}
	// What two carriers dispute is in no reading either.
	for _, r := range join("(01)06936775502064(21)A", "(01)06936775502064(21)B", damaged).Readings {
		if s := r.Device.Serial; s == "A" || s == "B" {
			t.Errorf("%+v", r.Device)
		}
	}
}

func TestBelongsTo(t *testing.T) {
	const di = "]d20107611994064584"
	for _, c := range []struct {
		name, text string
		pack       []string
		want       udi.Belonging
	}{
		{"the same product", di, []string{di + "10L"}, udi.Belongs},
		{"the same product and lot", di + "10L", []string{di + "10L"}, udi.Belongs},
		{"the same product, another lot", di + "10M", []string{di + "10L"}, udi.BelongsNot},
		{"another product", "]E04006381333931", []string{di}, udi.BelongsNot},
		{"another agency", "+E260PPAUXEMO19+", []string{di}, udi.BelongsNot},
		{"lot and expiry alone", "]C117290322" + "10L", []string{di}, udi.BelongsAsk},
		{"the same lot alone", "]C110L", []string{di + "10L"}, udi.BelongsAsk},
		{"another lot alone", "]C110M", []string{di + "10L"}, udi.BelongsNot},
		{"the product, of a pack without one", di, []string{"]C110L"}, udi.BelongsAsk},
		{"of nothing", di, nil, udi.BelongsAsk},
		{"lot of nothing", "]C110L", nil, udi.BelongsAsk},
		{"the linked secondary", "+$$8053290331260301104+$", []string{"+E260PPAUXEMO19+"}, udi.BelongsAsk},
		{"the secondary of another", "+$$8053290331260301104+$", []string{"+A123BJC5D6E71G"}, udi.BelongsNot},
		{"a wristband", "8018505089899900000183", []string{di}, udi.BelongsNot},
		{"text", "hello", []string{di}, udi.BelongsNot},
		{"the same product, of a pack that disagrees", di, []string{di + "10L", di + "10M"}, udi.BelongsNot},
		{"a damaged DI", "]d20107611994064585" + "10L", []string{di}, udi.BelongsAsk},
	} {
		var pack []udi.Meaning
		for _, text := range c.pack {
			pack = append(pack, udi.Understand(text, now))
		}
		if got := udi.Understand(c.text, now).BelongsTo(pack...); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func drawDevice(t *rapid.T, name string) udi.Device {
	value := rapid.SampledFrom([]string{"", "", "A", "B"})
	date := rapid.SampledFrom([]udi.Date{{}, {}, day("2029-02-28"), {Day: "2029-02-28", Precision: udi.PrecisionMinute, Time: "12:30"}, day("2030-01-01")})
	return udi.Device{Agency: rapid.SampledFrom([]udi.Agency{"", udi.AgencyGS1, udi.AgencyHIBCC}).Draw(t, name+" agency"), DI: value.Draw(t, name+" di"),
		Lot: value.Draw(t, name+" lot"), Serial: value.Draw(t, name+" serial"), Expiry: date.Draw(t, name+" expiry"), Manufactured: date.Draw(t, name+" made"),
		BestBefore: date.Draw(t, name+" best"), Quantity: value.Draw(t, name+" quantity"), Variant: value.Draw(t, name+" variant"), CatalogueNo: value.Draw(t, name+" no"),
		DonationID: value.Draw(t, name+" donation"), Software: value.Draw(t, name+" software"), BasicUDI: value.Draw(t, name+" basic"), SSCC: value.Draw(t, name+" sscc")}
}

func TestWithAndBeyondAreOpposites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawDevice(t, "a"), drawDevice(t, "b")
		both := a.With(b)
		if both.With(b) != both || both.With(a) != both || a.With(a) != a || a.With(udi.Device{}) != a {
			t.Fatalf("With is not idempotent: %+v, %+v", a, b)
		}
		beyond := both.Beyond(a)
		if a.With(beyond) != both {
			t.Fatalf("%+v with %+v is not %+v", a, beyond, both)
		}
		if !a.Beyond(a).IsZero() {
			t.Fatalf("%+v has something beyond itself", a)
		}
		if what, mine, theirs, differ := both.Differs(a); differ {
			t.Fatalf("%s: %q, %q", what, mine, theirs)
		}
		if what, mine, theirs, differ := a.Differs(b); differ {
			_, _, _, back := b.Differs(a)
			if !back || mine == theirs || what == "" || mine == "" || theirs == "" {
				t.Fatalf("%s: %q, %q, and back %v", what, mine, theirs, back)
			}
		} else if both != b.With(a) {
			t.Fatalf("they agree, and %+v is not %+v", both, b.With(a))
		}
	})
}

func TestTheOrderOfCarriersDoesNotMatter(t *testing.T) {
	pool := []string{"]d20107611994064584", "]d2010761199406458410L", "]C117290300" + "10L", "]d20107611994064584" + "17290331", "(21)S1", "(01)04006381333931(10)M", "(01)07611994064584(7003)2903310930",
		"+E260PPAUXEMO19+", "+$$8053290331260301104+$", "=,000012", "171807253011002160102", "hello"}
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.SampledFrom(pool), 1, 4).Draw(t, "texts")
		p := join(texts...)
		if m := udi.Understand(texts[0], now); len(texts) == 1 && (p.Device != m.Device || p.Damaged() != m.Damaged() || p.Kind != m.Kind) {
			t.Fatalf("one carrier: %+v, joined %+v", m.Device, p.Device)
		}
		other := rapid.Permutation(texts).Draw(t, "order")
		q := join(other...)
		if _, conflict := p.Conflict(); !conflict && p.Device != q.Device {
			t.Fatalf("%q: %+v\n%q: %+v", texts, p.Device, other, q.Device)
		}
		_, conflict := p.Conflict()
		if _, also := q.Conflict(); conflict != also {
			t.Fatalf("%q: conflict %v, %q: %v", texts, conflict, other, also)
		}
	})
}
