package api

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	published "implantrace/docs"
	"implantrace/internal/registry"
	"implantrace/internal/trace"
)

// mappedRowsMost is how many rows a preview shows at most.
const mappedRowsMost = 100

type mappedColumn struct {
	Header   string `json:"header"`
	From     string `json:"from,omitempty"`     // the field of the record
	Constant string `json:"constant,omitempty"` // in its place
	What     string `json:"what,omitempty"`     // what the field is
	Date     string `json:"date,omitempty"`
	Required string `json:"required"`
	Line     int    `json:"line"` // of the mapping
}

type mappedCell struct {
	Value  string         `json:"value"`
	Record string         `json:"record,omitempty"` // as the record has it, where that is not the value
	State  registry.State `json:"state"`
	Why    string         `json:"why,omitempty"`
}

type mappedProblem struct {
	Header string         `json:"header,omitempty"`
	State  registry.State `json:"state"`
	Why    string         `json:"why"`
	Page   string         `json:"page,omitempty"` // where it is put right
}

type mappedRow struct {
	Procedure trace.ProcedureID `json:"procedure"`
	Usage     trace.UsageID     `json:"usage,omitzero"`
	Day       string            `json:"day,omitempty"`
	Held      bool              `json:"held"`
	Cells     []mappedCell      `json:"cells,omitempty"`
	Lacking   []string          `json:"lacking,omitempty"` // required columns that are empty
	Problems  []mappedProblem   `json:"problems"`
}

type mappedPreview struct {
	Name       string         `json:"name"`
	Version    string         `json:"version"`
	Format     string         `json:"format"`
	File       string         `json:"file"`
	Columns    []mappedColumn `json:"columns"`
	First      []mappedRow    `json:"first"` // rows, held back or not
	Procedures int            `json:"procedures"`
	Rows       int            `json:"rows"`
	HeldBack   int            `json:"held_back"`
	Held       []mappedRow    `json:"held"` // the first thousand
	Lacking    int            `json:"lacking"`
	LackingBy  map[string]int `json:"lacking_by"`
	Unmarked   int            `json:"unmarked"`
	Guarded    int            `json:"guarded"`
	Left       map[string]int `json:"left"`
}

func newMappedRow(r registry.MappedRow) mappedRow {
	row := mappedRow{Procedure: r.Procedure, Usage: r.Usage, Day: r.Day, Held: r.Held(), Lacking: r.Lacking, Problems: []mappedProblem{}}
	for _, c := range r.Cells {
		cell := mappedCell{Value: c.Value, State: c.State, Why: c.Why}
		if c.Record != c.Value {
			cell.Record = c.Record
		}
		row.Cells = append(row.Cells, cell)
	}
	for _, p := range r.Problems {
		one := mappedProblem{Header: p.Header, State: p.State, Why: p.Why}
		if p.Fix != "" {
			one.Page = fixPage(p.Fix, r.Procedure, r.Patient)
		}
		row.Problems = append(row.Problems, one)
	}
	return row
}

func newMappedPreview(m *registry.Mapping, first []registry.MappedRow, r registry.MappedReport) mappedPreview {
	p := mappedPreview{Name: m.Name, Version: m.Version, Format: m.Format, File: m.Filename(), Columns: []mappedColumn{}, First: []mappedRow{}, Held: []mappedRow{},
		Procedures: r.Procedures, Rows: r.Rows, HeldBack: r.HeldBack, Lacking: r.Lacking, LackingBy: r.LackingBy, Unmarked: r.Unmarked, Guarded: r.Guarded, Left: r.Left}
	for _, c := range m.Columns {
		p.Columns = append(p.Columns, mappedColumn{Header: c.Header, From: c.From, Constant: c.Constant, What: c.What(), Date: c.Date, Required: c.Required.String(), Line: c.Line})
	}
	for _, r := range first {
		p.First = append(p.First, newMappedRow(r))
	}
	for _, r := range r.Held {
		p.Held = append(p.Held, newMappedRow(r))
	}
	return p
}

// count reads a number of the query or a form; without one it is the usual one.
func count(text, name string, usual, most int) (int, error) {
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > most {
		return 0, trace.Errorf(trace.Invalid, "%s is a number from 0 to %d.", name, most)
	}
	return n, nil
}

// sentMapping reads the mapping that a request's body is.
func sentMapping(c echo.Context) (*registry.Mapping, error) {
	text, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return nil, unread(err)
	}
	return registry.ReadMapping(text)
}

func (s *Server) mappedOptions(held int) registry.MappedOptions {
	return registry.MappedOptions{Generated: s.Recorder.Clock(), Held: held}
}

// heldMost bounds the number of rows that somebody may say are missing.
const heldMost = 1 << 30

// exportMapped gives the file of a mapping, or all that is held back.
func (s *Server) exportMapped(c echo.Context) error {
	m, err := sentMapping(c)
	if err != nil {
		return err
	}
	held, err := count(c.QueryParam("held"), "held", 0, heldMost)
	if err != nil {
		return err
	}
	period := map[string]string{"procedure": c.QueryParam("procedure"), "from": c.QueryParam("from"), "to": c.QueryParam("to")}
	switch of := c.QueryParam("of"); of {
	case "", "rows":
		return s.sendMapped(c, m, held, period)
	case "held":
		cases, err := s.casesOf(c, period)
		if err != nil {
			return err
		}
		return send(c, "text/csv; charset=utf-8; header=present", "held-back.csv", func(w io.Writer) error {
			_, err := m.WriteHeld(w, cases, s.mappedOptions(0))
			return err
		})
	default:
		return trace.Errorf(trace.Invalid, "The file is of rows or held, not of %q.", clip(of))
	}
}

func (s *Server) sendMapped(c echo.Context, m *registry.Mapping, held int, period map[string]string) error {
	cases, err := s.casesOf(c, period)
	if err != nil {
		return err
	}
	return send(c, m.ContentType(), m.Filename(), func(w io.Writer) error {
		_, err := m.Write(w, cases, s.mappedOptions(held))
		return err
	})
}

// previewMapped says what a mapping would give.
func (s *Server) previewMapped(c echo.Context) error {
	m, err := sentMapping(c)
	if err != nil {
		return err
	}
	rows, err := count(c.QueryParam("rows"), "rows", 5, mappedRowsMost)
	if err != nil {
		return err
	}
	p, err := s.mappedPreviewOf(c, m, rows, map[string]string{"procedure": c.QueryParam("procedure"), "from": c.QueryParam("from"), "to": c.QueryParam("to")})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, p)
}

func (s *Server) mappedPreviewOf(c echo.Context, m *registry.Mapping, rows int, period map[string]string) (mappedPreview, error) {
	cases, err := s.casesOf(c, period)
	if err != nil {
		return mappedPreview{}, err
	}
	first, report, err := m.Preview(cases, rows, s.mappedOptions(0))
	if err != nil {
		return mappedPreview{}, whole(err)
	}
	return newMappedPreview(m, first, report), nil
}

// mappedLine is a line of a mapping, with what is wrong with it.
type mappedLine struct {
	Number int
	Text   string
	Errors []registry.MappingError
}

type mappedPage struct {
	frame
	Mapping  string
	From, To string
	Problem  string
	Errors   []registry.MappingError
	Lines    []mappedLine // around what is wrong
	Preview  *mappedPreview
}

// Fields are what a column may come from.
func (mappedPage) Fields() []registry.MappedField { return registry.MappedFields() }

func (s *Server) pageMapped(c echo.Context) error {
	f, err := s.frame(c, "Exports, by a mapping")
	if err != nil {
		return err
	}
	today := s.Recorder.Clock().In(s.Recorder.Zone())
	return s.render(c, http.StatusOK, "mapped", "layout", mappedPage{frame: f, Mapping: published.MappingExample,
		From: today.AddDate(0, -1, 0).Format("2006-01-02"), To: today.Format("2006-01-02")})
}

// formMapped shows what a mapping would give, or gives it.
func (s *Server) formMapped(c echo.Context) error {
	f, err := s.frame(c, "Exports, by a mapping")
	if err != nil {
		return err
	}
	p := mappedPage{frame: f, Mapping: c.Request().PostFormValue("mapping"), From: field(c, "from"), To: field(c, "to")}
	if _, file, err := c.Request().FormFile("file"); err == nil && file.Size > 0 {
		text, err := part(c, "file", "the mapping", registry.MappingMost+1) // which says itself that it is too large
		if err != nil {
			return err
		}
		p.Mapping = string(text)
	}
	p.Mapping = strings.ReplaceAll(p.Mapping, "\r\n", "\n")
	show := func(err error) error {
		problem := problemOf(err)
		if problem.Status >= 500 {
			return err
		}
		p.Problem = problem.Detail
		var all registry.MappingErrors
		if errors.As(err, &all) {
			p.Errors, p.Lines = all, linesAround(p.Mapping, all)
		}
		p.Mapping = strings.ToValidUTF8(p.Mapping, "\ufffd")
		return s.render(c, problem.Status, "mapped", "layout", p)
	}
	m, err := registry.ReadMapping([]byte(p.Mapping))
	if err != nil {
		return show(err)
	}
	period := map[string]string{"from": p.From, "to": p.To}
	if field(c, "do") == "file" {
		held, err := count(field(c, "held"), "held", 0, heldMost)
		if err == nil {
			err = s.sendMapped(c, m, held, period)
		}
		if err != nil && !c.Response().Committed {
			c.Response().Header().Del(echo.HeaderContentType) // of the file that there is not
			return show(err)
		}
		return err
	}
	preview, err := s.mappedPreviewOf(c, m, 10, period)
	if err != nil {
		return show(err)
	}
	p.Preview = &preview
	return s.render(c, http.StatusOK, "mapped", "layout", p)
}

// linesAround are the lines that are wrong, with two before and behind each.
func linesAround(text string, wrong registry.MappingErrors) (lines []mappedLine) {
	for i, line := range strings.Split(text, "\n") {
		l := mappedLine{Number: i + 1, Text: strings.ToValidUTF8(line, "\ufffd")}
		near := false
		for _, e := range wrong {
			if e.Line == l.Number {
				l.Errors = append(l.Errors, e)
			}
			near = near || l.Number >= e.Line-2 && l.Number <= e.Line+2
		}
		if near && len(lines) < 400 {
			lines = append(lines, l)
		}
	}
	return lines
}
