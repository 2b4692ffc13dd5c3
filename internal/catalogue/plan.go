package catalogue

import (
	"errors"
	"slices"
	"strings"

	"implantrace/internal/command"
	"implantrace/internal/sheet"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// PlanColumns are the columns of a table of planned devices: those of a product
// that a plan can ask for, the side that a device goes into, and whether it stays in
// from before.
func PlanColumns() []string {
	columns := []string{"di", "for_side", "stays", "maker"}
	for _, f := range trace.Fields() {
		if f.Name != "packs" && f.Name != "unit_of_use" {
			columns = append(columns, f.Name)
		}
	}
	return columns
}

// ReadPlan reads a table of planned devices: CSV or XLSX with a heading, one device
// a row, by its identifier or by what it is to be. A plan is whole or it is none:
// the first row that makes no sense refuses the table.
func ReadPlan(table []byte) (items []trace.PlanItem, stays []trace.StaysItem, err error) {
	columns := PlanColumns()
	rows, err := sheet.Read(table)
	switch {
	case errors.Is(err, sheet.ErrTooLarge):
		return nil, nil, trace.Errorf(trace.TooLarge, "The table is refused: %w.", err)
	case err != nil:
		return nil, nil, trace.Errorf(trace.Invalid, "The table is refused: %w.", err)
	case len(rows) < 2:
		return nil, nil, trace.Errorf(trace.Invalid, "The table plans nothing. It wants a heading (%s) and a device a row.", strings.Join(columns, ", "))
	}
	head := make([]string, len(rows[0]))
	for i, h := range rows[0] {
		head[i] = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff")))
		if !slices.Contains(columns, head[i]) {
			return nil, nil, trace.Errorf(trace.Invalid, "There is no column %q; the columns are %s.", head[i], strings.Join(columns, ", "))
		}
	}
	for n, row := range rows[1:] {
		var i trace.PlanItem
		stay, empty := false, true
		for c, cell := range row {
			if c >= len(head) {
				break
			}
			if cell = unguarded(strings.TrimSpace(cell)); cell == "" {
				continue
			}
			empty = false
			switch name := head[c]; name {
			case "di":
				i.DI, err = udi.ParseDI(cell)
			case "for_side":
				i.Side = trace.Side(strings.ToLower(cell))
			case "maker":
				i.Maker = cell
			case "stays":
				if stay = strings.EqualFold(cell, "yes"); !stay && !strings.EqualFold(cell, "no") {
					err = trace.Errorf(trace.Invalid, "whether it stays in is yes or no")
				}
			default:
				f, _ := trace.FieldOf(name)
				err = f.Set(&i.Attributes, cell)
			}
			if err != nil {
				return nil, nil, trace.Errorf(trace.Invalid, "Line %d: %w. Nothing was taken in.", n+2, err)
			}
		}
		if empty {
			continue
		}
		if i, err = command.PlanItem(i); err != nil {
			return nil, nil, trace.Errorf(trace.Invalid, "Line %d: %w Nothing was taken in.", n+2, err)
		}
		if stay {
			stays = append(stays, trace.StaysItem(i))
		} else {
			items = append(items, i)
		}
	}
	return items, stays, nil
}
