package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"implantrace/internal/command"
	"implantrace/internal/staff"
	"implantrace/internal/theatre"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// board is what the theatre page shows.
type board struct {
	frame
	State     theatre.State
	Alone     int    // devices that were typed, and that no second person has confirmed
	NoOutcome string // "2 devices", "" when every one has an outcome
	Last      *theatre.Answer
	Earlier   []theatre.Answer
	Usages    []usageCard         // latest first
	Implants  []trace.UsageInFull // that the patient has from other procedures
	Sets      []trace.Set         // to choose from, where the tray's barcode cannot be scanned
	TakenOff  []usageCard         // devices that were taken off the list
	Asked     *usageCard          // the device that the question of the desk is about
	Copy      copyLine
	Bearer    bearer
	// KeepPictures says that photographs are kept.
	KeepPictures bool
	// CameraReads says that a camera can read in the page.
	CameraReads bool
	// Guide says what comes next in the first case of a practice; nil: this is none.
	Guide *guide
}

// bearer is who may want to sign in: the badge of somebody with an account was
// scanned at this machine. Empty: nobody.
type bearer struct {
	Reading trace.EventID
	Name    string
}

// bearer is who scanned their badge at this machine and is not signed in at it.
func (s *Server) bearer(c echo.Context) bearer {
	w := callerOf(c)
	if s.Staff == nil || w.Kind != staff.Machine && (w.Kind != staff.Person || w.session.Machine.IsZero()) {
		return bearer{}
	}
	d, err := s.desk(c)
	if err != nil {
		return bearer{}
	}
	badge := d.Badge()
	if badge.Code == "" {
		return bearer{}
	}
	a, ok := s.Staff.Badged(badge.Code)
	if !ok || w.Kind == staff.Person && a.ID == w.Account {
		return bearer{}
	}
	return bearer{badge.Reading, a.Name}
}

// copyLine is how the second copy does; empty where there is none.
type copyLine struct {
	Words string
	Late  bool
}

func (s *Server) copyLine() copyLine {
	second := s.secondCopy()
	return copyLine{second.Words(s.Recorder.Zone()), second.Late()}
}

// usageCard is one device of the open procedure.
type usageCard struct {
	ID          trace.UsageID
	Device      udi.Device
	Product     trace.Product
	Verdict     trace.Verdict
	StatusWords string
	At          time.Time
	WantsReason bool
	Ask         string // what the reason is asked for
	Stopped     bool   // a check said stop, which nobody can clear here
	Warned      bool   // a check warns, and nobody said why it is used all the same
	Overridden  []overriddenLine
	Cleared     bool    // every stop was cleared by a second person
	Unconfirmed bool    // nobody was signed in, or the page was locked, when it was scanned
	Unknown     bool    // no catalogue has it, and nobody said what it is
	Described   string  // what somebody here called it
	Offers      []offer // the buttons of this status
	Others      []offer
	Pieces      int           // with its label, where no serial number tells them apart; 0: it has one
	Lot         string        // as it is shown
	Set         string        // that it was taken out of; "": none
	Supply      trace.Supply  // whose it is until it is used
	Tissue      tissue        // of a code of ISBT 128
	Typed       bool          // by hand, not read by a machine
	Second      *secondPanel  // a second person is awaited; nil: nobody is
	SecondBy    string        // who confirmed what was typed
	JoinTo      trace.UsageID // the device scanned before, if this may be the other code of its pack
}

// overriddenLine is a check that somebody went on in spite of.
type overriddenLine struct {
	trace.Overridden
	By string // who cleared a stop
}

// LotWords is the lot as it is shown.
func (c usageCard) LotWords() string { return c.Lot }

// offer is a button that says what became of a device.
type offer struct {
	Value string // of the status: what it is sent as
	Words string
	Main  bool
	Key   string // the button's id in the page
}

var offerWords = map[trace.Status]string{
	trace.Opened: "Opened", trace.Implanted: "Implanted", trace.NotUsed: "Opened, not used", trace.Wasted: "Wasted",
	trace.Returned: "Returned unopened", trace.Trial: "Tried only", trace.Explanted: "Explanted",
}

func (s *Server) board(c echo.Context) (board, error) {
	f, err := s.frame(c, "Theatre")
	if err != nil {
		return board{}, err
	}
	f.Live = true
	b := board{frame: f, Copy: s.copyLine(), KeepPictures: s.KeepPictures, CameraReads: s.pages.reader != nil}
	b.Bearer = s.bearer(c)
	d, err := s.desk(c)
	if err != nil {
		return b, err
	}
	if b.State, err = d.State(c.Request().Context()); err != nil {
		return b, whole(err)
	}
	if b.Guide, err = s.guide(c.Request().Context(), b.State); err != nil {
		return b, err
	}
	if len(b.State.Recent) > 0 {
		b.Last = &b.State.Recent[0]
		b.Earlier = b.State.Recent[1:min(len(b.State.Recent), 8)]
	}
	if b.State.Procedure == nil {
		return b, nil
	}
	if b.State.Set == nil {
		if b.Sets, err = s.allSets(c.Request().Context()); errors.Is(err, trace.ErrRebuilding) {
			b.Sets = nil // the page goes on without them
		} else if err != nil {
			return b, err
		}
	}
	var usages []trace.UsageInFull
	for _, u := range b.State.Procedure.Usages {
		if u.Usage.Withdrawn {
			b.TakenOff = append(b.TakenOff, s.cardOf(u))
		} else {
			usages = append(usages, u)
		}
	}
	slices.SortStableFunc(usages, func(x, y trace.UsageInFull) int { return x.Usage.Occurred.Compare(y.Usage.Occurred) })
	for i, u := range usages {
		card := s.cardOf(u)
		card.Typed, card.SecondBy = u.Usage.ByHand(), s.secondWords(u.Usage)
		if card.Second = s.secondPanel(b.frame, u, "/theatre/usages/"+u.Usage.ID.String()+"/confirm"); card.Second != nil {
			b.Alone++
		}
		if u.Usage.Device.Serial == "" {
			card.Pieces = len(theatre.PiecesOf(*b.State.Procedure, u.Usage))
		}
		if q := b.State.Asks; q != nil && q.About == card.ID {
			b.Asked = &card
		}
		if u.Usage.Device.DI == "" && u.Usage.Picked == (trace.Picked{}) && i > 0 && usages[i-1].Usage.Device.DI != "" {
			if _, err := command.Join(usages[i-1].Usage.Device, u.Usage.Device); err == nil {
				card.JoinTo = usages[i-1].Usage.ID
			}
		}
		b.Usages = append(b.Usages, card)
	}
	slices.Reverse(b.Usages)
	if missing := len(theatre.Unresolved(usages)); missing > 0 {
		b.NoOutcome = fmt.Sprintf("%d devices are", missing)
		if missing == 1 {
			b.NoOutcome = "1 device is"
		}
	}
	return b, nil
}

func (s *Server) cardOf(u trace.UsageInFull) usageCard {
	card := usageCard{ID: u.Usage.ID, Device: u.Usage.Device, Product: u.Product, Verdict: u.Usage.Verdict, At: u.Usage.Occurred,
		StatusWords: u.Usage.Status.String(), Described: u.Usage.Described, Lot: u.Usage.LotWords(), Tissue: tissueOf(u.Usage), Set: u.Usage.Picked.Name, Supply: u.Usage.Supply}
	card.Unknown = u.Usage.Device.DI != "" && u.Product.DI == "" && u.Usage.Described == ""
	if !u.Usage.Status.Outcome() {
		card.StatusWords += ", no outcome yet"
	}
	switch {
	case u.Usage.Status == trace.Implanted:
		card.WantsReason, card.Ask = true, "To change what is recorded as implanted, say why"
	case u.Usage.Verdict.Level == trace.Stop && command.StopsCleared(u.Usage):
		card.Cleared = true
	case u.Usage.Verdict.Level == trace.Stop:
		card.Stopped = true
		card.WantsReason, card.Ask = true, "If it is in the patient already, say why it was used all the same"
	case u.Usage.Verdict.Level == trace.Warn:
		card.Warned = !overridden(u.Usage)
	}
	card.Unconfirmed = u.Usage.History[0].By.Unconfirmed
	for _, o := range u.Usage.Overridden {
		l := overriddenLine{Overridden: o}
		if !o.SecondAccount.IsZero() {
			l.By = s.somebody(o.SecondAccount, trace.Actor{})
		}
		card.Overridden = append(card.Overridden, l)
	}
	main := []trace.Status{trace.Opened, trace.Implanted, trace.Returned}
	switch {
	case u.Usage.Status == trace.Opened:
		main = []trace.Status{trace.Implanted, trace.NotUsed, trace.Wasted}
	case u.Usage.Status.Outcome():
		main = nil
	}
	for _, st := range trace.Statuses() {
		words, ok := offerWords[st]
		if !ok || st == u.Usage.Status {
			continue
		}
		if st == trace.Implanted && card.Warned {
			continue // it is offered with each reason
		}
		o := offer{Value: string(st), Words: words, Main: st == trace.Implanted, Key: string(st) + "-" + u.Usage.ID.String()}
		if slices.Contains(main, st) {
			card.Offers = append(card.Offers, o)
		} else {
			card.Others = append(card.Others, o)
		}
	}
	return card
}

// wentTo are the places where an explanted device goes, as a list offers them.
func wentTo() (all [][2]string) {
	for _, w := range trace.WentTo() {
		all = append(all, [2]string{string(w), w.String()})
	}
	return all
}

// overridden reports whether a reason was given for every check of a device that
// warns.
func overridden(u trace.Usage) bool {
	return !slices.ContainsFunc(u.Verdict.Checks, func(c trace.Check) bool {
		return c.Level == trace.Warn && !slices.ContainsFunc(u.Overridden, func(o trace.Overridden) bool { return o.Rule == c.Rule })
	})
}

// implants adds what the patient has from other procedures.
func (s *Server) implants(c echo.Context, b *board) error {
	if b.State.Procedure == nil {
		return nil
	}
	ctx := c.Request().Context()
	in, err := s.Recorder.Implants(ctx, b.State.Procedure.Procedure)
	if err != nil {
		return whole(err)
	}
	for _, u := range in {
		full, err := trace.InFull(ctx, s.store, u)
		if err != nil {
			return whole(err)
		}
		b.Implants = append(b.Implants, full)
	}
	return nil
}

func (s *Server) pageTheatre(c echo.Context) error {
	if s.forgotten(c) {
		return c.Redirect(http.StatusSeeOther, "/theatre")
	}
	b, err := s.board(c)
	if err != nil {
		return err
	}
	if err := s.implants(c, &b); err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "theatre", "layout", b)
}

// pageBoard gives what the theatre page shows, all of one moment, for a page that
// heard of a change; or how the second copy does, which changes by itself.
func (s *Server) pageBoard(c echo.Context) error {
	switch c.QueryParam("part") {
	case "":
	case "copy":
		return s.render(c, http.StatusOK, "theatre", "copy", board{Copy: s.copyLine()})
	default:
		return trace.Errorf(trace.Invalid, "The part is copy, or the whole board.")
	}
	b, err := s.board(c)
	if err != nil {
		return err
	}
	if err := s.implants(c, &b); err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "theatre", "board", b)
}

func (s *Server) formOpen(c echo.Context) error {
	id, err := formID(c)
	if err != nil {
		return err
	}
	d, err := s.desk(c)
	if err != nil {
		return err
	}
	q := command.OpenProcedure{Code: trace.Code{Code: field(c, "code"), Text: field(c, "text")}, Side: trace.Side(field(c, "side")),
		Place: trace.Place{Name: field(c, "place")}, Who: command.Who{NHSNumber: field(c, "nhs_number"), LocalNumber: field(c, "local_number"), LocalIssuer: field(c, "local_issuer")},
		LatexAllergy: trace.Answer(field(c, "latex_allergy"))}
	q.ID = id
	if q.Code.Code != "" {
		q.Code.System = "OPCS-4"
	}
	// The page says whom it showed: a wristband read since is another patient.
	if seen := field(c, "patient"); seen != "" {
		st, err := d.State(c.Request().Context())
		if err != nil {
			return err
		}
		if st.Procedure == nil && st.Patient.String() != seen {
			return trace.Errorf(trace.Conflict, "Another wristband was read since. Compare the patient on the screen, and open the procedure again.")
		}
	}
	if q.Side == "" {
		return trace.Errorf(trace.Invalid, "Choose the side, or that sides do not apply.")
	}
	if name := field(c, "surgeon"); name != "" {
		q.People = []trace.Person{{Name: name, Role: "surgeon"}}
	}
	by(c, &q.Meta, theatre.Via)
	if _, err := d.Open(c.Request().Context(), q); err != nil {
		return err
	}
	return settled(c, "/theatre")
}

func (s *Server) formClose(c echo.Context) error {
	id, err := formID(c)
	if err != nil {
		return err
	}
	procedure, err := trace.ParseID[trace.OfProcedure](field(c, "procedure"))
	if err != nil {
		return err
	}
	q := command.CloseProcedure{Procedure: procedure}
	q.ID = id
	by(c, &q.Meta, theatre.Via)
	d, err := s.desk(c)
	if err != nil {
		return err
	}
	if err := d.Close(c.Request().Context(), q); err != nil {
		return err
	}
	return settled(c, "/theatre")
}

func (s *Server) formSide(c echo.Context) error {
	procedure, err := trace.ParseID[trace.OfProcedure](field(c, "procedure"))
	if err != nil {
		return err
	}
	d, err := s.desk(c)
	if err != nil {
		return err
	}
	if err := d.SetSide(c.Request().Context(), procedure, trace.Side(field(c, "side"))); err != nil {
		return err
	}
	return settled(c, "/theatre")
}

func (s *Server) formForget(c echo.Context) error {
	d, err := s.desk(c)
	if err != nil {
		return err
	}
	d.Forget()
	return settled(c, "/theatre")
}

// usageForm is a form about one device of the desk: do carries it out.
func (s *Server) usageForm(c echo.Context, do func(context.Context, command.Meta, trace.UsageID) error) error {
	id, err := formID(c)
	if err != nil {
		return err
	}
	usage, err := pathID[trace.OfUsage](c)
	if err != nil {
		return err
	}
	meta := command.Meta{ID: id}
	by(c, &meta, theatre.Via)
	if err := do(c.Request().Context(), meta, usage); err != nil {
		return err
	}
	s.Desk.Changed()
	return settled(c, "/theatre")
}

func (s *Server) formOutcome(c echo.Context) error {
	return s.usageForm(c, func(ctx context.Context, m command.Meta, usage trace.UsageID) error {
		q := command.SetOutcome{Meta: m, Usage: usage, Status: trace.Status(field(c, "status")), Reason: field(c, "reason"), Override: field(c, "override")}
		if q.Override != "" { // one touch: used, and why
			q.Status = trace.Implanted
		}
		if err := s.Recorder.SetOutcome(ctx, q); err != nil {
			return err
		}
		if q.Override == "" {
			return nil
		}
		return s.note(c, trace.AuditFact{What: staff.AuditOverrode, Objects: [][16]byte{usage}, Detail: q.Override})
	})
}

// formClearStop takes the badge and PIN of a second person, who has nothing to do
// with the session that the page is in: nobody is signed in or out by it.
func (s *Server) formClearStop(c echo.Context) error {
	return s.usageForm(c, func(ctx context.Context, m command.Meta, usage trace.UsageID) error {
		if s.Staff == nil {
			return noStaff
		}
		from := s.from(c)
		if from.Machine.IsZero() {
			return trace.Errorf(trace.Forbidden, "A stop is cleared at a theatre machine. This one is not enrolled.")
		}
		second, err := s.Staff.Confirm(ctx, from, field(c, "badge"), field(c, "pin"))
		if err != nil {
			return trace.Errorf(trace.KindOf(err), "The second person: %w", err)
		}
		w := staff.Who{Kind: staff.Person, Account: second.ID, Name: second.Name, Roles: second.Roles}
		switch {
		case second.ID == callerOf(c).Account:
			return trace.Errorf(trace.Forbidden, "This is the badge of whoever is signed in. A stop is cleared by a second person.")
		case w.May(staff.ClearStop) != staff.Yes:
			return trace.Errorf(trace.Forbidden, "%s may not clear stops: that takes a clinician.", second.Name)
		}
		if err := s.Recorder.ClearStop(ctx, command.ClearStop{Meta: m, Usage: usage, Second: second.ID, Badge: second.Badge, Surgeon: field(c, "surgeon"), Reason: field(c, "reason")}); err != nil {
			return err
		}
		return s.note(c, trace.AuditFact{What: staff.AuditCleared, Account: second.ID, Objects: [][16]byte{usage}})
	})
}

func (s *Server) formWithdraw(c echo.Context) error {
	return s.usageForm(c, func(ctx context.Context, m command.Meta, usage trace.UsageID) error {
		return s.Recorder.Correct(ctx, command.Correct{Meta: m, Usage: usage, Withdraw: true, Reason: "Scanned by mistake; taken off at the theatre page."})
	})
}

func (s *Server) formJoin(c echo.Context) error {
	return s.usageForm(c, func(ctx context.Context, m command.Meta, usage trace.UsageID) error {
		other, err := trace.ParseID[trace.OfUsage](field(c, "other"))
		if err != nil {
			return err
		}
		return s.Recorder.JoinUsages(ctx, command.JoinUsages{Meta: m, Usage: usage, Other: other})
	})
}
