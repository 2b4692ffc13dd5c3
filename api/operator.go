package api

import (
	"io"
	"net/http"

	"github.com/labstack/echo/v4"
)

// backup sends a consistent copy of the store.
func (s *Server) backup(c echo.Context) error {
	return send(c, "application/octet-stream", "implantrace.db", func(w io.Writer) error {
		_, err := s.Maintenance.CopyTo(w)
		return err
	})
}

func (s *Server) verify(c echo.Context) error {
	v, err := s.Maintenance.Verify(c.Request().Context(), "")
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, v)
}
