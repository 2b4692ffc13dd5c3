package api

import (
	"encoding/json"
	"net/http"

	"github.com/labstack/echo/v4"

	published "implantrace/docs"
	"implantrace/internal/recall"
)

// noticeMost bounds a request with a notice: 100,000 serial numbers fit.
const noticeMost = 16 << 20

type recallRequest struct {
	recall.Criteria
	From string `json:"from"` // a day (YYYY-MM-DD) or a time (RFC 3339); short for implanted.from
	To   string `json:"to"`   // likewise; a day is included
}

// criteria are the criteria that are asked for.
func (q recallRequest) criteria() recall.Criteria {
	c := q.Criteria
	if q.From != "" {
		c.Implanted.From = q.From
	}
	if q.To != "" {
		c.Implanted.To = q.To
	}
	return c
}

func (s *Server) searchRecall(c echo.Context) error {
	var q recallRequest
	if err := bind(c, &q); err != nil {
		return err
	}
	a, err := s.recall(c, q.criteria())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, a)
}

func (s *Server) recall(c echo.Context, criteria recall.Criteria) (recall.Answer, error) {
	m, err := criteria.Compile(s.Recorder.Zone())
	if err != nil {
		return recall.Answer{}, err
	}
	a, err := recall.Search(c.Request().Context(), s.store, m, s.Recorder.Clock())
	a.Coverage.Nodes = list(a.Coverage.Nodes)
	return a, whole(err)
}

// matchNotice streams a line for each match of a notice, and a last one with
// the coverage.
func (s *Server) matchNotice(c echo.Context) error {
	var n recall.Notice
	if err := bind(c, &n); err != nil {
		return err
	}
	n, err := n.Checked()
	if err != nil {
		return err
	}
	m, err := n.Criteria.Compile(s.Recorder.Zone())
	if err != nil {
		return err
	}
	w := c.Response()
	w.Header().Set(echo.HeaderContentType, "application/x-ndjson; charset=utf-8")
	rc := http.NewResponseController(w)
	lines := json.NewEncoder(w)
	lines.SetEscapeHTML(false)
	var last recall.Last
	sent := 0
	for found, err := range recall.Matches(c.Request().Context(), s.store, m, s.Recorder.Clock(), &last.Coverage) {
		if err != nil {
			return whole(err)
		}
		line := found.Line()
		last.Tiers.Add(line.Tier)
		if err := lines.Encode(line); err != nil {
			return nil // the caller is gone
		}
		// The first row is there at once; later ones go out as the buffer fills.
		if sent++; sent == 1 {
			_ = rc.Flush()
		}
	}
	last.Coverage.Nodes = list(last.Coverage.Nodes)
	return lines.Encode(last)
}

func (s *Server) noticeSchema(c echo.Context) error {
	return c.Blob(http.StatusOK, "application/schema+json", published.NoticeSchema)
}
