package card

import (
	"cmp"
	"fmt"
	"html"
	"strings"
	"time"

	"implantrace/internal/document"
	"implantrace/internal/trace"
)

// Format is how large a card is printed.
type Format struct {
	Name          string
	width, height float64 // of a page, in mm
	margin, size  float64 // of the letters, in mm: 3 and larger
	module        float64 // of the symbol, in mm
}

// The formats. Both set letters of 3 mm and larger.
var (
	Small = Format{Name: "card", width: 85.6, height: 53.98, margin: 4, size: 3, module: 0.5}
	Large = Format{Name: "a4", width: 210, height: 297, margin: 20, size: 6, module: 1.2}
)

// FormatNamed is the format of that name.
func FormatNamed(name string) (Format, bool) {
	for _, f := range []Format{Small, Large} {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}

// line is what is set on a card.
type line struct {
	text string
	bold bool
}

// PDF prints the card: for each device a side with whose it is and one with what
// it is. What does not fit on a side goes on to the next. An error wraps
// [document.ErrLetters] where a name has letters that cannot be printed, and
// [ErrNoImplant] where there is nothing to make a card of.
func (c Card) PDF(f Format, made time.Time) ([]byte, error) {
	if len(c.Implants) == 0 {
		return nil, ErrNoImplant
	}
	s := document.NewSheet(c.Title, made, f.width, f.height)
	for n, i := range c.Implants {
		of := ""
		if len(c.Implants) > 1 {
			of = fmt.Sprintf(" %d of %d", n+1, len(c.Implants))
		}
		front, back := c.front(of), i.back()
		if f == Large {
			if err := side(s, f, append(append(front, line{" ", false}), back...), i); err != nil {
				return nil, err
			}
			continue
		}
		if err := side(s, f, front, Implant{}); err != nil {
			return nil, err
		}
		if err := side(s, f, back, i); err != nil {
			return nil, err
		}
	}
	return s.PDF()
}

// front is whose the card is.
func (c Card) front(of string) []line {
	return filled(
		line{c.Title + of, true},
		line{c.Patient, true},
		said("Born", c.Birth),
		said("Number", c.Number),
		said("Implanted on", c.Day),
		said("At", c.Institution.Name),
		line{c.Institution.Address, false},
	)
}

// back is what the device is.
func (i Implant) back() []line {
	where := strings.TrimSpace(i.Site + map[bool]string{true: ", "}[i.Site != "" && i.Side != ""] + i.Side)
	quantity := i.Quantity
	if quantity == "1" {
		quantity = ""
	}
	return filled(
		line{i.Name, true},
		line{i.Type, false},
		said("Where", where),
		said("Pieces", quantity),
		line{strings.Join(nonEmpty(said("Lot", i.Lot).text, said("Serial", i.Serial).text), "  "), false},
		said("Catalogue no.", i.CatalogueNo),
		said("MRI", i.MRI),
		said("Maker", strings.TrimSpace(i.Maker+map[bool]string{true: ", "}[i.Maker != "" && i.Address != ""]+i.Address)),
		said("Information", i.Website),
		said("UDI", i.spaced()),
	)
}

// spaced is the human readable form with a space before each element, so that
// lines break between them.
func (i Implant) spaced() string {
	if !strings.HasPrefix(i.HRF, "(") {
		return i.HRF
	}
	return strings.TrimSpace(strings.ReplaceAll(i.HRF, "(", " ("))
}

func said(what, value string) line {
	if value == "" {
		return line{}
	}
	return line{what + ": " + value, false}
}

func filled(all ...line) (out []line) {
	for _, l := range all {
		if l.text != "" {
			out = append(out, l)
		}
	}
	return out
}

// side sets lines on a page, with the symbol of the device in its upper right
// corner, and goes on to further pages where they do not fit.
func side(s *document.Sheet, f Format, lines []line, i Implant) error {
	leading := f.size * 1.3
	y, symbol := 0.0, 0.0
	begin := func(drawn bool) {
		s.AddPage()
		if f == Small {
			s.Frame(0.5, 0.5, f.width-1, f.height-1)
		}
		y, symbol = f.margin+f.size, 0
		if drawn && i.Drawn {
			symbol = float64(i.Symbol.Size()) * f.module
			s.Symbol(f.width-f.margin-symbol, f.margin, f.module, i.Symbol)
		}
	}
	begin(true)
	for n, l := range lines {
		width := f.width - 2*f.margin
		rest := l.text
		for rest != "" {
			beside := width
			if symbol > 0 && y-f.size < f.margin+symbol+2*f.module {
				beside -= symbol + 4*f.module // two modules of quiet zone, and as much again
			}
			broken, err := s.Lines(rest, f.size, l.bold, beside)
			if err != nil {
				return err
			}
			if len(broken) == 0 {
				break // white space: a gap
			}
			if y > f.height-f.margin {
				begin(false)
				s.Text(f.margin, y, f.size, true, lines[0].text+" (more)")
				y += leading
				continue
			}
			s.Text(f.margin, y, f.size, l.bold, broken[0])
			rest = strings.Join(broken[1:], " ")
			y += leading
			if n == 0 && rest == "" {
				y += f.size * 0.3
			}
		}
		if strings.TrimSpace(l.text) == "" {
			y += leading
		}
	}
	return nil
}

// Notes is a page for the patient's notes: every device that was opened, with what
// its label says and what became of it.
func Notes(p trace.ProcedureInFull, at Institution, zone *time.Location, made time.Time) ([]byte, error) {
	e := html.EscapeString
	c := Of(p, at, zone)
	var b strings.Builder
	fmt.Fprintf(&b, "<h1>Implant record</h1><p><strong>%s</strong>", e(cmp.Or(c.Patient, "Name not recorded")))
	for _, v := range []line{said("born", c.Birth), said("number", c.Number)} {
		if v.text != "" {
			fmt.Fprintf(&b, ", %s", e(v.text))
		}
	}
	fmt.Fprintf(&b, "</p><p>%s</p>", e(strings.Join(nonEmpty(p.Procedure.Code.String(), sideWords(p.Procedure.Side), c.Day, p.Procedure.Place.String(), c.Institution.Name, c.Institution.Address), ", ")))
	if len(p.Procedure.People) > 0 {
		var people []string
		for _, one := range p.Procedure.People {
			people = append(people, one.String())
		}
		fmt.Fprintf(&b, "<p>%s</p>", e(strings.Join(people, ", ")))
	}
	b.WriteString("<table><tr><th>Device</th><th>Maker, catalogue number</th><th>Lot</th><th>Serial</th><th>Expiry</th><th>Label (UDI)</th><th>What became of it</th></tr>")
	rows := 0
	for _, u := range p.Usages {
		if u.Usage.Withdrawn {
			continue
		}
		rows++
		i := implant(u, p.Procedure.Side)
		outcome := u.Usage.Status.String()
		if u.Usage.Damaged {
			outcome += "; its code was damaged"
		}
		fmt.Fprintf(&b, "<tr><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>", e(strings.Join(nonEmpty(i.Name, i.Type, i.Side), ", ")),
			e(strings.Join(nonEmpty(i.Maker, i.CatalogueNo), ", ")), e(i.Lot), e(i.Serial), e(i.Expiry), e(i.spaced()), e(outcome))
	}
	b.WriteString("</table>")
	if rows == 0 {
		b.WriteString("<p>No device is recorded.</p>")
	}
	d := document.New(document.Style{Title: "Implant record", Made: made, Wide: true, Footer: "Implant record, printed " + made.In(zone).Format("2006-01-02 15:04")})
	if err := d.Page(b.String()); err != nil {
		return nil, err
	}
	return d.PDF()
}

func sideWords(s trace.Side) string {
	switch s {
	case "", trace.SideNone:
		return ""
	case trace.SideBilateral:
		return "both sides"
	}
	return string(s)
}

func nonEmpty(all ...string) (out []string) {
	for _, s := range all {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}
