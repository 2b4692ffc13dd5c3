package api

import (
	"cmp"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"implantrace/internal/casework"
	"implantrace/internal/recall"
	"implantrace/internal/trace"
)

type noticesPage struct {
	frame
	Notices []noticeRow
	Problem string
}

// noticeRow is a notice in the list, with how it stands where it is open.
type noticeRow struct {
	trace.Notice
	Board *casework.Board
}

func (s *Server) pageNotices(c echo.Context) error { return s.noticesPage(c, http.StatusOK, "") }

func (s *Server) noticesPage(c echo.Context, status int, problem string) error {
	f, err := s.frame(c, "Notices")
	if err != nil {
		return err
	}
	p := noticesPage{frame: f, Problem: problem}
	for n, err := range s.store.Notices(c.Request().Context()) {
		if err != nil {
			return err
		}
		row := noticeRow{Notice: n}
		if n.State == trace.NoticeOpen {
			b, err := s.Office.Board(c.Request().Context(), n.ID)
			if err != nil {
				return whole(err)
			}
			row.Board = &b
		}
		p.Notices = append(p.Notices, row)
	}
	slices.Reverse(p.Notices) // the latest first
	slices.SortStableFunc(p.Notices, func(a, b noticeRow) int {
		return cmp.Compare(slices.Index(trace.NoticeStates(), a.State), slices.Index(trace.NoticeStates(), b.State))
	})
	return s.render(c, status, "notices", "layout", p)
}

// noticeForm is a notice as its form has it: each field the text that was typed.
type noticeForm struct {
	frame
	Of        *trace.Notice // that is amended; nil: a new one
	Fields    map[string]string
	Paste     string
	Proposals []recall.Proposal
	Problem   string
	Tried     *recall.Answer
	TookOver  int
	Uploaded  *listedNumbers
}

// noticeFields are the fields of the form, in its order.
var noticeFields = []string{"reference_of", "reference", "title", "issuer", "kind", "urgency", "issued", "received", "underway_by", "complete_by", "hazard", "actions",
	"di", "catalogue_no", "maker", "brand", "lot", "serial", "except_lot", "except_serial", "made_from", "made_to", "expiry_from", "expiry_to", "implanted_from", "implanted_to", "place", "criteria"}

func (s *Server) pageNewNotice(c echo.Context) error {
	f, err := s.frame(c, "New notice")
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "notice_form", "layout", noticeForm{frame: f, Fields: map[string]string{"reference_of": "FSCA", "received": s.Recorder.Clock().In(s.Recorder.Zone()).Format(time.DateOnly)}})
}

func (s *Server) pageAmendNotice(c echo.Context) error {
	id, err := pathID[trace.OfNotice](c)
	if err != nil {
		return err
	}
	f, err := s.frame(c, "Amend notice")
	if err != nil {
		return err
	}
	a, err := s.noticeInFull(c, id)
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "notice_form", "layout", noticeForm{frame: f, Of: &a.Notice, Fields: formOf(a.Body)})
}

func (s *Server) formNewNotice(c echo.Context) error { return s.formNotice(c, nil) }

func (s *Server) formAmendNotice(c echo.Context) error {
	id, err := pathID[trace.OfNotice](c)
	if err != nil {
		return err
	}
	n, err := s.store.Notice(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.formNotice(c, &n)
}

// formNotice carries out what the form's button says: read the pasted text, take
// over what is ticked, try the criteria, or keep the notice. All but the last record
// nothing, and give the form back as it was filled.
func (s *Server) formNotice(c echo.Context, of *trace.Notice) error {
	title := "New notice"
	if of != nil {
		title = "Amend notice"
	}
	f, err := s.frame(c, title)
	if err != nil {
		return err
	}
	p := noticeForm{frame: f, Of: of, Fields: make(map[string]string), Paste: c.Request().PostFormValue("paste")}
	for _, name := range noticeFields {
		p.Fields[name] = field(c, name)
	}
	status := http.StatusOK
	var err2 error
	switch field(c, "action") {
	case "read":
		if p.Proposals = recall.Propose(p.Paste); len(p.Proposals) == 0 {
			p.Problem = "Nothing in the text looks like an identifier or a date. Type what the notice names below."
		}
	case "take":
		p.Proposals = recall.Propose(p.Paste)
		for i, tick := range c.Request().PostForm["take"] {
			if i >= len(p.Proposals) {
				break
			}
			for _, proposal := range p.Proposals {
				if proposal.Field+" "+proposal.String() == tick {
					p.take(proposal)
				}
			}
		}
		p.Proposals = nil
	case "upload":
		err2 = p.uploadTable(c)
	case "try":
		err2 = s.tryNotice(c, &p)
	default:
		var to string
		if to, err2 = s.keepNotice(c, &p); err2 == nil {
			return c.Redirect(http.StatusSeeOther, to)
		}
	}
	if err2 != nil {
		problem := problemOf(err2)
		if problem.Status >= 500 {
			return err2
		}
		p.Problem, status = problem.Detail, problem.Status
	}
	return s.render(c, status, "notice_form", "layout", p)
}

// take puts a proposal that a person confirmed into its field.
func (p *noticeForm) take(x recall.Proposal) {
	p.TookOver++
	add := func(name, value string) {
		if !slices.Contains(linesOf(p.Fields[name]), value) {
			p.Fields[name] = strings.TrimSpace(p.Fields[name] + "\n" + value)
		}
	}
	switch x.Field {
	case "di", "catalogue_no", "lot", "serial":
		add(x.Field, x.String())
	case "reference":
		if p.Fields["reference"] == "" {
			of, number, ok := strings.Cut(x.Value, " ")
			if !ok {
				of, number = "", x.Value
			}
			p.Fields["reference_of"], p.Fields["reference"] = of, number
		}
	case "made", "expiry", "implanted":
		p.Fields[x.Field+"_from"], p.Fields[x.Field+"_to"] = x.From, x.To
	default:
		p.Fields[x.Field] = x.Value
	}
}

func (s *Server) tryNotice(c echo.Context, p *noticeForm) error {
	n, err := p.notice()
	if err != nil {
		return err
	}
	a, err := s.recall(c, n.Criteria)
	if err != nil {
		return err
	}
	p.Tried = &a
	return nil
}

func (s *Server) keepNotice(c echo.Context, p *noticeForm) (to string, err error) {
	n, err := p.notice()
	if err != nil {
		return "", err
	}
	id, err := formID(c)
	if err != nil {
		return "", err
	}
	if p.Of == nil {
		q := casework.SaveNotice{Notice: n}
		q.ID = id
		by(c, &q.Meta, "page")
		kept, err := s.Office.Save(c.Request().Context(), q)
		return "/notices/" + kept.String(), err
	}
	seen, err := trace.ParseID[trace.OfEvent](field(c, "seen"))
	if err != nil {
		return "", err
	}
	q := casework.AmendNotice{NoticeID: p.Of.ID, Seen: seen, Notice: n}
	q.ID = id
	by(c, &q.Meta, "page")
	return "/notices/" + p.Of.ID.String(), s.Office.Amend(c.Request().Context(), q)
}

// between parts the two ends of a range as people type it.
var between = regexp.MustCompile(`\s+(?:to|-|–)\s+|\s*–\s*`)

// numbersOf reads lots or serial numbers, one a line: a number, "A to B", or the
// beginning of one with "..." behind.
func numbersOf(text string) (all recall.Numbers) {
	for _, line := range linesOf(text) {
		if ends := between.Split(line, -1); len(ends) == 2 && ends[0] != "" && ends[1] != "" {
			all = append(all, recall.Number{From: ends[0], To: ends[1]})
			continue
		}
		if prefix, ok := strings.CutSuffix(strings.ReplaceAll(line, "…", "..."), "..."); ok {
			all = append(all, recall.Number{Prefix: prefix})
			continue
		}
		all = append(all, recall.Number{Value: line})
	}
	return all
}

// notice is the notice that the form's fields make.
func (p noticeForm) notice() (n recall.Notice, err error) {
	f := p.Fields
	n = recall.Notice{Title: f["title"], Issuer: f["issuer"], Kind: recall.Kind(f["kind"]), Urgency: recall.Urgency(f["urgency"]), Issued: f["issued"], Received: f["received"],
		UnderwayBy: f["underway_by"], CompleteBy: f["complete_by"], Hazard: f["hazard"], Actions: linesOf(f["actions"])}
	if f["reference"] != "" {
		n.References = []recall.Reference{{Of: f["reference_of"], Number: f["reference"]}}
	}
	if f["criteria"] != "" {
		return n, unmarshal([]byte(f["criteria"]), &n.Criteria)
	}
	n.Criteria = recall.Criteria{DIs: linesOf(f["di"]), CatalogueNos: linesOf(f["catalogue_no"]), Makers: linesOf(f["maker"]), Lots: numbersOf(f["lot"]), Serials: numbersOf(f["serial"]),
		Made: recall.Period{From: f["made_from"], To: f["made_to"]}, Expiry: recall.Period{From: f["expiry_from"], To: f["expiry_to"]}, Implanted: recall.Period{From: f["implanted_from"], To: f["implanted_to"]}}
	for _, b := range linesOf(f["brand"]) {
		n.Criteria.Families = append(n.Criteria.Families, recall.Family{Brand: b})
	}
	for _, name := range linesOf(f["place"]) {
		n.Criteria.Places = append(n.Criteria.Places, recall.Place{Name: name})
	}
	if f["except_lot"]+f["except_serial"] != "" {
		n.Criteria.Except = []recall.Criteria{{Lots: numbersOf(f["except_lot"]), Serials: numbersOf(f["except_serial"])}}
	}
	return n, nil
}

// formOf fills the form with a notice. Criteria that its fields do not have
// stand as JSON.
func formOf(n recall.Notice) map[string]string {
	c := n.Criteria
	numbers := func(list recall.Numbers) string {
		all := make([]string, len(list))
		for i, v := range list {
			all[i] = v.String()
		}
		return strings.Join(all, "\n")
	}
	f := map[string]string{"title": n.Title, "issuer": n.Issuer, "kind": string(n.Kind), "urgency": string(n.Urgency), "issued": n.Issued, "received": n.Received,
		"underway_by": n.UnderwayBy, "complete_by": n.CompleteBy, "hazard": n.Hazard, "actions": strings.Join(n.Actions, "\n"),
		"di": strings.Join(c.DIs, "\n"), "catalogue_no": strings.Join(c.CatalogueNos, "\n"), "maker": strings.Join(c.Makers, "\n"), "lot": numbers(c.Lots), "serial": numbers(c.Serials),
		"made_from": c.Made.From, "made_to": c.Made.To, "expiry_from": c.Expiry.From, "expiry_to": c.Expiry.To, "implanted_from": c.Implanted.From, "implanted_to": c.Implanted.To}
	if len(n.References) > 0 {
		f["reference_of"], f["reference"] = n.References[0].Of, n.References[0].Number
	}
	for _, x := range c.Families {
		f["brand"] = strings.TrimSpace(f["brand"] + "\n" + x.Brand)
	}
	for _, x := range c.Places {
		f["place"] = strings.TrimSpace(f["place"] + "\n" + x.Name)
	}
	if len(c.Except) == 1 {
		f["except_lot"], f["except_serial"] = numbers(c.Except[0].Lots), numbers(c.Except[0].Serials)
	}
	want, err := json.Marshal(c)
	again, err2 := noticeForm{Fields: f}.notice()
	got, err3 := json.Marshal(again.Criteria)
	if err != nil || err2 != nil || err3 != nil || string(got) != string(want) || len(n.References) > 1 {
		for _, name := range noticeFields[slices.Index(noticeFields, "di"):] {
			f[name] = ""
		}
		f["criteria"] = string(want)
	}
	return f
}

type noticePage struct {
	frame
	noticeAnswer
	Board    casework.Board
	Criteria string // as JSON, indented
	Progress []segment
	Rows     []caseRow
	Hidden   int // cases that are not shown
	Filter   string
	Undo     string // the step that was just taken
	Problem  string
	Answers  map[string]string
	New      []newRow
	Today    string
	Statuses []trace.CaseStatus
}

// segment is a part of the picture of progress, in per mille of its width.
type segment struct {
	Class, Word    string
	N, From, Width int
}

type caseRow struct {
	trace.Case
	Identity trace.Identity
	Late     bool
}

type newRow struct {
	casework.New
	Identity trace.Identity
}

// rowsMost is how many cases one page lists.
const rowsShown = 500

func (s *Server) pageNotice(c echo.Context) error {
	id, err := pathID[trace.OfNotice](c)
	if err != nil {
		return err
	}
	return s.noticePage(c, http.StatusOK, id, "")
}

func (s *Server) noticePage(c echo.Context, status int, id trace.NoticeID, problem string) error {
	ctx := c.Request().Context()
	f, err := s.frame(c, "Notice")
	if err != nil {
		return err
	}
	p := noticePage{frame: f, Problem: problem, Filter: c.QueryParam("show"), Undo: c.QueryParam("done"), Answers: make(map[string]string), Statuses: trace.CaseStatuses(),
		Today: s.Recorder.Clock().In(s.Recorder.Zone()).Format(time.DateOnly)}
	if p.noticeAnswer, err = s.noticeInFull(c, id); err != nil {
		return err
	}
	p.Title = p.noticeAnswer.Name
	if p.Board, err = s.Office.Board(ctx, id); err != nil {
		return whole(err)
	}
	if _, err := trace.ParseID[trace.OfEvent](p.Undo); err != nil {
		p.Undo = ""
	}
	for _, a := range p.noticeAnswer.Answers {
		p.Answers[a.Action] = a.Answer
	}
	pretty, err := json.MarshalIndent(p.Body.Criteria, "", "  ")
	if err != nil {
		return err
	}
	if p.Criteria = string(pretty); len(p.Criteria) > 20_000 {
		p.Criteria = p.Criteria[:20_000] + "\n... and more"
	}
	p.Progress = progress(p.Board)
	for _, k := range p.Board.Cases {
		if !shows(p.Filter, k, p.Today) {
			continue
		}
		if len(p.Rows) == rowsShown {
			p.Hidden++
			continue
		}
		row := caseRow{Case: k, Late: k.Due != "" && k.Due < p.Today && !k.Status.Settled()}
		if !k.Patient.IsZero() {
			if row.Identity, _, err = s.store.Person(ctx, k.Patient); err != nil {
				return whole(err)
			}
		}
		p.Rows = append(p.Rows, row)
	}
	for _, x := range p.Board.New {
		if len(p.New) == rowsShown {
			break
		}
		row := newRow{New: x}
		if !x.Patient.IsZero() {
			if row.Identity, _, err = s.store.Person(ctx, x.Patient); err != nil {
				return whole(err)
			}
		}
		p.New = append(p.New, row)
	}
	return s.render(c, status, "notice", "layout", p)
}

// shows reports whether a case is in a work list.
func shows(filter string, c trace.Case, today string) bool {
	switch filter {
	case "open":
		return !c.Status.Settled()
	case "late":
		return !c.Status.Settled() && c.Due != "" && c.Due < today
	case "settled":
		return c.Status.Settled()
	case string(recall.Confirmed), string(recall.Possible), string(recall.Precautionary):
		return c.Tier == filter
	}
	return true
}

// progress draws how far the cases of a notice are.
func progress(b casework.Board) (all []segment) {
	total := len(b.Cases) + len(b.New)
	if total == 0 {
		return nil
	}
	fresh := b.ByStatus[trace.CaseToReview]
	at := 0
	for _, x := range []segment{{Class: "settled", Word: "settled", N: b.Settled}, {Class: "underway", Word: "under way", N: b.Open - fresh}, {Class: "fresh", Word: "to review", N: fresh}, {Class: "new", Word: "in no case yet", N: len(b.New)}} {
		x.From, x.Width = at, x.N*1000/total
		at += x.Width
		all = append(all, x)
	}
	return all
}

// formNoticeStep carries out one of the forms of a notice's page.
func (s *Server) formNoticeStep(c echo.Context) error {
	id, err := pathID[trace.OfNotice](c)
	if err != nil {
		return err
	}
	to := "/notices/" + id.String()
	event, err := formID(c)
	if err == nil {
		err = s.noticeStep(c, id, event, &to)
	}
	if err != nil {
		problem := problemOf(err)
		if problem.Status >= 500 {
			return err
		}
		return s.noticePage(c, problem.Status, id, problem.Detail)
	}
	return c.Redirect(http.StatusSeeOther, to)
}

func (s *Server) noticeStep(c echo.Context, id trace.NoticeID, event trace.EventID, to *string) error {
	ctx := c.Request().Context()
	switch field(c, "action") {
	case "open-cases":
		q := casework.OpenCases{NoticeID: id}
		q.ID = event
		by(c, &q.Meta, "page")
		_, err := s.Office.OpenCases(ctx, q)
		return err
	case "state":
		q := casework.SetState{NoticeID: id, State: trace.NoticeState(field(c, "state")), Reason: field(c, "reason")}
		q.ID = event
		by(c, &q.Meta, "page")
		if later := field(c, "superseded_by"); later != "" {
			var err error
			if q.Later, err = trace.ParseID[trace.OfNotice](later); err != nil {
				return err
			}
		}
		return s.Office.SetState(ctx, q)
	case "answer":
		q := casework.AnswerAction{NoticeID: id, Action: field(c, "of"), Answer: field(c, "answer"), Note: field(c, "note")}
		q.ID = event
		by(c, &q.Meta, "page")
		return s.Office.Answer(ctx, q)
	case "attach":
		_, err := s.attachForm(c, id, "page")
		return err
	case "undo":
		q := casework.Undo{NoticeID: id}
		q.ID = event
		by(c, &q.Meta, "page")
		var err error
		if q.Command, err = trace.ParseID[trace.OfEvent](field(c, "command")); err != nil {
			return err
		}
		_, err = s.Office.Undo(ctx, q)
		return err
	case "change":
		q := casework.ChangeCases{NoticeID: id}
		if err := fillChange(c, &q, event); err != nil {
			return err
		}
		for _, tick := range c.Request().PostForm["case"] {
			one, seen, _ := strings.Cut(tick, " ")
			t := casework.Touched{}
			var err error
			if t.Case, err = trace.ParseID[trace.OfCase](one); err != nil {
				return err
			}
			if t.Seen, err = trace.ParseID[trace.OfEvent](seen); err != nil {
				return err
			}
			q.Cases = append(q.Cases, t)
		}
		*to += "?done=" + event.String()
		return s.Office.Change(ctx, q)
	}
	return trace.Errorf(trace.Invalid, "The form says nothing that can be done.")
}

func fillChange(c echo.Context, q *casework.ChangeCases, event trace.EventID) error {
	q.ID = event
	by(c, &q.Meta, "page")
	q.By.Name = field(c, "you")
	q.Status, q.Owner, q.Due, q.Next, q.Note = trace.CaseStatus(field(c, "status")), field(c, "owner"), field(c, "due"), field(c, "next"), field(c, "note")
	if len(q.By.Name) > 200 {
		return trace.Errorf(trace.Invalid, "Your name is longer than 200 characters.")
	}
	return nil
}

type casePage struct {
	frame
	Notice   trace.Notice
	Case     caseAnswer
	Problem  string
	Typed    map[string]string // what was sent and not recorded
	Statuses []trace.CaseStatus
}

func (s *Server) pageCase(c echo.Context) error { return s.casePage(c, http.StatusOK, "", nil) }

func (s *Server) casePage(c echo.Context, status int, problem string, typed map[string]string) error {
	id, err := pathID[trace.OfNotice](c)
	if err != nil {
		return err
	}
	k, err := trace.ParseID[trace.OfCase](c.Param("case"))
	if err != nil {
		return err
	}
	f, err := s.frame(c, "Case")
	if err != nil {
		return err
	}
	p := casePage{frame: f, Problem: problem, Typed: typed, Statuses: trace.CaseStatuses()}
	if p.Notice, err = s.store.Notice(c.Request().Context(), id); err != nil {
		return err
	}
	if p.Case, err = s.caseInFull(c, id, k); err != nil {
		return err
	}
	return s.render(c, status, "case", "layout", p)
}

// formCase changes one case. A change that is refused stays in the form, beside
// what the case has come to.
func (s *Server) formCase(c echo.Context) error {
	id, err := pathID[trace.OfNotice](c)
	if err != nil {
		return err
	}
	k, err := trace.ParseID[trace.OfCase](c.Param("case"))
	if err != nil {
		return err
	}
	q := casework.ChangeCases{NoticeID: id, Cases: []casework.Touched{{Case: k}}}
	event, err := formID(c)
	if err == nil {
		err = fillChange(c, &q, event)
	}
	if err == nil {
		q.Cases[0].Seen, err = trace.ParseID[trace.OfEvent](field(c, "seen"))
	}
	if err == nil {
		err = s.Office.Change(c.Request().Context(), q)
	}
	if err != nil {
		problem := problemOf(err)
		if problem.Status >= 500 {
			return err
		}
		typed := make(map[string]string)
		for _, name := range []string{"you", "status", "owner", "due", "next", "note"} {
			typed[name] = field(c, name)
		}
		return s.casePage(c, problem.Status, problem.Detail, typed)
	}
	return c.Redirect(http.StatusSeeOther, "/notices/"+id.String()+"/cases/"+k.String())
}
