package udi

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawISBT draws a device as ISBT 128 can say it.
func drawISBT(r *rapid.T) Device {
	d := Device{Agency: AgencyICCBBA,
		DI:     rapid.StringMatching(`[A-NP-Z0-9]{5}[A-Z0-9]{11}`).Draw(r, "di"),
		Serial: rapid.StringMatching(`([A-Z0-9]{6})?`).Draw(r, "serial"),
		Lot:    rapid.StringMatching(`([A-Z0-9]{18}|[A-Z0-9]{10})?`).Draw(r, "lot"),
	}
	if rapid.Bool().Draw(r, "bag") {
		d.DI = rapid.StringMatching(`[0-9A-Zyz][0-9A-Z]{9}`).Draw(r, "container")
	}
	if rapid.Bool().Draw(r, "donation") {
		din := rapid.StringMatching(`[A-NP-Z1-9][A-NP-Z0-9]{2}[0-9]{10}`).Draw(r, "din")
		d.DonationID = din + rapid.SampledFrom([]string{"00", fmt.Sprintf("%02d", 60+isbtCheck(din)), "07"}).Draw(r, "flags")
	}
	switch rapid.IntRange(0, 3).Draw(r, "precision") {
	case 1:
		d.Expiry = drawDay(r, "expiry")
	case 2:
		day := drawDay(r, "expiry").Day
		d.Expiry = inMonth(numberOf(day[:4]), numberOf(day[5:7]))
	case 3:
		d.Expiry = minuteOf(drawDay(r, "expiry").Day, fmt.Sprintf("%02d:%02d", rapid.IntRange(0, 23).Draw(r, "hour"), rapid.IntRange(0, 59).Draw(r, "minute")))
	}
	if rapid.Bool().Draw(r, "made") {
		d.Manufactured = drawDay(r, "made")
	}
	return d
}

// What is written of a device is read as the same device, run together and as a
// compound message; with another number of structures in its header it is not
// read at all.
func TestISBTRoundTrip(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := drawISBT(r)
		text := d.hrfISBT()
		got, ok := parseISBT(text, present)
		if !ok || got.device != d || hardIssues(got) > 0 {
			r.Errorf("%q of %+v\nis %+v", text, d, got)
		}
		consistent(r, text, got)
		n := strings.Count(text, "=") + strings.Count(text, "&")
		compound := fmt.Sprintf("=+%02d000%s", n, text)
		if got, ok := parseISBT(compound, present); !ok || got.device != d || hardIssues(got) > 0 {
			r.Errorf("%q of %+v\nis %+v", compound, d, got)
		}
		wrong := rapid.IntRange(0, 99).Filter(func(k int) bool { return k != n }).Draw(r, "declared")
		compound = fmt.Sprintf("=+%02d000%s", wrong, text)
		if got, ok := parseISBT(compound, present); !ok || got.device != (Device{}) || !hasIssue(got, CodeISBTCount, "hard") {
			r.Errorf("%q: %+v", compound, got)
		}
	})
}

// However a text is cut, no value comes out of it that the whole does not have.
func TestISBTCutShort(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := drawISBT(r)
		text := d.hrfISBT()
		text = text[:rapid.IntRange(0, len(text)).Draw(r, "cut")]
		got, ok := parseISBT(text, present)
		if !ok {
			return
		}
		want := Device{Agency: got.device.Agency}
		for _, o := range got.origins {
			copyField(&want, d, o.Field)
		}
		if got.device != want {
			r.Errorf("%q: %+v of %+v", text, got.device, d)
		}
	})
}

func TestHRFOfISBT(t *testing.T) {
	for _, c := range []struct {
		name string
		d    Device
		want string
	}{
		{"ST-017's example", Device{DI: "A9999XYZ100T0476", Serial: "000025", DonationID: "A99971712345600", Expiry: dayOf("2019-02-01"), Manufactured: dayOf("2017-02-01"), Lot: "000000000000XYZ123"},
			"=/A9999XYZ100T0476=,000025=A99971712345600=>019032=}017032&,1000000000000XYZ123"},
		{"a blood bag", Device{DI: "1TE123456A", Lot: "RZ12345678"}, "=)1TE123456A&)RZ12345678"},
		{"the end of a leap year, with its time", Device{Expiry: minuteOf("2024-12-31", "23:59")}, "&>0243662359"},
		{"the last century", Device{Expiry: dayOf("1999-03-01")}, "=>999060"},
		{"the next century", Device{Expiry: dayOf("2100-03-01")}, "=>100060"},
		{"a century that has no character", Device{Expiry: dayOf("1899-03-01")}, ""},
		{"a month", Device{Expiry: monthOf("2027-02-28")}, "=]202702"},
		{"an hour", Device{Expiry: hourOf("2027-02-28", "12:00")}, ""},
		{"a lot of another length", Device{Lot: "123"}, ""},
		{"a lot of other characters", Device{Lot: "12345678-0"}, ""},
		{"nothing", Device{}, ""},
	} {
		if got := c.d.hrfISBT(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// Whatever is read: no panic, places inside the text, no value that was not read.
func FuzzISBT(f *testing.F) {
	for _, s := range []string{
		"=A99991712345600=,000012", "=+06000=/A9999XYZ100T0476=,000025=A99971712345600=>019032=}017032&,1000000000000XYZ123", "=)1TE123456A&)RZ12345678",
		"=+05000=Z54991712345600=%T300=<T0416003&>0183652359&,4PL001499Z549917123456A00T041600320181231", "=A999917123456", "=G12341765432171", "A9990ABC123T048008",
		"&#0105ABC12", "&$0201000100001000", "&%001ABCDEFGHIJ", "=+0", "=+99000", "=]202713", "&,1", "&,", "=", "", "=\xff\xff", "=>019031&>0190321200",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := parseISBT(text, present)
		if !ok {
			if len(got.elements)+len(got.issues)+len(got.origins) > 0 || got.device != (Device{}) {
				t.Errorf("%q is no ISBT 128, and says %+v", text, got)
			}
			return
		}
		consistent(t, text, got)
		if got.form != formISBT || hardIssues(got) > 0 {
			return
		}
		if again := got.device.hrfISBT(); again != "" {
			if d, ok := parseISBT(again, present); !ok || d.device != got.device {
				t.Errorf("%q: %+v is written %q and read %+v", text, got.device, again, d.device)
			}
		}
	})
}
