package udi

import (
	"strings"
	"time"
	"unicode/utf8"

	"implantrace/gs1"
)

// What the text of a HIBC symbol is taken for.
const (
	formHIBC          = "hibc"           // primary and secondary data together
	formHIBCPrimary   = "hibc_primary"   // the product alone
	formHIBCSecondary = "hibc_secondary" // lot, serial number and dates of a product that another symbol names
)

// Codes of issues of HIBC.
const (
	CodeHIBCStructure  = "hibc-structure"    // data that is built as no HIBC is
	CodeHIBCPrinted    = "hibc-printed"      // asterisks and underscores of the printed form were undone
	CodeHIBCCase       = "hibc-case"         // small letters were taken for the capitals they must have been
	CodeHIBCSpace      = "hibc-space"        // spaces behind the check character, or a lost one that was it
	CodeHIBCTogether   = "hibc-run-together" // several symbols stood in one text
	CodeHIBCSupplement = "hibc-supplement"   // a field that is not known here
	CodeHIBCCharacter  = "hibc-character"    // a sign that the field should not have
	CodeHIBCLength     = "hibc-length"       // a value longer than the standard allows
)

// The shortest secondary symbol is +$, link and check; no text with several
// symbols of the longest kind is longer than the other bound.
const (
	hibcShortest = 4
	hibcLongest  = 400
)

// parseHIBC reads the text of a symbol, without AIM identifier, by the supplier
// labelling standard (ANSI/HIBC 2.6). It answers false for text that is no HIBC
// at all; some text that begins with + is not. now is the present time, for
// the century of two-digit years.
//
// Nothing is trimmed: space + / $ and % can be check characters. What is not
// certain is in the issues; a value that could be another is not taken, and its
// element is Rejected.
func parseHIBC(text string, now time.Time) (content, bool) {
	if len(text) < hibcShortest || len(text) > hibcLongest {
		return content{}, false
	}
	t := carrierText{raw: text, s: text, now: now}
	t.unprint()
	if len(t.s) < hibcShortest || t.s[0] != '+' {
		return content{}, false
	}
	if t.s[1] == '+' {
		return t.hibcBasic()
	}
	letters := t.capitals()
	if !t.hibc(letters) {
		return content{}, false
	}
	if !t.device.IsZero() {
		t.device.Agency = AgencyHIBCC
	}
	return t.content, true
}

// hibc reads the text once the printed form is undone. repaired says that
// characters of it were changed: then only a check character that holds makes
// it believable.
func (t *carrierText) hibc(repaired bool) bool {
	s := t.s
	if bad := hibcForeign(s); bad >= 0 {
		return t.foreign(bad)
	}
	// A value that ends in a space is less likely than two spaces behind the code.
	if trimmed := strings.TrimRight(s, " "); len(s)-len(trimmed) > 1 {
		for _, code := range []string{trimmed, trimmed + " "} {
			if fits(code) {
				t.s = code
				t.whole(code)
				t.issue(CodeHIBCSpace, gs1.Warning, "", len(code), len(s), "Spaces behind the code were left out.", "the check character holds without the spaces at the end")
				return true
			}
		}
	}
	switch {
	case t.whole(s):
		if trimmed := strings.TrimRight(s, " "); trimmed != s && fits(trimmed) {
			t.issue(CodeHIBCSpace, gs1.Warning, "", len(s)-1, len(s),
				"The space at the end of this code is its check character, or was added to it. Compare the values with the label.", "the check character holds with the space and without")
		}
		return true
	case t.together(s):
		return true
	}
	if trimmed := strings.TrimRight(s, " "); trimmed != s {
		if stands(trimmed) && stands(s+" ") {
			return t.doubtful(CodeHIBCSpace, "Spaces at the end of this code were added to it, or one was left out. Set the scanner to leave spaces alone, and scan again.",
				"the check character holds without the spaces at the end, and with one more")
		}
		t.s = trimmed
		if t.whole(trimmed) || t.together(trimmed) {
			t.issue(CodeHIBCSpace, gs1.Warning, "", len(trimmed), len(s), "Spaces behind the code were left out.", "the check character holds without the spaces at the end")
			return true
		}
		t.s = s
	}
	if s[1] >= '0' && s[1] <= '9' {
		return false // digits are believed only with their check character
	}
	if repaired {
		t.issues = nil // what was undone made no sense of the text
		return t.doubtful(CodeCheckCharacter, "The check character of this code is wrong. Scan it again.", "no check character holds, small letters or underscores taken for capitals and spaces or not")
	}
	return t.failed()
}

// fits reports whether a symbol's text, all of the set, is built as one HIBC
// symbol and its check character holds.
func fits(s string) bool {
	return len(s) >= hibcShortest && hibcHolds(s) && (isPrimary(s) || isSecondary(s)) && !runTogether(s)
}

// stands reports whether s is one symbol or several whose check characters hold.
func stands(s string) bool {
	if fits(s) {
		return true
	}
	_, ok := part(s)
	return ok
}

// isPrimary reports whether s is built as a symbol that begins with primary
// data; its check character is not asked.
func isPrimary(s string) bool {
	end := primaryEnd(s)
	ok, _ := productShape(s[1:end])
	return ok && (end == len(s)-1 || s[end+1] != '+')
}

// primaryEnd is the place where the primary data of a symbol ends: at the first
// slash that is not the check character, or at the check character.
func primaryEnd(s string) int {
	n := len(s) - 1
	if slash := strings.IndexByte(s[:n], '/'); slash >= 0 {
		return slash
	}
	return n
}

// productShape reports whether p is a labeler's code of a letter and three
// letters or digits, a product number of 1 to 18 characters and the digit of the
// unit of measure, and whether the product number is letters and digits only,
// as the standard has it.
func productShape(p string) (ok, plain bool) {
	if len(p) < 4+1+1 || len(p) > 4+hibcLongestProduct+1 || p[0] < 'A' || p[0] > 'Z' || !onlyDigits(p[len(p)-1:]) {
		return false, false
	}
	plain = true
	for i := range len(p) {
		switch v := hibcValue[p[i]]; {
		case v >= 0 && v < 36:
		case i < 4 || v < 0 || v > 38: // of the signs only - . and space are found in product numbers
			return false, false
		default:
			plain = false
		}
	}
	return true, plain
}

// isSecondary reports whether s, of the shortest symbol's length or more, begins
// as a linear symbol with secondary data does. Its link and check characters are
// not asked.
func isSecondary(s string) bool {
	body := s[1 : len(s)-2]
	switch {
	case s[1] == '$':
		return true
	case strings.HasPrefix(body, "14D"), strings.HasPrefix(body, "16D"):
		return len(body) == 11 && onlyDigits(body[3:])
	case strings.HasPrefix(body, "S"):
		return len(body) > 1 && len(body) <= 1+hibcLongestLot
	case strings.HasPrefix(body, "Q"):
		return len(body) > 1 && len(body) <= 1+hibcLongestCount && onlyDigits(body[1:])
	}
	// The old form: a day of the year, then the lot. A number with GS1's check
	// digit behind AI 00 or 01 is GS1 data whose separators were printed as +.
	if len(body) < 5 || len(body) > 5+hibcLongestLot || !onlyDigits(body[:5]) || strings.Contains(body, "+") {
		return false
	}
	if day := numberOf(body[2:5]); day < 1 || day > 366 {
		return false
	}
	return !isGS1Key(s[1:])
}

// isGS1Key reports whether s begins with AI 00 or 01 and a key whose check
// digit is right.
func isGS1Key(s string) bool {
	n := 0
	switch {
	case strings.HasPrefix(s, "01"):
		n = 14
	case strings.HasPrefix(s, "00"):
		n = 18
	}
	if n == 0 || len(s) < 2+n || !onlyDigits(s[2:2+n]) {
		return false
	}
	sum := 0
	for i := range n { // weights 3 and 1 in turn, the check digit 1
		d := int(s[2+i] - '0')
		if (n-i)%2 == 0 {
			d *= 3
		}
		sum += d
	}
	return sum%10 == 0
}

// whole reads s as one symbol if it is one and its check character holds.
func (t *carrierText) whole(s string) bool {
	if !fits(s) {
		return false
	}
	if isPrimary(s) {
		t.message(s)
		if t.form == formHIBCPrimary {
			t.check = s[len(s)-1:]
		}
		return true
	}
	t.form = formHIBCSecondary
	t.segments(1, len(s)-2)
	t.link = s[len(s)-2 : len(s)-1]
	return true
}

// message reads primary data with what follows it, up to the check character.
func (t *carrierText) message(s string) {
	end := primaryEnd(s)
	t.product(0, 1, end)
	if end == len(s)-1 {
		t.form = formHIBCPrimary
		return
	}
	t.form = formHIBC
	t.segments(end+1, len(s)-1)
}

// product takes the device identifier that stands in s[from:to].
func (t *carrierText) product(flag, from, to int) {
	t.put("di", &t.device.DI, t.s[flag:from], "Device identifier", from, to)
	if _, plain := productShape(t.s[from:to]); !plain {
		t.issue(CodeHIBCCharacter, gs1.Warning, "+", from, to, "The product number has a sign in it that it should not have. Compare it with the label.", "a product number is letters and digits")
	}
}

// doubtful keeps what stands in the text as it seems to be built and takes
// nothing from it. It answers false for text that is not built as a HIBC.
func (t *carrierText) doubtful(code, message, detail string) bool {
	s, before := t.s, len(t.issues)
	switch {
	case isPrimary(s):
		t.message(s)
	case s[1] == '$':
		t.form = formHIBCSecondary
		t.segments(1, len(s)-2)
	case beginsAsPrimary(s):
		t.form = formHIBC
		t.element("+", "Not understood", 1, len(s))
	default:
		return false
	}
	t.rejectAll()
	for i, e := range t.elements {
		end := min(e.Offset+len(e.Value), len(t.raw))
		t.elements[i].Value = t.raw[e.Offset:end]
	}
	t.issues = t.issues[:before] // the others are of values that were not taken
	t.issue(code, gs1.Hard, "", 0, len(s), message, detail)
	return true
}

// beginsAsPrimary reports whether s begins as primary data does and goes on
// with what can follow it.
func beginsAsPrimary(s string) bool {
	n := 1
	for n < len(s) && hibcValue[s[n]] >= 0 && hibcValue[s[n]] < 36 {
		n++
	}
	if n < 1+4+1+1 || n == len(s) || s[1] < 'A' || s[1] > 'Z' {
		return false
	}
	_, size := utf8.DecodeRuneInString(s[n:])
	switch {
	case s[n] == '+':
		return true
	case s[n:] == "*": // the last asterisk of the printed form, behind a check character that is a letter or digit
		return onlyDigits(s[n-2:n-1]) || onlyDigits(s[n-1:n])
	case s[n] == '/', n+size == len(s), s[n+size] == '+': // a slash, or a check character and the end or the next symbol
		return onlyDigits(s[n-1 : n])
	}
	return false
}

// foreign reports characters outside the set, the first at bad.
func (t *carrierText) foreign(bad int) bool {
	if !t.doubtful(gs1.CodeCharset, "This code has a character in it that it cannot have. Scan it again.", "a character outside the 43 of HIBC") {
		return false
	}
	i := &t.issues[len(t.issues)-1]
	i.Offset, i.Length = t.at+bad, 1
	return true
}

// failed reads a text whose check character is wrong. The values stay where
// there is only one way to read them.
func (t *carrierText) failed() bool {
	s := t.s
	t.s += " "
	if t.together(t.s) {
		t.issue(CodeHIBCSpace, gs1.Warning, "", len(s), len(s),
			"The last character of this code is a space, and was left out on the way. Set the scanner to leave spaces alone.",
			"with a space behind the text every check and link character holds")
		return true
	}
	if fits(t.s) {
		// The check character may have been a space that was lost: then the
		// last character belongs to the value before it, or is the link.
		t.whole(t.s)
		t.check, t.link = "", ""
		t.drop(func(o Origin) bool { return o.Offset+o.Length >= t.at+len(s)-1 })
		t.issue(CodeCheckCharacter, gs1.Hard, "", len(s)-1, len(s),
			"The check character of this code is wrong, or is a space that the scanner left out. Set the scanner to leave spaces alone, and scan again.",
			"the check character would hold with a space behind the text")
		return true
	}
	t.s = s
	if !isPrimary(s) && s[1] != '$' || runTogether(s) {
		return t.doubtful(CodeHIBCStructure, "This code is not built as it should be. Scan each code of the pack by itself.", "no symbol, and no symbols run together, whose check characters hold")
	}
	n := len(s) - 1
	if isPrimary(s) {
		t.message(s)
		end := primaryEnd(s)
		switch {
		case end == n && onlyDigits(s[n:]):
			// Typed without its check character it would end the same way.
			t.rejectAll()
			t.issue(CodeCheckCharacter, gs1.Hard, "", n, n+1, "The check character of this code is missing or wrong. Scan it again.",
				"check character "+s[n:]+", computed "+string(hibcCheck(s[:n]))+", if it is there at all")
			return true
		case end < n && hibcHolds("+"+s[end+1:]):
			// A linear secondary symbol behind the slash: its link is no part of a value.
			t.drop(func(o Origin) bool { return o.Field != "di" })
		}
	} else {
		t.form = formHIBCSecondary
		t.segments(1, n-1)
	}
	t.issue(CodeCheckCharacter, gs1.Hard, "", n, n+1, "The check character of this code is wrong. Compare every value with the label.",
		"check character "+s[n:]+", computed "+string(hibcCheck(s[:n])))
	return true
}

// runTogether reports whether a second symbol seems to begin within s: at a +
// that is not of a serial number's identifier.
func runTogether(s string) bool {
	for i := 2; i+2 < len(s); i++ {
		if s[i] == '+' && beginsSymbol(s[i+1:]) && !isSerialMark(s, i) {
			return true
		}
	}
	return false
}

// isSerialMark reports whether the + at i ends an identifier $+ or $$+ where one
// can stand: behind the leading + or a slash.
func isSerialMark(s string, i int) bool {
	j := i
	for j > 0 && s[j-1] == '$' {
		j--
	}
	return (i-j == 1 || i-j == 2) && (j == 1 || s[j-1] == '/')
}

// beginsSymbol reports whether s can be the text of a symbol behind its +.
func beginsSymbol(s string) bool {
	switch s[0] {
	case '$', 'S', 'Q':
		return true
	}
	if s[0] >= 'A' && s[0] <= 'Z' {
		return len(s) >= 4+1+1 && onlyAlphanumeric(s[1:4])
	}
	return strings.HasPrefix(s, "14D") || strings.HasPrefix(s, "16D") || len(s) >= 5+2 && onlyDigits(s[:5])
}
