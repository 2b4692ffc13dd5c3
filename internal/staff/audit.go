package staff

import (
	"context"
	"time"

	"implantrace/internal/trace"
)

// What the audit tells.
const (
	AuditSignIn       = "sign-in"
	AuditSignInFailed = "sign-in-failed"
	AuditSignOut      = "sign-out"
	AuditEnded        = "sign-in-ended" // by somebody else
	AuditSeen         = "seen"
	AuditFound        = "found"
	AuditExported     = "exported"
	AuditGlass        = "glass-broken"
	AuditOverrode     = "overrode"
	AuditCleared      = "stop-cleared"
	AuditTokenUsed    = "token-used"
	AuditChanged      = "credential-changed" // by its own person
)

// Note records one line of the audit, durably, and with room on a full disk as
// long as the store's reserve has any. reason is sealed.
func (o *Office) Note(ctx context.Context, by trace.Actor, f trace.AuditFact, reason string) error {
	m := meta(by)
	f.Event = m.ID
	d := trace.Draft{Fact: f}
	if reason != "" {
		d.Secret = &trace.Secret{Note: reason}
	}
	if _, err := o.recorder.RecordEssential(ctx, m, m.ID[:], d); err != nil {
		return err
	}
	return o.catchUp(ctx)
}

// keptMost bounds what waits to be recorded.
const keptMost = 10_000

// kept is a line of the audit that waits for room on the disk.
type kept struct {
	by    trace.Actor
	draft trace.Draft
}

// keep takes a line of the audit that cannot be recorded yet. It is in memory
// only: a node that is stopped before there is room has lost it, and says so
// beforehand.
func (o *Office) keep(by trace.Actor, f trace.AuditFact, reason string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.kept) >= keptMost {
		return noAudit
	}
	f.Event = trace.NewEventID()
	d := trace.Draft{ID: f.Event, Fact: f, Occurred: o.recorder.Clock(), Provenance: trace.System}
	if reason != "" {
		d.Secret = &trace.Secret{Note: reason}
	}
	o.kept = append(o.kept, kept{by, d})
	return nil
}

// catchUp records what waited.
func (o *Office) catchUp(ctx context.Context) error {
	o.mu.Lock()
	waiting := o.kept
	o.kept = nil
	o.mu.Unlock()
	for i, k := range waiting {
		m := meta(k.by)
		m.ID = k.draft.ID
		_, err := o.recorder.RecordEssential(ctx, m, m.ID[:], k.draft)
		if err != nil && trace.KindOf(err) != trace.Conflict { // or it had landed after all
			o.mu.Lock()
			o.kept = append(waiting[i:], o.kept...)
			o.mu.Unlock()
			return nil // what the caller noted is recorded; these go on waiting
		}
	}
	return nil
}

// Waiting is how many lines of the audit wait for room on the disk.
func (o *Office) Waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.kept)
}

var noAudit = trace.Errorf(trace.Full, "The disk is full: who looks at patients can no longer be recorded, so nothing of them is shown. Make room. "+
	"Where a patient needs it now, break the glass: reading goes on, and is recorded as soon as there is room.")

// full reports whether an error means that there is no room, or no writing.
func full(err error) bool {
	k := trace.KindOf(err)
	return k == trace.Full || k == trace.ReadOnly || k == trace.OutcomeUnknown
}

// Seen records that somebody is about to see something. What it cannot record is
// not shown, unless the glass is broken.
func (o *Office) Seen(ctx context.Context, w Who, by trace.Actor, f trace.AuditFact) error {
	err := o.Note(ctx, by, f, "")
	if err == nil || !full(err) {
		return err
	}
	if w.Glass {
		return o.keep(by, f, "")
	}
	return noAudit
}

// tokenEvery is how often the use of a token is recorded.
const tokenEvery = time.Hour

// Used notes that a program used its token: in memory at once, and in the audit
// once an hour.
func (o *Office) Used(ctx context.Context, w Who) error {
	now := o.recorder.Clock()
	o.mu.Lock()
	o.used[w.Account] = now
	due := now.Sub(o.noted[w.Account]) >= tokenEvery
	if due {
		o.noted[w.Account] = now
	}
	o.mu.Unlock()
	if !due {
		return nil
	}
	return o.Note(ctx, trace.Actor{Via: "api", Account: w.Account}, trace.AuditFact{What: AuditTokenUsed, Account: w.Account}, "")
}

// LastUse is when a program's token was used last; zero: never.
func (o *Office) LastUse(ctx context.Context, id trace.AccountID) (time.Time, error) {
	o.mu.Lock()
	last := o.used[id]
	o.mu.Unlock()
	if !last.IsZero() {
		return last, nil
	}
	for h, err := range o.recorder.Store.Audits(ctx, id, nil) {
		if err != nil {
			return last, err
		}
		if h.Audited.What == AuditTokenUsed {
			return h.Audited.Stamp.Recorded, nil
		}
	}
	return last, nil
}

// Break breaks the glass in a session: for a limited time its person reads the
// record whatever their roles. It counts only once it is recorded.
func (o *Office) Break(ctx context.Context, by trace.Actor, session trace.EventID, reason string) (time.Time, error) {
	if len(reason) < 10 || len(reason) > 1000 {
		return time.Time{}, trace.Errorf(trace.Invalid, "Say why, in 10 to 1,000 characters. Auditors read it.")
	}
	until := o.Sessions.clock().Add(o.Sessions.limits.Glass)
	f := trace.AuditFact{What: AuditGlass, Account: by.Account, Glass: true, Until: until}
	err := o.Note(ctx, by, f, reason)
	if err != nil && full(err) { // a patient may need it now
		err = o.keep(by, f, reason)
	}
	if err != nil {
		return time.Time{}, err
	}
	until, ok := o.Sessions.Break(session)
	if !ok {
		return time.Time{}, trace.Errorf(trace.NotSignedIn, "Sign in first.")
	}
	return until, nil
}
