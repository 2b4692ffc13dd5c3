package api

import (
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"implantrace/internal/trace"
)

// care are the addresses under which the care of patients is recorded. On a copy of
// the record that is for drills, nothing of it is: it would be lost with the copy.
var care = []string{"/theatre", "/api/v1/theatre", "/api/v1/readings", "/api/v1/patients", "/api/v1/procedures", "/api/v1/usages", "/api/v1/corrections", "/api/v1/imports", "/import"}

// onlyDrilled refuses what a drill must not record.
func (s *Server) onlyDrilled(r route, h echo.HandlerFunc) echo.HandlerFunc {
	if !s.Drill || r.method != "POST" || r.path == "/api/v1/patients/search" || !slices.ContainsFunc(care, func(of string) bool { return r.path == of || strings.HasPrefix(r.path, of+"/") }) {
		return h
	}
	return func(echo.Context) error {
		return trace.Errorf(trace.Forbidden, "This is a drill on a copy of the record. The care of patients is recorded on the node itself, never here.")
	}
}
