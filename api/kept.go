package api

import (
	"crypto/rand"
	"slices"
	"sync"
	"time"
)

// kept is what a caller may ask for again under a name that only they were given:
// it is kept here, and not in an address, which may name no patient. A bounded
// number is kept; the oldest go first.
type kept[T any] struct {
	most  int
	mu    sync.Mutex
	by    map[string]keptFor[T]
	order []string
}

// keptFor is one thing with whose it is, and until when.
type keptFor[T any] struct {
	what  T
	of    string // sameCaller
	until time.Time
}

func newKept[T any](most int) *kept[T] { return &kept[T]{most: most, by: make(map[string]keptFor[T])} }

// put keeps something and gives its name.
func (k *kept[T]) put(what T, of string, until time.Time) string {
	name := rand.Text()
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.order) >= k.most {
		delete(k.by, k.order[0])
		k.order = k.order[1:]
	}
	k.by[name] = keptFor[T]{what, of, until}
	k.order = append(k.order, name)
	return name
}

// get gives what is kept under a name, for the caller it was kept for.
func (k *kept[T]) get(name, of string, now time.Time) (what T, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	one, ok := k.by[name]
	if !ok || one.of != of || !now.Before(one.until) {
		return what, false
	}
	return one.what, true
}

// remove lets go of one.
func (k *kept[T]) remove(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.by, name)
	k.order = slices.DeleteFunc(k.order, func(n string) bool { return n == name })
}
