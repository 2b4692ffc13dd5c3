package udi

import (
	"errors"
	"regexp"
	"strings"

	"implantrace/gs1"
)

// Errors of [ParseDI].
var (
	ErrDILength = errors.New("a GTIN has 8, 12, 13 or 14 digits")
	ErrDICheck  = errors.New("its check digit is wrong")
	ErrDIForm   = errors.New("it is neither a GTIN nor a HIBC or ISBT 128 identifier")
)

// ParseDI takes a device identifier as a person types it, spaces allowed: a GTIN
// of 8, 12, 13 or 14 digits, with or without its AI in brackets, which becomes 14
// digits; a HIBC identifier (labeler, product, unit of measure), or the whole
// primary symbol from its "+" to its check character; or an ISBT 128 identifier,
// with or without "=/" or "=)".
func ParseDI(s string) (string, error) {
	s = strings.Join(strings.Fields(s), "")
	s = strings.TrimPrefix(s, "(01)")
	if bag, ok := strings.CutPrefix(s, "=)"); ok {
		if !isContainer(bag) {
			return "", ErrDIForm
		}
		return bag, nil
	}
	if di, ok := strings.CutPrefix(s, "=/"); ok && isISBTDevice(di) {
		return di, nil
	}
	if AgencyOf(s) == AgencyICCBBA { // a small y or z in front is part of it
		return s, nil
	}
	if s == "" || s[0] >= '0' && s[0] <= '9' && AgencyOf(strings.ToUpper(s)) != AgencyICCBBA {
		g, err := gs1.ParseGTIN(s)
		switch {
		case errors.Is(err, gs1.ErrCheckDigit):
			return "", ErrDICheck
		case err != nil:
			return "", ErrDILength
		}
		return string(g), nil
	}
	if (s[0] == 'y' || s[0] == 'z') && isContainer(s) {
		return "", ErrDIForm // a set or carton of blood bags, or HIBC in small letters: nothing tells
	}
	s = strings.ToUpper(s)
	if s[0] == '+' {
		if hibcForeign(s) >= 0 {
			return "", ErrDIForm
		}
		if len(s) < 8 || !hibcHolds(s) {
			return "", ErrDICheck
		}
		s = s[1 : len(s)-1]
		if !hibcDI.MatchString(s) {
			return "", ErrDIForm
		}
		return s, nil
	}
	s = strings.TrimPrefix(s, "=/")
	if AgencyOf(s) == "" {
		return "", ErrDIForm
	}
	return s, nil
}

// What identifiers of HIBCC and ICCBBA look like: labeler, product and unit of
// measure; processor, facility's product code and product description code; and
// the maker and catalogue number of a blood bag, which has a letter in it beside
// the small one of a set or carton. Points and hyphens are found in products.
var (
	hibcDI      = regexp.MustCompile(`^[A-Z][0-9A-Z]{3}[0-9A-Z.-]{1,18}[0-9]$`)
	isbtDI      = regexp.MustCompile(`^[0-9A-NP-Z][0-9]{4}[0-9A-Z]{6}[A-Z][0-9]{4}$`)
	containerDI = regexp.MustCompile(`^[0-9A-Zyz][0-9A-Z]*[A-Z][0-9A-Z]*$`)
)

// AgencyOf says whose identifier a DI is by its form, and "" where it has none.
// What may be both a HIBC and an ISBT 128 identifier is taken for the latter,
// which has more of a form; but what may be HIBC and a blood bag, for the former.
func AgencyOf(di string) Agency {
	switch {
	case len(di) == 14 && onlyDigits(di):
		return AgencyGS1
	case isbtDI.MatchString(di):
		return AgencyICCBBA
	case hibcDI.MatchString(di):
		return AgencyHIBCC
	case len(di) == 10 && containerDI.MatchString(di):
		return AgencyICCBBA
	}
	return ""
}

// Container reports whether the device is a blood bag, whose identifiers ICCBBA
// keeps apart.
func (d Device) Container() bool {
	return d.Agency == AgencyICCBBA && len(d.DI) == 10
}
