package gs1

import (
	"strings"
)

// checkPcenc checks percent-encoding (RFC 3986, section 2.1).
func checkPcenc(s string, _ int) *fault {
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			continue
		}
		if i+2 >= len(s) || !hexDigit(s[i+1]) || !hexDigit(s[i+2]) {
			return &fault{code: CodeValue, pos: i, length: min(3, len(s)-i), detail: "% must be followed by two hexadecimal digits"}
		}
		i += 2
	}
	return nil
}

func hexDigit(b byte) bool {
	return strings.IndexByte("0123456789ABCDEFabcdef", b) >= 0
}
