package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"implantrace/internal/staff"
	"implantrace/internal/theatre"
	"implantrace/internal/trace"
	"implantrace/scanner"
)

type readingRequest struct {
	ID        trace.EventID     `json:"id"`
	Text      string            `json:"text"`
	Symbology string            `json:"symbology,omitempty"`
	Format    string            `json:"format,omitempty"` // of what a camera saw
	Source    scanner.Source    `json:"source,omitempty"` // typed (the default), wedge or camera
	Procedure trace.ProcedureID `json:"procedure,omitzero"`
	Occurred  time.Time         `json:"occurred,omitzero"`
}

// readingMost is the longest text that is taken as one reading.
const readingMost = 8191

// formatMost is the longest name of a kind of symbol.
const formatMost = 40

// takeReading records a text and answers what it means.
func (s *Server) takeReading(c echo.Context) error {
	var q readingRequest
	if err := bind(c, &q); err != nil {
		return err
	}
	switch q.Source {
	case "":
		q.Source = scanner.SourceTyped
	case scanner.SourceTyped, scanner.SourceWedge, scanner.SourceCamera:
	default:
		return trace.Errorf(trace.Invalid, "The source of a text is typed, wedge or camera.")
	}
	if (q.Format != "") != (q.Source == scanner.SourceCamera) {
		return trace.Errorf(trace.Invalid, "The kind of symbol is said of what a camera saw, and of nothing else.")
	}
	if len(q.Format) > formatMost {
		return trace.Errorf(trace.Invalid, "The kind of a symbol has at most %d bytes.", formatMost)
	}
	if q.Text == "" || len(q.Text) > readingMost {
		return trace.Errorf(trace.Invalid, "The text of a reading has 1 to %d bytes.", readingMost)
	}
	if now := s.Recorder.Clock(); !q.Occurred.IsZero() && (q.Occurred.Year() < 1900 || q.Occurred.After(now.Add(24*time.Hour))) {
		return trace.Errorf(trace.Invalid, "The time of the reading is not one at which something can have happened.")
	}
	r := scanner.Reading{Text: q.Text, Symbology: q.Symbology, Source: q.Source, At: q.Occurred}
	d, err := s.desk(c)
	if err != nil {
		return err
	}
	if q.Source == scanner.SourceCamera {
		if r, err = (scanner.Seen{Format: q.Format, AIM: q.Symbology, Text: q.Text}).Reading(q.Occurred, s.Proves); err != nil {
			return trace.Errorf(trace.Invalid, "%w", err)
		}
	}
	a, err := d.Take(s.asCaller(c), q.ID, r, q.Procedure)
	if err != nil {
		return err
	}
	return c.JSON(createdUnless(a.Repeated), a)
}

// asCaller is a request's context, marked with who sent it.
func (s *Server) asCaller(c echo.Context) context.Context {
	w := callerOf(c)
	ctx := theatre.As(c.Request().Context(), w.Actor(""))
	if w.May(staff.UseDesk) != staff.Yes {
		ctx = theatre.OnlyScanning(ctx)
	}
	return ctx
}

// createdUnless is 201, or 200 for what was recorded before.
func createdUnless(repeated bool) int {
	if repeated {
		return http.StatusOK
	}
	return http.StatusCreated
}

type pictureReadings struct {
	Answers []theatre.Answer `json:"answers"` // recorded
	Unsure  []symbolAnswer   `json:"unsure"`  // not recorded as read: scan again
	Unread  []unreadAnswer   `json:"unread"`  // located and not read
}

// takePicture records what a photograph shows: form fields id, procedure (if
// any) and picture.
func (s *Server) takePicture(c echo.Context) error {
	if err := form(c); err != nil {
		return err
	}
	defer func() {
		if f := c.Request().MultipartForm; f != nil {
			_ = f.RemoveAll() // what was laid down of a large picture
		}
	}()
	id, err := formID(c)
	if err != nil {
		return err
	}
	var procedure trace.ProcedureID
	if p := field(c, "procedure"); p != "" {
		if procedure, err = trace.ParseID[trace.OfProcedure](p); err != nil {
			return err
		}
	}
	header, err := c.FormFile("picture")
	if err != nil {
		return trace.Errorf(trace.Invalid, "The form wants a picture (a file in the field picture).")
	}
	if header.Size > pictureMost {
		return trace.Errorf(trace.TooLarge, "The picture is larger than %d bytes.", pictureMost)
	}
	f, err := header.Open()
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	keep := 0
	if s.KeepPictures {
		keep = photographMost
	}
	pic, err := s.decodePicture(c, data, keep)
	if err != nil {
		return err
	}
	out := pictureReadings{Answers: []theatre.Answer{}, Unsure: []symbolAnswer{}, Unread: unreadAnswers(pic)}
	now := s.Recorder.Clock()
	var sure []scanner.Reading
	for _, sym := range pic.Symbols {
		if sym.Sure {
			sure = append(sure, sym.Reading(now))
			continue
		}
		out.Unsure = append(out.Unsure, symbolAnswer{Format: sym.Format, AIM: sym.AIM, Corners: pairs(sym.Corners), Pass: sym.Pass})
	}
	d, err := s.desk(c)
	if err != nil {
		return err
	}
	if out.Answers, err = d.TakePicture(s.asCaller(c), id, sure, procedure, pic.Kept); err != nil {
		return err
	}
	return c.JSON(createdUnless(out.Answers[0].Repeated), out)
}

// listReadings gives readings, latest first. The text of a wristband or of a
// code that was not understood is sealed and not shown here.
func (s *Server) listReadings(c echo.Context) error {
	most, cur, err := s.listed(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	p, err := collect(ctx, s.store.Readings(ctx, cur.After), cur, most, func(h trace.ReadingHit) ([]byte, trace.Position, trace.Reading, error) {
		return h.Key, h.Reading.Stamp.Position, h.Reading, nil
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, p)
}
