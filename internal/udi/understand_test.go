package udi_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"implantrace/internal/udi"
)

var now = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// issue finds the first issue with a code.
func issue(m udi.Meaning, code string) (udi.Issue, bool) {
	i := slices.IndexFunc(m.Issues, func(i udi.Issue) bool { return i.Code == code })
	if i < 0 {
		return udi.Issue{}, false
	}
	return m.Issues[i], true
}

// element finds the first element with an AI.
func element(m udi.Meaning, ai string) (udi.Element, bool) {
	i := slices.IndexFunc(m.Elements, func(e udi.Element) bool { return e.AI == ai })
	if i < 0 {
		return udi.Element{}, false
	}
	return m.Elements[i], true
}

func TestDevices(t *testing.T) {
	day := func(d string) udi.Date { return udi.Date{Day: d, Precision: udi.PrecisionDay} }
	month := func(d string) udi.Date { return udi.Date{Day: d, Precision: udi.PrecisionMonth} }
	const di = "07611994064584"
	for _, c := range []struct {
		name, in string
		want     udi.Device
		damaged  bool
		codes    string // of its issues
	}{
		{"DI, expiry and lot", "]d201" + di + "1729032210AB-12", udi.Device{DI: di, Lot: "AB-12", Expiry: day("2029-03-22")}, false, ""},
		{"serial", "]d201" + di + "21S/N_1", udi.Device{DI: di, Serial: "S/N_1"}, false, ""},
		{"lot and serial, parted by GS", "]d201" + di + "10L1\x1d21S1", udi.Device{DI: di, Lot: "L1", Serial: "S1"}, false, ""},
		{"all dates", "]d201" + di + "112401311526063017290322", udi.Device{DI: di, Manufactured: day("2024-01-31"), BestBefore: day("2026-06-30"), Expiry: day("2029-03-22")}, false, ""},
		{"a month without a day is its last day, and says so", "]d201" + di + "17290200", udi.Device{DI: di, Expiry: month("2029-02-28")}, false, "day-not-given"},
		{"the last day of a leap year's February", "]d201" + di + "17280200", udi.Device{DI: di, Expiry: month("2028-02-29")}, false, "day-not-given"},
		{"a year before 2000", "]d201" + di + "11991231", udi.Device{DI: di, Manufactured: day("1999-12-31")}, false, ""},
		{"29 February in no leap year", "]d201" + di + "17290229", udi.Device{DI: di}, true, "date"},
		{"month 13", "]d201" + di + "17291301", udi.Device{DI: di}, true, "date"},
		{"quantity, variant, catalogue number", "]d201" + di + "200530" + "12\x1d240CAT-1", udi.Device{DI: di, Variant: "05", Quantity: "12", CatalogueNo: "CAT-1"}, false, ""},
		{"the maker's other number where there is no first", "]d201" + di + "241ALT", udi.Device{DI: di, CatalogueNo: "ALT"}, false, ""},
		{"the maker's first number counts", "]d201" + di + "241ALT\x1d240CAT", udi.Device{DI: di, CatalogueNo: "CAT"}, false, ""},
		{"a piece of a set", "]d28006" + di + "0102", udi.Device{DI: di}, false, ""},
		{"in brackets", "(01)" + di + "(10)A\\(1", udi.Device{DI: di, Lot: "A(1"}, false, ""},
		{"no DI", "]d210LOT1\x1d17290322", udi.Device{Lot: "LOT1", Expiry: day("2029-03-22")}, false, "required-ai no-di"},
		{"a second symbol with the maker's number only", "]C1240CAT-1", udi.Device{CatalogueNo: "CAT-1"}, false, "required-ai no-di"},
		{"a second symbol with the day it was made only", "(11)240131", udi.Device{Manufactured: day("2024-01-31")}, false, "required-ai no-di"},
		{"a wrong check digit leaves no DI", "]d20107611994064585" + "10AB", udi.Device{Lot: "AB"}, true, "check-digit no-di"},
		{"an EAN-13 without its AI", "5012345678900", udi.Device{DI: "05012345678900"}, false, "bare-key"},
		{"an EAN symbol", "]E04006381333931", udi.Device{DI: "04006381333931"}, false, ""},
		{"an EAN symbol with a wrong check digit", "]E04006381333930", udi.Device{}, true, "check-digit no-di"},
		{"a GTIN-14 that may also be a lot: neither", "10857326005540", udi.Device{}, true, "ambiguous-key required-ai no-di"},
		{"two lots: neither", "]d201" + di + "10A\x1d10B", udi.Device{DI: di}, true, "repeated-ai"},
		{"two expiries: neither", "]d201" + di + "17290322" + "17300322", udi.Device{DI: di}, true, "repeated-ai"},
		{"two DIs: neither", "]d201" + di + "0105060000000016" + "10A", udi.Device{Lot: "A"}, true, "repeated-ai no-di"},
		{"the same lot twice is one", "]d201" + di + "10A\x1d10A", udi.Device{DI: di, Lot: "A"}, false, ""},
		{"an empty lot", "]d201" + di + "10", udi.Device{DI: di}, true, "empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want.Agency = udi.AgencyGS1
			m := udi.Understand(c.in, now)
			if m.Kind != udi.KindDevice || m.Device != c.want || m.Damaged() != c.damaged {
				t.Errorf("kind %s, damaged %v, device\n %+v, want\n %+v", m.Kind, m.Damaged(), m.Device, c.want)
			}
			var codes []string
			for _, i := range m.Issues {
				codes = append(codes, i.Code)
			}
			if got := strings.Join(slices.Compact(codes), " "); got != c.codes {
				t.Errorf("issues %q, want %q", got, c.codes)
			}
		})
	}
}

func TestADamagedElementIsKeptBesideItsIssue(t *testing.T) {
	m := udi.Understand("0107611994064585"+"10AB", now)
	e, ok := element(m, "01")
	if !ok || !e.Rejected || e.Value != "07611994064585" || e.Offset != 2 {
		t.Errorf("element %+v", e)
	}
	i, ok := issue(m, "check-digit")
	if !ok || i.Severity != "hard" || i.AI != "01" {
		t.Errorf("issue %+v", i)
	}
	if m.Elements[0].AI != "01" || m.Elements[1].AI != "10" || m.Elements[1].Rejected {
		t.Errorf("elements %+v", m.Elements)
	}
}

func TestFramingIsLeftOutAndReported(t *testing.T) {
	const text = "]d2010761199406458410LOT1"
	for _, c := range []string{text + "\r\n", text + "\r", "\n" + text, "\x02" + text + "\x03", "\x02\x02" + text + "\x03\r\n"} {
		m := udi.Understand(c, now)
		if m.Device.DI != "07611994064584" || m.Device.Lot != "LOT1" || m.Symbology != "]d2" || m.Damaged() {
			t.Errorf("%q: %+v", c, m)
		}
		i, ok := issue(m, udi.CodeFraming)
		if !ok || i.Severity != "warning" || i.Length != len(c) {
			t.Errorf("%q: %+v", c, m.Issues)
		}
		for _, e := range m.Elements {
			if c[e.Offset:e.Offset+len(e.Value)] != e.Value {
				t.Errorf("%q: %q is not at %d", c, e.Value, e.Offset)
			}
		}
	}
	if m := udi.Understand(text, now); len(m.Issues) != 0 {
		t.Errorf("without framing: %+v", m.Issues)
	}
}

func TestWhatIsNoneOfOursIsText(t *testing.T) {
	for name, c := range map[string]string{
		"empty": "", "only framing": "\x02\r\n\x03", "words": "Hello, theatre 4", "binary": "\x00\xff\xfe\x80", "huge": strings.Repeat("9", 20000),
		"a separator": "\x1d", "shipping unit": "]C100350123451234567894", "an AIM identifier alone": "]d2", "digits that could be a quantity": "301234", "digits in a plain symbol": "]C0301234", "a URL": "https://example.org/x?y=1",
	} {
		t.Run(name, func(t *testing.T) {
			m := udi.Understand(c, now)
			if m.Kind != udi.KindText || !m.Device.IsZero() || m.Patient != (udi.Wristband{}) || m.Staff != "" || m.Place != (udi.Place{}) {
				t.Errorf("%+v", m)
			}
			if udi.Proves(c, now) {
				t.Error("proves itself right")
			}
		})
	}
}

// AI 91 is a hospital's on a wristband, and the maker's on a device.
func TestACompanysOwnFieldIsNoWristband(t *testing.T) {
	for _, c := range []string{"]d2240CAT1\x1d91ABC,123", "]d291AB,1", "]d291A-C,1", "]d291ABCDEFG,1", "]d291ABC", "]d291ABC,"} {
		if m := udi.Understand(c, now); m.Kind == udi.KindPatient {
			t.Errorf("%q is taken for a wristband: %+v", c, m.Patient)
		}
	}
}

func TestStaffAndPlaces(t *testing.T) {
	m := udi.Understand("]C18017505089800000000126", now)
	if m.Kind != udi.KindStaff || m.Staff != "505089800000000126" || m.Damaged() {
		t.Errorf("badge %+v", m)
	}
	m = udi.Understand("8017505089800000000127", now)
	if m.Kind != udi.KindStaff || m.Staff != "" || !m.Damaged() {
		t.Errorf("badge with a wrong check digit %+v", m)
	}
	m = udi.Understand("]C14145050898000007254THEATRE-4", now)
	if m.Kind != udi.KindPlace || m.Place != (udi.Place{GLN: "5050898000007", Extension: "THEATRE-4"}) {
		t.Errorf("place %+v", m)
	}
	m = udi.Understand("4145050898000008", now)
	if m.Kind != udi.KindPlace || m.Place.GLN != "" || !m.Damaged() {
		t.Errorf("place with a wrong check digit %+v", m)
	}
	m = udi.Understand("]d201076119940645844145050898000007", now)
	if m.Kind != udi.KindDevice || m.Device.DI != "07611994064584" {
		t.Errorf("a device with its maker's place %+v", m)
	}
}

func TestOnlyWhatHasACheckDigitProvesItself(t *testing.T) {
	for c, want := range map[string]bool{
		"]d20107611994064584": true, "]d20107611994064585": false, "]d210LOT1": false, "8018505089899900000183": true, "8018505089899900000184": false,
		"8017505089800000000126": true, "4145050898000007": true, "HELLO": false, "91RJC,949724": false,
	} {
		if udi.Proves(c, now) != want {
			t.Errorf("%q: proves %v", c, !want)
		}
	}
}
