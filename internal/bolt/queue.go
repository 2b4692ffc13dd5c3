package bolt

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"implantrace/internal/trace"
)

// bounds is how much may wait: calls, and what they hold.
type bounds struct {
	calls, entries, bytes int
}

func (b bounds) plus(o bounds) bounds {
	return bounds{b.calls + o.calls, b.entries + o.entries, b.bytes + o.bytes}
}

func (b bounds) minus(o bounds) bounds {
	return bounds{b.calls - o.calls, b.entries - o.entries, b.bytes - o.bytes}
}

func (b bounds) half() bounds { return bounds{b.calls / 2, b.entries / 2, b.bytes / 2} }

// within reports whether b is at most o in every respect.
func (b bounds) within(o bounds) bool {
	return b.calls <= o.calls && b.entries <= o.entries && b.bytes <= o.bytes
}

var (
	// waitMost is what may wait for the committer. A call that finds no room is
	// told so at once: it is better to be asked again than to hang.
	waitMost = bounds{calls: 1024, entries: 1 << 16, bytes: 64 << 20}
	// commitMost is what goes into one transaction, unless one call alone is more.
	commitMost = bounds{calls: 1024, entries: 4096, bytes: 16 << 20}
)

// request is one call that waits for the committer.
type request struct {
	from      string // who calls: the callers take turns
	essential bool   // may use the reserve
	commands  []trace.Command
	ready     []prepared               // commands, made ready for the committer
	work      func(*transaction) error // in place of commands
	alone     func() error             // in place of both: by the committer, outside any transaction
	size      bounds
	results   []trace.Result
	err       error
	done      chan struct{} // closed when it has been answered
}

// appending is the request to record commands.
func appending(commands []trace.Command) *request {
	r := &request{from: commands[0].By.Via, essential: true, commands: commands, size: bounds{calls: 1}}
	for _, c := range commands {
		r.essential = r.essential && c.Essential
		r.size.entries += len(c.Drafts)
		r.size.bytes += len(c.Canonical)
		for _, d := range c.Drafts {
			r.size.bytes += draftBytes
			if d.Secret != nil {
				r.size.bytes += len(d.Secret.Raw) + len(d.Secret.Note)
			}
		}
	}
	return r
}

// importing is the request to take over another node's entries.
func importing(node trace.NodeID, entries []trace.Entry, work func(*transaction) error) *request {
	r := &request{from: "node:" + node.String(), work: work, size: bounds{calls: 1, entries: len(entries), bytes: draftBytes * len(entries)}}
	for _, e := range entries {
		r.size.bytes += len(e.Sealed)
	}
	return r
}

// upkeep is a request of the store's own.
func upkeep(work func(*transaction) error) *request {
	return &request{from: "store", work: work, size: bounds{calls: 1}}
}

// alone is a request that the committer carries out by itself, outside any
// transaction.
func alone(do func() error) *request {
	return &request{from: "store", alone: do, size: bounds{calls: 1}}
}

// draftBytes is about what a draft holds beside what its caller sent.
const draftBytes = 512

// queue holds the requests that wait for the committer. Each caller has a line
// of its own, from which requests are taken in turn: who sends much waits
// behind the own requests, not in front of everybody's.
type queue struct {
	mu     sync.Mutex
	lines  []*line // those in which somebody waits; the first is next
	size   bounds
	closed bool
	wake   chan struct{} // something waits, or the queue was closed
}

// line is what one caller waits for, in order.
type line struct {
	from    string
	waiting []*request
	size    bounds
}

func newQueue() *queue { return &queue{wake: make(chan struct{}, 1)} }

// put takes a request in, or says why not: kind Busy when there is no room for
// it, kind ReadOnly when the store is closing. One caller gets half of the room
// at most. A request that is larger than all of it is taken when nothing waits.
func (q *queue) put(r *request) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return trace.Errorf(trace.ReadOnly, "the store is closing: nothing was recorded")
	}
	i := slices.IndexFunc(q.lines, func(l *line) bool { return l.from == r.from })
	own := bounds{}
	if i >= 0 {
		own = q.lines[i].size
	}
	switch {
	case len(q.lines) == 0:
	case !q.size.plus(r.size).within(waitMost), i >= 0 && !own.plus(r.size).within(waitMost.half()):
		return trace.Errorf(trace.Busy, "too much waits to be recorded: nothing of this was recorded, repeat with the same id")
	}
	if i < 0 {
		i = len(q.lines)
		q.lines = append(q.lines, &line{from: r.from})
	}
	l := q.lines[i]
	l.waiting, l.size, q.size = append(l.waiting, r), l.size.plus(r.size), q.size.plus(r.size)
	q.tell()
	return nil
}

// tell wakes the committer, with q.mu held.
func (q *queue) tell() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// drop takes a request out again and reports whether it was still there.
func (q *queue) drop(r *request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, l := range q.lines {
		if j := slices.Index(l.waiting, r); j >= 0 {
			q.remove(i, j)
			if len(l.waiting) == 0 {
				q.lines = slices.Delete(q.lines, i, i+1)
			}
			return true
		}
	}
	return false
}

// remove takes the j-th request out of the i-th line, with q.mu held.
func (q *queue) remove(i, j int) *request {
	l := q.lines[i]
	r := l.waiting[j]
	l.waiting = slices.Delete(l.waiting, j, j+1)
	l.size, q.size = l.size.minus(r.size), q.size.minus(r.size)
	return r
}

// take gives what goes into the next transaction: one request from each line in
// turn, until nothing waits or the transaction is full. closed reports that
// nothing more will come.
func (q *queue) take() (batch []*request, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var size bounds
	for len(q.lines) > 0 {
		l := q.lines[0]
		if len(batch) > 0 && !size.plus(l.waiting[0].size).within(commitMost) {
			break
		}
		r := q.remove(0, 0)
		batch, size = append(batch, r), size.plus(r.size)
		q.lines = q.lines[1:]
		if len(l.waiting) > 0 {
			q.lines = append(q.lines, l)
		}
	}
	if len(q.lines) > 0 {
		q.tell()
	}
	return batch, q.closed && len(q.lines) == 0
}

// close takes nothing more. What waits is still to be taken out.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.tell()
}

// submit queues a request and waits for its commit. When ctx ends before the
// committer has taken it, it is withdrawn and nothing was recorded.
func (s *Store) submit(ctx context.Context, r *request) error {
	if s.keys() == nil || s.db.IsReadOnly() {
		return trace.Errorf(trace.ReadOnly, "this store is open for reading only")
	}
	if ctx.Err() != nil {
		return gaveUp(ctx)
	}
	r.done = make(chan struct{})
	if err := s.queue.put(r); err != nil {
		return err
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		if s.queue.drop(r) {
			return gaveUp(ctx)
		}
		<-r.done
	}
	return r.err
}

func gaveUp(ctx context.Context) error {
	return trace.Errorf(trace.Busy, "the caller gave up before its turn came: nothing was recorded, repeat with the same id: %w", context.Cause(ctx))
}

// smallestFirst orders requests by what they hold.
func smallestFirst(a, b *request) int {
	return cmp.Or(cmp.Compare(a.size.entries, b.size.entries), cmp.Compare(a.size.bytes, b.size.bytes))
}
