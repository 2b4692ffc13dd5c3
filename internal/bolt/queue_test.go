package bolt

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"implantrace/internal/seal"
	"implantrace/internal/trace"
)

func waiting(from string, size bounds) *request {
	return &request{from: from, size: size, done: make(chan struct{})}
}

var one = bounds{calls: 1, entries: 1, bytes: 100}

// What finds no room is told so, whether it is calls, entries or bytes that are
// too many; and one caller cannot take the room of all.
func TestTheQueueIsBounded(t *testing.T) {
	for name, size := range map[string]bounds{
		"calls": one, "entries": {calls: 1, entries: waitMost.entries / 100}, "bytes": {calls: 1, bytes: waitMost.bytes / 100},
	} {
		t.Run(name, func(t *testing.T) {
			q := newQueue()
			fill := func(from string) (n int) {
				for {
					err := q.put(waiting(from, size))
					if err != nil {
						if trace.KindOf(err) != trace.Busy || !strings.Contains(err.Error(), "same id") {
							t.Errorf("%v", err)
						}
						return n
					}
					n++
				}
			}
			greedy := fill("a program")
			if !q.size.within(waitMost.half()) || greedy == 0 {
				t.Errorf("one caller has %+v", q.size)
			}
			if desk := fill("the desk"); desk == 0 {
				t.Error("there is no room for another caller")
			}
			fill("a third")
			if !q.size.within(waitMost) {
				t.Errorf("%+v wait", q.size)
			}
			if err := q.put(waiting("a fourth", size)); trace.KindOf(err) != trace.Busy {
				t.Errorf("full, and one more: %v", err)
			}
		})
	}
	q := newQueue()
	huge := bounds{calls: 1, entries: 2 * waitMost.entries, bytes: 2 * waitMost.bytes}
	if err := q.put(waiting("a", huge)); err != nil {
		t.Errorf("a large request, when nothing waits: %v", err)
	}
	if err := q.put(waiting("b", one)); trace.KindOf(err) != trace.Busy {
		t.Errorf("behind a large one: %v", err)
	}
	if batch, _ := q.take(); len(batch) != 1 || q.size != (bounds{}) {
		t.Errorf("%d taken, %+v left", len(batch), q.size)
	}
}

// A caller with a single request is served in the next transaction, whatever
// others have sent before it; and each caller's requests keep their order.
func TestCallersTakeTurns(t *testing.T) {
	q := newQueue()
	for range 200 {
		if err := q.put(waiting("import", bounds{calls: 1, entries: commitMost.entries / 10})); err != nil {
			break
		}
	}
	scan := waiting("the desk", one)
	if err := q.put(scan); err != nil {
		t.Fatal(err)
	}
	batch, _ := q.take()
	if len(batch) < 2 || batch[1] != scan {
		t.Errorf("the desk's scan is not among the first of %d", len(batch))
	}
	rapid.Check(t, func(t *rapid.T) {
		q := newQueue()
		sent, got := make(map[string][]*request), make(map[string][]*request)
		size := bounds{}
		takes := func() {
			before := len(q.lines)
			batch, _ := q.take()
			if (before > 0) != (len(batch) > 0) {
				t.Fatalf("%d callers wait and %d are taken", before, len(batch))
			}
			var sum bounds
			for _, r := range batch {
				got[r.from] = append(got[r.from], r)
				sum = sum.plus(r.size)
			}
			if size = size.minus(sum); len(batch) > 1 && !sum.within(commitMost) {
				t.Fatalf("%+v in one transaction", sum)
			}
		}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 4).Draw(t, "step") {
			default:
				r := waiting(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "from"), bounds{1, rapid.IntRange(0, 3000).Draw(t, "entries"), rapid.IntRange(0, 1<<22).Draw(t, "bytes")})
				if q.put(r) == nil {
					sent[r.from], size = append(sent[r.from], r), size.plus(r.size)
				}
			case 0:
				takes()
			case 1:
				from := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "from")
				if n := len(sent[from]); n > 0 {
					i := rapid.IntRange(0, n-1).Draw(t, "which")
					r := sent[from][i]
					if there := i >= len(got[from]); q.drop(r) != there {
						t.Fatalf("dropped although it was taken, or not dropped")
					} else if there {
						size = size.minus(r.size)
						sent[from] = append(sent[from][:i:i], sent[from][i+1:]...)
					}
				}
			}
			if q.size != size {
				t.Fatalf("the queue counts %+v, not %+v", q.size, size)
			}
		}
		q.close()
		if q.put(waiting("a", one)) == nil {
			t.Fatal("taken by a closed queue")
		}
		for len(q.lines) > 0 {
			takes()
		}
		if _, closed := q.take(); !closed {
			t.Fatal("the end is not told")
		}
		maps.DeleteFunc(sent, func(_ string, rs []*request) bool { return len(rs) == 0 })
		if fmt.Sprint(got) != fmt.Sprint(sent) {
			t.Fatalf("taken %v, sent %v", got, sent)
		}
	})
}

// held gives a store whose committer is busy until let go is called.
func held(t *testing.T) (s *Store, letGo func()) {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), FileName), Options{Keys: seal.NewKeyring()})
	if err != nil {
		t.Fatal(err)
	}
	busy, free := make(chan struct{}), make(chan struct{})
	var held sync.WaitGroup
	held.Go(func() {
		if err := s.submit(context.Background(), upkeep(func(*transaction) error { close(busy); <-free; return nil })); err != nil {
			t.Error(err)
		}
	})
	<-busy
	letGo = sync.OnceFunc(func() { close(free); held.Wait() })
	t.Cleanup(func() { letGo(); s.Close() })
	return s, letGo
}

func command(via string) trace.Command {
	id := trace.NewEventID()
	return trace.Command{ID: id, Canonical: id[:], By: trace.Actor{Via: via}, Drafts: []trace.Draft{{Fact: trace.UsageFact{Usage: trace.UsageID(id), Status: trace.Opened}}}}
}

// A store that cannot keep up answers at once, records nothing of what it
// answered so, and records all of what it took.
func TestAFullQueueAnswersAtOnce(t *testing.T) {
	s, letGo := held(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	kinds := make(map[trace.ErrorKind]int)
	var recorded, refused []trace.Command
	enough := make(chan struct{})
	for range waitMost.calls {
		wg.Go(func() {
			c := command("a program")
			rs, err := s.Append(context.Background(), c)
			if err == nil {
				err = rs[0].Err
			}
			mu.Lock()
			defer mu.Unlock()
			switch kinds[trace.KindOf(err)]++; {
			case err == nil:
				recorded = append(recorded, c)
			case trace.KindOf(err) == trace.Busy:
				if refused = append(refused, c); len(refused) == waitMost.calls/2 {
					close(enough)
				}
			default:
				t.Error(err)
			}
		})
	}
	<-enough // answered although the committer does nothing
	ctx, cancel := context.WithTimeoutCause(context.Background(), time.Millisecond, errors.New("out of patience"))
	defer cancel()
	if _, err := s.Append(ctx, command("the desk")); trace.KindOf(err) != trace.Busy || !strings.Contains(err.Error(), "out of patience") {
		t.Errorf("a caller who gives up: %v", err)
	}
	letGo()
	wg.Wait()
	if len(recorded) != waitMost.calls/2 || len(refused) != waitMost.calls/2 {
		t.Errorf("%d recorded, %d refused", len(recorded), len(refused))
	}
	for _, c := range refused {
		if _, err := s.Find(context.Background(), c.ID, c.Canonical); trace.KindOf(err) != trace.NotFound {
			t.Fatalf("refused, and there: %v", err)
		}
	}
	for _, c := range recorded {
		if _, err := s.Find(context.Background(), c.ID, c.Canonical); err != nil {
			t.Fatal(err)
		}
	}
	if heads, err := s.Heads(context.Background()); err != nil || heads[0].Size != uint64(1+len(recorded)) {
		t.Errorf("%+v, %v", heads, err)
	}
}

// What was taken before a store is closed is recorded, and what comes after is
// not.
func TestClosingRecordsWhatWasTaken(t *testing.T) {
	s, letGo := held(t)
	path, keys := s.Path(), s.keys()
	taken := command("the desk")
	answer := make(chan error, 1)
	go func() {
		_, err := s.Append(context.Background(), taken)
		answer <- err
	}()
	for s.queue.waits() == 0 {
		time.Sleep(time.Millisecond)
	}
	closed := make(chan error, 1)
	go func() { closed <- s.Close() }()
	for {
		if _, err := s.Append(canceledSoon(t), command("late")); trace.KindOf(err) == trace.ReadOnly {
			break
		}
	}
	letGo()
	if err := <-answer; err != nil {
		t.Error(err)
	}
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	s, err := Open(path, Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Find(context.Background(), taken.ID, taken.Canonical); err != nil {
		t.Error(err)
	}
}

func canceledSoon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

func (q *queue) waits() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.size.calls
}
