package api

import (
	"context"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"implantrace/internal/catalogue"
	"implantrace/internal/check"
	"implantrace/internal/command"
	"implantrace/internal/staff"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

func (s *Server) describe(c echo.Context) error {
	var q command.Describe
	id, err := bindAt(c, &q, &q.Usage, "usages")
	if err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	if err := s.Recorder.Describe(c.Request().Context(), q); err != nil {
		return err
	}
	s.Desk.Changed()
	u, err := s.store.Usage(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, u)
}

func (s *Server) searchCatalogue(c echo.Context) error {
	most, err := limit(c)
	if err != nil {
		return err
	}
	found, err := catalogue.Search(c.Request().Context(), s.store, c.QueryParam("q"), c.QueryParam("after"), most)
	if err != nil {
		return whole(err)
	}
	return c.JSON(http.StatusOK, found)
}

func (s *Server) catalogueQueue(c echo.Context) error {
	queue, err := catalogue.Queue(c.Request().Context(), s.store)
	if err != nil {
		return whole(err)
	}
	return c.JSON(http.StatusOK, page[catalogue.Unknown]{Items: queue})
}

// readySince is the time since which a report on readiness asks: a year back where
// the query does not say.
func (s *Server) readySince(c echo.Context) (time.Time, error) {
	since, _, err := moment(c.QueryParam("from"), s.Recorder.Zone())
	if since.IsZero() {
		since = s.Recorder.Clock().AddDate(-1, 0, 0)
	}
	return since, err
}

func (s *Server) readinessNow(c echo.Context) (since time.Time, all []catalogue.Used, err error) {
	if since, err = s.readySince(c); err != nil {
		return since, nil, err
	}
	all, err = catalogue.Readiness(c.Request().Context(), s.Recorder, since)
	return since, all, whole(err)
}

func (s *Server) readiness(c echo.Context) error {
	_, all, err := s.readinessNow(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page[catalogue.Used]{Items: all})
}

func (s *Server) exportReadiness(c echo.Context) error {
	_, all, err := s.readinessNow(c)
	if err != nil {
		return err
	}
	return send(c, "text/csv; charset=utf-8; header=present", "readiness.csv", func(w io.Writer) error { return catalogue.WriteReadiness(w, all) })
}

// productsShown is how many products a page of the search shows.
const productsShown = 50

func (s *Server) pageCatalogue(c echo.Context) error {
	f, err := s.frame(c, "Catalogue")
	if err != nil {
		return err
	}
	data := struct {
		frame
		Typed, After string
		Found        catalogue.Found
		Waiting      int
	}{frame: f, Typed: c.QueryParam("q"), After: c.QueryParam("after")}
	ctx := c.Request().Context()
	if data.Found, err = catalogue.Search(ctx, s.store, data.Typed, data.After, productsShown); err != nil {
		return whole(err)
	}
	queue, err := catalogue.Queue(ctx, s.store)
	if err != nil {
		return whole(err)
	}
	data.Waiting = len(queue)
	return s.render(c, http.StatusOK, "catalogue", "layout", data)
}

func (s *Server) pageCatalogueQueue(c echo.Context) error {
	f, err := s.frame(c, "Products that wait")
	if err != nil {
		return err
	}
	queue, err := catalogue.Queue(c.Request().Context(), s.store)
	if err != nil {
		return whole(err)
	}
	return s.render(c, http.StatusOK, "catalogue_queue", "layout", struct {
		frame
		Queue []catalogue.Unknown
	}{f, queue})
}

func (s *Server) pageReadiness(c echo.Context) error {
	f, err := s.frame(c, "Which checks can run")
	if err != nil {
		return err
	}
	data := struct {
		frame
		Since  time.Time
		Used   []catalogue.Used
		Cannot int
	}{frame: f}
	if data.Since, data.Used, err = s.readinessNow(c); err != nil {
		return err
	}
	for _, u := range data.Used {
		data.Cannot += min(u.Cannot, 1)
	}
	return s.render(c, http.StatusOK, "readiness", "layout", data)
}

// productField is one line of a product's form.
type productField struct {
	Name, Words, Value string
	Choice             []string
	Vouched            *trace.Vouched
}

var productWords = map[string]string{"maker": "maker", "maker_address": "maker's address", "brand": "brand", "catalogue_no": "catalogue number", "description": "description"}

func productFields(p trace.Product) (all []productField) {
	add := func(name, words string, choice []string) {
		f := productField{Name: name, Words: words, Value: p.Value(name), Choice: choice}
		if i := slices.IndexFunc(p.Vouched, func(v trace.Vouched) bool { return v.Field == name }); i >= 0 {
			f.Vouched = &p.Vouched[i]
		}
		all = append(all, f)
	}
	for _, name := range trace.ProductNames() {
		add(name, productWords[name], nil)
	}
	for _, f := range trace.Fields() {
		add(f.Name, f.Words, f.Choice)
	}
	return all
}

func pathDI(c echo.Context) (string, error) {
	di, err := udi.ParseDI(c.Param("di"))
	if err != nil {
		return "", trace.Errorf(trace.Invalid, "The device identifier is not right: %w.", err)
	}
	return di, nil
}

func (s *Server) pageProduct(c echo.Context) error {
	di, err := pathDI(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	p, err := s.store.Product(ctx, di)
	known := err == nil
	if err != nil && trace.KindOf(err) != trace.NotFound {
		return err
	}
	inside, err := s.store.Packed(ctx, di)
	if err != nil {
		return err
	}
	data := struct {
		frame
		DI        string
		Known     bool
		MayWrite  bool
		Product   trace.Product
		Inside    []string
		Fields    []productField
		Ready     []check.Ready
		Described []string
		Uses      int
	}{DI: di, Known: known, Product: p, Inside: inside, Fields: productFields(p), MayWrite: callerOf(c).May(staff.WriteCatalogue) == staff.Yes}
	title := di
	if p.Description != "" {
		title = p.Description
	}
	if data.frame, err = s.frame(c, title); err != nil {
		return err
	}
	settings, err := s.Recorder.CheckSettings(ctx)
	if err != nil {
		return err
	}
	var of *trace.Product
	if full, err := trace.ProductOf(ctx, s.store, di); err == nil {
		of = &full
	} else if trace.KindOf(err) != trace.NotFound {
		return err
	}
	data.Ready = check.Readiness(of, settings)
	for h, err := range s.store.Candidates(ctx, trace.Query{DI: di}) {
		if err != nil {
			return whole(err)
		}
		if h.Usage.Withdrawn || h.Usage.Device.DI != di {
			continue
		}
		data.Uses++
		if d := h.Usage.Described; d != "" && !slices.Contains(data.Described, d) {
			data.Described = append(data.Described, d)
		}
	}
	return s.render(c, http.StatusOK, "product", "layout", data)
}

func (s *Server) formProduct(c echo.Context) error {
	id, err := formID(c)
	if err != nil {
		return err
	}
	di, err := pathDI(c)
	if err != nil {
		return err
	}
	q := command.EditProduct{DI: di, Fields: make(map[string]string), Verified: c.Request().PostForm["verified"], Who: field(c, "who")}
	q.ID = id
	by(c, &q.Meta, "page")
	for _, f := range productFields(trace.Product{}) {
		if _, sent := c.Request().PostForm[f.Name]; sent {
			q.Fields[f.Name] = field(c, f.Name)
		}
	}
	if _, err := s.Recorder.EditProduct(c.Request().Context(), q); err != nil {
		return err
	}
	s.Desk.Changed()
	return settled(c, "/catalogue/"+di)
}

func (s *Server) formDescribe(c echo.Context) error {
	return s.usageForm(c, func(ctx context.Context, m command.Meta, usage trace.UsageID) error {
		return s.Recorder.Describe(ctx, command.Describe{Meta: m, Usage: usage, Description: field(c, "description")})
	})
}
