package staff_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"implantrace/internal/bolt"
	"implantrace/internal/command"
	"implantrace/internal/seal"
	"implantrace/internal/staff"
	"implantrace/internal/trace"
)

// clock is a clock that stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(by)
}

// failing is a store that cannot be written while it is told so.
type failing struct {
	*bolt.Store
	err error
}

func (f *failing) Append(ctx context.Context, cs ...trace.Command) ([]trace.Result, error) {
	if f.err != nil {
		return nil, f.err
	}
	return f.Store.Append(ctx, cs...)
}

// place is an office over a store in a temporary folder.
type place struct {
	*staff.Office
	t     *testing.T
	clock *clock
	store *failing
	path  string
	keys  *seal.Keyring
}

func open(t *testing.T) *place {
	t.Helper()
	p := &place{t: t, clock: &clock{at: time.Date(2026, 3, 14, 9, 30, 0, 0, time.UTC)}, path: filepath.Join(t.TempDir(), bolt.FileName), keys: seal.NewKeyring()}
	s, err := bolt.Open(p.path, bolt.Options{Name: "T", Version: "t", Keys: p.keys, Clock: p.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	p.store = &failing{Store: s}
	p.again()
	return p
}

// again opens the office anew, as a start of the node does.
func (p *place) again() {
	p.t.Helper()
	var err error
	if p.Office, err = staff.NewOffice(p.t.Context(), command.Recorder{Store: p.store, Clock: p.clock.now}, staff.Usual); err != nil {
		p.t.Fatal(err)
	}
}

const (
	password = "correct horse battery staple"
	pin      = "592010"
)

// first goes through the first sign-in, and gives the seed.
func (p *place) first(code, login string) (seed, cookie string) {
	p.t.Helper()
	s, err := p.Begin(p.t.Context(), staff.From{}, staff.First{Code: code, Login: login, Name: "Ada Admin", Badge: "AA-1", Password: password, PIN: pin})
	if err != nil {
		p.t.Fatal(err)
	}
	cookie, _, err = p.Finish(p.t.Context(), staff.From{}, s.Pending, p.code(s.Text))
	if err != nil {
		p.t.Fatal(err)
	}
	p.clock.move(31 * time.Second)
	return s.Text, cookie
}

func (p *place) code(seed string) string {
	p.t.Helper()
	c, err := totp.GenerateCode(seed, p.clock.now())
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// machine enrols a theatre machine.
func (p *place) machine() staff.From {
	p.t.Helper()
	a, key, err := p.Enrol(p.t.Context(), command.Meta{ID: trace.NewEventID()}, staff.Account{Sort: trace.MachineAccount, Name: "Theatre 4"})
	if err != nil {
		p.t.Fatal(err)
	}
	if id, ok := p.Keys.Machine(key); !ok || id != a.ID {
		p.t.Fatal("the machine is not known by its key")
	}
	return staff.From{Machine: a.ID}
}

// Guessing at a password over the network keeps nobody from a theatre machine.
func TestGuessingAtAPasswordLeavesThePINAlone(t *testing.T) {
	p := open(t)
	p.first(p.SetUpCode(), "ada")
	at := p.machine()
	for range 12 {
		_, _, err := p.Password(t.Context(), staff.From{Address: "192.0.2.7"}, "ada", "wrong wrong wrong", "000000")
		if k := trace.KindOf(err); k != trace.NotSignedIn && k != trace.Throttled {
			t.Fatal(err)
		}
	}
	if _, _, err := p.Badge(t.Context(), at, "AA-1", pin); err != nil {
		t.Errorf("badge and PIN: %v", err)
	}
}

// Many attempts at the same time are no way around the wait.
func TestAttemptsAtTheSameTimeWaitToo(t *testing.T) {
	p := open(t)
	p.first(p.SetUpCode(), "ada")
	var tried int
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			_, _, err := p.Password(t.Context(), staff.From{}, "ada", "wrong wrong wrong", "000000")
			mu.Lock()
			defer mu.Unlock()
			if trace.KindOf(err) == trace.NotSignedIn {
				tried++
			}
		})
	}
	all.Wait()
	if tried > 4 {
		t.Errorf("%d of 50 guesses at once were tried", tried)
	}
}

// What somebody signs in with survives a start of the node; sessions do not, and
// what was replaced cannot be read any more.
func TestAccountsOutliveTheNodeAndSessionsDoNot(t *testing.T) {
	p := open(t)
	seed, cookie := p.first(p.SetUpCode(), "ada")
	var first []trace.Credential
	var account trace.AccountID
	for a, err := range p.store.Accounts(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		account = a.Account
		for c, err := range p.store.Credentials(t.Context(), a.Account) {
			if err != nil {
				t.Fatal(err)
			}
			if s, err := p.store.Secret(t.Context(), c.Stamp.Position); err != nil || s == nil && !c.Removed {
				t.Errorf("%s: %v, %v", c.Method, s, err)
			} else if s != nil && (strings.Contains(s.Credential, password) || strings.Contains(s.Credential, pin)) {
				t.Errorf("%s is kept in the clear", c.Method)
			}
			first = append(first, c)
		}
	}
	p.again()
	if w, _ := p.Who(staff.Shown{Session: cookie}, false); w.Kind != staff.Nobody {
		t.Error("a session outlives the node")
	}
	if _, _, err := p.Password(t.Context(), staff.From{}, "ADA ", password, p.code(seed)); err != nil {
		t.Error(err)
	}
	if p.SetUpCode() != "" {
		t.Error("there is a set-up code again")
	}
	code, err := p.NewCode(t.Context(), command.Meta{ID: trace.NewEventID()}, account)
	if err != nil {
		t.Fatal(err)
	}
	p.clock.move(time.Minute)
	p.first(strings.ToLower(strings.ReplaceAll(code, "-", " ")), "ada")
	for _, c := range first {
		if s, err := p.store.Secret(t.Context(), c.Stamp.Position); err != nil || s != nil {
			t.Errorf("the %s that was replaced can be read: %v, %v", c.Method, s, err)
		}
	}
	tmp := t.TempDir()
	if v, err := p.store.VerifyAgainst(t.Context(), tmp, trace.Trust{}); err != nil || len(v.Findings) > 0 {
		t.Errorf("verify: %v, %v", v.Findings, err)
	}
}

// On a full disk nothing of patients is shown, because it could not be recorded;
// with broken glass it is, and is recorded when there is room.
func TestReadingWithoutRoomForTheAudit(t *testing.T) {
	p := open(t)
	_, cookie := p.first(p.SetUpCode(), "ada")
	w, s := p.Who(staff.Shown{Session: cookie}, true)
	by := w.Actor("page")
	patient := [16]byte{1}
	f := trace.AuditFact{What: staff.AuditSeen, Objects: [][16]byte{patient}}
	count := func() (n int) {
		for h, err := range p.store.Audits(t.Context(), patient, nil) {
			if err != nil {
				t.Fatal(err)
			}
			if h.Audited.Glass {
				n++
			}
		}
		return n
	}
	for _, kind := range []trace.ErrorKind{trace.Full, trace.ReadOnly} {
		p.store.err = trace.Errorf(kind, "no")
		if err := p.Seen(t.Context(), w, by, f); trace.KindOf(err) != trace.Full || !strings.Contains(err.Error(), "break the glass") {
			t.Errorf("%v", err)
		}
	}
	if _, err := p.Break(t.Context(), by, s.ID, "The ward asks which pacemaker it is"); err != nil {
		t.Fatal(err)
	}
	w, _ = p.Who(staff.Shown{Session: cookie}, true)
	if !w.Glass || w.May(staff.ReadRecord) != staff.Yes || w.May(staff.WriteRecord) == staff.Yes {
		t.Fatalf("%+v", w)
	}
	f.Glass = true
	at := p.clock.now()
	if err := p.Seen(t.Context(), w, by, f); err != nil {
		t.Fatal(err)
	}
	if p.Waiting() != 2 || count() != 0 {
		t.Errorf("%d wait, %d are recorded", p.Waiting(), count())
	}
	p.clock.move(5 * time.Minute)
	p.store.err = nil
	if err := p.Note(t.Context(), by, trace.AuditFact{What: staff.AuditSignOut}, ""); err != nil {
		t.Fatal(err)
	}
	if p.Waiting() != 0 || count() != 1 {
		t.Errorf("%d wait, %d are recorded", p.Waiting(), count())
	}
	for h, err := range p.store.Audits(t.Context(), patient, nil) {
		if err != nil || !h.Audited.Stamp.Occurred.Equal(at) {
			t.Errorf("it happened at %s, %v", h.Audited.Stamp.Occurred, err)
		}
	}
	// A busy store is no full one.
	p.store.err = trace.Errorf(trace.Busy, "busy")
	if err := p.Seen(t.Context(), w, by, f); trace.KindOf(err) != trace.Busy {
		t.Error(err)
	}
}

// A token with a scope that no program may have, or without an end, is not made.
func TestTokensAreBounded(t *testing.T) {
	p := open(t)
	end := p.clock.now().AddDate(0, 1, 0)
	for name, a := range map[string]staff.Account{
		"no scope":         {Name: "A", Expires: end},
		"clearing stops":   {Name: "A", Expires: end, Scope: []staff.Permission{staff.ClearStop}},
		"the operator's":   {Name: "A", Expires: end, Scope: []staff.Permission{staff.Operator}},
		"what is unknown":  {Name: "A", Expires: end, Scope: []staff.Permission{"everything"}},
		"no end":           {Name: "A", Scope: []staff.Permission{staff.ReadRecord}},
		"an end in a year": {Name: "A", Expires: end.AddDate(1, 0, 0), Scope: []staff.Permission{staff.ReadRecord}},
		"no name":          {Expires: end, Scope: []staff.Permission{staff.ReadRecord}},
	} {
		a.Sort = trace.ProgramAccount
		if _, _, err := p.Enrol(t.Context(), command.Meta{ID: trace.NewEventID()}, a); trace.KindOf(err) != trace.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
