package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// approvalAnswer is the site's word on clinical use. Approved is false for a
// release other than the one that was approved.
type approvalAnswer struct {
	Approved  bool      `json:"approved"`
	Officer   string    `json:"officer,omitempty"`
	Role      string    `json:"role,omitempty"`
	Site      string    `json:"site,omitempty"`
	Statement string    `json:"statement,omitempty"`
	Release   string    `json:"release,omitempty"` // that the officer spoke of
	Since     time.Time `json:"since,omitzero"`
}

func (s *Server) approvalNow(c echo.Context) (approvalAnswer, error) {
	a, err := s.store.Approval(c.Request().Context())
	if trace.KindOf(err) == trace.NotFound {
		return approvalAnswer{}, nil
	}
	return approvalAnswer{a.Approved && a.Release == s.Version, a.Officer, a.Role, a.Site, a.Statement, a.Release, a.Stamp.Recorded}, err
}

func (s *Server) approval(c echo.Context) error {
	a, err := s.approvalNow(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, a)
}

func (s *Server) approve(c echo.Context) error {
	var q command.Approve
	if err := bind(c, &q); err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	q.Release = s.Version
	if err := s.Recorder.Approve(c.Request().Context(), q); err != nil {
		return err
	}
	a, err := s.approvalNow(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, a)
}
