package gs1

// GMN is a Global Model Number, which the European Union uses as Basic UDI-DI of
// medical devices: a GS1 Company Prefix, the maker's model reference and two check
// characters, up to 25 characters together. Only ParseGMN makes one.
type GMN string

// ParseGMN reads a GMN. The error is a *KeyError.
func ParseGMN(s string) (GMN, error) {
	if err := verifyValue("GMN", "8013", s); err != nil {
		return "", err
	}
	return GMN(s), nil
}
