package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"implantrace/internal/command"
	"implantrace/internal/staff"
	"implantrace/internal/trace"
)

// staffAnswer is an account as the operator sees it.
type staffAnswer struct {
	Account trace.AccountID `json:"account"`
	Login   string          `json:"login,omitempty"`
	Name    string          `json:"name,omitempty"`
	Roles   []staff.Role    `json:"roles"`
	Left    bool            `json:"left"`
}

// codeAnswer is a one-time code, which is shown once.
type codeAnswer struct {
	Account trace.AccountID `json:"account"`
	Name    string          `json:"name"`
	Code    string          `json:"code"`
}

func (s *Server) operatorStaff(c echo.Context) error {
	if s.Staff == nil {
		return noStaff
	}
	out := page[staffAnswer]{Items: []staffAnswer{}}
	for _, a := range s.Staff.List(trace.PersonAccount) {
		out.Items = append(out.Items, staffAnswer{a.ID, a.Login, a.Name, a.Roles, a.Left})
	}
	return c.JSON(http.StatusOK, out)
}

func (s *Server) operatorHire(c echo.Context) error {
	if s.Staff == nil {
		return noStaff
	}
	var q struct {
		ID    trace.EventID `json:"id"`
		Login string        `json:"login"`
		Name  string        `json:"name"`
		Badge string        `json:"badge,omitempty"`
		Roles []staff.Role  `json:"roles"`
	}
	if err := bind(c, &q); err != nil {
		return err
	}
	h := staff.Hire{Meta: command.Meta{ID: q.ID}, Login: q.Login, Name: q.Name, Badge: q.Badge, Roles: q.Roles}
	by(c, &h.Meta, viaAPI)
	a, code, err := s.Staff.Hire(c.Request().Context(), h)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, codeAnswer{a.ID, a.Name, code})
}

func (s *Server) operatorCode(c echo.Context) error {
	if s.Staff == nil {
		return noStaff
	}
	var q struct {
		ID    trace.EventID `json:"id"`
		Login string        `json:"login"`
	}
	if err := bind(c, &q); err != nil {
		return err
	}
	a, ok := s.Staff.Named(q.Login)
	if !ok {
		return trace.Errorf(trace.NotFound, "Nobody signs in as %q.", clip(q.Login))
	}
	m := command.Meta{ID: q.ID}
	by(c, &m, viaAPI)
	code, err := s.Staff.NewCode(c.Request().Context(), m, a.ID)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, codeAnswer{a.ID, a.Name, code})
}
