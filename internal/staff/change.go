package staff

import (
	"context"
	"time"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// Change is what somebody types who chooses another password or PIN.
type Change struct {
	command.Meta
	Session Session // in which they do so
	Old     string  // the password or PIN that they have
	Code    string  // of the authenticator, with a password
	New     string
}

// wrongOld is the one answer to whatever is wrong with what somebody has now.
var wrongOld = trace.Errorf(trace.Forbidden, "That is not what you sign in with now. Check what you typed, and try again.")

// ChangePassword takes another password in the place of somebody's own, who shows
// the old one and the code of their authenticator once more (ASVS 5.0, 6.2.3 and
// 7.5.1). Their other sessions end, and this one goes on under a new cookie.
func (o *Office) ChangePassword(ctx context.Context, from From, c Change) (cookie string, s Session, err error) {
	e, ok := o.books.entry(c.Session.Account)
	if _, has := e.secrets[byPassword]; !ok || e.Left || !has {
		return "", s, trace.Errorf(trace.Conflict, "You have no password here: you sign in another way. Ask an administrator for a one-time code.")
	}
	if err := goodPassword(c.New, e.Login, e.Name); err != nil {
		return "", s, err // before a code of the authenticator is used up
	}
	seed, err := o.secret(ctx, e, byTOTP)
	if err != nil {
		return "", s, err
	}
	return o.change(ctx, from, c, e, byPassword, "login:"+loginOf(e.Login), hashOf(c.New), func() bool { return seed != "" && o.authenticates(e.ID, seed, c.Code) })
}

// ChangePIN takes another PIN in the place of somebody's own, who knows the old
// one. Their other sessions end, and this one goes on under a new cookie.
func (o *Office) ChangePIN(ctx context.Context, from From, c Change) (cookie string, s Session, err error) {
	e, ok := o.books.entry(c.Session.Account)
	if _, has := e.secrets[byPIN]; !ok || e.Left || !has {
		return "", s, trace.Errorf(trace.Conflict, "You have no PIN here: you sign in another way. Ask an administrator for a one-time code.")
	}
	if err := goodPIN(c.New); err != nil {
		return "", s, err
	}
	name := "badge:" + e.Badge
	if e.Badge == "" {
		name = "pin:" + e.ID.String()
	}
	return o.change(ctx, from, c, e, byPIN, name, hashOf(c.New), func() bool { return true })
}

// change records what is new, if the old one is right. Failures count and wait
// as those of signing in do: an open page is no place to guess at.
func (o *Office) change(ctx context.Context, from From, c Change, e entry, method, name, hash string, also func() bool) (cookie string, s Session, err error) {
	as := from.names(name)
	if err := o.throttle.attempt(as); err != nil {
		return "", s, err
	}
	old, err := o.secret(ctx, e, method)
	if err != nil {
		return "", s, err
	}
	if !matches(old, c.Old) || !also() {
		return "", s, o.noteFailure(ctx, e.ID, method, wrongOld)
	}
	o.throttle.succeeded(as, name)
	if err := o.replace(ctx, c, e, method, hash); err != nil {
		return "", s, err
	}
	o.Sessions.End(func(s Session) bool { return s.Account == e.ID && s.ID != c.Session.ID })
	from.Machine = c.Session.Machine // where it began
	return o.begin(ctx, from, e, c.Session.Method)
}

// replace records it, unless the account was changed since the old one was looked
// at.
func (o *Office) replace(ctx context.Context, c Change, e entry, method, hash string) error {
	o.write.Lock()
	defer o.write.Unlock()
	now, ok := o.books.entry(e.ID)
	if !ok || now.Left || now.secrets[method].Credential != e.secrets[method].Credential {
		return trace.Errorf(trace.Conflict, "Your account was changed just now. Load the page again.")
	}
	told := trace.AuditFact{Event: trace.NewEventID(), What: AuditChanged, Account: e.ID, Detail: method}
	return o.record(ctx, c.Meta, "change "+method, e.ID, o.credential(e.ID, method, hash, time.Time{}), trace.Draft{ID: told.Event, Fact: told})
}
