package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"implantrace/internal/registry"
	"implantrace/internal/trace"
)

// incidentRequest is what a program or the page says of an incident. With a usage the
// device and the reasons are the record's.
type incidentRequest struct {
	Usage       trace.UsageID           `json:"usage,omitzero"`
	Device      registry.IncidentDevice `json:"device"`
	Answers     []incidentAnswer        `json:"answers"`
	Day         string                  `json:"day,omitempty"`
	Time        string                  `json:"time,omitempty"`
	Used        bool                    `json:"used,omitempty"`
	Description string                  `json:"description"`
	Actions     string                  `json:"actions,omitempty"`
	YellowCard  string                  `json:"yellow_card,omitempty"`
	// Organisation is the code of whoever reports; with a usage that of its place, where
	// the directory has it.
	Organisation string `json:"organisation,omitempty"`
}

// incidentAnswer is the answer to one question of a report.
type incidentAnswer struct {
	Element string   `json:"element"` // of the taxonomy
	Codes   []string `json:"codes"`
}

// incidentOf is what the record knows of a device, and whose it is. Without a usage
// nobody's.
func (s *Server) incidentOf(c echo.Context, id trace.UsageID) (q registry.Incident, who trace.Identity, err error) {
	q.Answers = map[string][]string{}
	if id.IsZero() {
		return q, who, nil
	}
	ctx := c.Request().Context()
	u, err := s.store.Usage(ctx, id)
	if err != nil {
		return q, who, err
	}
	full, err := trace.InFull(ctx, s.store, u)
	if err != nil {
		return q, who, whole(err)
	}
	site := ""
	if !u.Procedure.IsZero() {
		of, err := registry.CaseOf(ctx, s.store, trace.ProcedureInFull{Procedure: full.Procedure, Identity: full.Identity}, s.Recorder.Zone())
		if err != nil {
			return q, who, whole(err)
		}
		site = of.Site
	}
	return registry.IncidentOf(full, site, s.Recorder.Zone()), full.Identity, nil
}

// told is what a request says, over what the record knows.
func (s *Server) told(c echo.Context, r incidentRequest) (registry.Incident, error) {
	q, who, err := s.incidentOf(c, r.Usage)
	if err != nil {
		return q, err
	}
	if r.Usage.IsZero() {
		q.Device = r.Device
		q.Used = r.Used
	} else if r.Device != (registry.IncidentDevice{}) {
		return q, trace.Errorf(trace.Invalid, "The device is the record's. Put it right there, or make the draft by hand.")
	}
	q.Answers = map[string][]string{}
	for _, a := range r.Answers {
		q.Answers[a.Element] = append(q.Answers[a.Element], a.Codes...)
	}
	q.Day, q.Time, q.Description, q.Actions, q.YellowCard = r.Day, r.Time, r.Description, r.Actions, r.YellowCard
	if r.Organisation != "" {
		q.Organisation = r.Organisation
	}
	if err := q.Check(s.Recorder.Clock(), s.Recorder.Zone()); err != nil {
		return q, err
	}
	if q.Names(who) {
		return q, trace.Errorf(trace.Invalid, "The text names the patient, or holds an NHS number. A report of an incident goes out of the hospital: say it without.")
	}
	return q, nil
}

// draftIncident gives the draft of a report.
func (s *Server) draftIncident(c echo.Context) error {
	var r incidentRequest
	if err := bind(c, &r); err != nil {
		return err
	}
	q, err := s.told(c, r)
	if err != nil {
		return err
	}
	return s.sendIncident(c, q)
}

func (s *Server) sendIncident(c echo.Context, q registry.Incident) error {
	draft, err := q.Draft(s.Recorder.Clock(), s.Recorder.Zone())
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="lfpse-draft.json"`)
	return c.Blob(http.StatusOK, "application/fhir+json; charset=utf-8", draft)
}

type incidentPage struct {
	frame
	registry.Incident
	Usage   trace.UsageID
	Problem string
	Ready   bool   // the draft can be made
	Draft   string // as it would be
}

// Questions are asked on the page.
func (incidentPage) Questions() []registry.IncidentQuestion { return registry.IncidentQuestions() }

// Actuality says whether something happened to the patient.
func (p incidentPage) Actuality() string {
	if p.Used {
		return "The device was used on the patient: the event is told as actual."
	}
	return "The device was not used on the patient, as far as is recorded: the event is told as potential."
}

// Label is what the draft is.
func (incidentPage) Label() string { return registry.IncidentDraft }

// Chosen reports whether a code is given.
func (p incidentPage) Chosen(key, code string) bool { return slices.Contains(p.Answers[key], code) }

func (s *Server) pageIncident(c echo.Context) error {
	f, err := s.frame(c, "Incident report")
	if err != nil {
		return err
	}
	p := incidentPage{frame: f}
	if id := c.QueryParam("usage"); id != "" {
		if p.Usage, err = trace.ParseID[trace.OfUsage](id); err != nil {
			return err
		}
	}
	if p.Incident, _, err = s.incidentOf(c, p.Usage); err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "incident", "layout", p)
}

// formIncident shows the draft, or gives it.
func (s *Server) formIncident(c echo.Context) error {
	f, err := s.frame(c, "Incident report")
	if err != nil {
		return err
	}
	r := incidentRequest{Day: field(c, "day"), Time: field(c, "time"), Used: field(c, "used") == "yes", YellowCard: field(c, "yellow_card"), Organisation: field(c, "organisation"),
		Description: strings.ReplaceAll(field(c, "description"), "\r\n", "\n"), Actions: strings.ReplaceAll(field(c, "actions"), "\r\n", "\n")}
	if id := field(c, "usage"); id != "" {
		if r.Usage, err = trace.ParseID[trace.OfUsage](id); err != nil {
			return err
		}
	} else {
		r.Device = registry.IncidentDevice{DI: field(c, "di"), UDI: field(c, "udi"), Lot: field(c, "lot"), Serial: field(c, "serial"), Expiry: field(c, "expiry"), Maker: field(c, "maker"),
			Name: field(c, "name"), CatalogueNo: field(c, "catalogue_no")}
	}
	for _, k := range registry.IncidentQuestions() {
		codes := slices.DeleteFunc(slices.Clone(c.Request().PostForm["answer-"+k.Key]), func(code string) bool { return code == "" })
		if len(codes) > 0 {
			r.Answers = append(r.Answers, incidentAnswer{k.Key, codes})
		}
	}
	q, err := s.told(c, r)
	p := incidentPage{frame: f, Incident: q, Usage: r.Usage}
	switch {
	case trace.KindOf(err) == trace.Invalid:
		p.Problem = err.Error()
		return s.render(c, http.StatusUnprocessableEntity, "incident", "layout", p)
	case err != nil:
		return err
	case field(c, "do") == "file":
		return s.sendIncident(c, q)
	}
	draft, err := q.Draft(s.Recorder.Clock(), s.Recorder.Zone())
	if err != nil {
		return err
	}
	p.Ready, p.Draft = true, string(draft)
	return s.render(c, http.StatusOK, "incident", "layout", p)
}
