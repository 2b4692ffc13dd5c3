package staff

import (
	"time"

	"implantrace/internal/trace"
)

// Office says who somebody is. It is safe for concurrent use.
type Office struct {
	Accounts Directory
	Sessions *Sessions
	Keys     Keys
}

// Keys knows what machines and programs show of themselves.
type Keys interface {
	// Machine is the theatre machine with a key.
	Machine(key string) (id trace.AccountID, ok bool)
	// Program is the program with a token, and what its token is good for.
	Program(token string) (w Who, ok bool)
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

// Until says when a session ends at the latest.
func (s *Sessions) Until(one Session) time.Time { return one.Started.Add(s.limits.Absolute) }
