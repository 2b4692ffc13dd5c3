package api

import (
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"implantrace/internal/carry"
	"implantrace/internal/evidence"
	"implantrace/internal/trace"
)

// evidenceRequest says what an evidence pack is to be.
type evidenceRequest struct {
	Names      bool     `json:"names"`
	Recipients []string `json:"recipients"` // age public keys
}

// makeEvidence answers with the evidence pack of a notice.
func (s *Server) makeEvidence(c echo.Context) error {
	id, err := pathID[trace.OfNotice](c)
	if err != nil {
		return err
	}
	var q evidenceRequest
	if err := bind(c, &q); err != nil {
		return err
	}
	return s.sendEvidence(c, id, q)
}

// formEvidence is makeEvidence for the page of a notice.
func (s *Server) formEvidence(c echo.Context) error {
	id, err := pathID[trace.OfNotice](c)
	if err != nil {
		return err
	}
	err = s.sendEvidence(c, id, evidenceRequest{Names: field(c, "names") != "", Recipients: linesOf(field(c, "recipients"))})
	if err != nil && !c.Response().Committed {
		if problem := problemOf(err); problem.Status < 500 {
			return s.noticePage(c, problem.Status, id, problem.Detail)
		}
	}
	return err
}

func (s *Server) sendEvidence(c echo.Context, id trace.NoticeID, q evidenceRequest) error {
	ctx := c.Request().Context()
	maker := evidence.Maker{Office: s.Office, Prover: s.Prover, Node: s.NodeName, Program: "implantrace " + s.Version, Drill: s.Drill}
	if _, err := s.store.Notice(ctx, id); err != nil {
		return err
	}
	p, err := maker.Gather(ctx, evidence.Ask{Notice: id, Names: q.Names, Recipients: q.Recipients, By: callerOf(c).Actor(viaAPI).Name})
	if err != nil {
		return whole(err)
	}
	kind := "application/zip"
	if p.Encrypted() {
		kind = echo.MIMEOctetStream
	}
	return send(c, kind, p.Name(), func(w io.Writer) error { return p.Write(ctx, w) })
}

// signedNotice answers with a notice as a signed file, for nodes that no network
// reaches.
func (s *Server) signedNotice(c echo.Context) error {
	id, err := pathID[trace.OfNotice](c)
	if err != nil {
		return err
	}
	if _, err := s.store.Notice(c.Request().Context(), id); err != nil {
		return err
	}
	b, err := carry.Out(c.Request().Context(), s.Office, s.Prover, id)
	if err != nil {
		return whole(err)
	}
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="notice-`+id.String()+`.note"`)
	return c.Blob(http.StatusOK, echo.MIMETextPlainCharsetUTF8, b)
}

// carriedRequest is a signed notice that was carried here.
type carriedRequest struct {
	Signed string `json:"signed"`
	Key    string `json:"key"` // the verifier key of its node, as it was noted
}

// takeCarried takes a signed notice in.
func (s *Server) takeCarried(c echo.Context) error {
	var q carriedRequest
	if err := bind(c, &q); err != nil {
		return err
	}
	id, _, err := carry.In(c.Request().Context(), s.Office, callerOf(c).Actor(viaAPI), []byte(q.Signed), q.Key)
	if err != nil {
		return err
	}
	return s.answerNotice(c, http.StatusOK, id)
}

// formCarried is takeCarried for the page of notices.
func (s *Server) formCarried(c echo.Context) error {
	file, _, err := c.Request().FormFile("file")
	if err != nil {
		return s.noticesPage(c, http.StatusUnprocessableEntity, "Choose the file with the signed notice.")
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, noticeMost))
	if err != nil {
		return unread(err)
	}
	id, _, err := carry.In(c.Request().Context(), s.Office, callerOf(c).Actor("page"), b, strings.TrimSpace(field(c, "key")))
	if err != nil {
		problem := problemOf(err)
		if problem.Status >= 500 {
			return err
		}
		return s.noticesPage(c, problem.Status, problem.Detail)
	}
	return c.Redirect(http.StatusSeeOther, "/notices/"+id.String())
}
