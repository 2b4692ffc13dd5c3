package gs1

// SSCC is a Serial Shipping Container Code of 18 digits. Only ParseSSCC makes
// one.
type SSCC string

// ParseSSCC reads an SSCC. The error is a *KeyError.
func ParseSSCC(s string) (SSCC, error) {
	if err := verifyKey("SSCC", s, 18); err != nil {
		return "", err
	}
	return SSCC(s), nil
}
