package udi

// hibcSet has the characters of HIBC, each at its value (ANSI/HIBC 2.6,
// the table of numerical assignments; the same as Code 39's).
const hibcSet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"

// hibcValue is the value of a byte, and -1 for a byte outside the set.
var hibcValue = func() (v [256]int8) {
	for i := range v {
		v[i] = -1
	}
	for i := range len(hibcSet) {
		v[hibcSet[i]] = int8(i)
	}
	return v
}()

// hibcCheck is the check character of a message: the values of all its
// characters, the leading + too, added up modulo 43. Every character must be of
// the set. A changed character always changes the sum; two that changed
// places, or two changes that make up for each other, it cannot see.
func hibcCheck(message string) byte {
	sum := 0
	for i := range len(message) {
		sum += int(hibcValue[message[i]])
	}
	return hibcSet[sum%len(hibcSet)]
}

// hibcHolds reports whether the last character of a symbol's text is the check
// character of what is before it.
func hibcHolds(symbol string) bool {
	n := len(symbol) - 1
	return n > 0 && hibcCheck(symbol[:n]) == symbol[n]
}

// hibcForeign is the place of the first character outside the set, and -1 if
// there is none.
func hibcForeign(s string) int {
	for i := range len(s) {
		if hibcValue[s[i]] < 0 {
			return i
		}
	}
	return -1
}
