package gs1

// GRAI is a Global Returnable Asset Identifier in the form that AI (8003) has: a
// zero, the thirteen digits of the asset type with its check digit, and up to
// sixteen characters of serial number or none. Only ParseGRAI makes one.
type GRAI string

// ParseGRAI reads a GRAI with its leading zero. The error is a *KeyError.
func ParseGRAI(s string) (GRAI, error) {
	if err := verifyValue("GRAI", "8003", s); err != nil {
		return "", err
	}
	return GRAI(s), nil
}

// AssetType returns the thirteen digits that all assets of the type share.
func (g GRAI) AssetType() string { return string(g[1:14]) }

// Serial returns the serial number of one asset, or "".
func (g GRAI) Serial() string { return string(g[14:]) }
