package udi

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func minuteOf(s, at string) Date {
	return Date{Day: s, Precision: PrecisionMinute, Time: at}
}

func TestISBTCheckValue(t *testing.T) {
	for s, want := range map[string]int{"G123417654321": 10, "G123498654321": 17, "A9990ABC123T0480": 8, "A999717123456": 34, "a999717123456": -1, "A9997 7123456": -1} {
		if got := isbtCheck(s); got != want {
			t.Errorf("%s: %d, want %d", s, got, want)
		}
	}
	for flags, want := range map[string]bool{"70": true, "71": false, "60": false, "96": false, "97": true, "59": true, "00": true, "A1": true} {
		if flagsHold("G123417654321", flags) != want {
			t.Errorf("flags %s: %v", flags, !want)
		}
	}
}

// A changed character of a donation number always changes its check value.
func TestISBTDonationSlip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		din := rapid.StringMatching(`[A-NP-Z1-9][A-NP-Z0-9]{2}[0-9]{10}`).Draw(r, "din")
		text := "=" + din + strconv.Itoa(60+isbtCheck(din))
		if got, ok := parseISBT(text, present); !ok || got.device.DonationID != text[1:] || len(got.issues) > 0 {
			r.Fatalf("%s: %+v", text, got)
		}
		b := []byte(text)
		i := rapid.IntRange(0, len(b)-1).Draw(r, "at")
		b[i] = byte(rapid.IntRange(0, 127).Draw(r, "to"))
		got, ok := parseISBT(string(b), present)
		if string(b) == text || !ok {
			return
		}
		// Flags that are no check any more leave the number as it was.
		if v := got.device.DonationID; v != "" && v[:13] != din {
			r.Errorf("%q: %+v", b, got)
		}
	})
}

func TestISBTStructures(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       Device
	}{
		{"device identifier", "=/A9997AB3456T0123", Device{DI: "A9997AB3456T0123"}},
		{"serial", "=,000012", Device{Serial: "000012"}},
		{"donation", "=A99991712345600", Device{DonationID: "A99991712345600"}},
		{"donation with check", "=G12341765432170", Device{DonationID: "G12341765432170"}},
		{"donation with another flag", "=G12341765432107", Device{DonationID: "G12341765432107"}},
		{"expiry", "=>019032", Device{Expiry: dayOf("2019-02-01")}},
		{"expiry of the last century", "=>999365", Device{Expiry: dayOf("1999-12-31")}},
		{"expiry in a leap year", "=>024366", Device{Expiry: dayOf("2024-12-31")}},
		{"expiry and time", "&>0183652359", Device{Expiry: minuteOf("2018-12-31", "23:59")}},
		{"expiry month", "=]202702", Device{Expiry: monthOf("2027-02-28")}},
		{"production", "=}017032", Device{Manufactured: dayOf("2017-02-01")}},
		{"production and time", "&}0170320000", Device{Manufactured: minuteOf("2017-02-01", "00:00")}},
		{"lot", "&,1000000000000XYZ123", Device{Lot: "000000000000XYZ123"}},
		{"blood bag", "=)1TE123456A&)RZ12345678", Device{DI: "1TE123456A", Lot: "RZ12345678"}},
		{"set of blood bags", "=)yTE123456A", Device{DI: "yTE123456A"}},
		{"expiry twice", "=>018365&>0183652359", Device{Expiry: minuteOf("2018-12-31", "23:59")}},
		{"the same lot twice", "&)RZ12345678&)RZ12345678", Device{Lot: "RZ12345678"}},
		{"compound", "=+04000=/A9997XYZ100T0479=A99991712345600=,000012=>019031",
			Device{DI: "A9997XYZ100T0479", DonationID: "A99991712345600", Serial: "000012", Expiry: dayOf("2019-01-31")}},
		{"compound of three", "=+03034=/A9997XYZ100T0479=,000012=A99991712345600",
			Device{DI: "A9997XYZ100T0479", DonationID: "A99991712345600", Serial: "000012"}},
		{"blood component", "=+05000=Z54991712345600=%T300=<T0416003&>0183652359&,4PL001499Z549917123456A00T041600320181231",
			Device{DonationID: "Z54991712345600", Expiry: minuteOf("2018-12-31", "23:59")}},
		{"nothing of a device", "=*019032&*0190321201=%T300=<E0416V00&(N0021=-ABCATALOG1&-LOT1234567=$A999917123450102=(100120190131&+A9997AB3456",
			Device{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := c.text
			if c.name == "nothing of a device" {
				text = strings.Replace(text, "=(100120190131", "=(1001201901311200", 1)
			}
			got, ok := parseISBT(text, present)
			if c.want != (Device{}) {
				c.want.Agency = AgencyICCBBA
			}
			if !ok || got.form != "isbt" || got.device != c.want || len(got.issues) != 0 {
				t.Errorf("%s: %+v\nwant %+v", text, got, c.want)
			}
			consistent(t, text, got)
		})
	}
}

// Every structure of the table is as long as it says, and is followed by the
// next.
func TestISBTStructureLengths(t *testing.T) {
	content := map[string]string{"&#": "0105ABC12", "&$": "02" + strings.Repeat("01000100001000", 2), "&%": "001ABCDEFGHIJ"}
	seen := map[string]bool{}
	for i, d := range isbtStructures {
		if d.number < 2 || d.number > 40 || i > 0 && isbtStructures[i-1].number >= d.number || seen[d.id] || d.title == "" {
			t.Errorf("%+v", d)
		}
		seen[d.id] = true
		v, ok := content[d.id]
		switch {
		case d.number == 23:
			continue
		case d.id == "=(":
			v = "1001201901311200"
		case d.id == "=]":
			v = "202702"
		case d.length == 10 && strings.Contains("&>&*&}", d.id):
			v = "0190321200"
		case !ok:
			v = strings.Repeat("0", d.length-1) + "1"
		}
		got, ok := parseISBT(d.id+v+"=,000012", present)
		if !ok || got.device.Serial != "000012" && d.number != 32 || hardIssues(got) != 0 && d.number != 32 {
			t.Errorf("%s%s: %+v", d.id, v, got)
		}
		consistent(t, d.id+v+"=,000012", got)
		if d.person != hasIssue(got, CodeISBTPerson, "warning") || d.person && len(got.elements) != 1 {
			t.Errorf("%s: %+v", d.id, got)
		}
		// One character less, and it is cut short, or swallows what is no
		// longer a structure.
		got, ok = parseISBT(d.id+v[:len(v)-1], present)
		if !ok || hardIssues(got) == 0 || !got.device.IsZero() {
			t.Errorf("%s%s: %+v", d.id, v[:len(v)-1], got)
		}
	}
}

func TestISBTDamage(t *testing.T) {
	const whole = "=+04000=/A9997XYZ100T0479=A99991712345600=,000012=>019031"
	for _, c := range []struct {
		name, text     string
		want           Device
		code, severity string
	}{
		{"truncated", "=A999917123456", Device{}, "too-short", "hard"},
		{"truncated, more behind", "=/A9997XYZ=,000012", Device{Serial: "000012"}, "too-short", "hard"},
		{"one more than declared", strings.Replace(whole, "=+04", "=+03", 1), Device{}, CodeISBTCount, "hard"},
		{"one less than declared", strings.Replace(whole, "=+04", "=+05", 1), Device{}, CodeISBTCount, "hard"},
		{"no number in the header", strings.Replace(whole, "=+04", "=+O4", 1), Device{}, CodeISBTStructure, "hard"},
		{"a header cut short", "=+040", Device{}, CodeISBTStructure, "hard"},
		{"a header in the middle", "=,000012=+01000=>019031", Device{Serial: "000012"}, CodeISBTStructure, "hard"},
		{"another order than named", strings.Replace(whole, "=+04000", "=+04035", 1),
			Device{DI: "A9997XYZ100T0479", DonationID: "A99991712345600", Serial: "000012", Expiry: dayOf("2019-01-31")}, CodeISBTSequence, "warning"},
		{"unknown structure behind", "=,000012&a123", Device{Serial: "000012"}, CodeISBTStructure, "hard"},
		{"unknown structure in a compound message", "=+02000=,000012&a123", Device{}, CodeISBTStructure, "hard"},
		{"a character behind", "=,0000123", Device{Serial: "000012"}, CodeISBTStructure, "hard"},
		{"wrong flags", "=G12341765432171", Device{}, CodeCheckCharacter, "hard"},
		{"letters in the number", "=G1234176S432170", Device{}, "charset", "hard"},
		{"letters in the year", "=G1234I765432170", Device{}, "charset", "hard"},
		{"small letters in the flags", "=G1234176543217a", Device{}, "charset", "hard"},
		{"facility with the letter O", "=/AO997AB3456T0123", Device{}, "charset", "hard"},
		{"small letters in the DI", "=/A9997ab3456T0123", Device{}, "charset", "hard"},
		{"a sign in the serial", "=,0000-2", Device{}, "charset", "hard"},
		{"small letters in a bag's DI", "=)1TE12345xA", Device{}, "charset", "hard"},
		{"a sign in a lot", "&)RZ1234567;", Device{}, "charset", "hard"},
		{"a control character in what is kept", "=%T3\x1d0=,000012", Device{Serial: "000012"}, "charset", "hard"},
		{"day 366", "=>019366", Device{}, "date", "hard"},
		{"day 000", "=}019000", Device{}, "date", "hard"},
		{"letters in a date", "=>O19031", Device{}, "date", "hard"},
		{"hour 24", "&>0190312400", Device{}, "date", "hard"},
		{"minute 60", "&}0190312360", Device{}, "date", "hard"},
		{"letters in a time", "&>01903123O0", Device{}, "date", "hard"},
		{"month 13", "=]201913", Device{}, "date", "hard"},
		{"letters in a month", "=]2019O1", Device{}, "date", "hard"},
		{"year 0000", "=]000001", Device{}, "date", "hard"},
		{"a century too far", "=>119031", Device{Expiry: dayOf("2119-01-31")}, CodeDistantDate, "warning"},
		{"a century too early", "=>919031", Device{Expiry: dayOf("1919-01-31")}, CodeDistantDate, "warning"},
		{"two serials", "=,000012=,000013", Device{}, CodeContradiction, "hard"},
		{"two donations", "=A99991712345600=A99991712345700", Device{}, CodeContradiction, "hard"},
		{"two expiry dates", "=>019031&>0190321200", Device{}, CodeContradiction, "hard"},
		{"a patient", "&#0105ABC12=,000012", Device{Serial: "000012"}, CodeISBTPerson, "warning"},
		{"a patient cut short", "&#01X5ABC12", Device{}, "too-short", "hard"},
		{"dimensions cut short", "&$0101000100001", Device{}, "too-short", "hard"},
		{"not ISBT: a formula", "=SUM(A1)", Device{}, "", ""},
		{"not ISBT: a sign", "=?12", Device{}, "", ""},
		{"not ISBT: the letter O", "=O99991712345600", Device{}, "", ""},
		{"not ISBT: short", "=>", Device{}, "", ""},
		{"not ISBT: letters", "=ABC", Device{}, "", ""},
		{"not ISBT: national", "&a123", Device{}, "", ""},
		{"not ISBT: too long", "=" + strings.Repeat("A", isbtLongest), Device{}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := parseISBT(c.text, present)
			if c.code == "" {
				if ok {
					t.Errorf("%q: %+v", c.text, got)
				}
				return
			}
			if c.want != (Device{}) {
				c.want.Agency = AgencyICCBBA
			}
			if !ok || got.device != c.want || !hasIssue(got, c.code, c.severity) || (hardIssues(got) > 0) != (c.severity == "hard") {
				t.Errorf("%q: %v %+v\nwant %s %+v", c.text, ok, got, c.code, c.want)
			}
			consistent(t, c.text, got)
		})
	}
	if got, _ := parseISBT("=>119031", time.Time{}); len(got.issues) != 0 || got.device.Expiry.Day != "2119-01-31" {
		t.Errorf("a century needs no present time: %+v", got)
	}
	if _, known := structureAt("="); known {
		t.Error("one character names no structure")
	}
}

func TestISBTBasicUDIDI(t *testing.T) {
	const s = "A9990ABC123T048008"
	got, ok := parseISBT(s, present)
	if !ok || got.form != "isbt_basic_udi_di" || got.device != (Device{Agency: AgencyICCBBA, BasicUDI: s}) || len(got.issues) != 0 {
		t.Errorf("%+v", got)
	}
	consistent(t, s, got)
	several := "A9990ABC12300000"
	several += strconv.Itoa(100 + isbtCheck(several))[1:]
	if got, ok := parseISBT(several, present); !ok || got.device.BasicUDI != several {
		t.Errorf("%s: %+v", several, got)
	}
	for _, s := range []string{"A9990ABC123T048009", "A9990ABC123T04800", "19990ABC123T048008", "AO990ABC123T048008", "A9990abc123T048008", "A9990ABC123T0480O8",
		"106141412345678908", "A9990ABC1230048008", ""} {
		if got, ok := parseISBT(s, present); ok {
			t.Errorf("%s: %+v", s, got)
		}
	}
}

func BenchmarkParseISBT(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"donation", "=A99991712345600"},
		{"compound of 4", "=+04000=/A9997XYZ100T0479=A99991712345600=,000012=>019031"},
		{"compound of 6", "=+06000=/A9999XYZ100T0476=,000025=A99971712345600=>019032=}017032&,1000000000000XYZ123"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := parseISBT(c.text, present); !ok {
					b.Fatal(c.text)
				}
			}
		})
	}
}
