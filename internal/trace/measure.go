package trace

import (
	"math/big"
	"strings"
)

// Measure is a size with its unit: millimetres for lengths, dioptres for the
// power of a lens. It is exact to a thousandth. The zero Measure is "not known";
// a plano lens has 0 D.
type Measure struct {
	Thousandths int64  `cbor:"1,keyasint,omitempty"`
	Unit        string `cbor:"2,keyasint,omitempty"` // "mm" or "D"
}

// The units of a [Measure].
const (
	Millimetre = "mm"
	Dioptre    = "D"
)

// units are the ways in which people and catalogues write a unit, each with how
// many thousandths of which of ours one of it is.
var units = map[string]struct {
	unit  string
	times int64
}{
	"mm": {Millimetre, 1000}, "millimeter": {Millimetre, 1000}, "millimetre": {Millimetre, 1000}, "millimeters": {Millimetre, 1000}, "millimetres": {Millimetre, 1000},
	"cm": {Millimetre, 10_000}, "centimeter": {Millimetre, 10_000}, "centimetre": {Millimetre, 10_000}, "centimeters": {Millimetre, 10_000}, "centimetres": {Millimetre, 10_000},
	"m": {Millimetre, 1_000_000}, "meter": {Millimetre, 1_000_000}, "metre": {Millimetre, 1_000_000},
	"in": {Millimetre, 25_400}, "inch": {Millimetre, 25_400}, "inches": {Millimetre, 25_400},
	"d": {Dioptre, 1000}, "diopter": {Dioptre, 1000}, "dioptre": {Dioptre, 1000}, "diopters": {Dioptre, 1000}, "dioptres": {Dioptre, 1000},
}

// measureMost is beyond the size of anything that goes into a person: 100 m.
const measureMost = 100_000_000

// ParseMeasure reads a number and its unit as people write them: "32 mm",
// "3.2 cm", "+21.5D", "1 Inch". Without a unit it is in unit. What is finer
// than a thousandth is rounded to it.
func ParseMeasure(s, unit string) (Measure, error) {
	text := strings.TrimSpace(strings.ReplaceAll(s, "\u2212", "-"))
	if text == "" {
		return Measure{}, nil
	}
	number := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ. ")
	written := strings.ToLower(strings.Trim(text[len(number):], ". "))
	if written == "" {
		written = strings.ToLower(unit)
	}
	u, known := units[written]
	plain := number != "" && len(number) <= 20 && !strings.ContainsAny(number, "/_eExXpP")
	r, ok := new(big.Rat).SetString(strings.TrimPrefix(number, "+"))
	switch {
	case !known || u.unit != unit:
		return Measure{}, Errorf(Invalid, "%q has no unit of the kind that is wanted (%s)", clip(s, 40), unit)
	case !plain || !ok:
		return Measure{}, Errorf(Invalid, "%q is no number with a unit", clip(s, 40))
	}
	r.Mul(r, big.NewRat(u.times, 1))
	half := big.NewRat(1, 2)
	if r.Sign() < 0 {
		half.Neg(half)
	}
	r.Add(r, half)
	n := new(big.Int).Quo(r.Num(), r.Denom())
	if !n.IsInt64() || n.Int64() > measureMost || n.Int64() < -measureMost || unit == Millimetre && n.Sign() < 0 {
		return Measure{}, Errorf(Invalid, "%q is no size of a device", clip(s, 40))
	}
	return Measure{n.Int64(), unit}, nil
}

// IsZero reports whether the measure is not known.
func (m Measure) IsZero() bool { return m == Measure{} }

// String is the number and its unit, a power with its sign: "32 mm", "+21.5 D".
func (m Measure) String() string {
	if m.Unit == "" {
		return ""
	}
	s := strings.TrimRight(strings.TrimRight(big.NewRat(m.Thousandths, 1000).FloatString(3), "0"), ".")
	if m.Unit != Dioptre {
		return s + " " + m.Unit
	}
	if !strings.Contains(s, ".") { // powers are written with their tenths: +21.0 D
		s += ".0"
	}
	if m.Thousandths > 0 {
		s = "+" + s
	}
	return s + " D"
}

// MarshalText is [Measure.String].
func (m Measure) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText is [ParseMeasure] for a text that has its unit.
func (m *Measure) UnmarshalText(b []byte) error {
	unit := Millimetre
	if strings.HasSuffix(strings.ToLower(strings.TrimSpace(string(b))), "d") {
		unit = Dioptre
	}
	v, err := ParseMeasure(string(b), unit)
	if err == nil {
		*m = v
	}
	return err
}
