package gs1

import (
	"fmt"
)

// The coupon codes of North America are strings of digits in which many fields
// carry their own length (North American Coupon Application Guideline Using GS1
// DataBar Expanded Symbols; GS1 AI (8112) Coupon Data Specification).

// couponReader takes fields off a coupon code and keeps the first fault.
type couponReader struct {
	code string
	pos  int
	err  *fault
}

func newCouponReader(s string) *couponReader {
	return &couponReader{code: s, err: csetN.check(s)}
}

func (r *couponReader) fail(pos, length int, detail string) {
	if r.err == nil {
		r.err = &fault{code: CodeCoupon, pos: pos, length: length, detail: detail}
	}
}

// take returns the next n digits, or "" after a fault.
func (r *couponReader) take(n int, field string) string {
	if r.err != nil {
		return ""
	}
	if len(r.code)-r.pos < n {
		r.fail(r.pos, len(r.code)-r.pos, field+" is missing or cut short")
		return ""
	}
	s := r.code[r.pos : r.pos+n]
	r.pos += n
	return s
}

// digit returns the next digit, which must be one of allowed.
func (r *couponReader) digit(allowed, field string) int {
	s := r.take(1, field)
	if s == "" {
		return 0
	}
	for i := range len(allowed) {
		if allowed[i] == s[0] {
			return int(s[0] - '0')
		}
	}
	r.fail(r.pos-1, 1, fmt.Sprintf("%s must be one of %s", field, allowed))
	return 0
}

// counted takes a field behind its length, which is written less by offset.
func (r *couponReader) counted(allowed string, offset int, field string) {
	n := r.digit(allowed, "length of "+field)
	r.take(n+offset, field)
}

// prefix takes a company prefix, or nothing where a length of 9 says so.
func (r *couponReader) prefix(field string) {
	if n := r.digit("01234569", "length of "+field); n != 9 {
		r.take(n+6, field)
	}
}

// option reports whether the optional field of that number comes next.
func (r *couponReader) option(number byte) bool {
	if r.err != nil || r.pos == len(r.code) || r.code[r.pos] != number {
		return false
	}
	r.pos++
	return true
}

func (r *couponReader) date(field string, year int) string {
	s := r.take(6, field)
	if s != "" && checkYymmdd(s, year) != nil {
		r.fail(r.pos-6, 6, field+" is not a date")
	}
	return s
}

func (r *couponReader) purchase(nth string) {
	r.counted("12345", 0, nth+" purchase requirement")
	r.digit("012349", nth+" purchase requirement code")
	r.take(3, nth+" purchase family code")
}

func (r *couponReader) end() *fault {
	if r.pos < len(r.code) {
		r.fail(r.pos, len(r.code)-r.pos, "digits left over behind the last field")
	}
	return r.err
}

// checkCouponcode checks the coupon code of AI (8110).
func checkCouponcode(s string, year int) *fault {
	r := newCouponReader(s)
	r.counted("0123456", 6, "company prefix")
	r.take(6, "offer code")
	r.counted("12345", 0, "save value")
	r.purchase("first")
	if r.option('1') {
		r.digit("0123", "additional purchase rules code")
		r.purchase("second")
		r.prefix("second purchase company prefix")
	}
	if r.option('2') {
		r.purchase("third")
		r.prefix("third purchase company prefix")
	}
	expiry := ""
	if r.option('3') {
		expiry = r.date("expiration date", year)
	}
	if r.option('4') {
		start := r.date("start date", year)
		if expiry != "" && start > expiry {
			r.fail(r.pos-6, 6, "the coupon expires before it starts")
		}
	}
	if r.option('5') {
		r.counted(digitChars, 6, "serial number")
	}
	if r.option('6') {
		r.counted("1234567", 6, "retailer company prefix or GLN")
	}
	if r.option('9') {
		r.digit("01256", "save value code")
		r.digit("012", "save value applies to item")
		r.take(1, "store coupon flag")
		r.digit("01", "don't multiply flag")
	}
	return r.end()
}

// checkCouponposoffer checks the positive offer file coupon of AI (8112).
func checkCouponposoffer(s string, _ int) *fault {
	r := newCouponReader(s)
	r.digit("01", "format code")
	r.counted("0123456", 6, "coupon funder")
	r.take(6, "offer code")
	r.counted(digitChars, 6, "serial number")
	return r.end()
}
