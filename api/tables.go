package api

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"implantrace/internal/recall"
	"implantrace/internal/sheet"
	"implantrace/internal/trace"
)

// listedNumbers is what a table has of lots or serial numbers.
type listedNumbers struct {
	Column  string         `json:"column"` // its heading; "" where it has none
	Rows    int            `json:"rows"`   // of the table, the heading not counted
	Empty   int            `json:"empty"`  // of them, without a number
	Numbers recall.Numbers `json:"numbers"`
}

// readNumbers takes a table of lots or serial numbers, and records nothing.
func (s *Server) readNumbers(c echo.Context) error {
	b, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return unread(err)
	}
	n, err := numbersIn(b, c.QueryParam("of"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, n)
}

// words that the heading of a column of numbers has, and of the two ends of
// ranges.
var columnWords = map[string][]string{"lot": {"lot", "batch"}, "serial": {"serial", "s/n"}}

// numbersIn finds the lots ("lot") or serial numbers ("serial") in a table: the
// column whose heading says so, or the first. Columns headed "from" and "to" are
// ranges.
func numbersIn(b []byte, of string) (n listedNumbers, err error) {
	words, ok := columnWords[of]
	if !ok {
		return n, trace.Errorf(trace.Invalid, `Say what the table lists: "lot" or "serial".`)
	}
	rows, err := sheet.Read(b)
	switch {
	case errors.Is(err, sheet.ErrTooLarge):
		return n, trace.Errorf(trace.TooLarge, "The table is refused: %w.", err)
	case err != nil:
		return n, trace.Errorf(trace.Invalid, "The table is refused: %w.", err)
	case len(rows) == 0:
		return n, trace.Errorf(trace.Invalid, "The table is empty.")
	}
	head := make([]string, len(rows[0]))
	for i, h := range rows[0] {
		head[i] = strings.ToLower(h)
	}
	column := slices.IndexFunc(head, func(h string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(h, w) })
	})
	from, to := slices.Index(head, "from"), slices.Index(head, "to")
	switch {
	case from >= 0 && to >= 0:
		n.Column, rows = rows[0][from]+" "+rows[0][to], rows[1:]
	case column >= 0:
		n.Column, rows = rows[0][column], rows[1:]
	default:
		column = 0
		if !strings.ContainsAny(rows[0][0], "0123456789") {
			n.Column, rows = rows[0][0], rows[1:] // a heading in other words
		}
	}
	n.Rows, n.Numbers = len(rows), recall.Numbers{}
	cell := func(row []string, i int) string {
		if i < len(row) {
			return row[i]
		}
		return ""
	}
	seen := make(map[recall.Number]bool)
	for _, row := range rows {
		x := recall.Number{Value: cell(row, max(column, 0))}
		if from >= 0 && to >= 0 {
			x = recall.Number{From: cell(row, from), To: cell(row, to)}
			if x.To == "" || x.From == x.To {
				x = recall.Number{Value: x.From}
			}
		}
		if x.Value+x.From == "" {
			n.Empty++
			continue
		}
		if !seen[x] {
			seen[x] = true
			n.Numbers = append(n.Numbers, x)
		}
	}
	if len(n.Numbers) == 0 {
		return n, trace.Errorf(trace.Invalid, "The table has no number in that column.")
	}
	return n, nil
}

// uploadTable puts the numbers of an uploaded table into the form's field.
func (p *noticeForm) uploadTable(c echo.Context) error {
	file, _, err := c.Request().FormFile("table")
	if err != nil {
		return trace.Errorf(trace.Invalid, "Choose a file with the lots or serial numbers.")
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, sheet.BytesMost+1))
	if err != nil {
		return unread(err)
	}
	of := field(c, "table_of")
	n, err := numbersIn(b, of)
	if err != nil {
		return err
	}
	var all strings.Builder
	all.WriteString(p.Fields[of])
	for _, x := range n.Numbers {
		all.WriteString("\n" + x.String())
	}
	p.Fields[of] = strings.TrimSpace(all.String())
	p.Uploaded = &n
	return nil
}
