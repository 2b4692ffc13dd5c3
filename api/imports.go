package api

import (
	"errors"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"implantrace/internal/history"
	"implantrace/internal/trace"
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
	body := &upload{from: c.Request().Body}
	var err error
	out.Report, err = history.Import(c.Request().Context(), s.Recorder, body, options,
		func(r history.Refusal) {
			if len(out.Refusals) < refusalsMost {
				out.Refusals = append(out.Refusals, r)
			}
		})
	if err != nil {
		return body.why(err)
	}
	s.Desk.Changed()
	return c.JSON(http.StatusOK, out)
}

// upload is a file on its way in. It remembers what kept it from being read, so
// that a sender that breaks off is told from a store that fails.
type upload struct {
	from io.Reader
	err  error
}

// Read is io.Reader's.
func (u *upload) Read(p []byte) (int, error) {
	n, err := u.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		u.err = err
	}
	return n, err
}

// why is the error of an import that reads u.
func (u *upload) why(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case u.err == nil:
		return err
	case errors.As(u.err, &tooLarge):
		return u.err
	}
	return trace.Errorf(trace.Invalid, "The file broke off before its end. Rows before that are recorded; send it again.")
}
