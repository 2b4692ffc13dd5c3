package udi

import (
	"errors"
	"strings"
	"unicode"

	"implantrace/gs1"
)

// Agency is the issuing agency of a UDI.
type Agency string

// The issuing agency this package reads.
const AgencyGS1 Agency = "GS1"

// Precision says how much of a date the label gives.
type Precision string

// What a label can give of a date.
const (
	PrecisionDay   Precision = "day"
	PrecisionMonth Precision = "month" // the day was 00: the last of the month is meant
)

// Date is a calendar date from a label. The zero Date means: not given.
type Date struct {
	Day       string    `json:"date" cbor:"1,keyasint"`      // YYYY-MM-DD
	Precision Precision `json:"precision" cbor:"2,keyasint"` // what of Day the label gives
}

// IsZero reports whether no date was given.
func (d Date) IsZero() bool { return d.Day == "" }

// String prints YYYY-MM-DD, or YYYY-MM where the label gives no day.
func (d Date) String() string {
	if d.Precision == PrecisionMonth && len(d.Day) == len("2006-01-02") {
		return d.Day[:len("2006-01")]
	}
	return d.Day
}

// label is the date as labels write it: YYMMDD, day 00 where none is given.
func (d Date) label() string {
	if len(d.Day) != len("2006-01-02") {
		return ""
	}
	day := d.Day[8:]
	if d.Precision == PrecisionMonth {
		day = "00"
	}
	return d.Day[2:4] + d.Day[5:7] + day
}

func dateOf(d gs1.Date) Date {
	p := PrecisionDay
	if !d.DayKnown {
		p = PrecisionMonth
	}
	return Date{Day: d.String(), Precision: p}
}

// Device is one identity of a device: what its UDI says. DI and agency name
// the product; lot, serial and the dates name the batch or the piece.
type Device struct {
	Agency       Agency `json:"agency,omitempty" cbor:"1,keyasint,omitempty"`
	DI           string `json:"di,omitempty" cbor:"2,keyasint,omitempty"`     // GS1: GTIN-14
	Lot          string `json:"lot,omitempty" cbor:"3,keyasint,omitempty"`    // exactly as on the label
	Serial       string `json:"serial,omitempty" cbor:"4,keyasint,omitempty"` // exactly as on the label
	Expiry       Date   `json:"expiry,omitzero" cbor:"5,keyasint,omitzero"`
	Manufactured Date   `json:"manufactured,omitzero" cbor:"6,keyasint,omitzero"`
	BestBefore   Date   `json:"best_before,omitzero" cbor:"7,keyasint,omitzero"`
	Quantity     string `json:"quantity,omitempty" cbor:"8,keyasint,omitempty"`      // AI 30 or 37
	Variant      string `json:"variant,omitempty" cbor:"9,keyasint,omitempty"`       // AI 20
	CatalogueNo  string `json:"catalogue_no,omitempty" cbor:"10,keyasint,omitempty"` // AI 240 or 241, the maker's own
}

// IsZero reports whether nothing at all is known of the device.
func (d Device) IsZero() bool { return d == Device{} }

// HRF is the human readable form of what identifies the device: its elements
// with their AIs in brackets, in the order in which labels print them.
func (d Device) HRF() string {
	var b strings.Builder
	put := func(ai, value string) {
		if value != "" {
			b.WriteString("(" + ai + ")" + strings.ReplaceAll(value, "(", `\(`))
		}
	}
	put("01", d.DI)
	put("11", d.Manufactured.label())
	put("17", d.Expiry.label())
	put("10", d.Lot)
	put("21", d.Serial)
	return b.String()
}

// Fold brings a lot or serial number to the form under which its writing
// variants meet: letters in capitals, spaces and separators gone, O as 0,
// I and L as 1, no leading zeros. Two numbers that differ can fold to one; a fold
// finds candidates, it never decides.
func Fold(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch r = unicode.ToUpper(r); {
		case r == 'O':
			b.WriteByte('0')
		case r == 'I' || r == 'L':
			b.WriteByte('1')
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		}
	}
	out := strings.TrimLeft(b.String(), "0")
	if out == "" {
		if b.Len() > 0 {
			return "0"
		}
		return s // nothing but separators: keep it apart from "not recorded"
	}
	return out
}

// ParseDI takes a device identifier as a person types it: a GTIN of 8, 12, 13
// or 14 digits, spaces allowed, with or without its AI in brackets.
func ParseDI(s string) (string, error) {
	s = strings.Join(strings.Fields(s), "")
	s = strings.TrimPrefix(s, "(01)")
	g, err := gs1.ParseGTIN(s)
	switch {
	case errors.Is(err, gs1.ErrCheckDigit):
		return "", ErrDICheck
	case err != nil:
		return "", ErrDILength
	}
	return string(g), nil
}

// Errors of [ParseDI].
var (
	ErrDILength = errors.New("a GTIN has 8, 12, 13 or 14 digits")
	ErrDICheck  = errors.New("its check digit is wrong")
)
