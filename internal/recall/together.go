package recall

import (
	"fmt"
	"slices"
	"time"

	"implantrace/internal/trace"
)

// Together puts the answers of several stores to one question together. What is
// in several, as in a store and its backup, is listed once; people are one where
// their NHS number is.
func Together(answers ...Answer) Answer {
	if len(answers) == 1 {
		return answers[0]
	}
	a := Answer{Confirmed: []Match{}, Possible: []Match{}, Precautionary: []Match{}, NotInPatient: []Match{}, Unlinked: []Unlinked{}, Shelf: []OnShelf{}}
	usages := make(map[trace.UsageID]bool)
	readings := make(map[trace.EventID]bool)
	shelf := make(map[trace.StockID]int)
	people := make(map[string]trace.PatientID)
	for _, o := range answers {
		a.Criteria = o.Criteria
		if a.Coverage.AsOf.Before(o.Coverage.AsOf) {
			a.Coverage.AsOf = o.Coverage.AsOf
		}
		c := &a.Coverage
		c.Looked, c.Withdrawn, c.NoProduct = c.Looked+o.Coverage.Looked, c.Withdrawn+o.Coverage.Withdrawn, c.NoProduct+o.Coverage.NoProduct
		c.Shelves += o.Coverage.Shelves
		c.NoOutcome, c.Unjudged, c.NotUnderstood = c.NoOutcome+o.Coverage.NoOutcome, c.Unjudged+o.Coverage.Unjudged, c.NotUnderstood+o.Coverage.NotUnderstood
		c.Nodes = append(c.Nodes, o.Coverage.Nodes...)
		for _, g := range []struct {
			from []Match
			to   *[]Match
		}{{o.Confirmed, &a.Confirmed}, {o.Possible, &a.Possible}, {o.Precautionary, &a.Precautionary}, {o.NotInPatient, &a.NotInPatient}} {
			for _, m := range g.from {
				if usages[m.Usage.ID] {
					continue
				}
				usages[m.Usage.ID] = true
				if n := m.Identity.NHSNumber; n != "" {
					if _, ok := people[n]; !ok {
						people[n] = m.Person
					}
					m.Person = people[n]
				}
				*g.to = append(*g.to, m)
			}
		}
		for _, u := range o.Unlinked {
			if !readings[u.Reading] {
				readings[u.Reading] = true
				a.Unlinked = append(a.Unlinked, u)
			}
		}
		for _, on := range o.Shelf {
			// What lies there is what the store says that heard of it last.
			if i, ok := shelf[on.Line.ID]; !ok {
				shelf[on.Line.ID] = len(a.Shelf)
				a.Shelf = append(a.Shelf, on)
			} else if a.Shelf[i].Line.Heard().Before(on.Line.Heard()) {
				a.Shelf[i] = on
			}
		}
	}
	a.Coverage.Nodes = slices.Clip(a.Coverage.Nodes)
	a.count()
	return a
}

// Age is a length of time as people say it: in the largest of days, hours and
// minutes that it fills.
func Age(d time.Duration) string {
	n, unit := int(d/time.Minute), "minute"
	switch {
	case d >= 48*time.Hour:
		n, unit = int(d/(24*time.Hour)), "day"
	case d >= 2*time.Hour:
		n, unit = int(d/time.Hour), "hour"
	}
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", max(n, 0), unit)
}
