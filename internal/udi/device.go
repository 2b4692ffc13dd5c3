package udi

import (
	"slices"
	"strings"
	"unicode"

	"implantrace/gs1"
)

// Precision says how much of a date the label gives.
type Precision string

// What a label can give of a date.
const (
	PrecisionDay    Precision = "day"
	PrecisionMonth  Precision = "month"  // no day, or day 00: the last of the month is meant
	PrecisionHour   Precision = "hour"   // the hour too
	PrecisionMinute Precision = "minute" // hour and minute too
)

// Date is a calendar date from a label, with the time of day where the label
// gives one. The zero Date means: not given.
type Date struct {
	Day       string    `json:"date" cbor:"1,keyasint"`                     // YYYY-MM-DD
	Precision Precision `json:"precision" cbor:"2,keyasint"`                // what of Day and Time the label gives
	Time      string    `json:"time,omitempty" cbor:"3,keyasint,omitempty"` // HH:MM, with PrecisionHour and PrecisionMinute
}

// IsZero reports whether no date was given.
func (d Date) IsZero() bool { return d.Day == "" }

// finer reports whether d gives more of a date than other.
func (d Date) finer(other Date) bool {
	order := []Precision{PrecisionMonth, PrecisionDay, PrecisionHour, PrecisionMinute}
	return slices.Index(order, d.Precision) > slices.Index(order, other.Precision)
}

// String prints as much as the label gives: YYYY-MM, YYYY-MM-DD, YYYY-MM-DDTHH or
// YYYY-MM-DDTHH:MM.
func (d Date) String() string {
	switch {
	case d.Precision == PrecisionMonth && len(d.Day) == len("2006-01-02"):
		return d.Day[:len("2006-01")]
	case d.Precision == PrecisionHour && len(d.Time) == len("15:04"):
		return d.Day + "T" + d.Time[:2]
	case d.Precision == PrecisionMinute && d.Time != "":
		return d.Day + "T" + d.Time
	}
	return d.Day
}

// label is the date as GS1 labels write it: YYMMDD, day 00 where none is given.
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

// Device is one identity of a device: what its UDI says, whatever the agency.
// DI and agency name the product; lot, serial and the dates name the batch or
// the piece. Every value is exactly as on the label.
type Device struct {
	Agency       Agency `json:"agency,omitempty" cbor:"1,keyasint,omitempty"`
	DI           string `json:"di,omitempty" cbor:"2,keyasint,omitempty"` // GS1: GTIN-14; HIBC: labeler, product, unit of measure; ISBT 128: 16 characters, 10 on a blood bag
	Lot          string `json:"lot,omitempty" cbor:"3,keyasint,omitempty"`
	Serial       string `json:"serial,omitempty" cbor:"4,keyasint,omitempty"`
	Expiry       Date   `json:"expiry,omitzero" cbor:"5,keyasint,omitzero"`
	Manufactured Date   `json:"manufactured,omitzero" cbor:"6,keyasint,omitzero"`
	BestBefore   Date   `json:"best_before,omitzero" cbor:"7,keyasint,omitzero"`
	Quantity     string `json:"quantity,omitempty" cbor:"8,keyasint,omitempty"`      // AI 30 or 37; HIBC $$8, $$9, /Q
	Variant      string `json:"variant,omitempty" cbor:"9,keyasint,omitempty"`       // AI 20
	CatalogueNo  string `json:"catalogue_no,omitempty" cbor:"10,keyasint,omitempty"` // AI 240 or 241, the maker's own
	DonationID   string `json:"donation_id,omitempty" cbor:"11,keyasint,omitempty"`  // ISBT 128 donation identification number with its flags
	Software     string `json:"software,omitempty" cbor:"12,keyasint,omitempty"`     // AI 8012, a version
	BasicUDI     string `json:"basic_udi_di,omitempty" cbor:"13,keyasint,omitempty"` // names a family of products, never one of them
	SSCC         string `json:"sscc,omitempty" cbor:"14,keyasint,omitempty"`         // AI 00, a shipping unit
}

// IsZero reports whether nothing at all is known of the device.
func (d Device) IsZero() bool { return d == Device{} }

// HRF is the human readable form of what identifies the device, as its agency
// writes it: with GS1 the AIs in brackets, in the order in which labels print
// them; with HIBCC and ICCBBA the text of one symbol with all of it.
func (d Device) HRF() string {
	switch d.Agency {
	case AgencyHIBCC:
		return d.hrfHIBC()
	case AgencyICCBBA:
		return d.hrfISBT()
	}
	return d.hrfGS1()
}

func (d Device) hrfGS1() string {
	var b strings.Builder
	put := func(ai, value string) {
		if value != "" {
			b.WriteString("(" + ai + ")" + strings.ReplaceAll(value, "(", `\(`))
		}
	}
	put("01", d.DI)
	put("11", d.Manufactured.label())
	if d.Expiry.Precision == PrecisionMinute && d.Expiry.Time != "" {
		put("7003", d.Expiry.label()+d.Expiry.Time[:2]+d.Expiry.Time[3:])
	} else {
		put("17", d.Expiry.label())
	}
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
