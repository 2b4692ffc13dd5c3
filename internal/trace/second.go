package trace

import (
	"slices"
	"strings"
	"unicode/utf8"

	"implantrace/internal/udi"
)

// SecondFact says that a second person compared what was typed of a device with its
// label. It is part of a [UsageFact]: an entry of its own.
type SecondFact struct {
	// Device is what they confirmed. The confirmation is of these values and of no
	// others, in whatever order the entries arrive.
	Device  udi.Device `json:"device" cbor:"1,keyasint"`
	Person  Person     `json:"person,omitzero" cbor:"2,keyasint,omitzero"`
	Account AccountID  `json:"account,omitzero" cbor:"3,keyasint,omitzero"` // zero: nobody signs in at the node
}

// Second is who confirmed what was typed of a device, and when.
type Second struct {
	Person  Person    `json:"person,omitzero" cbor:"1,keyasint,omitzero"`
	Account AccountID `json:"account,omitzero" cbor:"2,keyasint,omitzero"`
	Stamp   Stamp     `json:"stamp" cbor:"3,keyasint"`
}

// ByHand reports whether a value that identifies the device was typed, and stands in
// no code of it that a machine has read.
func (u Usage) ByHand() bool {
	if u.Provenance != Typed {
		return false
	}
	values := []string{u.Device.Lot, u.Device.Serial, u.Device.DonationID}
	if u.Picked == (Picked{}) { // what it is stands in the list of its set
		values = append(values, strings.TrimLeft(u.Device.DI, "0"), u.Device.CatalogueNo)
	}
	for _, n := range values {
		if n != "" && !slices.ContainsFunc(u.Carriers, func(c Carrier) bool { return c.Source != "typed" && strings.Contains(c.Text, n) }) {
			return true
		}
	}
	return false
}

// AwaitsSecond reports whether a second person has to compare what was typed of the
// device with its label, and nobody has.
func (u Usage) AwaitsSecond() bool { return u.ByHand() && u.Second == nil && !u.Withdrawn }

// Ending is a value that a second person is asked for: what they see of it, and
// what they read from the label and type.
type Ending struct {
	Field string `json:"field"` // its name in a command
	Words string `json:"words"`
	Shown string `json:"shown,omitempty"` // what stands before the end; "": nothing does
	Asked int    `json:"asked"`           // how many characters are asked for
	want  string
}

// endMost is how many characters at the end of a value a second person types.
const endMost = 4

// Endings are what a second person types anew of a device: the last four characters
// of what identifies it, and its dates whole.
func (u Usage) Endings() (all []Ending) {
	d := u.Device
	for _, v := range []struct{ field, words, value string }{
		{"di", "device identifier", d.DI}, {"catalogue_no", "catalogue number", d.CatalogueNo}, {"lot", "lot", d.Lot}, {"serial", "serial number", d.Serial},
		{"donation_id", "donation number", d.DonationID},
	} {
		if v.value == "" {
			continue
		}
		at := len(v.value)
		for n := 0; n < endMost && at > 0; n++ {
			_, size := utf8.DecodeLastRuneInString(v.value[:at])
			at -= size
		}
		all = append(all, Ending{Field: v.field, Words: v.words, Shown: v.value[:at], Asked: utf8.RuneCountInString(v.value[at:]), want: v.value[at:]})
	}
	for _, v := range []struct {
		field, words string
		value        udi.Date
	}{{"expiry", "expiry date", d.Expiry}, {"manufactured", "date of manufacture", d.Manufactured}} {
		if !v.value.IsZero() {
			day := v.value.Day
			if v.value.Precision == udi.PrecisionMonth {
				day = day[:min(len(day), len("2006-01"))]
			}
			all = append(all, Ending{Field: v.field, Words: v.words, Asked: len(day), want: day})
		}
	}
	return all
}

// Holds reports whether what was typed is the end of the value, letter by letter.
func (e Ending) Holds(typed string) bool { return strings.TrimSpace(typed) == e.want }
