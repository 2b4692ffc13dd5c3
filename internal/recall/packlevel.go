package recall

import "implantrace/gs1"

// A GTIN-14 is an indicator digit, twelve digits of company and article, and a
// check digit. Makers number the levels of a pack (the unit, the box, the case)
// by changing the indicator alone, though nothing obliges them to: a notice that
// names the box may well mean the units in it (GS1 General Specifications,
// 2.1 and 4.3, on trade item groupings).

// otherLevel reports whether two device identifiers differ in nothing but the
// level of the pack.
func otherLevel(a, b string) bool {
	return len(a) == 14 && len(b) == 14 && a != b && a[1:13] == b[1:13]
}

// levels gives a device identifier and those of the other levels that its pack
// may have.
func levels(di string) []string {
	all := []string{di}
	if len(di) != 14 {
		return all
	}
	for indicator := byte('0'); indicator <= '9'; indicator++ {
		body := string(indicator) + di[1:13]
		check, err := gs1.CheckDigit(body)
		if other := body + string(check); err == nil && other != di {
			all = append(all, other)
		}
	}
	return all
}
