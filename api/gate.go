package api

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"implantrace/internal/staff"
	"implantrace/internal/trace"
)

// The cookies. Neither can be read by a script, nor is sent with a request that
// another site's page began. Over TLS their names bind them to this host.
const (
	sessionCookie = "implantrace"
	machineCookie = "implantrace-machine"
	// hostPrefix makes a browser take a cookie over TLS only, from this host only.
	hostPrefix = "__Host-"
)

// formHeader carries a page's form token in requests of scripts; forms have a
// field of the name csrf.
const (
	formHeader = "X-Form-Token"
	formField  = "csrf"
)

// caller is who a request comes from, and what it showed.
type caller struct {
	staff.Who
	session staff.Session
	shown   staff.Shown
}

// key tells one caller from another, and a locked page from one that is not.
func (w caller) key() string {
	if w.Kind == staff.Person {
		return kindWords[w.Kind] + " " + w.Account.String()
	}
	return kindWords[w.Kind]
}

// callerKey keeps the caller in a request's context.
const callerKey = "caller"

// callerOf is who a request comes from. Before the gate it is nobody.
func callerOf(c echo.Context) caller {
	w, _ := c.Get(callerKey).(caller)
	return w
}

func cookieName(r *http.Request, name string) string {
	if r.TLS != nil {
		return hostPrefix + name
	}
	return name
}

func cookieOf(r *http.Request, name string) string {
	k, err := r.Cookie(cookieName(r, name))
	if err != nil {
		return ""
	}
	return k.Value
}

// who finds out who a request comes from.
func (s *Server) who(c echo.Context, may staff.Permission) caller {
	r := c.Request()
	switch {
	case fromSocket(r.Context()):
		return caller{Who: staff.Who{Kind: staff.AtNode, Name: "the operator"}}
	case s.Staff == nil:
		return caller{Who: staff.Who{Kind: staff.Unchecked}}
	}
	w := caller{shown: staff.Shown{Session: cookieOf(r, sessionCookie), Machine: cookieOf(r, machineCookie)}}
	if token, ok := strings.CutPrefix(r.Header.Get(echo.HeaderAuthorization), "Bearer "); ok {
		w.shown = staff.Shown{Token: token}
	}
	// A page that waits asks by itself; that is nobody at the machine.
	waits := may == staff.Anyone || may == staff.Scan && r.Method == http.MethodGet || r.URL.Path == "/scanners" && r.URL.Query().Has("part")
	w.Who, w.session = s.Staff.Who(w.shown, !waits)
	return w
}

// admit lets a request through that its line of the table of permissions lets
// through. Nothing of its body has been read.
func (s *Server) admit(c echo.Context, may staff.Permission) error {
	w := s.who(c, may)
	c.Set(callerKey, w)
	switch w.May(may) {
	case staff.Yes:
		if w.Kind == staff.Program {
			return s.Staff.Used(c.Request().Context(), w.Who)
		}
		return nil
	case staff.Unlock:
		return trace.Errorf(trace.Locked, "The page is locked. Scans go on being checked and recorded; for anything else, sign in again.")
	case staff.SignFirst:
		return trace.Errorf(trace.NotSignedIn, "Sign in first.")
	}
	switch {
	case may == staff.Operator:
		return trace.Errorf(trace.Forbidden, "This is for the operator, through the node's socket: use the implantrace command on this machine.")
	case w.Kind == staff.Nobody || w.shown.Token != "" && w.Kind == staff.Nobody:
		return trace.Errorf(trace.NotSignedIn, "The token is not good here: it is unknown, has expired or was revoked.")
	}
	return trace.Errorf(trace.Forbidden, "Your roles do not allow this. Ask an administrator, or break the glass where a patient needs it.")
}

// proved refuses what a browser was made to send without a page of this node: a
// request that changes something carries the token of the page it comes from.
// said is the token where it is in the body.
func (s *Server) proved(c echo.Context, may staff.Permission, said string) error {
	w := callerOf(c)
	switch c.Request().Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return nil
	}
	// What shows no cookie cannot have been sent in somebody's name.
	if may == staff.Anyone || w.Kind != staff.Person && w.Kind != staff.Machine {
		return nil
	}
	if h := c.Request().Header.Get(formHeader); h != "" {
		said = h
	}
	if !staff.SameForm(said, w.shown.Session, w.shown.Machine, may == staff.Scan) {
		return trace.Errorf(trace.Forbidden, "This page is of another sign-in. Load it again, and repeat what you did.")
	}
	return nil
}
