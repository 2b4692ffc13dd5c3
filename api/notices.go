package api

import (
	"io"
	"mime"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"implantrace/internal/casework"
	"implantrace/internal/recall"
	"implantrace/internal/trace"
)

// noticeAnswer is a notice with its body and documents.
type noticeAnswer struct {
	trace.Notice
	Body        recall.Notice      `json:"notice"`
	Attachments []trace.Attachment `json:"attachments"`
}

func (s *Server) noticeInFull(c echo.Context, id trace.NoticeID) (a noticeAnswer, err error) {
	ctx := c.Request().Context()
	if a.Notice, err = s.store.Notice(ctx, id); err != nil {
		return a, err
	}
	if a.Body, err = s.Office.Body(ctx, a.Notice); err != nil {
		return a, whole(err)
	}
	a.Attachments = []trace.Attachment{}
	for x, err := range s.store.Attachments(ctx, id) {
		if err != nil {
			return a, err
		}
		a.Attachments = append(a.Attachments, x)
	}
	return a, nil
}

func (s *Server) answerNotice(c echo.Context, status int, id trace.NoticeID) error {
	a, err := s.noticeInFull(c, id)
	if err != nil {
		return err
	}
	return c.JSON(status, a)
}

func (s *Server) listNotices(c echo.Context) error {
	all := []trace.Notice{}
	for n, err := range s.store.Notices(c.Request().Context()) {
		if err != nil {
			return err
		}
		all = append(all, n)
	}
	return c.JSON(http.StatusOK, map[string]any{"items": all})
}

func (s *Server) notice(c echo.Context) error {
	id, err := pathID[trace.OfNotice](c)
	if err != nil {
		return err
	}
	return s.answerNotice(c, http.StatusOK, id)
}

func (s *Server) saveNotice(c echo.Context) error {
	var q casework.SaveNotice
	if err := bind(c, &q); err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	id, err := s.Office.Save(c.Request().Context(), q)
	if err != nil {
		return err
	}
	return s.answerNotice(c, http.StatusCreated, id)
}

func (s *Server) amendNotice(c echo.Context) error {
	var q casework.AmendNotice
	id, err := bindAt(c, &q, &q.NoticeID, "notices")
	if err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	if err := s.Office.Amend(c.Request().Context(), q); err != nil {
		return err
	}
	return s.answerNotice(c, http.StatusOK, id)
}

func (s *Server) setNoticeState(c echo.Context) error {
	var q casework.SetState
	id, err := bindAt(c, &q, &q.NoticeID, "notices")
	if err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	if err := s.Office.SetState(c.Request().Context(), q); err != nil {
		return err
	}
	return s.answerNotice(c, http.StatusOK, id)
}

func (s *Server) answerAction(c echo.Context) error {
	var q casework.AnswerAction
	id, err := bindAt(c, &q, &q.NoticeID, "notices")
	if err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	if err := s.Office.Answer(c.Request().Context(), q); err != nil {
		return err
	}
	return s.answerNotice(c, http.StatusOK, id)
}

func (s *Server) noticeBoard(c echo.Context) error {
	id, err := pathID[trace.OfNotice](c)
	if err != nil {
		return err
	}
	b, err := s.Office.Board(c.Request().Context(), id)
	if err != nil {
		return err
	}
	b.Coverage.Nodes = list(b.Coverage.Nodes)
	return c.JSON(http.StatusOK, b)
}

// noticeTimes says how fast the work on a notice went.
func (s *Server) noticeTimes(c echo.Context) error {
	id, err := pathID[trace.OfNotice](c)
	if err != nil {
		return err
	}
	t, err := s.Office.Times(c.Request().Context(), id)
	if err != nil {
		return whole(err)
	}
	return c.JSON(http.StatusOK, t)
}

// changed says how many cases a step has changed.
type changed struct {
	Changed int `json:"changed"`
}

func (s *Server) openCases(c echo.Context) error {
	var q casework.OpenCases
	if _, err := bindAt(c, &q, &q.NoticeID, "notices"); err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	n, err := s.Office.OpenCases(c.Request().Context(), q)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, changed{n})
}

func (s *Server) changeCases(c echo.Context) error {
	var q casework.ChangeCases
	if _, err := bindAt(c, &q, &q.NoticeID, "notices"); err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	if err := s.Office.Change(c.Request().Context(), q); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, changed{len(q.Cases)})
}

func (s *Server) undoCases(c echo.Context) error {
	var q casework.Undo
	if _, err := bindAt(c, &q, &q.NoticeID, "notices"); err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	n, err := s.Office.Undo(c.Request().Context(), q)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, changed{n})
}

// caseAnswer is a case with whom it is of, what was used on them, and its notes by
// the change they belong to.
type caseAnswer struct {
	trace.Case
	Identity trace.Identity           `json:"identity,omitzero"`
	Matches  []caseMatch              `json:"matches"`
	Notes    map[trace.EventID]string `json:"notes"`
	// SamePerson are other cases of the notice that are found now to be of this person.
	SamePerson []trace.CaseID `json:"same_person,omitempty"`
}

// caseMatch is a device of a case, as the notice means it now.
type caseMatch struct {
	Tier recall.Tier `json:"tier,omitempty"` // none: the notice does not mean it, as the record is now
	Why  []string    `json:"why"`
	trace.UsageInFull
}

func (s *Server) caseInFull(c echo.Context, n trace.NoticeID, id trace.CaseID) (a caseAnswer, err error) {
	ctx := c.Request().Context()
	if a.Case, err = s.store.Case(ctx, n, id); err != nil {
		return a, err
	}
	notice, err := s.store.Notice(ctx, n)
	if err != nil {
		return a, err
	}
	m, err := s.Office.Matcher(ctx, notice)
	if err != nil {
		return a, err
	}
	a.Matches = []caseMatch{}
	for _, u := range a.Usages {
		usage, err := s.store.Usage(ctx, u)
		if err != nil {
			return a, whole(err)
		}
		full, err := trace.InFull(ctx, s.store, usage)
		if err != nil {
			return a, whole(err)
		}
		x := caseMatch{UsageInFull: full}
		x.Tier, x.Why = m.Match(full)
		x.Why = list(x.Why)
		a.Matches = append(a.Matches, x)
		a.Identity = full.Identity
	}
	if !a.Patient.IsZero() {
		var same []trace.PatientID
		if a.Identity, same, err = s.store.Person(ctx, a.Patient); err != nil {
			return a, whole(err)
		}
		for other, err := range s.store.Cases(ctx, n) {
			if err != nil {
				return a, whole(err)
			}
			if other.ID != id && slices.Contains(same, other.Patient) {
				a.SamePerson = append(a.SamePerson, other.ID)
			}
		}
	}
	a.Notes, err = s.Office.Notes(ctx, a.Case)
	return a, err
}

func (s *Server) noticeCase(c echo.Context) error {
	n, err := pathID[trace.OfNotice](c)
	if err != nil {
		return err
	}
	id, err := trace.ParseID[trace.OfCase](c.Param("case"))
	if err != nil {
		return err
	}
	a, err := s.caseInFull(c, n, id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, a)
}

// attach takes a document as a form: its id first, then the file.
func (s *Server) attach(c echo.Context) error {
	n, err := pathID[trace.OfNotice](c)
	if err != nil {
		return err
	}
	a, err := s.attachForm(c, n, viaAPI)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, a)
}

func (s *Server) attachForm(c echo.Context, n trace.NoticeID, via string) (a trace.Attachment, err error) {
	q := casework.Attach{NoticeID: n}
	if q.ID, err = formID(c); err != nil {
		return a, err
	}
	by(c, &q.Meta, via)
	file, header, err := c.Request().FormFile("file")
	if err != nil {
		return a, trace.Errorf(trace.Invalid, "The form wants a file.")
	}
	defer file.Close()
	q.Name = header.Filename
	if q.Content, err = io.ReadAll(io.LimitReader(file, casework.AttachmentMost+1)); err != nil {
		return a, unread(err)
	}
	return s.Office.Attach(c.Request().Context(), q)
}

// attachment hands a document out as a file to keep, never to be shown within a
// page of this node.
func (s *Server) attachment(c echo.Context) error {
	n, err := pathID[trace.OfNotice](c)
	if err != nil {
		return err
	}
	id, err := trace.ParseID[trace.OfEvent](c.Param("attachment"))
	if err != nil {
		return err
	}
	a, content, err := s.Office.Attached(c.Request().Context(), n, id)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": a.Name}))
	return c.Blob(http.StatusOK, echo.MIMEOctetStream, content)
}

func (s *Server) propose(c echo.Context) error {
	var q struct {
		Text string `json:"text"`
	}
	if err := bind(c, &q); err != nil {
		return err
	}
	if len(q.Text) > recall.PasteMost {
		return trace.Errorf(trace.TooLarge, "A text has at most %d bytes.", recall.PasteMost)
	}
	return c.JSON(http.StatusOK, map[string]any{"proposals": list(recall.Propose(q.Text))})
}
