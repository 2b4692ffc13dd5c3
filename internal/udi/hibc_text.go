package udi

import (
	"slices"
	"time"

	"implantrace/gs1"
)

// Codes of issues that the readers of HIBC and ISBT 128 add.
const (
	CodeCheckCharacter = "check-character" // a wrong check character
	CodeContradiction  = "contradiction"   // one symbol gives two values for one field; none was taken
)

// carrierText is the text of one symbol while it is read. The values found go
// into its content.
type carrierText struct {
	raw string // the text as it was given
	s   string // the same, repaired: s[i] stands at raw[at+i]
	at  int
	now time.Time
	content
	clashed []string // fields that were given two values

	asWritten bool // checks and counts are let pass: ISBT 128 only
}

// issue reports something about s[from:to].
func (t *carrierText) issue(code string, severity gs1.Severity, ai string, from, to int, message, detail string) {
	start, end := min(t.at+from, len(t.raw)), min(t.at+to, len(t.raw))
	t.issues = append(t.issues, Issue{Code: code, Severity: severity.String(), AI: ai, Offset: start, Length: end - start, Message: message, Detail: detail})
}

// element adds s[from:to] to the elements and returns its index.
func (t *carrierText) element(ai, title string, from, to int) int {
	if t.elements == nil {
		t.elements = make([]Element, 0, 2+len(t.s)/16)
	}
	t.elements = append(t.elements, Element{AI: ai, Title: title, Value: t.s[from:to], Offset: min(t.at+from, len(t.raw))})
	return len(t.elements) - 1
}

// rejected adds s[from:to] as something that breaks a rule.
func (t *carrierText) rejected(ai, title string, from, to int) {
	t.elements[t.element(ai, title, from, to)].Rejected = true
}

// origin notes where the value of a field stands.
func (t *carrierText) origin(field string, from, to int, how Certainty) {
	if t.origins == nil {
		t.origins = make([]Origin, 0, 2+len(t.s)/16)
	}
	start, end := min(t.at+from, len(t.raw)), min(t.at+to, len(t.raw))
	if how == CertaintyRead && t.raw[start:end] != t.s[from:to] {
		how = CertaintyRepaired
	}
	t.origins = append(t.origins, Origin{Field: field, Offset: start, Length: end - start, How: how})
}

// put takes s[from:to] as the value of a field of text. An empty value is no
// value.
func (t *carrierText) put(field string, p *string, ai, title string, from, to int) {
	i := t.element(ai, title, from, to)
	v := t.s[from:to]
	switch {
	case v == "":
	case slices.Contains(t.clashed, field):
		t.elements[i].Rejected = true
	case *p == "":
		*p = v
		t.origin(field, from, to, CertaintyRead)
	case *p != v && (field != "quantity" || !sameNumber(*p, v)):
		t.clash(field, i)
	}
}

// putDate takes the date that stands in s[from:to]. Of a month and a day in it
// the day is taken.
func (t *carrierText) putDate(field string, p *Date, d Date, ai, title string, from, to int) {
	i := t.element(ai, title, from, to)
	how := CertaintyRead
	if d.Precision == PrecisionMonth {
		how = CertaintyInferred
	}
	switch {
	case slices.Contains(t.clashed, field):
		t.elements[i].Rejected = true
	case p.IsZero():
		*p = d
		t.origin(field, from, to, how)
	case *p == d, within(d, *p): // nothing new
	case within(*p, d):
		*p = d
		t.origins = slices.DeleteFunc(t.origins, func(o Origin) bool { return o.Field == field })
		t.origin(field, from, to, how)
	default:
		t.clash(field, i)
	}
}

// within reports whether fine says the same as coarse, and more.
func within(coarse, fine Date) bool {
	switch coarse.Precision {
	case PrecisionMonth:
		return coarse.Day[:7] == fine.Day[:7]
	case PrecisionDay:
		return fine.Precision != PrecisionMonth && coarse.Day == fine.Day
	}
	return false
}

// sameNumber reports whether two runs of digits are one number.
func sameNumber(a, b string) bool {
	for len(a) > 1 && a[0] == '0' {
		a = a[1:]
	}
	for len(b) > 1 && b[0] == '0' {
		b = b[1:]
	}
	return a == b
}

// clash gives up a field for which element i says something else than what was
// taken before.
func (t *carrierText) clash(field string, i int) {
	t.elements[i].Rejected = true
	t.clashed = append(t.clashed, field)
	t.drop(func(o Origin) bool { return o.Field == field })
	e := t.elements[i]
	t.issue(CodeContradiction, gs1.Hard, e.AI, e.Offset-t.at, e.Offset-t.at+len(e.Value),
		"This code says two different things for the same field. Neither was taken: read the label.", "two values for "+field)
}

// drop takes back the values of the origins that which names, and rejects the
// elements they came from.
func (t *carrierText) drop(which func(Origin) bool) {
	t.origins = slices.DeleteFunc(t.origins, func(o Origin) bool {
		if !which(o) {
			return false
		}
		for i := range t.elements {
			if t.elements[i].Offset == o.Offset {
				t.elements[i].Rejected = true
			}
		}
		switch o.Field {
		case "di":
			t.device.DI = ""
		case "lot":
			t.device.Lot = ""
		case "serial":
			t.device.Serial = ""
		case "expiry":
			t.device.Expiry = Date{}
		case "manufactured":
			t.device.Manufactured = Date{}
		case "quantity":
			t.device.Quantity = ""
		case "donation_id":
			t.device.DonationID = ""
		}
		return true
	})
}

// rejectAll takes nothing from the text: every element is kept as rejected.
func (t *carrierText) rejectAll() {
	for i := range t.elements {
		t.elements[i].Rejected = true
	}
	t.device, t.origins, t.check, t.link = Device{}, nil, "", ""
}

// onlyDigits reports whether s is digits and nothing else; the empty string is.
func onlyDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// numberOf is the value of a short run of digits.
func numberOf(s string) int {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// onDay is a day of the calendar, and the zero Date if there is no such day.
func onDay(year, month, day int) Date {
	if month < 1 || month > 12 || day < 1 || day > gs1.DaysIn(year, month) {
		return Date{}
	}
	b := [10]byte{'0', '0', '0', '0', '-', '0', '0', '-', '0', '0'}
	b[0] += byte(year / 1000 % 10)
	b[1] += byte(year / 100 % 10)
	b[2] += byte(year / 10 % 10)
	b[3] += byte(year % 10)
	b[5] += byte(month / 10)
	b[6] += byte(month % 10)
	b[8] += byte(day / 10)
	b[9] += byte(day % 10)
	return Date{Day: string(b[:]), Precision: PrecisionDay}
}

// inMonth is the last day of a month of which nothing more is given.
func inMonth(year, month int) Date {
	d := onDay(year, month, gs1.DaysIn(year, month))
	if !d.IsZero() {
		d.Precision = PrecisionMonth
	}
	return d
}

// onOrdinal is the day of the year counted from 1, and the zero Date if the year
// has no such day.
func onOrdinal(year, ordinal int) Date {
	for month := 1; month <= 12; month++ {
		last := gs1.DaysIn(year, month)
		if ordinal <= last {
			return onDay(year, month, ordinal)
		}
		ordinal -= last
	}
	return Date{}
}

// hours has the full hours, five bytes each.
const hours = "00:0001:0002:0003:0004:0005:0006:0007:0008:0009:0010:0011:00" +
	"12:0013:0014:0015:0016:0017:0018:0019:0020:0021:0022:0023:00"

// atHour gives d the hour, and is the zero Date if there is no such hour.
func atHour(d Date, hour int) Date {
	if d.IsZero() || hour > 23 {
		return Date{}
	}
	d.Precision, d.Time = PrecisionHour, hours[hour*5:hour*5+5]
	return d
}
