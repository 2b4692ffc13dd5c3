package gs1

import (
	"strings"
	"testing"
)

// What else than separators can be lost, and is not to be undone for certain.
func TestReadingsOfOtherDamage(t *testing.T) {
	const body = "08025153000365"
	for _, tt := range []struct{ name, text, first string }{
		{"the leading zero", "1" + body + "101096438\x1d17220617", "0|01 08025153000365, 10 1096438, 17 220617"},
		{"the leading zero and the separator", "1" + body + "101096438" + "17220617" + "2155H02AE137", "0|01 08025153000365, 10 1096438, 17 220617, 21 55H02AE137"},
		{"the first AI", body + "101096438\x1d17220617", "01|01 08025153000365, 10 1096438, 17 220617"},
		{"the leading zero, check digit wrong", "1" + "08025153000366" + "101096438\x1d17220617", "|10 80251530003661010, 96 438, 17 220617"},
		{"the end, behind an AI", "01" + body + "101096438" + "17220617" + "21", "|01 08025153000365, 10 1096438, 17 220617|21"},
		{"a mark in place of the separator that lots have too", "01" + body + "101096438-17220617" + "2155H02AE137", "-|01 08025153000365, 10 1096438, 17 220617, 21 55H02AE137"},
		{"a mark before a field that few packs have", "01" + body + "10" + strings.Repeat("A", 18) + "-90A", "|01 08025153000365, 10 " + strings.Repeat("A", 18) + "-, 90 A"},
		{"a strange character at the end", "01" + body + "101096438\x01", "\x01|01 08025153000365, 10 1096438"},
		{"two letters in place of the separator", "01" + body + "101096438GS17220617" + "2155H02AE137", "GS|01 08025153000365, 10 1096438, 17 220617, 21 55H02AE137"},
		{"a wrong check digit", "01" + "08025153000366" + "101096438", "|10 1096438, not 01 08025153000366"},
		{"a wrong check digit in brackets", "(01)08025153000366(10)1096438", "|10 1096438, not 01 08025153000366"},
		{"a mark that makes a valid lot, before a date", "01" + body + "10G46838486=" + "17280318", "=|01 08025153000365, 10 G46838486, 17 280318"},
		{"a mark that makes a valid lot, before a serial", "01" + body + "17280318" + "10LK-70581!2175T225", "!|01 08025153000365, 17 280318, 10 LK-70581, 21 75T225"},
		{"a mark that lots have", "01" + body + "17280318" + "10KE-78565/21GNPT0DT", ""},
		{"the first AI, and what is left begins with another", "03643231389680" + "17251107" + "21RB220898", "|251 10721RB220898, not 03 64323138968017"},
		{"a wrong check digit, and worse", "01" + "08025153000366" + "17220231", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{Now: testNow}
			checkReadings(t, tt.text, o)
			got := ""
			if readings := Readings(tt.text, o); len(readings) > 0 {
				r := readings[0]
				var fields []string
				for _, e := range r.Elements {
					fields = append(fields, string(e.AI)+" "+e.Value)
				}
				for _, e := range r.Failed {
					fields = append(fields, "not "+string(e.AI)+" "+e.Value)
				}
				got = r.Lead + r.Instead + "|" + strings.Join(fields, ", ")
				if r.Rest != "" {
					got += "|" + r.Rest
				}
			}
			if got != tt.first {
				t.Errorf("%q: %q, want %q", tt.text, got, tt.first)
			}
		})
	}
}
