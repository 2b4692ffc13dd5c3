package staff

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/base64"
	"image/png"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// pendingGood is how long somebody new may take between choosing a password and
// the first code of the authenticator.
const pendingGood = 15 * time.Minute

// pendingMost bounds how many do so at the same time.
const pendingMost = 200

// pending is somebody new who has shown the code and chosen, and has yet to show
// that the authenticator works.
type pending struct {
	account  trace.AccountID // zero: the first administrator
	hire     Hire
	password string // hash
	pin      string // hash
	seed     Seed
	until    time.Time
}

// First is what somebody new types.
type First struct {
	Code     string // one-time, or that of the set-up
	Login    string
	Name     string // of the first administrator
	Badge    string // likewise, optional
	Password string
	PIN      string
}

// Seed is what an authenticator is given.
type Seed struct {
	Pending string // to show with the first code
	Text    string // base32, to type
	Picture string // a data: address of the QR code, to scan
}

// Begin takes a one-time code, or that of the set-up, with the password and PIN
// that its person has chosen. Nothing is recorded yet.
func (o *Office) Begin(ctx context.Context, from From, f First) (s Seed, err error) {
	name := "code:" + loginOf(f.Login)
	as := from.names(name)
	if err := o.throttle.attempt(as); err != nil {
		return s, err
	}
	p := pending{until: o.recorder.Clock().Add(pendingGood)}
	e, there := o.books.named(f.Login, "")
	once, err := o.secret(ctx, e, byOnce)
	if err != nil {
		return s, err
	}
	setUp := o.SetUpCode()
	switch {
	case there && once != "" && subtle.ConstantTimeCompare([]byte(once), []byte(keyHash(typedCode(f.Code)))) == 1:
		p.account, f.Name = e.ID, e.Name
	case setUp != "" && subtle.ConstantTimeCompare([]byte(typedCode(setUp)), []byte(typedCode(f.Code))) == 1:
		p.hire = Hire{Name: f.Name, Login: f.Login, Badge: f.Badge, Roles: []Role{Administrator}}
		if err := o.checkHire(&p.hire); err != nil {
			return s, err
		}
	default:
		return s, o.noteFailure(ctx, e.ID, byOnce, refused)
	}
	o.throttle.succeeded(as, name)
	if err := goodPassword(f.Password, f.Login, f.Name); err != nil {
		return s, err
	}
	if err := goodPIN(f.PIN); err != nil {
		return s, err
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "implantrace", AccountName: loginOf(f.Login)})
	if err != nil {
		return s, err
	}
	p.password, p.pin = hashOf(f.Password), hashOf(f.PIN)
	s = Seed{Pending: newKey(), Text: key.Secret()}
	if s.Picture, err = picture(key); err != nil {
		return s, err
	}
	p.seed = s
	o.mu.Lock()
	defer o.mu.Unlock()
	for k, other := range o.pending {
		if o.recorder.Clock().After(other.until) {
			delete(o.pending, k)
		}
	}
	if len(o.pending) >= pendingMost {
		return Seed{}, trace.Errorf(trace.Busy, "Too many people are being set up at once. Try again in a few minutes.")
	}
	o.pending[s.Pending] = p
	return s, nil
}

// Pending is what somebody's authenticator was given, while they have yet to show
// that it works.
func (o *Office) Pending(key string) (Seed, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	p, ok := o.pending[key]
	return p.seed, ok && !o.recorder.Clock().After(p.until)
}

func picture(key *otp.Key) (string, error) {
	const pixels = 240
	img, err := key.Image(pixels, pixels)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return "", err
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

// Finish takes the first code of the authenticator, records all of it, and signs
// its person in. Whoever else was signed in with the account is out.
func (o *Office) Finish(ctx context.Context, from From, pendingKey, code string) (cookie string, s Session, err error) {
	o.mu.Lock()
	p, ok := o.pending[pendingKey]
	o.mu.Unlock()
	if !ok || o.recorder.Clock().After(p.until) {
		return "", s, trace.Errorf(trace.NotSignedIn, "This has taken too long, or was done before. Begin again with your code.")
	}
	as := from.names("pending:" + keyHash(pendingKey))
	if err := o.throttle.attempt(as); err != nil {
		return "", s, err
	}
	step, ok := codeStep(p.seed.Text, code, o.recorder.Clock())
	if !ok {
		return "", s, refused
	}
	o.throttle.succeeded(as, "pending:"+keyHash(pendingKey))
	id, err := o.settle(ctx, p)
	if err != nil {
		return "", s, err
	}
	o.mu.Lock()
	delete(o.pending, pendingKey)
	o.steps[id] = step
	o.mu.Unlock()
	o.Sessions.End(func(s Session) bool { return s.Account == id })
	e, _ := o.books.entry(id)
	return o.begin(ctx, from, e, byPassword)
}

// settle records what somebody new has chosen.
func (o *Office) settle(ctx context.Context, p pending) (trace.AccountID, error) {
	o.write.Lock()
	defer o.write.Unlock()
	m := command.Meta{ID: trace.NewEventID(), By: trace.Actor{Via: "sign-in"}}
	var drafts []trace.Draft
	if p.account.IsZero() {
		if o.SetUpCode() == "" {
			return p.account, trace.Errorf(trace.Conflict, "Somebody else has set this node up. Ask them for an account.")
		}
		if err := o.checkHire(&p.hire); err != nil {
			return p.account, err
		}
		p.account = trace.DeriveID[trace.OfAccount](m.ID, "account")
		drafts = append(drafts, trace.Draft{Fact: trace.AccountFact{Account: p.account, Sort: trace.PersonAccount, Roles: words(p.hire.Roles)}, Subject: p.account,
			Secret: &trace.Secret{Name: p.hire.Name, Login: p.hire.Login, Badge: p.hire.Badge}})
	} else {
		e, ok := o.books.entry(p.account)
		if _, once := e.secrets[byOnce]; !ok || e.Left || !once {
			return p.account, refused
		}
		drafts = append(drafts, o.removal(e, byOnce))
	}
	m.By.Account = p.account
	none := time.Time{}
	drafts = append(drafts, o.credential(p.account, byPassword, p.password, none), o.credential(p.account, byPIN, p.pin, none), o.credential(p.account, byTOTP, p.seed.Text, none))
	if err := o.record(ctx, m, "first sign-in", p.account, drafts...); err != nil {
		return p.account, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.setUp = "" // good for one person
	return p.account, nil
}
