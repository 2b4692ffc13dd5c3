package staff

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"implantrace/internal/trace"
)

// SignOn is the trust's own directory, which people may sign in with by OpenID
// Connect. It needs the network; accounts of this node never do.
type SignOn struct {
	Name         string // what people call it
	Issuer       string // its address
	ClientID     string
	ClientSecret string
	Claim        string // of its token that says the login of the account here; preferred_username
	Redirect     string // address to which it sends people back; "": that at which the node was asked
	// Client asks it; it refuses addresses where nothing is to be asked.
	Client *http.Client
}

// journeyGood is how long somebody may be away at the directory.
const journeyGood = 10 * time.Minute

// journeysMost bounds how many are away at the same time.
const journeysMost = 2_000

// journey is somebody who was sent to the directory and is to come back.
type journey struct {
	nonce, verifier string
	redirect, next  string
	until           time.Time
}

// signOn is the directory in use.
type signOn struct {
	SignOn

	mu       sync.Mutex
	provider *oidc.Provider // nil: not reached yet
	away     map[string]journey
}

// UseSignOn lets people sign in with a directory.
func (o *Office) UseSignOn(s SignOn) {
	if s.Claim == "" {
		s.Claim = "preferred_username"
	}
	o.signOn = &signOn{SignOn: s, away: make(map[string]journey)}
}

// SignOnName is what people call the directory; "" where there is none.
func (o *Office) SignOnName() string {
	if o.signOn == nil {
		return ""
	}
	return o.signOn.Name
}

var noSignOn = trace.Errorf(trace.NotFound, "No directory is set up here. Sign in with your password.")

// reach finds out where the directory wants to be asked. It asks once, and again
// until it was answered.
func (s *signOn) reach(ctx context.Context) (*oidc.Provider, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.provider != nil {
		return s.provider, nil
	}
	// The provider keeps the context for its keys, beyond this request.
	p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), s.Client), s.Issuer)
	if err != nil {
		return nil, trace.Errorf(trace.Busy, "%s does not answer. Sign in with your password, or with badge and PIN: they need no network.", s.Name)
	}
	s.provider = p
	return p, nil
}

func (s *signOn) config(p *oidc.Provider, redirect string) oauth2.Config {
	return oauth2.Config{ClientID: s.ClientID, ClientSecret: s.ClientSecret, Endpoint: p.Endpoint(), RedirectURL: redirect, Scopes: []string{oidc.ScopeOpenID, "profile"}}
}

// Depart sends somebody to the directory: to an address, with a state that their
// browser keeps until it comes back. next is the page they want afterwards.
func (o *Office) Depart(ctx context.Context, redirect, next string) (address, state string, err error) {
	s := o.signOn
	if s == nil {
		return "", "", noSignOn
	}
	p, err := s.reach(ctx)
	if err != nil {
		return "", "", err
	}
	if s.Redirect != "" {
		redirect = s.Redirect
	}
	now := o.recorder.Clock()
	j := journey{nonce: newKey(), verifier: oauth2.GenerateVerifier(), redirect: redirect, next: next, until: now.Add(journeyGood)}
	state = newKey()
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, other := range s.away {
		if now.After(other.until) {
			delete(s.away, k)
		}
	}
	if len(s.away) >= journeysMost {
		return "", "", trace.Errorf(trace.Busy, "Too many people are signing in at once. Try again in a few minutes.")
	}
	s.away[keyHash(state)] = j
	c := s.config(p, redirect)
	return c.AuthCodeURL(state, oidc.Nonce(j.nonce), oauth2.S256ChallengeOption(j.verifier)), state, nil
}

// Arrive takes somebody back from the directory. kept is the state that the
// browser kept: one that was sent back by another browser is nobody's.
func (o *Office) Arrive(ctx context.Context, from From, state, kept, code string) (cookie string, session Session, next string, err error) {
	s := o.signOn
	if s == nil {
		return "", session, "", noSignOn
	}
	s.mu.Lock()
	j, ok := s.away[keyHash(state)]
	delete(s.away, keyHash(state)) // it is good once
	s.mu.Unlock()
	if !ok || kept == "" || subtle.ConstantTimeCompare([]byte(kept), []byte(state)) != 1 || o.recorder.Clock().After(j.until) {
		return "", session, "", trace.Errorf(trace.NotSignedIn, "This sign-in was not begun here, or took too long. Begin again.")
	}
	login, err := s.who(ctx, j, code, o.recorder.Clock)
	if err != nil {
		return "", session, "", o.noteFailure(ctx, trace.AccountID{}, bySignOn, err)
	}
	e, there := o.books.named(login, "")
	if !there || e.Left {
		return "", session, "", o.noteFailure(ctx, e.ID, bySignOn, trace.Errorf(trace.NotSignedIn, "%s knows you, and nobody has made an account for you here. Ask an administrator.", s.Name))
	}
	cookie, session, err = o.begin(ctx, from, e, bySignOn)
	return cookie, session, j.next, err
}

// bySignOn is how somebody signed in who came from the directory.
const bySignOn = "directory"

// who asks the directory whose code it is, and checks what it says: who signed
// it, for whom, how long it holds, and that it answers this very journey.
func (s *signOn) who(ctx context.Context, j journey, code string, now func() time.Time) (login string, err error) {
	failed := func(err error) error {
		return trace.Errorf(trace.NotSignedIn, "%s did not confirm who you are: %w", s.Name, err)
	}
	p, err := s.reach(ctx)
	if err != nil {
		return "", err
	}
	ctx = oidc.ClientContext(ctx, s.Client)
	c := s.config(p, j.redirect)
	token, err := c.Exchange(ctx, code, oauth2.VerifierOption(j.verifier))
	if err != nil {
		return "", trace.Errorf(trace.NotSignedIn, "%s did not confirm who you are.", s.Name) // its answer may hold anything
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := p.Verifier(&oidc.Config{ClientID: s.ClientID, Now: now}).Verify(ctx, raw)
	if err != nil {
		return "", failed(err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(j.nonce)) != 1 {
		return "", failed(fmt.Errorf("its answer is to another question"))
	}
	var claims map[string]any
	if err := id.Claims(&claims); err != nil {
		return "", failed(err)
	}
	login, _ = claims[s.Claim].(string)
	if login == "" {
		return "", failed(fmt.Errorf("its answer has no %s", s.Claim))
	}
	return login, nil
}
