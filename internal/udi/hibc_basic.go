package udi

import (
	"strings"

	"implantrace/gs1"
)

const formHIBCBasic = "hibc_basic_udi_di"

// A Basic UDI-DI of HIBCC is ++, the labeler's code, a model identifier of 1 to
// 17 letters and digits and two check characters.
const (
	hibcBasicShortest = 2 + 4 + 1 + 2
	hibcBasicLongest  = 2 + 4 + 17 + 2
)

// pairValues has the characters of a check pair's text at their values, and
// pairSet the 32 in which the pair is written. They are GS1's too.
const (
	pairValues = `!"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz`
	pairSet    = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
)

// pairPrimes are the weights of a check pair, from the right.
var pairPrimes = [hibcBasicLongest - 2]int{2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83}

// checkPair is the value of a Basic UDI-DI's check characters: of all before them,
// the leading ++ too, weighted by primes from the right, modulo 1021. The pair
// is that value in two digits of base 32.
func checkPair(s string) int {
	sum := 0
	for i := range len(s) {
		sum += strings.IndexByte(pairValues, s[i]) * pairPrimes[len(s)-1-i]
	}
	return sum % 1021
}

// hibcBasic reads a Basic UDI-DI (HIBCC, HIBC Basic UDI-DI). It stands in
// documents and databases, never on a pack, and names no single product.
func (t *carrierText) hibcBasic() (content, bool) {
	s := t.s
	if len(s) < hibcBasicShortest || len(s) > hibcBasicLongest || s[2] < 'A' || s[2] > 'Z' {
		return content{}, false
	}
	for i := 3; i < len(s); i++ {
		if hibcValue[s[i]] < 0 || hibcValue[s[i]] >= 36 {
			return content{}, false
		}
	}
	t.form = formHIBCBasic
	n := len(s) - 2
	v := checkPair(s[:n])
	if s[n] != pairSet[v>>5] || s[n+1] != pairSet[v&31] {
		t.rejected("++", "Basic UDI-DI", 0, len(s))
		t.issue(gs1.CodeCheckPair, gs1.Hard, "++", n, n+2, "The check characters of this Basic UDI-DI are wrong.",
			"check characters "+s[n:]+", computed "+pairSet[v>>5:v>>5+1]+pairSet[v&31:v&31+1])
		return t.content, true
	}
	t.device.Agency = AgencyHIBCC
	t.put("basic_udi_di", &t.device.BasicUDI, "++", "Basic UDI-DI", 0, len(s))
	return t.content, true
}
