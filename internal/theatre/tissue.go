package theatre

import "implantrace/internal/udi"

// oneTissue reports whether two codes of ISBT 128 may be of one label: a label has its
// donation number, product code and dates in symbols of their own, none of which says
// the rest. Two that name a product each are of two labels. They do not contradict one
// another: that was asked before.
func oneTissue(a, b udi.Device) bool {
	return a.Agency == udi.AgencyICCBBA && b.Agency == udi.AgencyICCBBA && (a.DI == "" || b.DI == "")
}
