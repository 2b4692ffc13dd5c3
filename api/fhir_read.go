package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"implantrace/internal/fhir"
	"implantrace/internal/trace"
)

// fhirBase is where other systems read the record as FHIR R4.
const fhirBase = "/fhir/R4"

const fhirType = "application/fhir+json; charset=utf-8"

func isFHIR(r *http.Request) bool {
	return r.URL.Path == fhirBase || strings.HasPrefix(r.URL.Path, fhirBase+"/")
}

// baseOf is the server's own address, as the caller knows it: the gate has looked
// at the name.
func baseOf(c echo.Context) string { return c.Scheme() + "://" + c.Request().Host + fhirBase }

// issueTypes says an error's kind in the words of R4's issue-type.
var issueTypes = map[string]string{
	"invalid": "invalid", "not-found": "not-found", "no-such-address": "not-supported", "method": "not-supported", "conflict": "conflict", "outcome-unknown": "transient",
	"disk-full": "no-store", "read-only": "transient", "busy": "transient", "forbidden": "forbidden", "sign-in": "login", "locked": "login",
	"too-often": "throttled", "too-large": "too-long", "internal": "exception",
}

// failFHIR writes an error as an OperationOutcome.
func failFHIR(c echo.Context, p Problem) error {
	kind := strings.TrimPrefix(p.Type, problemSpace)
	code := issueTypes[kind]
	if code == "" {
		code = "processing"
	}
	body, err := fhir.Outcome(code, kind, p.Detail)
	if err != nil {
		return err
	}
	status := p.Status
	if status == http.StatusUnprocessableEntity { // which FHIR keeps for resources that break a rule (R4, section 3.1.0.9)
		status = http.StatusBadRequest
	}
	return c.Blob(status, fhirType, body)
}

// wantsJSON refuses whoever asks for another form of FHIR than this server has.
func wantsJSON(c echo.Context, format string) error {
	accept := c.Request().Header.Get(echo.HeaderAccept)
	if format == "" && (strings.Contains(accept, "json") || !strings.Contains(accept, "fhir+") && !strings.Contains(accept, "turtle")) || strings.Contains(format, "json") {
		return nil
	}
	return &problemError{Problem{Type: problemSpace + "invalid", Title: "Not in this form", Status: http.StatusNotAcceptable, Detail: "This server speaks JSON only: application/fhir+json."}}
}

func (s *Server) fhirMetadata(c echo.Context) error {
	if err := wantsJSON(c, c.QueryParam("_format")); err != nil {
		return err
	}
	body, err := fhir.Capability{Base: baseOf(c), Version: s.Version, At: s.Recorder.Clock()}.Statement()
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, fhirType, body)
}

// fhirByPost says that a search is a POST. It reads nothing of what was asked.
func (s *Server) fhirByPost(c echo.Context) error {
	kind := c.Param("type")
	if kind == "" {
		kind = "AuditEvent"
	}
	return &problemError{Problem{Type: problemSpace + "method", Title: "Search by POST", Status: http.StatusMethodNotAllowed,
		Detail: "Search by POST to " + fhirBase + "/" + clip(kind) + "/_search, so that no patient stands in an address."}}
}

func (s *Server) fhirRead(c echo.Context) error {
	if err := wantsJSON(c, c.QueryParam("_format")); err != nil {
		return err
	}
	r, err := s.resource(c, c.Param("type"), c.Param("id"))
	if err != nil {
		return err
	}
	h := c.Response().Header()
	if r.Version > 0 {
		h.Set("ETag", `W/"`+strconv.Itoa(r.Version)+`"`)
		h.Set(echo.HeaderLastModified, r.Updated.UTC().Format(http.TimeFormat))
	}
	return c.Blob(http.StatusOK, fhirType, r.JSON)
}

// resource reads one resource.
func (s *Server) resource(c echo.Context, kind, id string) (fhir.Resource, error) {
	ctx := c.Request().Context()
	none := trace.Errorf(trace.NotFound, "The record has no %s of this id.", clip(kind))
	if kind == "OperationDefinition" && id == fhir.DocumentOperation {
		text, err := fhir.DocumentDefinition(baseOf(c))
		return fhir.Resource{Type: kind, ID: id, JSON: text}, err
	}
	if !slices.Contains(fhir.Served, kind) {
		return fhir.Resource{}, trace.Errorf(trace.NotFound, "This server has no resources of the type %q. /fhir/R4/metadata says which it has.", clip(kind))
	}
	switch kind {
	case "AuditEvent": // has a route of its own
		return fhir.Resource{}, none
	case "Organization":
		return s.organization(ctx, id, none)
	case "Provenance":
		return s.provenance(c, id, none)
	case "Location":
		place, ok := fhir.PlaceOf(id)
		if !ok {
			return fhir.Resource{}, none
		}
		return s.location(c, place, none)
	case "Practitioner":
		code, ok := fhir.PersonOf(id)
		if !ok {
			return fhir.Resource{}, none
		}
		return s.practitioner(c, code, none)
	}
	parsed, err := trace.ParseID[trace.OfEvent](id)
	if err != nil || parsed.String() != id {
		return fhir.Resource{}, none
	}
	switch kind {
	case "Patient":
		return s.patientResource(c, trace.PatientID(parsed))
	case "Procedure":
		p, err := s.store.Procedure(ctx, trace.ProcedureID(parsed))
		if err != nil {
			return fhir.Resource{}, err
		}
		full, err := trace.ProcedureWithUsages(ctx, s.store, p)
		if err != nil {
			return fhir.Resource{}, whole(err)
		}
		return one(full, kind, id, none)
	}
	u, err := s.store.Usage(ctx, trace.UsageID(parsed))
	if err != nil {
		return fhir.Resource{}, err
	}
	full, err := s.ofUsage(c, u)
	if err != nil {
		return fhir.Resource{}, err
	}
	return one(full, kind, id, none)
}

// one is a resource among those of a procedure.
func one(p trace.ProcedureInFull, kind, id string, none error) (fhir.Resource, error) {
	all, err := fhir.Of(p, fhir.Options{})
	if err != nil {
		return fhir.Resource{}, err
	}
	i := slices.IndexFunc(all, func(r fhir.Resource) bool { return r.Type == kind && r.ID == id })
	if i < 0 {
		return fhir.Resource{}, none
	}
	return all[i], nil
}

// ofUsage is a usage alone with the procedure it belongs to.
func (s *Server) ofUsage(c echo.Context, u trace.Usage) (trace.ProcedureInFull, error) {
	full, err := trace.InFull(c.Request().Context(), s.store, u)
	if err != nil {
		return trace.ProcedureInFull{}, whole(err)
	}
	if full.Procedure.ID.IsZero() {
		return trace.ProcedureInFull{}, trace.Errorf(trace.NotFound, "The procedure that this device belongs to has not come to this node yet.")
	}
	return trace.ProcedureInFull{Procedure: full.Procedure, Identity: full.Identity, Usages: []trace.UsageInFull{full}}, nil
}

func (s *Server) patientResource(c echo.Context, id trace.PatientID) (fhir.Resource, error) {
	ctx := c.Request().Context()
	p, err := s.store.Patient(ctx, id)
	if err != nil {
		return fhir.Resource{}, err
	}
	if p.Withdrawn {
		return fhir.Resource{}, trace.Errorf(trace.NotFound, "This patient was withdrawn from the record.")
	}
	who, err := s.store.Identity(ctx, id)
	if err != nil {
		return fhir.Resource{}, whole(err)
	}
	same, err := trace.SamePatients(ctx, s.store, id)
	if err != nil {
		return fhir.Resource{}, whole(err)
	}
	_, links, err := trace.Shown(ctx, s.store, same)
	if err != nil {
		return fhir.Resource{}, whole(err)
	}
	return fhir.PatientOf(p, who, fhir.PatientLinks(id, same, links), fhir.Options{})
}

// location is a place that is in the directory, or in which there was a procedure.
func (s *Server) location(c echo.Context, p trace.Place, none error) (fhir.Resource, error) {
	ctx := c.Request().Context()
	listed, err := s.store.ListedPlace(ctx, p.GLN, p.Extension)
	switch {
	case err == nil:
		p.Name = listed.Fact.Name
		return fhir.LocationOf(p, listed.Fact.ODS, listed.Fact.Site)
	case trace.KindOf(err) != trace.NotFound:
		return fhir.Resource{}, err
	}
	for h, err := range s.store.Procedures(ctx, trace.ProcedureQuery{Place: p}) {
		if err != nil {
			return fhir.Resource{}, err
		}
		if h.Procedure.Place.GLN == p.GLN && h.Procedure.Place.Extension == p.Extension {
			return fhir.LocationOf(h.Procedure.Place, "", "")
		}
	}
	return fhir.Resource{}, none
}

// practitioner is somebody in the directory, or in the team of a procedure.
func (s *Server) practitioner(c echo.Context, code string, none error) (fhir.Resource, error) {
	ctx := c.Request().Context()
	member, err := s.store.StaffMember(ctx, code)
	switch {
	case err == nil:
		return fhir.PractitionerOf(trace.Person{Code: code, Name: member.Fact.Name})
	case trace.KindOf(err) != trace.NotFound:
		return fhir.Resource{}, err
	}
	for h, err := range s.store.Procedures(ctx, trace.ProcedureQuery{Person: trace.Person{Code: code}}) {
		if err != nil {
			return fhir.Resource{}, err
		}
		if i := slices.IndexFunc(h.Procedure.People, func(p trace.Person) bool { return p.Code == code }); i >= 0 {
			return fhir.PractitionerOf(h.Procedure.People[i])
		}
	}
	return fhir.Resource{}, none
}
