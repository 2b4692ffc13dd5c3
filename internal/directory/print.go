package directory

import (
	"context"
	"fmt"

	"implantrace/gs1"
	"implantrace/internal/symbol"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Label is one thing to print: a badge, a place's label or a procedure's code.
type Label struct {
	Title  string
	Lines  []string
	Text   string // of the symbol, as people write it: "(8017)950110153000300011"
	Symbol symbol.Matrix
}

// Labels gives what a list prints, without what was removed. A code that no symbol
// can hold is left out, and named in the second answer.
func Labels(ctx context.Context, d trace.Directory, of Of) (labels []Label, without []string, err error) {
	add := func(title string, text string, elements string, gs bool, lines ...string) {
		l := Label{Title: title, Text: text}
		var err error
		if gs {
			l.Symbol, err = symbol.GS1(elements)
		} else {
			l.Symbol, err = symbol.Plain(elements)
		}
		if err != nil {
			without = append(without, title)
			return
		}
		for _, line := range lines {
			if line != "" {
				l.Lines = append(l.Lines, line)
			}
		}
		labels = append(labels, l)
	}
	switch of {
	case OfStaff:
		for l, err := range d.StaffMembers(ctx) {
			if err != nil {
				return nil, nil, err
			}
			f := l.Fact
			if f.Removed {
				continue
			}
			register := ""
			if f.Register != "" {
				register = string(f.Register) + " " + f.Number
			}
			if _, err := gs1.ParseGSRN(f.Badge); err == nil {
				add(f.Name, "(8017)"+f.Badge, "8017"+f.Badge, true, f.Role, register)
			} else {
				add(f.Name, f.Badge, f.Badge, false, f.Role, register)
			}
		}
	case OfPlaces:
		for l, err := range d.ListedPlaces(ctx) {
			if err != nil {
				return nil, nil, err
			}
			f := l.Fact
			if f.Removed {
				continue
			}
			text, elements, ods := "(414)"+f.GLN, "414"+f.GLN, ""
			if f.Extension != "" {
				text, elements = text+"(254)"+f.Extension, elements+"254"+f.Extension
			}
			if f.ODS != "" {
				ods = "ODS " + f.ODS
			}
			add(f.Name, text, elements, true, f.Site, ods)
		}
	case OfCodes:
		for l, err := range d.ListedCodes(ctx) {
			if err != nil {
				return nil, nil, err
			}
			f := l.Fact
			if f.Removed {
				continue
			}
			sheet := udi.Procedure{System: sheetSystem(f.System), Code: f.Code}.SheetText()
			add(f.Text, "(99)"+sheet, "99"+sheet, true, f.System+" "+f.Code)
		}
	default:
		return nil, nil, trace.Errorf(trace.NotFound, "There is no list %q; they are staff, places and codes.", fmt.Sprint(of))
	}
	return labels, without, nil
}
