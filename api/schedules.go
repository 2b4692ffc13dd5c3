package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"implantrace/internal/delivery"
	"implantrace/internal/registry"
	"implantrace/internal/trace"
)

// schedule is how a scheduled export does.
type schedule struct {
	Name     string      `json:"name"`
	Registry string      `json:"registry"`
	Title    string      `json:"title"`
	Section  string      `json:"section,omitempty"`
	Mapping  string      `json:"mapping,omitempty"`
	GLN      string      `json:"gln,omitempty"`
	Period   string      `json:"period"`
	Full     bool        `json:"full"`
	Every    int         `json:"every_seconds"`
	To       string      `json:"to"` // without what an address has behind a question mark
	Accepted bool        `json:"accepted_when_delivered"`
	Last     trace.RunID `json:"last,omitzero"`
	Due      time.Time   `json:"due,omitzero"`
	Trouble  string      `json:"trouble,omitempty"`
	Tries    int         `json:"tries"` // that failed since the last delivery
	Next     time.Time   `json:"next_try,omitzero"`
}

// Often is how often it is made, for a person.
func (s schedule) Often() string {
	every := time.Duration(s.Every) * time.Second
	if day := 24 * time.Hour; every%day == 0 {
		if every == day {
			return "every day"
		}
		return "every " + strconv.Itoa(int(every/day)) + " days"
	}
	return "every " + every.String()
}

func (s *Server) schedules() []schedule {
	all := []schedule{}
	if s.Schedules == nil {
		return all
	}
	for _, d := range s.Schedules() {
		all = append(all, newSchedule(d))
	}
	return all
}

func newSchedule(d delivery.State) schedule {
	out := schedule{Name: d.Name, Registry: d.Registry, Title: d.Registry, Section: d.Section, Mapping: d.Mapping, GLN: d.GLN, Period: d.Period, Full: d.Full, Every: int(d.Every / time.Second), To: d.Shown(),
		Accepted: d.Accepted, Last: d.Last, Due: d.Due, Trouble: d.Trouble, Tries: d.Tries, Next: d.Next}
	if e, ok := registry.ExportNamed(d.Registry); ok {
		out.Title = e.Title
	}
	return out
}

func (s *Server) listSchedules(c echo.Context) error {
	return c.JSON(http.StatusOK, page[schedule]{Items: s.schedules()})
}
