package udi

import (
	"implantrace/gs1"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func dayOf(s string) Date   { return Date{Day: s, Precision: PrecisionDay} }
func monthOf(s string) Date { return Date{Day: s, Precision: PrecisionMonth} }
func hourOf(s, at string) Date {
	return Date{Day: s, Precision: PrecisionHour, Time: at}
}

// withCheck puts the check character behind a message.
func withCheck(message string) string { return message + string(hibcCheck(message)) }

// linear makes a secondary symbol of a product with this primary symbol.
func linear(secondary, primary string) string {
	return withCheck("+" + secondary + primary[len(primary)-1:])
}

func TestHIBCCheckCharacter(t *testing.T) {
	for _, s := range []string{"+A123BJC5D6E71G", "+A99912349/$10X3/16D20111231/14D20200131/Q500Z", "+EHWD3551419/$/Q100X",
		"+J123AQ3451T", "+25330BC34567T2", "+S4012TJ", "+A123BJCMD6E79+", "+$$52001510X3+ ", "+$$5122713C001L2"} {
		if !hibcHolds(s) {
			t.Errorf("%q: computed %q", s, hibcCheck(s[:len(s)-1]))
		}
	}
	for i := range len(hibcSet) {
		if got := hibcCheck(hibcSet[i : i+1]); got != hibcSet[i] {
			t.Errorf("value of %q is that of %q", hibcSet[i], got)
		}
	}
	if hibcHolds("") || hibcHolds("+") {
		t.Error("a text without a message has no check character")
	}
}

// Every form of the secondary data, in a concatenated symbol and in a linear one.
func TestHIBCSecondaryForms(t *testing.T) {
	const primary = "+A123BJC5D6E71G"
	for _, c := range []struct {
		data string
		want Device
	}{
		{"$LOT1", Device{Lot: "LOT1"}},
		{"$+SER1", Device{Serial: "SER1"}},
		{"$$0128LOT1", Device{Lot: "LOT1", Expiry: monthOf("2028-01-31")}},
		{"$$0228", Device{Expiry: monthOf("2028-02-29")}},
		{"$$1127LOT1", Device{Lot: "LOT1", Expiry: monthOf("2027-11-30")}},
		{"$$2123127LOT1", Device{Lot: "LOT1", Expiry: dayOf("2027-12-31")}},
		{"$$3271231LOT1", Device{Lot: "LOT1", Expiry: dayOf("2027-12-31")}},
		{"$$427123100LOT1", Device{Lot: "LOT1", Expiry: hourOf("2027-12-31", "00:00")}},
		{"$$427123123LOT1", Device{Lot: "LOT1", Expiry: hourOf("2027-12-31", "23:00")}},
		{"$$527365LOT1", Device{Lot: "LOT1", Expiry: dayOf("2027-12-31")}},
		{"$$528366LOT1", Device{Lot: "LOT1", Expiry: dayOf("2028-12-31")}},
		{"$$62706009LOT1", Device{Lot: "LOT1", Expiry: hourOf("2027-03-01", "09:00")}},
		{"$$7LOT1", Device{Lot: "LOT1"}},
		{"$$7", Device{}},
		{"$$+0128SER1", Device{Serial: "SER1", Expiry: monthOf("2028-01-31")}},
		{"$$+2123127SER1", Device{Serial: "SER1", Expiry: dayOf("2027-12-31")}},
		{"$$+3271231SER1", Device{Serial: "SER1", Expiry: dayOf("2027-12-31")}},
		{"$$+427123123SER1", Device{Serial: "SER1", Expiry: hourOf("2027-12-31", "23:00")}},
		{"$$+527365SER1", Device{Serial: "SER1", Expiry: dayOf("2027-12-31")}},
		{"$$+62736512SER1", Device{Serial: "SER1", Expiry: hourOf("2027-12-31", "12:00")}},
		{"$$+7SER1", Device{Serial: "SER1"}},
		{"$$+8123271231SER1", Device{Serial: "SER1", Quantity: "12", Expiry: dayOf("2027-12-31")}},
		{"$$824", Device{Quantity: "24"}},
		{"$$8240128LOT1", Device{Quantity: "24", Lot: "LOT1", Expiry: monthOf("2028-01-31")}},
		{"$$8242123127LOT1", Device{Quantity: "24", Lot: "LOT1", Expiry: dayOf("2027-12-31")}},
		{"$$8243271231LOT1", Device{Quantity: "24", Lot: "LOT1", Expiry: dayOf("2027-12-31")}},
		{"$$824427123123LOT1", Device{Quantity: "24", Lot: "LOT1", Expiry: hourOf("2027-12-31", "23:00")}},
		{"$$824527365LOT1", Device{Quantity: "24", Lot: "LOT1", Expiry: dayOf("2027-12-31")}},
		{"$$82462736523LOT1", Device{Quantity: "24", Lot: "LOT1", Expiry: hourOf("2027-12-31", "23:00")}},
		{"$$8247LOT1", Device{Quantity: "24", Lot: "LOT1"}},
		{"$$900100", Device{Quantity: "00100"}},
		{"$$9001000128LOT1", Device{Quantity: "00100", Lot: "LOT1", Expiry: monthOf("2028-01-31")}},
		{"$$9001003271231LOT1", Device{Quantity: "00100", Lot: "LOT1", Expiry: dayOf("2027-12-31")}},
		{"27365LOT1", Device{Lot: "LOT1", Expiry: dayOf("2027-12-31")}},
		{"27365", Device{Expiry: dayOf("2027-12-31")}},
		{"$LOT1/SSER1", Device{Lot: "LOT1", Serial: "SER1"}},
		{"$LOT1/14D20271231/16D20250228/Q500", Device{Lot: "LOT1", Expiry: dayOf("2027-12-31"), Manufactured: dayOf("2025-02-28"), Quantity: "500"}},
		{"$/Q500", Device{Quantity: "500"}},
		{"$$7LOT1/$$+3271231SER1", Device{Lot: "LOT1", Serial: "SER1", Expiry: dayOf("2027-12-31")}},
		{"$$1227LOT1/14D20271215", Device{Lot: "LOT1", Expiry: dayOf("2027-12-15")}},
		{"$LOT1/14D20271215/$$1227", Device{Lot: "LOT1", Expiry: dayOf("2027-12-15")}},
		{"$$427121523LOT1/14D20271215", Device{Lot: "LOT1", Expiry: hourOf("2027-12-15", "23:00")}},
		{"$$900500/Q500", Device{Quantity: "00500"}},
		{"$LOT-1.2 A", Device{Lot: "LOT-1.2 A"}},
		{"$$0995LOT1", Device{Lot: "LOT1", Expiry: monthOf("1995-09-30")}},
		{"$$1276LOT1", Device{Lot: "LOT1", Expiry: monthOf("2076-12-31")}},
		{"$$1277LOT1", Device{Lot: "LOT1", Expiry: monthOf("1977-12-31")}},
	} {
		t.Run(c.data, func(t *testing.T) {
			text := withCheck(primary[:len(primary)-1] + "/" + c.data)
			got, ok := parseHIBC(text, present)
			want := c.want
			want.Agency, want.DI = AgencyHIBCC, "A123BJC5D6E71"
			if !ok || got.form != "hibc" || got.device != want || len(got.issues) != 0 || got.check != "" || got.link != "" {
				t.Errorf("%s: %+v\nwant %+v", text, got, want)
			}
			consistent(t, text, got)

			text = linear(c.data, primary)
			got, ok = parseHIBC(text, present)
			if want.DI = ""; want == (Device{Agency: AgencyHIBCC}) {
				want.Agency = ""
			}
			if !ok || got.form != "hibc_secondary" || got.device != want || len(got.issues) != 0 || got.link != "G" || got.check != "" {
				t.Errorf("%s: %+v\nwant %+v", text, got, want)
			}
			consistent(t, text, got)

			text = primary + text
			got, ok = parseHIBC(text, present)
			want.Agency, want.DI = AgencyHIBCC, "A123BJC5D6E71"
			if !ok || got.form != "hibc" || got.device != want || len(got.issues) != 1 || !hasIssue(got, CodeHIBCTogether, "warning") || got.check != "G" {
				t.Errorf("%s: %+v\nwant %+v", text, got, want)
			}
			consistent(t, text, got)
		})
	}
}

func TestHIBCElements(t *testing.T) {
	text := "+A99912345/$$8123200906LOT/$$+320090677DEFG45/16D20111212/1T77"
	got, ok := parseHIBC(withCheck(text), present)
	want := []Element{
		{AI: "+", Title: "Device identifier", Value: "A99912345", Offset: 1},
		{AI: "$$8", Title: "Quantity", Value: "12", Offset: 14},
		{AI: "$$3", Title: "Expiry date", Value: "200906", Offset: 17},
		{AI: "$$", Title: "Lot", Value: "LOT", Offset: 23},
		{AI: "$$+3", Title: "Expiry date", Value: "200906", Offset: 31},
		{AI: "$$+", Title: "Serial number", Value: "77DEFG45", Offset: 37},
		{AI: "16D", Title: "Date of manufacture", Value: "20111212", Offset: 49},
		{AI: "1T", Title: "Supplement", Value: "77", Offset: 60},
	}
	if !ok || len(got.elements) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i, e := range got.elements {
		if e != want[i] {
			t.Errorf("element %+v, want %+v", e, want[i])
		}
	}
	if len(got.issues) != 1 || got.issues[0].Code != CodeHIBCSupplement || got.issues[0].AI != "1T" || got.issues[0].Offset != 58 || got.issues[0].Length != 4 {
		t.Errorf("%+v", got.issues)
	}
	if o := got.origins[1]; o != (Origin{Field: "quantity", Offset: 14, Length: 2, How: CertaintyRead}) {
		t.Errorf("%+v", o)
	}
	month, _ := parseHIBC(withCheck("+A99912345/$$1127L"), present)
	if o := month.origins[1]; o != (Origin{Field: "expiry", Offset: 13, Length: 4, How: CertaintyInferred}) {
		t.Errorf("%+v", o)
	}
}

// What is wrong in a symbol is said, and only what is certain is taken from it.
func TestHIBCDamage(t *testing.T) {
	const di = "A123BJC5D6E71"
	device := func(d Device) Device {
		if d != (Device{}) {
			d.Agency = AgencyHIBCC
		}
		return d
	}
	sum := withCheck
	for _, c := range []struct {
		name, text     string
		want           Device
		code, severity string
	}{
		{"check character, concatenated", "+A999ABC123DE1/$+1234567Y", Device{DI: "A999ABC123DE1", Serial: "1234567"}, CodeCheckCharacter, "hard"},
		{"check character, all of HIBCC's sample", "+H123PARTNO1234567890120/$$420020216LOT123456789012345/SXYZ456789012345678/16D20130202C",
			Device{DI: "H123PARTNO1234567890120", Lot: "LOT123456789012345", Serial: "XYZ456789012345678", Expiry: hourOf("2020-02-02", "16:00"), Manufactured: dayOf("2013-02-02")}, CodeCheckCharacter, "hard"},
		{"check character that is a slash", "+A99912345/$$52001510X3/16D20111212/S77DEFG45/",
			Device{DI: "A99912345", Lot: "10X3", Serial: "77DEFG45", Expiry: dayOf("2020-01-15"), Manufactured: dayOf("2011-12-12")}, CodeCheckCharacter, "hard"},
		{"check character of a primary", "+A123BJC5D6E71X", Device{DI: di}, CodeCheckCharacter, "hard"},
		{"check character of a primary missing", "+A123BJC5D6E71", Device{}, CodeCheckCharacter, "hard"},
		{"check character of a secondary", "+$$5122713C001L3", Device{Lot: "3C001", Expiry: dayOf("2012-09-27")}, CodeCheckCharacter, "hard"},
		{"a linear secondary behind a slash", "+J123123451/$$20215123C001L/", Device{DI: "J123123451"}, CodeCheckCharacter, "hard"},

		{"month 13", sum("+" + di + "/$$1327LOT"), Device{DI: di, Lot: "LOT"}, "date", "hard"},
		{"month 00", sum("+" + di + "/$$0027LOT"), Device{DI: di, Lot: "LOT"}, "date", "hard"},
		{"30 February", sum("+" + di + "/$$3280230LOT"), Device{DI: di, Lot: "LOT"}, "date", "hard"},
		{"day 00", sum("+" + di + "/$$3280200LOT"), Device{DI: di, Lot: "LOT"}, "date", "hard"},
		{"MMDDYY turned about", sum("+" + di + "/$$2271231LOT"), Device{DI: di, Lot: "LOT"}, "date", "hard"},
		{"hour 24", sum("+" + di + "/$$428022824LOT"), Device{DI: di, Lot: "LOT"}, "date", "hard"},
		{"day 366 of 2027", sum("+" + di + "/$$527366LOT"), Device{DI: di, Lot: "LOT"}, "date", "hard"},
		{"day 000", sum("+" + di + "/$$527000LOT"), Device{DI: di, Lot: "LOT"}, "date", "hard"},
		{"the old form with day 000", sum("+" + di + "/27000LOT"), Device{DI: di}, "date", "hard"},
		{"a supplement's date", sum("+" + di + "/$LOT/14D20271301/16D20250228"), Device{DI: di, Lot: "LOT", Manufactured: dayOf("2025-02-28")}, "date", "hard"},
		{"a supplement's date cut short", sum("+" + di + "/$LOT/16D2025022"), Device{DI: di, Lot: "LOT"}, "date", "hard"},
		{"year 0000", sum("+" + di + "/$LOT/16D00000228"), Device{DI: di, Lot: "LOT"}, "date", "hard"},
		{"a date cut short", sum("+" + di + "/$$32802"), Device{DI: di}, CodeHIBCStructure, "hard"},
		{"letters in a date", sum("+" + di + "/$$328O228LOT"), Device{DI: di}, CodeHIBCStructure, "hard"},
		{"no date flag", sum("+" + di + "/$$XLOT"), Device{DI: di}, CodeHIBCStructure, "hard"},
		{"nothing behind $$", sum("+" + di + "/$$"), Device{DI: di}, CodeHIBCStructure, "hard"},
		{"a quantity cut short", sum("+" + di + "/$$81"), Device{DI: di}, CodeHIBCStructure, "hard"},
		{"letters in a quantity", sum("+" + di + "/$$9001X07LOT"), Device{DI: di}, CodeHIBCStructure, "hard"},
		{"a quantity without a date flag", sum("+" + di + "/$$81210X3"), Device{DI: di, Quantity: "12"}, CodeHIBCStructure, "hard"},
		{"a quantity of letters", sum("+" + di + "/$LOT/QX"), Device{DI: di, Lot: "LOT"}, "value", "hard"},
		{"a quantity of six digits", sum("+" + di + "/$LOT/Q123456"), Device{DI: di, Lot: "LOT", Quantity: "123456"}, CodeHIBCLength, "warning"},
		{"no serial behind its mark", sum("+" + di + "/$LOT/S"), Device{DI: di, Lot: "LOT"}, "empty", "warning"},
		{"a slash in a lot", sum("+" + di + "/$AB/123"), Device{DI: di}, CodeHIBCStructure, "hard"},
		{"a slash in a serial", sum("+" + di + "/$LOT/SAB/-1"), Device{DI: di, Lot: "LOT"}, CodeHIBCStructure, "hard"},
		{"a doubled slash", sum("+" + di + "/$$3271231LOT//S1"), Device{DI: di, Expiry: dayOf("2027-12-31"), Serial: "1"}, CodeHIBCStructure, "hard"},
		{"a lot of 19", sum("+" + di + "/$1234567890123456789"), Device{DI: di, Lot: "1234567890123456789"}, CodeHIBCLength, "warning"},
		{"a percent in a lot", sum("+" + di + "/$A%B"), Device{DI: di, Lot: "A%B"}, CodeHIBCCharacter, "warning"},
		{"a + in a lot", sum("+" + di + "/$A+B"), Device{DI: di}, CodeHIBCCharacter, "hard"},
		{"a + in a serial", sum("+" + di + "/$A/SB+1"), Device{DI: di, Lot: "A"}, CodeHIBCCharacter, "hard"},
		{"a dash in the product number", sum("+A123BJ-C.51/$LOT"), Device{DI: "A123BJ-C.51", Lot: "LOT"}, CodeHIBCCharacter, "warning"},
		{"two lots", sum("+" + di + "/$LOT1/$LOT2"), Device{DI: di}, CodeContradiction, "hard"},
		{"three lots", sum("+" + di + "/$LOT1/$LOT2/$LOT1"), Device{DI: di}, CodeContradiction, "hard"},
		{"two expiry dates", sum("+" + di + "/$$3271231LOT/14D20271230"), Device{DI: di, Lot: "LOT"}, CodeContradiction, "hard"},
		{"three expiry dates", sum("+" + di + "/$$3271231LOT/14D20271230/14D20271230"), Device{DI: di, Lot: "LOT"}, CodeContradiction, "hard"},
		{"two hours", sum("+" + di + "/$$427123112LOT/$$427123113LOT"), Device{DI: di, Lot: "LOT"}, CodeContradiction, "hard"},
		{"two dates of manufacture", sum("+" + di + "/$LOT/16D20251231/16D20251230"), Device{DI: di, Lot: "LOT"}, CodeContradiction, "hard"},
		{"two serials", sum("+" + di + "/$+1/S2"), Device{DI: di}, CodeContradiction, "hard"},
		{"two quantities", sum("+" + di + "/$$8247LOT/Q25"), Device{DI: di, Lot: "LOT"}, CodeContradiction, "hard"},

		{"a foreign character", "+" + di + "/$LOT\u00e91", Device{}, "charset", "hard"},
		{"a foreign character in a secondary", "+$LOT;1G1", Device{}, "charset", "hard"},
		{"a foreign character in the check", "+" + di + "\u00e9", Device{}, "charset", "hard"},
		{"GS in the middle", "+" + di + "/$LOT\x1d1", Device{}, "charset", "hard"},
		{"run together, primary's check wrong", "+A123BJC5D6E71++$$52001510X3+D", Device{}, CodeHIBCStructure, "hard"},
		{"run together, another link", "+A123BJC5D6E71G+$$52001510X3+ ", Device{}, CodeHIBCStructure, "hard"},
		{"run together, primary's check a slash", "+A123BJC5D6E71/+$$52001510X3/X", Device{}, CodeHIBCStructure, "hard"},
		{"five run together", "+A123BJC5D6E71G" + strings.Repeat(linear("$LOT", "G"), 4), Device{}, CodeHIBCStructure, "hard"},
		{"two primaries", "+A123BJC5D6E71G+A123BJC5D6E71G", Device{}, CodeHIBCStructure, "hard"},
		{"no unit of measure", "+A123BJC5D6E7X/$LOT1", Device{}, "", ""},

		{"printed", "*+A123BJC5D6E71G*", Device{DI: di}, CodeHIBCPrinted, "warning"},
		{"printed, the last asterisk lost", "*+A123BJC5D6E71G", Device{DI: di}, CodeHIBCPrinted, "warning"},
		{"printed, the first asterisk lost", "+A123BJC5D6E71G*", Device{}, "charset", "hard"},
		{"printed, a foreign character", "*+A123BJC5D6E71/$LOT;G*", Device{}, "charset", "hard"},
		{"an underscore", "+A123BJC5D6E71/$LOT_1G", Device{}, "charset", "hard"},
		{"printed, a space", "*+$$52001510X3+_*", Device{Lot: "10X3", Expiry: dayOf("2020-01-15")}, CodeHIBCPrinted, "warning"},
		{"printed, check wrong", "*+A123BJC5D6E71X*", Device{DI: di}, CodeCheckCharacter, "hard"},
		{"printed, underscore, check wrong", "*+A123BJC5D6E71/$A_BX*", Device{}, CodeCheckCharacter, "hard"},
		{"small letters", "+a123bjc5d6e71g", Device{DI: di}, CodeHIBCCase, "warning"},
		{"small letters, check wrong", "+a123bjc5d6e71h", Device{}, CodeCheckCharacter, "hard"},
		{"small letters, a foreign character", "+a123bjc5d6e71/$\u00e9g", Device{}, "", ""},

		{"run together", "+A123BJC5D6E71G+2001510X3GG", Device{DI: di, Lot: "10X3", Expiry: dayOf("2020-01-15")}, CodeHIBCTogether, "warning"},
		{"three run together", "+J123AQ3451T+25330BC34567T2+S4012TJ", Device{DI: "J123AQ3451", Lot: "BC34567", Serial: "4012", Expiry: dayOf("2025-11-26")}, CodeHIBCTogether, "warning"},
		{"secondary before primary", "+$$52001510X3GD+A123BJC5D6E71G", Device{DI: di, Lot: "10X3", Expiry: dayOf("2020-01-15")}, CodeHIBCTogether, "warning"},
		{"a serial alone", "+S4012TJ", Device{Serial: "4012"}, "none", ""},
		{"a quantity alone", sum("+Q500G"), Device{Quantity: "500"}, "none", ""},
		{"a date alone", sum("+14D20271231G"), Device{Expiry: dayOf("2027-12-31")}, "none", ""},

		{"spaces behind", "+$$73C001LY  ", Device{Lot: "3C001"}, CodeHIBCSpace, "warning"},
		{"spaces behind two", "+A123BJC5D6E71G+2001510X3GG ", Device{DI: di, Lot: "10X3", Expiry: dayOf("2020-01-15")}, CodeHIBCSpace, "warning"},
		{"two spaces behind, of which one fits as the check", "+A123BJC5D6E71/S00020  ", Device{DI: di, Serial: "0002"}, CodeHIBCSpace, "warning"},
		{"two spaces behind a check that is one", "+A123BJC5D6E71/SAS2   ", Device{DI: di, Serial: "AS2"}, CodeHIBCSpace, "warning"},
		{"a space too many or too few", "+B145D6 +$$0596IK 0 ", Device{}, CodeHIBCSpace, "hard"},
		{"a lost space", strings.TrimSuffix("+A123BJCMD6E79++$$52001510X3+ ", " "), Device{DI: "A123BJCMD6E79", Lot: "10X3", Expiry: dayOf("2020-01-15")}, CodeHIBCSpace, "warning"},
		{"a lost space, secondary", "+$$52001510X3+", Device{Expiry: dayOf("2020-01-15")}, CodeCheckCharacter, "hard"},
		{"not HIBC: a text", "+HELLO", Device{}, "", ""},
		{"not HIBC: a long text", "+HELLOWORLD", Device{}, "", ""},
		{"not HIBC: a telephone", "+442071234567", Device{}, "", ""},
		{"not HIBC: short", "+A1", Device{}, "", ""},
		{"not HIBC: an asterisk", "*A123", Device{}, "", ""},
		{"not HIBC: provider's data", "+/EO523201", Device{}, "", ""},
		{"not HIBC: too long", "+$" + strings.Repeat("A", hibcLongest), Device{}, "", ""},
		{"not HIBC: letters and signs", "+ATTENTION@HOME", Device{}, "", ""},
		{"not HIBC: shown short", "*+A1*", Device{}, "", ""},
		{"GS1 with + for FNC1", "+0010030378123456789017130700103033262+3000017", Device{}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := parseHIBC(c.text, present)
			if c.code == "" {
				if ok {
					t.Errorf("%q: %+v", c.text, got)
				}
				return
			}
			if !ok || got.device != device(c.want) {
				t.Errorf("%q: %v, %+v\nwant %+v", c.text, ok, got, c.want)
			}
			if c.code == "none" && len(got.issues) > 0 || c.code != "none" && !hasIssue(got, c.code, c.severity) {
				t.Errorf("%q: issues %+v, want %s", c.text, got.issues, c.code)
			}
			if hard := hardIssues(got) > 0; hard != (c.severity == "hard") {
				t.Errorf("%q: issues %+v", c.text, got.issues)
			}
			consistent(t, c.text, got)
		})
	}
}

// A number behind AI 01 or 00 whose check digit is right is GS1 data, even
// where the last character happens to be what HIBC's check character would be.
func TestHIBCIsNotGS1DataWithPlusForFNC1(t *testing.T) {
	chance := 0
	rapid.Check(t, func(r *rapid.T) {
		body := rapid.StringMatching(`[0-9]{13}`).Draw(r, "gtin")
		sum := 0
		for i := range 13 {
			sum += int(body[i]-'0') * (3 - i%2*2)
		}
		text := "+01" + body + string('0'+byte((10-sum%10)%10))
		if hibcHolds(text) {
			chance++
		}
		if got, ok := parseHIBC(text, present); ok {
			r.Errorf("%q: %+v", text, got)
		}
	})
	if _, ok := parseHIBC(withCheck("+0203500001234567"), present); !ok {
		t.Error("an old secondary of 2002 is one")
	}
	for text, want := range map[string]bool{"0109506000117843": true, "0109506000117844": false, "00106141412345678908": true,
		"00106141412345678907": false, "010950600011784": false, "02": false, "0109506000117X43": false} {
		if isGS1Key(text) != want {
			t.Errorf("%s: %v", text, !want)
		}
	}
}

func TestHIBCWithoutThePresentTime(t *testing.T) {
	got, ok := parseHIBC(withCheck("+A123BJC5D6E71/$$3271231LOT/16D20250228"), time.Time{})
	want := Device{Agency: AgencyHIBCC, DI: "A123BJC5D6E71", Lot: "LOT", Manufactured: dayOf("2025-02-28")}
	if !ok || got.device != want || !hasIssue(got, "date", "hard") {
		t.Errorf("%+v", got)
	}
}

func TestHIBCCenturyWindow(t *testing.T) {
	for _, c := range []struct{ now, yy, want int }{
		{2026, 26, 2026}, {2026, 76, 2076}, {2026, 77, 1977}, {2026, 0, 2000}, {2060, 10, 2110}, {2060, 11, 2011}, {1999, 49, 2049}, {1999, 50, 1950},
	} {
		if got := gs1.FullYear(c.yy, time.Date(c.now, 1, 1, 0, 0, 0, 0, time.UTC)); got != c.want {
			t.Errorf("%02d in %d is %d, want %d", c.yy, c.now, got, c.want)
		}
	}
}

// A space that is the check character may also have been added: where both
// readings hold, that is said.
func TestHIBCSpaceThatMayHaveBeenAdded(t *testing.T) {
	for n := range 50000 {
		lot := []byte("A0000J")
		for i, v := 4, n; i > 0; i-- {
			lot[i] = hibcSet[v%36]
			v /= 36
		}
		text := withCheck("+A123BJC5D6E71/$" + string(lot))
		if text[len(text)-1] != ' ' {
			continue
		}
		got, ok := parseHIBC(text, present)
		if !ok || got.device.Lot != string(lot) || !hasIssue(got, CodeHIBCSpace, "warning") {
			t.Errorf("%q: %+v", text, got)
		}
		return
	}
	t.Error("no such lot")
}

// A lone primary whose last character was a space is told from one without its
// check character by nothing: no value is taken.
func TestHIBCLostSpaceOfAPrimary(t *testing.T) {
	for n := range 43 * 43 {
		primary := "+A123B" + hibcSet[n%36:n%36+1] + hibcSet[n/43%36:n/43%36+1] + "1"
		if hibcCheck(primary) != ' ' {
			continue
		}
		got, ok := parseHIBC(primary, present)
		if !ok || got.device != (Device{}) || !hasIssue(got, CodeCheckCharacter, "hard") || len(got.elements) != 1 || !got.elements[0].Rejected {
			t.Errorf("%q: %+v", primary, got)
		}
		got, ok = parseHIBC(withCheck(primary+"/$LOT"), present)
		if !ok || got.device.DI != primary[1:] || got.device.Lot != "LOT" {
			t.Errorf("%+v", got)
		}
		return
	}
	t.Error("no such product")
}

func TestHIBCBasicUDIDI(t *testing.T) {
	for _, s := range []string{"++A999MODELIDENTIFIER11S8", "++E22100160100000008Z", "++E2210229000000000EE", "++E2210575000000000K4",
		"++E2210140060000000AL", "++E2210065020000000DJ", "++E2210478000000000LN", "++E2210427000000000EW", "++E2210637000000000J7"} {
		got, ok := parseHIBC(s, present)
		if !ok || got.form != "hibc_basic_udi_di" || got.device != (Device{Agency: AgencyHIBCC, BasicUDI: s}) || len(got.issues) != 0 {
			t.Errorf("%s: %+v", s, got)
		}
		consistent(t, s, got)
	}
	if v := checkPair("++A999MODELIDENTIFIER11"); v != 774 {
		t.Errorf("check value %d, want 774", v)
	}
	for _, s := range []string{"++E221049001OOOOOOOFX", "++E22104911OOOOOOOOGY", "++E221023102000000093"} {
		got, ok := parseHIBC(s, present)
		if !ok || got.device != (Device{}) || !hasIssue(got, "check-pair", "hard") {
			t.Errorf("%s: %+v", s, got)
		}
		consistent(t, s, got)
	}
	for _, s := range []string{"++", "++A999S8", "++1999MODELS8", "++A999MODEL-S8", "++A999MODELIDENTIFIER1234S8"} {
		if got, ok := parseHIBC(s, present); ok {
			t.Errorf("%s: %+v", s, got)
		}
	}
}

func BenchmarkParseHIBC(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"primary", "+A123BJC5D6E71G"},
		{"secondary", "+$$5122713C001L2"},
		{"concatenated", "+A123ABCDEFGHI1234567891/$$420020216LOT123456789012345/SXYZ456789012345678/16D20130202$"},
		{"run together", "+J123AQ3451T+25330BC34567T2+S4012TJ"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := parseHIBC(c.text, present); !ok {
					b.Fatal(c.text)
				}
			}
		})
	}
}
