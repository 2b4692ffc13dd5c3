package document

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-fonts/dejavu/dejavusans"
	"github.com/go-fonts/dejavu/dejavusansbold"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/text/unicode/norm"
)

// ErrHTML means that a text is not the simple HTML that can be set.
var ErrHTML = errors.New("not HTML that can be printed")

// ErrLetters means that the fonts do not have a letter.
var ErrLetters = errors.New("letters that cannot be printed")

// Style is how a document looks.
type Style struct {
	Title  string
	Made   time.Time // stands in the file
	Large  bool      // large print: 18 points
	Mark   string    // stands on every page, at its top and across it: "DRILL"
	Footer string    // stands at the foot of every page, before its number
	// Window leaves room for an address where envelopes have their window.
	Window bool
	Wide   bool // pages are wider than high: for tables
}

// Document is a PDF that is being made.
type Document struct {
	style   Style
	pdf     *fpdf.Fpdf
	size    float64 // points of plain text
	bold    int     // depth
	first   int     // pages before the present letter
	restart bool    // the next page is the first of a letter
}

const (
	font   = "dejavu"
	margin = 20.0 // mm
)

// New begins a document.
func New(s Style) *Document {
	turn := "P"
	if s.Wide {
		turn = "L"
	}
	d := &Document{style: s, pdf: fpdf.New(turn, "mm", "A4", ""), size: 11}
	switch {
	case s.Large:
		d.size = 18
	case s.Wide:
		d.size = 8
	}
	p := d.pdf
	p.SetCatalogSort(true)
	p.SetCreationDate(s.Made)
	p.SetModificationDate(s.Made)
	p.SetTitle(s.Title, true)
	p.SetLang("en-GB")
	p.AddUTF8FontFromBytes(font, "", dejavusans.TTF)
	p.AddUTF8FontFromBytes(font, "B", dejavusansbold.TTF)
	p.SetMargins(margin, margin, margin)
	p.SetAutoPageBreak(true, margin+4)
	p.SetHeaderFunc(d.head)
	p.SetFooterFunc(d.foot)
	return d
}

// head marks a page, and leaves the pen where the text begins.
func (d *Document) head() {
	if d.style.Mark == "" {
		return
	}
	p := d.pdf
	w, h := p.GetPageSize()
	p.SetFont(font, "B", 60)
	p.SetTextColor(225, 225, 225)
	p.TransformBegin()
	p.TransformRotate(45, w/2, h/2)
	p.Text(w/2-p.GetStringWidth(d.style.Mark)/2, h/2, d.style.Mark)
	p.TransformEnd()
	p.SetTextColor(0, 0, 0)
	p.SetFont(font, "B", 11)
	p.SetXY(margin, 8)
	p.CellFormat(w-2*margin, 6, d.style.Mark, "1", 0, "C", false, 0, "")
	p.SetXY(margin, margin)
	d.plain()
}

func (d *Document) foot() {
	p := d.pdf
	p.SetY(-15)
	p.SetFont(font, "", max(8, d.size*0.7))
	p.CellFormat(0, 8, strings.TrimSpace(fmt.Sprintf("%s  Page %d", d.style.Footer, p.PageNo()-d.first)), "", 0, "C", false, 0, "")
	d.plain()
}

func (d *Document) plain() {
	style := ""
	if d.bold > 0 {
		style = "B"
	}
	d.pdf.SetFont(font, style, d.size)
}

// line is the height of a line of text, in mm.
func (d *Document) line() float64 { return d.size * 25.4 / 72 * 1.35 }

// fixed brings a text to the form in which its accents are one with their letters.
func fixed(s string) string { return norm.NFC.String(s) }

// Page begins a page and sets HTML on it, and on as many after it as it takes.
func (d *Document) Page(source string) error {
	nodes, err := html.ParseFragment(strings.NewReader(source), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
	if err != nil {
		return fmt.Errorf("%w: %v", ErrHTML, err)
	}
	d.pdf.AddPage() // ends the page before, with its number
	if d.restart {
		d.first, d.restart = d.pdf.PageNo()-1, false
	}
	d.plain()
	for _, n := range nodes {
		if err := d.block(n); err != nil {
			return err
		}
	}
	return d.pdf.Error()
}

// Restart lets the numbers of pages begin anew: what comes is another letter.
func (d *Document) Restart() { d.restart = true }

// PDF ends the document.
func (d *Document) PDF() ([]byte, error) {
	var b bytes.Buffer
	err := d.pdf.Output(&b)
	return b.Bytes(), err
}

// block sets a node that stands by itself.
func (d *Document) block(n *html.Node) error {
	p := d.pdf
	if n.Type == html.CommentNode || n.Type == html.TextNode && strings.TrimSpace(n.Data) == "" {
		return nil
	}
	if n.Type != html.ElementNode {
		return fmt.Errorf("%w: text stands outside of a paragraph", ErrHTML)
	}
	switch n.DataAtom {
	case atom.H1, atom.H2, atom.H3:
		was := d.size
		d.size *= map[atom.Atom]float64{atom.H1: 1.5, atom.H2: 1.25, atom.H3: 1.1}[n.DataAtom]
		d.keep(3 * d.line())
		p.Ln(d.line() * 0.4)
		err := d.paragraph(n, true)
		d.size = was
		d.plain()
		return err
	case atom.P:
		return d.paragraph(n, false)
	case atom.Address:
		if d.style.Window && p.PageNo() > 0 {
			p.SetY(max(p.GetY(), 45))
		}
		if err := d.paragraph(n, false); err != nil {
			return err
		}
		if d.style.Window {
			p.SetY(max(p.GetY(), 84))
		}
		return nil
	case atom.Ul, atom.Ol:
		return d.list(n, n.DataAtom == atom.Ol)
	case atom.Hr:
		y, _ := p.GetPageSize()
		at := p.GetY() + 2
		p.Line(margin, at, y-margin, at)
		p.Ln(5)
		return nil
	case atom.Table:
		return d.table(n)
	case atom.Div, atom.Section:
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			if err := d.block(c); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("%w: the element %s is none that can be printed here", ErrHTML, n.Data)
}

// keep begins another page where less than so much is left of this one.
func (d *Document) keep(height float64) {
	_, h := d.pdf.GetPageSize()
	if d.pdf.GetY()+height > h-margin-4 {
		d.pdf.AddPage()
	}
}

func (d *Document) paragraph(n *html.Node, bold bool) error {
	if bold {
		d.bold++
		defer func() { d.bold-- }()
	}
	d.plain()
	if err := d.inline(n, true); err != nil {
		return err
	}
	d.pdf.Ln(d.line() * 1.35)
	return nil
}

// inline sets the text within a block. first: nothing stands on its line yet.
func (d *Document) inline(n *html.Node, first bool) error {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.Type == html.TextNode:
			text := spaced(c.Data)
			if first || c.PrevSibling != nil && c.PrevSibling.DataAtom == atom.Br {
				text = strings.TrimLeft(text, " ")
			}
			if text == "" {
				continue
			}
			first = false
			if err := d.write(text); err != nil {
				return err
			}
		case c.Type == html.CommentNode:
		case c.DataAtom == atom.Br:
			d.pdf.Ln(d.line())
			first = true
		case c.DataAtom == atom.Strong || c.DataAtom == atom.B:
			d.bold++
			d.plain()
			err := d.inline(c, first)
			d.bold--
			d.plain()
			if err != nil {
				return err
			}
			first = false
		case c.DataAtom == atom.Span:
			if err := d.inline(c, first); err != nil {
				return err
			}
			first = false
		default:
			return fmt.Errorf("%w: the element %s is none that can be printed within a text", ErrHTML, c.Data)
		}
	}
	return nil
}

func (d *Document) write(text string) error {
	if err := printable(text); err != nil {
		return err
	}
	d.pdf.Write(d.line(), fixed(text))
	return d.pdf.Error()
}

func printable(text string) error {
	missing, err := Missing(text)
	if err == nil && len(missing) > 0 {
		err = fmt.Errorf("%w: %q", ErrLetters, string(missing))
	}
	return err
}

// spaced makes one space of whatever parts words.
func spaced(s string) string {
	out := strings.Join(strings.Fields(s), " ")
	if out == "" {
		if s != "" {
			return " "
		}
		return ""
	}
	if strings.ContainsAny(s[:1], " \n\t\r") {
		out = " " + out
	}
	if strings.ContainsAny(s[len(s)-1:], " \n\t\r") {
		out += " "
	}
	return out
}

func (d *Document) list(n *html.Node, numbered bool) error {
	p := d.pdf
	indent := d.line() * 1.4
	i := 0
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.TextNode && strings.TrimSpace(c.Data) == "" || c.Type == html.CommentNode {
			continue
		}
		if c.DataAtom != atom.Li {
			return fmt.Errorf("%w: a list has items only", ErrHTML)
		}
		i++
		mark := "\u2022"
		if numbered {
			mark = fmt.Sprintf("%d.", i)
		}
		d.keep(d.line() * 2)
		d.plain()
		p.SetX(margin)
		p.CellFormat(indent, d.line(), mark, "", 0, "L", false, 0, "")
		p.SetLeftMargin(margin + indent)
		p.SetX(margin + indent)
		err := d.inline(c, true)
		p.SetLeftMargin(margin)
		if err != nil {
			return err
		}
		p.Ln(d.line() * 1.15)
	}
	p.Ln(d.line() * 0.5)
	return nil
}
