package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"implantrace/internal/trace"
)

// signOnCookie is kept while somebody is away at the trust's directory. It comes
// back with a request that the directory's page begins, which the others do not.
const signOnCookie = "implantrace-sign-on"

func (s *Server) signOnDepart(c echo.Context) error {
	if s.Staff == nil {
		return noStaff
	}
	scheme := "http://"
	if c.Request().TLS != nil {
		scheme = "https://"
	}
	address, state, err := s.Staff.Depart(c.Request().Context(), scheme+c.Request().Host+"/sign-in/directory/back", local(c.QueryParam("next")))
	if err != nil {
		return err
	}
	c.SetCookie(&http.Cookie{Name: cookieName(c.Request(), signOnCookie), Value: state, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: c.Request().TLS != nil, MaxAge: int(10 * time.Minute / time.Second)})
	return c.Redirect(http.StatusSeeOther, address)
}

// signOnArrive does not redirect: the session's cookie is sent with requests that
// this node's own pages begin, and the page that goes on has to be one.
func (s *Server) signOnArrive(c echo.Context) error {
	if s.Staff == nil {
		return noStaff
	}
	kept := cookieOf(c.Request(), signOnCookie)
	s.setCookie(c, signOnCookie, "", time.Time{})
	if c.QueryParam("code") == "" {
		return s.refuseSignIn(c, trace.Errorf(trace.NotSignedIn, "%s did not sign you in.", s.Staff.SignOnName()), signInPage{Next: "/"})
	}
	cookie, session, next, err := s.Staff.Arrive(c.Request().Context(), s.from(c), c.QueryParam("state"), kept, c.QueryParam("code"))
	if err != nil {
		return s.refuseSignIn(c, err, signInPage{Next: "/"})
	}
	s.begun(c, cookie, session)
	f, err := s.frame(c, "Signed in")
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "arrived", "layout", struct {
		frame
		Next, Name string
	}{f, next, s.Staff.Name(session.Account)})
}
