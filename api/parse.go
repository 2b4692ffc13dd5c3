package api

import (
	"errors"
	"image"
	"io"
	"mime"
	"net/http"

	"github.com/labstack/echo/v4"

	"implantrace/gs1"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
	"implantrace/scanner"
)

type parseRequest struct {
	Text string `json:"text"`
}

// parse says what a text means, and records nothing. A text of which nothing
// could be understood is a problem with the offset of its first fault.
func (s *Server) parse(c echo.Context) error {
	var q parseRequest
	if err := bind(c, &q); err != nil {
		return err
	}
	m := s.Recorder.Rules.Understand(q.Text, s.Recorder.Clock())
	if m.Kind == udi.KindText {
		return notUnderstood(m)
	}
	return c.JSON(http.StatusOK, m)
}

func notUnderstood(m udi.Meaning) error {
	p := Problem{Type: problemSpace + "not-understood", Title: "The code was not understood", Status: http.StatusUnprocessableEntity,
		Detail: "This is no device, wristband, badge, place, procedure or action.", Issues: m.Issues}
	for _, i := range m.Issues {
		if i.Severity == gs1.Hard.String() {
			p.Detail, p.Offset = i.Message, &i.Offset
			break
		}
	}
	return &problemError{p}
}

// symbolAnswer is a symbol of a picture and what it means.
type symbolAnswer struct {
	Format  string       `json:"format"`
	AIM     string       `json:"aim"`
	Text    string       `json:"text"`
	Corners [4][2]int    `json:"corners"`
	Pass    string       `json:"pass"`
	Sure    bool         `json:"sure"` // false: scan again, it may be wrong
	Means   *udi.Meaning `json:"means,omitempty"`
}

// unreadAnswer is a symbol of a picture that was located and not read.
type unreadAnswer struct {
	Format  string    `json:"format"`
	Corners [4][2]int `json:"corners"`
	Why     string    `json:"why"`  // one sentence: what, where, and the cause
	Hint    string    `json:"hint"` // one sentence: what to do
}

// unreadAnswers are never nil: none is an empty list.
func unreadAnswers(pic scanner.Picture) []unreadAnswer {
	all := make([]unreadAnswer, len(pic.Unread))
	for i, u := range pic.Unread {
		all[i] = unreadAnswer{u.Format, pairs(u.Corners), u.Why, u.Hint}
	}
	return all
}

func pairs(corners [4]image.Point) (out [4][2]int) {
	for i, p := range corners {
		out[i] = [2]int{p.X, p.Y}
	}
	return out
}

type pictureAnswer struct {
	Width   int            `json:"width"`
	Height  int            `json:"height"`
	Ms      float64        `json:"ms"`
	Symbols []symbolAnswer `json:"symbols"`
	Unread  []unreadAnswer `json:"unread"`
}

// decode reads the symbols of a picture, and records nothing.
func (s *Server) decode(c echo.Context) error {
	data, err := pictureBody(c)
	if err != nil {
		return err
	}
	pic, err := s.decodePicture(c, data, 0)
	if err != nil {
		return err
	}
	a := pictureAnswer{Width: pic.Width, Height: pic.Height, Ms: float64(pic.Elapsed.Microseconds()) / 1000, Symbols: []symbolAnswer{},
		Unread: unreadAnswers(pic)}
	for _, sym := range pic.Symbols {
		m := s.Recorder.Rules.Understand(sym.AIM+sym.Text, s.Recorder.Clock())
		a.Symbols = append(a.Symbols, symbolAnswer{Format: sym.Format, AIM: sym.AIM, Text: sym.Text, Corners: pairs(sym.Corners),
			Pass: sym.Pass, Sure: sym.Sure, Means: &m})
	}
	return c.JSON(http.StatusOK, a)
}

func (s *Server) decodePicture(c echo.Context, data []byte, keep int) (scanner.Picture, error) {
	pic, err := scanner.DecodeImage(c.Request().Context(), data, scanner.ImageOptions{
		MaxBytes: pictureMost, Workers: s.Workers, Proves: s.Proves, Keep: keep,
	})
	switch {
	case errors.Is(err, scanner.ErrTooLarge):
		err = trace.Errorf(trace.TooLarge, "%w", err)
	case errors.Is(err, scanner.ErrNotPicture), errors.Is(err, scanner.ErrDamaged):
		err = trace.Errorf(trace.Invalid, "%w", err)
	case errors.Is(err, scanner.ErrBusy):
		err = trace.Errorf(trace.Busy, "%w", err)
	}
	return pic, err
}

// Proves reports whether scan data proves itself right: it is whole, and says
// a device identifier, a patient, a badge or a place whose check digit holds.
func (s *Server) Proves(scanData string) bool { return udi.Proves(scanData, s.Recorder.Clock()) }

// pictureBody reads a picture that is the whole body.
func pictureBody(c echo.Context) ([]byte, error) {
	ct, _, err := mime.ParseMediaType(c.Request().Header.Get(echo.HeaderContentType))
	switch {
	case err == nil && (ct == "image/jpeg" || ct == "image/png" || ct == "image/webp" || ct == "application/octet-stream"):
		data, err := io.ReadAll(c.Request().Body)
		if err != nil {
			return nil, unread(err)
		}
		return data, nil
	}
	return nil, trace.Errorf(trace.Invalid, "Send the picture itself as the body, with Content-Type image/jpeg, image/png or image/webp.")
}
