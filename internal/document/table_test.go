package document

import (
	"strings"
	"testing"
)

// A lot or serial number that a table breaks in two is read as another.
func TestTableBreaksNoWord(t *testing.T) {
	d := New(Style{Title: "T", Wide: true})
	rows := [][]cell{
		{{"Device", true}, {"Lot", true}, {"Label (UDI)", true}},
		{{strings.Repeat("a long name of a device ", 4), false}, {"NM21-0417-XYZ", false}, {strings.Repeat("(01)09506000134352 ", 9), false}},
	}
	widths := d.widths(rows, 3)
	for _, r := range rows {
		for i, c := range r {
			if got := strings.Join(d.lines(c, widths[i]), " "); strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(c.text), " ") {
				t.Errorf("%q is broken: %q", c.text, got)
			}
		}
	}
}
