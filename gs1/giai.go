package gs1

// GIAI is a Global Individual Asset Identifier: one asset, by a GS1 Company Prefix
// and the owner's reference, up to 30 characters together. It has no check digit.
// Only ParseGIAI makes one.
type GIAI string

// ParseGIAI reads a GIAI. The error is a *KeyError.
func ParseGIAI(s string) (GIAI, error) {
	if err := verifyValue("GIAI", "8004", s); err != nil {
		return "", err
	}
	return GIAI(s), nil
}
