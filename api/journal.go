package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"implantrace/internal/trace"
)

type journalAnswer struct {
	Heads      []trace.TreeHead  `json:"heads"`
	Key        string            `json:"key"`        // checks the signatures of this node's checkpoints
	Departures []trace.Departure `json:"departures"` // how checkpoints leave the machine
}

func (s *Server) journal(c echo.Context) error {
	heads, err := s.store.Heads(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, journalAnswer{list(heads), s.Prover.VerifierKey(), s.departures(c.Request().Context())})
}

func (s *Server) departures(ctx context.Context) []trace.Departure {
	if s.Departures == nil {
		return []trace.Departure{}
	}
	return s.Departures(ctx)
}

// sendCheckpoints lets checkpoints leave at once.
func (s *Server) sendCheckpoints(c echo.Context) error {
	if s.SendCheckpoints != nil {
		if err := s.SendCheckpoints(c.Request().Context()); err != nil {
			return trace.Errorf(trace.Busy, "The checkpoints are still on their way: %w.", err)
		}
	}
	return s.journal(c)
}

// checkpoint signs a log as it is now.
func (s *Server) checkpoint(c echo.Context) error {
	log, err := queriedLog(c)
	if err != nil {
		return err
	}
	signed, err := s.Prover.Checkpoint(c.Request().Context(), log)
	if err != nil {
		return err
	}
	return c.Blob(http.StatusOK, echo.MIMETextPlainCharsetUTF8, signed)
}

func (s *Server) proveInclusion(c echo.Context) error {
	ctx := c.Request().Context()
	size, err := number(c, "size", 63)
	if err != nil {
		return err
	}
	at, err := s.queriedEntry(c)
	if err != nil {
		return err
	}
	p, err := s.Prover.Inclusion(ctx, at, size)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, p)
}

// queriedEntry is the place of the entry that the query names: by its number,
// or by its command.
func (s *Server) queriedEntry(c echo.Context) (at trace.Position, err error) {
	entry, seq := c.QueryParam("entry"), c.QueryParam("seq")
	switch {
	case entry == "" && seq == "" || entry != "" && seq != "":
		return at, trace.Errorf(trace.Invalid, "Name the entry by seq, its number in the log, or by entry, the id of its command.")
	case entry != "" && c.QueryParam("log") != "":
		return at, trace.Errorf(trace.Invalid, "The id of a command says which log: leave log out.")
	case seq != "" && c.QueryParam("part") != "":
		return at, trace.Errorf(trace.Invalid, "A part is of a command: leave it out beside seq.")
	case entry != "":
		id, err := trace.ParseID[trace.OfEvent](entry)
		if err != nil {
			return at, err
		}
		part, err := number(c, "part", 16)
		if err != nil {
			return at, err
		}
		return s.Prover.Locate(c.Request().Context(), id, uint16(part))
	}
	if at.Node, err = queriedLog(c); err != nil {
		return at, err
	}
	at.Seq, err = number(c, "seq", 63)
	return at, err
}

func (s *Server) proveConsistency(c echo.Context) error {
	log, err := queriedLog(c)
	if err != nil {
		return err
	}
	from, err := number(c, "from", 63)
	if err != nil {
		return err
	}
	to, err := number(c, "to", 63)
	if err != nil {
		return err
	}
	p, err := s.Prover.Consistency(c.Request().Context(), log, from, to)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, p)
}

// queriedLog is the log that the query names; the zero one is this node's.
func queriedLog(c echo.Context) (log trace.NodeID, err error) {
	if text := c.QueryParam("log"); text != "" {
		err = log.UnmarshalText([]byte(text))
	}
	return log, err
}

// number reads a number of the query below 2 to the power of bits; 0 where it
// is not there.
func number(c echo.Context, name string, bits int) (uint64, error) {
	text := c.QueryParam(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, bits)
	if err != nil {
		return 0, trace.Errorf(trace.Invalid, "The query parameter %s is a whole number, not %q.", name, clip(text))
	}
	return n, nil
}
