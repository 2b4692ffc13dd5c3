package udi

import (
	"encoding/binary"
)

// longRun is the length of a run of digits from which on it is written in two
// bytes behind a mark.
const longRun = 15

// Order brings a lot or serial number to a form whose order, byte by byte, is
// that in which such numbers are counted: folded ([Fold]), and each run of digits
// behind its length, so that 99 comes before 100 and A9 before A10. Numbers with
// one fold have one order, and numbers with one order have one fold.
func Order(number string) string {
	folded := Fold(number)
	k := make([]byte, 0, len(folded)+4)
	for i := 0; i < len(folded); {
		if folded[i] < '0' || folded[i] > '9' {
			k = append(k, folded[i])
			i++
			continue
		}
		end := i
		for end < len(folded) && folded[end] >= '0' && folded[end] <= '9' {
			end++
		}
		if n := end - i; n < longRun {
			k = append(k, '0'+byte(n))
		} else {
			k = binary.BigEndian.AppendUint16(append(k, '0'+longRun), uint16(min(n, 0xffff)))
		}
		k = append(k, folded[i:end]...)
		i = end
	}
	return string(k)
}

// Unorder gives the fold that an order is of; ok is false for what is none.
func Unorder(order string) (fold string, ok bool) {
	k := make([]byte, 0, len(order))
	for i := 0; i < len(order); {
		n := int(order[i]) - '0'
		i++
		switch {
		case n < 1 || n > longRun:
			k = append(k, order[i-1])
			continue
		case n == longRun:
			if len(order) < i+2 {
				return "", false
			}
			n = int(binary.BigEndian.Uint16([]byte(order[i:])))
			i += 2
		}
		if n > len(order)-i {
			return "", false
		}
		k = append(k, order[i:i+n]...)
		i += n
	}
	return string(k), true
}
