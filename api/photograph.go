package api

import (
	"crypto/sha256"
	"net/http"

	"github.com/labstack/echo/v4"

	"implantrace/internal/trace"
)

// photographMost is the longer side, in pixels, of a photograph that is kept: the
// print on a label can be read in it.
const photographMost = 1600

// photographsOf are the pictures that are kept with a procedure.
func (s *Server) photographsOf(c echo.Context, id trace.ProcedureID) ([]trace.Photograph, error) {
	all := []trace.Photograph{}
	for p, err := range s.store.Photographs(c.Request().Context(), id) {
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

func (s *Server) listPhotographs(c echo.Context) error {
	id, err := pathID[trace.OfProcedure](c)
	if err != nil {
		return err
	}
	if _, err := s.store.Procedure(c.Request().Context(), id); err != nil {
		return err
	}
	all, err := s.photographsOf(c, id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page[trace.Photograph]{Items: all})
}

// photograph shows one. It was made by this program out of pixels, so that it is a
// JPEG whatever was uploaded.
func (s *Server) photograph(c echo.Context) error {
	id, err := pathID[trace.OfProcedure](c)
	if err != nil {
		return err
	}
	which, err := trace.ParseID[trace.OfEvent](c.Param("photograph"))
	if err != nil {
		return err
	}
	all, err := s.photographsOf(c, id)
	if err != nil {
		return err
	}
	for _, p := range all {
		if p.Photograph != which {
			continue
		}
		secret, err := s.store.Secret(c.Request().Context(), p.Stamp.Position)
		if err != nil {
			return err
		}
		if secret == nil || sha256.Sum256([]byte(secret.Raw)) != p.SHA256 {
			return trace.Errorf(trace.NotFound, "The photograph cannot be opened: its key is gone.")
		}
		return c.Blob(http.StatusOK, "image/jpeg", []byte(secret.Raw))
	}
	return trace.Errorf(trace.NotFound, "No such photograph is kept with this procedure.")
}
