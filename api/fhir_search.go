package api

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"implantrace/internal/command"
	"implantrace/internal/fhir"
	"implantrace/internal/staff"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// How many matches a page has, and how long its next page waits.
const (
	fhirCount     = 50
	fhirCountMost = 500
	fhirPageTime  = 15 * time.Minute
	fhirPagesMost = 1000
)

// fhirAsked is a search that was understood.
type fhirAsked struct {
	kind    string
	id      trace.EventID
	hasID   bool
	patient [][]trace.PatientID // each with whoever is the same person; all must hold
	found   []trace.PatientID   // by an identifier
	byIdent bool
	query   trace.Query // DI, lot, serial
	printed udi.Device  // what a printed UDI says
	hasUDI  bool
	start   []fhirDate
	updated []fhirDate
	include []string
	count   int
	name    string           // an id that is made of codes
	target  fhirTarget       // of a Provenance
	about   *trace.PatientID // of an AuditEvent
}

// fhirDate is a date that a search compares with: of the span that it stands for,
// [from, to), and how.
type fhirDate struct {
	prefix   string
	from, to time.Time
}

func (m fhirDate) holds(t time.Time) bool {
	if t.IsZero() {
		return false
	}
	switch m.prefix {
	case "gt":
		return !t.Before(m.to)
	case "ge":
		return !t.Before(m.from)
	case "lt":
		return t.Before(m.from)
	case "le":
		return t.Before(m.to)
	}
	return !t.Before(m.from) && t.Before(m.to)
}

func all(ms []fhirDate, t time.Time) bool {
	return !slices.ContainsFunc(ms, func(m fhirDate) bool { return !m.holds(t) })
}

// fhirDateOf reads a date with its prefix (R4, section 3.1.1.4.7). A date without a
// zone is the site's.
func fhirDateOf(name, value string, zone *time.Location) (fhirDate, error) {
	m := fhirDate{prefix: "eq"}
	for _, p := range []string{"eq", "ge", "gt", "le", "lt"} {
		if rest, ok := strings.CutPrefix(value, p); ok {
			m.prefix, value = p, rest
			break
		}
	}
	for _, layout := range []struct {
		form string
		to   func(time.Time) time.Time
	}{
		{"2006", func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }}, {"2006-01", func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }},
		{time.DateOnly, func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }},
		{"2006-01-02T15:04Z07:00", func(t time.Time) time.Time { return t.Add(time.Minute) }},
		{time.RFC3339, func(t time.Time) time.Time { return t.Add(time.Second) }},
		{time.RFC3339Nano, func(t time.Time) time.Time { return t.Add(time.Millisecond) }},
	} {
		if t, err := time.ParseInLocation(layout.form, value, zone); err == nil {
			m.from, m.to = t, layout.to(t)
			return m, nil
		}
	}
	return m, trace.Errorf(trace.Invalid, "%s wants a date as YYYY, YYYY-MM, YYYY-MM-DD or a time with its zone, after eq, ge, gt, le or lt, or nothing.", name)
}

// inTime says whether something of a time is asked for.
func (q fhirAsked) inTime(t time.Time) bool { return all(q.start, t) && all(q.updated, t) }

// spanOf is the span of time outside which no fhirDate holds: from included, to not.
func spanOf(ms []fhirDate) (from, to time.Time) {
	for _, m := range ms {
		first, end := m.from, m.to
		switch m.prefix {
		case "gt":
			first, end = m.to, time.Time{}
		case "ge":
			end = time.Time{}
		case "lt":
			first, end = time.Time{}, m.from
		case "le":
			first = time.Time{}
		}
		if first.After(from) {
			from = first
		}
		if !end.IsZero() && (to.IsZero() || end.Before(to)) {
			to = end
		}
	}
	return from, to
}

// unescaped is one value of a parameter. Several with commas would be "or": this
// server has none, and does not guess.
func unescaped(name, value string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		switch {
		case value[i] == '\\' && i+1 < len(value) && strings.IndexByte(`,$|\`, value[i+1]) >= 0:
			i++
			b.WriteByte(value[i])
		case value[i] == ',':
			return "", trace.Errorf(trace.Invalid, `%s takes one value; a comma that belongs to it is written \,.`, name)
		default:
			b.WriteByte(value[i])
		}
	}
	return b.String(), nil
}

// asked understands the form of a search. A parameter that it does not know is
// refused: it was meant to narrow the answer. Prefer: handling=lenient passes it
// over.
func (s *Server) asked(c echo.Context, kind string, form url.Values) (fhirAsked, error) {
	ctx := c.Request().Context()
	q := fhirAsked{kind: kind, count: fhirCount}
	offers, ok := fhir.Searches[kind]
	if !ok {
		return q, trace.Errorf(trace.NotFound, "This server has no search for the type %q. /fhir/R4/metadata says which it has.", clip(kind))
	}
	lenient := strings.Contains(c.Request().Header.Get("Prefer"), "handling=lenient")
	var names []string
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		known := slices.ContainsFunc(offers.By, func(p fhir.Parameter) bool { return p.Name == name })
		for _, value := range form[name] {
			switch {
			case name == formField:
			case name == "_format":
				if err := wantsJSON(c, value); err != nil {
					return q, err
				}
			case name == "_count":
				n, err := strconv.Atoi(value)
				if err != nil || n < 1 {
					return q, trace.Errorf(trace.Invalid, "_count wants a number from 1 on.")
				}
				q.count = min(n, fhirCountMost)
			case name == "_include" && slices.Contains(offers.Include, value):
				q.include = append(q.include, value)
			case known:
				if err := s.askedBy(ctx, &q, name, value); err != nil {
					return q, err
				}
			case !lenient:
				return q, trace.Errorf(trace.Invalid, "This server does not search %s by %q. /fhir/R4/metadata says by what it does.", kind, clip(name))
			}
		}
	}
	switch {
	case q.query.DI == "" && (q.query.Lot != "" || q.query.Serial != ""):
		return q, trace.Errorf(trace.Invalid, "lot and serial are asked together with udi-di.")
	case kind == "AuditEvent", kind == "Provenance" && q.target.kind != "", q.name != "":
	case kind == "Provenance":
		return q, trace.Errorf(trace.Invalid, "Narrow the search: by target or _id. The whole record is taken out as an export.")
	case !q.hasID && !q.byIdent && len(q.patient) == 0 && q.query.DI == "" && len(q.start) == 0:
		return q, trace.Errorf(trace.Invalid, "Narrow the search: by _id, patient, identifier, date or udi-di. The whole record is taken out as an export.")
	}
	return q, nil
}

// reference is the id out of "Type/id", an address of this server, or an id alone.
func reference(kind, value string) (trace.EventID, error) {
	if i := strings.LastIndex(value, "/"); i >= 0 {
		if before := value[:i]; before != kind && !strings.HasSuffix(before, "/"+kind) {
			return trace.EventID{}, trace.Errorf(trace.Invalid, "The reference is to no %s.", kind)
		}
		value = value[i+1:]
	}
	id, err := trace.ParseID[trace.OfEvent](value)
	if err != nil {
		return id, trace.Errorf(trace.Invalid, "%q is no id of a %s.", clip(value), kind)
	}
	return id, nil
}

func (s *Server) askedBy(ctx context.Context, q *fhirAsked, name, value string) error {
	value, err := unescaped(name, value)
	if err != nil {
		return err
	}
	if value == "" {
		return trace.Errorf(trace.Invalid, "%s is empty.", name)
	}
	once := func(field *string) error {
		if *field != "" && *field != value {
			return trace.Errorf(trace.Invalid, "%s stands twice, with different values.", name)
		}
		*field = value
		return nil
	}
	if took, err := q.byCode(name, value); took || err != nil {
		return err
	}
	switch name {
	case "_id", "device":
		id, err := reference(map[string]string{"_id": q.kind, "device": "Device"}[name], value)
		if err != nil {
			return err
		}
		if q.hasID && q.id != id {
			return trace.Errorf(trace.Invalid, "%s stands twice, with different values.", name)
		}
		q.id, q.hasID = id, true
	case "patient", "subject":
		id, err := reference("Patient", value)
		if err != nil {
			return err
		}
		same, err := trace.SamePatients(ctx, s.store, trace.PatientID(id))
		if trace.KindOf(err) == trace.NotFound {
			same, err = nil, nil
		}
		q.patient = append(q.patient, same)
		return err
	case "identifier":
		system, number, parts := strings.Cut(value, "|")
		if !parts {
			system, number = "", value
		}
		if system != "" && system != fhir.NHSNumbers {
			return trace.Errorf(trace.Invalid, "This server finds patients by NHS number only: %s|NUMBER.", fhir.NHSNumbers)
		}
		found, err := s.Recorder.Search(ctx, command.Who{NHSNumber: number})
		if err != nil {
			return err
		}
		if q.byIdent {
			found = slices.DeleteFunc(found, func(id trace.PatientID) bool { return !slices.Contains(q.found, id) })
		}
		q.found, q.byIdent = found, true
	case "udi-di":
		return once(&q.query.DI)
	case "lot":
		return once(&q.query.Lot)
	case "serial":
		return once(&q.query.Serial)
	case "udi-carrier":
		m := udi.Understand(value, s.Recorder.Clock())
		if m.Device.DI == "" || m.Damaged() {
			return trace.Errorf(trace.Invalid, "The UDI cannot be read whole: nothing was searched.")
		}
		if q.query.DI != "" && q.query.DI != m.Device.DI {
			return trace.Errorf(trace.Invalid, "Two device identifiers are asked for.")
		}
		q.printed, q.hasUDI, q.query.DI = m.Device, true, m.Device.DI
	case "date", "recorded", "_lastUpdated":
		m, err := fhirDateOf(name, value, s.Recorder.Zone())
		if err != nil {
			return err
		}
		if name != "_lastUpdated" {
			q.start = append(q.start, m)
		} else {
			q.updated = append(q.updated, m)
		}
	}
	return nil
}

// byCode takes the parameters of the types whose ids are made of codes.
func (q *fhirAsked) byCode(name, value string) (took bool, err error) {
	id := ""
	switch q.kind + " " + name {
	case "Organization _id", "Provenance _id", "AuditEvent _id":
		id = value
	case "Organization identifier":
		system, code, parts := strings.Cut(value, "|")
		if !parts {
			system, code = "", value
		}
		if system != "" && system != fhir.ODSCodes || fhir.SiteID(code) == "" {
			return true, trace.Errorf(trace.Invalid, "This server finds organisations by their code only: %s|CODE.", fhir.ODSCodes)
		}
		id = fhir.SiteID(code)
	case "Provenance target":
		t, err := targetOf(value)
		if err == nil && q.target.kind != "" && q.target != t {
			err = trace.Errorf(trace.Invalid, "target stands twice, with different values.")
		}
		q.target = t
		return true, err
	case "AuditEvent patient":
		parsed, err := reference("Patient", value)
		if about := trace.PatientID(parsed); err == nil && q.about != nil && *q.about != about {
			err = trace.Errorf(trace.Invalid, "patient stands twice, with different values.")
		} else {
			q.about = &about
		}
		return true, err
	default:
		return false, nil
	}
	if q.name != "" && q.name != id {
		return true, trace.Errorf(trace.Invalid, "%s stands twice, with different values.", name)
	}
	q.name = id
	return true, nil
}

// fits says whether a device is one that was asked for.
func (q fhirAsked) fits(u trace.Usage) bool {
	d := u.Device
	is := q.query
	if is.DI != "" && d.DI != is.DI || is.Lot != "" && d.Lot != is.Lot || is.Serial != "" && d.Serial != is.Serial {
		return false
	}
	p := q.printed
	return !q.hasUDI || (p.Lot == "" || p.Lot == d.Lot) && (p.Serial == "" || p.Serial == d.Serial) && (p.Expiry.IsZero() || p.Expiry == d.Expiry) &&
		(p.Manufactured.IsZero() || p.Manufactured == d.Manufactured)
}

// of says whether a patient is whom a search asks for.
func (q fhirAsked) of(p trace.PatientID) bool {
	return !slices.ContainsFunc(q.patient, func(same []trace.PatientID) bool { return !slices.Contains(same, p) })
}

// fhirPlace is where a search goes on.
type fhirPlace struct {
	source int // of the patients that are one person
	after  []byte
}

// fhirHit is what a search came upon: a procedure whole, or with one device alone.
type fhirHit struct {
	procedure trace.ProcedureInFull
	err       error
}

// hits walks what a search asks for, from a place on; it ends with the first error.
func (s *Server) hits(c echo.Context, q fhirAsked, at fhirPlace) iter.Seq2[fhirPlace, fhirHit] {
	ctx := c.Request().Context()
	return func(yield func(fhirPlace, fhirHit) bool) {
		usages := q.kind != "Procedure"
		give := func(source int, key []byte, u *trace.Usage, p *trace.Procedure) bool {
			var full trace.ProcedureInFull
			var err error
			switch {
			case u != nil && !q.fits(*u), p != nil && !all(q.start, p.Start):
				return true
			case u != nil:
				full, err = s.ofUsage(c, *u)
				if trace.KindOf(err) == trace.NotFound {
					return true // its procedure is not here yet
				}
			default:
				full, err = trace.ProcedureWithUsages(ctx, s.store, *p)
			}
			if err == nil && !q.of(full.Procedure.Patient) {
				return true
			}
			return yield(fhirPlace{source, key}, fhirHit{full, err}) && err == nil
		}
		fail := func(err error) { yield(fhirPlace{}, fhirHit{err: err}) }
		if q.hasID {
			if at.after != nil {
				return
			}
			switch {
			case usages:
				u, err := s.store.Usage(ctx, trace.UsageID(q.id))
				if err == nil {
					give(0, q.id[:], &u, nil)
				} else if trace.KindOf(err) != trace.NotFound {
					fail(err)
				}
			default:
				p, err := s.store.Procedure(ctx, trace.ProcedureID(q.id))
				if err == nil {
					give(0, q.id[:], nil, &p)
				} else if trace.KindOf(err) != trace.NotFound {
					fail(err)
				}
			}
			return
		}
		people := []trace.PatientID{{}}
		if len(q.patient) > 0 {
			people = q.patient[0]
		}
		for i := at.source; i < len(people); i++ {
			after := at.after
			if i > at.source {
				after = nil
			}
			if usages {
				query := q.query
				query.After = after
				if query.DI == "" {
					query.Patient = people[i]
				} else if i > 0 {
					return // one walk over the index finds every patient's
				}
				for h, err := range s.store.Candidates(ctx, query) {
					if err != nil {
						fail(err)
						return
					}
					if !give(i, h.Key, &h.Usage, nil) {
						return
					}
				}
				continue
			}
			query := trace.ProcedureQuery{Patient: people[i], After: after}
			query.From, query.To = spanOf(q.start)
			for h, err := range s.store.Procedures(ctx, query) {
				if err != nil {
					fail(err)
					return
				}
				if !give(i, h.Key, nil, &h.Procedure) {
					return
				}
			}
		}
	}
}

func (s *Server) fhirSearch(c echo.Context) error {
	kind := c.Param("type")
	if kind == "AuditEvent" { // written so that the table of routes takes it for another; it has one of its own
		return trace.Errorf(trace.NotFound, "Search for AuditEvent at "+fhirBase+"/AuditEvent/_search.")
	}
	return s.fhirSearchOf(c, kind)
}

func (s *Server) fhirAuditSearch(c echo.Context) error { return s.fhirSearchOf(c, "AuditEvent") }

func (s *Server) fhirSearchOf(c echo.Context, kind string) error {
	if err := wantsJSON(c, ""); err != nil {
		return err
	}
	q, err := s.asked(c, kind, c.Request().PostForm)
	if err != nil {
		return err
	}
	w := callerOf(c)
	switch {
	case q.byIdent && w.May(staff.FindPatients) != staff.Yes, q.query.DI != "" && w.May(staff.FindDevices) != staff.Yes:
		return trace.Errorf(trace.Forbidden, "Your roles do not allow this search. Ask an administrator.")
	}
	return s.fhirPage(c, q, fhirPlace{}, true)
}

// fhirNext gives the next page of a search, to whoever made it.
func (s *Server) fhirNext(c echo.Context) error {
	p, ok := s.fhirPages.get(c.QueryParam("page"), sameCaller(c), s.Recorder.Clock())
	if !ok || (p.asked.kind == "AuditEvent") != strings.HasSuffix(c.Path(), "/AuditEvent") { // each under its own permission
		return trace.Errorf(trace.NotFound, "This page is not there any more: pages wait for %d minutes. Search again.", int(fhirPageTime/time.Minute))
	}
	return s.fhirPage(c, p.asked, p.at, false)
}

// fhirPage answers a page of a search.
func (s *Server) fhirPage(c echo.Context, q fhirAsked, at fhirPlace, first bool) error {
	found := fhir.Found{Base: baseOf(c), At: s.Recorder.Clock(), Self: baseOf(c) + "/" + q.kind + "/_search", Total: -1}
	var people []trace.PatientID
	next, more, err := s.gather(c, q, at, &found, &people)
	if err != nil {
		return err
	}
	if more {
		token := s.fhirPages.put(fhirWaiting{q, next}, sameCaller(c), s.Recorder.Clock().Add(fhirPageTime))
		found.Next = baseOf(c) + "?page=" + token
		if q.kind == "AuditEvent" {
			found.Next = baseOf(c) + "/AuditEvent?page=" + token
		}
	} else if first {
		found.Total = len(found.Matches)
	}
	for _, id := range people {
		if len(q.include) == 0 || !slices.ContainsFunc(q.include, func(i string) bool { return strings.HasSuffix(i, ":patient") || strings.HasSuffix(i, ":subject") }) {
			break
		}
		r, err := s.patientResource(c, id)
		if trace.KindOf(err) == trace.NotFound {
			continue
		}
		if err != nil {
			return err
		}
		found.Included = append(found.Included, r)
	}
	if err := s.saw(c, people); err != nil {
		return err
	}
	body, err := found.Bundle()
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, fhirType, body)
}

// gather fills a page, and tells whose resources are in it.
func (s *Server) gather(c echo.Context, q fhirAsked, at fhirPlace, found *fhir.Found, people *[]trace.PatientID) (next fhirPlace, more bool, err error) {
	switch q.kind {
	case "AuditEvent":
		return s.gatherAudit(c, q, at, found)
	case "Organization", "Provenance":
		var all []fhir.Resource
		if q.kind == "Organization" {
			r, err := s.organization(c.Request().Context(), q.name, trace.Errorf(trace.NotFound, "It is not there."))
			if trace.KindOf(err) == trace.NotFound {
				return next, false, nil
			}
			if err != nil {
				return next, false, err
			}
			all = []fhir.Resource{r}
		} else {
			var patient trace.PatientID
			if all, patient, err = s.provenanceFound(c, q); err != nil {
				return next, false, err
			}
			if !patient.IsZero() && len(all) > 0 {
				*people = append(*people, patient)
			}
		}
		to := min(at.source+q.count, len(all))
		found.Matches = all[min(at.source, len(all)):to]
		return fhirPlace{source: to}, to < len(all), nil
	}
	if q.kind == "Patient" {
		ids := q.found
		if q.hasID {
			if id := trace.PatientID(q.id); !q.byIdent || slices.Contains(ids, id) {
				ids = []trace.PatientID{id}
			} else {
				ids = nil
			}
		}
		for i, id := range ids[min(at.source, len(ids)):] {
			if len(found.Matches) == q.count {
				return fhirPlace{source: at.source + i}, true, nil
			}
			r, err := s.patientResource(c, id)
			if trace.KindOf(err) == trace.NotFound {
				continue
			}
			if err != nil {
				return next, false, err
			}
			found.Matches = append(found.Matches, r)
			*people = append(*people, id)
		}
		return next, false, nil
	}
	next = at
	for place, h := range s.hits(c, q, at) {
		if h.err != nil {
			return next, false, whole(h.err)
		}
		patient := h.procedure.Procedure.Patient
		resources, err := fhir.Of(h.procedure, fhir.Options{})
		if err != nil {
			return next, false, err
		}
		i := slices.IndexFunc(resources, func(r fhir.Resource) bool { return r.Type == q.kind })
		if i < 0 || !all(q.updated, resources[i].Updated) {
			continue
		}
		if len(found.Matches) == q.count {
			return next, true, nil
		}
		found.Matches = append(found.Matches, resources[i])
		if !patient.IsZero() && !slices.Contains(*people, patient) {
			*people = append(*people, patient)
		}
		if slices.Contains(q.include, "DeviceUseStatement:device") {
			d := slices.IndexFunc(resources, func(r fhir.Resource) bool { return r.Type == "Device" })
			found.Included = append(found.Included, resources[d])
		}
		next = place
	}
	return next, false, nil
}

// fhirWaiting is the next page of a search.
type fhirWaiting struct {
	asked fhirAsked
	at    fhirPlace
}

// sameCaller tells one caller from another, programs too.
func sameCaller(c echo.Context) string {
	w := callerOf(c)
	return w.key() + " " + w.Account.String()
}
