package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"implantrace/internal/command"
	"implantrace/internal/staff"
	"implantrace/internal/theatre"
	"implantrace/internal/trace"
	"implantrace/scanner"
)

const serialSupported = scanner.SerialSupported

// theatre gives the state of the desk.
func (s *Server) theatre(c echo.Context) error {
	d, err := s.desk(c)
	if err != nil {
		return err
	}
	st, err := d.State(c.Request().Context())
	if err != nil {
		return whole(err)
	}
	return c.JSON(http.StatusOK, st)
}

// alive is how often an event stream says that the node is there. The page
// takes silence for loss well within two seconds.
const alive = 500 * time.Millisecond

// events tells a page of changes: "changed" when something it shows has
// changed, "alive" twice a second. The events carry no data of anybody.
func (s *Server) events(c echo.Context) error {
	d, err := s.desk(c)
	if err != nil {
		return err
	}
	w := c.Response()
	w.Header().Set(echo.HeaderContentType, "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	changes, stop := d.Watch()
	defer stop()
	rc := http.NewResponseController(w)
	send := func(event string) error {
		if _, err := fmt.Fprintf(w, "event: %s\ndata: %d\n\n", event, time.Now().UnixMilli()); err != nil {
			return err
		}
		return rc.Flush()
	}
	tick := time.NewTicker(alive)
	defer tick.Stop()
	if err := send("changed"); err != nil { // a page that comes back sees what it missed
		return nil
	}
	key := callerOf(c).key()
	for {
		var err error
		select {
		case <-changes:
			err = send("changed")
		case <-tick.C:
			// A page that locks, or whose person is another, hears of it.
			now := s.who(c, staff.Scan)
			if now.May(staff.Scan) != staff.Yes {
				return nil
			}
			event := "alive"
			if now.key() != key {
				key, event = now.key(), "changed"
			}
			err = send(event)
		case <-c.Request().Context().Done():
			return nil
		case <-s.stop.Done():
			return nil
		}
		if err != nil {
			return nil // the page is gone
		}
	}
}

func (s *Server) openAtDesk(c echo.Context) error {
	var q command.OpenProcedure
	if err := bind(c, &q); err != nil {
		return err
	}
	by(c, &q.Meta, theatre.Via)
	d, err := s.desk(c)
	if err != nil {
		return err
	}
	id, err := d.Open(c.Request().Context(), q)
	if err != nil {
		return err
	}
	return s.answerProcedure(c, http.StatusCreated, id)
}

func (s *Server) closeAtDesk(c echo.Context) error {
	var q command.CloseProcedure
	if err := bind(c, &q); err != nil {
		return err
	}
	by(c, &q.Meta, theatre.Via)
	if q.Procedure.IsZero() {
		// "Whatever is open" could not be repeated, and could be another's.
		return trace.Errorf(trace.Invalid, "Say which procedure is to be closed.")
	}
	d, err := s.desk(c)
	if err != nil {
		return err
	}
	if err := d.Close(c.Request().Context(), q); err != nil {
		return err
	}
	return s.answerProcedure(c, http.StatusOK, q.Procedure)
}

// unknownAtDesk records a patient whom nobody has identified, and shows that one.
func (s *Server) unknownAtDesk(c echo.Context) error {
	var q struct {
		command.Meta
		Appears string `json:"appears"`
	}
	return s.step(c, &q.Meta, &q, func(ctx context.Context, d *theatre.Desk) error {
		_, err := d.Unknown(ctx, q.Meta, q.Appears)
		return err
	})
}

func (s *Server) formUnknown(c echo.Context) error {
	return s.stepForm(c, func(ctx context.Context, d *theatre.Desk, m command.Meta) error {
		appears := field(c, "sex")
		if age := field(c, "age"); age != "" {
			if n, err := strconv.Atoi(age); err != nil || n < 0 || n > 130 {
				return trace.Errorf(trace.Invalid, "Say about how old the patient is in whole years, or leave it empty.")
			}
			if appears != "" {
				appears += ", "
			}
			appears += "about " + age
		}
		_, err := d.Unknown(ctx, m, appears)
		return err
	})
}

func (s *Server) forgetAtDesk(c echo.Context) error {
	d, err := s.desk(c)
	if err != nil {
		return err
	}
	d.Forget()
	return c.NoContent(http.StatusNoContent)
}

func (s *Server) setSideAtDesk(c echo.Context) error {
	var q struct {
		Procedure trace.ProcedureID `json:"procedure"`
		Side      trace.Side        `json:"side"`
	}
	if err := bind(c, &q); err != nil {
		return err
	}
	d, err := s.desk(c)
	if err != nil {
		return err
	}
	if err := d.SetSide(c.Request().Context(), q.Procedure, q.Side); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
