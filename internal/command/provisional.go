package command

import (
	"encoding/binary"
	"strings"

	"implantrace/internal/trace"
)

// spelling are the words of the radiotelephony alphabet (ICAO Annex 10).
var spelling = strings.Fields("Alfa Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike November Oscar Papa Quebec Romeo Sierra Tango Uniform Victor Whiskey Xray Yankee Zulu")

var digits = strings.Fields("Zero One Two Three Four Five Six Seven Eight Nine")

// TemporaryName is what a patient is called whom nobody has identified yet, made of
// the record's id: two that come in together are unlikely to be called the same, and
// their numbers differ in any case.
func TemporaryName(id trace.PatientID) string {
	return "Unknown " + spelling[int(id[12])%len(spelling)] + " " + digits[int(id[13])%10] + " " + digits[int(id[14])%10]
}

// provisionalLetters can be read aloud and typed without being taken for one
// another. There are 31, a prime: every wrong letter, and every two that changed
// places, change the check.
const provisionalLetters = "23456789ABCDEFGHJKLMNPQRSTUVWXY"

// ProvisionalNumber is the number the product gives a patient whom nobody has
// identified: T, eleven letters and digits out of the record's id, and one that
// checks them.
func ProvisionalNumber(id trace.PatientID) string {
	bits := binary.BigEndian.Uint64(id[8:])
	body := make([]byte, 11)
	for i := range body {
		body[i] = provisionalLetters[bits%31]
		bits /= 31
	}
	return "T" + string(body) + string(provisionalCheck(body))
}

func provisionalCheck(body []byte) byte {
	sum := 0
	for i, c := range body {
		sum += (i + 2) * strings.IndexByte(provisionalLetters, c)
	}
	return provisionalLetters[sum%31]
}

// provisionalNumber reports whether a number passes its check.
func provisionalNumber(s string) bool {
	if len(s) != 13 || s[0] != 'T' || strings.Trim(s[1:], provisionalLetters) != "" {
		return false
	}
	return provisionalCheck([]byte(s[1:12])) == s[12]
}

// ProvisionalWristband is what the code of a provisional patient's wristband says:
// DCB1077's field for a hospital's number (AI 91), with no NHS number beside it.
func ProvisionalWristband(who trace.Identity) string {
	return "91" + who.LocalIssuer + "," + who.LocalNumber
}
