package staff

import (
	"context"
	"sync"
	"time"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// What an account signs in with.
const (
	byPassword = "password"
	byPIN      = "pin"
	byTOTP     = "totp" // the seed of the codes of an authenticator
	byKey      = "key"  // of a machine or program
	byOnce     = "once" // the one-time code of somebody new
)

// Office keeps the accounts and says who somebody is. It is safe for concurrent
// use.
type Office struct {
	Accounts Directory
	Sessions *Sessions
	Keys     Keys

	recorder command.Recorder
	books    *books
	throttle *throttle
	signOn   *signOn // the trust's own directory; nil: there is none
	setUp    string  // the code that makes the first administrator

	mu      sync.Mutex
	kept    []kept // lines of the audit that wait for room on the disk
	pending map[string]pending
	steps   map[trace.AccountID]uint64    // the last time step of which an authenticator's code was taken
	used    map[trace.AccountID]time.Time // when a program's token was used last
	noted   map[trace.AccountID]time.Time // and when that was recorded last
	write   sync.Mutex                    // held while accounts are changed: two have no login in common
}

// Keys knows what machines and programs show of themselves.
type Keys interface {
	// Machine is the theatre machine with a key.
	Machine(key string) (id trace.AccountID, ok bool)
	// Program is the program with a token, and what its token is good for.
	Program(token string) (w Who, ok bool)
}

// NewOffice opens the accounts of a recorder's store.
func NewOffice(ctx context.Context, r command.Recorder, l Limits) (*Office, error) {
	b := &books{store: r.Store}
	o := &Office{Accounts: b, Keys: b, Sessions: NewSessions(r.Clock, l), recorder: r, books: b, setUp: newCode(),
		throttle: &throttle{clock: r.Clock, all: make(map[string]failures)}, pending: make(map[string]pending),
		steps: make(map[trace.AccountID]uint64), used: make(map[trace.AccountID]time.Time), noted: make(map[trace.AccountID]time.Time)}
	return o, b.read(ctx)
}

// Shown is what a request shows of whoever sent it.
type Shown struct {
	Session string // cookie
	Machine string // cookie of a theatre machine
	Token   string // of a program
}

// Who says who shows this, and in which session. touch says that a person does
// something, and not a page by itself.
func (o *Office) Who(s Shown, touch bool) (Who, Session) {
	if s.Token != "" {
		w, _ := o.Keys.Program(s.Token)
		if a, ok := o.Accounts.Account(w.Account); ok && !a.Expires.IsZero() && !o.Sessions.clock().Before(a.Expires) {
			return Who{}, Session{}
		}
		return w, Session{}
	}
	machine, at := o.Keys.Machine(s.Machine)
	session, ok := o.Sessions.Find(s.Session, touch)
	if ok {
		account, there := o.Accounts.Account(session.Account)
		switch {
		case !there: // has left
			o.Sessions.End(func(other Session) bool { return other.Account == session.Account })
			ok = false
		case !session.Machine.IsZero() && session.Machine != machine: // the machine was struck off, or its cookie carried elsewhere
			o.Sessions.End(func(other Session) bool { return other.ID == session.ID })
			ok = false
		case !session.Locked:
			return Who{Kind: Person, Account: account.ID, Name: account.Name, Roles: account.Roles, Glass: o.Sessions.clock().Before(session.Glass)}, session
		}
	}
	if !ok {
		session = Session{}
	}
	if at {
		return Who{Kind: Machine, Locked: ok}, session
	}
	return Who{}, session
}

// Name is what an account is called; "" where nobody knows, or it was forgotten.
func (o *Office) Name(id trace.AccountID) string {
	if o.books == nil {
		return ""
	}
	e, _ := o.books.entry(id)
	return e.Name
}

// List gives the accounts of a sort, by name, those that have left too.
func (o *Office) List(sort trace.AccountSort) []Account { return o.books.all(sort) }

// Named is the account that signs in with a login.
func (o *Office) Named(login string) (Account, bool) {
	e, ok := o.books.named(login, "")
	return e.Account, ok
}

// Badged is the account of somebody who works here and bears a badge.
func (o *Office) Badged(badge string) (Account, bool) {
	badge = o.badge(badge)
	e, ok := o.books.named("", badge)
	return e.Account, ok && badge != "" && !e.Left
}

// SetUpCode makes the first administrator. "" once there is one.
func (o *Office) SetUpCode() string {
	for _, a := range o.books.all(trace.PersonAccount) {
		if a.Is(Administrator) && !a.Left {
			return ""
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.setUp
}
