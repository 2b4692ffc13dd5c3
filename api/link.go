package api

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// recordOf is one of the records of a person.
type recordOf struct {
	ID       trace.PatientID `json:"id"`
	Identity trace.Identity  `json:"identity"`
	Shown    bool            `json:"shown"` // as the person
}

// linksOf gives the links of a patient, or all for the zero id, with who said each
// and why.
func (s *Server) linksOf(ctx context.Context, id trace.PatientID) ([]command.LinkTold, error) {
	all := []command.LinkTold{}
	for l, err := range s.store.Links(ctx, id) {
		if err != nil {
			return nil, err
		}
		told, err := s.Recorder.TellLink(ctx, l)
		if err != nil {
			return nil, whole(err)
		}
		all = append(all, told)
	}
	return all, nil
}

// sawLinked notes that somebody saw whose records are linked.
func (s *Server) sawLinked(c echo.Context, all []command.LinkTold) error {
	var ids []trace.PatientID
	for _, l := range all {
		ids = append(ids, l.Survives, l.Other)
	}
	return s.saw(c, ids)
}

func (s *Server) listLinks(c echo.Context) error {
	var of trace.PatientID
	if p := c.QueryParam("patient"); p != "" {
		var err error
		if of, err = trace.ParseID[trace.OfPatient](p); err != nil {
			return err
		}
	}
	all, err := s.linksOf(c.Request().Context(), of)
	if err != nil {
		return err
	}
	if err := s.sawLinked(c, all); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page[command.LinkTold]{Items: all})
}

func (s *Server) linkPatients(c echo.Context) error {
	var q command.LinkPatients
	if err := bind(c, &q); err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	out, err := s.Recorder.LinkPatients(c.Request().Context(), q)
	if err != nil {
		return err
	}
	s.Desk.Changed()
	return c.JSON(http.StatusCreated, out)
}

func (s *Server) unlinkPatients(c echo.Context) error {
	var q command.UnlinkPatients
	if _, err := bindAt(c, &q, &q.Link, "links"); err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	out, err := s.Recorder.UnlinkPatients(c.Request().Context(), q)
	if err != nil {
		return err
	}
	s.Desk.Changed()
	return c.JSON(http.StatusOK, out)
}

// pairAsked names two records, each by its id or by a number.
type pairAsked struct {
	A command.Who `json:"a"`
	B command.Who `json:"b"`
}

func (s *Server) comparePatients(c echo.Context) error {
	var q pairAsked
	if err := bind(c, &q); err != nil {
		return err
	}
	out, err := s.compared(c, q)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

// compared finds both records and sets them beside each other.
func (s *Server) compared(c echo.Context, q pairAsked) (command.Comparison, error) {
	ctx := c.Request().Context()
	var ids []trace.PatientID
	for _, w := range []command.Who{q.A, q.B} {
		id, err := s.Recorder.OneRecord(ctx, w)
		if err != nil {
			return command.Comparison{}, err
		}
		ids = append(ids, id)
	}
	out, err := s.Recorder.ComparePatients(ctx, ids[0], ids[1])
	if err != nil {
		return out, err
	}
	return out, s.saw(c, ids)
}
