package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Problem is an error as RFC 9457 wants it. Type is stable; Detail is a
// sentence for a person.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	// Offset is the byte of the input that was wrong, where one was.
	Offset *int        `json:"offset,omitempty"`
	Issues []udi.Issue `json:"issues,omitempty"` // of a scan
}

const problemSpace = "urn:implantrace:problem:"

// kinds turns an error's kind into its type, title and status: the one place
// where that is done.
var kinds = map[trace.ErrorKind]Problem{
	trace.Internal:       {Type: "internal", Title: "Something went wrong on the node", Status: http.StatusInternalServerError},
	trace.Invalid:        {Type: "invalid", Title: "The request does not make sense", Status: http.StatusUnprocessableEntity},
	trace.NotFound:       {Type: "not-found", Title: "Not in the record", Status: http.StatusNotFound},
	trace.Conflict:       {Type: "conflict", Title: "In conflict with the record", Status: http.StatusConflict},
	trace.OutcomeUnknown: {Type: "outcome-unknown", Title: "Outcome unknown: repeat with the same id", Status: http.StatusServiceUnavailable},
	trace.Full:           {Type: "disk-full", Title: "The disk is full", Status: http.StatusInsufficientStorage},
	trace.ReadOnly:       {Type: "read-only", Title: "The store cannot be written", Status: http.StatusServiceUnavailable},
	trace.Busy:           {Type: "busy", Title: "Too much at once", Status: http.StatusServiceUnavailable},
	trace.Forbidden:      {Type: "forbidden", Title: "Not allowed", Status: http.StatusForbidden},
	trace.NotSignedIn:    {Type: "sign-in", Title: "Sign in", Status: http.StatusUnauthorized},
	trace.Locked:         {Type: "locked", Title: "This page is locked", Status: http.StatusUnauthorized},
	trace.Throttled:      {Type: "too-often", Title: "Too often", Status: http.StatusTooManyRequests},
	trace.TooLarge:       {Type: "too-large", Title: "Too large", Status: http.StatusRequestEntityTooLarge},
}

func problemOf(err error) Problem {
	var ready *problemError
	if errors.As(err, &ready) {
		return ready.Problem
	}
	var he *echo.HTTPError
	if errors.As(err, &he) {
		switch he.Code {
		case http.StatusNotFound:
			return Problem{Type: problemSpace + "no-such-address", Title: "No such address", Status: he.Code, Detail: "There is nothing at this address."}
		case http.StatusMethodNotAllowed:
			return Problem{Type: problemSpace + "method", Title: "Not this way", Status: he.Code, Detail: "This address does not take this method."}
		}
		return Problem{Type: problemSpace + "http", Title: http.StatusText(he.Code), Status: he.Code, Detail: http.StatusText(he.Code) + "."}
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		err = trace.Errorf(trace.TooLarge, "The request is larger than the limit of %d bytes.", tooLarge.Limit)
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		err = trace.Errorf(trace.Busy, "The request took too long and was given up. What it would have recorded may be repeated with the same id.")
	}
	kind := trace.KindOf(err)
	p := kinds[kind]
	p.Type = problemSpace + p.Type
	p.Detail = "The node could not do this. Its log says why."
	var e *trace.Error
	if errors.As(err, &e) && (kind != trace.Internal || e.Err == nil) { // a cause is for the log
		p.Detail = e.Message
		if e.Offset >= 0 {
			p.Offset = &e.Offset
		}
	}
	return p
}

// whole is the error of gathering what belongs to a thing that is there. When
// the record points to something that it does not have, an answer that passes
// over it could miss a patient.
func whole(err error) error {
	if trace.KindOf(err) == trace.NotFound {
		return trace.Errorf(trace.Internal, "The record is not whole. No answer is given rather than a wrong one: run implantrace verify.")
	}
	return err
}

// problemError is an error that is a whole problem already.
type problemError struct{ Problem }

func (e *problemError) Error() string { return e.Title + ": " + e.Detail }

// fail writes an error: as a page to a browser, as a problem to a program.
func (s *Server) fail(err error, c echo.Context) {
	p := problemOf(err)
	if p.Status >= 500 && p.Status != http.StatusServiceUnavailable && p.Status != http.StatusInsufficientStorage {
		// Errors of this kind name no patient: they come from the store and the
		// templates, not from what was sent.
		s.Log.Error("request failed", "method", methodOf(c.Request()), "route", c.Path(), "error", err.Error())
	}
	if c.Response().Committed {
		// Half an answer is out. Cutting the connection is the only way to say
		// that it is not whole.
		panic(http.ErrAbortHandler)
	}
	c.Response().Header().Del(echo.HeaderContentType) // of what was to be answered; echo would leave it
	if p.Status == http.StatusServiceUnavailable {
		c.Response().Header().Set("Retry-After", "1")
	}
	if wantsPage(c.Request()) {
		// The time of the request is over; that of saying so is not.
		c.SetRequest(c.Request().WithContext(context.WithoutCancel(c.Request().Context())))
		if p.Status == http.StatusUnauthorized && s.Staff != nil {
			// In the place of the page that was asked for, which comes afterwards.
			to := "/"
			if c.Request().Method == http.MethodGet {
				to = c.Request().URL.Path
			}
			if perr := s.renderSignIn(c, p.Status, signInPage{Next: to}); perr == nil {
				return
			}
		}
		if perr := s.pageProblem(c, p); perr == nil {
			return
		}
	}
	if isFHIR(c.Request()) {
		if ferr := failFHIR(c, p); ferr != nil {
			s.Log.Debug("answer not sent", "error", ferr.Error())
		}
		return
	}
	body, merr := json.Marshal(p)
	if merr != nil {
		body = []byte(`{"type":"urn:implantrace:problem:internal","title":"Something went wrong on the node","status":500,"detail":""}`)
	}
	if werr := c.Blob(p.Status, "application/problem+json", body); werr != nil {
		s.Log.Debug("answer not sent", "error", werr.Error())
	}
}
