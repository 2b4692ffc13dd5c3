package trace

import (
	"strings"

	"implantrace/internal/udi"
)

// Quarantine is what the record knows of devices that are kept out of use.
type Quarantine struct {
	ID         QuarantineID `json:"id" cbor:"1,keyasint"`
	DI         string       `json:"di" cbor:"2,keyasint"`
	Lots       []string     `json:"lots,omitempty" cbor:"3,keyasint,omitempty"`
	Serials    []string     `json:"serials,omitempty" cbor:"4,keyasint,omitempty"`
	SerialFrom string       `json:"serial_from,omitempty" cbor:"5,keyasint,omitempty"`
	SerialTo   string       `json:"serial_to,omitempty" cbor:"6,keyasint,omitempty"`
	Reason     string       `json:"reason" cbor:"7,keyasint"`
	Who        string       `json:"who,omitempty" cbor:"8,keyasint,omitempty"`
	Released   bool         `json:"released,omitempty" cbor:"9,keyasint,omitempty"`
	History    []Stamp      `json:"history" cbor:"10,keyasint"`
}

// Names says whether the quarantine names a device of its identifier: "yes", "no",
// or "possible" where the device's lot or serial is not known or is written in
// another way. What is released names nothing.
func (q Quarantine) Names(d udi.Device) string {
	switch {
	case q.Released || d.DI == "" || PackBody(d.DI) != PackBody(q.DI):
		return "no"
	case d.DI != q.DI && len(q.Lots)+len(q.Serials) == 0 && q.SerialFrom == "":
		return "possible" // another level of packing, as makers number them
	case len(q.Lots)+len(q.Serials) == 0 && q.SerialFrom == "":
		return "yes"
	}
	yes, answer := "yes", "no"
	if d.DI != q.DI {
		yes = "possible"
	}
	for _, of := range []struct {
		value  string
		listed []string
	}{{d.Lot, q.Lots}, {d.Serial, q.Serials}} {
		for _, l := range of.listed {
			switch {
			case of.value == l:
				return yes
			case of.value == "", udi.Fold(of.value) == udi.Fold(l):
				answer = "possible"
			}
		}
	}
	if q.SerialFrom != "" {
		switch in, known := within(d.Serial, q.SerialFrom, q.SerialTo); {
		case in:
			return yes
		case !known:
			answer = "possible"
		}
	}
	return answer
}

// within reports whether a serial lies in a range, both ends in it. Serials of
// one length are compared letter by letter, and numbers by their value; known is
// false where neither can be done.
func within(s, from, to string) (in, known bool) {
	if s == "" {
		return false, false
	}
	head, digits := tail(s)
	fromHead, fromDigits := tail(from)
	toHead, toDigits := tail(to)
	if head != fromHead || head != toHead {
		// Another letter in front is another series, as far as its maker says.
		return false, udi.Fold(head) != udi.Fold(fromHead)
	}
	if digits == "" || fromDigits == "" || toDigits == "" {
		same := s == from || s == to
		return same, same
	}
	return !less(digits, fromDigits) && !less(toDigits, digits), true
}

// tail parts a serial into what stands before its last digits, and these.
func tail(s string) (head, digits string) {
	i := len(s)
	for i > 0 && s[i-1] >= '0' && s[i-1] <= '9' {
		i--
	}
	return s[:i], s[i:]
}

// less compares two numbers of any length.
func less(a, b string) bool {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}

// PackBody is what the levels of packing of one product share: of a GTIN, its
// digits without the indicator in front and the check digit behind.
func PackBody(di string) string {
	if len(di) == 14 && strings.Trim(di, "0123456789") == "" {
		return di[1:13]
	}
	return di
}

// FromFile marks the settings of checks that a settings file says.
const FromFile = "settings-file"

// CheckSetting is the site's word on a check, and when it was said.
type CheckSetting struct {
	CheckSettingFact
	Stamp Stamp `json:"stamp"`
	// File is what the settings file said last; nil: it never spoke of the rule.
	File *CheckSettingFact `json:"-"`
}
