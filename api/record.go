package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// patientAnswer is a patient with everything the record knows.
type patientAnswer struct {
	ID         trace.PatientID         `json:"id"`
	Same       []trace.PatientID       `json:"same_person"` // other patients of the record that are this person
	Identity   trace.Identity          `json:"identity"`
	Records    []recordOf              `json:"records"` // all of the person, this one first
	Links      []command.LinkTold      `json:"links"`   // of all of them, those that were taken back too
	Withdrawn  bool                    `json:"withdrawn,omitempty"`
	History    []trace.Stamp           `json:"history"`
	Procedures []trace.ProcedureInFull `json:"procedures"` // latest first
}

// own are the procedures that stand in this record itself.
func (a patientAnswer) own() (ps []trace.ProcedureInFull) {
	for _, p := range a.Procedures {
		if p.Procedure.Patient == a.ID {
			ps = append(ps, p)
		}
	}
	return ps
}

// In is the record of the person in which a procedure stands.
func (a patientAnswer) In(p trace.ProcedureInFull) recordOf {
	for _, r := range a.Records {
		if r.ID == p.Procedure.Patient {
			return r
		}
	}
	return recordOf{ID: p.Procedure.Patient}
}

func (s *Server) patientInFull(ctx context.Context, id trace.PatientID) (patientAnswer, error) {
	p, err := s.store.Patient(ctx, id)
	if err != nil {
		return patientAnswer{}, err
	}
	a := patientAnswer{ID: id, Same: []trace.PatientID{}, Withdrawn: p.Withdrawn, History: p.History, Procedures: []trace.ProcedureInFull{}}
	same, err := trace.SamePatients(ctx, s.store, id)
	if err != nil {
		return a, whole(err)
	}
	a.Same = append(a.Same, same[1:]...)
	shown, _, err := trace.Shown(ctx, s.store, same)
	if err != nil {
		return a, whole(err)
	}
	a.Links = []command.LinkTold{}
	for _, one := range same {
		who, err := s.store.Identity(ctx, one)
		if err != nil {
			return a, whole(err)
		}
		if one == id {
			a.Identity = who
		}
		a.Records = append(a.Records, recordOf{one, who, one == shown})
		links, err := s.linksOf(ctx, one)
		if err != nil {
			return a, err
		}
		for _, l := range links {
			if !slices.ContainsFunc(a.Links, func(o command.LinkTold) bool { return o.ID == l.ID }) {
				a.Links = append(a.Links, l)
			}
		}
		for h, err := range s.store.Procedures(ctx, trace.ProcedureQuery{Patient: one}) {
			if err != nil {
				return a, whole(err)
			}
			full, err := trace.ProcedureWithUsages(ctx, s.store, h.Procedure)
			if err != nil {
				return a, whole(err)
			}
			a.Procedures = append(a.Procedures, full)
		}
	}
	return a, nil
}

func (s *Server) patient(c echo.Context) error {
	id, err := pathID[trace.OfPatient](c)
	if err != nil {
		return err
	}
	a, err := s.patientInFull(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, a)
}

type registered struct {
	Patient trace.PatientID `json:"patient"`
	New     bool            `json:"new"`
	Differs []string        `json:"differs"` // what is recorded otherwise than said
}

func (s *Server) registerPatient(c echo.Context) error {
	var q command.RegisterPatient
	if err := bind(c, &q); err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	f, err := s.Recorder.RegisterPatient(c.Request().Context(), q)
	if err != nil {
		return err
	}
	if f.Differs == nil {
		f.Differs = []string{}
	}
	return c.JSON(http.StatusCreated, registered{f.Patient, f.New, f.Differs})
}

func (s *Server) searchPatients(c echo.Context) error {
	var q command.Who
	if err := bind(c, &q); err != nil {
		return err
	}
	ids, err := s.Recorder.Search(c.Request().Context(), q)
	if err != nil {
		return err
	}
	if err := s.saw(c, ids); err != nil {
		return err
	}
	out := page[patientAnswer]{Items: []patientAnswer{}}
	for _, id := range ids {
		a, err := s.patientInFull(c.Request().Context(), id)
		if err != nil {
			return whole(err)
		}
		out.Items = append(out.Items, a)
	}
	return c.JSON(http.StatusOK, out)
}

// procedureInFull gathers a procedure. NotFound is for the procedure alone: what
// it points to has to be there.
func (s *Server) procedureInFull(ctx context.Context, id trace.ProcedureID) (trace.ProcedureInFull, error) {
	p, err := s.store.Procedure(ctx, id)
	if err != nil {
		return trace.ProcedureInFull{}, err
	}
	full, err := trace.ProcedureWithUsages(ctx, s.store, p)
	if err != nil {
		err = whole(err)
	}
	return full, err
}

func (s *Server) answerProcedure(c echo.Context, status int, id trace.ProcedureID) error {
	full, err := s.procedureInFull(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return c.JSON(status, full)
}

func (s *Server) openProcedure(c echo.Context) error {
	var q command.OpenProcedure
	if err := bind(c, &q); err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	id, err := s.Recorder.OpenProcedure(c.Request().Context(), q)
	if err != nil {
		return err
	}
	return s.answerProcedure(c, http.StatusCreated, id)
}

func (s *Server) procedure(c echo.Context) error {
	id, err := pathID[trace.OfProcedure](c)
	if err != nil {
		return err
	}
	return s.answerProcedure(c, http.StatusOK, id)
}

func (s *Server) closeProcedure(c echo.Context) error {
	var q command.CloseProcedure
	id, err := bindAt(c, &q, &q.Procedure, "procedures")
	if err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	if err := s.Recorder.CloseProcedure(c.Request().Context(), q); err != nil {
		return err
	}
	s.Desk.Changed()
	return s.answerProcedure(c, http.StatusOK, id)
}

func (s *Server) listProcedures(c echo.Context) error {
	most, cur, err := s.listed(c)
	if err != nil {
		return err
	}
	q := trace.ProcedureQuery{After: cur.After}
	switch c.QueryParam("open") {
	case "", "false":
	case "true":
		q.OpenOnly = true
	default:
		return trace.Errorf(trace.Invalid, "open is true or false.")
	}
	if q.From, q.To, err = period(c, s.Recorder.Zone()); err != nil {
		return err
	}
	if p := c.QueryParam("patient"); p != "" {
		if q.Patient, err = trace.ParseID[trace.OfPatient](p); err != nil {
			return err
		}
	}
	ctx := c.Request().Context()
	p, err := collect(ctx, s.store.Procedures(ctx, q), cur, most, func(h trace.ProcedureHit) ([]byte, trace.Position, trace.Procedure, error) {
		return h.Key, h.Procedure.History[0].Position, h.Procedure, nil
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, p)
}

func (s *Server) answerUsage(c echo.Context, status int, id trace.UsageID) error {
	ctx := c.Request().Context()
	u, err := s.store.Usage(ctx, id)
	if err != nil {
		return err
	}
	full, err := trace.InFull(ctx, s.store, u)
	if err != nil {
		return whole(err)
	}
	return c.JSON(status, full)
}

func (s *Server) recordUsage(c echo.Context) error {
	var q command.RecordUsage
	if err := bind(c, &q); err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	id, err := s.Recorder.RecordUsage(c.Request().Context(), q)
	if err != nil {
		return err
	}
	s.Desk.Changed()
	return s.answerUsage(c, http.StatusCreated, id)
}

func (s *Server) usage(c echo.Context) error {
	id, err := pathID[trace.OfUsage](c)
	if err != nil {
		return err
	}
	return s.answerUsage(c, http.StatusOK, id)
}

func (s *Server) setOutcome(c echo.Context) error {
	var q command.SetOutcome
	id, err := bindAt(c, &q, &q.Usage, "usages")
	if err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	if err := s.Recorder.SetOutcome(c.Request().Context(), q); err != nil {
		return err
	}
	s.Desk.Changed()
	return s.answerUsage(c, http.StatusOK, id)
}

func (s *Server) explant(c echo.Context) error {
	var q command.Explant
	if _, err := bindAt(c, &q, &q.Procedure, "procedures"); err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	id, err := s.Recorder.Explant(c.Request().Context(), q)
	if err != nil {
		return err
	}
	s.Desk.Changed()
	return s.answerUsage(c, http.StatusCreated, id)
}

func (s *Server) joinUsages(c echo.Context) error {
	var q command.JoinUsages
	id, err := bindAt(c, &q, &q.Usage, "usages")
	if err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	if err := s.Recorder.JoinUsages(c.Request().Context(), q); err != nil {
		return err
	}
	s.Desk.Changed()
	return s.answerUsage(c, http.StatusOK, id)
}

// listUsages finds usages: by DI with lots, serials or dates, by procedure, by
// patient, place, person, status or time. A lot or serial is matched exactly.
func (s *Server) listUsages(c echo.Context) error {
	most, cur, err := s.listed(c)
	if err != nil {
		return err
	}
	q := trace.Query{After: cur.After, Lot: c.QueryParam("lot"), Serial: c.QueryParam("serial"), Status: trace.Status(c.QueryParam("status")),
		Lots:    trace.Range{From: c.QueryParam("lot_from"), To: c.QueryParam("lot_to")},
		Serials: trace.Range{From: c.QueryParam("serial_from"), To: c.QueryParam("serial_to")},
		Place:   trace.Place{GLN: c.QueryParam("gln"), Name: c.QueryParam("place")},
		Person:  trace.Person{Code: c.QueryParam("badge"), Name: c.QueryParam("person")}}
	if q.Expiry, err = dates(c, "expiry"); err != nil {
		return err
	}
	if q.Manufactured, err = dates(c, "manufactured"); err != nil {
		return err
	}
	if q.Status != "" && !slices.Contains(trace.Statuses(), q.Status) {
		return trace.Errorf(trace.Invalid, "There is no status %q.", q.Status)
	}
	if q.From, q.To, err = period(c, s.Recorder.Zone()); err != nil {
		return err
	}
	if di := c.QueryParam("di"); di != "" {
		if q.DI, err = udi.ParseDI(di); err != nil {
			return trace.Errorf(trace.Invalid, "The device identifier is not right: %w.", err)
		}
	}
	if q.DI == "" && (q.Lot+q.Serial != "" || q.Lots != trace.Range{} || q.Serials != trace.Range{} || q.Expiry != trace.Period{} || q.Manufactured != trace.Period{}) {
		return trace.Errorf(trace.Invalid, "Lots, serial numbers and dates of devices are looked for within a device identifier: give di too.")
	}
	if p := c.QueryParam("procedure"); p != "" {
		if q.Procedure, err = trace.ParseID[trace.OfProcedure](p); err != nil {
			return err
		}
	}
	if p := c.QueryParam("patient"); p != "" {
		if q.Patient, err = trace.ParseID[trace.OfPatient](p); err != nil {
			return err
		}
	}
	ctx := c.Request().Context()
	if !q.Procedure.IsZero() && !q.Patient.IsZero() {
		p, err := s.store.Procedure(ctx, q.Procedure)
		if err != nil && trace.KindOf(err) != trace.NotFound {
			return err
		}
		if p.Patient != q.Patient {
			return c.JSON(http.StatusOK, page[trace.UsageInFull]{Items: []trace.UsageInFull{}})
		}
	}
	found := func(yield func(fullHit, error) bool) {
		for h, err := range s.store.Candidates(ctx, q) {
			if err == nil && !q.AsksUsage(h.Usage) {
				continue
			}
			full := fullHit{key: h.Key}
			if err == nil {
				full.UsageInFull, err = trace.InFull(ctx, s.store, h.Usage)
			}
			if err == nil && !q.Asks(full.Usage, full.Procedure) {
				continue
			}
			if !yield(full, err) {
				return
			}
		}
	}
	p, err := collect(ctx, found, cur, most, func(h fullHit) ([]byte, trace.Position, trace.UsageInFull, error) {
		return h.key, h.Usage.History[0].Position, h.UsageInFull, nil
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, p)
}

// fullHit is a usage with everything it belongs to, and the key it was found
// under.
type fullHit struct {
	key []byte
	trace.UsageInFull
}

// dates reads a period of a device's dates.
func dates(c echo.Context, what string) (p trace.Period, err error) {
	p = trace.Period{From: c.QueryParam(what + "_from"), To: c.QueryParam(what + "_to")}
	for _, day := range []string{p.From, p.To} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			return p, trace.Errorf(trace.Invalid, "%q is no date of the form YYYY-MM-DD.", day)
		}
	}
	return p, nil
}

func (s *Server) recordProduct(c echo.Context) error {
	var q command.RecordProduct
	if err := bind(c, &q); err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	di, err := s.Recorder.RecordProduct(c.Request().Context(), q)
	if err != nil {
		return err
	}
	p, err := s.store.Product(c.Request().Context(), di)
	if err != nil {
		return err
	}
	s.Desk.Changed()
	return c.JSON(http.StatusCreated, p)
}

func (s *Server) product(c echo.Context) error {
	di, err := udi.ParseDI(c.Param("di"))
	if err != nil {
		return trace.Errorf(trace.Invalid, "The device identifier is not right: %w.", err)
	}
	p, err := s.store.Product(c.Request().Context(), di)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, p)
}

func (s *Server) listProducts(c echo.Context) error {
	most, cur, err := s.listed(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	p, err := collect(ctx, s.store.Products(ctx, string(cur.After)), cur, most, func(p trace.Product) ([]byte, trace.Position, trace.Product, error) {
		return []byte(p.DI), p.History[0].Position, p, nil
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, p)
}

func (s *Server) correct(c echo.Context) error {
	var q command.Correct
	if err := bind(c, &q); err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	if err := s.Recorder.Correct(c.Request().Context(), q); err != nil {
		return err
	}
	s.Desk.Changed()
	return c.JSON(http.StatusCreated, map[string]any{"id": q.ID, "recorded": true})
}
