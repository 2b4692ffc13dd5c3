package gs1

// GSRN is a Global Service Relation Number of 18 digits: a patient (8018) or a
// member of staff (8017). Only ParseGSRN makes one.
type GSRN string

// ParseGSRN reads a GSRN. The error is a *KeyError.
func ParseGSRN(s string) (GSRN, error) {
	if err := verifyKey("GSRN", s, 18); err != nil {
		return "", err
	}
	return GSRN(s), nil
}
