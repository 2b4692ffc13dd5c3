package theatre

import (
	"fmt"
	"slices"
	"time"

	"implantrace/internal/trace"
	"implantrace/scanner"
)

// A handheld that was set to store what it reads sends it all at once when it is
// plugged in or docked: devices of another patient, or of yesterday, that nobody
// holds now. So many new devices in so short a time are more than a hand can scan:
// packs of two barcodes, three in a row, take longer than that.
const (
	burstOf     = 6
	burstWithin = 2 * time.Second
)

// came is a device that a handheld brought onto the list.
type came struct {
	scanner string
	at      time.Time
	usage   trace.UsageID
	said    bool // that it came in a burst
}

// burst says of a new device that it came with others faster than a hand scans, and
// of those that came before it in the same burst. Only what a handheld's line gave a
// time is counted. Nothing is left out of the record: it is asked about.
func (t *taking) burst(list []trace.Usage, usage trace.UsageID) {
	if !t.timed || t.reading.Source != scanner.SourceSerial && t.reading.Source != scanner.SourceRecording {
		return
	}
	d, r := t.desk, t.reading
	within := slices.DeleteFunc(slices.Clone(d.came), func(c came) bool {
		return c.scanner != r.Scanner || r.At.Sub(c.at) >= burstWithin || !slices.ContainsFunc(list, func(u trace.Usage) bool { return u.ID == c.usage })
	})
	settle := t.settle
	now := came{scanner: r.Scanner, at: r.At, usage: usage}
	if len(within)+1 >= burstOf {
		now.said = true
		all, next := 1, r.At // a burst is as long as its devices follow one another
		for _, c := range slices.Backward(d.came) {
			if c.scanner != r.Scanner {
				continue
			}
			if next.Sub(c.at) >= burstWithin {
				break
			}
			all, next = all+1, c.at
		}
		question := fmt.Sprintf("%d readings came within seconds of one another: were they scanned just now?", all)
		said := trace.Check{Rule: "burst", Level: trace.Warn, Message: question + " A handheld that stores scans sends them all at once when it is plugged in. " +
			"Compare the packs with the list, and take off what is not of this patient."}
		t.fact.Verdict = warned(t.fact.Verdict, said)
		for _, c := range within {
			if c.said {
				continue
			}
			i := slices.IndexFunc(list, func(u trace.Usage) bool { return u.ID == c.usage })
			t.more = append(t.more, trace.Draft{Subject: t.procedure.Patient, Fact: trace.UsageFact{Usage: c.usage, Verdict: warned(list[i].Verdict, said)}})
		}
	}
	t.settle = func() {
		settle()
		d.came = slices.DeleteFunc(d.came, func(c came) bool {
			return c.scanner == now.scanner && now.at.Sub(c.at) >= burstWithin && !now.said
		})
		if now.said {
			for i := range d.came {
				d.came[i].said = d.came[i].said || slices.ContainsFunc(within, func(c came) bool { return c.usage == d.came[i].usage })
			}
		}
		d.came = append(d.came, now)
	}
}

// warned adds a warning to a verdict, whose title becomes its question where nothing
// worse is said.
func warned(v trace.Verdict, c trace.Check) trace.Verdict {
	title := v.Title
	v = trace.Judge(title, append(slices.Clone(v.Checks), c)...)
	if v.Level == trace.Warn {
		v.Title = "Were these scanned just now?"
	}
	return v
}
