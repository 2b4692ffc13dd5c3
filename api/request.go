package api

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// bind reads a JSON body, strictly: fields that nobody knows are refused, for
// they were meant to say something.
func bind(c echo.Context, v any) error {
	ct, _, err := mime.ParseMediaType(c.Request().Header.Get(echo.HeaderContentType))
	if err != nil || ct != echo.MIMEApplicationJSON {
		return trace.Errorf(trace.Invalid, "The request wants a JSON body (Content-Type: application/json).")
	}
	d := json.NewDecoder(c.Request().Body)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return badJSON(err, d.InputOffset())
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return badJSON(errors.New("there is more behind the JSON value"), d.InputOffset())
	}
	return nil
}

func badJSON(err error, at int64) error {
	var known *trace.Error // a field's own parser has said what is wrong
	if errors.As(err, &known) {
		return known
	}
	e := &trace.Error{Kind: trace.Invalid, Offset: int(at), Err: err}
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		e.Offset, e.Message = int(syntax.Offset), "The body is not JSON."
	case errors.As(err, &typ):
		e.Offset, e.Message = int(typ.Offset), "The field "+typ.Field+" wants another kind of value."
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.Message = "The body ends too early."
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		e.Message = "There is no field " + strings.TrimPrefix(err.Error(), "json: unknown field ") + " here."
	default:
		var tooLarge interface{ Limit() int64 }
		if errors.As(err, &tooLarge) {
			return err
		}
		if strings.Contains(err.Error(), "request body too large") {
			return err
		}
		e.Message = "The body cannot be read."
	}
	return e
}

// by says who a program's or page's command comes from.
func by(m *command.Meta, via string) {
	m.By = trace.Actor{Via: via}
	m.Provenance = trace.Typed
}

const viaAPI = "api"

func pathID[T any](c echo.Context) (trace.ID[T], error) { return trace.ParseID[T](c.Param("id")) }

// period reads the query's from and to: times (RFC 3339) or days. A day in to
// is included.
func period(c echo.Context, zone *time.Location) (from, to time.Time, err error) {
	if from, _, err = moment(c.QueryParam("from"), zone); err != nil {
		return from, to, err
	}
	to, day, err := moment(c.QueryParam("to"), zone)
	if day {
		to = to.AddDate(0, 0, 1)
	}
	if err == nil && !from.IsZero() && !to.IsZero() && !from.Before(to) {
		err = trace.Errorf(trace.Invalid, "The period ends before it begins.")
	}
	return from, to, err
}

// moment reads a time or a day; day reports which.
func moment(s string, zone *time.Location) (t time.Time, day bool, err error) {
	if s == "" {
		return t, false, nil
	}
	if t, err = time.Parse(time.RFC3339, s); err == nil {
		return t, false, nil
	}
	if t, err = time.ParseInLocation(time.DateOnly, s, zone); err == nil {
		return t, true, nil
	}
	return t, false, trace.Errorf(trace.Invalid, "%q is not a date (YYYY-MM-DD) or time (RFC 3339).", clip(s))
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}

const (
	rowsDefault = 50
	rowsMost    = 500
)

func limit(c echo.Context) (int, error) {
	s := c.QueryParam("limit")
	if s == "" {
		return rowsDefault, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > rowsMost {
		return 0, trace.Errorf(trace.Invalid, "The limit is a number from 1 to %d.", rowsMost)
	}
	return n, nil
}
