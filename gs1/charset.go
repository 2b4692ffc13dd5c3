package gs1

import (
	"fmt"
	"strings"
)

// charset is one of the GS1 AI encodable character sets (section 7.11).
type charset uint8

const (
	csetN charset = iota + 1 // digits
	csetX                    // character set 82
	csetY                    // character set 39
	csetZ                    // character set 64, file-safe and URI-safe base64
)

const (
	digitChars = "0123456789"
	upperChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lowerChars = "abcdefghijklmnopqrstuvwxyz"

	// The order of cset82 gives each character its value in check pairs.
	cset82 = `!"%&'()*+,-./` + digitChars + ":;<=>?" + upperChars + "_" + lowerChars
	cset39 = "#-/" + digitChars + upperChars
	cset64 = upperChars + lowerChars + digitChars + "-_"
)

// check returns the first fault of value against the set.
func (c charset) check(value string) *fault {
	body := value
	if c == csetZ {
		// Padding is optional. GS1's linter wants a length that is a
		// multiple of three, and its verdict is followed.
		body = strings.TrimRight(value, "=")
		if pads := len(value) - len(body); pads > 2 || pads > 0 && len(value)%3 != 0 {
			return &fault{code: CodeCharset, pos: len(body), length: pads, detail: "wrong base64 padding"}
		}
	}
	for i := range len(body) {
		if !c.has(body[i]) {
			return &fault{code: CodeCharset, pos: i, length: 1, detail: fmt.Sprintf("character %q is not in %s", body[i:i+1], c)}
		}
	}
	return nil
}

func (c charset) has(b byte) bool { return charsets[b]&(1<<c) != 0 }

// charsets has for each byte a bit for each set it is in.
var charsets = func() (in [256]uint8) {
	for c, chars := range map[charset]string{csetN: digitChars, csetX: cset82, csetY: cset39, csetZ: cset64} {
		for i := range len(chars) {
			in[chars[i]] |= 1 << c
		}
	}
	return in
}()

func (c charset) String() string {
	switch c {
	case csetN:
		return "the digits"
	case csetX:
		return "GS1 AI encodable character set 82"
	case csetY:
		return "GS1 AI encodable character set 39"
	default:
		return "GS1 AI encodable character set 64"
	}
}
