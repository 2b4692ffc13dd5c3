package api

import (
	_ "embed" // openapi.yaml is part of the program
	"net/http"

	"github.com/labstack/echo/v4"
)

// description is the contract of /api/v1, written by hand.
//
//go:embed openapi.yaml
var description []byte

func (s *Server) openapi(c echo.Context) error {
	return c.Blob(http.StatusOK, "application/yaml; charset=utf-8", description)
}
