package gs1

// Decimal is an exact decimal number: Coefficient divided by ten, Places times.
// A net weight of (3103)012345 is {12345, 3, ""}, which is 12.345 kilograms.
type Decimal struct {
	Coefficient int64  // 0 to 999,999,999,999,999
	Places      int    // digits behind the decimal point, 0 to 9
	Currency    string // the numeric code of ISO 4217 in (391n) and (393n); else ""
}

// Decimal returns the number in an element of AI 310n to 369n (measures) or 390n
// to 395n (amounts, prices and percentages), in which the last digit of the AI
// says how many digits stand behind the decimal point. The unit of a measure is
// in the title of its AI. It returns false for any other AI, and for a value that
// breaks a rule of its AI.
func (e Element) Decimal() (Decimal, bool) {
	if len(e.AI) != 4 || e.AI[0] != '3' {
		return Decimal{}, false // AIs of four digits from 31 to 36 and 39 are such
	}
	row := lookup(string(e.AI))
	if row == nil {
		return Decimal{}, false
	}
	if n, hard, _ := row.check(e.Value, 0); hard != nil || n != len(e.Value) {
		return Decimal{}, false
	}
	d := Decimal{Places: int(e.AI[3] - '0')}
	text := e.Value
	switch e.AI[:3] {
	case "391", "393":
		d.Currency, text = text[:3], text[3:]
	}
	for i := range len(text) {
		d.Coefficient = d.Coefficient*10 + int64(text[i]-'0')
	}
	return d, true
}

// String returns the number with all its places and without the currency, such
// as "12.345", "0.050" or "7".
func (d Decimal) String() string {
	var b [32]byte
	i := len(b)
	for n, written := d.Coefficient, 0; n > 0 || written <= d.Places; written++ {
		if written == d.Places && written > 0 {
			i--
			b[i] = '.'
		}
		i--
		b[i] = byte('0' + n%10)
		n /= 10
	}
	return string(b[i:])
}
