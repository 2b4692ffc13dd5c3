package udi_test

import (
	"regexp"
	"strings"
	"testing"

	"implantrace/internal/udi"
)

// origins lists the origins of a meaning: field, the text at its place, how.
func origins(text string, m udi.Meaning) string {
	var list []string
	for _, o := range m.Origins {
		list = append(list, o.Field+"="+text[o.Offset:o.Offset+o.Length]+" "+string(o.How))
	}
	return strings.Join(list, ", ")
}

func TestDevicesOfEveryAgencyAndForm(t *testing.T) {
	const di = "07611994064584"
	minute := func(d, at string) udi.Date { return udi.Date{Day: d, Precision: udi.PrecisionMinute, Time: at} }
	gs1, hibc, isbt := udi.AgencyGS1, udi.AgencyHIBCC, udi.AgencyICCBBA
	for _, c := range []struct {
		name, in, form string
		want           udi.Device
		origins, hrf   string
		proves         bool
	}{
		{"element string", "01" + di + "17290322" + "10L1", "element_string", udi.Device{Agency: gs1, DI: di, Expiry: day("2029-03-22"), Lot: "L1"},
			"di=" + di + " read, expiry=290322 read, lot=L1 read", "(01)" + di + "(17)290322(10)L1", true},
		{"framed", "\x02]d201" + di + "10L1\r\n", "scan_data", udi.Device{Agency: gs1, DI: di, Lot: "L1"}, "di=" + di + " read, lot=L1 read", "(01)" + di + "(10)L1", true},
		{"a month is inferred to be its last day", "]d201" + di + "17290200", "scan_data", udi.Device{Agency: gs1, DI: di, Expiry: month("2029-02-28")},
			"di=" + di + " read, expiry=290200 inferred", "(01)" + di + "(17)290200", true},
		{"expiry to the minute", "]d201" + di + "70032903221230", "scan_data", udi.Device{Agency: gs1, DI: di, Expiry: minute("2029-03-22", "12:30")},
			"di=" + di + " read, expiry=2903221230 read", "(01)" + di + "(7003)2903221230", true},
		{"the day, and the minute too", "(01)" + di + "(17)290322(7003)2903221230", "bracketed", udi.Device{Agency: gs1, DI: di, Expiry: minute("2029-03-22", "12:30")},
			"di=" + di + " read, expiry=2903221230 read", "(01)" + di + "(17)290322(7003)2903221230", true},
		{"the minute, and the day too", "(01)" + di + "(7003)2903221230(17)290322", "bracketed", udi.Device{Agency: gs1, DI: di, Expiry: minute("2029-03-22", "12:30")},
			"di=" + di + " read, expiry=2903221230 read", "(01)" + di + "(7003)2903221230(17)290322", true},
		{"software", "(01)" + di + "(8012)2.4.1", "bracketed", udi.Device{Agency: gs1, DI: di, Software: "2.4.1"}, "di=" + di + " read, software=2.4.1 read", "(01)" + di + "(8012)2.4.1", true},
		{"Basic UDI-DI", "(8013)1987654Ad4X4bL5ttr2310c2K", "bracketed", udi.Device{Agency: gs1, BasicUDI: "1987654Ad4X4bL5ttr2310c2K"}, "basic_udi_di=1987654Ad4X4bL5ttr2310c2K read", "(8013)1987654Ad4X4bL5ttr2310c2K", false},
		{"a shipping unit's number beside", "(00)003501234512345679(01)" + di, "bracketed", udi.Device{Agency: gs1, SSCC: "003501234512345679", DI: di}, "sscc=003501234512345679 read, di=" + di + " read", "(00)003501234512345679(01)" + di, true},
		{"a piece of a set", "]d28006" + di + "0102", "scan_data", udi.Device{Agency: gs1, DI: di}, "di=" + di + " read", "(8006)" + di + "0102", true},
		{"quantity of the pack before that of its contents", "(01)" + di + "(37)4(30)12", "bracketed", udi.Device{Agency: gs1, DI: di, Quantity: "12"}, "di=" + di + " read, quantity=12 read", "(01)" + di + "(37)4(30)12", true},
		{"quantity of the contents", "(01)" + di + "(37)4", "bracketed", udi.Device{Agency: gs1, DI: di, Quantity: "4"}, "di=" + di + " read, quantity=4 read", "(01)" + di + "(37)4", true},
		{"a bracket in a lot", "(01)" + di + `(10)A\(1`, "bracketed", udi.Device{Agency: gs1, DI: di, Lot: "A(1"}, "di=" + di + ` read, lot=A\(1 inferred`, "(01)" + di + `(10)A\(1`, true},
		{"EAN-13", "]E04006381333931", "plain", udi.Device{Agency: gs1, DI: "04006381333931"}, "di=4006381333931 inferred", "(01)04006381333931", true},
		{"Digital Link", "https://id.example.org/01/" + di + "/10/A%2FB?17=290322", "dl_uri", udi.Device{Agency: gs1, DI: di, Lot: "A/B", Expiry: day("2029-03-22")},
			"di=" + di + " read, lot=A%2FB inferred, expiry=290322 read", "(01)" + di + "(10)A/B(17)290322", true},
		{"Digital Link in a QR code", "]Q1https://id.example.org/01/" + di + "/21/S1", "dl_uri", udi.Device{Agency: gs1, DI: di, Serial: "S1"}, "di=" + di + " read, serial=S1 read", "(01)" + di + "(21)S1", true},
		{"HIBC", "+A99912345/$$52001510X3/16D20111212/S77DEFG457", "hibc", udi.Device{Agency: hibc, DI: "A99912345", Lot: "10X3", Serial: "77DEFG45", Expiry: day("2020-01-15"), Manufactured: day("2011-12-12")},
			"di=A99912345 read, expiry=20015 read, lot=10X3 read, manufactured=20111212 read, serial=77DEFG45 read", "+A99912345/$$52001510X3/16D20111212/S77DEFG457", true},
		{"HIBC in Code 39", "]A0+A123BJC5D6E71G", "hibc_primary", udi.Device{Agency: hibc, DI: "A123BJC5D6E71"}, "di=A123BJC5D6E71 read", "+A123BJC5D6E71G", true},
		{"HIBC in Code 128", "]C0+A123BJC5D6E71G", "hibc_primary", udi.Device{Agency: hibc, DI: "A123BJC5D6E71"}, "di=A123BJC5D6E71 read", "+A123BJC5D6E71G", true},
		{"HIBC in Data Matrix", "]d1+A123BJC5D6E71G\r", "hibc_primary", udi.Device{Agency: hibc, DI: "A123BJC5D6E71"}, "di=A123BJC5D6E71 read", "+A123BJC5D6E71G", true},
		{"HIBC in PDF417", "]L0+A123BJC5D6E71G", "hibc_primary", udi.Device{Agency: hibc, DI: "A123BJC5D6E71"}, "di=A123BJC5D6E71 read", "+A123BJC5D6E71G", true},
		{"HIBC in Aztec", "]z0+A123BJC5D6E71G", "hibc_primary", udi.Device{Agency: hibc, DI: "A123BJC5D6E71"}, "di=A123BJC5D6E71 read", "+A123BJC5D6E71G", true},
		{"a HIBC month", "+J123AQ3451/$$1125BC34567/S4012L", "hibc", udi.Device{Agency: hibc, DI: "J123AQ3451", Expiry: month("2025-11-30"), Lot: "BC34567", Serial: "4012"},
			"di=J123AQ3451 read, expiry=1125 inferred, lot=BC34567 read, serial=4012 read", "+J123AQ3451/$$1125BC34567/S4012L", true},
		{"a HIBC whose check character is a space", "+$$52001510X3+ ", "hibc_secondary", udi.Device{Agency: hibc, Expiry: day("2020-01-15"), Lot: "10X3"}, "expiry=20015 read, lot=10X3 read", "+$$52001510X3+ ", true},
		{"HIBC as printed", "*+A123BJC5D6E71G*", "hibc_primary", udi.Device{Agency: hibc, DI: "A123BJC5D6E71"}, "di=A123BJC5D6E71 read", "+A123BJC5D6E71G", false},
		{"HIBC with capitals lock", "+a123bjc5d6e71g", "hibc_primary", udi.Device{Agency: hibc, DI: "A123BJC5D6E71"}, "di=a123bjc5d6e71 repaired", "+A123BJC5D6E71G", false},
		{"ISBT 128", "=/A9997XYZ100T0479=,000012=>019031", "isbt", udi.Device{Agency: isbt, DI: "A9997XYZ100T0479", Serial: "000012", Expiry: day("2019-01-31")},
			"di=A9997XYZ100T0479 read, serial=000012 read, expiry=019031 read", "=/A9997XYZ100T0479=,000012=>019031", false},
		{"ISBT 128 compound message in Data Matrix", "]d1=+02000=/A9997XYZ100T0479=,000012", "isbt", udi.Device{Agency: isbt, DI: "A9997XYZ100T0479", Serial: "000012"}, "di=A9997XYZ100T0479 read, serial=000012 read", "=+02000=/A9997XYZ100T0479=,000012", false},
		{"a donation with its check in the flags", "]C0=G12341765432170", "isbt", udi.Device{Agency: isbt, DonationID: "G12341765432170"}, "donation_id=G12341765432170 read", "=G12341765432170", true},
		{"a donation with other flags", "=A99991712345600", "isbt", udi.Device{Agency: isbt, DonationID: "A99991712345600"}, "donation_id=A99991712345600 read", "=A99991712345600", false},
		{"ISBT 128's Basic UDI-DI", "A9990ABC123T048008", "isbt_basic_udi_di", udi.Device{Agency: isbt, BasicUDI: "A9990ABC123T048008"}, "basic_udi_di=A9990ABC123T048008 read", "A9990ABC123T048008", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := udi.Understand(c.in, now)
			if m.Kind != udi.KindDevice || m.Form != c.form || m.Device != c.want || m.Damaged() {
				t.Errorf("%s %s, issues %+v\n %+v, want\n %+v", m.Kind, m.Form, m.Issues, m.Device, c.want)
			}
			if got := origins(c.in, m); got != c.origins {
				t.Errorf("origins %s\n   want %s", got, c.origins)
			}
			if got := m.HRF(); got != c.hrf {
				t.Errorf("HRF %q, want %q", got, c.hrf)
			}
			if udi.Proves(c.in, now) != c.proves {
				t.Errorf("proves %v", !c.proves)
			}
			standsWhereItSays(t, c.in, m)
		})
	}
}

// Two elements that say one thing differently: neither is taken.
func TestOneCarrierThatContradictsItself(t *testing.T) {
	const di = "07611994064584"
	for in, want := range map[string]udi.Device{
		"(01)" + di + "(17)290322(7003)2903231230":                       {Agency: udi.AgencyGS1, DI: di},
		"(01)" + di + "(7003)2903231230(17)290322(10)L":                  {Agency: udi.AgencyGS1, DI: di, Lot: "L"},
		"(01)" + di + "(8006)040063813339310102" + "(10)L":               {Agency: udi.AgencyGS1, Lot: "L"},
		"(8006)040063813339310102(01)" + di + "(8006)040063813339310102": {Agency: udi.AgencyGS1},
	} {
		m := udi.Understand(in, now)
		if i, ok := issue(m, udi.CodeContradiction); m.Device != want || !ok || i.Severity != "hard" || !strings.Contains(i.Message, "Neither was taken") || i.Length == 0 {
			t.Errorf("%s: %+v, %+v", in, m.Device, m.Issues)
		}
		if m.HRF() != "" || udi.Proves(in, now) {
			t.Errorf("%s: HRF %q, proves %v", in, m.HRF(), udi.Proves(in, now))
		}
		standsWhereItSays(t, in, m)
	}
}

func TestRepairsAreListedAndNothingOfThemProves(t *testing.T) {
	const gtin = "01" + "08025153000365"
	want := udi.Device{Agency: udi.AgencyGS1, DI: "08025153000365", Lot: "1096438", Serial: "55H02AE137", Expiry: day("2022-06-17")}
	for _, c := range []struct{ in, code, at string }{
		{gtin + "101096438<GS>172206172155H02AE137", "separator", "<GS>"},
		{gtin + "101096438\\F172206172155H02AE137", "separator", "\\F"},
		{gtin + "101096438|172206172155H02AE137", "separator", "|"},
		{gtin + "101096438]C1172206172155H02AE137", "separator", "]C1"},
		{"]d2" + gtin + "101096438 172206172155H02AE137", "separator", " "},
		{gtin + "101096438\x1d\x1d172206172155H02AE137", "spare-separators", "\x1d"},
		{"}d2" + gtin + "101096438\x1d172206172155H02AE137", "identifier", "}"},
		{"]D2" + gtin + "101096438\x1d172206172155h02ae137", "case", "]D2" + gtin + "101096438\x1d172206172155h02ae137"},
		{"[01]08025153000365[10]1096438[17]220617[21]55H02AE137", "brackets", "[01]08025153000365[10]1096438[17]220617[21]"},
	} {
		t.Run(c.code+" "+c.at, func(t *testing.T) {
			m := udi.Understand(c.in, now)
			if m.Device != want || m.Damaged() || !m.Repaired() || len(m.Repairs) != 1 {
				t.Fatalf("%+v, repairs %+v, issues %+v", m.Device, m.Repairs, m.Issues)
			}
			r := m.Repairs[0]
			if r.Code != c.code || c.in[r.Offset:r.Offset+r.Length] != c.at && c.code != "brackets" || r.Message == "" || r.Detail == "" {
				t.Errorf("repair %+v: %q, want %q", r, c.in[r.Offset:r.Offset+r.Length], c.at)
			}
			if i, ok := issue(m, c.code); !ok || i.Severity != "warning" || i.Offset != r.Offset {
				t.Errorf("issues %+v", m.Issues)
			}
			for _, o := range m.Origins {
				if o.How != udi.CertaintyRepaired {
					t.Errorf("origin %+v", o)
				}
			}
			if udi.Proves(c.in, now) {
				t.Error("proves itself right")
			}
		})
	}
	for in, code := range map[string]string{
		"*+A123BJC5D6E71G*": udi.CodeHIBCPrinted, "+a123bjc5d6e71g": udi.CodeHIBCCase, "+A123BJC5D6E71G ": udi.CodeHIBCSpace, "+$$52001510X3+": udi.CodeHIBCSpace,
	} {
		m := udi.Understand(in, now)
		undone := len(m.Repairs) == 1 && m.Repairs[0].Code == code
		if undone == m.Damaged() || udi.Proves(in, now) {
			t.Errorf("%q: repairs %+v, damaged %v, proves %v", in, m.Repairs, m.Damaged(), udi.Proves(in, now))
		}
	}
}

func TestReadingsAreRankedAndNoneChosen(t *testing.T) {
	m := udi.Understand("0100304720400301211006155205193317210228101012131", now)
	if m.Kind != udi.KindDevice || !m.Damaged() || m.Device.Serial != "" || len(m.Readings) < 2 || len(m.Readings) > 5 {
		t.Fatalf("%+v", m)
	}
	first := m.Readings[0]
	if want := (udi.Device{Agency: udi.AgencyGS1, DI: "00304720400301", Serial: "10061552051933", Expiry: day("2021-02-28"), Lot: "1012131"}); first.Device != want {
		t.Errorf("%+v", first.Device)
	}
	var text strings.Builder
	for _, e := range first.Elements {
		text.WriteString("(" + e.AI + ")" + e.Value)
	}
	if got := text.String(); got != "(01)00304720400301(21)10061552051933(17)210228(10)1012131" {
		t.Errorf("elements %s", got)
	}
	if i, ok := issue(m, udi.CodeReadings); !ok || i.Severity != "warning" {
		t.Errorf("%+v", m.Issues)
	}
	// A well-formed label has none, whatever its lot looks like.
	if m := udi.Understand("]d201003047204003011019A21G8345", now); len(m.Readings) != 0 || m.Device.Lot != "19A21G8345" || m.Damaged() {
		t.Errorf("%+v", m)
	}
}

func TestProcedureSheets(t *testing.T) {
	for _, p := range []udi.Procedure{{System: udi.SystemOPCS4, Code: "W371"}, {System: udi.SystemOPCS4, Code: "W37.1"}, {System: udi.SystemSNOMED, Code: "52734007"}, {System: udi.SystemLocal, Code: "hip-1"}} {
		for _, in := range []string{p.SheetText(), "99" + p.SheetText(), "(99)" + p.SheetText(), "]C199" + p.SheetText(), "]d1" + p.SheetText() + "\r\n", "]C199" + p.SheetText() + "\x1d"} {
			m := udi.Understand(in, now)
			if m.Kind != udi.KindProcedure || m.Procedure != p || m.Action != "" || !m.Device.IsZero() || m.Damaged() {
				t.Errorf("%q: %s %+v", in, m.Kind, m.Procedure)
			}
			if udi.Proves(in, now) {
				t.Errorf("%q proves itself right", in)
			}
		}
	}
}

func TestActionSheets(t *testing.T) {
	if got := len(udi.Actions()); got != 18 {
		t.Errorf("%d actions", got)
	}
	for _, a := range udi.Actions() {
		want := a
		switch a {
		case udi.ActionQuantity:
			want = "quantity:4"
		case udi.ActionOpen:
			want = "open:left"
		case udi.ActionPair:
			want = "pair:7KQ2MXAB"
		case udi.ActionPick:
			want = "pick:0123456789abcdef"
		}
		for _, in := range []string{want.SheetText(), "99" + want.SheetText(), "(99)" + want.SheetText(), "]C199" + want.SheetText()} {
			if m := udi.Understand(in, now); m.Kind != udi.KindAction || m.Action != want || m.Procedure != (udi.Procedure{}) {
				t.Errorf("%q: %s %q", in, m.Kind, m.Action)
			}
		}
	}
	m := udi.Understand("IMT:A:wasted:dropped", now)
	if a, why := m.Action.Split(); m.Kind != udi.KindAction || a != udi.ActionWasted || why != "dropped" {
		t.Errorf("%+v", m)
	}
	if a, n := udi.Action("opened").Split(); a != udi.ActionOpened || n != "" {
		t.Errorf("%q %q", a, n)
	}
}

func TestMalformedSheetCodesAreText(t *testing.T) {
	for _, in := range []string{"IMT:", "IMT:P", "IMT:P:", "IMT:P:opcs-4", "IMT:P:opcs-4:", "IMT:P:icd-10:A00", "IMT:P:local:a b", "IMT:P:local:" + strings.Repeat("1", 21), "IMT:A:", "IMT:A:explode",
		"IMT:A:quantity", "IMT:A:pair", "IMT:A:pair:", "IMT:A:pair:a b", "IMT:A:open", "IMT:A:open:", "IMT:A:open:up", "IMT:A:yes:1", "IMT:A:quantity:", "IMT:A:quantity:4/5", "IMT:A:opened:4", "IMT:X:opened", "imt:A:opened", " 99 IMT:A:opened"} {
		if m := udi.Understand(in, now); m.Kind != udi.KindText || m.Action != "" || m.Procedure != (udi.Procedure{}) {
			t.Errorf("%q: %s %q %+v", in, m.Kind, m.Action, m.Procedure)
		}
	}
}

func TestLocalBadges(t *testing.T) {
	badge := func(pattern string) udi.Rules { return udi.Rules{Badge: regexp.MustCompile(pattern)} }
	for _, c := range []struct {
		name, pattern, in string
		kind              udi.Kind
		staff             string
	}{
		{"the whole text", `STAFF[0-9]{4}`, "STAFF1234", udi.KindStaff, "STAFF1234"},
		{"its group", `STAFF([0-9]{4})`, "]A0STAFF1234\r\n", udi.KindStaff, "1234"},
		{"a group that is empty", `STAFF([0-9]*)`, "STAFF", udi.KindStaff, "STAFF"},
		{"of alternatives the longest", `[0-9]{6}|[0-9]{6}-[A-Z]`, "123456-A", udi.KindStaff, "123456-A"},
		{"another text", `STAFF[0-9]{4}`, "STAFF123", udi.KindText, ""},
		{"a part of the text", `[0-9]{4}`, "12345", udi.KindText, ""},
		{"nothing", `.*`, "", udi.KindText, ""},
		{"a part of a device", `[0-9]{4}`, "]d20107611994064584", udi.KindDevice, ""},
		{"HIBC is never a badge", `.*`, "+A123BJC5D6E71G", udi.KindDevice, ""},
		{"all of a device's text, as the site has it", `01[0-9]{14}`, "0107611994064584", udi.KindStaff, "0107611994064584"},
		{"AI 8017 all the same", `STAFF[0-9]{4}`, "8017505089800000000126", udi.KindStaff, "505089800000000126"},
	} {
		if m := badge(c.pattern).Understand(c.in, now); m.Kind != c.kind || m.Staff != c.staff {
			t.Errorf("%s: %s %q", c.name, m.Kind, m.Staff)
		}
	}
}

func TestWristbandFieldsWithASitesDelimiter(t *testing.T) {
	const number = "]d28018505089899900000183"
	semicolon := udi.Rules{Delimiter: ";"}
	for _, c := range []struct {
		name, in string
		rules    udi.Rules
		want     udi.Wristband
	}{
		{"service", number + "\x1d80191234567890\x1d91RJC,949724", udi.Rules{}, udi.Wristband{Service: "1234567890", LocalIssuer: "RJC", LocalNumber: "949724"}},
		{"born at a time", number + "\x1d93TESTWELL,Ada,01-Feb-2026,14:05", udi.Rules{}, udi.Wristband{Family: "TESTWELL", Given: "Ada", Birth: "2026-02-01", BirthTime: "14:05"}},
		{"a time that is none", number + "\x1d93TESTWELL,Ada,01-Feb-2026,25:00", udi.Rules{}, udi.Wristband{Family: "TESTWELL", Given: "Ada", Birth: "2026-02-01"}},
		{"a baby", number + "\x1d921/2,TESTWELL,Mary", udi.Rules{}, udi.Wristband{Baby: "1/2", MotherFamily: "TESTWELL", MotherGiven: "Mary"}},
		{"a baby without its mother", number + "\x1d926/6", udi.Rules{}, udi.Wristband{Baby: "6/6"}},
		{"the third of two is none", number + "\x1d923/2,TESTWELL,Mary", udi.Rules{}, udi.Wristband{}},
		{"no baby", number + "\x1d920/2", udi.Rules{}, udi.Wristband{}},
		{"another delimiter", number + "\x1d91RJC;949724\x1d93TESTWELL;Ada;01-Feb-1950", semicolon, udi.Wristband{LocalIssuer: "RJC", LocalNumber: "949724", Family: "TESTWELL", Given: "Ada", Birth: "1950-02-01"}},
		{"a comma is part of a name then", number + "\x1d93TEST,WELL;Ada", semicolon, udi.Wristband{Family: "TEST,WELL", Given: "Ada"}},
	} {
		c.want.NHSNumber = "9990000018"
		if m := c.rules.Understand(c.in, now); m.Kind != udi.KindPatient || m.Patient != c.want || m.Damaged() {
			t.Errorf("%s: %s %+v, issues %+v", c.name, m.Kind, m.Patient, m.Issues)
		}
	}
}

// A maker's own field on a device is a device's field: what is wrong in it is
// wrong.
func TestAMakersFieldThatBreaksARuleIsDamage(t *testing.T) {
	m := udi.Understand("]d20107611994064584"+"91A B", now)
	if i, ok := issue(m, "charset"); m.Kind != udi.KindDevice || !m.Damaged() || !ok || i.AI != "91" || m.Device.DI != "07611994064584" {
		t.Errorf("%+v", m)
	}
}

func BenchmarkUnderstand(b *testing.B) {
	for _, c := range []struct{ name, in string }{
		{"GS1", "]d201095060001343521729013110ABC123\x1d21SN987654"},
		{"HIBC", "+A99912345/$$52001510X3/16D20111212/S77DEFG457"},
		{"ISBT", "=+04000=/A9997XYZ100T0479=A99991712345600=,000012=>019031"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if m := udi.Understand(c.in, now); m.Kind != udi.KindDevice || m.Damaged() {
					b.Fatal(m.Issues)
				}
			}
		})
	}
}
