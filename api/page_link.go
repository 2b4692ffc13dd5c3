package api

import (
	"html/template"
	"net/http"

	"github.com/labstack/echo/v4"

	"implantrace/internal/command"
	"implantrace/internal/symbol"
	"implantrace/internal/trace"
)

// linkedOnPage is a link with who the records of it are.
type linkedOnPage struct {
	command.LinkTold
	Shown, Other trace.Identity
}

type linksPage struct {
	frame
	Problem string
	A       recordOf // the record that is to be linked with another; zero: both are asked for
	Links   []linkedOnPage
}

func (s *Server) pageLinks(c echo.Context) error {
	p, err := s.linksPage(c, c.QueryParam("a"))
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "links", "layout", p)
}

func (s *Server) linksPage(c echo.Context, a string) (p linksPage, err error) {
	if p.frame, err = s.frame(c, "Linked records"); err != nil {
		return p, err
	}
	ctx := c.Request().Context()
	if a != "" {
		if p.A.ID, err = trace.ParseID[trace.OfPatient](a); err != nil {
			return p, err
		}
		if p.A.Identity, err = s.store.Identity(ctx, p.A.ID); err != nil {
			return p, err
		}
		if err := s.saw(c, []trace.PatientID{p.A.ID}); err != nil {
			return p, err
		}
	}
	all, err := s.linksOf(ctx, p.A.ID)
	if err != nil {
		return p, err
	}
	if p.Links, err = s.withNames(c, all); err != nil {
		return p, err
	}
	return p, s.sawLinked(c, all)
}

// withNames adds who the records of links are; nobody for one that is not here.
func (s *Server) withNames(c echo.Context, all []command.LinkTold) (out []linkedOnPage, err error) {
	for _, l := range all {
		one := linkedOnPage{LinkTold: l}
		for id, who := range map[trace.PatientID]*trace.Identity{l.Survives: &one.Shown, l.Other: &one.Other} {
			if *who, err = s.store.Identity(c.Request().Context(), id); err != nil && trace.KindOf(err) != trace.NotFound {
				return nil, err
			}
		}
		out = append(out, one)
	}
	return out, nil
}

type comparePage struct {
	frame
	Problem string
	Pair    command.Comparison
	Records []patientAnswer
}

// formCompare finds two records and sets them beside each other. The numbers are in
// the body, and never in an address.
func (s *Server) formCompare(c echo.Context) error {
	named := func(prefix string) (w command.Who, err error) {
		if id := field(c, prefix); id != "" {
			w.Patient, err = trace.ParseID[trace.OfPatient](id)
			return w, err
		}
		return command.Who{NHSNumber: field(c, prefix+"_nhs_number"), LocalNumber: field(c, prefix+"_local_number"), LocalIssuer: field(c, prefix+"_local_issuer")}, nil
	}
	var q pairAsked
	var err error
	if q.A, err = named("a"); err != nil {
		return err
	}
	if q.B, err = named("b"); err != nil {
		return err
	}
	pair, err := s.compared(c, q)
	if err != nil {
		problem := problemOf(err)
		if problem.Status >= 500 {
			return err
		}
		p, err := s.linksPage(c, field(c, "a"))
		if err != nil {
			return err
		}
		p.Problem = problem.Detail
		return s.render(c, problem.Status, "links", "layout", p)
	}
	return s.answerCompared(c, http.StatusOK, pair, "")
}

func (s *Server) answerCompared(c echo.Context, status int, pair command.Comparison, problem string) error {
	f, err := s.frame(c, "Compare two records")
	if err != nil {
		return err
	}
	p := comparePage{frame: f, Pair: pair, Problem: problem}
	for _, id := range []trace.PatientID{pair.A, pair.B} {
		a, err := s.patientInFull(c.Request().Context(), id)
		if err != nil {
			return err
		}
		a.Procedures = a.own()
		p.Records = append(p.Records, a)
	}
	return s.render(c, status, "compare", "layout", p)
}

func (s *Server) formLink(c echo.Context) error {
	id, err := formID(c)
	if err != nil {
		return err
	}
	q := command.LinkPatients{Reason: field(c, "reason"), TwoNumbers: field(c, "two_numbers") == "yes"}
	if q.Survives, err = trace.ParseID[trace.OfPatient](field(c, "survives")); err != nil {
		return trace.Errorf(trace.Invalid, "Say which of both records is shown as the person.")
	}
	ids := []string{field(c, "a"), field(c, "b")}
	other := ids[0]
	if other == q.Survives.String() {
		other = ids[1]
	}
	if q.Other, err = trace.ParseID[trace.OfPatient](other); err != nil {
		return err
	}
	q.ID = id
	by(c, &q.Meta, "page")
	if _, err := s.Recorder.LinkPatients(c.Request().Context(), q); err != nil {
		problem := problemOf(err)
		pair, perr := s.Recorder.ComparePatients(c.Request().Context(), q.Survives, q.Other)
		if problem.Status >= 500 || perr != nil {
			return err
		}
		return s.answerCompared(c, problem.Status, pair, problem.Detail)
	}
	s.Desk.Changed()
	return settled(c, "/patients/"+q.Survives.String())
}

func (s *Server) formUnlink(c echo.Context) error {
	id, err := formID(c)
	if err != nil {
		return err
	}
	q := command.UnlinkPatients{Reason: field(c, "reason")}
	if q.Link, err = pathID[trace.OfLink](c); err != nil {
		return err
	}
	q.ID = id
	by(c, &q.Meta, "page")
	out, err := s.Recorder.UnlinkPatients(c.Request().Context(), q)
	if err != nil {
		return err
	}
	s.Desk.Changed()
	return settled(c, "/patients/"+out.Link.Survives.String())
}

// pageWristband is the temporary wristband of a patient whom nobody has identified.
func (s *Server) pageWristband(c echo.Context) error {
	id, err := pathID[trace.OfPatient](c)
	if err != nil {
		return err
	}
	f, err := s.frame(c, "Temporary wristband")
	if err != nil {
		return err
	}
	who, err := s.store.Identity(c.Request().Context(), id)
	if err != nil {
		return err
	}
	if who.Provisional == "" || who.LocalIssuer != trace.ProvisionalIssuer {
		return trace.Errorf(trace.Conflict, "This patient is identified, or has a wristband of the hospital's: a temporary one is not made.")
	}
	text := command.ProvisionalWristband(who)
	m, err := symbol.GS1(text)
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "wristband", "layout", struct {
		frame
		Patient trace.PatientID
		Who     trace.Identity
		Symbol  template.HTML // drawn by package symbol, which escapes what it says
	}{f, id, who, template.HTML(m.SVG(who.Provisional + ": " + who.LocalNumber))})
}
