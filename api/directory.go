package api

import (
	"context"
	"html/template"
	"io"
	"iter"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"implantrace/internal/command"
	"implantrace/internal/directory"
	"implantrace/internal/sheet"
	"implantrace/internal/trace"
)

// entriesOf gathers one list of the directory.
func entriesOf[F trace.StaffFact | trace.PlaceFact | trace.CodeFact](all iter.Seq2[trace.Listed[F], error]) ([]trace.Listed[F], error) {
	out := []trace.Listed[F]{}
	for l, err := range all {
		if err != nil {
			return nil, whole(err)
		}
		out = append(out, l)
	}
	return out, nil
}

func (s *Server) listStaff(c echo.Context) error {
	return answerList(c, s.store.StaffMembers(c.Request().Context()))
}

func (s *Server) listPlaces(c echo.Context) error {
	return answerList(c, s.store.ListedPlaces(c.Request().Context()))
}

func (s *Server) listCodes(c echo.Context) error {
	return answerList(c, s.store.ListedCodes(c.Request().Context()))
}

func answerList[F trace.StaffFact | trace.PlaceFact | trace.CodeFact](c echo.Context, all iter.Seq2[trace.Listed[F], error]) error {
	items, err := entriesOf(all)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page[trace.Listed[F]]{Items: items})
}

func (s *Server) setStaff(c echo.Context) error {
	var q directory.Staff
	if err := bind(c, &q); err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	f, err := directory.ListStaff(c.Request().Context(), s.Recorder, q)
	return s.sayListed(c, f, err)
}

func (s *Server) setPlace(c echo.Context) error {
	var q directory.Place
	if err := bind(c, &q); err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	f, err := directory.ListPlace(c.Request().Context(), s.Recorder, q)
	return s.sayListed(c, f, err)
}

func (s *Server) setCode(c echo.Context) error {
	var q directory.Code
	if err := bind(c, &q); err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	f, err := directory.ListCode(c.Request().Context(), s.Recorder, q)
	return s.sayListed(c, f, err)
}

// sayListed answers what was recorded; pages that show names show the new one.
func (s *Server) sayListed(c echo.Context, f any, err error) error {
	if err != nil {
		return err
	}
	s.Desk.Changed()
	return c.JSON(http.StatusCreated, f)
}

// unlistedFor is how far back what nobody listed is looked for, unless the asker
// says.
const unlistedFor = 31 * 24 * time.Hour

func (s *Server) unlisted(c echo.Context) error {
	since, _, err := moment(c.QueryParam("from"), s.Recorder.Zone())
	if err != nil {
		return err
	}
	if since.IsZero() {
		since = s.Recorder.Clock().Add(-unlistedFor)
	}
	queue, err := directory.Queue(c.Request().Context(), s.Recorder, since)
	if err != nil {
		return whole(err)
	}
	return c.JSON(http.StatusOK, page[directory.Unlisted]{Items: queue})
}

func (s *Server) importDirectory(c echo.Context) error {
	id, err := trace.ParseID[trace.OfEvent](c.QueryParam("id"))
	if err != nil {
		return err
	}
	table, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return unread(err)
	}
	m := command.Meta{ID: id}
	by(c, &m, viaAPI)
	rows, err := directory.Import(c.Request().Context(), s.Recorder, directory.Of(c.QueryParam("list")), m, table)
	s.Desk.Changed()
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page[directory.Row]{Items: rows})
}

func (s *Server) exportDirectory(c echo.Context) error {
	of := directory.Of(c.QueryParam("list"))
	if of.Columns() == nil {
		return trace.Errorf(trace.Invalid, "Say which list: staff, places or codes.")
	}
	return send(c, "text/csv; charset=utf-8; header=present", string(of)+".csv", func(w io.Writer) error {
		return directory.WriteCSV(c.Request().Context(), w, s.store, of)
	})
}

// listWords is a list of the directory as a heading.
var listWords = map[directory.Of]string{directory.OfStaff: "Staff", directory.OfPlaces: "Places", directory.OfCodes: "Procedure codes"}

type directoryPage struct {
	frame
	List      directory.Of
	Lists     []directory.Of
	Words     map[directory.Of]string
	Columns   []string
	Staff     []trace.Listed[trace.StaffFact]
	Places    []trace.Listed[trace.PlaceFact]
	Codes     []trace.Listed[trace.CodeFact]
	Queue     []directory.Unlisted
	Registers []trace.Register
	Systems   []string
	Rows      []directory.Row // what became of a table that was sent
	Sent      bool
	Refused   int
	Recorded  int
}

// directoryData gathers the page of one list.
func (s *Server) directoryData(c echo.Context, of directory.Of) (p directoryPage, err error) {
	if of == "" {
		of = directory.OfStaff
	}
	p = directoryPage{List: of, Lists: directory.Lists(), Words: listWords, Columns: of.Columns(), Registers: trace.Registers(), Systems: trace.Systems()}
	if p.frame, err = s.frame(c, "Directory"); err != nil {
		return p, err
	}
	ctx := c.Request().Context()
	switch of {
	case directory.OfStaff:
		p.Staff, err = entriesOf(s.store.StaffMembers(ctx))
	case directory.OfPlaces:
		p.Places, err = entriesOf(s.store.ListedPlaces(ctx))
	case directory.OfCodes:
		p.Codes, err = entriesOf(s.store.ListedCodes(ctx))
	default:
		return p, trace.Errorf(trace.NotFound, "There is no such list.")
	}
	if err != nil {
		return p, err
	}
	all, err := directory.Queue(ctx, s.Recorder, s.Recorder.Clock().Add(-unlistedFor))
	if err != nil {
		return p, whole(err)
	}
	for _, u := range all {
		if u.List == of {
			p.Queue = append(p.Queue, u)
		}
	}
	return p, nil
}

func (s *Server) pageDirectory(c echo.Context) error {
	p, err := s.directoryData(c, directory.Of(c.QueryParam("list")))
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "directory", "layout", p)
}

func (s *Server) formDirectory(c echo.Context) error {
	id, err := formID(c)
	if err != nil {
		return err
	}
	m := command.Meta{ID: id}
	by(c, &m, "page")
	ctx := c.Request().Context()
	removed := field(c, "removed") == "true"
	of := directory.Of(field(c, "list"))
	switch of {
	case directory.OfStaff:
		_, err = directory.ListStaff(ctx, s.Recorder, directory.Staff{Meta: m, StaffFact: trace.StaffFact{Badge: s.badge(field(c, "badge")), Name: field(c, "name"), Role: field(c, "role"),
			Register: trace.Register(field(c, "register")), Number: field(c, "number"), Removed: removed}})
	case directory.OfPlaces:
		_, err = directory.ListPlace(ctx, s.Recorder, directory.Place{Meta: m, PlaceFact: trace.PlaceFact{GLN: field(c, "gln"), Extension: field(c, "extension"), Name: field(c, "name"),
			Site: field(c, "site"), ODS: field(c, "ods"), Removed: removed}})
	case directory.OfCodes:
		_, err = directory.ListCode(ctx, s.Recorder, directory.Code{Meta: m, CodeFact: trace.CodeFact{System: field(c, "system"), Code: field(c, "code"), Text: field(c, "text"),
			Side: trace.Answer(field(c, "side")), Removed: removed}})
	default:
		err = trace.Errorf(trace.Invalid, "Say which list: staff, places or codes.")
	}
	if err != nil {
		return err
	}
	s.Desk.Changed()
	return settled(c, "/directory?list="+string(of))
}

// badge takes the code out of a badge that was scanned into a form.
func (s *Server) badge(typed string) string {
	if m := s.Recorder.Rules.Understand(typed, s.Recorder.Clock()); m.Staff != "" && !m.Damaged() {
		return m.Staff
	}
	return typed
}

func (s *Server) formDirectoryTable(c echo.Context) error {
	id, err := formID(c)
	if err != nil {
		return err
	}
	file, _, err := c.Request().FormFile("table")
	if err != nil {
		return trace.Errorf(trace.Invalid, "Choose a file: CSV or XLSX.")
	}
	defer file.Close()
	table, err := io.ReadAll(io.LimitReader(file, sheet.BytesMost+1))
	if err != nil {
		return unread(err)
	}
	m := command.Meta{ID: id}
	by(c, &m, "page")
	of := directory.Of(field(c, "list"))
	rows, err := directory.Import(c.Request().Context(), s.Recorder, of, m, table)
	s.Desk.Changed()
	if err != nil {
		return err
	}
	p, err := s.directoryData(c, of)
	if err != nil {
		return err
	}
	p.Sent = true
	for _, r := range rows {
		switch {
		case r.Refused != "":
			p.Refused++
			p.Rows = append(p.Rows, r)
		case !r.Unchanged:
			p.Recorded++
		}
	}
	return s.render(c, http.StatusOK, "directory", "layout", p)
}

// printed is one label of a sheet.
type printed struct {
	Title  string
	Lines  []string
	Text   string
	Symbol template.HTML // drawn by package symbol, which escapes what it says
}

func (s *Server) pageDirectoryPrint(c echo.Context) error {
	of := directory.Of(c.QueryParam("list"))
	labels, without, err := labelsOf(c.Request().Context(), s.store, of)
	if err != nil {
		return err
	}
	f, err := s.frame(c, listWords[of]+" to print")
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "directory_print", "layout", struct {
		frame
		List    directory.Of
		Labels  []printed
		Without []string
	}{f, of, labels, without})
}

func labelsOf(ctx context.Context, d trace.Directory, of directory.Of) (all []printed, without []string, err error) {
	labels, without, err := directory.Labels(ctx, d, of)
	for _, l := range labels {
		all = append(all, printed{l.Title, l.Lines, l.Text, template.HTML(l.Symbol.SVG(l.Title + ": " + l.Text))})
	}
	return all, without, err
}
