package api

import (
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"implantrace/internal/fhir"
	"implantrace/internal/trace"
)

// told is what entries say of one thing.
type told struct {
	of      [16]byte
	targets []string // the resources it stands in
	history []trace.Stamp
	patient trace.PatientID // whose it is
}

// toldOf is what entries say of a usage, a procedure or a patient.
func (s *Server) toldOf(c echo.Context, of [16]byte) (t told, err error) {
	ctx := c.Request().Context()
	u, err := s.store.Usage(ctx, of)
	if err == nil {
		p, err := s.store.Procedure(ctx, u.Procedure)
		if err != nil {
			return t, err
		}
		return told{of, fhir.Targets(p, u), u.History, p.Patient}, nil
	}
	if trace.KindOf(err) != trace.NotFound {
		return t, err
	}
	p, err := s.store.Procedure(ctx, of)
	if err == nil {
		return told{of, []string{"Procedure/" + p.ID.String()}, p.History, p.Patient}, nil
	}
	if trace.KindOf(err) != trace.NotFound {
		return t, err
	}
	who, err := s.store.Patient(ctx, of)
	if err == nil && who.Withdrawn {
		err = trace.Errorf(trace.NotFound, "This patient was withdrawn from the record.")
	}
	if err != nil {
		return t, err
	}
	return told{of, []string{"Patient/" + who.ID.String()}, who.History, who.ID}, nil
}

func (s *Server) provenances(t told) ([]fhir.Resource, error) {
	return fhir.Provenances(t.of, t.targets, t.history, func(by trace.Actor) string { return s.somebody(by.Account, by) })
}

// provenance is what one entry says of a thing.
func (s *Server) provenance(c echo.Context, id string, none error) (fhir.Resource, error) {
	of, _, ok := fhir.ProvenanceOf(id)
	if !ok {
		return fhir.Resource{}, none
	}
	t, err := s.toldOf(c, of)
	if trace.KindOf(err) == trace.NotFound {
		return fhir.Resource{}, none
	}
	if err != nil {
		return fhir.Resource{}, err
	}
	all, err := s.provenances(t)
	if err != nil {
		return fhir.Resource{}, err
	}
	i := slices.IndexFunc(all, func(r fhir.Resource) bool { return r.ID == id })
	if i < 0 {
		return fhir.Resource{}, none
	}
	return all[i], nil
}

// provenanceFound are those that a search asks for.
func (s *Server) provenanceFound(c echo.Context, q fhirAsked) (all []fhir.Resource, patient trace.PatientID, err error) {
	of := q.target.id
	if q.target.kind == "" {
		parsed, _, ok := fhir.ProvenanceOf(q.name)
		if !ok {
			return nil, patient, nil
		}
		of = parsed
	}
	t, err := s.toldOf(c, of)
	if trace.KindOf(err) == trace.NotFound {
		return nil, patient, nil
	}
	if err != nil {
		return nil, patient, err
	}
	if q.target.kind != "" && !slices.Contains(t.targets, q.target.kind+"/"+trace.EventID(of).String()) {
		return nil, patient, nil
	}
	all, err = s.provenances(t)
	return slices.DeleteFunc(all, func(r fhir.Resource) bool { return q.name != "" && r.ID != q.name || !q.inTime(r.Updated) }), t.patient, err
}

// provenancesOf are those of an export: of each patient, procedure and device.
func (s *Server) provenancesOf(c echo.Context, e fhirExport, put func(fhir.Resource) error) error {
	ctx := c.Request().Context()
	give := func(t told) error {
		t.history = slices.DeleteFunc(slices.Clone(t.history), func(st trace.Stamp) bool { return st.Recorded.After(e.at) })
		all, err := s.provenances(t)
		if err != nil {
			return err
		}
		for _, r := range all {
			if err := put(r); err != nil {
				return err
			}
		}
		return nil
	}
	seen := make(map[trace.PatientID]bool)
	for p, err := range s.fhirInFull(ctx, e) {
		if err != nil {
			return err
		}
		if who := p.Procedure.Patient; !who.IsZero() && !seen[who] {
			seen[who] = true
			patient, err := s.store.Patient(ctx, who)
			if err != nil && trace.KindOf(err) != trace.NotFound {
				return err
			}
			if err == nil && !patient.Withdrawn {
				if err := give(told{who, []string{"Patient/" + who.String()}, patient.History, who}); err != nil {
					return err
				}
			}
		}
		if err := give(told{p.Procedure.ID, []string{"Procedure/" + p.Procedure.ID.String()}, p.Procedure.History, p.Procedure.Patient}); err != nil {
			return err
		}
		for _, u := range p.Usages {
			if err := give(told{u.Usage.ID, fhir.Targets(p.Procedure, u.Usage), u.Usage.History, p.Procedure.Patient}); err != nil {
				return err
			}
		}
	}
	return nil
}

// fhirTarget is what a search for provenance asks about.
type fhirTarget struct {
	kind string
	id   [16]byte
}

// targetOf reads "Device/ID", or an address of this server.
func targetOf(value string) (t fhirTarget, err error) {
	parts := strings.Split(value, "/")
	if len(parts) < 2 || !slices.Contains([]string{"Device", "DeviceUseStatement", "Procedure", "Patient"}, parts[len(parts)-2]) {
		return t, trace.Errorf(trace.Invalid, "target wants a reference to a Device, DeviceUseStatement, Procedure or Patient: Device/ID.")
	}
	t.kind = parts[len(parts)-2]
	id, err := reference(t.kind, t.kind+"/"+parts[len(parts)-1])
	t.id = id
	return t, err
}
