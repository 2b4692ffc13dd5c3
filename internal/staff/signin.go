package staff

import (
	"context"
	"crypto/subtle"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// refused is the one answer to whatever is wrong with a sign-in: it tells nobody
// which half was right.
var refused = trace.Errorf(trace.NotSignedIn, "That is not right. Check what you typed, and try again.")

// From is where an attempt to sign in comes from.
type From struct {
	Address string
	Machine trace.AccountID // the theatre machine; zero: another
	Before  string          // the session's cookie that the browser had
}

func (f From) names(name string) tried {
	t := tried{name: freeName}
	if f.Address != "" {
		t["address:"+f.Address] = freeAddress
	}
	return t
}

// Password signs in with a login, a password and the code of an authenticator.
func (o *Office) Password(ctx context.Context, from From, login, password, code string) (cookie string, s Session, err error) {
	e, there := o.books.named(login, "")
	name := "login:" + loginOf(login)
	as := from.names(name)
	if err := o.throttle.attempt(as); err != nil {
		return "", s, o.noteFailure(ctx, e.ID, byPassword, err)
	}
	hash, err := o.secret(ctx, e, byPassword)
	if err != nil {
		return "", s, err
	}
	good := matches(hash, password)
	seed, err := o.secret(ctx, e, byTOTP)
	if err != nil {
		return "", s, err
	}
	if !good || !there || seed == "" || !o.authenticates(e.ID, seed, code) {
		return "", s, o.noteFailure(ctx, e.ID, byPassword, refused)
	}
	o.throttle.succeeded(as, name)
	return o.begin(ctx, from, e, byPassword)
}

// Badge signs in at a theatre machine with a badge and a PIN. The person who was
// signed in there is out, the procedure stays open.
func (o *Office) Badge(ctx context.Context, from From, badge, pin string) (cookie string, s Session, err error) {
	if from.Machine.IsZero() {
		return "", s, trace.Errorf(trace.Forbidden, "Badge and PIN are for theatre machines. This one is not enrolled: sign in with your password.")
	}
	e, err := o.confirm(ctx, from, badge, pin)
	if err != nil {
		return "", s, err
	}
	return o.begin(ctx, from, e, "badge")
}

// confirm holds a badge and a PIN against the accounts.
func (o *Office) confirm(ctx context.Context, from From, badge, pin string) (entry, error) {
	badge = o.badge(badge)
	e, there := o.books.named("", badge)
	if badge == "" {
		e, there = entry{}, false
	}
	name := "badge:" + badge
	as := from.names(name)
	if err := o.throttle.attempt(as); err != nil {
		return e, o.noteFailure(ctx, e.ID, byPIN, err)
	}
	hash, err := o.secret(ctx, e, byPIN)
	if err != nil {
		return e, err
	}
	if !matches(hash, pin) || !there {
		return e, o.noteFailure(ctx, e.ID, byPIN, refused)
	}
	o.throttle.succeeded(as, name)
	return e, nil
}

// Confirm is who shows a badge and knows its PIN, without signing anybody in.
func (o *Office) Confirm(ctx context.Context, from From, badge, pin string) (Account, error) {
	e, err := o.confirm(ctx, from, badge, pin)
	return e.Account, err
}

// begin starts a session, and ends the one that the browser had.
func (o *Office) begin(ctx context.Context, from From, e entry, method string) (string, Session, error) {
	if e.Left {
		return "", Session{}, refused
	}
	by := trace.Actor{Via: "sign-in", Account: e.ID}
	if err := o.Note(ctx, by, trace.AuditFact{What: AuditSignIn, Account: e.ID, Detail: method}, ""); err != nil && trace.KindOf(err) != trace.Full && trace.KindOf(err) != trace.ReadOnly {
		return "", Session{}, err
	}
	if before, ok := o.Sessions.Find(from.Before, false); ok {
		o.Sessions.End(func(s Session) bool { return s.ID == before.ID })
	}
	cookie, s := o.Sessions.Begin(e.ID, from.Machine, method)
	return cookie, s, nil
}

// noteFailure records an attempt that failed, and gives its error.
func (o *Office) noteFailure(ctx context.Context, id trace.AccountID, method string, why error) error {
	if trace.KindOf(why) == trace.Throttled {
		return why // the attempts before it are in the journal; a flood of these must not fill it
	}
	// An attempt is refused whether or not that can be recorded.
	_ = o.Note(ctx, trace.Actor{Via: "sign-in"}, trace.AuditFact{What: AuditSignInFailed, Account: id, Detail: method}, "")
	return why
}

// totpOptions are what authenticators everywhere do: RFC 6238 with 30 seconds, six
// digits and SHA-1.
var totpOptions = hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

const totpPeriod = 30 * time.Second

// codeStep is the time step of which a code is, one before and one after the
// present among them (RFC 6238, section 5.2).
func codeStep(seed, code string, now time.Time) (step uint64, ok bool) {
	at := uint64(now.Unix()) / uint64(totpPeriod/time.Second)
	for _, step := range []uint64{at, at - 1, at + 1} {
		want, err := hotp.GenerateCodeCustom(seed, step, totpOptions)
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			return step, true
		}
	}
	return 0, false
}

// authenticates takes a code once: one that was seen over a shoulder is good no
// more.
func (o *Office) authenticates(id trace.AccountID, seed, code string) bool {
	step, ok := codeStep(seed, code, o.recorder.Clock())
	if !ok {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if step <= o.steps[id] {
		return false
	}
	o.steps[id] = step
	return true
}

// Leave ends a session, as its person wants.
func (o *Office) Leave(ctx context.Context, by trace.Actor, id trace.EventID) error {
	o.Sessions.End(func(s Session) bool { return s.ID == id })
	return o.Note(ctx, by, trace.AuditFact{What: AuditSignOut, Account: by.Account}, "")
}

// meta is what a command of the office carries.
func meta(by trace.Actor) command.Meta {
	return command.Meta{ID: trace.NewEventID(), By: by, Provenance: trace.System}
}
