package api

import (
	"context"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"implantrace/internal/practice"
	"implantrace/internal/staff"
	"implantrace/internal/theatre"
	"implantrace/internal/trace"
)

// leaves are the permissions by which something leaves the node, comes in from a real
// record, or lets it be used for care.
var leaves = []staff.Permission{staff.ExportRecord, staff.ImportHistory, staff.Approve}

// leaving are the routes by which more leaves it: documents that a patient or another
// register is given, and what proves a record or copies it.
var leaving = []string{"/api/v1/operator/backup", "/api/v1/operator/checkpoints", "/api/v1/journal/", "/api/v1/exports/", "/fhir/", "/incident", "/evidence", "/letters", "/njr", "/card", "/record.pdf", "/signed"}

// onlyPractised refuses what must not leave a practice, or come into it.
func (s *Server) onlyPractised(r route, h echo.HandlerFunc) echo.HandlerFunc {
	out := slices.Contains(leaves, r.may) || slices.ContainsFunc(leaving, func(part string) bool { return strings.Contains(r.path, part) })
	if s.Practice == nil || !out {
		return h
	}
	return func(echo.Context) error {
		return trace.Errorf(trace.Forbidden, "This is for practice, and nothing in it is real: nothing leaves it, no record is brought in, and it is not approved for use.")
	}
}

// guide is what the theatre page says of the first case.
type guide struct {
	practice.Step
	Symbol template.HTML // drawn by package symbol, which escapes what it says
}

// guide says what comes next at a desk; nil: this is no practice.
func (s *Server) guide(ctx context.Context, st theatre.State) (*guide, error) {
	if s.Practice == nil {
		return nil, nil
	}
	last, err := s.lastClosed(ctx)
	if err != nil {
		return nil, err
	}
	g := &guide{Step: practice.Guide(s.Practice, st, last)}
	if g.Label.Text != "" {
		g.Symbol = template.HTML(g.Label.Symbol.SVG(g.Label.Title + ": " + g.Label.Text))
	}
	return g, nil
}

// lastClosed is the procedure that was closed last, nil if none was.
func (s *Server) lastClosed(ctx context.Context) (*trace.ProcedureInFull, error) {
	var last trace.Procedure
	for h, err := range s.store.Procedures(ctx, trace.ProcedureQuery{}) {
		if err != nil {
			return nil, err
		}
		if p := h.Procedure; !p.Open() && !p.Withdrawn && p.End.After(last.End) {
			last = p
		}
	}
	if last.ID.IsZero() {
		return nil, nil
	}
	full, err := trace.ProcedureWithUsages(ctx, s.store, last)
	return &full, err
}

// pagePractice is the sheet of labels to practise with.
func (s *Server) pagePractice(c echo.Context) error {
	if s.Practice == nil {
		return trace.Errorf(trace.NotFound, "This node is not for practice. Practise on one of its own: implantrace practice.")
	}
	f, err := s.frame(c, "Practice labels")
	if err != nil {
		return err
	}
	type sheet struct {
		Title, About string
		Labels       []printed
	}
	p := struct {
		frame
		Sheets []sheet
	}{frame: f}
	for _, part := range s.Practice {
		out := sheet{Title: part.Title, About: part.About}
		for _, l := range part.Labels {
			out.Labels = append(out.Labels, printed{l.Title, l.Lines, l.Text, template.HTML(l.Symbol.SVG(l.Title + ": " + l.Text))})
		}
		p.Sheets = append(p.Sheets, out)
	}
	return s.render(c, http.StatusOK, "practice", "layout", p)
}
