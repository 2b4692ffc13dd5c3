package theatre

import (
	"context"
	"sync"
	"time"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
	"implantrace/scanner"
)

// queueMost bounds the readings that wait while the store cannot be written.
const queueMost = 10_000

type queued struct {
	id      trace.EventID
	reading scanner.Reading
	by      trace.Actor // who was at the desk when it came
	asked   bool        // somebody said who
	seen    bool        // its verdict was on the page, though it is not recorded
}

// queue holds readings from handhelds until they are recorded.
type queue struct {
	mu   sync.Mutex
	all  []queued
	wake chan struct{}
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.all)
}

func (q *queue) first() (queued, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.all) == 0 {
		return queued{}, false
	}
	return q.all[0], true
}

// unseen gives those whose verdict nobody has seen, and takes them for seen.
func (q *queue) unseen() (some []queued) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range q.all {
		if !q.all[i].seen {
			q.all[i].seen = true
			some = append(some, q.all[i])
		}
	}
	return some
}

// done takes the first out, unless it is another than this one.
func (q *queue) done(id trace.EventID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.all) > 0 && q.all[0].id == id {
		q.all = q.all[1:]
	}
}

// Feed takes a reading from a handheld. It is recorded by [Desk.Run], and tried
// again until it is. Feed reports false, and the reading is lost, only when ten
// thousand wait already; the page has been saying so for long by then.
func (d *Desk) Feed(r scanner.Reading) bool {
	d.queue.mu.Lock()
	if len(d.queue.all) >= queueMost {
		d.queue.mu.Unlock()
		return false
	}
	q := queued{id: trace.NewEventID(), reading: r}
	if d.operator != nil {
		q.by, q.asked = d.operator(), true
	}
	d.queue.all = append(d.queue.all, q)
	pile := len(d.queue.all) > 1
	d.queue.mu.Unlock()
	if pile { // the page says how many
		d.watch.tell()
	}
	select {
	case d.queue.wake <- struct{}{}:
	default:
	}
	return true
}

// Run records what [Desk.Feed] took, in order, until ctx is done; then it
// records what still waits, as long as the store takes it at the first try.
func (d *Desk) Run(ctx context.Context) {
	const longest = 5 * time.Second
	pause := 100 * time.Millisecond
	for {
		q, ok := d.queue.first()
		if !ok {
			d.waiting(nil)
			select {
			case <-d.queue.wake:
				continue
			case <-ctx.Done():
				return
			}
		}
		over := ctx.Err() != nil
		taking := context.WithoutCancel(ctx)
		if q.asked {
			taking = As(taking, q.by)
		}
		_, err := d.Take(taking, q.id, q.reading, trace.ProcedureID{})
		if again(err) {
			d.waiting(err)
			if over {
				return
			}
			d.pause(ctx, pause, err)
			pause = min(2*pause, longest)
			continue
		}
		pause = 100 * time.Millisecond
		if err != nil {
			d.mu.Lock()
			d.refused(q, err)
			d.mu.Unlock()
		}
		d.queue.done(q.id)
		d.waiting(nil)
		d.watch.tell() // one less waits
	}
}

// pause waits before readings are tried again, and shows the verdicts on those
// that wait meanwhile.
func (d *Desk) pause(ctx context.Context, long time.Duration, why error) {
	over := time.NewTimer(long)
	defer over.Stop()
	for {
		d.preview(ctx, why)
		select {
		case <-d.queue.wake:
		case <-over.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// refused shows a reading that can never be recorded, with d.mu held.
func (d *Desk) refused(q queued, err error) {
	r := q.reading
	d.show(Answer{Reading: q.id, At: r.At, Source: string(r.Source), Scanner: r.Scanner, Means: udi.KindText, Issues: []udi.Issue{},
		Shown:   "a reading that was not recorded",
		Verdict: trace.Judge("Stop. This reading was not recorded", trace.Check{Rule: "reading", Level: trace.Stop, Message: err.Error()})})
}

// drain records what waits, with d.mu held. It stops at the first that the store
// does not take.
func (d *Desk) drain(ctx context.Context) error {
	for {
		q, ok := d.queue.first()
		if !ok {
			return nil
		}
		taking := ctx
		if q.asked {
			taking = As(ctx, q.by)
		}
		if _, err := d.take(taking, q.id, q.reading, trace.ProcedureID{}, pack{}); again(err) {
			return err
		} else if err != nil {
			d.refused(q, err)
		}
		d.queue.done(q.id)
		d.watch.tell()
	}
}

// again reports whether a reading that failed so may succeed later. What is
// invalid stays invalid; such a reading is shown as refused.
func again(err error) bool {
	if err == nil {
		return false
	}
	switch trace.KindOf(err) {
	case trace.Invalid, trace.Conflict:
		return false
	}
	return true
}

func (d *Desk) waiting(err error) {
	d.mu.Lock()
	was := d.trouble
	d.trouble = ""
	if err != nil {
		d.trouble = err.Error()
	}
	changed := was != d.trouble
	d.mu.Unlock()
	if changed {
		d.watch.tell()
	}
}
