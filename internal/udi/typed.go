package udi

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Typed is what a person reads from a label and types: field by field, or the whole
// text of a code as it stands beside it.
type Typed struct {
	DI           string `json:"di,omitempty"` // a GTIN, or the identifier of HIBC or ISBT 128, as [ParseDI] takes it
	CatalogueNo  string `json:"catalogue_no,omitempty"`
	Lot          string `json:"lot,omitempty"`
	Serial       string `json:"serial,omitempty"`
	Expiry       string `json:"expiry,omitempty"`       // YYYY-MM-DD, or YYYY-MM
	Manufactured string `json:"manufactured,omitempty"` // likewise
	// DonationID is a donation identification number of ISBT 128: 13 characters, the
	// two flags that are printed turned by a right angle, and the check character in
	// its box where there is one (ST-001, section 2.4.1).
	DonationID string `json:"donation_id,omitempty"`
	Text       string `json:"text,omitempty"` // of the whole code; then no field is typed
}

// Fault is something about one field of what was typed.
type Fault struct {
	Field   string `json:"field"`
	Message string `json:"message"`
	// Doubt: nothing is wrong by itself, but it is worth a second look.
	Doubt bool `json:"doubt"`
}

// Trimmed is what was typed without space around it.
func (t Typed) Trimmed() Typed {
	for _, s := range []*string{&t.DI, &t.CatalogueNo, &t.Lot, &t.Serial, &t.Expiry, &t.Manufactured, &t.DonationID, &t.Text} {
		*s = strings.TrimSpace(*s)
	}
	return t
}

// IsZero reports whether nothing was typed.
func (t Typed) IsZero() bool { return t.Trimmed() == Typed{} }

// Read puts what was typed into the text of one code, which [Understand] takes, and
// says what is wrong with it: a check digit or check character that does not hold, a
// character that no label has, a date that is none. What is wrong is in the text all
// the same, so that nothing that was typed is lost; no right digit is told, which
// would only be typed over the wrong one.
func (t Typed) Read(now time.Time) (text string, faults []Fault) {
	t = t.Trimmed()
	wrong := func(field, format string, args ...any) {
		faults = append(faults, Fault{Field: field, Message: fmt.Sprintf(format, args...)})
	}
	if t.Text != "" {
		if (t != Typed{Text: t.Text}) {
			wrong("text", "Type the whole text, or the fields, and not both.")
		}
		return t.Text, append(faults, wholeFaults(t.Text, now)...)
	}
	d := Device{CatalogueNo: t.CatalogueNo, Lot: t.Lot, Serial: t.Serial}
	d.DI = t.DI
	if t.DI != "" {
		di, err := ParseDI(t.DI)
		switch {
		case err == nil:
			d.DI, d.Agency = di, AgencyOf(di)
		case err == ErrDICheck && strings.HasPrefix(t.DI, "+"):
			wrong("di", "The check character at the end is not that of this identifier. Compare each character with the label.")
		case err == ErrDICheck:
			wrong("di", "The check digit is wrong: one of the digits is not as on the label, or two are in each other's place. Compare each digit.")
		case err == ErrDILength:
			wrong("di", "A GTIN has 8, 12, 13 or 14 digits; these are %d. Compare them with the label.", digitsIn(t.DI))
		default:
			wrong("di", "This is no GTIN, and no HIBC or ISBT 128 identifier. Compare it with the label.")
		}
	}
	for _, v := range []struct {
		field, words, typed string
		to                  *Date
	}{{"expiry", "expiry", t.Expiry, &d.Expiry}, {"manufactured", "date of manufacture", t.Manufactured, &d.Manufactured}} {
		if v.typed == "" {
			continue
		}
		var ok bool
		if *v.to, ok = typedDate(v.typed); !ok {
			wrong(v.field, "The %s is no date. Type it as YYYY-MM-DD, or YYYY-MM where the label has no day.", v.words)
		} else if y := numberOf(v.to.Day[:4]); y < now.Year()-50 || y > now.Year()+49 {
			wrong(v.field, "The %s is a lifetime away. Compare the year with the label.", v.words)
		}
	}
	if !d.Expiry.IsZero() && !d.Manufactured.IsZero() && d.Expiry.Day < d.Manufactured.Day {
		wrong("expiry", "It expires before it was made: the two dates may be in each other's place.")
	}
	if t.DonationID != "" {
		var why string
		if d.DonationID, why = typedDonation(t.DonationID); why != "" {
			wrong("donation_id", "%s", why)
		} else {
			d.Agency = AgencyICCBBA
		}
	}
	if t.DI == "" && t.DonationID == "" && t.CatalogueNo == "" {
		faults = append(faults, Fault{Field: "di", Message: "Nothing says which product it is.", Doubt: true})
	}
	for _, v := range []struct{ field, words, value string }{{"di", "identifier", t.DI}, {"catalogue_no", "catalogue number", t.CatalogueNo}, {"lot", "lot", t.Lot}, {"serial", "serial number", t.Serial}, {"donation_id", "donation number", t.DonationID}} {
		if !printable(v.value) {
			wrong(v.field, "The %s has a character that no label has: %s. It may only look like the right one.", v.words, foreignIn(v.value))
		} else if alike := lookAlike(v.value); alike != "" && !onlyDigits(v.value) {
			faults = append(faults, Fault{Field: v.field, Message: "Compare with the label: " + alike + ".", Doubt: true})
		}
	}
	text = t.composed(d)
	if m := Understand(text, now); len(Wrong(faults)) == 0 {
		if got := m.Device; m.Kind != KindDevice || m.Damaged() || got.DI != d.DI || got.Lot != d.Lot || got.Serial != d.Serial || got.DonationID != d.DonationID ||
			got.CatalogueNo != d.CatalogueNo || got.Expiry != d.Expiry || got.Manufactured != d.Manufactured {
			wrong(unfit(d, got), "No label of this kind says it so: it is too long, or has a character or a date that its code cannot have. Compare it with the label, or type the whole text.")
		}
	}
	return text, faults
}

// Wrong are the faults that are no mere doubts.
func Wrong(fs []Fault) (some []Fault) {
	for _, f := range fs {
		if !f.Doubt {
			some = append(some, f)
		}
	}
	return some
}

// unfit names the field that came out otherwise than it was typed.
func unfit(typed, got Device) string {
	switch {
	case typed.Lot != got.Lot:
		return "lot"
	case typed.Serial != got.Serial:
		return "serial"
	case typed.Expiry != got.Expiry:
		return "expiry"
	case typed.Manufactured != got.Manufactured:
		return "manufactured"
	case typed.CatalogueNo != got.CatalogueNo:
		return "catalogue_no"
	}
	return "di"
}

// composed is the text of one code that says what was typed. What has an agency's
// form is in that agency's; anything else is in that of GS1, whose rules then say
// what is wrong with it.
func (t Typed) composed(d Device) string {
	if t.CatalogueNo == "" && (d.Agency == AgencyHIBCC || d.Agency == AgencyICCBBA) {
		if text := d.HRF(); text != "" {
			return text
		}
	}
	var b strings.Builder
	put := func(ai, value string) {
		if value != "" {
			b.WriteString("(" + ai + ")" + strings.ReplaceAll(value, "(", `\(`))
		}
	}
	put("01", d.DI)
	put("11", cmp.Or(d.Manufactured.label(), t.Manufactured))
	put("17", cmp.Or(d.Expiry.label(), t.Expiry))
	put("10", d.Lot)
	put("21", d.Serial)
	put("240", d.CatalogueNo)
	if t.DonationID != "" { // it has no place in GS1's form
		b.WriteString(" =" + t.DonationID)
	}
	return b.String()
}

// typedDate reads a day, or a month.
func typedDate(s string) (Date, bool) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return Date{Day: t.Format(time.DateOnly), Precision: PrecisionDay}, true
	}
	if t, err := time.Parse("2006-01", s); err == nil {
		return inMonth(t.Year(), int(t.Month())), true
	}
	return Date{}, false
}

// typedDonation reads a donation number as it stands on the label, spaces allowed.
func typedDonation(s string) (din, why string) {
	s = strings.TrimPrefix(strings.ToUpper(strings.Join(strings.Fields(s), "")), "=")
	if len(s) != 15 && len(s) != 16 {
		return "", "A donation number has 13 characters, two that are turned by a right angle, and one in a box. Type the 13, the two, and the one in the box."
	}
	if !isDonationFacility(s[:5]) || !onlyDigits(s[5:13]) || !onlyAlphanumeric(s[13:15]) {
		return "", "A donation number begins with five characters of the facility, then eight digits. Compare each character with the label."
	}
	want := isbtCheck(s[:13])
	if !flagsHold(s[:13], s[13:15]) || len(s) == 16 && (want < 0 || s[15] != isbtCheckCharacter(want)) {
		return "", "The check character does not belong to this donation number: one of the characters is not as on the label. Compare each."
	}
	return s[:15], ""
}

// isbtCheckCharacter is how a check value is printed in its box: 0 to 9, A to Z, and
// * (ST-001, appendix A).
func isbtCheckCharacter(v int) byte {
	return "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"[v]
}

// wholeFaults are what is wrong with the whole text of a code.
func wholeFaults(text string, now time.Time) (faults []Fault) {
	m := Understand(text, now)
	for _, i := range m.Issues {
		faults = append(faults, Fault{Field: "text", Message: i.Message, Doubt: i.Severity != "hard"})
	}
	if m.Kind != KindDevice && len(Wrong(faults)) == 0 {
		faults = append(faults, Fault{Field: "text", Message: "This is the code of no device."})
	}
	if m.Kind == KindDevice {
		for _, v := range []string{m.Device.Lot, m.Device.Serial} {
			if alike := lookAlike(v); alike != "" && !onlyDigits(v) {
				faults = append(faults, Fault{Field: "text", Message: "Compare with the label: " + alike + ".", Doubt: true})
			}
		}
	}
	return faults
}

func digitsIn(s string) (n int) {
	for _, r := range s {
		if r >= '0' && r <= '9' {
			n++
		}
	}
	return n
}

// foreignIn is the first character of s that is not printable ASCII, with its number.
func foreignIn(s string) string {
	for _, r := range s {
		if r < ' ' || r > '~' {
			if r == utf8.RuneError || r < ' ' || r == 0x7f {
				return fmt.Sprintf("U+%04X", r)
			}
			return fmt.Sprintf("%q (U+%04X)", string(r), r)
		}
	}
	return ""
}

// alikes are the characters that are taken for one another in print and by hand.
var alikes = []struct{ is, words string }{
	{"O", "the letter O (not the digit 0)"}, {"0", "the digit 0 (not the letter O)"}, {"Q", "the letter Q (not O or 0)"},
	{"I", "the letter I (not the digit 1)"}, {"L", "the letter L (not the digit 1)"}, {"1", "the digit 1 (not the letter I or L)"},
	{"S", "the letter S (not the digit 5)"}, {"5", "the digit 5 (not the letter S)"},
	{"B", "the letter B (not the digit 8)"}, {"8", "the digit 8 (not the letter B)"}, {"Z", "the letter Z (not the digit 2)"}, {"2", "the digit 2 (not the letter Z)"},
}

// lookAlike says which characters of a value are taken for others: letters that look
// like digits, and in a value with letters in it the digits that look like letters.
func lookAlike(s string) string {
	up := strings.ToUpper(s)
	var said []string
	for _, a := range alikes {
		if i := strings.Index(up, a.is); i >= 0 {
			said = append(said, fmt.Sprintf("%s at place %d", a.words, i+1))
		}
	}
	if len(said) > 3 {
		return strings.Join(said[:3], ", ") + " and others"
	}
	return strings.Join(said, ", ")
}
