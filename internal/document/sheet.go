package document

import (
	"bytes"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-fonts/dejavu/dejavusans"
	"github.com/go-fonts/dejavu/dejavusansbold"
)

// Sheet is a document of pages of any size, on which lines of text and symbols
// are placed by hand: cards and labels. Lengths are millimetres from the upper
// left corner.
type Sheet struct {
	pdf *fpdf.Fpdf
}

// Dots is a symbol of square modules.
type Dots interface {
	Size() int // modules in a side
	Get(x, y int) bool
}

// NewSheet begins a document of pages so wide and high.
func NewSheet(title string, made time.Time, width, height float64) *Sheet {
	p := fpdf.NewCustom(&fpdf.InitType{OrientationStr: "P", UnitStr: "mm", Size: fpdf.SizeType{Wd: width, Ht: height}})
	p.SetCatalogSort(true)
	p.SetCreationDate(made)
	p.SetModificationDate(made)
	p.SetTitle(title, true)
	p.SetLang("en-GB")
	p.AddUTF8FontFromBytes(font, "", dejavusans.TTF)
	p.AddUTF8FontFromBytes(font, "B", dejavusansbold.TTF)
	p.SetAutoPageBreak(false, 0)
	return &Sheet{pdf: p}
}

// AddPage begins a page.
func (s *Sheet) AddPage() { s.pdf.AddPage() }

func (s *Sheet) font(size float64, bold bool) {
	style := ""
	if bold {
		style = "B"
	}
	s.pdf.SetFont(font, style, size*72/25.4)
}

// Lines breaks a text into lines that are at most so wide: between words, and
// within those that are wider. An error wraps [ErrLetters].
func (s *Sheet) Lines(text string, size float64, bold bool, width float64) ([]string, error) {
	if err := printable(text); err != nil {
		return nil, err
	}
	s.font(size, bold)
	var lines []string
	line := ""
	for _, word := range strings.Fields(fixed(text)) {
		if joined := strings.TrimSpace(line + " " + word); s.pdf.GetStringWidth(joined) <= width {
			line = joined
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		line = ""
		for _, r := range word {
			if line != "" && s.pdf.GetStringWidth(line+string(r)) > width {
				lines = append(lines, line)
				line = ""
			}
			line += string(r)
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines, nil
}

// Text sets one line, whose letters stand on y. It is given as [Sheet.Lines]
// broke it.
func (s *Sheet) Text(x, y, size float64, bold bool, line string) {
	s.font(size, bold)
	s.pdf.Text(x, y, line)
}

// Symbol draws a symbol of modules so wide. Its quiet zone is the caller's.
func (s *Sheet) Symbol(x, y, module float64, d Dots) {
	s.pdf.SetFillColor(0, 0, 0)
	for row := range d.Size() {
		for from := 0; from < d.Size(); from++ {
			to := from
			for to < d.Size() && d.Get(to, row) {
				to++
			}
			if to > from { // modules in a row are one: no seam between them
				s.pdf.Rect(x+float64(from)*module, y+float64(row)*module, float64(to-from)*module, module, "F")
				from = to
			}
		}
	}
}

// Frame draws a rectangle.
func (s *Sheet) Frame(x, y, width, height float64) {
	s.pdf.SetLineWidth(0.2)
	s.pdf.Rect(x, y, width, height, "D")
}

// PDF ends the document.
func (s *Sheet) PDF() ([]byte, error) {
	var b bytes.Buffer
	err := s.pdf.Output(&b)
	return b.Bytes(), err
}
