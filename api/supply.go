package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"implantrace/internal/command"
	"implantrace/internal/sheet"
	"implantrace/internal/trace"
)

// markSupply says whose a device was until it was used.
func (s *Server) markSupply(c echo.Context) error {
	var q command.MarkSupply
	id, err := bindAt(c, &q, &q.Usage, "usages")
	if err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	if err := s.Recorder.MarkSupply(c.Request().Context(), q); err != nil {
		return err
	}
	s.Desk.Changed()
	return s.answerUsage(c, http.StatusOK, id)
}

func (s *Server) formSupply(c echo.Context) error {
	return s.usageForm(c, func(ctx context.Context, m command.Meta, usage trace.UsageID) error {
		return s.Recorder.MarkSupply(ctx, command.MarkSupply{Meta: m, Usage: usage,
			Supply: trace.Supply{Kind: trace.SupplyKind(field(c, "supply")), Supplier: field(c, "supplier"), Reference: field(c, "reference")}})
	})
}

// supplied are the devices of suppliers of the period that a query names: of the last
// month where it names none.
func (s *Server) supplied(c echo.Context) (rows [][]string, from, to time.Time, err error) {
	now := s.Recorder.Clock().In(s.Recorder.Zone())
	day := func(name string, otherwise time.Time) (time.Time, error) {
		v := c.QueryParam(name)
		if v == "" {
			return otherwise, nil
		}
		t, err := time.ParseInLocation(time.DateOnly, v, s.Recorder.Zone())
		if err != nil {
			return t, trace.Errorf(trace.Invalid, "%s is no date (YYYY-MM-DD).", name)
		}
		return t, nil
	}
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	if from, err = day("from", today.AddDate(0, -1, 0)); err != nil {
		return nil, from, to, err
	}
	if to, err = day("to", today); err != nil {
		return nil, from, to, err
	}
	if to.Before(from) {
		return nil, from, to, trace.Errorf(trace.Invalid, "The period ends before it begins.")
	}
	rows, err = s.Recorder.Supplied(c.Request().Context(), from, to)
	return rows, from, to, err
}

func (s *Server) exportSupplied(c echo.Context) error {
	rows, _, _, err := s.supplied(c)
	if err != nil {
		return err
	}
	b, err := sheet.CSV(rows)
	if err != nil {
		return err
	}
	return send(c, "text/csv; charset=utf-8", "supplied.csv", func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

func (s *Server) pageSupplied(c echo.Context) error {
	f, err := s.frame(c, "Loan and consignment")
	if err != nil {
		return err
	}
	p := struct {
		frame
		From, To string
		Problem  string
		Rows     [][]string
	}{frame: f}
	rows, from, to, err := s.supplied(c)
	status := http.StatusOK
	if err != nil {
		problem := problemOf(err)
		if problem.Status >= 500 {
			return err
		}
		p.Problem, p.From, p.To, status = problem.Detail, c.QueryParam("from"), c.QueryParam("to"), problem.Status
		return s.render(c, status, "supplied", "layout", p)
	}
	p.From, p.To, p.Rows = from.Format(time.DateOnly), to.Format(time.DateOnly), rows[1:]
	return s.render(c, status, "supplied", "layout", p)
}
