package history

import (
	"time"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// dayOnlyNote stands with what has a time of which the source gives the day
// only, so that nobody takes midnight for what was said.
const dayOnlyNote = "The source gives the day only, not the time."

// instant reads when something happened: RFC 3339, or a day, which stands for
// its midnight (UTC). It cannot lie in the future, nor before 1900.
func instant(what, s string, now time.Time) (t time.Time, dayOnly bool, err error) {
	if s == "" {
		return t, false, nil
	}
	if t, err = time.Parse(time.RFC3339, s); err != nil {
		dayOnly = true
		if t, err = time.Parse(time.DateOnly, s); err != nil {
			return time.Time{}, false, trace.Errorf(trace.Invalid, "%s is no time (YYYY-MM-DDThh:mm:ss and Z or the offset, or YYYY-MM-DD).", what)
		}
	}
	if err := happened(what, t, now); err != nil {
		return time.Time{}, false, err
	}
	// The journal keeps milliseconds; a repeat has to say the same.
	return t.UTC().Truncate(time.Millisecond), dayOnly, nil
}

func happened(what string, t, now time.Time) error {
	switch {
	case t.After(now):
		return trace.Errorf(trace.Invalid, "%s lies in the future.", what)
	case t.Year() < 1900:
		return trace.Errorf(trace.Invalid, "%s lies before 1900.", what)
	}
	return nil
}

// pastDay checks a day on which something happened; "" is none.
func pastDay(what, s string, now time.Time) error {
	if s == "" {
		return nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return trace.Errorf(trace.Invalid, "%s is no date (YYYY-MM-DD).", what)
	}
	return happened(what, t, now)
}

// labelDate reads a date of a label: YYYY-MM-DD, or YYYY-MM where the label
// gives no day and the last of the month is meant.
func labelDate(what, s string) (udi.Date, error) {
	if s == "" {
		return udi.Date{}, nil
	}
	d := udi.Date{Day: s, Precision: udi.PrecisionDay}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		if t, err = time.Parse("2006-01", s); err != nil {
			return udi.Date{}, trace.Errorf(trace.Invalid, "%s is no date (YYYY-MM-DD, or YYYY-MM).", what)
		}
		t = t.AddDate(0, 1, -1)
		d = udi.Date{Day: t.Format(time.DateOnly), Precision: udi.PrecisionMonth}
	}
	if t.Year() < 1900 || t.Year() > 2099 {
		return udi.Date{}, trace.Errorf(trace.Invalid, "%s is not of this century or the last.", what)
	}
	return d, nil
}

// join puts two remarks under each other.
func join(a, b string) string {
	if a != "" && b != "" {
		return a + "\n" + b
	}
	return a + b
}
