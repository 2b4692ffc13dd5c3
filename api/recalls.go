package api

import (
	"encoding/json"
	"net/http"

	"github.com/labstack/echo/v4"

	"implantrace/internal/recall"
)

// several is one string or a list of them.
type several []string

// UnmarshalJSON takes both.
func (s *several) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*s = several{""}
		return json.Unmarshal(b, &(*s)[0])
	}
	return json.Unmarshal(b, (*[]string)(s))
}

type recallRequest struct {
	DIs     several `json:"di"`
	Lots    several `json:"lot"`
	Serials several `json:"serial"`
	From    string  `json:"from"` // a day (YYYY-MM-DD) or a time (RFC 3339)
	To      string  `json:"to"`   // likewise; a day is included
}

func (s *Server) searchRecall(c echo.Context) error {
	var q recallRequest
	if err := bind(c, &q); err != nil {
		return err
	}
	a, err := s.recall(c, q)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, a)
}

func (s *Server) recall(c echo.Context, q recallRequest) (recall.Answer, error) {
	criteria := recall.Criteria{DIs: q.DIs, Lots: q.Lots, Serials: q.Serials}
	var err error
	if criteria.From, _, err = moment(q.From, s.Recorder.Zone()); err != nil {
		return recall.Answer{}, err
	}
	to, day, err := moment(q.To, s.Recorder.Zone())
	if err != nil {
		return recall.Answer{}, err
	}
	if criteria.To = to; day {
		criteria.To = to.AddDate(0, 0, 1)
	}
	a, err := recall.Search(c.Request().Context(), s.store, criteria, s.Recorder.Clock())
	a.Coverage.Nodes = list(a.Coverage.Nodes)
	return a, whole(err)
}
