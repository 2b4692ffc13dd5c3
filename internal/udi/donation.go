package udi

import "time"

// DonationWords is a donation number as its label prints it (ST-001, section 2.4.1):
// facility, year and number parted by spaces, the flags in brackets, and the check
// character that stands in a box. What is none is given as it is.
func DonationWords(din string) string {
	if len(din) != 15 {
		return din
	}
	words := din[:5] + " " + din[5:7] + " " + din[7:13] + " (" + din[13:] + ")"
	if v := isbtCheck(din[:13]); v >= 0 {
		words += " " + string(isbtCheckCharacter(v))
	}
	return words
}

// DonationFacility is the identification number of the facility that a donation
// number comes from, which ICCBBA registers; "" where it is none.
func DonationFacility(din string) string {
	if len(din) != 15 {
		return ""
	}
	return din[:5]
}

// TissueProduct is the product code of ISBT 128 (data structure 003) that one of a
// label's codes says: product description code, type of collection, division. "" where
// none does.
func TissueProduct(texts []string, now time.Time) string {
	for _, text := range texts {
		for _, e := range Understand(text, now).Elements {
			if e.AI == "=<" && !e.Rejected {
				return e.Value
			}
		}
	}
	return ""
}
