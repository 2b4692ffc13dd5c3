package api

import (
	"mime"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"implantrace/internal/check"
	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// checkAnswer is one check with what the site has set of it.
type checkAnswer struct {
	Rule   string       `json:"rule"`
	Asks   string       `json:"asks"`
	Level  trace.Level  `json:"level"` // that holds
	Own    trace.Level  `json:"own_level"`
	Off    bool         `json:"off"`
	Hazard string       `json:"hazard"`
	Reason string       `json:"reason,omitempty"`
	Who    string       `json:"who,omitempty"`
	Since  *trace.Stamp `json:"since,omitempty"`
}

func (s *Server) checksNow(c echo.Context) ([]checkAnswer, error) {
	set, err := s.store.CheckSettings(c.Request().Context())
	if err != nil {
		return nil, err
	}
	var all []checkAnswer
	for _, r := range check.Rules() {
		a := checkAnswer{Rule: r.ID, Asks: r.Asks, Level: r.Level, Own: r.Level, Hazard: r.Hazard}
		for _, one := range set {
			if one.Rule != r.ID {
				continue
			}
			a.Off, a.Reason, a.Who, a.Since = one.Off, one.Reason, one.Who, &one.Stamp
			if one.Level != "" {
				a.Level = one.Level
			}
		}
		all = append(all, a)
	}
	return all, nil
}

func (s *Server) checks(c echo.Context) error {
	all, err := s.checksNow(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page[checkAnswer]{Items: all})
}

func (s *Server) setCheck(c echo.Context) error {
	var q command.SetCheck
	if err := bind(c, &q); err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	if err := s.Recorder.SetCheck(c.Request().Context(), q); err != nil {
		return err
	}
	s.Desk.Changed()
	return c.JSON(http.StatusCreated, map[string]any{"id": q.ID, "recorded": true})
}

func (s *Server) checkCounts(c echo.Context) error {
	from, to, err := period(c, s.Recorder.Zone())
	if err != nil {
		return err
	}
	counts, err := s.Recorder.RuleCounts(c.Request().Context(), from, to)
	if err != nil {
		return whole(err)
	}
	return c.JSON(http.StatusOK, page[command.RuleCount]{Items: counts})
}

func (s *Server) quarantinesNow(c echo.Context) ([]trace.Quarantine, error) {
	all := []trace.Quarantine{}
	for q, err := range s.store.Quarantines(c.Request().Context(), "") {
		if err != nil {
			return nil, whole(err)
		}
		all = append(all, q)
	}
	return all, nil
}

func (s *Server) quarantines(c echo.Context) error {
	all, err := s.quarantinesNow(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page[trace.Quarantine]{Items: all})
}

func (s *Server) quarantine(c echo.Context) error {
	var q command.Quarantine
	if err := bind(c, &q); err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	id, err := s.Recorder.Quarantine(c.Request().Context(), q)
	if err != nil {
		return err
	}
	s.Desk.Changed()
	return s.answerQuarantine(c, http.StatusCreated, id)
}

func (s *Server) answerQuarantine(c echo.Context, status int, id trace.QuarantineID) error {
	q, err := s.store.Quarantine(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return c.JSON(status, q)
}

func (s *Server) release(c echo.Context) error {
	var q command.Release
	id, err := bindAt(c, &q, &q.Quarantine, "quarantines")
	if err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	if err := s.Recorder.Release(c.Request().Context(), q); err != nil {
		return err
	}
	s.Desk.Changed()
	return s.answerQuarantine(c, http.StatusOK, id)
}

// quarantineList takes a CSV of quarantines; its id is in the address.
func (s *Server) quarantineList(c echo.Context) error {
	if ct, _, _ := mime.ParseMediaType(c.Request().Header.Get(echo.HeaderContentType)); ct != "text/csv" {
		return trace.Errorf(trace.Invalid, "The list wants the content type text/csv.")
	}
	id, err := trace.ParseID[trace.OfEvent](c.QueryParam("id"))
	if err != nil {
		return err
	}
	m := command.Meta{ID: id}
	by(c, &m, viaAPI)
	rows, err := s.Recorder.QuarantineCSV(c.Request().Context(), m, c.Request().Body)
	if err != nil {
		return err
	}
	if rows == nil {
		rows = []command.QuarantineRow{}
	}
	s.Desk.Changed()
	return c.JSON(http.StatusOK, page[command.QuarantineRow]{Items: rows})
}

func (s *Server) setPlan(c echo.Context) error {
	var q command.SetPlan
	id, err := bindAt(c, &q, &q.Procedure, "procedures")
	if err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	if err := s.Recorder.SetPlan(c.Request().Context(), q); err != nil {
		return err
	}
	s.Desk.Changed()
	return s.answerPlan(c, id)
}

func (s *Server) plan(c echo.Context) error {
	id, err := pathID[trace.OfProcedure](c)
	if err != nil {
		return err
	}
	return s.answerPlan(c, id)
}

func (s *Server) answerPlan(c echo.Context, id trace.ProcedureID) error {
	p, err := s.store.Plan(c.Request().Context(), id)
	if err != nil {
		return err
	}
	if p.Items == nil {
		p.Items = []trace.PlanItem{}
	}
	return c.JSON(http.StatusOK, p)
}

// countsFor is how far back the page on checks counts.
const countsFor = 3 * 31 * 24 * time.Hour

func (s *Server) pageChecks(c echo.Context) error {
	f, err := s.frame(c, "Checks")
	if err != nil {
		return err
	}
	data := struct {
		frame
		Checks []checkAnswer
		Counts []command.RuleCount
	}{frame: f}
	if data.Checks, err = s.checksNow(c); err != nil {
		return err
	}
	if data.Counts, err = s.Recorder.RuleCounts(c.Request().Context(), s.Recorder.Clock().Add(-countsFor), time.Time{}); err != nil {
		return whole(err)
	}
	return s.render(c, http.StatusOK, "checks", "layout", data)
}

func (s *Server) formCheck(c echo.Context) error {
	id, err := formID(c)
	if err != nil {
		return err
	}
	q := command.SetCheck{Rule: field(c, "rule"), Level: trace.Level(field(c, "level")), Off: field(c, "off") == "true", Reason: field(c, "reason"), Who: field(c, "who")}
	q.ID = id
	by(c, &q.Meta, "page")
	if err := s.Recorder.SetCheck(c.Request().Context(), q); err != nil {
		return err
	}
	s.Desk.Changed()
	return settled(c, "/checks")
}

func (s *Server) pageQuarantine(c echo.Context) error {
	f, err := s.frame(c, "Quarantine")
	if err != nil {
		return err
	}
	data := struct {
		frame
		Quarantines []trace.Quarantine
	}{frame: f}
	if data.Quarantines, err = s.quarantinesNow(c); err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "quarantine", "layout", data)
}

func (s *Server) formQuarantine(c echo.Context) error {
	id, err := formID(c)
	if err != nil {
		return err
	}
	q := command.Quarantine{DI: field(c, "di"), Lots: linesOf(field(c, "lots")), Serials: linesOf(field(c, "serials")), SerialFrom: field(c, "serial_from"),
		SerialTo: field(c, "serial_to"), Reason: field(c, "reason"), Who: field(c, "who")}
	q.ID = id
	by(c, &q.Meta, "page")
	if _, err := s.Recorder.Quarantine(c.Request().Context(), q); err != nil {
		return err
	}
	s.Desk.Changed()
	return settled(c, "/quarantine")
}

func (s *Server) formRelease(c echo.Context) error {
	id, err := formID(c)
	if err != nil {
		return err
	}
	q := command.Release{Reason: field(c, "reason"), Who: field(c, "who")}
	if q.Quarantine, err = pathID[trace.OfQuarantine](c); err != nil {
		return err
	}
	q.ID = id
	by(c, &q.Meta, "page")
	if err := s.Recorder.Release(c.Request().Context(), q); err != nil {
		return err
	}
	s.Desk.Changed()
	return settled(c, "/quarantine")
}
