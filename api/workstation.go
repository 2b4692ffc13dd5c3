package api

import (
	"html/template"
	"net/http"
	"sync"

	"github.com/labstack/echo/v4"

	"implantrace/internal/command"
	"implantrace/internal/staff"
	"implantrace/internal/symbol"
	"implantrace/internal/theatre"
	"implantrace/internal/trace"
)

// workstationCookie says which workstation a machine's pages belong to. Without it
// they show the node's own desk. It is no secret: what may be done there is asked
// of whoever signs in.
const workstationCookie = "implantrace-workstation"

// workstationHeader says the same for programs.
const workstationHeader = "X-Workstation"

// machines remembers which theatre machine shows which workstation: who is signed
// in there is who its handhelds' readings are recorded by.
type machines struct {
	mu sync.Mutex
	at map[trace.AccountID]string
}

func (m *machines) show(machine trace.AccountID, workstation string) {
	if machine.IsZero() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.at == nil {
		m.at = make(map[trace.AccountID]string)
	}
	m.at[machine] = workstation
}

// operator finds who is at a workstation.
func (m *machines) operator(office *staff.Office) func(workstation string) trace.Actor {
	return func(workstation string) trace.Actor {
		at, ok := office.Sessions.AtDeskOf(func(machine trace.AccountID) bool {
			m.mu.Lock()
			defer m.mu.Unlock()
			return m.at[machine] == workstation
		})
		if !ok {
			return trace.Actor{Unconfirmed: true}
		}
		return trace.Actor{Account: at.Account}
	}
}

func workstationOf(r *http.Request) string {
	if id := r.Header.Get(workstationHeader); id != "" {
		return id
	}
	return cookieOf(r, workstationCookie)
}

// desk is the workstation that a request belongs to: the one that its machine was
// made, or the node's own. A workstation that is not known any more is an error
// (kind NotFound), and never another's desk.
func (s *Server) desk(c echo.Context) (*theatre.Desk, error) {
	id := workstationOf(c.Request())
	d, err := s.Floor.Desk(id)
	if err == nil {
		s.machines.show(callerOf(c).session.Machine, id)
	}
	return d, err
}

// forgotten takes the cookie of a workstation that is not known any more away, for
// a page that is loaded anew and says whose desk it shows.
func (s *Server) forgotten(c echo.Context) bool {
	id := cookieOf(c.Request(), workstationCookie)
	if id == "" {
		return false
	}
	if _, err := s.Floor.Desk(id); err == nil {
		return false
	}
	s.setCookie(c, workstationCookie, "", s.Recorder.Clock())
	return true
}

type workstationAnswer struct {
	theatre.Workstation
	Pairing string `json:"pairing"` // the text of its pairing code
}

func (s *Server) workstations(c echo.Context) error {
	out := struct {
		Workstations []workstationAnswer `json:"workstations"`
	}{[]workstationAnswer{}}
	for _, w := range s.Floor.Workstations() {
		out.Workstations = append(out.Workstations, workstationAnswer{w, w.PairingText()})
	}
	return c.JSON(http.StatusOK, out)
}

func (s *Server) makeWorkstation(c echo.Context) error {
	var q struct {
		command.Meta
		Name string `json:"name"`
	}
	if err := bind(c, &q); err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	w, err := s.Floor.Make(c.Request().Context(), q.Meta, q.Name)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, workstationAnswer{w, w.PairingText()})
}

func (s *Server) closeWorkstation(c echo.Context) error {
	var q struct {
		command.Meta
		Workstation string `json:"workstation"`
	}
	if err := bind(c, &q); err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	if err := s.Floor.Close(c.Request().Context(), q.Meta, q.Workstation); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// held is a command that takes an open procedure up at a desk, or leaves it.
type held struct {
	command.Meta
	Procedure trace.ProcedureID `json:"procedure"`
}

// heldBody reads one as JSON, with the desk it is about.
func (s *Server) heldBody(c echo.Context) (d *theatre.Desk, q held, err error) {
	if err = bind(c, &q); err != nil {
		return nil, q, err
	}
	by(c, &q.Meta, theatre.Via)
	d, err = s.desk(c)
	return d, q, err
}

func (s *Server) takeUp(c echo.Context) error {
	d, q, err := s.heldBody(c)
	if err != nil {
		return err
	}
	if err := d.TakeUp(c.Request().Context(), q.Meta, q.Procedure); err != nil {
		return err
	}
	return s.answerProcedure(c, http.StatusOK, q.Procedure)
}

func (s *Server) leave(c echo.Context) error {
	d, q, err := s.heldBody(c)
	if err != nil {
		return err
	}
	if err := d.Leave(c.Request().Context(), q.Meta, q.Procedure); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// heldForm reads a form that names a procedure.
func (s *Server) heldForm(c echo.Context) (d *theatre.Desk, q held, err error) {
	if q.ID, err = formID(c); err != nil {
		return nil, q, err
	}
	if q.Procedure, err = trace.ParseID[trace.OfProcedure](field(c, "procedure")); err != nil {
		return nil, q, err
	}
	by(c, &q.Meta, theatre.Via)
	d, err = s.desk(c)
	return d, q, err
}

func (s *Server) formTakeUp(c echo.Context) error {
	d, q, err := s.heldForm(c)
	if err != nil {
		return err
	}
	if err := d.TakeUp(c.Request().Context(), q.Meta, q.Procedure); err != nil {
		return err
	}
	return settled(c, "/theatre")
}

func (s *Server) formLeave(c echo.Context) error {
	d, q, err := s.heldForm(c)
	if err != nil {
		return err
	}
	if err := d.Leave(c.Request().Context(), q.Meta, q.Procedure); err != nil {
		return err
	}
	return settled(c, "/theatre")
}

// workstationCard is a workstation as its page shows it.
type workstationCard struct {
	theatre.Workstation
	Here   bool
	Text   string
	Symbol template.HTML // drawn by package symbol, which escapes what it says
	Paired []string
}

func (s *Server) pageWorkstations(c echo.Context) error {
	if s.forgotten(c) {
		return c.Redirect(http.StatusSeeOther, "/theatre/workstations")
	}
	f, err := s.frame(c, "Workstations")
	if err != nil {
		return err
	}
	here := workstationOf(c.Request())
	p := struct {
		frame
		All   []workstationCard
		IsOwn bool // this machine shows the node's own desk
	}{frame: f, IsOwn: here == ""}
	for _, w := range s.Floor.Workstations() {
		m, err := symbol.Plain(w.PairingText())
		if err != nil {
			return err
		}
		card := workstationCard{Workstation: w, Here: w.ID == here, Text: w.PairingText(), Symbol: template.HTML(m.SVG("Pairing code of " + w.String()))}
		for _, sc := range s.Scanners() {
			if at, ok := s.Floor.PairedWith(sc.Name); ok && at.ID == w.ID {
				card.Paired = append(card.Paired, sc.Name)
			}
		}
		p.All = append(p.All, card)
	}
	return s.render(c, http.StatusOK, "workstations", "layout", p)
}

// formWorkstation makes the machine whose browser sends it a workstation of its own.
func (s *Server) formWorkstation(c echo.Context) error {
	id, err := formID(c)
	if err != nil {
		return err
	}
	m := command.Meta{ID: id}
	by(c, &m, "page")
	w, err := s.Floor.Make(c.Request().Context(), m, field(c, "name"))
	if err != nil {
		return err
	}
	s.setCookie(c, workstationCookie, w.ID, s.Recorder.Clock().Add(machineFor))
	return c.Redirect(http.StatusSeeOther, "/theatre/workstations")
}

func (s *Server) formCloseWorkstation(c echo.Context) error {
	id, err := formID(c)
	if err != nil {
		return err
	}
	m := command.Meta{ID: id}
	by(c, &m, "page")
	if err := s.Floor.Close(c.Request().Context(), m, field(c, "workstation")); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/theatre/workstations")
}
