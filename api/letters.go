package api

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"implantrace/internal/casework"
	"implantrace/internal/letter"
	"implantrace/internal/sheet"
	"implantrace/internal/trace"
)

// lettersRequest says which letters are wanted, and in which form.
type lettersRequest struct {
	ID       trace.EventID  `json:"id"`
	Form     string         `json:"form"` // pdf: all in one file; zip: one file a letter; csv, xlsx: for mail merge
	Cases    []trace.CaseID `json:"cases,omitempty"`
	Template string         `json:"template,omitempty"`
	Explain  string         `json:"explain"`
	Hospital string         `json:"hospital"`
	Phone    string         `json:"phone"`
	Signed   string         `json:"signed"`
	Large    bool           `json:"large,omitempty"`
	Copies   bool           `json:"copies,omitempty"`
}

func (s *Server) askOf(n trace.NoticeID, q lettersRequest) letter.Ask {
	return letter.Ask{Notice: n, Cases: q.Cases, Template: q.Template, Explain: q.Explain, Hospital: q.Hospital, Phone: q.Phone, Signed: q.Signed, Large: q.Large, Copies: q.Copies, Drill: s.Drill}
}

// lettersAnswer says of which cases letters may be made.
type lettersAnswer struct {
	Ready []trace.CaseID `json:"ready"`
	Held  []letter.Held  `json:"held"`
}

// checkLetters says of which cases letters may be made, and why not of the others.
func (s *Server) checkLetters(c echo.Context) error {
	id, err := pathID[trace.OfNotice](c)
	if err != nil {
		return err
	}
	if _, err := s.store.Notice(c.Request().Context(), id); err != nil {
		return err
	}
	set, err := letter.Prepare(c.Request().Context(), s.Office, s.askOf(id, lettersRequest{}))
	if err != nil {
		return whole(err)
	}
	a := lettersAnswer{Ready: []trace.CaseID{}, Held: list(set.Held)}
	for _, l := range set.Letters {
		a.Ready = append(a.Ready, l.Case)
	}
	return c.JSON(http.StatusOK, a)
}

// makeLetters makes letters, records that, and answers with them.
func (s *Server) makeLetters(c echo.Context) error {
	id, err := pathID[trace.OfNotice](c)
	if err != nil {
		return err
	}
	var q lettersRequest
	if err := bind(c, &q); err != nil {
		return err
	}
	return s.sendLetters(c, id, q, viaAPI)
}

// letterForms are the forms of letters, with the media type and ending of each.
var letterForms = map[string]struct {
	kind, ending string
	make         func(letter.Set) ([]byte, error)
}{
	"pdf":  {"application/pdf", "pdf", letter.Set.PDF},
	"zip":  {"application/zip", "zip", letter.Set.ZIP},
	"csv":  {"text/csv; charset=utf-8; header=present", "csv", letter.Set.CSV},
	"xlsx": {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", letter.Set.XLSX},
}

func (s *Server) sendLetters(c echo.Context, id trace.NoticeID, q lettersRequest, via string) error {
	form, ok := letterForms[q.Form]
	if !ok {
		return trace.Errorf(trace.Invalid, "Letters come as pdf, zip, csv or xlsx.")
	}
	ctx := c.Request().Context()
	if _, err := s.store.Notice(ctx, id); err != nil {
		return err
	}
	set, err := letter.Prepare(ctx, s.Office, s.askOf(id, q))
	if err != nil {
		if len(q.Cases) > 0 {
			return err // one that is not there
		}
		return whole(err)
	}
	if q.Form == "pdf" || q.Form == "zip" {
		if err := set.Unprintable(); err != nil {
			return err
		}
	}
	b, err := form.make(set)
	if err != nil {
		return err
	}
	// Recorded before they leave, so that no letter is out that the record does not
	// know of. Sent again, the same command is recorded once.
	made := casework.LetterMade{NoticeID: id, Cases: set.Touched(), Words: set.Words(q.Form)}
	made.ID = q.ID
	by(c, &made.Meta, via)
	if err := s.Office.LetterMade(ctx, made); err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Implantrace-Letters", strconv.Itoa(len(set.Letters)))
	h.Set("Implantrace-Held", strconv.Itoa(len(set.Held)))
	name := "letters-" + s.Recorder.Clock().In(s.Recorder.Zone()).Format("20060102-1504") + "." + form.ending
	if s.Drill {
		name = "drill-" + name
	}
	h.Set(echo.HeaderContentDisposition, `attachment; filename="`+name+`"`)
	return c.Blob(http.StatusOK, form.kind, b)
}

// takeTracing takes a trace file: CSV, or the first sheet of a workbook.
func (s *Server) takeTracing(c echo.Context) error {
	b, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return unread(err)
	}
	r, err := s.traceFile(c, b, c.QueryParams(), viaAPI)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, r)
}

func (s *Server) traceFile(c echo.Context, b []byte, q url.Values, via string) (r casework.TraceReport, err error) {
	f := casework.TraceFile{Day: q.Get("day"), Source: q.Get("source")}
	if f.ID, err = trace.ParseID[trace.OfEvent](q.Get("id")); err != nil {
		return r, err
	}
	if f.Rows, err = table(b); err != nil {
		return r, err
	}
	by(c, &f.Meta, via)
	return s.Office.Trace(c.Request().Context(), f)
}

// table reads an uploaded table.
func table(b []byte) ([][]string, error) {
	rows, err := sheet.Read(b)
	switch {
	case errors.Is(err, sheet.ErrTooLarge):
		return nil, trace.Errorf(trace.TooLarge, "The table is refused: %w.", err)
	case err != nil:
		return nil, trace.Errorf(trace.Invalid, "The table is refused: %w.", err)
	}
	return rows, nil
}

type lettersPage struct {
	frame
	Notice  trace.Notice
	Ready   []letter.Letter
	Held    []letter.Held
	Report  *casework.TraceReport
	Problem string
	Fields  map[string]string
	Today   string
	Columns []string
	Days    int
}

func (s *Server) pageLetters(c echo.Context) error {
	return s.lettersPage(c, http.StatusOK, lettersPage{Fields: map[string]string{"form": "pdf"}})
}

func (s *Server) lettersPage(c echo.Context, status int, p lettersPage) error {
	id, err := pathID[trace.OfNotice](c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if p.frame, err = s.frame(c, "Letters"); err != nil {
		return err
	}
	if p.Notice, err = s.store.Notice(ctx, id); err != nil {
		return err
	}
	set, err := letter.Prepare(ctx, s.Office, letter.Ask{Notice: id})
	if err != nil {
		return whole(err)
	}
	p.Ready, p.Held, p.Columns, p.Days = set.Letters, set.Held, casework.TraceColumns(), letter.TraceDays
	p.Today = s.Recorder.Clock().In(s.Recorder.Zone()).Format("2006-01-02")
	return s.render(c, status, "letters", "layout", p)
}

// formLetters takes a trace file, or makes letters.
func (s *Server) formLetters(c echo.Context) error {
	id, err := pathID[trace.OfNotice](c)
	if err != nil {
		return err
	}
	p := lettersPage{Fields: make(map[string]string)}
	for _, name := range []string{"form", "explain", "hospital", "phone", "signed", "large", "copies", "template", "day", "source"} {
		p.Fields[name] = field(c, name)
	}
	if field(c, "action") == "trace" {
		file, _, ferr := c.Request().FormFile("file")
		if ferr != nil {
			err = trace.Errorf(trace.Invalid, "Choose the trace file.")
		} else {
			defer file.Close()
			var b []byte
			if b, err = io.ReadAll(io.LimitReader(file, sheet.BytesMost+1)); err != nil {
				return unread(err)
			}
			var r casework.TraceReport
			if r, err = s.traceFile(c, b, c.Request().PostForm, "page"); err == nil {
				p.Report = &r
				return s.lettersPage(c, http.StatusOK, p)
			}
		}
	} else {
		q := lettersRequest{Form: p.Fields["form"], Template: c.Request().PostFormValue("template"), Explain: p.Fields["explain"], Hospital: p.Fields["hospital"], Phone: p.Fields["phone"], Signed: p.Fields["signed"],
			Large: p.Fields["large"] != "", Copies: p.Fields["copies"] != ""}
		if q.ID, err = formID(c); err == nil {
			err = s.sendLetters(c, id, q, "page")
		}
		if err == nil || c.Response().Committed {
			return err
		}
	}
	problem := problemOf(err)
	if problem.Status >= 500 {
		return err
	}
	p.Problem = problem.Detail
	return s.lettersPage(c, problem.Status, p)
}
