package udi

import (
	"strings"

	"implantrace/gs1"
)

// Longest values of the fields (ANSI/HIBC 2.6).
const (
	hibcLongestProduct = 18
	hibcLongestLot     = 18 // a serial number too
	hibcLongestCount   = 5  // digits of a quantity
)

// Field identifiers of the secondary data with a date, by its flag; for lots
// and for serial numbers.
var (
	hibcLotDates    = [...]string{"$$", "$$", "$$2", "$$3", "$$4", "$$5", "$$6", "$$7"}
	hibcSerialDates = [...]string{"$$+", "$$+", "$$+2", "$$+3", "$$+4", "$$+5", "$$+6", "$$+7"}
)

// segments reads s[from:to]: secondary data and supplements, parted by slashes.
func (t *carrierText) segments(from, to int) {
	for {
		end := strings.IndexByte(t.s[from:to], '/')
		if end < 0 {
			t.segment(from, to)
			return
		}
		t.segment(from, from+end)
		from += end + 1
	}
}

// segment reads s[from:to] by the identifier it begins with.
func (t *carrierText) segment(from, to int) {
	s := t.s[from:to]
	switch {
	case strings.HasPrefix(s, "$$+"):
		t.dated(from+3, to, true)
	case strings.HasPrefix(s, "$$"):
		t.dated(from+2, to, false)
	case strings.HasPrefix(s, "$+"):
		t.serial("$+", from+2, to)
	case strings.HasPrefix(s, "$"):
		t.lot("$", from+1, to)
	case len(s) >= 5 && onlyDigits(s[:5]):
		if t.hibcExpiry("", from, 5, 5) {
			t.lot("", from+5, to)
		} else {
			t.rejected("", "Lot", from+5, to)
		}
	case strings.HasPrefix(s, "14D"):
		t.day("14D", "Expiry date", "expiry", &t.device.Expiry, from+3, to)
	case strings.HasPrefix(s, "16D"):
		t.day("16D", "Date of manufacture", "manufactured", &t.device.Manufactured, from+3, to)
	case strings.HasPrefix(s, "S"):
		t.serial("S", from+1, to)
	case strings.HasPrefix(s, "Q"):
		t.count("Q", from+1, to)
	default:
		t.supplement(from, to)
	}
}

// dated reads what follows $$ or $$+: a quantity or none, a date or none, and
// the lot or serial number.
func (t *carrierText) dated(from, to int, serial bool) {
	ids, last, title := &hibcLotDates, "$$", "Lot"
	if serial {
		ids, last, title = &hibcSerialDates, "$$+", "Serial number"
	}
	if n := t.counted(from, to); n > 0 {
		ai := ids[0] + t.s[from:from+1]
		if from+1+n > to || !onlyDigits(t.s[from+1:from+1+n]) {
			t.malformed(ai, title, from+1, to, "The quantity in this code is not a number.", "the quantity is not "+string('0'+byte(n))+" digits")
			return
		}
		t.count(ai, from+1, from+1+n)
		if from += 1 + n; from == to {
			return
		}
	}
	form := -1
	if from < to {
		form = int(t.s[from]) - '0'
	}
	if form < 0 || form >= len(hibcDateForms) {
		t.malformed(last, title, from, to, "This code does not say in which form its date is. Read date and lot from the label.", "no date flag, and no month")
		return
	}
	start := from
	if form > 1 {
		start++
	}
	n := hibcDateForms[form].digits
	if start+n > to || !onlyDigits(t.s[start:start+n]) {
		t.malformed(ids[form], title, start, to, "The date in this code is not complete. Read date and lot from the label.", "the date is not "+hibcDateForms[form].name)
		return
	}
	if n > 0 {
		t.hibcExpiry(ids[form], start, n, form)
	}
	if serial {
		t.serial(last, start+n, to)
	} else {
		t.lot(last, start+n, to)
	}
}

// counted is the number of digits of the quantity that s[from:to] begins with.
func (t *carrierText) counted(from, to int) int {
	switch {
	case from == to:
		return 0
	case t.s[from] == '8':
		return 2
	case t.s[from] == '9':
		return 5
	}
	return 0
}

// malformed rejects s[from:to], of which not even the fields can be told apart.
func (t *carrierText) malformed(ai, title string, from, to int, message, detail string) {
	t.rejected(ai, title, from, to)
	t.issue(CodeHIBCStructure, gs1.Hard, ai, from, to, message, detail)
}

// hibcExpiry takes the expiry date whose n digits stand at from, and reports
// whether it exists.
func (t *carrierText) hibcExpiry(ai string, from, n, form int) bool {
	if t.now.IsZero() {
		t.noDate(ai, "Expiry date", from, from+n, "a two-digit year needs the present time to find its century")
		return false
	}
	d := hibcDate(form, t.s[from:from+n], t.now)
	if d.IsZero() {
		t.noDate(ai, "Expiry date", from, from+n, t.s[from:from+n]+" is no date of the form "+hibcDateForms[form].name)
		return false
	}
	t.putDate("expiry", &t.device.Expiry, d, ai, "Expiry date", from, from+n)
	return true
}

// noDate rejects a date.
func (t *carrierText) noDate(ai, title string, from, to int, detail string) {
	t.rejected(ai, title, from, to)
	t.issue(gs1.CodeDate, gs1.Hard, ai, from, to, "A date in this code does not exist. Read it from the label.", detail)
}

// day reads a supplement that is a date with a year of four digits.
func (t *carrierText) day(ai, title, field string, p *Date, from, to int) {
	v := t.s[from:to]
	var d Date
	if len(v) == 8 && onlyDigits(v) && v[:4] != "0000" {
		d = onDay(numberOf(v[:4]), numberOf(v[4:6]), numberOf(v[6:]))
	}
	if d.IsZero() {
		t.noDate(ai, title, from, to, v+" is no date of the form YYYYMMDD")
		return
	}
	t.putDate(field, p, d, ai, title, from, to)
}

// lot takes a lot. One that is empty is none: a quantity or a date can stand
// alone.
func (t *carrierText) lot(ai string, from, to int) {
	if from == to {
		return
	}
	t.put("lot", &t.device.Lot, ai, "Lot", from, to)
	t.plain(ai, from, to)
}

// serial takes a serial number.
func (t *carrierText) serial(ai string, from, to int) {
	if from == to {
		t.rejected(ai, "Serial number", from, to)
		t.issue(gs1.CodeEmpty, gs1.Warning, ai, from, to, "This code has room for a serial number, and none in it.", "an identifier without a value")
		return
	}
	t.put("serial", &t.device.Serial, ai, "Serial number", from, to)
	t.plain(ai, from, to)
}

// plain reports a lot or serial number that the standard would not have: too
// long, or with a sign that identifies fields. One with a + in it is not taken:
// another symbol may begin there.
func (t *carrierText) plain(ai string, from, to int) {
	if strings.IndexByte(t.s[from:to], '+') >= 0 {
		at := t.at + from
		t.drop(func(o Origin) bool { return o.Offset == at && o.Length == to-from })
		t.elements[len(t.elements)-1].Rejected = true
		t.issue(CodeHIBCCharacter, gs1.Hard, ai, from, to, "This value has a + in it, where another code may begin. Scan each code of the pack by itself.", "a + in a lot or serial number")
		return
	}
	if to-from > hibcLongestLot {
		t.issue(CodeHIBCLength, gs1.Warning, ai, from, to, "This value is longer than the standard allows. Compare it with the label.", "more than 18 characters")
	}
	if strings.ContainsAny(t.s[from:to], "$%") {
		t.issue(CodeHIBCCharacter, gs1.Warning, ai, from, to, "This value has a sign in it that lots and serial numbers do not have. Compare it with the label.", "one of $ % in a lot or serial number")
	}
}

// count takes a quantity.
func (t *carrierText) count(ai string, from, to int) {
	if from == to || !onlyDigits(t.s[from:to]) {
		t.rejected(ai, "Quantity", from, to)
		t.issue(gs1.CodeValue, gs1.Hard, ai, from, to, "The quantity in this code is not a number.", "the quantity is not digits")
		return
	}
	t.put("quantity", &t.device.Quantity, ai, "Quantity", from, to)
	if to-from > hibcLongestCount {
		t.issue(CodeHIBCLength, gs1.Warning, ai, from, to, "This quantity is longer than the standard allows. Compare it with the label.", "more than 5 digits")
	}
}

// supplement keeps a field of an identifier that is not read here. Identifiers
// are up to three digits and a letter (ANSI MH10.8.2).
func (t *carrierText) supplement(from, to int) {
	n := from
	for n < to && n < from+3 && onlyDigits(t.s[n:n+1]) {
		n++
	}
	if n+1 < to && t.s[n] >= 'A' && t.s[n] <= 'Z' {
		ai := t.s[from : n+1]
		t.element(ai, "Supplement", n+1, to)
		t.issue(CodeHIBCSupplement, gs1.Warning, ai, from, to, "This code has a field that is not known here. It was kept, and not used.", "supplement "+ai)
		return
	}
	// A slash that begins no field can only have been part of the value before
	// it: that value is not whole.
	before := min(t.at+from, len(t.raw)) - 1
	t.drop(func(o Origin) bool {
		return (o.Field == "lot" || o.Field == "serial" || o.Field == "quantity") && o.Offset+o.Length == before
	})
	t.malformed("", "Not understood", from, to, "A part of this code does not say what it is. Read the values from the label.", "no identifier behind the slash")
}
