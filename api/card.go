package api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"implantrace/internal/card"
	"implantrace/internal/document"
	"implantrace/internal/trace"
)

// theCard gathers what a patient is given about a procedure.
func (s *Server) theCard(c echo.Context) (card.Card, trace.ProcedureInFull, error) {
	id, err := pathID[trace.OfProcedure](c)
	if err != nil {
		return card.Card{}, trace.ProcedureInFull{}, err
	}
	p, err := s.procedureInFull(c.Request().Context(), id)
	if err != nil {
		return card.Card{}, p, err
	}
	if p.Procedure.Withdrawn {
		return card.Card{}, p, trace.Errorf(trace.Conflict, "This procedure was withdrawn from the record: nothing is printed of it.")
	}
	if p.Identity.Provisional != "" {
		return card.Card{}, p, trace.Errorf(trace.Conflict, "Nobody has identified this patient yet: a card in a temporary name would say nothing of whose implant it is, and might be kept. Identify the patient, or link the record with the patient's own, then print it.")
	}
	if p.Identity.Erased || p.Identity.Sealed {
		return card.Card{}, p, trace.Errorf(trace.Conflict, "Who the patient is cannot be read: nothing is printed.")
	}
	return card.Of(p, s.Hospital, s.Recorder.Zone()), p, nil
}

func (s *Server) cardPDF(c echo.Context) error {
	name := c.QueryParam("size")
	if name == "" {
		name = card.Small.Name
	}
	f, ok := card.FormatNamed(name)
	if !ok {
		return trace.Errorf(trace.Invalid, `The card's size is "card" or "a4".`)
	}
	k, _, err := s.theCard(c)
	if err != nil {
		return err
	}
	b, err := k.PDF(f, s.Recorder.Clock())
	return sendPDF(c, "implant-card.pdf", b, err)
}

func (s *Server) notesPDF(c echo.Context) error {
	_, p, err := s.theCard(c)
	if err != nil {
		return err
	}
	b, err := card.Notes(p, s.Hospital, s.Recorder.Zone(), s.Recorder.Clock())
	return sendPDF(c, "implant-record.pdf", b, err)
}

// sendPDF answers with a PDF, or says why there is none.
func sendPDF(c echo.Context, name string, b []byte, err error) error {
	switch {
	case errors.Is(err, card.ErrNoImplant):
		return trace.Errorf(trace.Invalid, "%s.", strings.ToUpper(err.Error()[:1])+err.Error()[1:])
	case errors.Is(err, document.ErrLetters):
		return trace.Errorf(trace.Invalid, "It cannot be printed: %w. Write the card by hand.", err)
	case err != nil:
		return err
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, `inline; filename="`+name+`"`)
	return c.Blob(http.StatusOK, "application/pdf", b)
}

func (s *Server) pageCard(c echo.Context) error {
	f, err := s.frame(c, "Implant card")
	if err != nil {
		return err
	}
	k, p, err := s.theCard(c)
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "card", "layout", struct {
		frame
		Card      card.Card
		Procedure trace.Procedure
	}{f, k, p.Procedure})
}
