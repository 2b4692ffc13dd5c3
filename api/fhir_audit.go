package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"implantrace/internal/fhir"
	"implantrace/internal/staff"
	"implantrace/internal/trace"
)

// AuditEvent is for whoever may see the audit, and has routes of its own for that: who
// may read the record may not see by this who else does.

// fhirDone says what a line of the audit says somebody did in DICOM's words.
func fhirDone(what string) fhir.Done {
	signedIn := fhir.Done{Code: "110114", Display: "User Authentication", Action: "E"}
	done, ok := map[string]fhir.Done{
		staff.AuditSignIn: signedIn, staff.AuditSignInFailed: signedIn, staff.AuditSignOut: signedIn, staff.AuditEnded: signedIn, staff.AuditTokenUsed: signedIn,
		staff.AuditSeen:     {Code: "110110", Display: "Patient Record", Action: "R"},
		staff.AuditFound:    {Code: "110112", Display: "Query", Action: "E"},
		staff.AuditExported: {Code: "110106", Display: "Export", Action: "R"},
		staff.AuditGlass:    {Code: "110113", Display: "Security Alert", Action: "E"},
		staff.AuditOverrode: {Code: "110111", Display: "Procedure Record", Action: "U"},
		staff.AuditCleared:  {Code: "110111", Display: "Procedure Record", Action: "U"},
		staff.AuditChanged:  {Code: "110113", Display: "Security Alert", Action: "U"},
	}[what]
	if !ok {
		done = fhir.Done{Code: "110100", Display: "Application Activity", Action: "E"}
	}
	done.Own, done.Failed = what, what == staff.AuditSignInFailed
	return done
}

func (s *Server) auditEvent(c echo.Context, l auditLine) (fhir.Resource, error) {
	ctx := c.Request().Context()
	a := fhir.Audit{Position: l.Position, At: l.At, Done: fhirDone(l.What), Who: l.Who, Account: l.Account, Node: l.Position.Node, Via: l.via,
		Detail: l.Detail, Glass: l.Glass, Reason: l.Reason, Whom: l.Whom}
	if l.Position.Node == s.store.Node() {
		a.NodeName = s.NodeName
	}
	for _, o := range l.Objects {
		name, err := "urn:uuid:"+o.String(), error(nil)
		if _, err = s.store.Patient(ctx, trace.PatientID(o)); err == nil {
			name = "Patient/" + o.String()
		} else if _, err = s.store.Procedure(ctx, trace.ProcedureID(o)); err == nil {
			name = "Procedure/" + o.String()
		} else if _, err = s.store.Usage(ctx, trace.UsageID(o)); err == nil {
			name = "Device/" + o.String()
		}
		if err != nil && trace.KindOf(err) != trace.NotFound {
			return fhir.Resource{}, err
		}
		a.Objects = append(a.Objects, name)
	}
	return fhir.AuditEventOf(a)
}

func (s *Server) fhirAuditRead(c echo.Context) error {
	if err := wantsJSON(c, c.QueryParam("_format")); err != nil {
		return err
	}
	r, err := s.auditAt(c, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, fhirType, r.JSON)
}

// auditAt is the AuditEvent of an id.
func (s *Server) auditAt(c echo.Context, id string) (fhir.Resource, error) {
	none := trace.Errorf(trace.NotFound, "The record has no AuditEvent of this id.")
	at, ok := fhir.AuditOf(id)
	if !ok {
		return fhir.Resource{}, none
	}
	for e, err := range s.store.Entries(c.Request().Context(), at) {
		if err != nil {
			return fhir.Resource{}, err
		}
		f, is := e.Fact.(trace.AuditFact)
		if e.Position != at || !is {
			break
		}
		h := trace.AuditHit{Audited: trace.Audited{AuditFact: f, Stamp: trace.Stamp{Position: e.Position, Event: e.ID, Recorded: e.Recorded, Occurred: e.Occurred, By: e.By}}}
		if e.Secret != nil {
			h.Audited.Note = e.Secret.Note
		}
		return s.auditEvent(c, s.auditLine(h))
	}
	return fhir.Resource{}, none
}

// fhirAuditNext gives the next page of a search for AuditEvents.
func (s *Server) fhirAuditNext(c echo.Context) error {
	if c.QueryParam("page") == "" {
		return s.fhirByPost(c)
	}
	return s.fhirNext(c)
}

// gatherAudit fills a page with what the audit says, latest first.
func (s *Server) gatherAudit(c echo.Context, q fhirAsked, at fhirPlace, found *fhir.Found) (next fhirPlace, more bool, err error) {
	ctx := c.Request().Context()
	next = at
	give := func(place fhirPlace, l auditLine) (full bool, err error) {
		if !q.inTime(l.At) {
			next = place
			return false, nil
		}
		if len(found.Matches) == q.count {
			return true, nil
		}
		r, err := s.auditEvent(c, l)
		if err == nil {
			found.Matches = append(found.Matches, r)
			next = place
		}
		return false, err
	}
	switch {
	case q.name != "":
		r, err := s.auditAt(c, q.name)
		if trace.KindOf(err) == trace.NotFound {
			return next, false, nil
		}
		if err == nil && q.inTime(r.Updated) {
			found.Matches = append(found.Matches, r)
		}
		return next, false, err
	case q.about != nil:
		lines, err := s.auditOf(c, *q.about)
		if trace.KindOf(err) == trace.NotFound {
			return next, false, nil
		}
		if err != nil {
			return next, false, err
		}
		for i := at.source; i < len(lines); i++ {
			if full, err := give(fhirPlace{source: i + 1}, lines[i]); full || err != nil {
				return next, full, err
			}
		}
		return next, false, nil
	}
	from, _ := spanOf(append(append([]fhirDate{}, q.start...), q.updated...))
	for h, err := range s.store.Audits(ctx, [16]byte{}, at.after) {
		if err != nil {
			return next, false, err
		}
		if !from.IsZero() && h.Audited.Stamp.Recorded.Before(from) {
			break // latest first: all behind are older
		}
		if full, err := give(fhirPlace{after: h.Key}, s.auditLine(h)); full || err != nil {
			return next, full, err
		}
	}
	return next, false, nil
}

// auditEvents are those of an export.
func (s *Server) auditEvents(c echo.Context, e fhirExport, put func(fhir.Resource) error) error {
	for h, err := range s.store.Audits(c.Request().Context(), [16]byte{}, nil) {
		if err != nil {
			return err
		}
		at := h.Audited.Stamp.Recorded
		if at.After(e.at) {
			continue
		}
		if !e.after.IsZero() && !at.After(e.after) {
			return nil // latest first
		}
		r, err := s.auditEvent(c, s.auditLine(h))
		if err == nil {
			err = put(r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
