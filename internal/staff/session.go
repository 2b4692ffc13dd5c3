package staff

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"sync"
	"time"

	"implantrace/internal/trace"
)

// Limits bound how long a sign-in lasts.
type Limits struct {
	Idle     time.Duration // without a touch: it ends, and at a theatre machine the page locks
	Absolute time.Duration // in all
	Glass    time.Duration // broken glass
}

// Usual are the limits where nobody says otherwise.
var Usual = Limits{Idle: 15 * time.Minute, Absolute: 12 * time.Hour, Glass: 30 * time.Minute}

// Session is one sign-in. Its cookie is kept as a hash only.
type Session struct {
	ID      trace.EventID // for lists; it opens nothing
	Account trace.AccountID
	Machine trace.AccountID // the theatre machine at which it is; zero: none
	Method  string          // "password", "badge", "oidc"
	Started time.Time
	Seen    time.Time // the last touch
	Locked  bool
	Glass   time.Time // until when the glass is broken
}

// Sessions are the sign-ins of a node. They are in memory only: a node that is
// started again asks everybody to sign in, and a copy of its disk opens nothing.
// It is safe for concurrent use.
type Sessions struct {
	clock  trace.Clock
	limits Limits

	mu  sync.Mutex
	all map[[sha256.Size]byte]*Session
}

// NewSessions makes an empty list.
func NewSessions(clock trace.Clock, l Limits) *Sessions {
	return &Sessions{clock: clock, limits: l, all: make(map[[sha256.Size]byte]*Session)}
}

// Begin starts a session. What a browser sent before opens nothing afterwards:
// the cookie is always a new one.
func (s *Sessions) Begin(account, machine trace.AccountID, method string) (cookie string, begun Session) {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails (crypto/rand)
	cookie = base64.RawURLEncoding.EncodeToString(secret)
	now := s.clock()
	begun = Session{ID: trace.NewEventID(), Account: account, Machine: machine, Method: method, Started: now, Seen: now}
	kept := begun
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all[sha256.Sum256([]byte(cookie))] = &kept
	return cookie, begun
}

// Find gives the session of a cookie. touch says that its person does something,
// which keeps it from ending or locking.
func (s *Sessions) Find(cookie string, touch bool) (Session, bool) {
	if cookie == "" {
		return Session{}, false
	}
	key := sha256.Sum256([]byte(cookie))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	found, ok := s.all[key]
	if !ok {
		return Session{}, false
	}
	if touch && !found.Locked {
		found.Seen = s.clock()
	}
	return *found, true
}

// expire ends and locks what is over.
func (s *Sessions) expire() {
	now := s.clock()
	for key, one := range s.all {
		switch idle := now.Sub(one.Seen) >= s.limits.Idle; {
		case now.Sub(one.Started) >= s.limits.Absolute, idle && one.Machine.IsZero():
			delete(s.all, key)
		case idle:
			one.Locked, one.Glass = true, time.Time{}
		}
	}
}

// change does something to the sessions that which picks, and says how many.
func (s *Sessions) change(which func(Session) bool, do func(key [sha256.Size]byte, one *Session)) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expire()
	for key, one := range s.all {
		if which(*one) {
			do(key, one)
			n++
		}
	}
	return n
}

// End ends the sessions that which picks, and says how many.
func (s *Sessions) End(which func(Session) bool) int {
	return s.change(which, func(key [sha256.Size]byte, _ *Session) { delete(s.all, key) })
}

// Lock locks one; what is locked opens by signing in again.
func (s *Sessions) Lock(id trace.EventID) bool {
	return s.change(func(o Session) bool { return o.ID == id }, func(_ [sha256.Size]byte, one *Session) { one.Locked, one.Glass = true, time.Time{} }) > 0
}

// Break breaks the glass of one, and says until when.
func (s *Sessions) Break(id trace.EventID) (until time.Time, ok bool) {
	until = s.clock().Add(s.limits.Glass)
	return until, s.change(func(o Session) bool { return o.ID == id && !o.Locked }, func(_ [sha256.Size]byte, one *Session) { one.Glass = until }) > 0
}

// Absolute is how long a session lasts at most.
func (s *Sessions) Absolute() time.Duration { return s.limits.Absolute }

// AtDesk is who is signed in at a theatre machine, and whose page is not locked:
// the one who did something last.
func (s *Sessions) AtDesk() (at Session, ok bool) {
	return s.AtDeskOf(func(trace.AccountID) bool { return true })
}

// AtDeskOf is AtDesk of those machines only that a function says are meant.
func (s *Sessions) AtDeskOf(meant func(machine trace.AccountID) bool) (at Session, ok bool) {
	for _, one := range s.List() {
		if !one.Machine.IsZero() && meant(one.Machine) && !one.Locked && (!ok || one.Seen.After(at.Seen)) {
			at, ok = one, true
		}
	}
	return at, ok
}

// Until says when a session ends at the latest.
func (s *Sessions) Until(one Session) time.Time { return one.Started.Add(s.limits.Absolute) }

// List gives the sessions, the latest first.
func (s *Sessions) List() (all []Session) {
	s.change(func(Session) bool { return true }, func(_ [sha256.Size]byte, one *Session) { all = append(all, *one) })
	slices.SortFunc(all, func(a, b Session) int { return b.Started.Compare(a.Started) })
	return all
}
