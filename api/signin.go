package api

import (
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"implantrace/internal/staff"
	"implantrace/internal/trace"
)

// signInPage is where somebody signs in: in the place of any page, which then
// comes by itself.
type signInPage struct {
	frame
	Next      string // the page that was asked for
	Machine   string // the theatre machine's name; "": another
	Locked    string // whose page is locked; "": nobody's
	Problem   string
	Login     string // as it was typed
	Directory string // the trust's own directory; "": there is none
	SetUp     bool   // nobody has an account yet
}

// from is where an attempt to sign in comes from. A machine that is not
// enrolled is none.
func (s *Server) from(c echo.Context) staff.From {
	f := staff.From{Before: cookieOf(c.Request(), sessionCookie)}
	if host, _, err := net.SplitHostPort(c.Request().RemoteAddr); err == nil {
		f.Address = host
	}
	f.Machine, _ = s.Staff.Keys.Machine(cookieOf(c.Request(), machineCookie))
	return f
}

// next is a page of this node, from a form; anything else is the first page.
func next(c echo.Context) string {
	return local(field(c, "next"))
}

// local is an address within this node; anything else becomes the first page.
func local(to string) string {
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") || strings.HasPrefix(to, "/sign-") {
		return "/"
	}
	return to
}

func (s *Server) renderSignIn(c echo.Context, status int, p signInPage) error {
	f, err := s.frame(c, "Sign in")
	if err != nil {
		return err
	}
	p.frame = f
	if s.Staff != nil {
		w := callerOf(c)
		if w.Kind == staff.Nobody && w.shown == (staff.Shown{}) { // an error before the gate
			w = s.who(c, staff.Anyone)
		}
		if id, ok := s.Staff.Keys.Machine(w.shown.Machine); ok {
			p.Machine = s.Staff.Name(id)
		}
		if w.Locked {
			p.Locked = s.Staff.Name(w.session.Account)
		}
		p.SetUp = s.Staff.SetUpCode() != ""
		p.Directory = s.Staff.SignOnName()
	}
	return s.render(c, status, "signin", "layout", p)
}

func (s *Server) pageSignIn(c echo.Context) error {
	return s.renderSignIn(c, http.StatusOK, signInPage{Next: "/"})
}

// noStaff is the answer of a node that asks nobody who they are.
var noStaff = trace.Errorf(trace.Conflict, "This node was started with --no-sign-in: nobody signs in here.")

func (s *Server) formSignIn(c echo.Context) error {
	if s.Staff == nil {
		return noStaff
	}
	ctx := c.Request().Context()
	var cookie string
	var session staff.Session
	var err error
	switch badge, scanned := field(c, "badge"), field(c, "scanned"); {
	case scanned != "": // by the desk's scanner: the page never had its code
		cookie, session, err = s.scannedSignIn(c, scanned)
	case badge != "":
		cookie, session, err = s.Staff.Badge(ctx, s.from(c), badge, field(c, "pin"))
	default:
		cookie, session, err = s.Staff.Password(ctx, s.from(c), field(c, "login"), c.Request().PostFormValue("password"), field(c, "code"))
	}
	if err != nil {
		return s.refuseSignIn(c, err, signInPage{Next: next(c), Login: field(c, "login")})
	}
	s.begun(c, cookie, session)
	return c.Redirect(http.StatusSeeOther, next(c))
}

// scannedSignIn signs in who bears the badge that the desk's scanner read last.
// The reading is named, so that no PIN is ever held against another badge than
// the one on the screen.
func (s *Server) scannedSignIn(c echo.Context, reading string) (string, staff.Session, error) {
	d, err := s.desk(c)
	if err != nil {
		return "", staff.Session{}, err
	}
	badge := d.Badge()
	if badge.Code == "" || badge.Reading.String() != reading {
		return "", staff.Session{}, trace.Errorf(trace.Conflict, "Something else was scanned after that badge, or it was too long ago. Scan the badge again.")
	}
	cookie, session, err := s.Staff.Badge(c.Request().Context(), s.from(c), badge.Code, field(c, "pin"))
	if err == nil {
		d.BadgeUsed()
	}
	return cookie, session, err
}

// refuseSignIn shows the form again with what was wrong.
func (s *Server) refuseSignIn(c echo.Context, err error, p signInPage) error {
	problem := problemOf(err)
	if problem.Status >= 500 || !wantsPage(c.Request()) {
		return err
	}
	p.Problem = problem.Detail
	if problem.Status == http.StatusTooManyRequests {
		c.Response().Header().Set("Retry-After", "5")
	}
	return s.renderSignIn(c, problem.Status, p)
}

// begun gives the browser the cookie of its session.
func (s *Server) begun(c echo.Context, cookie string, session staff.Session) {
	s.setCookie(c, sessionCookie, cookie, session.Started.Add(s.Staff.Sessions.Absolute()))
	s.Desk.Changed() // who is at the desk has changed
}

// setCookie sets one of the cookies, for as long as it may be good; an empty one
// is taken away.
func (s *Server) setCookie(c echo.Context, name, value string, until time.Time) {
	k := &http.Cookie{Name: cookieName(c.Request(), name), Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: c.Request().TLS != nil}
	k.MaxAge = int(until.Sub(s.Recorder.Clock()) / time.Second)
	if value == "" {
		k.MaxAge = -1
	}
	c.SetCookie(k)
}

func (s *Server) formSignOut(c echo.Context) error {
	w := callerOf(c)
	if w.Kind == staff.Person {
		if err := s.Staff.Leave(c.Request().Context(), w.Actor("page"), w.session.ID); err != nil && trace.KindOf(err) != trace.Full && trace.KindOf(err) != trace.ReadOnly {
			return err
		}
		s.setCookie(c, sessionCookie, "", time.Time{})
		s.Desk.Changed()
	}
	return c.Redirect(http.StatusSeeOther, "/sign-in")
}

// formLock locks a theatre page; elsewhere it signs out.
func (s *Server) formLock(c echo.Context) error {
	w := callerOf(c)
	if w.Kind == staff.Person && w.session.Machine.IsZero() {
		return s.formSignOut(c)
	}
	if w.Kind == staff.Person {
		s.Staff.Sessions.Lock(w.session.ID)
		s.Desk.Changed()
	}
	return c.Redirect(http.StatusSeeOther, "/theatre")
}

// firstPage is where somebody new uses their one-time code.
type firstPage struct {
	frame
	SetUp             bool
	Login, Name       string
	Problem           string
	Seed              staff.Seed
	SeedProblem       string
	PasswordLeast     int
	PINLeast, PINMost int
}

func (s *Server) renderFirst(c echo.Context, status int, p firstPage) error {
	if s.Staff == nil {
		return noStaff
	}
	var err error
	if p.frame, err = s.frame(c, "First sign-in"); err != nil {
		return err
	}
	p.SetUp = s.Staff.SetUpCode() != ""
	p.PasswordLeast, p.PINLeast, p.PINMost = staff.PasswordLeast, staff.PINLeast, staff.PINMost
	return s.render(c, status, "first", "layout", p)
}

func (s *Server) pageFirst(c echo.Context) error {
	return s.renderFirst(c, http.StatusOK, firstPage{})
}

func (s *Server) formFirst(c echo.Context) error {
	if s.Staff == nil {
		return noStaff
	}
	p := firstPage{Login: field(c, "login"), Name: field(c, "name")}
	var err error
	if c.Request().PostFormValue("password") != c.Request().PostFormValue("again") {
		err = trace.Errorf(trace.Invalid, "The two passwords are not the same.")
	} else {
		p.Seed, err = s.Staff.Begin(c.Request().Context(), s.from(c), staff.First{Code: field(c, "code"), Login: p.Login, Name: p.Name, Badge: field(c, "badge"),
			Password: c.Request().PostFormValue("password"), PIN: field(c, "pin")})
	}
	if err != nil {
		problem := problemOf(err)
		if problem.Status >= 500 || !wantsPage(c.Request()) {
			return err
		}
		p.Problem = problem.Detail
		return s.renderFirst(c, problem.Status, p)
	}
	return s.renderFirst(c, http.StatusOK, p)
}

func (s *Server) formFirstCode(c echo.Context) error {
	if s.Staff == nil {
		return noStaff
	}
	pending := field(c, "pending")
	cookie, session, err := s.Staff.Finish(c.Request().Context(), s.from(c), pending, field(c, "code"))
	if err != nil {
		problem := problemOf(err)
		seed, ok := s.Staff.Pending(pending)
		if problem.Status >= 500 || !ok || !wantsPage(c.Request()) {
			return err
		}
		return s.renderFirst(c, problem.Status, firstPage{Seed: seed, SeedProblem: problem.Detail})
	}
	s.begun(c, cookie, session)
	return c.Redirect(http.StatusSeeOther, "/account")
}
