package recall

import (
	"errors"
	"strings"

	"implantrace/internal/udi"
)

// numberRange is a range of lots or serial numbers. What lies in it is settled
// in this order:
//
//  1. Both ends are parted into a beginning, the last run of digits, and what
//     stands behind it: "SN-0042B" is "SN-", "0042" and "B".
//  2. Where the beginnings are the same, the digits count as a number. Ends of
//     one width have zeros in front of smaller numbers: a number of that width
//     is in the range, one without its zeros is a writing variant.
//  3. What stands behind the digits: the same at both ends, every number has it;
//     different letters, one at each end, are check letters, and every number
//     has one, whichever; a number without it, or with one where the ends have
//     none, is a writing variant.
//  4. Ends of one length that do not agree in that way are compared as texts,
//     digits before letters: "A9" to "B2" holds "AZ" and "B1".
//  5. Any other pair has no order, and is refused: it has to be given as several
//     ranges.
type numberRange struct {
	from, to string
	head     string
	low      string // the digits of the ends
	high     string
	tail     string
	check    bool // tail is one check letter, whichever
	text     bool // compared as texts
}

var (
	errNoOrder  = errors.New("its ends have no order; name several ranges whose ends are written alike")
	errBackward = errors.New("it ends before it begins")
)

func newRange(from, to string) (r numberRange, err error) {
	r = numberRange{from: from, to: to}
	fromHead, low, fromTail := parted(from)
	toHead, high, toTail := parted(to)
	letters := len(fromTail) == 1 && len(toTail) == 1 && letter(fromTail[0]) && letter(toTail[0])
	switch {
	case from == "" || to == "":
		return r, errNoOrder
	case low != "" && high != "" && fromHead == toHead && (fromTail == toTail || letters):
		r.head, r.low, r.high, r.tail = fromHead, low, high, fromTail
		r.check = fromTail != toTail
		if less(high, low) {
			return r, errBackward
		}
	case len(from) == len(to):
		r.text = true
		if to < from {
			return r, errBackward
		}
	default:
		return r, errNoOrder
	}
	return r, nil
}

// holds reports whether a number as it is written is in the range: truly, or
// but for zeros in front and a letter behind.
func (r numberRange) holds(v string) truth {
	if r.text {
		if len(v) == len(r.from) && r.from <= v && v <= r.to {
			return yes
		}
		return no
	}
	rest, ok := strings.CutPrefix(v, r.head)
	if !ok {
		return no
	}
	n := 0
	for n < len(rest) && digit(rest[n]) {
		n++
	}
	digits, tail := rest[:n], rest[n:]
	if digits == "" || less(digits, r.low) || less(r.high, digits) {
		return no
	}
	sure := yes
	switch {
	case r.check && len(tail) == 1 && letter(tail[0]), !r.check && tail == r.tail:
	case tail == "", r.tail == "" && len(tail) == 1 && letter(tail[0]):
		sure = maybe
	default:
		return no
	}
	padded := digits[0] == '0' && len(digits) > 1
	switch {
	case len(r.low) == len(r.high) && len(digits) != len(r.low), len(r.low) != len(r.high) && padded && r.low[0] != '0':
		sure = maybe
	}
	return sure
}

// variants are the forms of a range under which writing variants meet: without
// separators and in capitals, and folded.
func (r numberRange) variants() (all []variantRange) {
	for _, form := range []func(string) string{bare, udi.Fold} {
		if f, err := newRange(form(r.from), form(r.to)); err == nil {
			all = append(all, variantRange{form, f})
		}
	}
	return all
}

type variantRange struct {
	form func(string) string
	numberRange
}

// bare is a number in capitals without separators.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9', r >= 'A' && r <= 'Z':
			return r
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r > '~':
			return r
		}
		return -1
	}, s)
}

// parted cuts a number around its last run of digits.
func parted(s string) (head, digits, tail string) {
	end := len(s)
	for end > 0 && !digit(s[end-1]) {
		end--
	}
	begin := end
	for begin > 0 && digit(s[begin-1]) {
		begin--
	}
	return s[:begin], s[begin:end], s[end:]
}

// less compares digits as numbers of any length.
func less(a, b string) bool {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}

func digit(c byte) bool  { return c >= '0' && c <= '9' }
func letter(c byte) bool { return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' }
