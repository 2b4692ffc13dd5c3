package api

import (
	"cmp"
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"implantrace/internal/command"
	"implantrace/internal/staff"
	"implantrace/internal/theatre"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// typedChecked is what is wrong with what was typed so far.
type typedChecked struct {
	Faults []udi.Fault `json:"faults"`
	Text   string      `json:"text"` // that would be recorded; "" where nothing was typed
}

// checkTyped says what is wrong with what somebody types, and records nothing.
func (s *Server) checkTyped(c echo.Context) error {
	var t udi.Typed
	if err := bind(c, &t); err != nil {
		return err
	}
	a := typedChecked{Faults: []udi.Fault{}}
	if !t.IsZero() {
		var faults []udi.Fault
		a.Text, faults = t.Read(s.Recorder.Clock())
		a.Faults = append(a.Faults, faults...)
	}
	return c.JSON(http.StatusOK, a)
}

// takeTyped records what somebody typed from a label.
func (s *Server) takeTyped(c echo.Context) error {
	var q struct {
		ID        trace.EventID     `json:"id"`
		Typed     udi.Typed         `json:"typed"`
		Sure      bool              `json:"sure,omitempty"`
		Procedure trace.ProcedureID `json:"procedure,omitzero"`
	}
	if err := bind(c, &q); err != nil {
		return err
	}
	d, err := s.desk(c)
	if err != nil {
		return err
	}
	a, err := d.TakeTyped(s.asCaller(c), q.ID, q.Typed, q.Sure, q.Procedure)
	if err != nil {
		return err
	}
	return c.JSON(createdUnless(a.Repeated), a)
}

// confirmUsage is a second person's word on what was typed of a device.
func (s *Server) confirmUsage(c echo.Context) error {
	var q struct {
		command.Meta
		Ends  map[string]string `json:"ends"`
		Badge string            `json:"badge,omitempty"` // where nobody signs in
		Name  string            `json:"name,omitempty"`
	}
	if err := bind(c, &q); err != nil {
		return err
	}
	id, err := pathID[trace.OfUsage](c)
	if err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	u, err := s.store.Usage(c.Request().Context(), id)
	if err != nil {
		return err
	}
	confirm := command.ConfirmTyped{Meta: q.Meta, Usage: u.ID, Ends: q.Ends}
	if err := s.second(c, &confirm, q.Badge, q.Name, ""); err != nil {
		return err
	}
	if err := s.Recorder.ConfirmTyped(c.Request().Context(), confirm); err != nil {
		return err
	}
	s.Desk.Changed()
	return s.answerUsage(c, http.StatusOK, u.ID)
}

// second says who confirms: at a theatre machine the bearer of a badge with its PIN,
// or else whoever is signed in. Where nobody signs in it is who they say.
func (s *Server) second(c echo.Context, q *command.ConfirmTyped, badge, name, pin string) error {
	if s.Staff == nil {
		if m := s.Recorder.Rules.Understand(badge, s.Recorder.Clock()); m.Kind == udi.KindStaff && !m.Damaged() {
			badge = m.Staff
		}
		q.Second = trace.Person{Code: badge, Name: name}
		return nil
	}
	if badge == "" {
		w := callerOf(c)
		if w.Kind != staff.Person {
			return trace.Errorf(trace.Forbidden, "A second person confirms what was typed: scan their badge and type their PIN, or have them sign in.")
		}
		q.Account, q.Second = w.Account, trace.Person{Name: w.Name}
		return nil
	}
	from := s.from(c)
	if from.Machine.IsZero() {
		return trace.Errorf(trace.Forbidden, "Badge and PIN are for theatre machines. This one is not enrolled: the second person signs in instead.")
	}
	a, err := s.Staff.Confirm(c.Request().Context(), from, badge, pin)
	if err != nil {
		return trace.Errorf(trace.KindOf(err), "The second person: %w", err)
	}
	if w := (staff.Who{Kind: staff.Person, Account: a.ID, Name: a.Name, Roles: a.Roles}); w.May(staff.WriteRecord) != staff.Yes {
		return trace.Errorf(trace.Forbidden, "%s may not confirm what is recorded.", a.Name)
	}
	q.Account, q.Second = a.ID, trace.Person{Code: a.Badge, Name: a.Name}
	return nil
}

// confirmForm is the same from a form, about a device of the theatre page or of the
// page of a procedure.
func (s *Server) confirmForm(ctx context.Context, c echo.Context, m command.Meta, usage trace.UsageID) error {
	u, err := s.store.Usage(ctx, usage)
	if err != nil {
		return err
	}
	q := command.ConfirmTyped{Meta: m, Usage: usage, Ends: make(map[string]string)}
	for _, e := range u.Endings() {
		q.Ends[e.Field] = field(c, "end_"+e.Field)
	}
	if err := s.second(c, &q, field(c, "badge"), field(c, "name"), field(c, "pin")); err != nil {
		return err
	}
	return s.Recorder.ConfirmTyped(ctx, q)
}

func (s *Server) formConfirm(c echo.Context) error {
	return s.usageForm(c, func(ctx context.Context, m command.Meta, usage trace.UsageID) error {
		return s.confirmForm(ctx, c, m, usage)
	})
}

// formConfirmLater takes it from the page of a procedure, which may be over.
func (s *Server) formConfirmLater(c echo.Context) error {
	id, err := formID(c)
	if err != nil {
		return err
	}
	procedure, err := pathID[trace.OfProcedure](c)
	if err != nil {
		return err
	}
	usage, err := trace.ParseID[trace.OfUsage](field(c, "usage"))
	if err != nil {
		return err
	}
	m := command.Meta{ID: id}
	by(c, &m, theatre.Via)
	if err := s.confirmForm(c.Request().Context(), c, m, usage); err != nil {
		return err
	}
	s.Desk.Changed()
	return settled(c, "/procedures/"+procedure.String())
}

// secondPanel is what the page shows to whoever confirms what was typed of a device.
type secondPanel struct {
	Usage     trace.UsageID
	To        string // where the form goes
	Name      string // of the device
	Endings   []trace.Ending
	Accounts  bool // people sign in here
	AtMachine bool
	Mine      bool // whoever is signed in typed it
	Nobodys   bool // nobody was signed in who typed it
	By        string
}

// secondPanel is that of a device that awaits a second person; nil where it does not.
func (s *Server) secondPanel(f frame, u trace.UsageInFull, to string) *secondPanel {
	if !u.Usage.AwaitsSecond() {
		return nil
	}
	p := &secondPanel{Usage: u.Usage.ID, To: to, Name: deviceWords(u), Endings: u.Usage.Endings(), Accounts: s.Staff != nil, AtMachine: f.AtMachine()}
	for _, a := range u.Usage.TypedBy {
		p.Mine = p.Mine || !a.Account.IsZero() && a.Account == f.Caller.Account
		p.Nobodys = p.Nobodys || a.Account.IsZero()
	}
	if f.IsPerson() {
		p.By = f.Caller.Name
	}
	return p
}

// secondPanels are those of a procedure, on its own page.
func (s *Server) secondPanels(f frame, p trace.ProcedureInFull) (all []*secondPanel) {
	for _, u := range p.Usages {
		if one := s.secondPanel(f, u, "/procedures/"+p.Procedure.ID.String()+"/confirm"); one != nil {
			all = append(all, one)
		}
	}
	return all
}

// deviceWords is what a device is called on a page.
func deviceWords(u trace.UsageInFull) string {
	return cmp.Or(u.Product.Description, u.Product.Brand, u.Usage.Described, u.Usage.Device.DI, u.Usage.Device.CatalogueNo, "a device without an identifier")
}

// secondWords is who confirmed a device, and when; "" where nobody did.
func (s *Server) secondWords(u trace.Usage) string {
	if u.Second == nil {
		return ""
	}
	name := u.Second.Person.String()
	if !u.Second.Account.IsZero() {
		name = s.somebody(u.Second.Account, trace.Actor{})
	} else {
		name += ", as it was said"
	}
	return name
}
