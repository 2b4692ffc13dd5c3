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

// widths parts the width of the page by how long the texts are.
func (d *Document) widths(rows [][]cell, columns int) []float64 {
	page, _ := d.pdf.GetPageSize()
	all := make([]float64, columns)
	sum := 0.0
	for c := range all {
		longest, word := 0.0, 0.0
		for i, r := range rows {
			if i == 400 {
				break // as the first rows are, so are the others
			}
			if c >= len(r) {
				continue
			}
			longest = max(longest, float64(len([]rune(r[c].text))))
			for w := range strings.FieldsSeq(r[c].text) {
				word = max(word, float64(len([]rune(w))))
			}
		}
		all[c] = max(min(longest, 36), min(word, 24), 4) + 2
		sum += all[c]
	}
	for c := range all {
		all[c] *= (page - 2*margin) / sum
	}
	return all
}

func (d *Document) lines(c cell, width float64) []string {
	style := ""
	if c.head {
		style = "B"
	}
	d.pdf.SetFont(font, style, d.size)
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
