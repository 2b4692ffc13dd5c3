package api

import (
	"encoding/csv"
	"io"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"implantrace/internal/command"
	"implantrace/internal/staff"
	"implantrace/internal/trace"
)

// audit records that somebody is about to see, ask for or take out what a route
// gives. It is durable before anything is shown.
func (s *Server) audit(c echo.Context, r route) error {
	f := trace.AuditFact{What: r.audited(), Detail: r.method + " " + r.path}
	for _, name := range c.ParamNames() {
		value := c.Param(name)
		if isFHIR(c.Request()) && len(value) > len(trace.EventID{}.String()) { // a Provenance is named by what it is of
			value = value[:len(trace.EventID{}.String())]
		}
		if id, err := trace.ParseID[trace.OfEvent](value); err == nil {
			f.Objects = append(f.Objects, id)
		}
	}
	if r.audited() == staff.AuditExported { // days and ids only: limited has looked at the names
		f.Detail += " " + c.Request().URL.RawQuery
	}
	return s.note(c, f)
}

// saw records whom an answer is about, where only the answer tells.
func (s *Server) saw(c echo.Context, patients []trace.PatientID) error {
	if len(patients) == 0 {
		return nil
	}
	f := trace.AuditFact{What: staff.AuditFound, Detail: c.Request().Method + " " + c.Path()}
	for _, p := range patients {
		f.Objects = append(f.Objects, p)
	}
	return s.note(c, f)
}

func (s *Server) note(c echo.Context, f trace.AuditFact) error {
	w := callerOf(c)
	if s.Staff == nil {
		return nil
	}
	f.Glass = w.Glass
	via := "page"
	if strings.HasPrefix(c.Path(), "/api/") || isFHIR(c.Request()) {
		via = viaAPI
	}
	return s.Staff.Seen(c.Request().Context(), w.Who, w.Actor(via), f)
}

// auditLine is one line of the audit as it is shown.
type auditLine struct {
	Event    trace.EventID   `json:"event"`
	At       time.Time       `json:"at"`
	Account  trace.AccountID `json:"account,omitzero"` // who did it
	Who      string          `json:"who"`
	What     string          `json:"what"`
	Of       trace.AccountID `json:"of,omitzero"` // the account it was done to
	Whom     string          `json:"whom,omitempty"`
	Objects  []trace.EventID `json:"objects"` // patients, procedures, usages, notices that were seen
	Detail   string          `json:"detail,omitempty"`
	Glass    bool            `json:"glass"` // the glass was broken
	Reason   string          `json:"reason,omitempty"`
	Position trace.Position  `json:"position"` // the entry, which a proof can be asked of
	via      string
}

// somebody is whoever an entry of the audit names.
func (s *Server) somebody(id trace.AccountID, by trace.Actor) string {
	switch name := ""; {
	case !id.IsZero() && s.Staff != nil:
		if name = s.Staff.Name(id); name != "" {
			return name
		}
		return "somebody whose account was forgotten"
	case by.Unconfirmed:
		return "not confirmed"
	case by.Via == "sign-in":
		return "nobody yet"
	}
	return "the operator"
}

func (s *Server) auditLine(h trace.AuditHit) auditLine {
	a := h.Audited
	l := auditLine{Event: a.Event, At: a.Stamp.Recorded, Account: a.Stamp.By.Account, Who: s.somebody(a.Stamp.By.Account, a.Stamp.By), What: a.What, Of: a.Account, Objects: []trace.EventID{},
		Detail: a.Detail, Glass: a.Glass, Reason: a.Note, Position: a.Stamp.Position, via: a.Stamp.By.Via}
	if !a.Account.IsZero() && a.Account != a.Stamp.By.Account {
		l.Whom = s.somebody(a.Account, a.Stamp.By)
	}
	for _, o := range a.Objects {
		l.Objects = append(l.Objects, trace.EventID(o))
	}
	return l
}

func (s *Server) listAudit(c echo.Context) error {
	most, cur, err := s.listed(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	p, err := collect(ctx, s.store.Audits(ctx, [16]byte{}, cur.After), cur, most, func(h trace.AuditHit) ([]byte, trace.Position, auditLine, error) {
		return h.Key, h.Audited.Stamp.Position, s.auditLine(h), nil
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, p)
}

// auditOf gives who saw or did what to a patient: to the patient, to each other
// patient of the record who is the same person, and to their procedures and
// devices.
func (s *Server) auditOf(c echo.Context, id trace.PatientID) (all []auditLine, err error) {
	ctx := c.Request().Context()
	if _, err := s.store.Patient(ctx, id); err != nil {
		return nil, err
	}
	same, err := trace.SamePatients(ctx, s.store, id)
	if err != nil {
		return nil, whole(err)
	}
	var objects [][16]byte
	for _, one := range same {
		objects = append(objects, one)
		for h, err := range s.store.Procedures(ctx, trace.ProcedureQuery{Patient: one}) {
			if err != nil {
				return nil, whole(err)
			}
			objects = append(objects, h.Procedure.ID)
			for u, err := range s.store.Candidates(ctx, trace.Query{Procedure: h.Procedure.ID}) {
				if err != nil {
					return nil, whole(err)
				}
				objects = append(objects, u.Usage.ID)
			}
		}
	}
	seen := make(map[trace.EventID]bool)
	for _, o := range objects {
		for h, err := range s.store.Audits(ctx, o, nil) {
			if err != nil {
				return nil, err
			}
			if !seen[h.Audited.Event] {
				seen[h.Audited.Event] = true
				all = append(all, s.auditLine(h))
			}
		}
	}
	slices.SortStableFunc(all, func(a, b auditLine) int { return b.At.Compare(a.At) })
	return all, nil
}

// auditShown is how many lines the page shows.
const auditShown = 200

type auditPage struct {
	frame
	Lines   []auditLine
	More    bool
	Patient trace.PatientID // whose access report it is; zero: everybody's
}

func (s *Server) pageAudit(c echo.Context) error {
	f, err := s.frame(c, "Audit")
	if err != nil {
		return err
	}
	p := auditPage{frame: f}
	for h, err := range s.store.Audits(c.Request().Context(), [16]byte{}, nil) {
		if err != nil {
			return err
		}
		if len(p.Lines) == auditShown {
			p.More = true
			break
		}
		p.Lines = append(p.Lines, s.auditLine(h))
	}
	return s.render(c, http.StatusOK, "audit", "layout", p)
}

// pageAccess is a patient's own access report: who saw what is recorded of them.
func (s *Server) pageAccess(c echo.Context) error {
	id, err := pathID[trace.OfPatient](c)
	if err != nil {
		return err
	}
	f, err := s.frame(c, "Access report")
	if err != nil {
		return err
	}
	p := auditPage{frame: f, Patient: id}
	if p.Lines, err = s.auditOf(c, id); err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "audit", "layout", p)
}

// formAccess looks a patient up for the report about them, and shows nothing else
// of them.
func (s *Server) formAccess(c echo.Context) error {
	ids, err := s.Recorder.Search(c.Request().Context(), command.Who{NHSNumber: field(c, "nhs_number")})
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return trace.Errorf(trace.NotFound, "Nobody with this number is in the record.")
	}
	return settled(c, "/patients/"+ids[0].String()+"/access")
}

// exportAudit writes the audit of a period, or of a patient, as CSV.
func (s *Server) exportAudit(c echo.Context) error {
	from, to, err := period(c, s.Recorder.Zone())
	if err != nil {
		return err
	}
	var lines iter.Seq2[auditLine, error] = func(yield func(auditLine, error) bool) {
		for h, err := range s.store.Audits(c.Request().Context(), [16]byte{}, nil) {
			if err == nil && !from.IsZero() && h.Audited.Stamp.Recorded.Before(from) {
				return // latest first: all behind are older
			}
			if err == nil && !to.IsZero() && !h.Audited.Stamp.Recorded.Before(to) {
				continue
			}
			var l auditLine
			if err == nil {
				l = s.auditLine(h)
			}
			if !yield(l, err) {
				return
			}
		}
	}
	if text := c.QueryParam("patient"); text != "" {
		id, err := trace.ParseID[trace.OfPatient](text)
		if err != nil {
			return err
		}
		all, err := s.auditOf(c, id)
		if err != nil {
			return err
		}
		lines = func(yield func(auditLine, error) bool) {
			for _, l := range all {
				if (from.IsZero() || !l.At.Before(from)) && (to.IsZero() || l.At.Before(to)) && !yield(l, nil) {
					return
				}
			}
		}
	}
	return send(c, "text/csv; charset=utf-8; header=present", "audit.csv", func(w io.Writer) error { return writeAudit(w, lines) })
}

// cell is a cell of a table that no spreadsheet takes for a formula.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

func writeAudit(w io.Writer, lines iter.Seq2[auditLine, error]) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"recorded", "who", "account", "what", "whom", "objects", "detail", "glass", "reason", "node", "sequence"}); err != nil {
		return err
	}
	for l, err := range lines {
		if err != nil {
			return err
		}
		var objects []string
		for _, o := range l.Objects {
			objects = append(objects, o.String())
		}
		account := ""
		if !l.Account.IsZero() {
			account = l.Account.String()
		}
		glass := ""
		if l.Glass {
			glass = "yes"
		}
		if err := out.Write([]string{l.At.UTC().Format(time.RFC3339), cell(l.Who), account, l.What, cell(l.Whom), strings.Join(objects, " "), cell(l.Detail), glass, cell(l.Reason),
			l.Position.Node.String(), strconv.FormatUint(l.Position.Seq, 10)}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// auditWords says what the audit tells as a person does.
func auditWords(what string) string {
	words := map[string]string{
		staff.AuditSignIn: "Signed in", staff.AuditSignInFailed: "Failed to sign in", staff.AuditSignOut: "Signed out", staff.AuditEnded: "Ended a sign-in", staff.AuditSeen: "Saw",
		staff.AuditFound: "Looked for", staff.AuditExported: "Took out", staff.AuditOverrode: "Passed a warning over", staff.AuditCleared: "Had a stop cleared", staff.AuditGlass: "Broke the glass",
		staff.AuditTokenUsed: "Used a token", staff.AuditChanged: "Chose another password or PIN",
		auditRecording: "Had a handheld recorded", auditRecordingTaken: "Took out the recording of a handheld", auditRecordingDeleted: "Deleted the recording of a handheld",
	}
	if w, ok := words[what]; ok {
		return w
	}
	return what
}
