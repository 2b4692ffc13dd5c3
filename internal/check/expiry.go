package check

import (
	"fmt"
	"time"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// expiry: a device may be used up to and on the day of its expiry; a label
// without a day means the last of the month (GS1 General Specifications 3.4.3).
var expiry = Rule{ID: "expiry", Asks: "Is the device in date?", Level: trace.Stop, Hazard: "HAZ-07", Ask: func(f Facts) Finding {
	e, found := expires(f)
	switch {
	case found.Result == Unknown:
		return found
	case e.over:
		return fail(fmt.Sprintf("Expired %s.", e.on))
	case e.today:
		return pass("In date until today.")
	}
	return pass(fmt.Sprintf("In date until %s.", e.shown))
}}

// expiresToday: a device that expires today may be used, and should not be
// opened for tomorrow.
var expiresToday = Rule{ID: "expires-today", Asks: "Does it expire today?", Level: trace.Warn, Hazard: "HAZ-07", Ask: func(f Facts) Finding {
	e, found := expires(f)
	switch {
	case found.Result == Unknown || e.over: // the rule above says so
		return notApplicable
	case e.today:
		return fail(fmt.Sprintf("Expires today, %s.", e.shown))
	}
	return pass("It does not expire today.")
}}

type expiring struct {
	shown, on   string // "2 March 2026", "on 2 March 2026"
	over, today bool
}

func expires(f Facts) (e expiring, found Finding) {
	d := f.Meaning.Device.Expiry
	if d.IsZero() {
		return e, unknown("expiry date", "The code gives no expiry date. Read it from the label.")
	}
	day, err := time.Parse(time.DateOnly, d.Day)
	if err != nil {
		return e, unknown("expiry date", "The expiry date could not be read.")
	}
	e.shown = day.Format("2 January 2006")
	e.on = "on " + e.shown
	if d.Precision == udi.PrecisionMonth {
		e.shown = day.Format("the end of January 2006")
		e.on = "at " + e.shown
	}
	if d.Precision == udi.PrecisionHour || d.Precision == udi.PrecisionMinute {
		e.shown += ", " + d.Time
		e.on += ", " + d.Time
	}
	today := f.Now.Format(time.DateOnly)
	e.over = d.Day < today || d.Day == today && d.Time != "" && d.Time <= f.Now.Format("15:04")
	e.today = !e.over && d.Day == today
	return e, Finding{}
}
