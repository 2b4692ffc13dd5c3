package udi

import (
	"strings"
	"testing"
	"time"
)

func TestWhatIsTypedIsCheckedFieldByField(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		typed Typed
		text  string // "": not asked
		field string // that is wrong; "": none
		says  string
	}{
		"all well":                     {Typed{DI: "09520140001145", Lot: "NM21-0417", Expiry: "2028-03-31"}, "(01)09520140001145(17)280331(10)NM21-0417", "", ""},
		"13 digits with spaces":        {Typed{DI: " 9520140001145 ", Lot: "A"}, "(01)09520140001145(10)A", "", ""},
		"a month":                      {Typed{DI: "09520140001145", Serial: "77", Expiry: "2028-02"}, "(01)09520140001145(17)280200(21)77", "", ""},
		"a digit wrong":                {Typed{DI: "09520140001146", Lot: "A"}, "", "di", "check digit"},
		"two digits swapped":           {Typed{DI: "09520140001415", Lot: "A"}, "", "di", "check digit"},
		"a digit lost":                 {Typed{DI: "952014000114", Lot: "A"}, "", "di", "check digit"},
		"too few digits":               {Typed{DI: "95201400", Lot: "A"}, "", "di", "check digit"},
		"no identifier at all":         {Typed{DI: "9520-14", Lot: "A"}, "", "di", "8, 12, 13 or 14"},
		"no date":                      {Typed{DI: "09520140001145", Expiry: "31.03.28"}, "", "expiry", "YYYY-MM-DD"},
		"the 30th of February":         {Typed{DI: "09520140001145", Expiry: "2028-02-30"}, "", "expiry", "YYYY-MM-DD"},
		"a year far away":              {Typed{DI: "09520140001145", Expiry: "2128-03-31"}, "", "expiry", "lifetime"},
		"dates in each other's place":  {Typed{DI: "09520140001145", Expiry: "2024-03-31", Manufactured: "2028-03-31"}, "", "expiry", "before it was made"},
		"a letter of another alphabet": {Typed{DI: "09520140001145", Lot: "А12"}, "", "lot", "U+0410"},
		"a lot that is too long":       {Typed{DI: "09520140001145", Lot: strings.Repeat("7", 21)}, "", "lot", "too long"},
		"HIBC":                         {Typed{DI: "+A123BJC5D6E71G", Lot: "77"}, "", "", ""},
		"HIBC, check character":        {Typed{DI: "+A123BJC5D6E71H", Lot: "77"}, "", "di", "check character"},
		"tissue":                       {Typed{DI: "A9997XYZ100T0944", DonationID: "A9997 26 123456 87", Serial: "000102"}, "", "donation_id", "check character"},
		"text and fields":              {Typed{DI: "09520140001145", Text: "(01)09520140001145"}, "", "text", "not both"},
		"a whole text":                 {Typed{Text: "(01)09520140001145(10)77"}, "(01)09520140001145(10)77", "", ""},
		"a whole text, a digit wrong":  {Typed{Text: "(01)09520140001146(10)77"}, "(01)09520140001146(10)77", "text", ""},
		"a catalogue number alone":     {Typed{CatalogueNo: "NM-77", Lot: "A77"}, "(10)A77(240)NM-77", "", ""},
	} {
		text, faults := c.typed.Read(now)
		wrong := Wrong(faults)
		switch {
		case c.text != "" && text != c.text:
			t.Errorf("%s: %q, want %q", name, text, c.text)
		case c.field == "" && len(wrong) > 0:
			t.Errorf("%s: %+v", name, wrong)
		case c.field != "" && (len(wrong) == 0 || wrong[0].Field != c.field || !strings.Contains(wrong[0].Message, c.says)):
			t.Errorf("%s: %+v, want %s with %q", name, wrong, c.field, c.says)
		}
		if c.field == "" && c.typed.Text == "" {
			if m := Understand(text, now); m.Damaged() || m.Device.Lot != c.typed.Lot || m.Device.Serial != c.typed.Serial {
				t.Errorf("%s: %q means %+v", name, text, m.Device)
			}
		}
		for _, f := range faults { // the right one would only be typed over the wrong one
			if strings.Contains(f.Message, "09520140001145") {
				t.Errorf("%s tells the right identifier: %s", name, f.Message)
			}
		}
	}
}

func TestDonationNumberIsTypedAsTheLabelHasIt(t *testing.T) {
	const din = "A999726123456"
	v := isbtCheck(din)
	box := string(isbtCheckCharacter(v))
	for typed, ok := range map[string]bool{
		"A9997 26 123456 00 " + box: true,
		"=a999726123456" + "00":     true,
		din + "00" + "?":            false,
		din:                         false,
		"A9997 26 123465 00 " + box: false, // two digits swapped
		"A9997 26 l23456 00 " + box: false,
	} {
		got, why := typedDonation(typed)
		if (why == "") != ok || ok && got != din+"00" {
			t.Errorf("%q: %q, %q", typed, got, why)
		}
	}
}

func TestCharactersThatAreTakenForOneAnotherAreTold(t *testing.T) {
	for value, want := range map[string]string{"NM21O4": "the letter O (not the digit 0) at place 5", "A0": "the digit 0 (not the letter O) at place 2", "XY": "", "77": ""} {
		if got := lookAlike(value); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%q: %q", value, got)
		}
	}
	_, faults := Typed{DI: "09520140001145", Lot: "1234567"}.Read(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC))
	if len(faults) > 0 { // digits alone are no reason to look twice
		t.Errorf("%+v", faults)
	}
}

func FuzzTyped(f *testing.F) {
	f.Add("09520140001145", "A1", "S", "2028-03", "", "A999726123456000", "")
	f.Add("+A123BJC5D6E71G", "L", "", "2028-02-30", "9999-99-99", "", "")
	f.Add("", "", "", "", "", "", "(01)0952")
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, di, lot, serial, expiry, made, din, text string) {
		typed := Typed{DI: di, Lot: lot, Serial: serial, Expiry: expiry, Manufactured: made, DonationID: din, Text: text}
		got, faults := typed.Read(now)
		if len(Wrong(faults)) > 0 || typed.IsZero() || typed.Text != "" {
			return
		}
		// What nothing is said against means just what was typed.
		typed = typed.Trimmed()
		if m := Understand(got, now); m.Kind != KindDevice || m.Damaged() || m.Device.Lot != typed.Lot || m.Device.Serial != typed.Serial || (typed.Expiry == "") != m.Device.Expiry.IsZero() {
			t.Errorf("%+v: %q is %s, %+v", typed, got, m.Kind, m.Device)
		}
	})
}
