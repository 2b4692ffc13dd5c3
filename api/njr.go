package api

import (
	"cmp"
	"io"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"implantrace/internal/registry"
	"implantrace/internal/registry/dictionary"
	"implantrace/internal/trace"
)

// jointItem is one element of a record of the National Joint Registry.
type jointItem struct {
	Key       string         `json:"key"`
	Name      string         `json:"name"`
	Group     string         `json:"group,omitempty"`
	Mandation string         `json:"mandation"`
	Format    string         `json:"format"`
	Hint      string         `json:"hint,omitempty"`
	Codes     []jointCode    `json:"codes,omitempty"`
	Asked     bool           `json:"asked"`
	Value     string         `json:"value,omitempty"`
	State     registry.State `json:"state"`
	Why       string         `json:"why,omitempty"`
	Fix       registry.Fix   `json:"fix,omitempty"`
}

type jointCode struct {
	Value   string `json:"value"`
	Meaning string `json:"meaning"`
}

// jointProblem is what keeps a record back.
type jointProblem struct {
	Key   string         `json:"key,omitempty"`
	Name  string         `json:"name,omitempty"`
	State registry.State `json:"state"`
	Why   string         `json:"why"`
	Fix   registry.Fix   `json:"fix"`
	Page  string         `json:"page"` // where it is put right
}

type jointComponent struct {
	Usage     trace.UsageID `json:"usage"`
	DI        string        `json:"di,omitempty"`
	Catalogue string        `json:"catalogue_no,omitempty"`
	Lot       string        `json:"lot,omitempty"`
	Flag      string        `json:"flag,omitempty"`
}

type jointRecord struct {
	Side       trace.Side       `json:"side,omitempty"`
	Section    string           `json:"section,omitempty"`
	Held       bool             `json:"held"`
	Items      []jointItem      `json:"items"`
	Components []jointComponent `json:"components"`
	Problems   []jointProblem   `json:"problems"`
}

// jointGroup is what is asked under one heading.
type jointGroup struct {
	Name  string
	Items []jointItem
}

// Groups are the questions of a record, in their order.
func (r jointRecord) Groups() (all []jointGroup) {
	for _, i := range r.Items {
		if !i.Asked {
			continue
		}
		if len(all) == 0 || all[len(all)-1].Name != i.Group {
			all = append(all, jointGroup{Name: i.Group})
		}
		last := &all[len(all)-1]
		last.Items = append(last.Items, i)
	}
	return all
}

type jointForm struct {
	Procedure trace.ProcedureID `json:"procedure"`
	Patient   trace.PatientID   `json:"-"`
	Code      trace.Code        `json:"-"`
	Sections  []jointSection    `json:"sections"`
	Proposed  string            `json:"proposed,omitempty"`
	Records   []jointRecord     `json:"records"`
}

type jointSection struct {
	Name  string `json:"name"`
	Title string `json:"title"`
}

// jointCase gathers what the registry is told of a procedure.
func (s *Server) jointCase(c echo.Context, id trace.ProcedureID) (registry.Case, error) {
	full, err := s.procedureInFull(c.Request().Context(), id)
	if err != nil {
		return registry.Case{}, err
	}
	return registry.CaseOf(c.Request().Context(), s.store, full, s.Recorder.Zone())
}

func (s *Server) jointFormOf(c echo.Context, id trace.ProcedureID) (jointForm, error) {
	of, err := s.jointCase(c, id)
	if err != nil {
		return jointForm{}, err
	}
	return newJointForm(of), nil
}

func newJointForm(of registry.Case) jointForm {
	f := jointForm{Procedure: of.Procedure.ID, Patient: of.Procedure.Patient, Code: of.Procedure.Code, Records: []jointRecord{}}
	for _, section := range registry.JointSections() {
		f.Sections = append(f.Sections, jointSection{section.Name, section.Title()})
	}
	if section, ok := registry.SectionOf(of.Usages); ok {
		f.Proposed = section.Name
	}
	for _, r := range of.Records() {
		one := jointRecord{Side: r.Side, Section: r.Section.Name, Held: r.Held(), Items: []jointItem{}, Components: []jointComponent{}, Problems: jointProblems(r, of.Procedure.Patient)}
		for _, i := range r.Items {
			e := i.Element
			item := jointItem{Key: registry.AnswerKey(e), Name: registry.Label(e), Group: e.Group, Mandation: e.Mandation.String(), Format: e.Format, Hint: e.Hint(),
				Asked: i.Asked, Value: i.Value, State: i.State, Why: i.Why}
			if i.State == registry.Absent || i.State == registry.Incorrect {
				item.Fix = i.Fix
			}
			if e.Closed() {
				for _, code := range e.Codes {
					item.Codes = append(item.Codes, jointCode{code.Value, code.Meaning})
				}
			}
			one.Items = append(one.Items, item)
		}
		for _, k := range r.Components {
			one.Components = append(one.Components, jointComponent{k.Usage, k.DI, k.Catalogue.Value, k.Lot.Value, k.Flag})
		}
		f.Records = append(f.Records, one)
	}
	return f
}

func jointProblems(r registry.JointRecord, patient trace.PatientID) []jointProblem {
	all := []jointProblem{}
	for _, p := range r.Problems {
		one := jointProblem{State: p.State, Why: p.Why, Fix: p.Fix, Page: fixPage(p.Fix, r.Procedure, patient)}
		if p.Element.Key != "" {
			one.Key, one.Name = registry.AnswerKey(p.Element), registry.Label(p.Element)
		}
		all = append(all, one)
	}
	return all
}

// fixPage is the page on which something is put right.
func fixPage(f registry.Fix, procedure trace.ProcedureID, patient trace.PatientID) string {
	switch f {
	case registry.FixPatient:
		if !patient.IsZero() {
			return "/patients/" + patient.String()
		}
	case registry.FixDirectory:
		return "/directory"
	case registry.FixOutside:
		return "" // no page of this program
	case registry.FixCatalogue:
		return "/catalogue"
	case registry.FixForm:
		return "/procedures/" + procedure.String() + "/njr"
	}
	return "/procedures/" + procedure.String()
}

func (s *Server) jointQuestions(c echo.Context) error {
	id, err := pathID[trace.OfProcedure](c)
	if err != nil {
		return err
	}
	f, err := s.jointFormOf(c, id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, f)
}

func (s *Server) answerJoint(c echo.Context) error {
	var q registry.Answer
	id, err := bindAt(c, &q, &q.Procedure, "procedures")
	if err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	if err := q.Record(c.Request().Context(), s.Recorder); err != nil {
		return err
	}
	f, err := s.jointFormOf(c, id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, f)
}

// cases gives the procedures that a query asks for, with what registries are told
// of them.
func (s *Server) cases(c echo.Context) (iter.Seq2[registry.Case, error], error) {
	return s.casesOf(c, map[string]string{"procedure": c.QueryParam("procedure"), "from": c.QueryParam("from"), "to": c.QueryParam("to")})
}

// casesOf is cases for what a form says as well as a query.
func (s *Server) casesOf(c echo.Context, q map[string]string) (iter.Seq2[registry.Case, error], error) {
	procedures, err := s.proceduresOf(c, q)
	if err != nil {
		return nil, err
	}
	ctx, zone := c.Request().Context(), s.Recorder.Zone()
	return registry.Cases(func(p trace.ProcedureInFull) (registry.Case, error) {
		return registry.CaseOf(ctx, s.store, p, zone)
	}, procedures), nil
}

type jointReport struct {
	Dictionary string             `json:"dictionary"` // the release that the elements follow
	Procedures int                `json:"procedures"`
	Other      int                `json:"other"` // no operations on joints
	Withdrawn  int                `json:"withdrawn"`
	Held       int                `json:"held"`
	Records    []jointReportEntry `json:"records"`
}

type jointReportEntry struct {
	Procedure  trace.ProcedureID `json:"procedure"`
	Code       trace.Code        `json:"code,omitzero"`
	Place      trace.Place       `json:"place,omitzero"`
	Day        string            `json:"day,omitempty"`
	Side       trace.Side        `json:"side,omitempty"`
	Section    string            `json:"section,omitempty"`
	Components int               `json:"components"`
	Held       bool              `json:"held"`
	Problems   []jointProblem    `json:"problems"`
}

func (s *Server) jointReportOf(c echo.Context) (jointReport, error) {
	cases, err := s.cases(c)
	if err != nil {
		return jointReport{}, err
	}
	r, err := registry.Joints(cases)
	if err != nil {
		return jointReport{}, whole(err)
	}
	out := jointReport{Dictionary: dictionary.Release, Procedures: r.Procedures, Other: r.Other, Withdrawn: r.Withdrawn, Held: r.Held(), Records: []jointReportEntry{}}
	for _, e := range r.Records {
		out.Records = append(out.Records, jointReportEntry{Procedure: e.Procedure, Code: e.Code, Place: e.Place, Day: e.Day, Side: e.Side, Section: e.Section.Name,
			Components: len(e.Components), Held: e.Held(), Problems: jointProblems(e.JointRecord, trace.PatientID{})})
	}
	return out, nil
}

func (s *Server) reportJoints(c echo.Context) error {
	r, err := s.jointReportOf(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, r)
}

func (s *Server) exportJoints(c echo.Context) error {
	section, ok := registry.SectionNamed(c.QueryParam("section"))
	if !ok {
		return trace.Errorf(trace.Invalid, "Say which operations the file is of, as section: %s.", strings.Join(sectionNames(), ", "))
	}
	cases, err := s.cases(c)
	if err != nil {
		return err
	}
	name := "njr-" + strings.ReplaceAll(strings.ToLower(section.Name), " ", "-") + "-draft.csv"
	return send(c, "text/csv; charset=utf-8; header=present", name, func(w io.Writer) error {
		_, err := registry.WriteJoints(w, section, cases)
		return err
	})
}

func (s *Server) exportMDOR(c echo.Context) error {
	cases, err := s.cases(c)
	if err != nil {
		return err
	}
	return send(c, "text/csv; charset=utf-8; header=present", "mdor-draft.csv", func(w io.Writer) error {
		_, err := registry.WriteMDOR(w, cases)
		return err
	})
}

// exportDePLCM gives a month of the Devices Patient Level Contract Monitoring.
func (s *Server) exportDePLCM(c echo.Context) error {
	ctx, zone := c.Request().Context(), s.Recorder.Zone()
	month, err := registry.ParseMonth(c.QueryParam("month"), zone)
	if err != nil {
		return err
	}
	from, to := month.Period()
	procedures := trace.ProceduresInFull(ctx, s.store, trace.ProcedureID{}, trace.ProcedureQuery{From: from, To: to})
	cases := registry.Cases(func(p trace.ProcedureInFull) (registry.Case, error) {
		return registry.CaseOf(ctx, s.store, p, zone)
	}, procedures)
	return send(c, "text/csv; charset=utf-8; header=present", "deplcm-draft-"+c.QueryParam("month")+".csv", func(w io.Writer) error {
		_, err := registry.WriteDePLCM(w, month, s.Recorder.Clock(), cases)
		return err
	})
}

func sectionNames() (all []string) {
	for _, s := range registry.JointSections() {
		all = append(all, s.Name)
	}
	return all
}

// jointPage is the page of the questions about one procedure.
type jointPage struct {
	frame
	jointForm
	Problem string
	Of      trace.Side        // the side whose answers were refused
	Typed   map[string]string // what was sent, where it was refused
	Section string            // likewise
}

// Shown is what a question's field shows: what was typed and refused, or what
// stands.
func (p jointPage) Shown(r jointRecord, i jointItem) string {
	if p.Typed != nil && p.Of == r.Side {
		return p.Typed[i.Key]
	}
	return i.Value
}

// Chosen is the operation that the form shows as chosen.
func (p jointPage) Chosen(r jointRecord) string {
	switch {
	case p.Typed != nil && p.Of == r.Side:
		return p.Section
	case r.Section != "":
		return r.Section
	}
	return p.Proposed
}

func (s *Server) pageJoint(c echo.Context) error {
	id, err := pathID[trace.OfProcedure](c)
	if err != nil {
		return err
	}
	return s.showJoint(c, http.StatusOK, id, func(*jointPage) {})
}

func (s *Server) showJoint(c echo.Context, status int, id trace.ProcedureID, with func(*jointPage)) error {
	f, err := s.frame(c, "National Joint Registry")
	if err != nil {
		return err
	}
	p := jointPage{frame: f}
	if p.jointForm, err = s.jointFormOf(c, id); err != nil {
		return err
	}
	with(&p)
	return s.render(c, status, "njr", "layout", p)
}

// answerField begins the names of the form's fields that are answers.
const answerField = "answer-"

func (s *Server) formJoint(c echo.Context) error {
	id, err := pathID[trace.OfProcedure](c)
	if err != nil {
		return err
	}
	q := registry.Answer{Procedure: id, Side: trace.Side(field(c, "side")), Section: field(c, "section"), Answers: []registry.Answered{}}
	if q.ID, err = formID(c); err != nil {
		return err
	}
	by(c, &q.Meta, "page")
	asked := map[string]bool{}
	if section, ok := registry.SectionNamed(q.Section); ok {
		for _, e := range section.Elements() {
			asked[registry.AnswerKey(e)] = true
		}
	}
	typed := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(c.Request().PostForm)) {
		// When another operation is chosen, what it does not ask is left behind.
		if key, ok := strings.CutPrefix(name, answerField); ok && asked[key] {
			typed[key] = field(c, name)
			q.Answers = append(q.Answers, registry.Answered{Key: key, Value: typed[key]})
		}
	}
	switch err := q.Record(c.Request().Context(), s.Recorder); {
	case trace.KindOf(err) == trace.Invalid:
		return s.showJoint(c, http.StatusUnprocessableEntity, id, func(p *jointPage) {
			p.Problem, p.Of, p.Typed, p.Section = err.Error(), q.Side, typed, q.Section
		})
	case err != nil:
		return err
	}
	return settled(c, "/procedures/"+id.String()+"/njr")
}

// jointFile is one file of a period.
type jointFile struct {
	jointSection
	Records int
}

// files are those that have a record in them.
func (r jointReport) files() (all []jointFile) {
	for _, section := range registry.JointSections() {
		f := jointFile{jointSection: jointSection{section.Name, section.Title()}}
		for _, e := range r.Records {
			if e.Section == section.Name && !e.Held {
				f.Records++
			}
		}
		if f.Records > 0 {
			all = append(all, f)
		}
	}
	return all
}

// pageExports is what can be taken out, and what a period's records lack.
func (s *Server) pageExports(c echo.Context) error { return s.showExports(c, http.StatusOK, "") }

func (s *Server) showExports(c echo.Context, status int, problem string) error {
	f, err := s.frame(c, "Exports")
	if err != nil {
		return err
	}
	data := struct {
		frame
		From, To string
		Month    string // that the period begins in; "": it has no beginning
		Files    []jointFile
		Report   *jointReport
		Problem  string
		Runs     []run
		AllRuns  int
		Choices  []runChoice
		Plans    []schedule
		Chosen   string
		GLN      string
	}{frame: f, From: cmp.Or(c.QueryParam("from"), field(c, "from")), To: cmp.Or(c.QueryParam("to"), field(c, "to")), Problem: problem, Plans: s.schedules(), Chosen: field(c, "of"), GLN: field(c, "gln")}
	if data.Choices, err = s.runChoices(); err != nil {
		return err
	}
	if data.Runs, data.AllRuns, err = s.latestRuns(c, runsShown); err != nil {
		return err
	}
	if c.QueryParam("from") != "" || c.QueryParam("to") != "" {
		r, err := s.jointReportOf(c)
		if err != nil {
			return err
		}
		data.Report, data.Files = &r, r.files()
		if from, _, err := moment(data.From, s.Recorder.Zone()); err == nil && !from.IsZero() {
			data.Month = from.In(s.Recorder.Zone()).Format("2006-01")
		}
	}
	return s.render(c, status, "exports", "layout", data)
}
