package staff

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// codeGood is how long the one-time code of somebody new is good.
const codeGood = 72 * time.Hour

// Hire is what an administrator says of a member of staff. With an Account it
// changes that one.
type Hire struct {
	command.Meta `json:"-"`
	Account      trace.AccountID `json:"account,omitzero"`
	Name         string          `json:"name"`
	Login        string          `json:"login"`
	Badge        string          `json:"badge"`
	Roles        []Role          `json:"roles"`
}

func (o *Office) checkHire(h *Hire) error {
	h.Name, h.Login = strings.TrimSpace(h.Name), loginOf(h.Login)
	if badge := strings.TrimSpace(h.Badge); badge != "" {
		h.Badge = o.badge(badge)
	}
	for what, s := range map[string]string{"name": h.Name, "login": h.Login} {
		if s == "" || len(s) > 200 || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return trace.Errorf(trace.Invalid, "The account wants a %s of at most 200 characters.", what)
		}
	}
	if len(h.Badge) > 90 {
		return trace.Errorf(trace.Invalid, "A badge's code has at most 90 characters.")
	}
	if len(h.Roles) == 0 {
		return trace.Errorf(trace.Invalid, "The account wants a role: without one nobody may do anything.")
	}
	for _, r := range h.Roles {
		if !slices.Contains(Roles(), r) {
			return trace.Errorf(trace.Invalid, "There is no role %q.", string(r))
		}
	}
	if e, ok := o.books.named(h.Login, ""); ok && e.ID != h.Account {
		return trace.Errorf(trace.Conflict, "Another account has this login.")
	}
	if h.Badge != "" {
		if e, ok := o.books.named("", h.Badge); ok && e.ID != h.Account {
			return trace.Errorf(trace.Conflict, "Another account has this badge.")
		}
	}
	return nil
}

// badge is the code of a badge, whether it was scanned or typed.
func (o *Office) badge(text string) string {
	text = strings.TrimSpace(text)
	if m := o.recorder.Rules.Understand(text, o.recorder.Clock()); m.Staff != "" && !m.Damaged() {
		return m.Staff
	}
	return text
}

// words are the roles as the record has them.
func words[S ~string](all []S) (out []string) {
	for _, s := range all {
		out = append(out, string(s))
	}
	return out
}

// Hire makes an account, or changes one. Of a new one the code is what its person
// signs in with the first time; it is shown once.
func (o *Office) Hire(ctx context.Context, h Hire) (a Account, code string, err error) {
	o.write.Lock()
	defer o.write.Unlock()
	if err := o.checkHire(&h); err != nil {
		return a, "", err
	}
	isNew := h.Account.IsZero()
	if isNew {
		h.Account = trace.DeriveID[trace.OfAccount](h.ID, "account")
	} else if e, ok := o.books.entry(h.Account); !ok || e.Left || e.Sort != trace.PersonAccount {
		return a, "", trace.Errorf(trace.NotFound, "There is no such account.")
	} else if e.Is(Administrator) && !slices.Contains(h.Roles, Administrator) && o.lastAdministrator(e.ID) {
		return a, "", lastAdministrator
	}
	drafts := []trace.Draft{{Fact: trace.AccountFact{Account: h.Account, Sort: trace.PersonAccount, Roles: words(h.Roles)}, Subject: h.Account,
		Secret: &trace.Secret{Name: h.Name, Login: h.Login, Badge: h.Badge}}}
	if isNew {
		code = newCode()
		drafts = append(drafts, o.credential(h.Account, byOnce, keyHash(typedCode(code)), o.recorder.Clock().Add(codeGood)))
	}
	if err := o.record(ctx, h.Meta, "keep account", h, drafts...); err != nil {
		return a, "", err
	}
	a, _ = o.Accounts.Account(h.Account)
	return a, code, nil
}

// NewCode gives an account a new one-time code, with which its person chooses
// password, PIN and authenticator anew. What was chosen before is good until then.
func (o *Office) NewCode(ctx context.Context, m command.Meta, id trace.AccountID) (code string, err error) {
	o.write.Lock()
	defer o.write.Unlock()
	if e, ok := o.books.entry(id); !ok || e.Left || e.Sort != trace.PersonAccount {
		return "", trace.Errorf(trace.NotFound, "There is no such account.")
	}
	code = newCode()
	return code, o.record(ctx, m, "one-time code", id, o.credential(id, byOnce, keyHash(typedCode(code)), o.recorder.Clock().Add(codeGood)))
}

var lastAdministrator = trace.Errorf(trace.Conflict, "This is the only administrator. Give somebody else the role first.")

func (o *Office) lastAdministrator(id trace.AccountID) bool {
	return !slices.ContainsFunc(o.books.all(trace.PersonAccount), func(a Account) bool { return a.ID != id && a.Is(Administrator) && !a.Left })
}

// Dismiss ends an account: its person, machine or program signs in no more, and
// whoever is signed in with it is out at once. What it signed in with is taken
// away. With forget, the name goes too: entries then say that somebody who has
// left did this.
func (o *Office) Dismiss(ctx context.Context, m command.Meta, id trace.AccountID, forget bool) error {
	o.write.Lock()
	defer o.write.Unlock()
	e, ok := o.books.entry(id)
	if !ok {
		return trace.Errorf(trace.NotFound, "There is no such account.")
	}
	if e.Is(Administrator) && !e.Left && o.lastAdministrator(id) {
		return lastAdministrator
	}
	f := e.record.AccountFact
	f.Left = true
	if forget {
		f.Forget = [][16]byte{id}
	}
	drafts := []trace.Draft{{Fact: f}}
	for method := range e.secrets {
		drafts = append(drafts, o.removal(e, method))
	}
	slices.SortFunc(drafts[1:], func(a, b trace.Draft) int {
		return strings.Compare(a.Fact.(trace.CredentialFact).Method, b.Fact.(trace.CredentialFact).Method)
	})
	err := o.record(ctx, m, "dismiss", struct {
		ID     trace.AccountID
		Forget bool
	}{id, forget}, drafts...)
	if err == nil || trace.KindOf(err) == trace.OutcomeUnknown {
		o.Sessions.End(func(s Session) bool { return s.Account == id || s.Machine == id })
	}
	return err
}

// Enrol makes a theatre machine or a program's token, and gives its key, which is
// shown once.
func (o *Office) Enrol(ctx context.Context, m command.Meta, a Account) (made Account, key string, err error) {
	o.write.Lock()
	defer o.write.Unlock()
	a.Name = strings.TrimSpace(a.Name)
	if a.Name == "" || len(a.Name) > 200 {
		return made, "", trace.Errorf(trace.Invalid, "It wants a name of at most 200 characters.")
	}
	a.ID = trace.DeriveID[trace.OfAccount](m.ID, "account")
	switch a.Sort {
	case trace.MachineAccount:
		a.Scope, a.Expires = nil, time.Time{}
	case trace.ProgramAccount:
		if len(a.Scope) == 0 {
			return made, "", trace.Errorf(trace.Invalid, "A token wants something that it is good for.")
		}
		for _, p := range a.Scope {
			if l, ok := line(p); !ok || !l.Programs || p == Anyone {
				return made, "", trace.Errorf(trace.Invalid, "A program's token cannot be good for %q.", string(p))
			}
		}
		if now := o.recorder.Clock(); !a.Expires.After(now) || a.Expires.After(now.AddDate(1, 0, 1)) {
			return made, "", trace.Errorf(trace.Invalid, "A token wants a day on which it expires, within a year.")
		}
	default:
		return made, "", trace.Errorf(trace.Invalid, "A machine or a program is enrolled.")
	}
	key = newKey()
	err = o.record(ctx, m, "enrol", a,
		trace.Draft{Fact: trace.AccountFact{Account: a.ID, Sort: a.Sort, Scope: words(a.Scope), Expires: a.Expires}, Subject: a.ID, Secret: &trace.Secret{Name: a.Name}},
		o.credential(a.ID, byKey, keyHash(key), a.Expires))
	if err != nil {
		return made, "", err
	}
	e, _ := o.books.entry(a.ID)
	return e.Account, key, nil
}

// credential is the draft of something that an account signs in with, in the
// place of what it had. Its key is its own, so that it can be taken away alone.
func (o *Office) credential(id trace.AccountID, method, checked string, expires time.Time) trace.Draft {
	f := trace.CredentialFact{Credential: trace.NewEventID(), Account: id, Method: method, Expires: expires}
	if e, ok := o.books.entry(id); ok {
		if before, ok := e.secrets[method]; ok {
			f.Forget = [][16]byte{before.Credential}
		}
	}
	return trace.Draft{Fact: f, Subject: f.Credential, Secret: &trace.Secret{Credential: checked}}
}

func (o *Office) removal(e entry, method string) trace.Draft {
	return trace.Draft{Fact: trace.CredentialFact{Credential: trace.NewEventID(), Account: e.ID, Method: method, Removed: true, Forget: [][16]byte{e.secrets[method].Credential}}}
}

// record records a change of accounts, and reads the books again. It finds room
// on a full disk: it says who may do what.
func (o *Office) record(ctx context.Context, m command.Meta, name string, said any, drafts ...trace.Draft) error {
	canon, _, done, err := o.recorder.Before(ctx, m.ID, name, said)
	if err != nil {
		return err
	}
	if done {
		return trace.Errorf(trace.Conflict, "This was recorded before. Load the page again to see it.")
	}
	m.Provenance = trace.Typed
	if _, err = o.recorder.RecordEssential(ctx, m, canon, drafts...); err != nil {
		return err
	}
	return o.books.read(ctx)
}

// secret is what an account's credential is checked against; "" where it has
// none, or it has expired.
func (o *Office) secret(ctx context.Context, e entry, method string) (string, error) {
	c, ok := e.secrets[method]
	if !ok || e.Left || !c.Expires.IsZero() && !o.recorder.Clock().Before(c.Expires) {
		return "", nil
	}
	s, err := o.recorder.Store.Secret(ctx, c.Stamp.Position)
	if err != nil || s == nil {
		return "", err
	}
	return s.Credential, nil
}
