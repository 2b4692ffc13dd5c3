package api

import (
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"implantrace/internal/command"
	"implantrace/internal/staff"
	"implantrace/internal/trace"
)

// Recordings are what handhelds sent, byte for byte, on demand: how a scanner that
// misreads is looked into. Anything may be in them that was scanned meanwhile, so
// they are sealed, and no part of the record.
type Recordings interface {
	// Start records what a handheld sends, for at most so long, and ends by itself.
	// Kind NotFound where there is no such handheld, Conflict where it is recorded
	// already or too many recordings are kept, Invalid for a time that is no such time.
	Start(id trace.EventID, scanner string, long time.Duration) (Recorded, error)
	// Stop ends one that goes on; one that has ended stays as it is.
	Stop(id trace.EventID) (Recorded, error)
	// All are those that go on and those that are kept, latest first.
	All() []Recorded
	// Open writes one that has ended as a file. Kind Conflict while it goes on.
	Open(id trace.EventID, w io.Writer) (Recorded, error)
	// Delete takes one away for good, going on or kept.
	Delete(id trace.EventID) error
}

// Recorded says what is known of a recording without what is in it.
type Recorded struct {
	ID      trace.EventID `json:"id"`
	Scanner string        `json:"scanner"`
	Started time.Time     `json:"started"`
	Until   time.Time     `json:"until"` // it ends, or ended, at the latest
	Bytes   int           `json:"bytes"`
	Ended   string        `json:"ended,omitempty"` // stopped, time, size or node; "": it goes on
	// Locked means that the node's keys were changed since: it cannot be read any more.
	Locked bool `json:"locked,omitempty"`
}

// What the audit says of a recording.
const (
	auditRecording        = "scanner-recorded"
	auditRecordingTaken   = "scanner-recording-taken"
	auditRecordingDeleted = "scanner-recording-deleted"
)

func (s *Server) recordings() (Recordings, error) {
	if s.Recordings == nil {
		return nil, trace.Errorf(trace.NotFound, "This node keeps no recordings of handhelds.")
	}
	return s.Recordings, nil
}

func (s *Server) listRecordings(c echo.Context) error {
	k, err := s.recordings()
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page[Recorded]{Items: append([]Recorded{}, k.All()...)})
}

// record starts a recording. That it was asked for is in the audit first.
func (s *Server) record(c echo.Context, id trace.EventID, scanner string, minutes int) (r Recorded, err error) {
	k, err := s.recordings()
	if err != nil {
		return r, err
	}
	if err := s.note(c, trace.AuditFact{What: auditRecording, Objects: [][16]byte{id}, Detail: scanner}); err != nil {
		return r, err
	}
	return k.Start(id, scanner, time.Duration(minutes)*time.Minute)
}

func (s *Server) startRecording(c echo.Context) error {
	var q struct {
		command.Meta
		Scanner string `json:"scanner"`
		Minutes int    `json:"minutes"`
	}
	if err := bind(c, &q); err != nil {
		return err
	}
	r, err := s.record(c, q.ID, q.Scanner, q.Minutes)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, r)
}

// theRecording is the one that a path names.
func (s *Server) theRecording(c echo.Context) (Recordings, trace.EventID, error) {
	k, err := s.recordings()
	if err != nil {
		return nil, trace.EventID{}, err
	}
	id, err := pathID[trace.OfEvent](c)
	return k, id, err
}

func (s *Server) stopRecording(c echo.Context) error {
	k, id, err := s.theRecording(c)
	if err != nil {
		return err
	}
	r, err := k.Stop(id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, r)
}

// takeRecording gives one as a file. The audit says so before the first byte leaves.
func (s *Server) takeRecording(c echo.Context) error {
	k, id, err := s.theRecording(c)
	if err != nil {
		return err
	}
	if err := s.note(c, trace.AuditFact{What: auditRecordingTaken, Objects: [][16]byte{id}}); err != nil {
		return err
	}
	return send(c, "application/x-ndjson", "recording.jsonl", func(w io.Writer) error {
		_, err := k.Open(id, w)
		return err
	})
}

func (s *Server) dropRecording(c echo.Context) error {
	k, id, err := s.theRecording(c)
	if err != nil {
		return err
	}
	if err := k.Delete(id); err != nil {
		return err
	}
	return s.note(c, trace.AuditFact{What: auditRecordingDeleted, Objects: [][16]byte{id}})
}

func (s *Server) deleteRecording(c echo.Context) error {
	if err := s.dropRecording(c); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *Server) formRecord(c echo.Context) error {
	id, err := formID(c)
	if err != nil {
		return err
	}
	minutes, err := strconv.Atoi(field(c, "minutes"))
	if err != nil {
		return trace.Errorf(trace.Invalid, "Say for how many minutes.")
	}
	if _, err := s.record(c, id, field(c, "scanner"), minutes); err != nil {
		return err
	}
	return settled(c, "/scanners")
}

func (s *Server) formStopRecording(c echo.Context) error {
	k, id, err := s.theRecording(c)
	if err != nil {
		return err
	}
	if _, err := k.Stop(id); err != nil {
		return err
	}
	return settled(c, "/scanners")
}

func (s *Server) formDeleteRecording(c echo.Context) error {
	if err := s.dropRecording(c); err != nil {
		return err
	}
	return settled(c, "/scanners")
}

// mayRecord reports whether whoever asks may record handhelds.
func (s *Server) mayRecord(c echo.Context) bool {
	return s.Recordings != nil && callerOf(c).May(staff.RecordScanners) == staff.Yes
}
