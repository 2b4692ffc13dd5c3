package gs1

import (
	"strings"
	"time"
)

// cset32 has the characters a check pair is written in, each at its value.
const cset32 = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// checkPairPrimes are the weights of section 7.9.5, counted from the right. They
// reach as far as the longest value that has a check pair.
var checkPairPrimes = [...]int{2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83}

// lintCsumalpha checks the check character pair of a GMN: the values of the
// characters weighted by primes from the right, modulo 1021, as two characters
// of five bits each.
func lintCsumalpha(s string, _ time.Time) *fault {
	n := len(s) - 2
	if n < 0 || n > len(checkPairPrimes) {
		return whole(CodeCheckPair, s, "no room for a check character pair")
	}
	sum := 0
	for i := range n {
		sum += strings.IndexByte(cset82, s[i]) * checkPairPrimes[n-1-i]
	}
	sum %= 1021
	want := string([]byte{cset32[sum>>5], cset32[sum&31]})
	if s[n:] != want {
		return &fault{code: CodeCheckPair, pos: n, length: 2, detail: "check characters are " + s[n:] + ", computed " + want}
	}
	return nil
}

// lintHasnondigit tells a Basic UDI-DI from a number.
func lintHasnondigit(s string, _ time.Time) *fault {
	if digits(s) {
		return whole(CodeValue, s, "at least one character must not be a digit")
	}
	return nil
}
