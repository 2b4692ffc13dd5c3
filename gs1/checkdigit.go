package gs1

import (
	"fmt"
)

// CheckDigit returns the check digit that belongs behind body: the digits
// weighted 3, 1, 3 ... from the right, brought to a multiple of ten
// (section 7.9.1). It returns ErrDigits when body is empty or has anything but
// digits.
func CheckDigit(body string) (byte, error) {
	if body == "" || !digits(body) {
		return 0, ErrDigits
	}
	return checkDigit(body), nil
}

func checkDigit(body string) byte {
	sum, weight := 0, 3
	for i := len(body) - 1; i >= 0; i-- {
		sum += int(body[i]-'0') * weight
		weight = 4 - weight
	}
	return byte('0' + (10-sum%10)%10)
}

// checkDigitFits reports whether the last digit is the check digit of the others.
func checkDigitFits(s string) bool {
	last := len(s) - 1
	return s[last] == checkDigit(s[:last])
}

func checkCsum(s string, _ int) *fault {
	if checkDigitFits(s) {
		return nil
	}
	last := len(s) - 1
	return &fault{code: CodeCheckDigit, pos: last, length: 1, detail: fmt.Sprintf("check digit is %s, computed %c", s[last:], checkDigit(s[:last]))}
}
