package recall

import (
	"implantrace/gs1"
	"implantrace/internal/udi"
)

// A GTIN-14 is an indicator digit, twelve digits of company and article, and a
// check digit. Makers number the levels of a pack (the unit, the box, the case)
// by changing the indicator alone, though nothing obliges them to: a notice that
// names the box may well mean the units in it. The last digit of a HIBC
// identifier is the unit of measure, which says the level outright.

// levels gives a device identifier and those of the other levels that its pack
// may have.
func levels(di string) []string {
	all := []string{di}
	switch udi.AgencyOf(di) {
	case udi.AgencyGS1:
		for indicator := byte('0'); indicator <= '9'; indicator++ {
			body := string(indicator) + di[1:13]
			check, err := gs1.CheckDigit(body)
			if other := body + string(check); err == nil && other != di {
				all = append(all, other)
			}
		}
	case udi.AgencyHIBCC:
		for unit := byte('0'); unit <= '9'; unit++ {
			if other := di[:len(di)-1] + string(unit); other != di {
				all = append(all, other)
			}
		}
	}
	return all
}
