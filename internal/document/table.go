package document

import (
	"fmt"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// cell is one cell of a table.
type cell struct {
	text string
	head bool
}

// table sets a table over the whole width of the page. Its heading stands again
// on each page.
func (d *Document) table(n *html.Node) error {
	rows, err := cells(n)
	if err != nil || len(rows) == 0 {
		return err
	}
	columns := 0
	for _, r := range rows {
		columns = max(columns, len(r))
	}
	widths := d.widths(rows, columns)
	var heading []cell
	if len(rows[0]) > 0 && rows[0][0].head && len(rows) > 1 && rows[0][len(rows[0])-1].head {
		heading = rows[0]
	}
	for i, r := range rows {
		height := d.height(r, widths)
		_, page := d.pdf.GetPageSize()
		if d.pdf.GetY()+height > page-margin-4 && d.pdf.GetY() > margin+1 {
			d.pdf.AddPage()
			if heading != nil && i > 0 {
				if err := d.row(heading, widths, d.height(heading, widths)); err != nil {
					return err
				}
			}
		}
		if err := d.row(r, widths, height); err != nil {
			return err
		}
	}
	d.plain()
	d.pdf.Ln(d.line())
	return nil
}

// padding is what a column is wider than its text, in mm: the margins of its cell,
// and some more to its neighbour.
const padding = 5

// widths parts the width of the page: each column has room for its widest word,
// so that no lot or serial number is broken, as long as all have; what is left
// goes to those whose texts are longest.
func (d *Document) widths(rows [][]cell, columns int) []float64 {
	page, _ := d.pdf.GetPageSize()
	room := page - 2*margin
	needs, wants := make([]float64, columns), make([]float64, columns)
	need, want := 0.0, 0.0
	for c := range columns {
		for i, r := range rows {
			if i == 400 {
				break // as the first rows are, so are the others
			}
			if c >= len(r) {
				continue
			}
			d.cellFont(r[c])
			text := fixed(r[c].text)
			wants[c] = max(wants[c], d.pdf.GetStringWidth(text)+padding)
			for w := range strings.FieldsSeq(text) {
				needs[c] = max(needs[c], d.pdf.GetStringWidth(w)+padding)
			}
		}
		needs[c] = min(max(needs[c], 2*padding), room/2)
		wants[c] = min(max(wants[c], needs[c]), room/2)
		need, want = need+needs[c], want+wants[c]-needs[c]
	}
	all := make([]float64, columns)
	for c := range columns {
		switch {
		case need >= room:
			all[c] = needs[c] * room / need
		case want == 0:
			all[c] = needs[c] + (room-need)/float64(columns)
		default:
			all[c] = needs[c] + (room-need)*(wants[c]-needs[c])/want
		}
	}
	return all
}

func (d *Document) cellFont(c cell) {
	style := ""
	if c.head {
		style = "B"
	}
	d.pdf.SetFont(font, style, d.size)
}

func (d *Document) lines(c cell, width float64) []string {
	d.cellFont(c)
	return d.pdf.SplitText(fixed(c.text), width-2)
}

func (d *Document) height(r []cell, widths []float64) float64 {
	n := 1
	for i, c := range r {
		n = max(n, len(d.lines(c, widths[i])))
	}
	return float64(n)*d.line() + 2
}

func (d *Document) row(r []cell, widths []float64, height float64) error {
	p := d.pdf
	x, y := margin, p.GetY()
	for i, c := range r {
		if err := printable(c.text); err != nil {
			return err
		}
		for j, line := range d.lines(c, widths[i]) {
			p.SetXY(x, y+1+float64(j)*d.line())
			p.CellFormat(widths[i], d.line(), line, "", 0, "L", false, 0, "")
		}
		x += widths[i]
	}
	page, _ := p.GetPageSize()
	p.SetDrawColor(150, 150, 150)
	p.Line(margin, y+height, page-margin, y+height)
	p.SetDrawColor(0, 0, 0)
	p.SetXY(margin, y+height)
	return p.Error()
}

// cells reads a table. Its cells have plain text.
func cells(n *html.Node) (rows [][]cell, err error) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.Type != html.ElementNode:
		case c.DataAtom == atom.Thead, c.DataAtom == atom.Tbody:
			more, err := cells(c)
			if err != nil {
				return nil, err
			}
			rows = append(rows, more...)
		case c.DataAtom == atom.Tr:
			var r []cell
			for x := c.FirstChild; x != nil; x = x.NextSibling {
				if x.DataAtom == atom.Td || x.DataAtom == atom.Th {
					r = append(r, cell{strings.TrimSpace(spaced(textOf(x))), x.DataAtom == atom.Th})
				}
			}
			rows = append(rows, r)
		default:
			return nil, fmt.Errorf("%w: a table has rows only, and not %s", ErrHTML, c.Data)
		}
	}
	return rows, nil
}

func textOf(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	var b strings.Builder
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(textOf(c))
	}
	return b.String()
}
