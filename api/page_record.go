package api

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"implantrace/internal/command"
	"implantrace/internal/history"
	"implantrace/internal/recall"
	"implantrace/internal/staff"
	"implantrace/internal/trace"
)

type recallPage struct {
	frame
	DI, Lot, Serial, From, To string
	Problem                   string
	Answer                    *recall.Answer
}

func (s *Server) pageRecall(c echo.Context) error {
	f, err := s.frame(c, "Recall")
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "recall", "layout", recallPage{frame: f})
}

func (s *Server) formRecall(c echo.Context) error {
	f, err := s.frame(c, "Recall")
	if err != nil {
		return err
	}
	p := recallPage{frame: f, DI: field(c, "di"), Lot: field(c, "lot"), Serial: field(c, "serial"), From: field(c, "from"), To: field(c, "to")}
	a, err := s.recall(c, recall.Criteria{DIs: linesOf(p.DI), Lots: recall.Named(linesOf(p.Lot)...), Serials: recall.Named(linesOf(p.Serial)...),
		Implanted: recall.Period{From: p.From, To: p.To}})
	if err != nil {
		problem := problemOf(err)
		if problem.Status >= 500 {
			return err
		}
		p.Problem = problem.Detail
		return s.render(c, problem.Status, "recall", "layout", p)
	}
	p.Answer = &a
	return s.render(c, http.StatusOK, "recall", "layout", p)
}

// linesOf gives the lines of a text field that say something.
func linesOf(s string) (out []string) {
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

type patientsPage struct {
	frame
	Problem string
	Asked   bool
	Found   []patientAnswer
}

func (s *Server) pagePatients(c echo.Context) error {
	f, err := s.frame(c, "Patients")
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "patients", "layout", patientsPage{frame: f})
}

// formPatients looks somebody up. The number is in the body, and never in an
// address.
func (s *Server) formPatients(c echo.Context) error {
	f, err := s.frame(c, "Patients")
	if err != nil {
		return err
	}
	p := patientsPage{frame: f}
	ids, err := s.Recorder.Search(c.Request().Context(), command.Who{NHSNumber: field(c, "nhs_number"), LocalNumber: field(c, "local_number"), LocalIssuer: field(c, "local_issuer")})
	if err != nil {
		problem := problemOf(err)
		if problem.Status >= 500 {
			return err
		}
		p.Problem = problem.Detail
		return s.render(c, problem.Status, "patients", "layout", p)
	}
	if err := s.saw(c, ids); err != nil {
		return err
	}
	p.Asked = true
	for _, id := range ids {
		a, err := s.patientInFull(c.Request().Context(), id)
		if err != nil {
			return whole(err)
		}
		p.Found = append(p.Found, a)
	}
	return s.render(c, http.StatusOK, "patients", "layout", p)
}

func (s *Server) pagePatient(c echo.Context) error {
	id, err := pathID[trace.OfPatient](c)
	if err != nil {
		return err
	}
	f, err := s.frame(c, "Patient")
	if err != nil {
		return err
	}
	a, err := s.patientInFull(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "patient", "layout", struct {
		frame
		Patient patientAnswer
	}{f, a})
}

func (s *Server) pageProcedure(c echo.Context) error {
	id, err := pathID[trace.OfProcedure](c)
	if err != nil {
		return err
	}
	f, err := s.frame(c, "Procedure")
	if err != nil {
		return err
	}
	full, err := s.procedureInFull(c.Request().Context(), id)
	if err != nil {
		return err
	}
	photographs, err := s.photographsOf(c, id)
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "procedure", "layout", struct {
		frame
		Procedure   trace.ProcedureInFull
		Photographs []trace.Photograph
		Seconds     []*secondPanel // of devices that were typed, and that no second person has confirmed
	}{f, full, photographs, s.secondPanels(f, full)})
}

type importPage struct {
	frame
	Source   string
	Problem  string
	Report   *history.Report
	Refusals []history.Refusal
	Notices  []history.Notice
	Unused   []string // columns of a table that its mapping leaves out
}

// shownMost is how many refused rows, and noticed ones, the page lists.
const shownMost = 200

func (s *Server) pageImport(c echo.Context) error {
	f, err := s.frame(c, "Import")
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "import", "layout", importPage{frame: f})
}

// formImport reads the upload as it comes: the source first, then the file.
func (s *Server) formImport(c echo.Context) error {
	f, err := s.frame(c, "Import")
	if err != nil {
		return err
	}
	p := importPage{frame: f}
	report, err := s.importForm(c, &p)
	if err != nil {
		problem := problemOf(err)
		if problem.Status >= 500 || problem.Status == http.StatusForbidden {
			return err
		}
		p.Problem = problem.Detail
		return s.render(c, problem.Status, "import", "layout", p)
	}
	p.Report = &report
	s.Desk.Changed()
	return s.render(c, http.StatusOK, "import", "layout", p)
}

func (s *Server) importForm(c echo.Context, p *importPage) (history.Report, error) {
	parts, err := c.Request().MultipartReader()
	if err != nil {
		return history.Report{}, trace.Errorf(trace.Invalid, "The form wants a source and a file.")
	}
	token := ""
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return history.Report{}, trace.Errorf(trace.Invalid, "The form wants a file.")
		}
		if err != nil {
			return history.Report{}, trace.Errorf(trace.Invalid, "The upload broke off.")
		}
		switch part.FormName() {
		case formField: // it stands in front
			b, err := io.ReadAll(io.LimitReader(part, 200))
			if err != nil {
				return history.Report{}, err
			}
			token = string(b)
		case "source":
			b, err := io.ReadAll(io.LimitReader(part, 200))
			if err != nil {
				return history.Report{}, err
			}
			p.Source = strings.TrimSpace(string(b))
		case "file":
			if err := s.proved(c, staff.ImportHistory, token); err != nil {
				return history.Report{}, err
			}
			file := &upload{from: part}
			report, err := history.Import(c.Request().Context(), s.Recorder, file, history.Options{Source: p.Source, Notice: func(n history.Notice) {
				if len(p.Notices) < shownMost {
					p.Notices = append(p.Notices, n)
				}
			}}, func(r history.Refusal) {
				if len(p.Refusals) < shownMost {
					p.Refusals = append(p.Refusals, r)
				}
			})
			if err != nil {
				err = file.why(err)
			}
			return report, err
		}
	}
}

type safetyPage struct {
	frame
	Now     approvalAnswer
	Problem string
}

func (s *Server) pageSafety(c echo.Context) error {
	f, err := s.frame(c, "Clinical safety")
	if err != nil {
		return err
	}
	now, err := s.approvalNow(c)
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "safety", "layout", safetyPage{frame: f, Now: now})
}

func (s *Server) formSafety(c echo.Context) error {
	id, err := formID(c)
	if err != nil {
		return err
	}
	q := command.Approve{Approved: field(c, "approved") == "true", Officer: field(c, "officer"), Role: field(c, "role"), Site: field(c, "site"), Statement: field(c, "statement")}
	q.ID = id
	by(c, &q.Meta, "page")
	q.Release = s.Version
	if err := s.Recorder.Approve(c.Request().Context(), q); err != nil {
		return err
	}
	return settled(c, "/safety")
}
