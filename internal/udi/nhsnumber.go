package udi

import "errors"

// NHSNumber is a valid ten-digit NHS number, made only by [ParseNHSNumber].
type NHSNumber string

// Errors of [ParseNHSNumber].
var (
	ErrNHSNumberLength = errors.New("an NHS number has ten digits")
	ErrNHSNumberCheck  = errors.New("the check digit of the NHS number is wrong")
	ErrNHSNumberRange  = errors.New("no NHS number begins with 00")
)

// ParseNHSNumber takes ten digits, with or without the usual spaces or
// hyphens (999 000 0018), and checks the last by modulus 11: the first nine
// are weighted 10 to 2, the check digit is 11 less the remainder, 11 stands
// for 0 and 10 never occurs (NHS Data Model and Dictionary, NHS NUMBER).
func ParseNHSNumber(s string) (NHSNumber, error) {
	var digits [10]byte
	n := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			if n == len(digits) {
				return "", ErrNHSNumberLength
			}
			digits[n] = c
			n++
		case c == ' ' || c == '-':
		default:
			return "", ErrNHSNumberLength
		}
	}
	if n != len(digits) {
		return "", ErrNHSNumberLength
	}
	sum := 0
	for i, c := range digits[:9] {
		sum += int(c-'0') * (10 - i)
	}
	check := (11 - sum%11) % 11
	if check == 10 || int(digits[9]-'0') != check {
		return "", ErrNHSNumberCheck
	}
	if digits[0] == '0' && digits[1] == '0' {
		// The lowest in use are Scotland's, from 010 100 0000. Ten zeros pass the
		// check and are typed where no number is known: they would make one
		// patient of many.
		return "", ErrNHSNumberRange
	}
	return NHSNumber(digits[:]), nil
}

// String prints the number in its usual groups, 999 000 0018.
func (n NHSNumber) String() string {
	if len(n) != 10 {
		return string(n)
	}
	return string(n[:3] + " " + n[3:6] + " " + n[6:])
}

// Synthetic reports whether the number is in the range 999 000 0000 to
// 999 999 9999, which is never issued to a person.
func (n NHSNumber) Synthetic() bool { return len(n) == 10 && n[:3] == "999" }
