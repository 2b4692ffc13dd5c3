package udi

import "strings"

// hrfHIBC is the human readable form of a device of HIBCC: primary data,
// secondary data and supplements joined by slashes, with the check character of
// the whole. Where the year allows it a date has two digits of it, as labels
// have; a day that a two-digit year could put into another century has four, and
// a month or hour that could is left out. It is "" for a device that HIBC cannot
// say.
func (d Device) hrfHIBC() string {
	if ok, _ := productShape(d.DI); !ok || !hibcSays(d.Lot) || !hibcSays(d.Serial) {
		return ""
	}
	var room [160]byte
	b := append(room[:0], '+')
	b = append(b, d.DI...)
	id, value, rest := "$", d.Lot, d.Serial
	if d.Lot == "" && d.Serial != "" {
		id, value, rest = "$+", d.Serial, ""
	}
	expiry, inSecondary := hibcExpiryForm(d.Expiry)
	switch {
	case inSecondary:
		id = "$" + id + expiry
	case id == "$" && strings.HasPrefix(value, "$"):
		id = "$$7" // a lot that would look like an identifier
	}
	quantity := d.Quantity != "" && onlyDigits(d.Quantity)
	made := fullDay(d.Manufactured)
	if inSecondary || value != "" || quantity || made != "" || expiry != "" {
		b = append(append(append(b, '/'), id...), value...)
	}
	if expiry != "" && !inSecondary {
		b = append(append(b, "/14D"...), expiry...)
	}
	if rest != "" {
		b = append(append(b, "/S"...), rest...)
	}
	if made != "" {
		b = append(append(b, "/16D"...), made...)
	}
	if quantity {
		b = append(append(b, "/Q"...), d.Quantity...)
	}
	if message := string(b); hibcForeign(message) < 0 {
		return message + string(hibcCheck(message))
	}
	return "" // a date that is none
}

// hibcSays reports whether HIBC can say a lot or serial number: a slash would
// end it, and a + would begin another symbol.
func hibcSays(s string) bool { return hibcForeign(s) < 0 && !strings.ContainsAny(s, "/+") }

// Years whose last two digits are certain for longer than a record of them is
// used: the window around now reaches from 49 years before to 50 after.
const hibcFirstYear, hibcLastYear = "1995", "2070"

// hibcExpiryForm is an expiry date as the secondary data have it, with its flag,
// and true; or as a supplement has it, and false. It is "" where neither can.
func hibcExpiryForm(d Date) (digits string, inSecondary bool) {
	if len(d.Day) != len("2006-01-02") {
		return "", false
	}
	yy, mm, dd := d.Day[2:4], d.Day[5:7], d.Day[8:]
	if year := d.Day[:4]; year < hibcFirstYear || year > hibcLastYear {
		return fullDay(d), false
	}
	switch {
	case d.Precision == PrecisionMonth:
		return mm + yy, true
	case d.Precision == PrecisionDay:
		return "3" + yy + mm + dd, true
	case d.Precision == PrecisionHour && len(d.Time) == len("15:04"):
		return "4" + yy + mm + dd + d.Time[:2], true
	}
	return "", false
}

// fullDay is a day as YYYYMMDD, and "" for what is not a day.
func fullDay(d Date) string {
	if d.Precision != PrecisionDay || len(d.Day) != len("2006-01-02") {
		return ""
	}
	return d.Day[:4] + d.Day[5:7] + d.Day[8:]
}
