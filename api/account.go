package api

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"implantrace/internal/command"
	"implantrace/internal/staff"
	"implantrace/internal/trace"
)

// me is who a request comes from, to whoever sent it.
type me struct {
	Key         string             `json:"key"` // another when somebody else is
	Kind        string             `json:"kind"`
	Account     trace.AccountID    `json:"account,omitzero"`
	Name        string             `json:"name,omitempty"`
	Roles       []staff.Role       `json:"roles"`
	Permissions []staff.Permission `json:"permissions"`
	Locked      bool               `json:"locked"`
	GlassUntil  time.Time          `json:"glass_until,omitzero"`
}

var kindWords = map[staff.Kind]string{staff.Nobody: "nobody", staff.Machine: "machine", staff.Person: "person", staff.Program: "program", staff.AtNode: "operator", staff.Unchecked: "anybody"}

func (s *Server) whoAmI(c echo.Context) error {
	w := callerOf(c)
	m := me{Key: w.key(), Kind: kindWords[w.Kind], Account: w.Account, Name: w.Name, Roles: []staff.Role{}, Permissions: []staff.Permission{}, Locked: w.Locked}
	m.Roles = append(m.Roles, w.Roles...)
	if w.Glass {
		m.GlassUntil = w.session.Glass
	}
	for _, l := range staff.Permissions() {
		if w.May(l.Permission) == staff.Yes {
			m.Permissions = append(m.Permissions, l.Permission)
		}
	}
	return c.JSON(http.StatusOK, m)
}

// sessionLine is a session as a list shows it.
type sessionLine struct {
	staff.Session
	Who     string
	At      string // the theatre machine's name
	Until   time.Time
	Current bool
}

func (s *Server) sessions(c echo.Context, of func(staff.Session) bool) (all []sessionLine) {
	for _, one := range s.Staff.Sessions.List() {
		if of(one) {
			all = append(all, sessionLine{one, s.Staff.Name(one.Account), s.Staff.Name(one.Machine), s.Staff.Sessions.Until(one), one.ID == callerOf(c).session.ID})
		}
	}
	return all
}

// accountPage is one's own account and sign-ins.
type accountPage struct {
	frame
	Sessions          []sessionLine
	May               []staff.Line
	Problem           string
	PasswordLeast     int
	PINLeast, PINMost int
}

func (s *Server) renderAccount(c echo.Context, status int, problem string) error {
	f, err := s.frame(c, "Your account")
	if err != nil {
		return err
	}
	p := accountPage{frame: f, Problem: problem, PasswordLeast: staff.PasswordLeast, PINLeast: staff.PINLeast, PINMost: staff.PINMost}
	if s.Staff != nil {
		p.Sessions = s.sessions(c, func(o staff.Session) bool { return o.Account == f.Caller.Account })
	}
	for _, l := range staff.Permissions() {
		if l.Permission != staff.Anyone && l.Permission != staff.Operator && f.Caller.May(l.Permission) == staff.Yes {
			p.May = append(p.May, l)
		}
	}
	return s.render(c, status, "account", "layout", p)
}

func (s *Server) pageAccount(c echo.Context) error { return s.renderAccount(c, http.StatusOK, "") }

// formPassword takes another password of whoever is signed in.
func (s *Server) formPassword(c echo.Context) error {
	return s.changeOwn(c, c.Request().PostFormValue("again"), staff.Change{Old: c.Request().PostFormValue("old"), Code: field(c, "code"), New: c.Request().PostFormValue("new")},
		func(q staff.Change) (string, staff.Session, error) {
			return s.Staff.ChangePassword(c.Request().Context(), s.from(c), q)
		})
}

// formPIN takes another PIN of whoever is signed in.
func (s *Server) formPIN(c echo.Context) error {
	return s.changeOwn(c, field(c, "again"), staff.Change{Old: field(c, "old"), New: field(c, "new")},
		func(q staff.Change) (string, staff.Session, error) {
			return s.Staff.ChangePIN(c.Request().Context(), s.from(c), q)
		})
}

func (s *Server) changeOwn(c echo.Context, again string, q staff.Change, do func(staff.Change) (string, staff.Session, error)) error {
	if s.Staff == nil {
		return noStaff
	}
	id, err := formID(c)
	if err != nil {
		return err
	}
	q.ID = id
	by(c, &q.Meta, "page")
	q.Session = callerOf(c).session
	var cookie string
	var session staff.Session
	switch {
	case callerOf(c).Kind != staff.Person:
		err = trace.Errorf(trace.Invalid, "A program has neither password nor PIN.")
	case q.New != again:
		err = trace.Errorf(trace.Invalid, "The two that are new are not the same.")
	default:
		cookie, session, err = do(q)
	}
	if err != nil {
		problem := problemOf(err)
		if problem.Status >= 500 || !wantsPage(c.Request()) {
			return err
		}
		return s.renderAccount(c, problem.Status, problem.Detail)
	}
	s.begun(c, cookie, session)
	return settled(c, "/account")
}

// formEndSession ends a sign-in of one's own.
func (s *Server) formEndSession(c echo.Context) error {
	return s.endSession(c, "/account", func(o staff.Session) bool { return o.Account == callerOf(c).Account })
}

// formEndAnySession ends anybody's.
func (s *Server) formEndAnySession(c echo.Context) error {
	return s.endSession(c, "/staff", func(staff.Session) bool { return true })
}

func (s *Server) endSession(c echo.Context, to string, may func(staff.Session) bool) error {
	id, err := pathID[trace.OfEvent](c)
	if err != nil {
		return err
	}
	if s.Staff == nil {
		return noStaff
	}
	var whose trace.AccountID
	if s.Staff.Sessions.End(func(o staff.Session) bool {
		if o.ID != id || !may(o) {
			return false
		}
		whose = o.Account
		return true
	}) == 0 {
		return trace.Errorf(trace.NotFound, "There is no such sign-in: it has ended already, or is not yours.")
	}
	s.Desk.Changed()
	if err := s.Staff.Note(c.Request().Context(), callerOf(c).Actor("page"), trace.AuditFact{What: staff.AuditEnded, Account: whose}, ""); err != nil {
		return err
	}
	return settled(c, to)
}

// pageGlass is where somebody breaks the glass.
func (s *Server) pageGlass(c echo.Context) error {
	f, err := s.frame(c, "Break the glass")
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "glass", "layout", struct {
		frame
		Problem string
	}{frame: f})
}

func (s *Server) formGlass(c echo.Context) error {
	if s.Staff == nil {
		return noStaff
	}
	w := callerOf(c)
	if _, err := s.Staff.Break(c.Request().Context(), w.Actor("page"), w.session.ID, field(c, "reason")); err != nil {
		return err
	}
	return settled(c, "/patients")
}

// staffPage is where an administrator keeps accounts.
type staffPage struct {
	frame
	People   []staff.Account
	Machines []staff.Account
	Sessions []sessionLine
	Roles    []staff.Role
	Lines    []staff.Line
	Code     string // the one-time code of whoever was hired just now
	For      string // its person
	Problem  string
	Hire     staff.Hire // as it was typed
	This     string     // the theatre machine that this browser is; "": none
}

func (s *Server) renderStaff(c echo.Context, status int, p staffPage) error {
	if s.Staff == nil {
		return noStaff
	}
	var err error
	if p.frame, err = s.frame(c, "Staff"); err != nil {
		return err
	}
	p.People, p.Machines = s.Staff.List(trace.PersonAccount), s.Staff.List(trace.MachineAccount)
	p.Sessions = s.sessions(c, func(staff.Session) bool { return true })
	p.Roles, p.Lines = staff.Roles(), staff.Permissions()
	if id, ok := s.Staff.Keys.Machine(callerOf(c).shown.Machine); ok {
		p.This = s.Staff.Name(id)
	}
	return s.render(c, status, "staff", "layout", p)
}

func (s *Server) pageStaff(c echo.Context) error {
	return s.renderStaff(c, http.StatusOK, staffPage{})
}

// staffForm is a form about accounts: its problem is shown on the page.
func (s *Server) staffForm(c echo.Context, do func(command.Meta) (staffPage, error)) error {
	if s.Staff == nil {
		return noStaff
	}
	id, err := formID(c)
	if err != nil {
		return err
	}
	m := command.Meta{ID: id}
	by(c, &m, "page")
	p, err := do(m)
	if err != nil {
		problem := problemOf(err)
		if problem.Status >= 500 || !wantsPage(c.Request()) {
			return err
		}
		p.Problem = problem.Detail
		return s.renderStaff(c, problem.Status, p)
	}
	if p.Code != "" { // it is shown this once
		return s.renderStaff(c, http.StatusOK, p)
	}
	s.Desk.Changed()
	return settled(c, "/staff")
}

func rolesOf(c echo.Context) (roles []staff.Role) {
	for _, r := range c.Request().PostForm["role"] {
		roles = append(roles, staff.Role(r))
	}
	return roles
}

func (s *Server) formHire(c echo.Context) error {
	return s.staffForm(c, func(m command.Meta) (staffPage, error) {
		h := staff.Hire{Meta: m, Name: field(c, "name"), Login: field(c, "login"), Badge: field(c, "badge"), Roles: rolesOf(c)}
		a, code, err := s.Staff.Hire(c.Request().Context(), h)
		if err == nil {
			h = staff.Hire{}
		}
		return staffPage{Code: code, For: a.Name, Hire: h}, err
	})
}

func (s *Server) formAccount(c echo.Context) error {
	return s.staffForm(c, func(m command.Meta) (p staffPage, err error) {
		h := staff.Hire{Meta: m, Name: field(c, "name"), Login: field(c, "login"), Badge: field(c, "badge"), Roles: rolesOf(c)}
		if h.Account, err = pathID[trace.OfAccount](c); err != nil {
			return p, err
		}
		_, _, err = s.Staff.Hire(c.Request().Context(), h)
		return p, err
	})
}

func (s *Server) formNewCode(c echo.Context) error {
	return s.staffForm(c, func(m command.Meta) (p staffPage, err error) {
		id, err := pathID[trace.OfAccount](c)
		if err != nil {
			return p, err
		}
		p.For = s.Staff.Name(id)
		p.Code, err = s.Staff.NewCode(c.Request().Context(), m, id)
		return p, err
	})
}

func (s *Server) formDismiss(c echo.Context) error {
	return s.staffForm(c, func(m command.Meta) (p staffPage, err error) {
		id, err := pathID[trace.OfAccount](c)
		if err != nil {
			return p, err
		}
		return p, s.Staff.Dismiss(c.Request().Context(), m, id, field(c, "forget") == "true")
	})
}

// machineFor is how long the cookie of a theatre machine is kept.
const machineFor = 400 * 24 * time.Hour

// formMachine makes the machine whose browser sends it a theatre machine.
func (s *Server) formMachine(c echo.Context) error {
	return s.staffForm(c, func(m command.Meta) (p staffPage, err error) {
		_, key, err := s.Staff.Enrol(c.Request().Context(), m, staff.Account{Sort: trace.MachineAccount, Name: field(c, "name")})
		if err != nil {
			return p, err
		}
		s.setCookie(c, machineCookie, key, s.Recorder.Clock().Add(machineFor))
		return p, nil
	})
}

// tokensPage is where an administrator keeps what programs sign in with.
type tokensPage struct {
	frame
	Tokens  []tokenLine
	Lines   []staff.Line // that a token may be good for
	Token   string       // made just now, and shown this once
	For     string
	Problem string
	Name    string // as it was typed
	Expires string
}

type tokenLine struct {
	staff.Account
	Used time.Time
	Over bool
}

func (s *Server) renderTokens(c echo.Context, status int, p tokensPage) error {
	if s.Staff == nil {
		return noStaff
	}
	var err error
	if p.frame, err = s.frame(c, "Tokens"); err != nil {
		return err
	}
	now := s.Recorder.Clock()
	for _, a := range s.Staff.List(trace.ProgramAccount) {
		t := tokenLine{Account: a, Over: a.Left || !a.Expires.After(now)}
		if t.Used, err = s.Staff.LastUse(c.Request().Context(), a.ID); err != nil {
			return err
		}
		p.Tokens = append(p.Tokens, t)
	}
	p.Lines = slices.DeleteFunc(staff.Permissions(), func(l staff.Line) bool {
		return !l.Programs || l.Permission == staff.Anyone || l.Permission == staff.SignedIn
	})
	if p.Expires == "" {
		p.Expires = now.In(s.Recorder.Zone()).AddDate(0, 3, 0).Format(time.DateOnly)
	}
	return s.render(c, status, "tokens", "layout", p)
}

func (s *Server) pageTokens(c echo.Context) error {
	return s.renderTokens(c, http.StatusOK, tokensPage{})
}

func (s *Server) formToken(c echo.Context) error {
	if s.Staff == nil {
		return noStaff
	}
	p := tokensPage{Name: field(c, "name"), Expires: field(c, "expires")}
	id, err := formID(c)
	if err != nil {
		return err
	}
	m := command.Meta{ID: id}
	by(c, &m, "page")
	a := staff.Account{Sort: trace.ProgramAccount, Name: p.Name}
	for _, scope := range c.Request().PostForm["scope"] {
		a.Scope = append(a.Scope, staff.Permission(strings.TrimSpace(scope)))
	}
	a.Expires, err = time.ParseInLocation(time.DateOnly, p.Expires, s.Recorder.Zone())
	if err == nil {
		_, p.Token, err = s.Staff.Enrol(c.Request().Context(), m, a)
	} else {
		err = trace.Errorf(trace.Invalid, "A token wants a day on which it expires.")
	}
	if err != nil {
		problem := problemOf(err)
		if problem.Status >= 500 || !wantsPage(c.Request()) {
			return err
		}
		p.Problem = problem.Detail
		return s.renderTokens(c, problem.Status, p)
	}
	return s.renderTokens(c, http.StatusOK, tokensPage{Token: p.Token, For: p.Name})
}

func (s *Server) formRevokeToken(c echo.Context) error {
	if s.Staff == nil {
		return noStaff
	}
	id, err := formID(c)
	if err != nil {
		return err
	}
	token, err := pathID[trace.OfAccount](c)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(s.Staff.List(trace.ProgramAccount), func(a staff.Account) bool { return a.ID == token }) {
		return trace.Errorf(trace.NotFound, "There is no such token.")
	}
	m := command.Meta{ID: id}
	by(c, &m, "page")
	if err := s.Staff.Dismiss(c.Request().Context(), m, token, false); err != nil {
		return err
	}
	return settled(c, "/tokens")
}
