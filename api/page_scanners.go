package api

import (
	"html/template"
	"net/http"

	"github.com/labstack/echo/v4"

	"implantrace/internal/symbol"
	"implantrace/internal/trace"
	"implantrace/scanner"
)

// handheld is one handheld on the page.
type handheld struct {
	scanner.SerialState
	Paired string // the workstation that it is paired with; "": none
}

// scannersPage is what /scanners shows.
type scannersPage struct {
	frame
	Supported bool
	All       []handheld
	Label     template.HTML
	Text      string // what the test label says, as people write it
	// MayRecord says that recordings of handhelds are shown, and made.
	MayRecord bool
	Recorded  []Recorded
}

// pageScanners shows the handhelds and how they do; its parts "list" and
// "recordings" alone for a page that is open.
func (s *Server) pageScanners(c echo.Context) error {
	part := c.QueryParam("part")
	if part != "" && part != "list" && part != "recordings" {
		return trace.Errorf(trace.Invalid, "The part is list or recordings, or the whole page.")
	}
	b, err := s.scannersNow(c, "Scanners")
	if err != nil {
		return err
	}
	if part == "" {
		part = "layout"
	}
	return s.render(c, http.StatusOK, "scanners", part, b)
}

// pageScannerNotes are the notes on setting a handheld up, to print.
func (s *Server) pageScannerNotes(c echo.Context) error {
	b, err := s.scannersNow(c, "Setting up a handheld scanner")
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "scanner_notes", "layout", b)
}

func (s *Server) scannersNow(c echo.Context, title string) (b scannersPage, err error) {
	if b.frame, err = s.frame(c, title); err != nil {
		return b, err
	}
	b.Supported, b.Text = serialSupported, scanner.TestLabelText
	label, err := symbol.GS1(scanner.TestLabelElements)
	if err != nil {
		return b, err
	}
	if b.MayRecord = s.mayRecord(c); b.MayRecord {
		b.Recorded = s.Recordings.All()
	}
	b.Label = template.HTML(label.SVG("Test label: " + scanner.TestLabelText))
	for _, st := range s.Scanners() {
		h := handheld{SerialState: st}
		if w, ok := s.Floor.PairedWith(st.Name); ok {
			h.Paired = w.String()
		}
		b.All = append(b.All, h)
	}
	return b, nil
}
