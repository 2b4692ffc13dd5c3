package api

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"implantrace/internal/command"
	"implantrace/internal/registry"
	"implantrace/internal/trace"
)

// brokenOff is the state of a run that was begun and is not being made: the node was
// stopped while it was. Nothing of it can be taken out.
const brokenOff = "broken-off"

// run is a run as it is answered.
type run struct {
	ID       trace.RunID `json:"id"`
	State    string      `json:"state"` // of a [trace.Run], or brokenOff
	Title    string      `json:"title"`
	Draft    bool        `json:"draft"`
	Registry string      `json:"registry"`
	Section  string      `json:"section,omitempty"`
	From     string      `json:"from,omitempty"` // day or time
	To       string      `json:"to,omitempty"`   // likewise; a day is included
	Month    string      `json:"month,omitempty"`
	GLN      string      `json:"gln,omitempty"`
	// Procedure is the one that the run is of.
	Procedure trace.ProcedureID  `json:"procedure,omitzero"`
	Changes   bool               `json:"changes"`
	Mapping   *trace.RunMapping  `json:"mapping,omitempty"`
	Schedule  string             `json:"schedule,omitempty"`
	By        string             `json:"by,omitempty"`
	Begun     time.Time          `json:"begun"`
	Ended     time.Time          `json:"ended,omitzero"` // when its state was said
	Reason    string             `json:"reason,omitempty"`
	Result    *trace.RunResult   `json:"result,omitempty"`
	Progress  *registry.Progress `json:"progress,omitempty"`
	Steps     []runStep          `json:"steps,omitempty"` // of one that was asked for by itself
}

// runStep is one thing that was said of a run.
type runStep struct {
	State  string    `json:"state"`
	At     time.Time `json:"at"`
	By     string    `json:"by"`
	Reason string    `json:"reason,omitempty"`
}

// Words are the step's state for a person.
func (r runStep) Words() string { return run{State: r.State}.Words() }

// stepsOf are all things that were said of a run, opened.
func (s *Server) stepsOf(c echo.Context, r trace.Run) (all []runStep, err error) {
	for _, h := range r.History {
		one := runStep{State: string(h.State), At: h.Stamp.Recorded, By: h.Stamp.By.Name}
		if one.By == "" {
			one.By = h.Stamp.By.Via
		}
		if h.Stamp.Sealed {
			secret, err := s.store.Secret(c.Request().Context(), h.Stamp.Position)
			if err != nil {
				return nil, err
			}
			if secret != nil {
				one.Reason = secret.Note
			}
		}
		all = append(all, one)
	}
	return all, nil
}

// Words are the run's state for a person.
func (r run) Words() string {
	switch r.State {
	case string(trace.RunBegun):
		return "Being made"
	case brokenOff:
		return "Broken off"
	case string(trace.RunMade):
		return "Made, not answered yet"
	case string(trace.RunSent):
		return "Delivered, not answered yet"
	case string(trace.RunUnsent):
		return "Not delivered"
	}
	return strings.ToUpper(r.State[:1]) + r.State[1:]
}

// Whole reports whether its file can be taken out.
func (r run) Whole() bool { return trace.RunState(r.State).Whole() }

// Making reports whether it is being made.
func (r run) Making() bool { return r.State == string(trace.RunBegun) }

// Of says what the run is of, for a person.
func (r run) Of() string {
	var s []string
	if section, ok := registry.SectionNamed(r.Section); ok {
		s = append(s, section.Title())
	}
	switch {
	case r.Month != "":
		s = append(s, r.Month)
	case !r.Procedure.IsZero():
		s = append(s, "one procedure")
	case r.From != "" && r.To != "":
		s = append(s, r.From+" to "+r.To)
	case r.From != "":
		s = append(s, "from "+r.From)
	case r.To != "":
		s = append(s, "until "+r.To)
	default:
		s = append(s, "all procedures")
	}
	if r.GLN != "" {
		s = append(s, "place "+r.GLN)
	}
	if r.Changes {
		s = append(s, "what is new or changed")
	}
	return strings.Join(s, "; ")
}

// dayOr is a moment as its day where it begins one, in the hospital's calendar.
func dayOr(t time.Time, zone *time.Location, last bool) string {
	if t.IsZero() {
		return ""
	}
	local := t.In(zone)
	if local.Format(time.TimeOnly) != "00:00:00" {
		return local.Format(time.RFC3339)
	}
	if last {
		local = local.AddDate(0, 0, -1)
	}
	return local.Format(time.DateOnly)
}

// runOf is a run as it is answered; its reason is opened.
func (s *Server) runOf(c echo.Context, r trace.Run) (run, error) {
	zone := s.Recorder.Zone()
	out := run{ID: r.ID, State: string(r.State), Registry: r.Scope.Registry, Title: r.Scope.Registry, Section: r.Scope.Section, From: dayOr(r.Scope.From, zone, false), To: dayOr(r.Scope.To, zone, true),
		Month: r.Scope.Month, GLN: r.Scope.Place.GLN, Procedure: r.Scope.Procedure, Changes: r.Scope.Changes, Schedule: r.Scope.Schedule}
	if e, ok := registry.ExportNamed(r.Scope.Registry); ok {
		out.Title, out.Draft = e.Title, e.Draft
	}
	if is := r.Scope.Mapping; is.File != "" {
		out.Mapping = &is
		out.Title += ": " + is.Name
	}
	if len(r.History) > 0 {
		first := r.History[0].Stamp
		out.Begun, out.By = first.Recorded, first.By.Name
		if out.By == "" {
			out.By = first.By.Via
		}
	}
	if r.State.Whole() {
		result := r.Result
		out.Result = &result
	}
	said := r.Said().Stamp
	if r.State == trace.RunBegun {
		if p, ok := s.Runs.Progress(r.ID); ok {
			out.Progress = &p
		} else if now, err := s.store.Run(c.Request().Context(), r.ID); err == nil && now.State != trace.RunBegun {
			return s.runOf(c, now) // it was just made
		} else {
			out.State = brokenOff
		}
		return out, nil
	}
	out.Ended = said.Recorded
	if said.Sealed {
		secret, err := s.store.Secret(c.Request().Context(), said.Position)
		if err != nil {
			return out, err
		}
		if secret != nil {
			out.Reason = secret.Note
		}
	}
	return out, nil
}

// runNamed is the run that an address names.
func (s *Server) runNamed(c echo.Context) (trace.Run, error) {
	id, err := trace.ParseID[trace.OfRun](c.Param("run"))
	if err != nil {
		return trace.Run{}, err
	}
	return s.store.Run(c.Request().Context(), id)
}

func (s *Server) answerRunOf(c echo.Context, status int, id trace.RunID) error {
	r, err := s.store.Run(c.Request().Context(), id)
	if err != nil {
		return err
	}
	out, err := s.runOf(c, r)
	if err != nil {
		return err
	}
	if out.Steps, err = s.stepsOf(c, r); err != nil {
		return err
	}
	return c.JSON(status, out)
}

// newRun is what a run is asked for with: days as people write them.
type newRun struct {
	ID        trace.EventID     `json:"id"`
	Registry  string            `json:"registry"`
	Section   string            `json:"section"`
	From      string            `json:"from"`
	To        string            `json:"to"`
	Month     string            `json:"month"`
	GLN       string            `json:"gln"`
	Procedure trace.ProcedureID `json:"procedure"`
	Changes   bool              `json:"changes"`
	Mapping   string            `json:"mapping"`
}

// asked is the command that it comes to.
func (q newRun) asked(zone *time.Location) (registry.StartRun, error) {
	out := registry.StartRun{Registry: q.Registry, Section: q.Section, Month: q.Month, GLN: q.GLN, Procedure: q.Procedure, Changes: q.Changes, Mapping: q.Mapping}
	out.ID = q.ID
	var err error
	if out.From, _, err = moment(q.From, zone); err != nil {
		return out, err
	}
	to, day, err := moment(q.To, zone)
	if day {
		to = to.AddDate(0, 0, 1)
	}
	out.To = to
	return out, err
}

func (s *Server) startRun(c echo.Context) error {
	var q newRun
	if err := bind(c, &q); err != nil {
		return err
	}
	start, err := q.asked(s.Recorder.Zone())
	if err != nil {
		return err
	}
	by(c, &start.Meta, viaAPI)
	id, err := s.Runs.Start(c.Request().Context(), start)
	if err != nil {
		return err
	}
	return s.answerRunOf(c, http.StatusCreated, id)
}

// runsShown is how many runs a page shows.
const runsShown = 50

// latestRuns are the last runs, newest first, and how many there are.
func (s *Server) latestRuns(c echo.Context, most int) (out []run, total int, err error) {
	var all []trace.Run
	for r, err := range s.store.Runs(c.Request().Context()) {
		if err != nil {
			return nil, 0, err
		}
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b trace.Run) int { return b.Compare(a) })
	out = []run{}
	for _, r := range all[:min(most, len(all))] {
		one, err := s.runOf(c, r)
		if err != nil {
			return nil, 0, err
		}
		out = append(out, one)
	}
	return out, len(all), nil
}

func (s *Server) listRuns(c echo.Context) error {
	most, err := limit(c)
	if err != nil {
		return err
	}
	all, total, err := s.latestRuns(c, most)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct {
		Items []run `json:"items"`
		Total int   `json:"total"`
	}{all, total})
}

func (s *Server) exportRun(c echo.Context) error {
	r, err := s.runNamed(c)
	if err != nil {
		return err
	}
	return s.answerRunOf(c, http.StatusOK, r.ID)
}

// exportRunFile gives the bytes of a run as they were made, or none of them.
func (s *Server) exportRunFile(c echo.Context) error {
	r, err := s.runNamed(c)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	err = registry.WriteRun(c.Request().Context(), s.store, r, func() {
		export, _ := registry.ExportNamed(r.Scope.Registry) // of a run that was made there is one
		h.Set(echo.HeaderContentType, export.ContentType())
		h.Set(echo.HeaderContentDisposition, `attachment; filename="`+r.Result.Name+`"`)
		h.Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(r.Result.SHA256[:])+":")
	}, c.Response())
	return err
}

type runProblem struct {
	registry.HeldProblem
	Page string `json:"page,omitempty"` // where it is put right
}

// runRecord is a record of a run that is not in its file.
type runRecord struct {
	Procedure trace.ProcedureID `json:"procedure"`
	Usage     trace.UsageID     `json:"usage,omitzero"`
	Side      trace.Side        `json:"side,omitempty"`
	Name      string            `json:"name,omitempty"`
	Day       string            `json:"day,omitempty"`
	Problems  []runProblem      `json:"problems"`
	Erased    bool              `json:"erased,omitempty"` // why is gone with a patient who was erased
}

type runReport struct {
	Held        []runRecord `json:"held"`
	Withdrawn   []runRecord `json:"withdrawn"`
	HeldTotal   int         `json:"held_total"`
	GoneTotal   int         `json:"withdrawn_total"`
	ReportTable string      `json:"table"` // the address of all of them as a table
}

// reportMost is how many records a report names at once; its table has all.
const reportMost = 500

func (s *Server) runReportOf(c echo.Context, r trace.Run) (runReport, error) {
	out := runReport{Held: []runRecord{}, Withdrawn: []runRecord{}, ReportTable: "/api/v1/exports/runs/" + r.ID.String() + "/report.csv"}
	for rec, err := range registry.RunRecords(c.Request().Context(), s.store, r) {
		if err != nil {
			return out, err
		}
		switch rec.State {
		case trace.RowHeld:
			if out.HeldTotal++; out.HeldTotal <= reportMost {
				out.Held = append(out.Held, reported(rec))
			}
		case trace.RowWithdrawn:
			if out.GoneTotal++; out.GoneTotal <= reportMost {
				out.Withdrawn = append(out.Withdrawn, reported(rec))
			}
		}
	}
	return out, nil
}

func reported(rec registry.Reported) runRecord {
	one := runRecord{Procedure: rec.Procedure, Usage: rec.Usage, Side: rec.Side, Problems: []runProblem{}}
	switch {
	case rec.Held != nil:
		one.Name, one.Day = rec.Held.Name, rec.Held.Day
		for _, p := range rec.Held.Problems {
			one.Problems = append(one.Problems, runProblem{p, fixPage(p.Fix, rec.Procedure, trace.PatientID{})})
		}
	case rec.State == trace.RowHeld:
		one.Erased = true
	}
	return one
}

func (s *Server) reportRun(c echo.Context) error {
	r, err := s.runNamed(c)
	if err != nil {
		return err
	}
	out, err := s.runReportOf(c, r)
	if err != nil {
		return whole(err)
	}
	return c.JSON(http.StatusOK, out)
}

// reportRunTable is every record of a run with what it is in it for: a line for each
// thing that keeps one back.
func (s *Server) reportRunTable(c echo.Context) error {
	r, err := s.runNamed(c)
	if err != nil {
		return err
	}
	return send(c, "text/csv; charset=utf-8; header=present", "report-"+r.ID.String()+".csv", func(w io.Writer) error {
		t := bufio.NewWriter(w)
		registry.WriteLine(t, "procedure_id", "usage_id", "side", "state", "day", "name", "element", "mandation", "element_state", "why", "page")
		for rec, err := range registry.RunRecords(c.Request().Context(), s.store, r) {
			if err != nil {
				return err
			}
			one := reported(rec)
			usage := ""
			if !one.Usage.IsZero() {
				usage = one.Usage.String()
			}
			line := []string{one.Procedure.String(), usage, string(one.Side), string(rec.State), one.Day, registry.Cell(one.Name)}
			if len(one.Problems) == 0 {
				why := ""
				if one.Erased {
					why = "The reason was erased with a patient."
				}
				registry.WriteLine(t, append(line, "", "", "", why, "")...)
			}
			for _, p := range one.Problems {
				registry.WriteLine(t, append(slices.Clone(line), registry.Cell(p.Name), p.Mandation, string(p.State), registry.Cell(p.Why), p.Page)...)
			}
		}
		return t.Flush()
	})
}

// aboutRun reads a command about the run that the address names, which the body may
// name too.
func (s *Server) aboutRun(c echo.Context, q any, named *trace.RunID, m *command.Meta) error {
	r, err := s.runNamed(c)
	if err != nil {
		return err
	}
	if err := bind(c, q); err != nil {
		return err
	}
	if !named.IsZero() && *named != r.ID {
		return trace.Errorf(trace.Invalid, "The address and the body name different runs.")
	}
	*named = r.ID
	by(c, m, viaAPI)
	return nil
}

func (s *Server) cancelRun(c echo.Context) error {
	var q registry.CancelRun
	if err := s.aboutRun(c, &q, &q.Run, &q.Meta); err != nil {
		return err
	}
	if err := s.Runs.Cancel(c.Request().Context(), q); err != nil {
		return err
	}
	return s.answerRunOf(c, http.StatusOK, q.Run)
}

func (s *Server) answerRun(c echo.Context) error {
	var q registry.AnswerRun
	if err := s.aboutRun(c, &q, &q.Run, &q.Meta); err != nil {
		return err
	}
	if err := s.Runs.Answer(c.Request().Context(), q); err != nil {
		return err
	}
	return s.answerRunOf(c, http.StatusOK, q.Run)
}

// exportCompleteness says of every record how each element stands, before anything
// leaves: a line for each.
func (s *Server) exportCompleteness(c echo.Context) error {
	q := newRun{Registry: c.QueryParam("registry"), Section: c.QueryParam("section"), From: c.QueryParam("from"), To: c.QueryParam("to"), Month: c.QueryParam("month"), GLN: c.QueryParam("gln"), Mapping: c.QueryParam("mapping")}
	var err error
	if p := c.QueryParam("procedure"); p != "" {
		if q.Procedure, err = trace.ParseID[trace.OfProcedure](p); err != nil {
			return err
		}
	}
	start, err := q.asked(s.Recorder.Zone())
	if err != nil {
		return err
	}
	records, err := s.Runs.Completeness(c.Request().Context(), start)
	if err != nil {
		return err
	}
	return send(c, "text/csv; charset=utf-8; header=present", "completeness-"+q.Registry+".csv", func(w io.Writer) error {
		return writeCompleteness(w, records)
	})
}

func writeCompleteness(w io.Writer, records func(func(registry.Record, error) bool)) error {
	t := bufio.NewWriter(w)
	begun := false
	for rec, err := range records {
		if err != nil {
			if begun {
				registry.WriteLine(t, "REPORT CUT HERE: ROWS ARE MISSING")
				err = errors.Join(err, t.Flush())
			}
			return whole(err)
		}
		if !begun {
			begun = true
			registry.WriteLine(t, completenessColumns...)
		}
		usage, held := "", "no"
		if !rec.Usage.IsZero() {
			usage = rec.Usage.String()
		}
		if rec.Held() {
			held = "yes"
		}
		items := slices.Clone(rec.Items)
		for _, p := range rec.Problems {
			if p.Element.Key == "" { // it is of the record as a whole
				items = append(items, p)
			}
		}
		for _, i := range items {
			key, name, mandation, page := "", "", "", ""
			if i.Element.Key != "" {
				key, name, mandation = registry.AnswerKey(i.Element), registry.Label(i.Element), string(rune(i.Element.Mandation))
			}
			if i.State == registry.Absent || i.State == registry.Incorrect {
				page = fixPage(i.Fix, rec.Procedure, rec.Patient)
			}
			registry.WriteLine(t, rec.Procedure.String(), usage, string(rec.Side), rec.Day, registry.Cell(rec.Name), held, key, registry.Cell(name), mandation, string(i.State), registry.Cell(i.Why), page)
		}
	}
	if !begun {
		registry.WriteLine(t, completenessColumns...)
	}
	return t.Flush()
}

var completenessColumns = []string{"procedure_id", "usage_id", "side", "day", "name", "kept_back", "element", "element_name", "mandation", "state", "why", "page"}

// runPage shows one run.
type runPage struct {
	frame
	Run     run
	Report  *runReport
	Problem string
	Typed   string
}

func (s *Server) pageRun(c echo.Context) error { return s.showRun(c, http.StatusOK, "", "") }

func (s *Server) showRun(c echo.Context, status int, problem, typed string) error {
	r, err := s.runNamed(c)
	if err != nil {
		return err
	}
	p := runPage{Problem: problem, Typed: typed}
	if p.Run, err = s.runOf(c, r); err != nil {
		return err
	}
	if p.Run.Steps, err = s.stepsOf(c, r); err != nil {
		return err
	}
	if p.frame, err = s.frame(c, p.Run.Title+", run"); err != nil {
		return err
	}
	if p.Run.Whole() {
		report, err := s.runReportOf(c, r)
		if err != nil {
			return whole(err)
		}
		p.Report = &report
	}
	return s.render(c, status, "run", "layout", p)
}

// formRuns takes a run on.
func (s *Server) formRuns(c echo.Context) error {
	id, err := formID(c)
	if err != nil {
		return err
	}
	which, section, _ := strings.Cut(field(c, "of"), "/")
	q := newRun{ID: id, Registry: which, From: field(c, "from"), To: field(c, "to"), GLN: field(c, "gln"), Changes: field(c, "changes") != ""}
	if q.Section = section; which == registry.FormMapped {
		q.Section, q.Mapping = "", section
	}
	if e, ok := registry.ExportNamed(which); ok && e.Monthly {
		if q.From == "" {
			return s.showExports(c, http.StatusUnprocessableEntity, "Say in which month the period begins: this registry is told by months.")
		}
		q.Month, q.From, q.To = q.From[:min(7, len(q.From))], "", ""
	}
	start, err := q.asked(s.Recorder.Zone())
	if err == nil {
		by(c, &start.Meta, "page")
		var run trace.RunID
		if run, err = s.Runs.Start(c.Request().Context(), start); err == nil {
			return settled(c, "/exports/runs/"+run.String())
		}
	}
	if k := trace.KindOf(err); k == trace.Invalid || k == trace.Conflict {
		return s.showExports(c, http.StatusUnprocessableEntity, err.Error())
	}
	return err
}

// formRun cancels a run, or says what the registry answered.
func (s *Server) formRun(c echo.Context) error {
	r, err := s.runNamed(c)
	if err != nil {
		return err
	}
	id, err := formID(c)
	if err != nil {
		return err
	}
	switch field(c, "do") {
	case "cancel":
		q := registry.CancelRun{Run: r.ID}
		q.ID = id
		by(c, &q.Meta, "page")
		err = s.Runs.Cancel(c.Request().Context(), q)
	case "accepted", "refused":
		q := registry.AnswerRun{Run: r.ID, Accepted: field(c, "do") == "accepted", Reason: field(c, "reason")}
		q.ID = id
		by(c, &q.Meta, "page")
		err = s.Runs.Answer(c.Request().Context(), q)
	default:
		err = trace.Errorf(trace.Invalid, "Say whether the registry accepted or refused the run.")
	}
	if k := trace.KindOf(err); err != nil && (k == trace.Invalid || k == trace.Conflict) {
		return s.showRun(c, http.StatusUnprocessableEntity, err.Error(), field(c, "reason"))
	}
	if err != nil {
		return err
	}
	return settled(c, "/exports/runs/"+r.ID.String())
}

// runChoice is what a run can be of, as the form offers it.
type runChoice struct{ Value, Text string }

func (s *Server) runChoices() (all []runChoice, err error) {
	mappings, err := s.Runs.Mappings.List()
	if err != nil {
		return nil, err
	}
	for _, e := range registry.Exports() {
		if e.Mapped {
			for _, m := range mappings {
				text := "By the mapping " + m.File + ", which cannot be used as it is"
				if m.Problem == "" {
					text = fmt.Sprintf("By the mapping %s: %s, version %s", m.File, m.Name, m.Version)
				}
				all = append(all, runChoice{e.ID + "/" + m.File, text})
			}
			continue
		}
		draft := ""
		if e.Draft {
			draft = " (draft)"
		}
		if len(e.Sections) == 0 {
			text := e.Title + draft
			if e.Monthly {
				text += ", the month in which the period begins"
			}
			all = append(all, runChoice{e.ID, text})
		}
		for _, name := range e.Sections {
			title := name
			if section, ok := registry.SectionNamed(name); ok {
				title = section.Title()
			}
			all = append(all, runChoice{e.ID + "/" + name, fmt.Sprintf("%s, %s%s", e.Title, title, draft)})
		}
	}
	return all, nil
}
