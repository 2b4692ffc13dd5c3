package api

import (
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"implantrace/internal/history"
	"implantrace/internal/sheet"
	"implantrace/internal/trace"
)

// mappingMost bounds a mapping, in bytes.
const mappingMost = 256 << 10

type tableAnswer struct {
	history.TableReport
	Refusals []history.Refusal `json:"refusals"` // the first ten thousand
	Notices  []history.Notice  `json:"notices"`  // likewise
}

// importTable takes a table, CSV or XLSX, with a mapping of its columns.
func (s *Server) importTable(c echo.Context) error {
	a, err := s.tableForm(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, a)
}

// part is the content of a file of a form.
func part(c echo.Context, name, what string, most int64) ([]byte, error) {
	file, _, err := c.Request().FormFile(name)
	if err != nil {
		return nil, trace.Errorf(trace.Invalid, "Choose %s.", what)
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, most+1))
	if err != nil {
		return nil, unread(err)
	}
	if int64(len(b)) > most {
		return nil, trace.Errorf(trace.TooLarge, "The file is too large for %s.", what)
	}
	return b, nil
}

func (s *Server) tableForm(c echo.Context) (a tableAnswer, err error) {
	a = tableAnswer{Refusals: []history.Refusal{}, Notices: []history.Notice{}}
	text, err := part(c, "mapping", "the mapping of the columns", mappingMost)
	if err != nil {
		return a, err
	}
	m, err := history.ReadMapping(text)
	if err != nil {
		return a, err
	}
	b, err := part(c, "file", "the table", sheet.BytesMost)
	if err != nil {
		return a, err
	}
	rows, err := table(b)
	if err != nil {
		return a, err
	}
	a.TableReport, err = history.ImportTable(c.Request().Context(), s.Recorder, rows, m, history.Options{Source: field(c, "source"), Notice: func(n history.Notice) {
		if len(a.Notices) < refusalsMost {
			a.Notices = append(a.Notices, n)
		}
	}}, func(r history.Refusal) {
		if len(a.Refusals) < refusalsMost {
			a.Refusals = append(a.Refusals, r)
		}
	})
	a.Unused = list(a.Unused)
	if err == nil {
		s.Desk.Changed()
	}
	return a, err
}

// formImportTable is importTable for the page.
func (s *Server) formImportTable(c echo.Context) error {
	f, err := s.frame(c, "Import")
	if err != nil {
		return err
	}
	p := importPage{frame: f, Source: field(c, "source")}
	a, err := s.tableForm(c)
	if err != nil {
		problem := problemOf(err)
		if problem.Status >= 500 {
			return err
		}
		p.Problem = problem.Detail
		return s.render(c, problem.Status, "import", "layout", p)
	}
	p.Report, p.Refusals, p.Notices, p.Unused = &a.Report, a.Refusals, a.Notices, a.Unused
	return s.render(c, http.StatusOK, "import", "layout", p)
}
