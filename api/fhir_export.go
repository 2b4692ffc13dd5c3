package api

import (
	"bufio"
	"context"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"implantrace/internal/fhir"
	"implantrace/internal/staff"
	"implantrace/internal/trace"
)

// A bulk export (HL7 Bulk Data Access 2.0) is a promise: nothing is gathered before
// its files are asked for, and they are written as they are read. So no copy of the
// record lies about, and its memory does not grow with the record.
const (
	fhirExportTime = 24 * time.Hour // an export's files can be asked for so long
	fhirExportMost = 100            // exports that wait; the oldest go first
	fhirNDJSON     = "application/fhir+ndjson"
)

var errNoAudit = trace.Errorf(trace.Forbidden, "Your roles do not allow you to see who did and saw what. Ask an administrator.")

// fhirExport is an export that was asked for.
type fhirExport struct {
	at      time.Time // what was first recorded until then is in it
	after   time.Time // and of that, what an entry speaks of after
	types   []string
	request string // the address it was asked at; it names nobody
}

// fhirExportOf is the export that an address names.
func (s *Server) fhirExportOf(c echo.Context) (fhirExport, error) {
	e, ok := s.fhirExports.get(c.Param("export"), sameCaller(c), s.Recorder.Clock())
	if !ok {
		return e, trace.Errorf(trace.NotFound, "There is no such export: it was given up, is older than a day, or is another's. Ask for a new one.")
	}
	return e, nil
}

// fhirExportStart takes an export on.
func (s *Server) fhirExportStart(c echo.Context) error {
	e := fhirExport{at: s.Recorder.Clock(), request: baseOf(c) + strings.TrimPrefix(c.Request().URL.Path, fhirBase)}
	q := c.QueryParams()
	for name, values := range q {
		value := values[0]
		switch {
		case len(values) > 1:
			return trace.Errorf(trace.Invalid, "%s stands twice.", clip(name))
		case name == "_since":
			t, err := time.Parse(time.RFC3339, value)
			if err != nil {
				return trace.Errorf(trace.Invalid, "_since wants a time with its zone: 2026-03-14T09:30:00Z.")
			}
			e.after = t
		case name == "_type":
			for kind := range strings.SplitSeq(value, ",") {
				if !slices.Contains(fhir.Served, kind) {
					return trace.Errorf(trace.Invalid, "This server exports no %q. It has: %s.", clip(kind), strings.Join(fhir.Served, ", "))
				}
				if kind == "AuditEvent" && callerOf(c).May(staff.ReadAudit) != staff.Yes {
					return errNoAudit
				}
				e.types = append(e.types, kind)
			}
		case name == "_outputFormat":
			if value != fhirNDJSON && value != "application/ndjson" && value != "ndjson" {
				return trace.Errorf(trace.Invalid, "This server exports NDJSON only: %s.", fhirNDJSON)
			}
		default:
			return trace.Errorf(trace.Invalid, "This server's export does not take %q.", clip(name))
		}
	}
	if !strings.Contains(c.Request().Header.Get("Prefer"), "respond-async") {
		return trace.Errorf(trace.Invalid, "An export is asked for with the header Prefer: respond-async.")
	}
	if len(e.types) == 0 {
		e.types = fhir.Exported
	}
	e.types = slices.Compact(slices.Sorted(slices.Values(e.types)))
	if c.Request().URL.RawQuery != "" {
		e.request += "?" + q.Encode()
	}
	c.Response().Header().Set("Content-Location", baseOf(c)+"/$export-status/"+s.fhirExports.put(e, sameCaller(c), e.at.Add(fhirExportTime)))
	return c.NoContent(http.StatusAccepted)
}

// fhirExportStatus is the manifest: the files are ready to be written.
func (s *Server) fhirExportStatus(c echo.Context) error {
	e, err := s.fhirExportOf(c)
	if err != nil {
		return err
	}
	type output struct {
		Type string `json:"type"`
		URL  string `json:"url"`
	}
	m := struct {
		At       string   `json:"transactionTime"`
		Request  string   `json:"request"`
		Requires bool     `json:"requiresAccessToken"`
		Output   []output `json:"output"`
		Error    []output `json:"error"`
	}{At: e.at.UTC().Format(time.RFC3339Nano), Request: e.request, Requires: s.Staff != nil, Output: []output{}, Error: []output{}}
	for _, kind := range e.types {
		m.Output = append(m.Output, output{kind, baseOf(c) + "/$export-file/" + c.Param("export") + "/" + kind})
	}
	c.Response().Header().Set("Expires", e.at.Add(fhirExportTime).UTC().Format(http.TimeFormat))
	return c.JSON(http.StatusOK, m)
}

func (s *Server) fhirExportEnd(c echo.Context) error {
	if _, err := s.fhirExportOf(c); err != nil {
		return err
	}
	s.fhirExports.remove(c.Param("export"))
	return c.NoContent(http.StatusAccepted)
}

// fhirExportFile writes the resources of one type, one a line. What breaks off cuts
// the connection, so that no half of a file looks whole.
func (s *Server) fhirExportFile(c echo.Context) error {
	e, err := s.fhirExportOf(c)
	if err != nil {
		return err
	}
	kind := c.Param("type")
	if !slices.Contains(e.types, kind) {
		return trace.Errorf(trace.NotFound, "This export has no file of the type %q.", clip(kind))
	}
	if kind == "AuditEvent" && callerOf(c).May(staff.ReadAudit) != staff.Yes {
		return errNoAudit
	}
	c.Response().Header().Set(echo.HeaderContentType, fhirNDJSON)
	w := bufio.NewWriterSize(c.Response(), 1<<16)
	if err := s.writeNDJSON(c, e, kind, w); err != nil {
		if !c.Response().Committed {
			c.Response().Header().Del(echo.HeaderContentType)
		}
		return whole(err)
	}
	return w.Flush()
}

// fhirProcedures are the procedures of an export.
func (s *Server) fhirProcedures(ctx context.Context, e fhirExport) iter.Seq2[trace.Procedure, error] {
	return func(yield func(trace.Procedure, error) bool) {
		for h, err := range s.store.Procedures(ctx, trace.ProcedureQuery{}) {
			p := h.Procedure
			if err == nil && (len(p.History) == 0 || p.History[0].Recorded.After(e.at)) {
				continue
			}
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// fhirInFull are they with what belongs to them.
func (s *Server) fhirInFull(ctx context.Context, e fhirExport) iter.Seq2[trace.ProcedureInFull, error] {
	return func(yield func(trace.ProcedureInFull, error) bool) {
		for p, err := range s.fhirProcedures(ctx, e) {
			var full trace.ProcedureInFull
			if err == nil {
				full, err = trace.ProcedureWithUsages(ctx, s.store, p)
			}
			full.Usages = slices.DeleteFunc(full.Usages, func(u trace.UsageInFull) bool {
				return len(u.Usage.History) > 0 && u.Usage.History[0].Recorded.After(e.at)
			})
			if !yield(full, err) || err != nil {
				return
			}
		}
	}
}

// since says whether an entry has spoken of a resource in the time that is asked for.
func (e fhirExport) since(r fhir.Resource) bool {
	return e.after.IsZero() || r.Updated.IsZero() || r.Updated.After(e.after)
}

func (s *Server) writeNDJSON(c echo.Context, e fhirExport, kind string, w *bufio.Writer) error {
	ctx := c.Request().Context()
	put := func(r fhir.Resource) error {
		if !e.since(r) {
			return nil
		}
		_, err := w.Write(append(r.JSON, '\n'))
		return err
	}
	seen := make(map[string]bool) // of what several procedures share
	shared := func(id string, make func() (fhir.Resource, error)) error {
		if id == "" || seen[id] {
			return nil
		}
		seen[id] = true
		r, err := make()
		if trace.KindOf(err) == trace.NotFound {
			return nil // withdrawn
		}
		if err != nil {
			return err
		}
		return put(r)
	}
	var each func(trace.Procedure) error // writes what is shared
	switch kind {
	case "AuditEvent":
		return s.auditEvents(c, e, put)
	case "Organization":
		return s.organizations(ctx, e, put)
	case "Provenance":
		return s.provenancesOf(c, e, put)
	case "Patient":
		each = func(p trace.Procedure) error {
			if p.Patient.IsZero() {
				return nil
			}
			return shared(string(p.Patient[:]), func() (fhir.Resource, error) { return s.patientResource(c, p.Patient) })
		}
	case "Location":
		each = func(p trace.Procedure) error {
			return shared(fhir.PlaceID(p.Place), func() (fhir.Resource, error) { return s.location(c, p.Place, nil) })
		}
	case "Practitioner":
		each = func(p trace.Procedure) error {
			for _, one := range p.People {
				if err := shared(fhir.PersonID(one.Code), func() (fhir.Resource, error) { return s.practitioner(c, one.Code, nil) }); err != nil {
					return err
				}
			}
			return nil
		}
	default:
		_, err := fhir.WriteLines(w, s.fhirInFull(ctx, e), func(r fhir.Resource) bool { return r.Type == kind && e.since(r) }, fhir.Options{})
		return err
	}
	for p, err := range s.fhirProcedures(ctx, e) {
		if err == nil {
			err = each(p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
