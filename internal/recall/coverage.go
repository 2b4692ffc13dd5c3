package recall

import (
	"fmt"
	"time"
)

// Words says what an answer rests on, and what it does not know, a sentence a
// line, in the time of a zone.
func (c Coverage) Words(zone *time.Location) (lines []string) {
	day := func(t time.Time) string { return t.In(zone).Format(time.DateOnly) }
	minute := func(t time.Time) string { return t.In(zone).Format("2006-01-02 15:04 MST") }
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	say("Usages held against the notice: %d, of which %d without a recorded product. As of %s.", c.Looked, c.NoProduct, minute(c.AsOf))
	say("Matches without a recorded outcome: %d. Matches that could not be judged, because something was not recorded: %d. Withdrawn usages: %d.", c.NoOutcome, c.Unjudged, c.Withdrawn)
	for _, n := range c.Nodes {
		line := fmt.Sprintf("Node %s (%s): recording since %s, last entry %s (%s before), %d entries", n.Name, n.Node, minute(n.RecordedSince), minute(n.RecordedUntil), Age(c.AsOf.Sub(n.RecordedUntil)), n.Entries)
		if !n.UsagesFrom.IsZero() {
			line += fmt.Sprintf(", devices used from %s to %s", day(n.UsagesFrom), day(n.UsagesTo))
		}
		if n.Lost > 0 {
			line += fmt.Sprintf("; %d of its entries are lost, and what they said is not known", n.Lost)
		}
		lines = append(lines, line)
	}
	if c.NotUnderstood > 0 {
		say("Codes read in procedures and not understood: %d. No search finds them.", c.NotUnderstood)
	}
	say("Lines of stock held against the notice: %d. What was never received or counted here is not known to lie on a shelf.", c.Shelves)
	say("Devices that were never scanned or imported are not known here, nor those of other hospitals.")
	return lines
}
