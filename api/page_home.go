package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"implantrace/internal/trace"
)

func (s *Server) pageHome(c echo.Context) error {
	f, err := s.frame(c, "")
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	data := struct {
		frame
		Nodes      []trace.NodeCoverage
		Procedures []trace.Procedure
	}{frame: f}
	if data.Nodes, err = s.store.Coverage(ctx); err != nil {
		return err
	}
	for h, err := range s.store.Procedures(ctx, trace.ProcedureQuery{}) {
		if err != nil {
			return whole(err)
		}
		if len(data.Procedures) == 10 {
			break
		}
		data.Procedures = append(data.Procedures, h.Procedure)
	}
	return s.render(c, http.StatusOK, "home", "layout", data)
}
