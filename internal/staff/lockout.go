package staff

import (
	"sync"
	"time"

	"implantrace/internal/trace"
)

// Failures are let go of after this time without another.
const forgiven = 30 * time.Minute

// throttleMost bounds what is remembered of failures.
const throttleMost = 20_000

// throttle makes each failed attempt to sign in wait longer than the one before.
// It is in memory: who can start the node again is its operator.
type throttle struct {
	clock trace.Clock

	mu  sync.Mutex
	all map[string]failures
}

type failures struct {
	n    int
	last time.Time
}

// free is how many attempts of one name, and of one address, fail without a
// wait. Behind one address there may be a whole hospital.
const (
	freeName    = 3
	freeAddress = 20
)

const (
	shortest = 5 * time.Second
	longest  = 15 * time.Minute
)

// wait is how long whoever failed so often waits since the last.
func wait(n, free int) time.Duration {
	if n < free {
		return 0
	}
	d := shortest
	for range n - free {
		if d *= 2; d >= longest {
			return longest
		}
	}
	return d
}

// tried is one attempt: the names under which its failure counts, each with how
// many are free.
type tried map[string]int

// attempt counts an attempt as one that failed, until it is said that it did not:
// so that many at the same time are no way around the wait. The error (kind
// Throttled) says how long to wait, and then nothing is tried.
func (t *throttle) attempt(as tried) error {
	now := t.clock()
	t.mu.Lock()
	defer t.mu.Unlock()
	var left time.Duration
	for name, free := range as {
		f := t.all[name]
		if now.Sub(f.last) < forgiven {
			left = max(left, f.last.Add(wait(f.n, free)).Sub(now))
		}
	}
	if left > 0 {
		return trace.Errorf(trace.Throttled, "Too many attempts failed. Try again in %s.", max(left.Round(time.Second), time.Second))
	}
	for name := range as {
		f := t.all[name]
		if now.Sub(f.last) >= forgiven {
			f.n = 0
		}
		t.all[name] = failures{f.n + 1, now}
	}
	t.bound(now)
	return nil
}

// bound forgets what is over, and where that is not enough, whoever failed least.
func (t *throttle) bound(now time.Time) {
	for least := 1; len(t.all) > throttleMost; least *= 2 {
		for name, f := range t.all {
			if now.Sub(f.last) >= forgiven || f.n <= least {
				delete(t.all, name)
			}
		}
	}
}

// succeeded takes an attempt back. The failures under a name are forgotten; those
// of an address stay: one good account behind it does not make the others safe.
func (t *throttle) succeeded(as tried, name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for one := range as {
		if f, ok := t.all[one]; ok {
			f.n--
			t.all[one] = f
		}
	}
	delete(t.all, name)
}
