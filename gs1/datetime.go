package gs1

import (
	"errors"
	"fmt"
	"time"
)

// ErrNoDateTime is returned by Result.DateTime when no element has that AI, or
// when the AI holds no date.
var ErrNoDateTime = errors.New("gs1: no such date and time")

// Precision says how far a DateTime is known.
type Precision uint8

const (
	PrecisionMonth  Precision = iota + 1 // the day was given as 00
	PrecisionDay                         // no time of day was given
	PrecisionHour                        // hour
	PrecisionMinute                      // hour and minute
	PrecisionSecond                      // hour, minute and second
)

// String returns "month", "day", "hour", "minute" or "second".
func (p Precision) String() string {
	switch p {
	case PrecisionMonth:
		return "month"
	case PrecisionDay:
		return "day"
	case PrecisionHour:
		return "hour"
	case PrecisionMinute:
		return "minute"
	case PrecisionSecond:
		return "second"
	}
	return fmt.Sprintf("Precision(%d)", uint8(p))
}

// DateTime is a date with as much of the time of day as was given. The time is
// local to where the label was made; GS1 gives no time zone.
//
// A day 00 beside a time of day, which (4324) and (4325) allow, leaves
// Date.DayKnown false and the precision that of the time.
type DateTime struct {
	Date
	Hour, Minute, Second int // 0 where the precision ends before
	Precision            Precision
}

// String returns "YYYY-MM-DD", "YYYY-MM-DDTHH", "YYYY-MM-DDTHH:MM" or
// "YYYY-MM-DDTHH:MM:SS" as far as is known, "YYYY-MM" where the precision is the
// month, and "" for the zero DateTime.
func (t DateTime) String() string {
	day := t.Date.String()
	switch t.Precision {
	case PrecisionMonth:
		return day[:len("YYYY-MM")]
	case PrecisionHour:
		return fmt.Sprintf("%sT%02d", day, t.Hour)
	case PrecisionMinute:
		return fmt.Sprintf("%sT%02d:%02d", day, t.Hour, t.Minute)
	case PrecisionSecond:
		return fmt.Sprintf("%sT%02d:%02d:%02d", day, t.Hour, t.Minute, t.Second)
	}
	return day
}

// Time returns the moment in UTC, with zeros for what is not known, and the zero
// Time for the zero DateTime.
func (t DateTime) Time() time.Time {
	day := t.Date.Time()
	return day.Add(time.Duration(t.Hour)*time.Hour + time.Duration(t.Minute)*time.Minute + time.Duration(t.Second)*time.Second)
}

// DateTime returns the date, and the time of day where there is one, in the first
// element with that AI. It reads all AIs that hold one date: those of Date, and
// 4324, 4325, 7003, 7011, 7250, 7251 and 8008. It returns ErrNoDateTime when there
// is none, and ErrNoNow when the year has two digits and Options.Now was zero.
func (r *Result) DateTime(ai AI) (DateTime, error) {
	text, ok := r.Value(ai)
	if !ok {
		return DateTime{}, ErrNoDateTime
	}
	var t DateTime
	switch ai {
	case "11", "12", "13", "15", "16", "17", "4324", "4325", "4326", "7003", "7006", "7011", "8008":
		day, err := dateIn(text[:6], r.year)
		if err != nil {
			return DateTime{}, err
		}
		t.Date, text = day, text[6:]
	case "7250", "7251":
		t.Date = Date{number(text[:4]), number(text[4:6]), number(text[6:8]), true}
		text = text[8:]
	default:
		return DateTime{}, ErrNoDateTime
	}
	t.Precision = PrecisionDay
	if !t.DayKnown {
		t.Precision = PrecisionMonth
	}
	for i, field := range [...]*int{&t.Hour, &t.Minute, &t.Second} {
		if len(text) < 2 {
			break
		}
		*field, text = number(text[:2]), text[2:]
		t.Precision = PrecisionHour + Precision(i)
	}
	return t, nil
}

// HarvestDates returns the first and the last day in the first element of AI 7007,
// which are the same where it has one date. It returns ErrNoDate when there is no
// such element, and ErrNoNow when Options.Now was zero. That the last does not
// come before the first is not a rule of the AI and is left to the caller.
func (r *Result) HarvestDates() (first, last Date, err error) {
	text, ok := r.Value("7007")
	if !ok {
		return Date{}, Date{}, ErrNoDate
	}
	if first, err = dateIn(text[:6], r.year); err != nil {
		return Date{}, Date{}, err
	}
	last, err = dateIn(text[len(text)-6:], r.year)
	return first, last, err
}
