package api

import (
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"implantrace/internal/catalogue"
	"implantrace/internal/command"
	"implantrace/internal/sheet"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

func (s *Server) confirmPlan(c echo.Context) error {
	var q command.ConfirmPlan
	id, err := bindAt(c, &q, &q.Procedure, "procedures")
	if err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	if err := s.Recorder.ConfirmPlan(c.Request().Context(), q); err != nil {
		return err
	}
	s.Desk.Changed()
	return s.answerPlan(c, id)
}

// planTable takes a table of planned devices in the place of a plan.
func (s *Server) planTable(c echo.Context) error {
	procedure, err := pathID[trace.OfProcedure](c)
	if err != nil {
		return err
	}
	id, err := trace.ParseID[trace.OfEvent](c.QueryParam("id"))
	if err != nil {
		return err
	}
	table, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return unread(err)
	}
	q := command.SetPlan{Procedure: procedure, ToConfirm: c.QueryParam("to_confirm") == "true", Who: c.QueryParam("who")}
	q.ID = id
	by(c, &q.Meta, viaAPI)
	if q.Items, q.Stays, err = catalogue.ReadPlan(table); err != nil {
		return err
	}
	if err := s.Recorder.SetPlan(c.Request().Context(), q); err != nil {
		return err
	}
	s.Desk.Changed()
	return s.answerPlan(c, procedure)
}

// planLine is one device of a plan, or one that stays in, as the page shows it.
type planLine struct {
	Number  int // in its list
	Stays   bool
	DI      string
	Product trace.Product
	Maker   string
	Side    trace.Side
	Facts   []productField
}

// planFields are the attributes that a plan asks for, in the order of its form.
var planFields = []string{"kind", "side", "model", "power", "size", "head_diameter", "inner_diameter", "outer_diameter", "length", "taper", "bearing", "material"}

type planPage struct {
	frame
	ID       trace.ProcedureID
	Title    string
	Identity trace.Identity
	Of       trace.Procedure
	Plan     trace.Plan
	Lines    []planLine
	Stays    []planLine
	Fields   []productField
	Columns  []string
}

func (s *Server) planLine(c echo.Context, n int, stays bool, i trace.PlanItem) (planLine, error) {
	l := planLine{Number: n, Stays: stays, DI: i.DI, Maker: i.Maker, Side: i.Side}
	for _, f := range productFields(trace.Product{Attributes: i.Attributes}) {
		if f.Value != "" {
			l.Facts = append(l.Facts, f)
		}
	}
	if i.DI == "" {
		return l, nil
	}
	p, err := trace.ProductOf(c.Request().Context(), s.store, i.DI)
	if trace.KindOf(err) == trace.NotFound {
		err = nil
	}
	l.Product = p
	return l, err
}

func (s *Server) pagePlan(c echo.Context) error {
	id, err := pathID[trace.OfProcedure](c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	p, err := s.store.Procedure(ctx, id)
	if err != nil {
		return err
	}
	full, err := trace.ProcedureWithUsages(ctx, s.store, p)
	if err != nil {
		return whole(err)
	}
	data := planPage{ID: id, Of: full.Procedure, Identity: full.Identity, Columns: catalogue.PlanColumns()}
	if data.frame, err = s.frame(c, "Plan"); err != nil {
		return err
	}
	if data.Plan, err = s.planNow(c, id); err != nil {
		return err
	}
	for n, i := range data.Plan.Items {
		l, err := s.planLine(c, n, false, i)
		if err != nil {
			return err
		}
		data.Lines = append(data.Lines, l)
	}
	for n, i := range data.Plan.Stays {
		l, err := s.planLine(c, n, true, trace.PlanItem(i))
		if err != nil {
			return err
		}
		data.Stays = append(data.Stays, l)
	}
	all := productFields(trace.Product{})
	for _, name := range planFields {
		for _, f := range all {
			if f.Name == name {
				data.Fields = append(data.Fields, f)
			}
		}
	}
	return s.render(c, http.StatusOK, "plan", "layout", data)
}

// planNow is the plan of a procedure; an empty one where nothing is planned.
func (s *Server) planNow(c echo.Context, id trace.ProcedureID) (trace.Plan, error) {
	plan, err := s.store.Plan(c.Request().Context(), id)
	if trace.KindOf(err) == trace.NotFound {
		return trace.Plan{Procedure: id}, nil
	}
	return plan, err
}

// formPlan changes one thing of a plan: the form names the plan that its sender has
// seen, so that nobody changes another's unseen.
func (s *Server) formPlan(c echo.Context) error {
	id, err := formID(c)
	if err != nil {
		return err
	}
	procedure, err := pathID[trace.OfProcedure](c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	m := command.Meta{ID: id}
	by(c, &m, "page")
	var seen trace.EventID
	if text := field(c, "plan"); text != "" {
		if seen, err = trace.ParseID[trace.OfEvent](text); err != nil {
			return err
		}
	}
	if field(c, "do") == "confirm" {
		err = s.Recorder.ConfirmPlan(ctx, command.ConfirmPlan{Meta: m, Procedure: procedure, Plan: seen, Who: field(c, "who")})
	} else {
		err = s.changePlan(c, m, procedure, seen)
	}
	if err != nil {
		return err
	}
	s.Desk.Changed()
	return settled(c, "/procedures/"+procedure.String()+"/plan")
}

func (s *Server) changePlan(c echo.Context, m command.Meta, procedure trace.ProcedureID, seen trace.EventID) error {
	ctx := c.Request().Context()
	q := command.ChangePlan{Meta: m, Procedure: procedure, After: seen, Stays: field(c, "stays") == "true", Who: field(c, "who")}
	switch field(c, "do") {
	case "add":
		item, err := s.planItem(c)
		if err != nil {
			return err
		}
		q.Add = &item
	case "remove":
		n, err := strconv.Atoi(field(c, "number"))
		if err != nil {
			return trace.Errorf(trace.Invalid, "Say which line is taken out.")
		}
		q.Remove = &n
	case "ask":
		is := field(c, "to_confirm") == "true"
		q.ToConfirm = &is
	case "table":
		return s.takeInPlan(c, m, procedure, seen)
	default:
		return trace.Errorf(trace.Invalid, "Say what is to be done with the plan.")
	}
	return s.Recorder.ChangePlan(ctx, q)
}

// takeInPlan puts a table that was sent by form in the place of the plan.
func (s *Server) takeInPlan(c echo.Context, m command.Meta, procedure trace.ProcedureID, seen trace.EventID) error {
	file, _, err := c.Request().FormFile("table")
	if err != nil {
		return trace.Errorf(trace.Invalid, "Choose a file: CSV or XLSX.")
	}
	defer file.Close()
	table, err := io.ReadAll(io.LimitReader(file, sheet.BytesMost+1))
	if err != nil {
		return unread(err)
	}
	plan, err := s.planNow(c, procedure)
	if err != nil {
		return err
	}
	q := command.SetPlan{Meta: m, Procedure: procedure, After: seen, ToConfirm: plan.ToConfirm, Who: plan.Who}
	if q.Items, q.Stays, err = catalogue.ReadPlan(table); err != nil {
		return err
	}
	return s.Recorder.SetPlan(c.Request().Context(), q)
}

// planItem is the device that a form names: by a barcode or identifier, or by what
// it is to be.
func (s *Server) planItem(c echo.Context) (trace.PlanItem, error) {
	i := trace.PlanItem{Maker: field(c, "maker"), Side: trace.Side(field(c, "for_side"))}
	if text := strings.TrimSpace(field(c, "di")); text != "" {
		m := udi.Understand(text, s.Recorder.Clock())
		switch {
		case m.Damaged():
			return i, trace.Errorf(trace.Invalid, "This code is damaged: scan it again, or type the identifier.")
		case m.Device.DI != "":
			i.DI = m.Device.DI
		default:
			i.DI = text
		}
	}
	for _, name := range planFields {
		f, _ := trace.FieldOf(name)
		if err := f.Set(&i.Attributes, field(c, name)); err != nil {
			return i, err
		}
	}
	return i, nil
}
