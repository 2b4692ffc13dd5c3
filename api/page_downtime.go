package api

import (
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// viaPaper marks what was entered from a downtime form: it happened at the times
// that it says, and nothing was checked then.
const viaPaper = "downtime form"

// paperReason is what stands with a device that would have been stopped or
// warned of, when the form gives no reason of its own.
const paperReason = "Used while nothing could be checked; entered from a downtime form."

// paperRows is how many devices one form has room for.
const paperRows = 12

// downtimePage shows the form for paper, or the one to enter it by.
type downtimePage struct {
	frame
	Rows     []int
	Outcomes []offer
	Zone     string
}

func (s *Server) downtime(c echo.Context, title string) (downtimePage, error) {
	f, err := s.frame(c, title)
	p := downtimePage{frame: f, Zone: s.Recorder.Zone().String()}
	for i := range paperRows {
		p.Rows = append(p.Rows, i+1)
	}
	for _, st := range trace.Statuses() {
		if words, ok := offerWords[st]; ok && st.Outcome() {
			p.Outcomes = append(p.Outcomes, offer{Value: string(st), Words: words})
		}
	}
	return p, err
}

// pageDowntime is the form for paper: it is printed before it is needed.
func (s *Server) pageDowntime(c echo.Context) error {
	p, err := s.downtime(c, "Downtime form")
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "downtime", "layout", p)
}

func (s *Server) pagePaper(c echo.Context) error {
	p, err := s.downtime(c, "Enter a downtime form")
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "paper", "layout", p)
}

// formPaper records a whole form. Nothing is recorded before all of it can be
// read; sent again, it goes on where it stopped.
func (s *Server) formPaper(c echo.Context) error {
	id, err := formID(c)
	if err != nil {
		return err
	}
	at := func(name, what string) (time.Time, error) { return s.dayAndTime(field(c, name), what) }
	meta := func(id trace.EventID, occurred time.Time) (m command.Meta) {
		m.ID, m.Occurred = id, occurred
		by(c, &m, viaPaper)
		return m
	}
	q := command.OpenProcedure{Code: trace.Code{Code: field(c, "code"), Text: field(c, "text")}, Side: trace.Side(field(c, "side")), Place: trace.Place{Name: field(c, "place")},
		Who:  command.Who{NHSNumber: field(c, "nhs_number"), LocalNumber: field(c, "local_number"), LocalIssuer: field(c, "local_issuer")},
		Note: "Entered from a downtime form."}
	if q.Start, err = at("start", "The start"); err != nil {
		return err
	}
	if q.End, err = at("end", "The end"); err != nil {
		return err
	}
	if q.Start.IsZero() || q.End.IsZero() {
		return trace.Errorf(trace.Invalid, "Say when the procedure started and ended, as the form has it.")
	}
	if q.Code.Code != "" {
		q.Code.System = "OPCS-4"
	}
	if name := field(c, "surgeon"); name != "" {
		q.People = []trace.Person{{Name: name, Role: "surgeon"}}
	}
	q.Meta = meta(id, q.Start)
	var rows []command.RecordUsage
	for i := range paperRows {
		n := i + 1
		text := field(c, fmt.Sprintf("text_%d", n))
		if text == "" {
			continue
		}
		used, err := at(fmt.Sprintf("at_%d", n), fmt.Sprintf("The time of device %d", n))
		if err != nil {
			return err
		}
		if used.IsZero() {
			used = q.Start
		}
		u := command.RecordUsage{Meta: meta(trace.DeriveID[trace.OfEvent](id, fmt.Sprint("device ", n)), used), Procedure: trace.ProcedureID(id),
			Carriers: []trace.Carrier{{Text: text}}, Status: trace.Status(field(c, fmt.Sprintf("status_%d", n))), Reason: field(c, fmt.Sprintf("reason_%d", n))}
		if !u.Status.Outcome() {
			return trace.Errorf(trace.Invalid, "Say what became of device %d.", n)
		}
		if u.Reason == "" {
			u.Reason = paperReason
		}
		if _, err := command.Understood(u.Carriers, u.Device, s.Recorder.Clock()); err != nil {
			return trace.Errorf(trace.KindOf(err), "Device %d: %w", n, err)
		}
		rows = append(rows, u)
	}
	ctx := c.Request().Context()
	if _, err := s.Recorder.OpenProcedure(ctx, q); err != nil {
		return err
	}
	for i, u := range rows {
		if _, err := s.Recorder.RecordUsage(ctx, u); err != nil {
			return trace.Errorf(trace.KindOf(err), "The procedure and %d of its devices are recorded. Send the form again to go on. %w", i, err)
		}
	}
	return settled(c, "/procedures/"+trace.ProcedureID(id).String())
}
