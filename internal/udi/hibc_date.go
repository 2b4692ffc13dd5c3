package udi

import (
	"time"

	"implantrace/gs1"
)

// hibcDateForms are the dates of the secondary data, by the flag in front of
// them (ANSI/HIBC 2.6, the table of expiration date flags). A 0 or 1 is no flag:
// it is the first digit of MMYY.
var hibcDateForms = [...]struct {
	digits int
	name   string
}{
	{4, "MMYY"}, {4, "MMYY"}, {6, "MMDDYY"}, {6, "YYMMDD"}, {8, "YYMMDDHH"}, {5, "YYJJJ"}, {7, "YYJJJHH"}, {0, "no date"},
}

// hibcDate reads the digits of a date of the form 0 to 6. It returns the zero
// Date for a day or an hour that does not exist.
func hibcDate(form int, v string, now time.Time) Date {
	yy := func(at int) int { return gs1.FullYear(numberOf(v[at:at+2]), now) }
	switch form {
	case 0, 1:
		return inMonth(yy(2), numberOf(v[:2]))
	case 2:
		return onDay(yy(4), numberOf(v[:2]), numberOf(v[2:4]))
	case 3:
		return onDay(yy(0), numberOf(v[2:4]), numberOf(v[4:6]))
	case 4:
		return atHour(onDay(yy(0), numberOf(v[2:4]), numberOf(v[4:6])), numberOf(v[6:8]))
	case 5:
		return onOrdinal(yy(0), numberOf(v[2:5]))
	}
	return atHour(onOrdinal(yy(0), numberOf(v[2:5])), numberOf(v[5:7]))
}
