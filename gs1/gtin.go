package gs1

import "strings"

// GTIN is a Global Trade Item Number, always as 14 digits with a right check
// digit. Only ParseGTIN makes one.
type GTIN string

// ParseGTIN reads a GTIN-8, GTIN-12, GTIN-13 or GTIN-14 and pads it with zeros
// to 14 digits. The error is a *KeyError.
func ParseGTIN(s string) (GTIN, error) {
	if err := verifyKey("GTIN", s, 8, 12, 13, 14); err != nil {
		return "", err
	}
	return GTIN(padGTIN(s)), nil
}

// Short returns the GTIN as it is printed below a barcode: without the zeros that
// brought it to 14 digits, as 8, 12, 13 or 14 digits.
func (g GTIN) Short() string {
	for _, n := range [...]int{8, 12, 13} {
		if zeros := 14 - n; strings.HasPrefix(string(g), "000000"[:zeros]) {
			return string(g[zeros:])
		}
	}
	return string(g)
}
