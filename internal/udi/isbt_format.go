package udi

import "implantrace/gs1"

// hrfISBT is the human readable form of a device of ICCBBA: its data structures
// one behind the other, without the header of a compound message (ST-017,
// section 6.2.2), in the order of ST-017, table 5. A value that ISBT 128 has no
// structure for is left out; it is "" when nothing is left.
func (d Device) hrfISBT() string {
	var room [120]byte
	b := room[:0]
	put := func(id, value string, length int) {
		if len(value) == length && onlyAlphanumeric(value) {
			b = append(append(b, id...), value...)
		}
	}
	put("=/", d.DI, 16)
	if isContainer(d.DI) {
		b = append(append(b, "=)"...), d.DI...)
	}
	put("=,", d.Serial, 6)
	put("=", d.DonationID, 15)
	b = appendISBTDate(b, "=>", "&>", d.Expiry)
	if d.Expiry.Precision == PrecisionMonth && len(d.Expiry.Day) == len("2006-01-02") {
		b = append(append(append(b, "=]"...), d.Expiry.Day[:4]...), d.Expiry.Day[5:7]...)
	}
	b = appendISBTDate(b, "=}", "&}", d.Manufactured)
	put("&,1", d.Lot, 18)
	put("&)", d.Lot, 10)
	return string(b)
}

// appendISBTDate appends a day, or a day with its time, that has a century of
// ISBT 128: 1900 to 2899.
func appendISBTDate(b []byte, day, timed string, d Date) []byte {
	minute := d.Precision == PrecisionMinute && len(d.Time) == len("15:04")
	if len(d.Day) != len("2006-01-02") || d.Day < "1900" || d.Day >= "2900" || d.Precision != PrecisionDay && !minute {
		return b
	}
	year, ordinal := numberOf(d.Day[:4]), numberOf(d.Day[8:])
	for month := 1; month < numberOf(d.Day[5:7]); month++ {
		ordinal += gs1.DaysIn(year, month)
	}
	id := day
	if minute {
		id = timed
	}
	b = append(b, id...)
	b = append(b, '0'+byte((year/100-20+10)%10), d.Day[2], d.Day[3],
		'0'+byte(ordinal/100), '0'+byte(ordinal/10%10), '0'+byte(ordinal%10))
	if minute {
		b = append(b, d.Time[0], d.Time[1], d.Time[3], d.Time[4])
	}
	return b
}
