package udi

import (
	"strconv"
	"strings"
	"time"

	"implantrace/gs1"
)

// What the text of an ISBT 128 symbol is taken for.
const (
	formISBT      = "isbt"
	formISBTBasic = "isbt_basic_udi_di"
)

// Codes of issues of ISBT 128.
const (
	CodeISBTStructure = "isbt-structure" // no data structure that is known begins here
	CodeISBTCount     = "isbt-count"     // a compound message with more or fewer structures than it says
	CodeISBTSequence  = "isbt-sequence"  // a compound message in another order than it says
	CodeISBTPerson    = "isbt-person"    // data on a person, which were left out
	CodeDistantDate   = "distant-date"   // a date that is a lifetime away
)

// isbtLongest bounds a text. Data structures are some 20 characters; a compound
// message has up to 99.
const isbtLongest = 4000

// parseISBT reads the text of a symbol, without AIM identifier, by ISBT 128
// (ICCBBA ST-001 and ST-017): one data structure, several run together, or a
// compound message. It answers false for text that is none of these. now is the
// present time, against which dates are held.
//
// A data structure that breaks its rules is kept as a rejected element and those
// behind it are read; where a structure is not known, reading ends, for its
// length is not known either. A compound message with a wrong number of
// structures gives nothing.
func parseISBT(text string, now time.Time) (content, bool) {
	if len(text) < 3 || len(text) > isbtLongest {
		return content{}, false
	}
	t := carrierText{raw: text, s: text, now: now}
	if text[0] != '=' && text[0] != '&' {
		return t.isbtBasic()
	}
	first, known := structureAt(text)
	if !known || first.number == 1 && (len(text) < 6 || !isDonationFacility(text[1:6])) {
		return content{}, false
	}
	t.form = formISBT
	t.structures()
	if !t.device.IsZero() {
		t.device.Agency = AgencyICCBBA
	}
	return t.content, true
}

// structures reads the data structures of the text, one behind the other.
func (t *carrierText) structures() {
	declared, sequence, from, count := 0, "", 0, 0
	var order [6]int // of the structures behind a compound message's header
	for from < len(t.s) {
		d, known := structureAt(t.s[from:])
		start := from + len(d.id)
		if header := d.number == 23; !known || header && (from > 0 || len(t.s) < start+d.length || !onlyDigits(t.s[start:start+d.length])) {
			t.malformedISBT(from)
			return
		}
		end := start + d.size(t.s[start:])
		if next := t.nextStructure(start); end < start || end > len(t.s) || next < end && strictContent(d) {
			t.rejected(d.id, d.title, start, next)
			t.issue(gs1.CodeTooShort, gs1.Hard, d.id, start, next, "A part of this code is cut short. Scan it again.",
				"data structure "+t.s[from:start]+" ends early")
			end = next
		} else if d.number == 23 {
			t.element(d.id, d.title, start, end)
			declared, sequence = numberOf(t.s[start:start+2]), t.s[start+2:end]
			from = end
			continue
		} else {
			t.structure(d, start, end)
		}
		if count < len(order) {
			order[count] = d.number
		}
		count++
		from = end
	}
	if sequence != "" {
		t.compound(declared, count, sequence, order)
	}
}

// strictContent reports whether no = or & can be in a structure's content: one
// that stands there begins the next structure.
func strictContent(d isbtStructure) bool { return d.number != 38 && !d.person }

// nextStructure is the place of the next = or &, or the end of the text.
func (t *carrierText) nextStructure(from int) int {
	if i := strings.IndexAny(t.s[from:], "=&"); i >= 0 {
		return from + i
	}
	return len(t.s)
}

// malformedISBT rejects the text from a place on. In a compound message that
// place leaves the number of structures open: nothing is taken from it.
func (t *carrierText) malformedISBT(from int) {
	t.rejected("", "Not understood", from, len(t.s))
	t.issue(CodeISBTStructure, gs1.Hard, "", from, len(t.s), "A part of this code is not understood. Read what it says from the label.",
		"no data structure of ISBT 128 with a known length begins here")
	if strings.HasPrefix(t.s, "=+") {
		t.rejectAll()
	}
}

// isbtSequences are the orders of the compound messages for devices that
// ICCBBA numbers (ST-017, table 3).
var isbtSequences = map[string][6]int{
	"034": {34, 32, 1},
	"035": {34, 32, 1, 4},
	"036": {34, 32, 1, 8},
	"037": {34, 32, 1, 4, 8},
}

// compound holds a compound message against its header.
func (t *carrierText) compound(declared, count int, sequence string, order [6]int) {
	if declared != count && !t.asWritten {
		t.rejectAll()
		t.issue(CodeISBTCount, gs1.Hard, "=+", 2, 4, "This code says that it has more or fewer parts than it has. Nothing was taken from it: scan it again.",
			"compound message of "+strconv.Itoa(declared)+" structures has "+strconv.Itoa(count))
		return
	}
	if want, ok := isbtSequences[sequence]; ok && want != order {
		t.issue(CodeISBTSequence, gs1.Warning, "=+", 4, 7, "The parts of this code are not in the order that it names. Compare them with the label.",
			"compound message "+sequence+" in another order")
	}
}

// structure takes the content of a data structure.
func (t *carrierText) structure(d isbtStructure, from, to int) {
	v := t.s[from:to]
	if d.person {
		t.issue(CodeISBTPerson, gs1.Warning, d.id, from, to, "This code has data on a person in it. They were left out.", "data structure "+strconv.Itoa(d.number))
		return
	}
	switch d.number {
	case 1:
		t.donation(from, to)
	case 4, 6, 8:
		t.isbtDate(d, from, to, onlyDigits(v))
	case 5, 7, 9:
		t.isbtDate(d, from, to, onlyDigits(v) && numberOf(v[6:8]) < 24 && numberOf(v[8:]) < 60)
	case 26:
		t.isbtMonth(d, from, to)
	case 34:
		t.taken(d, "di", &t.device.DI, from, to, isISBTDevice(v))
	case 17:
		t.taken(d, "di", &t.device.DI, from, to, isContainer(v))
	case 32:
		t.taken(d, "serial", &t.device.Serial, from, to, onlyAlphanumeric(v))
	case 35, 18:
		t.taken(d, "lot", &t.device.Lot, from, to, onlyAlphanumeric(v))
	default:
		if printable(v) {
			t.element(d.id, d.title, from, to)
		} else {
			t.foreignISBT(d, from, to)
		}
	}
}

// taken takes a value of text if it is of the structure's characters.
func (t *carrierText) taken(d isbtStructure, field string, p *string, from, to int, ok bool) {
	if !ok {
		t.foreignISBT(d, from, to)
		return
	}
	t.put(field, p, d.id, d.title, from, to)
}

// foreignISBT rejects a value with a character that its structure does not have.
func (t *carrierText) foreignISBT(d isbtStructure, from, to int) {
	t.rejected(d.id, d.title, from, to)
	t.issue(gs1.CodeCharset, gs1.Hard, d.id, from, to, "This code has a character in it that it cannot have. Scan it again.", "content of data structure "+strconv.Itoa(d.number))
}

// printable reports whether s is printable ASCII.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// donation takes a donation identification number: facility, year, number and
// two flag characters (ST-001, section 2.4.1).
func (t *carrierText) donation(from, to int) {
	v := t.s[from:to]
	if !isDonationFacility(v[:5]) || !onlyDigits(v[5:13]) || !onlyAlphanumeric(v[13:]) {
		t.foreignISBT(donationNumber, from, to)
		return
	}
	if !flagsHold(v[:13], v[13:]) && !t.asWritten {
		t.rejected("=", donationNumber.title, from, to)
		t.issue(CodeCheckCharacter, gs1.Hard, "=", from+13, to, "The check of this donation number is wrong. Scan it again.",
			"flags "+v[13:]+", computed "+strconv.Itoa(60+isbtCheck(v[:13])))
		return
	}
	t.put("donation_id", &t.device.DonationID, "=", donationNumber.title, from, to)
}

// isbtDate takes a date cYYJJJ, with hhmm or not. c counts the centuries from
// 2000, with 9 for 1900.
func (t *carrierText) isbtDate(d isbtStructure, from, to int, wellFormed bool) {
	v := t.s[from:to]
	var date Date
	if wellFormed {
		century := numberOf(v[:1])
		if century == 9 {
			century = -1
		}
		date = onOrdinal(2000+100*century+numberOf(v[1:3]), numberOf(v[3:6]))
	}
	if date.IsZero() {
		t.noDate(d.id, d.title, from, to, v+" is no date of the form cYYJJJ, with hhmm or not")
		return
	}
	if len(v) == 10 {
		date.Precision, date.Time = PrecisionMinute, v[6:8]+":"+v[8:]
	}
	t.takeDate(d, date, from, to)
}

// isbtMonth takes an expiry month YYYYMM.
func (t *carrierText) isbtMonth(d isbtStructure, from, to int) {
	v := t.s[from:to]
	var date Date
	if onlyDigits(v) && v[:4] != "0000" {
		date = inMonth(numberOf(v[:4]), numberOf(v[4:]))
	}
	if date.IsZero() {
		t.noDate(d.id, d.title, from, to, v+" is no month of the form YYYYMM")
		return
	}
	t.takeDate(d, date, from, to)
}

// takeDate puts a date where its structure belongs.
func (t *carrierText) takeDate(d isbtStructure, date Date, from, to int) {
	switch d.number {
	case 4, 5, 26:
		t.putDate("expiry", &t.device.Expiry, date, d.id, d.title, from, to)
	case 8, 9:
		t.putDate("manufactured", &t.device.Manufactured, date, d.id, d.title, from, to)
	default:
		t.element(d.id, d.title, from, to)
	}
	if year := numberOf(date.Day[:4]); !t.now.IsZero() && (year > t.now.Year()+50 || year < t.now.Year()-100) {
		t.issue(CodeDistantDate, gs1.Warning, d.id, from, to, "A date in this code is a lifetime away. Compare it with the label.", "year "+date.Day[:4])
	}
}

// isbtBasic reads ICCBBA's Basic UDI-DI: the 16 characters of a device
// identifier and their check value as two digits (ST-017, appendix 1). It has no
// identifier in front; what is not built as one, or fails its check, is not taken
// for one.
func (t *carrierText) isbtBasic() (content, bool) {
	s := t.s
	if len(s) != 18 || s[0] < 'A' || s[0] > 'Z' || !isDonationFacility(s[:5]) || !onlyAlphanumeric(s[5:16]) || !onlyDigits(s[16:]) {
		return content{}, false
	}
	// A product description code is a letter and more, or 00000 for several.
	if p := s[11:16]; (p[0] < 'A' || p[0] > 'Z') && p != "00000" || numberOf(s[16:]) != isbtCheck(s[:16]) {
		return content{}, false
	}
	t.form = formISBTBasic
	t.device.Agency = AgencyICCBBA
	t.put("basic_udi_di", &t.device.BasicUDI, "", "Basic UDI-DI", 0, len(s))
	return t.content, true
}
