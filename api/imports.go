package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"implantrace/internal/history"
)

// refusalsMost bounds the refusals, and the notices, that one answer lists; the
// report counts them all.
const refusalsMost = 10_000

type importAnswer struct {
	Report   history.Report    `json:"report"`
	Refusals []history.Refusal `json:"refusals"` // the first ten thousand
	Notices  []history.Notice  `json:"notices"`  // rows that were recorded and want a second look; likewise
}

// importHistory takes JSON lines and answers with what became of them.
func (s *Server) importHistory(c echo.Context) error {
	out := importAnswer{Refusals: []history.Refusal{}, Notices: []history.Notice{}}
	options := history.Options{Source: c.QueryParam("source"), Notice: func(n history.Notice) {
		if len(out.Notices) < refusalsMost {
			out.Notices = append(out.Notices, n)
		}
	}}
	var err error
	out.Report, err = history.Import(c.Request().Context(), s.Recorder, c.Request().Body, options,
		func(r history.Refusal) {
			if len(out.Refusals) < refusalsMost {
				out.Refusals = append(out.Refusals, r)
			}
		})
	if err != nil {
		return err
	}
	s.Desk.Changed()
	return c.JSON(http.StatusOK, out)
}
