package api

import (
	"context"
	"io"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// Operator is what a node offers to whoever runs it, through its own socket.
type Operator interface {
	// Backup writes an encrypted copy of the store with its keys. size is called
	// before the first byte, with the size of the store. Kind Conflict when there
	// is no recovery key yet.
	Backup(ctx context.Context, w io.Writer, size func(int64)) error
	// Recovery lists who can open backups beside the holder of the node's keys.
	Recovery(ctx context.Context) ([]trace.Recipient, error)
	// AddRecovery adds one, or renames it; kind Invalid when it is no public key.
	AddRecovery(ctx context.Context, r trace.Recipient) error
	// RemoveRecovery takes one out; kind Conflict for the last.
	RemoveRecovery(ctx context.Context, key string) error
	// RotateKeys gives the node a fresh key; kind Conflict where its keys do not
	// come from a file.
	RotateKeys(ctx context.Context) error
	// RotateLookup adds a version of the key by which patients are found.
	RotateLookup(ctx context.Context) error
	// Erase makes a patient's identity unreadable; kind Conflict, with the reason,
	// while it is to be kept.
	Erase(ctx context.Context, c command.ErasePatient) (Erased, error)
	// Compact writes the store anew into as small a file as it can, while the node
	// goes on; kind Busy means: another time.
	Compact(ctx context.Context) (trace.Compaction, error)
	// Compacting says how far one has come, in bytes; total is 0 where none is
	// going on.
	Compacting() (done, total int64)
}

// Erased is what erasing an identity came to.
type Erased struct {
	command.Erasure
	// Copies say where the identity can still be read, and until when.
	Copies []string `json:"copies"`
}

func (s *Server) erase(c echo.Context) error {
	var q command.ErasePatient
	if err := bind(c, &q); err != nil {
		return err
	}
	by(c, &q.Meta, viaAPI)
	done, err := s.Operator.Erase(c.Request().Context(), q)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, done)
}

func (s *Server) compact(c echo.Context) error {
	done, err := s.Operator.Compact(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, done)
}

// Compacting says how far a compaction has come.
type Compacting struct {
	Done  int64 `json:"done"` // bytes
	Total int64 `json:"total"`
}

func (s *Server) compacting(c echo.Context) error {
	done, total := s.Operator.Compacting()
	return c.JSON(http.StatusOK, Compacting{done, total})
}

func (s *Server) rotateKeys(c echo.Context) error {
	if err := s.Operator.RotateKeys(c.Request().Context()); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *Server) rotateLookup(c echo.Context) error {
	if err := s.Operator.RotateLookup(c.Request().Context()); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// storeBytes is a header of the backup's answer: the size of the store, which
// tells how far the copy has come.
const storeBytes = "Implantrace-Store-Bytes"

func (s *Server) backup(c echo.Context) error {
	return send(c, "application/octet-stream", "implantrace.age", func(w io.Writer) error {
		return s.Operator.Backup(c.Request().Context(), w, func(n int64) { c.Response().Header().Set(storeBytes, strconv.FormatInt(n, 10)) })
	})
}

func (s *Server) verify(c echo.Context) error {
	var trust trace.Trust
	if c.Request().ContentLength != 0 {
		if err := bind(c, &trust); err != nil {
			return err
		}
	}
	v, err := s.Maintenance.VerifyAgainst(c.Request().Context(), "", trust)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}

func (s *Server) recovery(c echo.Context) error {
	all, err := s.Operator.Recovery(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"items": list(all)})
}

func (s *Server) addRecovery(c echo.Context) error {
	var q struct {
		Key  string `json:"key"`
		Name string `json:"name"`
	}
	if err := bind(c, &q); err != nil {
		return err
	}
	if err := s.Operator.AddRecovery(c.Request().Context(), trace.Recipient{Key: q.Key, Name: q.Name}); err != nil {
		return err
	}
	return s.recovery(c)
}

func (s *Server) removeRecovery(c echo.Context) error {
	var q struct {
		Key string `json:"key"`
	}
	if err := bind(c, &q); err != nil {
		return err
	}
	if err := s.Operator.RemoveRecovery(c.Request().Context(), q.Key); err != nil {
		return err
	}
	return s.recovery(c)
}
