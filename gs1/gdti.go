package gs1

// GDTI is a Global Document Type Identifier: thirteen digits for the type of
// document, and up to seventeen characters for one document or none. Only
// ParseGDTI makes one.
type GDTI string

// ParseGDTI reads a GDTI. The error is a *KeyError.
func ParseGDTI(s string) (GDTI, error) {
	if err := verifyValue("GDTI", "253", s); err != nil {
		return "", err
	}
	return GDTI(s), nil
}

// DocumentType returns the thirteen digits that all documents of the type share.
func (g GDTI) DocumentType() string { return string(g[:13]) }

// Serial returns the serial number of one document, or "".
func (g GDTI) Serial() string { return string(g[13:]) }
