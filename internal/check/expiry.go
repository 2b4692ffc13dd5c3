package check

import (
	"fmt"
	"time"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// expiry: a device may be used up to and on the day of its expiry; a label
// without a day means the last of the month (GS1 General Specifications 3.4.3).
func expiry(f Facts) trace.Check {
	const rule = "expiry"
	d := f.Meaning.Device.Expiry
	if d.IsZero() {
		return answer(rule, trace.NotChecked, "The code gives no expiry date. Read it from the label.")
	}
	day, err := time.Parse(time.DateOnly, d.Day)
	if err != nil {
		return answer(rule, trace.NotChecked, "The expiry date could not be read.")
	}
	shown, on := day.Format("2 January 2006"), "on"
	if d.Precision == udi.PrecisionMonth {
		shown, on = day.Format("the end of January 2006"), "at"
	}
	if d.Precision == udi.PrecisionHour || d.Precision == udi.PrecisionMinute {
		shown += ", " + d.Time
	}
	switch today := f.Now.Format(time.DateOnly); {
	case d.Day < today, d.Day == today && d.Time != "" && d.Time <= f.Now.Format("15:04"):
		return answer(rule, trace.Stop, fmt.Sprintf("Expired %s %s.", on, shown))
	case d.Day == today:
		return answer(rule, trace.Warn, fmt.Sprintf("Expires today, %s.", shown))
	}
	return answer(rule, trace.Pass, fmt.Sprintf("In date until %s.", shown))
}
