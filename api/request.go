package api

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// bind reads a JSON body, strictly.
func bind(c echo.Context, v any) error {
	ct, _, err := mime.ParseMediaType(c.Request().Header.Get(echo.HeaderContentType))
	if err != nil || ct != echo.MIMEApplicationJSON {
		return trace.Errorf(trace.Invalid, "The request wants a JSON body (Content-Type: application/json).")
	}
	body, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return unread(err)
	}
	return unmarshal(body, v)
}

// unread says why a request's body could not be read.
func unread(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	return trace.Errorf(trace.Invalid, "The body broke off before its end: %w.", err)
}

// form reads a form's body. Fields are then taken with field: never out of the
// address, where nobody's number may stand.
func form(c echo.Context) error {
	r := c.Request()
	ct, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	switch {
	case err == nil && ct == echo.MIMEMultipartForm:
		err = r.ParseMultipartForm(pictureMost + bodyMost)
	case err == nil && ct == echo.MIMEApplicationForm:
		err = r.ParseForm()
	default:
		return trace.Errorf(trace.Invalid, "The request wants a form.")
	}
	var tooLarge *http.MaxBytesError
	if err != nil && !errors.As(err, &tooLarge) {
		return trace.Errorf(trace.Invalid, "The form cannot be read: %w.", err)
	}
	return err
}

// field is a field of a form that was read, without spaces around it.
func field(c echo.Context, name string) string {
	return strings.TrimSpace(c.Request().PostFormValue(name))
}

// known refuses a query that says something nobody here understands, or says
// one thing twice: it was meant to narrow the answer.
func known(c echo.Context, names string) error {
	q, err := url.ParseQuery(c.Request().URL.RawQuery)
	if err != nil {
		return trace.Errorf(trace.Invalid, "The query of the address cannot be read.")
	}
	for name, values := range q {
		if !slices.Contains(strings.Fields(names), name) {
			return trace.Errorf(trace.Invalid, "There is no query parameter %q here.", clip(name))
		}
		if len(values) > 1 {
			return trace.Errorf(trace.Invalid, "The query parameter %q stands twice.", name)
		}
	}
	return nil
}

// by says who a program's or page's command comes from.
func by(c echo.Context, m *command.Meta, via string) {
	m.By = callerOf(c).Actor(via)
	m.Provenance = trace.Typed
}

const viaAPI = "api"

// bindAt is bind for a command about the thing that the address names. The body
// may name it too, and then has to name the same.
func bindAt[T any](c echo.Context, v any, named *trace.ID[T], things string) (trace.ID[T], error) {
	id, err := pathID[T](c)
	if err != nil {
		return id, err
	}
	if err := bind(c, v); err != nil {
		return id, err
	}
	if !named.IsZero() && *named != id {
		return id, trace.Errorf(trace.Invalid, "The address and the body name different %s.", things)
	}
	*named = id
	return id, nil
}

func pathID[T any](c echo.Context) (trace.ID[T], error) { return trace.ParseID[T](c.Param("id")) }

// period reads the query's from and to: times (RFC 3339) or days. A day in to
// is included.
func period(c echo.Context, zone *time.Location) (from, to time.Time, err error) {
	return periodOf(c.QueryParam("from"), c.QueryParam("to"), zone)
}

// periodOf is period of texts that stand elsewhere.
func periodOf(since, until string, zone *time.Location) (from, to time.Time, err error) {
	if from, _, err = moment(since, zone); err != nil {
		return from, to, err
	}
	to, day, err := moment(until, zone)
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
