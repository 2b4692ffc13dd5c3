package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"implantrace/internal/fhir"
	"implantrace/internal/trace"
)

// fhirDocument gives the devices of one procedure as a document.
func (s *Server) fhirDocument(c echo.Context) error {
	ctx := c.Request().Context()
	id, err := pathID[trace.OfProcedure](c)
	if err != nil {
		return err
	}
	p, err := s.store.Procedure(ctx, id)
	if err != nil {
		return err
	}
	full, err := trace.ProcedureWithUsages(ctx, s.store, p)
	if err != nil {
		return whole(err)
	}
	return s.document(c, fhir.Document{Procedures: []trace.ProcedureInFull{full}})
}

// fhirPatientDocument gives the devices of all procedures of one patient, and of whoever
// is the same person, as a document.
func (s *Server) fhirPatientDocument(c echo.Context) error {
	ctx := c.Request().Context()
	id, err := pathID[trace.OfPatient](c)
	if err != nil {
		return err
	}
	p, err := s.store.Patient(ctx, id)
	if err == nil && p.Withdrawn {
		err = trace.Errorf(trace.NotFound, "This patient was withdrawn from the record.")
	}
	if err != nil {
		return err
	}
	d := fhir.Document{Patient: id}
	var same []trace.PatientID
	if d.Identity, same, err = s.store.Person(ctx, id); err != nil {
		return whole(err)
	}
	for _, one := range same {
		for h, err := range s.store.Procedures(ctx, trace.ProcedureQuery{Patient: one}) {
			if err != nil {
				return whole(err)
			}
			full, err := trace.ProcedureWithUsages(ctx, s.store, h.Procedure)
			if err != nil {
				return whole(err)
			}
			d.Procedures = append(d.Procedures, full)
		}
	}
	if err := s.saw(c, same); err != nil {
		return err
	}
	return s.document(c, d)
}

func (s *Server) document(c echo.Context, d fhir.Document) error {
	if err := wantsJSON(c, c.QueryParam("_format")); err != nil {
		return err
	}
	d.At, d.Node, d.Hospital, d.Where = s.Recorder.Clock(), s.NodeName, s.Hospital.Name, s.Hospital.Address
	body, err := d.Bundle(fhir.Options{})
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, fhirType, body)
}
