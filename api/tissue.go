package api

import (
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// tissue is what codes of ISBT 128 say, in words. Empty: there are none.
type tissue struct {
	Donation string // as the label prints it
	Facility string // where the donation comes from, as ICCBBA numbers it
	Product  string // product code
}

func tissueOf(u trace.Usage) (t tissue) {
	if u.Device.Agency != udi.AgencyICCBBA {
		return t
	}
	if u.Device.DonationID != "" {
		t.Donation, t.Facility = udi.DonationWords(u.Device.DonationID), udi.DonationFacility(u.Device.DonationID)
	}
	texts := make([]string, len(u.Carriers))
	for i, c := range u.Carriers {
		texts[i] = c.Symbology + c.Text
	}
	t.Product = udi.TissueProduct(texts, u.Occurred)
	return t
}
