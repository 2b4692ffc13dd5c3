package api

import (
	"cmp"
	"context"
	"strconv"

	"github.com/labstack/echo/v4"

	"implantrace/internal/command"
	"implantrace/internal/theatre"
	"implantrace/internal/trace"
)

// step carries out what is asked of the desk by touch, and answers with its state.
func (s *Server) step(c echo.Context, m *command.Meta, q any, do func(context.Context, *theatre.Desk) error) error {
	if err := bind(c, q); err != nil {
		return err
	}
	by(c, m, theatre.Via)
	d, err := s.desk(c)
	if err != nil {
		return err
	}
	if err := do(c.Request().Context(), d); err != nil {
		return err
	}
	return s.theatre(c)
}

func (s *Server) replyAtDesk(c echo.Context) error {
	var q struct {
		command.Meta
		Question trace.EventID `json:"question"`
		Reply    theatre.Reply `json:"reply"`
	}
	return s.step(c, &q.Meta, &q, func(ctx context.Context, d *theatre.Desk) error { return d.Reply(ctx, q.Meta, q.Question, q.Reply) })
}

func (s *Server) undoAtDesk(c echo.Context) error {
	var q struct {
		command.Meta
		Event trace.EventID `json:"event"`
	}
	return s.step(c, &q.Meta, &q, func(ctx context.Context, d *theatre.Desk) error {
		if q.Event.IsZero() {
			return trace.Errorf(trace.Invalid, "Say which step is undone: the state of the theatre names it.")
		}
		return d.Undo(ctx, q.Meta, q.Event)
	})
}

func (s *Server) piecesAtDesk(c echo.Context) error {
	var q struct {
		command.Meta
		Usage  trace.UsageID `json:"usage"`
		Pieces int           `json:"pieces"`
	}
	return s.step(c, &q.Meta, &q, func(ctx context.Context, d *theatre.Desk) error { return d.Pieces(ctx, q.Meta, q.Usage, q.Pieces) })
}

func (s *Server) putBackAtDesk(c echo.Context) error {
	var q struct {
		command.Meta
		Usage trace.UsageID `json:"usage"`
	}
	return s.step(c, &q.Meta, &q, func(ctx context.Context, d *theatre.Desk) error { return d.PutBack(ctx, q.Meta, q.Usage) })
}

// stepForm is the same, from a form of the theatre page.
func (s *Server) stepForm(c echo.Context, do func(context.Context, *theatre.Desk, command.Meta) error) error {
	id, err := formID(c)
	if err != nil {
		return err
	}
	m := command.Meta{ID: id}
	by(c, &m, theatre.Via)
	d, err := s.desk(c)
	if err != nil {
		return err
	}
	if err := do(c.Request().Context(), d, m); err != nil {
		return err
	}
	return settled(c, "/theatre")
}

func (s *Server) formReply(c echo.Context) error {
	return s.stepForm(c, func(ctx context.Context, d *theatre.Desk, m command.Meta) error {
		question, err := trace.ParseID[trace.OfEvent](field(c, "question"))
		if err != nil {
			return err
		}
		return d.Reply(ctx, m, question, theatre.Reply(field(c, "reply")))
	})
}

func (s *Server) formExplant(c echo.Context) error {
	return s.stepForm(c, func(ctx context.Context, d *theatre.Desk, m command.Meta) error {
		usage, err := trace.ParseID[trace.OfUsage](field(c, "usage"))
		if err != nil {
			return trace.Errorf(trace.Invalid, "Choose the implant that was taken out.")
		}
		q := command.Explant{Meta: m, Usage: usage, Reason: cmp.Or(field(c, "other"), field(c, "reason")), Went: trace.Went(field(c, "went"))}
		if q.Procedure, err = trace.ParseID[trace.OfProcedure](field(c, "procedure")); err != nil {
			return err
		}
		if _, err := s.Recorder.Explant(ctx, q); err != nil {
			return err
		}
		d.Changed()
		return nil
	})
}

func (s *Server) formUndo(c echo.Context) error {
	return s.stepForm(c, func(ctx context.Context, d *theatre.Desk, m command.Meta) error {
		event, err := trace.ParseID[trace.OfEvent](field(c, "event"))
		if err != nil {
			return err
		}
		return d.Undo(ctx, m, event)
	})
}

func (s *Server) formPieces(c echo.Context) error {
	return s.stepForm(c, func(ctx context.Context, d *theatre.Desk, m command.Meta) error {
		usage, err := pathID[trace.OfUsage](c)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(field(c, "pieces"))
		if err != nil {
			return trace.Errorf(trace.Invalid, "Say how many pieces there are, as a number.")
		}
		return d.Pieces(ctx, m, usage, n)
	})
}

func (s *Server) formPutBack(c echo.Context) error {
	return s.stepForm(c, func(ctx context.Context, d *theatre.Desk, m command.Meta) error {
		usage, err := pathID[trace.OfUsage](c)
		if err != nil {
			return err
		}
		return d.PutBack(ctx, m, usage)
	})
}
