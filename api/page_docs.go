package api

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

func (s *Server) pageDocs(c echo.Context) error {
	f, err := s.frame(c, "API")
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "docs", "layout", struct{ frame }{f})
}
