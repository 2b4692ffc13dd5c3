package api

import (
	"context"
	"encoding/csv"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"implantrace/internal/command"
	"implantrace/internal/sheet"
	"implantrace/internal/symbol"
	"implantrace/internal/theatre"
	"implantrace/internal/trace"
)

// allSets are the sets that were not removed, in the order of their names.
func (s *Server) allSets(ctx context.Context) ([]trace.Set, error) {
	all := []trace.Set{}
	for one, err := range s.store.Sets(ctx) {
		if err != nil {
			return nil, err
		}
		if !one.Removed {
			all = append(all, one)
		}
	}
	slices.SortStableFunc(all, func(a, b trace.Set) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func (s *Server) listSets(c echo.Context) error {
	all, err := s.allSets(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"items": all})
}

// theSet is the one that a path names.
func (s *Server) theSet(c echo.Context) (trace.Set, error) {
	id, err := pathID[trace.OfSet](c)
	if err != nil {
		return trace.Set{}, err
	}
	return s.store.Set(c.Request().Context(), id)
}

func (s *Server) oneSet(c echo.Context) error {
	one, err := s.theSet(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, one)
}

func (s *Server) recordSet(c echo.Context) error {
	var q command.RecordSet
	if err := bind(c, &q); err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	one, err := s.Recorder.RecordSet(c.Request().Context(), q)
	if err != nil {
		return err
	}
	s.Desk.Changed()
	return c.JSON(http.StatusOK, one)
}

// importSets takes a table of sets, or says what it would come to.
func (s *Server) importSets(c echo.Context) error {
	b, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return unread(err)
	}
	var m command.Meta
	if m.ID, err = trace.ParseID[trace.OfEvent](c.QueryParam("id")); err != nil {
		return err
	}
	by(c, &m, viaAPI)
	preview := c.QueryParam("preview")
	if preview != "" && preview != "true" && preview != "false" {
		return trace.Errorf(trace.Invalid, "preview is true or false.")
	}
	rows, err := table(b)
	if err != nil {
		return err
	}
	r, err := s.Recorder.ImportSets(c.Request().Context(), m, rows, preview == "true")
	if err != nil {
		return err
	}
	s.Desk.Changed()
	return c.JSON(http.StatusOK, r)
}

func (s *Server) exportSets(c echo.Context) error {
	all, err := s.allSets(c.Request().Context())
	if err != nil {
		return err
	}
	b, err := sheet.CSV(command.SetTable(all))
	if err != nil {
		return err
	}
	return send(c, "text/csv; charset=utf-8", "sets.csv", func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

func (s *Server) setAtDesk(c echo.Context) error {
	var q struct {
		command.Meta
		theatre.SetStep
	}
	return s.step(c, &q.Meta, &q, func(ctx context.Context, d *theatre.Desk) error { return d.PickSet(ctx, q.Meta, q.SetStep) })
}

func (s *Server) showSetAtDesk(c echo.Context) error {
	var q struct {
		Procedure trace.ProcedureID `json:"procedure"`
		Set       trace.SetID       `json:"set,omitzero"`
	}
	if err := bind(c, &q); err != nil {
		return err
	}
	d, err := s.desk(c)
	if err != nil {
		return err
	}
	if err := d.ShowSet(c.Request().Context(), q.Procedure, q.Set); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// formSet is what the theatre page says of a piece of a set.
func (s *Server) formSet(c echo.Context) error {
	return s.stepForm(c, func(ctx context.Context, d *theatre.Desk, m command.Meta) error {
		q := theatre.SetStep{Item: field(c, "item"), Lot: field(c, "lot"), Status: trace.Status(field(c, "status"))}
		var err error
		if q.Set, err = trace.ParseID[trace.OfSet](field(c, "set")); err != nil {
			return err
		}
		if n := field(c, "change"); n != "" {
			if q.Change, err = strconv.Atoi(n); err != nil {
				return trace.Errorf(trace.Invalid, "The change is 1 or -1.")
			}
		}
		return d.PickSet(ctx, m, q)
	})
}

func (s *Server) formShowSet(c echo.Context) error {
	procedure, err := trace.ParseID[trace.OfProcedure](field(c, "procedure"))
	if err != nil {
		return err
	}
	var id trace.SetID
	if v := field(c, "set"); v != "" {
		if id, err = trace.ParseID[trace.OfSet](v); err != nil {
			return err
		}
	}
	d, err := s.desk(c)
	if err != nil {
		return err
	}
	if err := d.ShowSet(c.Request().Context(), procedure, id); err != nil {
		return err
	}
	return settled(c, "/theatre")
}

type setsPage struct {
	frame
	Sets    []trace.Set
	Columns []string
	Problem string
	Report  *command.SetReport
	Preview bool
	CSV     string // that was previewed, to be taken
}

func (s *Server) pageSets(c echo.Context) error { return s.setsPage(c, http.StatusOK, setsPage{}) }

func (s *Server) setsPage(c echo.Context, status int, p setsPage) (err error) {
	if p.frame, err = s.frame(c, "Sets"); err != nil {
		return err
	}
	p.Columns = command.SetColumns()
	if p.Sets, err = s.allSets(c.Request().Context()); err != nil {
		return err
	}
	return s.render(c, status, "sets", "layout", p)
}

// formSets shows what a table of sets comes to, and takes it when it was looked at.
func (s *Server) formSets(c echo.Context) error {
	var p setsPage
	err := s.setsForm(c, &p)
	if err != nil {
		problem := problemOf(err)
		if problem.Status >= 500 || problem.Status == http.StatusForbidden {
			return err
		}
		p.Problem = problem.Detail
		return s.setsPage(c, problem.Status, p)
	}
	return s.setsPage(c, http.StatusOK, p)
}

func (s *Server) setsForm(c echo.Context, p *setsPage) error {
	id, err := formID(c)
	if err != nil {
		return err
	}
	m := command.Meta{ID: id}
	by(c, &m, "page")
	var rows [][]string
	if p.CSV = c.Request().PostFormValue("table"); p.CSV == "" {
		p.Preview = true
		b, err := part(c, "file", "a table of sets", sheet.BytesMost)
		if err != nil {
			return err
		}
		if rows, err = table(b); err != nil {
			return err
		}
	} else if rows, err = table([]byte(p.CSV)); err != nil {
		return err
	}
	r, err := s.Recorder.ImportSets(c.Request().Context(), m, rows, p.Preview)
	if err != nil {
		return err
	}
	p.Report = &r
	if !p.Preview {
		p.CSV = ""
		s.Desk.Changed()
		return nil
	}
	var text strings.Builder // for the form of this page, and for no spreadsheet: cells are as they are
	w := csv.NewWriter(&text)
	err = w.WriteAll(rows)
	p.CSV = text.String()
	return err
}

type setPage struct {
	frame
	Set     trace.Set
	Rows    []setRow
	Problem string
	Done    bool
}

// setRow is one line of the form that changes a set, as it was typed.
type setRow struct {
	N                                            int
	DI, CatalogueNo, Description, Size, Quantity string
}

// setBlank is how many empty lines the form offers.
const setBlank = 5

func (s *Server) setPage(c echo.Context, status int, p setPage) (err error) {
	if p.frame, err = s.frame(c, "Set"); err != nil {
		return err
	}
	if p.Rows == nil {
		for _, i := range p.Set.Items {
			p.Rows = append(p.Rows, setRow{DI: i.DI, CatalogueNo: i.CatalogueNo, Description: i.Description, Size: i.Size, Quantity: strconv.Itoa(i.Quantity)})
		}
		p.Rows = append(p.Rows, make([]setRow, setBlank)...)
	}
	for i := range p.Rows {
		p.Rows[i].N = i + 1
	}
	return s.render(c, status, "set", "layout", p)
}

func (s *Server) pageSet(c echo.Context) error {
	one, err := s.theSet(c)
	if err != nil {
		return err
	}
	return s.setPage(c, http.StatusOK, setPage{Set: one})
}

// formOneSet changes a set, or removes it.
func (s *Server) formOneSet(c echo.Context) error {
	id, err := pathID[trace.OfSet](c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	q := command.RecordSet{Set: id, Name: field(c, "name"), Code: field(c, "code"), Removed: field(c, "action") == "remove",
		Supply: trace.Supply{Kind: trace.SupplyKind(field(c, "supply")), Supplier: field(c, "supplier"), Reference: field(c, "reference")}}
	if q.ID, err = formID(c); err != nil {
		return err
	}
	p := setPage{}
	f := c.Request().PostForm
	cell := func(name string, i int) string {
		if i < len(f[name]) {
			return f[name][i]
		}
		return ""
	}
	for i := range f["quantity"] {
		r := setRow{DI: cell("di", i), CatalogueNo: cell("catalogue_no", i), Description: cell("description", i), Size: cell("size", i), Quantity: cell("quantity", i)}
		p.Rows = append(p.Rows, r)
		if r == (setRow{}) {
			continue
		}
		n, bad := strconv.Atoi(r.Quantity)
		if bad != nil && err == nil {
			err = trace.Errorf(trace.Invalid, "Line %d: the quantity is no number of pieces. Empty the line to take it out.", i+1)
		}
		q.Items = append(q.Items, trace.SetItem{DI: r.DI, CatalogueNo: r.CatalogueNo, Description: r.Description, Size: r.Size, Quantity: n})
	}
	by(c, &q.Meta, "page")
	if err == nil {
		p.Set, err = s.Recorder.RecordSet(ctx, q)
	}
	if err != nil {
		problem := problemOf(err)
		if problem.Status >= 500 || problem.Status == http.StatusNotFound {
			return err
		}
		p.Problem = problem.Detail
		p.Set.SetFact = trace.SetFact{Set: id, Name: q.Name, Code: q.Code, Supply: q.Supply}
		return s.setPage(c, problem.Status, p)
	}
	s.Desk.Changed()
	if q.Removed {
		return c.Redirect(http.StatusSeeOther, "/sets")
	}
	p.Rows, p.Done = nil, true
	return s.setPage(c, http.StatusOK, p)
}

// pageSetSheet is the sheet of a set to be printed: a code for each kind of piece.
func (s *Server) pageSetSheet(c echo.Context) error {
	one, err := s.theSet(c)
	if err != nil {
		return err
	}
	f, err := s.frame(c, "Sheet of a set")
	if err != nil {
		return err
	}
	p := struct {
		frame
		Set    trace.Set
		Labels []printed
	}{frame: f, Set: one}
	for _, a := range theatre.SetCodes(one) {
		m, err := symbol.Plain(a.Text)
		if err != nil {
			return err
		}
		p.Labels = append(p.Labels, printed{Title: a.Words, Text: a.Text, Symbol: template.HTML(m.SVG(a.Words + ": " + a.Text))})
	}
	return s.render(c, http.StatusOK, "set_sheet", "layout", p)
}
