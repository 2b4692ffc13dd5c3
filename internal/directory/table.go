package directory

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"implantrace/internal/command"
	"implantrace/internal/sheet"
	"implantrace/internal/trace"
)

// Of names one of the three lists.
type Of string

// The lists.
const (
	OfStaff  Of = "staff"
	OfPlaces Of = "places"
	OfCodes  Of = "codes"
)

// Lists are all of them, in the order in which a page shows them.
func Lists() []Of { return []Of{OfStaff, OfPlaces, OfCodes} }

// Columns are the columns of a list's table.
func (o Of) Columns() []string {
	switch o {
	case OfStaff:
		return []string{"badge", "name", "role", "register", "number", "removed"}
	case OfPlaces:
		return []string{"gln", "extension", "name", "site", "ods", "removed"}
	case OfCodes:
		return []string{"system", "code", "text", "side", "removed"}
	}
	return nil
}

// Row is what became of one row of a table.
type Row struct {
	Line      int    `json:"line"`
	Code      string `json:"code,omitempty"`
	Unchanged bool   `json:"unchanged,omitempty"` // it was listed so before: nothing was recorded
	Refused   string `json:"refused,omitempty"`   // why
}

// Import records a table (CSV or XLSX, with a heading): one entry a row that says
// something new. A row that makes no sense is refused, and the others are recorded.
// Who is left out of a table stays as he is. The same table under the same id
// records nothing twice.
func Import(ctx context.Context, r command.Recorder, of Of, m command.Meta, table []byte) ([]Row, error) {
	columns := of.Columns()
	if columns == nil {
		return nil, trace.Errorf(trace.NotFound, "There is no list %q; they are staff, places and codes.", of)
	}
	cells, err := sheet.Read(table)
	switch {
	case errors.Is(err, sheet.ErrTooLarge):
		return nil, trace.Errorf(trace.TooLarge, "The table is refused: %w.", err)
	case err != nil:
		return nil, trace.Errorf(trace.Invalid, "The table is refused: %w.", err)
	case len(cells) == 0:
		return nil, trace.Errorf(trace.Invalid, "The table is empty. It wants a heading: %s.", strings.Join(columns, ", "))
	}
	head := make([]string, len(cells[0]))
	for i, h := range cells[0] {
		head[i] = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff")))
		if !slices.Contains(columns, head[i]) {
			return nil, trace.Errorf(trace.Invalid, "There is no column %q; the columns are %s.", head[i], strings.Join(columns, ", "))
		}
	}
	rows := []Row{}
	for i, line := range cells[1:] {
		said := make(map[string]string)
		for c, cell := range line {
			cell = strings.TrimSpace(cell)
			if len(cell) > 1 && cell[0] == '\'' && strings.ContainsRune(formula, rune(cell[1])) {
				cell = cell[1:] // as WriteCSV wrote it
			}
			if cell != "" && c < len(head) {
				said[head[c]] = cell
			}
		}
		if len(said) == 0 {
			continue
		}
		row := Row{Line: i + 2}
		one := m
		one.ID = trace.DeriveID[trace.OfEvent](m.ID, strings.Join(line, "\x00"))
		row.Code, row.Unchanged, err = importRow(ctx, r, of, one, said)
		switch k := trace.KindOf(err); {
		case err == nil:
		case k == trace.Invalid || k == trace.Conflict:
			row.Refused = err.Error()
		default:
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func importRow(ctx context.Context, r command.Recorder, of Of, m command.Meta, said map[string]string) (name string, same bool, err error) {
	removed, err := answered(said["removed"])
	if err != nil {
		return "", false, err
	}
	switch of {
	case OfStaff:
		f, err := staff(trace.StaffFact{Badge: said["badge"], Name: said["name"], Role: said["role"], Register: trace.Register(said["register"]), Number: said["number"], Removed: removed})
		if err != nil {
			return f.Badge, false, err
		}
		was, err := r.Store.StaffMember(ctx, f.Badge)
		if same, err = sameAs(was, f, err); same || err != nil {
			return f.Badge, same, err
		}
		_, err = ListStaff(ctx, r, Staff{m, f})
		return f.Badge, false, err
	case OfPlaces:
		f, err := place(trace.PlaceFact{GLN: said["gln"], Extension: said["extension"], Name: said["name"], Site: said["site"], ODS: said["ods"], Removed: removed})
		if err != nil {
			return f.GLN, false, err
		}
		was, err := r.Store.ListedPlace(ctx, f.GLN, f.Extension)
		if same, err = sameAs(was, f, err); same || err != nil {
			return f.GLN, same, err
		}
		_, err = ListPlace(ctx, r, Place{m, f})
		return f.GLN, false, err
	}
	f, err := code(trace.CodeFact{System: said["system"], Code: said["code"], Text: said["text"], Side: trace.Answer(strings.ToLower(said["side"])), Removed: removed})
	if err != nil {
		return f.Code, false, err
	}
	was, err := r.Store.ListedCode(ctx, f.System, f.Code)
	if same, err = sameAs(was, f, err); same || err != nil {
		return f.Code, same, err
	}
	_, err = ListCode(ctx, r, Code{m, f})
	return f.Code, false, err
}

func sameAs[F trace.StaffFact | trace.PlaceFact | trace.CodeFact](was trace.Listed[F], f F, err error) (bool, error) {
	if trace.KindOf(err) == trace.NotFound {
		return false, nil
	}
	return err == nil && was.Fact == f, err
}

func answered(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "", "no", "false":
		return false, nil
	case "yes", "true":
		return true, nil
	}
	return false, trace.Errorf(trace.Invalid, "Whether it was removed is yes or no, not %q.", s)
}

// formula is what a cell begins with that a spreadsheet takes for a formula.
const formula = "=+-@\t\r"

// WriteCSV writes a list as [Import] reads it. Cells that a spreadsheet would take
// for a formula have an apostrophe before them.
func WriteCSV(ctx context.Context, w io.Writer, d trace.Directory, of Of) error {
	out := csv.NewWriter(w)
	if err := out.Write(of.Columns()); err != nil {
		return err
	}
	removed := func(is bool) string {
		if is {
			return "yes"
		}
		return ""
	}
	write := func(cells ...string) error {
		for i, c := range cells {
			if c != "" && strings.ContainsRune(formula, rune(c[0])) {
				cells[i] = "'" + c
			}
		}
		return out.Write(cells)
	}
	var err error
	switch of {
	case OfStaff:
		for l, failed := range d.StaffMembers(ctx) {
			if failed != nil {
				return failed
			}
			f := l.Fact
			err = errors.Join(err, write(f.Badge, f.Name, f.Role, string(f.Register), f.Number, removed(f.Removed)))
		}
	case OfPlaces:
		for l, failed := range d.ListedPlaces(ctx) {
			if failed != nil {
				return failed
			}
			f := l.Fact
			err = errors.Join(err, write(f.GLN, f.Extension, f.Name, f.Site, f.ODS, removed(f.Removed)))
		}
	case OfCodes:
		for l, failed := range d.ListedCodes(ctx) {
			if failed != nil {
				return failed
			}
			f := l.Fact
			err = errors.Join(err, write(f.System, f.Code, f.Text, string(f.Side), removed(f.Removed)))
		}
	default:
		return fmt.Errorf("no list %q", of)
	}
	out.Flush()
	return errors.Join(err, out.Error())
}
