package api

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"mime"
	"net/http"
	"os"

	"github.com/labstack/echo/v4"

	"implantrace/internal/catalogue"
	"implantrace/internal/trace"
)

// catalogueLine is one line of the answer to an import: how far it is, and at
// last what became of it or what stopped it.
type catalogueLine struct {
	Progress *catalogue.Report   `json:"progress,omitempty"`
	Report   *catalogue.Report   `json:"report,omitempty"`
	Refusals []catalogue.Refusal `json:"refusals,omitempty"` // the first ten thousand
	Problem  *Problem            `json:"problem,omitempty"`
}

// importCatalogue takes a catalogue, and answers with lines of JSON as it goes
// on. The whole file is taken in before its first row is read: a sender may wait
// for the answer until everything is sent.
func (s *Server) importCatalogue(c echo.Context) error {
	only := c.QueryParam("implantable")
	if only != "" && only != "true" && only != "false" {
		return trace.Errorf(trace.Invalid, "implantable is true or false.")
	}
	body := &upload{from: c.Request().Body}
	file, err := spool(body)
	if err != nil {
		return body.why(err)
	}
	defer dropFile(file)
	ct, _, _ := mime.ParseMediaType(c.Request().Header.Get(echo.HeaderContentType))
	lines, err := catalogueIn(file, ct == "text/csv", only == "true")
	if err != nil {
		return err
	}
	w := c.Response()
	say := func(l catalogueLine) error {
		if !w.Committed {
			w.Header().Set(echo.HeaderContentType, "application/x-ndjson")
			w.WriteHeader(http.StatusOK)
		}
		if err := json.NewEncoder(w).Encode(l); err != nil {
			return err
		}
		w.Flush()
		return nil
	}
	var refusals []catalogue.Refusal
	report, err := catalogue.Import(c.Request().Context(), s.Recorder, lines, catalogue.Options{
		Source: c.QueryParam("source"), Authority: trace.Authority(c.QueryParam("authority")), By: callerOf(c).Actor(viaAPI),
		Refused: func(r catalogue.Refusal) {
			if len(refusals) < refusalsMost {
				refusals = append(refusals, r)
			}
		},
		Progress: func(r catalogue.Report) { _ = say(catalogueLine{Progress: &r}) }, // who does not listen to progress will not hear the end
	})
	s.Desk.Changed()
	if err != nil && !w.Committed {
		return err
	}
	last := catalogueLine{Report: &report, Refusals: refusals}
	if err != nil {
		p := problemOf(err)
		last = catalogueLine{Progress: &report, Problem: &p}
	}
	return say(last)
}

// catalogueIn reads a file as what it is: CSV, or a release in a ZIP file.
func catalogueIn(file *os.File, isCSV, implantableOnly bool) (iter.Seq2[catalogue.Line, error], error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !isCSV {
		z, err := zip.NewReader(file, info.Size())
		if err == nil {
			return catalogue.ReadGUDID(z, catalogue.GUDIDOptions{ImplantableOnly: implantableOnly}), nil
		}
		if errors.Is(err, zip.ErrFormat) {
			return nil, trace.Errorf(trace.Invalid, "This is no ZIP file. A CSV wants the content type text/csv.")
		}
		return nil, trace.Errorf(trace.Invalid, "The ZIP file cannot be read: %w.", err)
	}
	if implantableOnly {
		return nil, trace.Errorf(trace.Invalid, "implantable is for an AccessGUDID release; a CSV is taken as it is.")
	}
	return catalogue.ReadCSV(file, ""), nil
}

// spool keeps what comes in a temporary file, and goes back to its beginning.
func spool(from io.Reader) (*os.File, error) {
	f, err := os.CreateTemp("", "implantrace-upload-*")
	if err != nil {
		return nil, err
	}
	if _, err = io.Copy(f, from); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		dropFile(f)
		return nil, err
	}
	return f, nil
}

// dropFile takes a temporary file away. What cannot be taken away the system
// does one day.
func dropFile(f *os.File) {
	_ = f.Close()
	_ = os.Remove(f.Name())
}

func (s *Server) exportCatalogue(c echo.Context) error {
	return send(c, "text/csv; charset=utf-8; header=present", "catalogue.csv", func(w io.Writer) error {
		_, err := catalogue.WriteCSV(w, s.store.Products(c.Request().Context(), ""))
		return err
	})
}
