package api

import (
	"html/template"
	"net/http"

	"github.com/labstack/echo/v4"

	"implantrace/internal/symbol"
	"implantrace/internal/theatre"
)

// pageActions is the sheet of codes that say what became of a device.
func (s *Server) pageActions(c echo.Context) error {
	f, err := s.frame(c, "Action codes")
	if err != nil {
		return err
	}
	p := struct {
		frame
		Labels []printed
	}{frame: f}
	for _, a := range theatre.ActionCodes() {
		m, err := symbol.Plain(a.Text)
		if err != nil {
			return err
		}
		p.Labels = append(p.Labels, printed{Title: a.Words, Text: a.Text, Symbol: template.HTML(m.SVG(a.Words + ": " + a.Text))})
	}
	return s.render(c, http.StatusOK, "actions", "layout", p)
}
