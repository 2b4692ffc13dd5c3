package udi

// Agency is the issuing agency of a UDI.
type Agency string

// The issuing agencies (Regulation (EU) 2017/745, article 27; 21 CFR 830.100).
const (
	AgencyGS1    Agency = "GS1"
	AgencyHIBCC  Agency = "HIBCC"
	AgencyICCBBA Agency = "ICCBBA"
)

// OID is the object identifier of the agency's device identifiers, and "" for
// an agency that is not known.
func (a Agency) OID() string {
	switch a {
	case AgencyGS1:
		return "2.51.1.1"
	case AgencyHIBCC:
		return "1.0.15961.10.816"
	case AgencyICCBBA:
		return "2.16.840.1.113883.6.18.1.34"
	}
	return ""
}
