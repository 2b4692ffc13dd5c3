package gs1

import "strings"

// GTIN is a Global Trade Item Number, always as 14 digits with a right check
// digit. Only ParseGTIN makes one.
type GTIN string

// ParseGTIN reads a GTIN-8, GTIN-12, GTIN-13 or GTIN-14 and pads it with zeros
// to 14 digits (section 3.3.2). The error is a *KeyError.
func ParseGTIN(s string) (GTIN, error) {
	if err := verifyKey("GTIN", s, 8, 12, 13, 14); err != nil {
		return "", err
	}
	return GTIN(strings.Repeat("0", 14-len(s)) + s), nil
}
