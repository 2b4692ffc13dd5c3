package udi

// Agency is the issuing agency of a UDI.
type Agency string

// The issuing agencies (Regulation (EU) 2017/745, article 27; 21 CFR 830.100).
const (
	AgencyGS1    Agency = "GS1"
	AgencyHIBCC  Agency = "HIBCC"
	AgencyICCBBA Agency = "ICCBBA"
)
