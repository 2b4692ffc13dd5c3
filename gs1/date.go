package gs1

import (
	"errors"
	"fmt"
	"time"
)

// ErrDate is returned by ParseDate and Result.Date for text that is no date of
// the form YYMMDD.
var ErrDate = errors.New("gs1: not a date")

// ErrNoNow is returned when a date of two-digit year is wanted and no present
// time was handed in, without which its century is unknown.
var ErrNoNow = errors.New("gs1: a two-digit year needs the present time to find its century")

// Date is a day of the calendar.
//
// GS1 allows day 00 for "some day of that month". Day is then the last day of
// the month, which is what the standard has it mean for an expiry date, and
// DayKnown is false (section 3.4.7).
type Date struct {
	Year, Month, Day int
	DayKnown         bool
}

// ParseDate reads YYMMDD. The century is the one that brings the year nearest to
// the year of now: from 49 years before it to 50 after (section 7.12). It
// returns ErrNoNow when now is zero and an error that wraps ErrDate when the
// text is no date.
func ParseDate(yymmdd string, now time.Time) (Date, error) {
	if now.IsZero() {
		return Date{}, ErrNoNow
	}
	return dateIn(yymmdd, now.Year())
}

// dateIn is ParseDate in a given present year, 0 when it is not known.
func dateIn(yymmdd string, year int) (Date, error) {
	if year == 0 {
		return Date{}, ErrNoNow
	}
	if len(yymmdd) != 6 || !digits(yymmdd) {
		return Date{}, fmt.Errorf("%w: %q is not six digits", ErrDate, yymmdd)
	}
	d := Date{Year: century(number(yymmdd[:2]), year), Month: number(yymmdd[2:4]), Day: number(yymmdd[4:])}
	d.DayKnown = d.Day != 0
	if d.Month < 1 || d.Month > 12 {
		return Date{}, fmt.Errorf("%w: %q has no such month", ErrDate, yymmdd)
	}
	last := DaysIn(d.Year, d.Month)
	if d.Day > last {
		return Date{}, fmt.Errorf("%w: %q has no such day", ErrDate, yymmdd)
	}
	if !d.DayKnown {
		d.Day = last
	}
	return d, nil
}

// String returns YYYY-MM-DD, and "" for the zero Date. A day that was not given
// shows as the last of the month; ask DayKnown.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// Time returns midnight UTC at the start of the day, and the zero Time for the
// zero Date.
func (d Date) Time() time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, time.UTC)
}

// IsZero reports whether d is the zero Date, which ParseDate never returns
// without an error.
func (d Date) IsZero() bool { return d == Date{} }

// FullYear completes a two-digit year, 0 to 99, with GS1's sliding window: the year
// from 49 before that of now to 50 after. Labels of other agencies, which leave
// the century open, can be read by the same window.
func FullYear(yy int, now time.Time) int { return century(yy, now.Year()) }

// century completes a two-digit year with the sliding window of section 7.12.
func century(yy, thisYear int) int {
	year := thisYear - thisYear%100 + yy
	switch difference := yy - thisYear%100; {
	case difference >= 51:
		return year - 100
	case difference <= -50:
		return year + 100
	}
	return year
}

// DaysIn is the number of days of a month from 1 to 12 of the Gregorian calendar,
// and 0 for a month that is none.
func DaysIn(year, month int) int {
	switch month {
	case 1, 3, 5, 7, 8, 10, 12:
		return 31
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 0
}

// number is the value of a short run of digits.
func number(s string) int {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

func checkYymmdd(s string, year int) *fault {
	if f := checkYymmd0(s, year); f != nil && !f.warning {
		return f
	}
	if s[4:6] == "00" {
		return &fault{code: CodeDate, pos: 4, length: 2, detail: "day 00 is not allowed in this AI"}
	}
	return nil
}

// checkYymmd0 allows day 00 and warns of it: since 2025 GS1 forbids it on
// regulated healthcare items.
func checkYymmd0(s string, year int) *fault {
	full := 2000 + number(s[:2]) // with no present year known, 29 February 00 is let pass
	if year != 0 {
		full = century(number(s[:2]), year)
	}
	if f := checkMonthDay(s[2:6], full); f != nil {
		f.pos += 2
		return f
	}
	if s[4:6] == "00" {
		return &fault{code: CodeDayNotGiven, warning: true, pos: 4, length: 2, detail: "day 00 stands for the last day of the month; since 2025-01-01 GS1 does not allow it on regulated healthcare items"}
	}
	return nil
}

func checkYyyymmdd(s string, _ int) *fault {
	f := checkMonthDay(s[4:8], number(s[:4]))
	if f == nil && s[6:8] == "00" {
		f = &fault{code: CodeDate, pos: 2, length: 2, detail: "day 00 is not allowed in this AI"}
	}
	if f != nil {
		f.pos += 4
	}
	return f
}

func checkMonthDay(mmdd string, year int) *fault {
	month, day := number(mmdd[:2]), number(mmdd[2:])
	if month < 1 || month > 12 {
		return &fault{code: CodeDate, length: 2, detail: "month " + mmdd[:2] + " does not exist"}
	}
	if day > DaysIn(year, month) {
		return &fault{code: CodeDate, pos: 2, length: 2, detail: fmt.Sprintf("day %s does not exist in month %s of %04d", mmdd[2:], mmdd[:2], year)}
	}
	return nil
}
