package gs1

import (
	"strings"
)

// cset32 has the characters a check pair is written in, each at its value.
const cset32 = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// checkPairPrimes are the weights, counted from the right. They
// reach as far as the longest value that has a check pair.
var checkPairPrimes = [...]int{2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83}

// CheckPair returns the two check characters that belong behind body, as in a GMN:
// the values of the characters weighted by primes from the right, modulo 1021, as
// two characters of five bits each. It returns ErrLength unless body has 1 to 23
// characters, and ErrCharacter when one is not in character set 82.
func CheckPair(body string) (string, error) {
	switch {
	case body == "" || len(body) > len(checkPairPrimes):
		return "", ErrLength
	case csetX.check(body) != nil:
		return "", ErrCharacter
	}
	first, second := checkPair(body)
	return string([]byte{first, second}), nil
}

func checkPair(body string) (first, second byte) {
	sum, last := 0, len(body)-1
	for i := range len(body) {
		sum += strings.IndexByte(cset82, body[i]) * checkPairPrimes[last-i]
	}
	sum %= 1021
	return cset32[sum>>5], cset32[sum&31]
}

// checkCsumalpha checks the check character pair at the end of a GMN.
func checkCsumalpha(s string, _ int) *fault {
	n := len(s) - 2
	if n < 0 || n > len(checkPairPrimes) {
		return whole(CodeCheckPair, s, "no room for a check character pair")
	}
	if first, second := checkPair(s[:n]); s[n] != first || s[n+1] != second {
		return &fault{code: CodeCheckPair, pos: n, length: 2, detail: "check characters are " + s[n:] + ", computed " + string([]byte{first, second})}
	}
	return nil
}

// checkHasnondigit tells a Basic UDI-DI from a number.
func checkHasnondigit(s string, _ int) *fault {
	if digits(s) {
		return whole(CodeValue, s, "at least one character must not be a digit")
	}
	return nil
}
