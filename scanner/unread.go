package scanner

import (
	"image"
	"math"
	"slices"
)

// Unread is a symbol that was located and not read.
type Unread struct {
	Format  string         // as of [Symbol], or "matrix" or "linear" where the kind cannot be told
	Corners [4]image.Point // in order around it, approximate
	Why     string         // one sentence: "A Data Matrix at the lower left could not be read: it is too blurred."
	Hint    string         // one sentence that says what to do
}

// mostUnread is how many are told. Where there are more, they are no symbols.
const mostUnread = 6

// surely is the score from which an area that nothing was read in is called a
// symbol. Some print scores so too: implantrace bench decode counts the pictures
// that were read whole and had such an area.
const surely = 0.66

// unread are the areas that look like symbols and have not been read, in no
// order.
func (s *search) unread() []Unread {
	if s.ctx.Err() != nil && len(s.areas) == 0 {
		return nil
	}
	symbols := s.judge()
	var all []Unread
	var told []area
	for _, a := range s.areas {
		if len(all) == mostUnread || a.score < surely || explained(a, symbols) ||
			slices.ContainsFunc(symbols, func(sym judged) bool { return a.covers(middle(sym.corners), 0) }) ||
			slices.ContainsFunc(told, func(b area) bool { return b.covers(a.mid, 0) || a.covers(b.mid, 0) }) {
			continue
		}
		if a.linear && a.length < 3*a.height && a.length < 120 || !a.linear && a.length > 4*a.height {
			continue // the like of which print has, too
		}
		told = append(told, a)
		u := Unread{Format: s.formatOf(a)}
		for i, c := range a.corners() {
			u.Corners[i] = image.Pt(int(math.Round(c.x)), int(math.Round(c.y)))
		}
		why, hint := s.reason(a)
		u.Why = kindNames[u.Format] + " " + s.placeOf(a) + " could not be read: " + why + "."
		u.Hint = hint
		all = append(all, u)
	}
	return all
}

// kindNames are the formats in words.
var kindNames = map[string]string{
	"DataMatrix": "A Data Matrix", "QRCode": "A QR code", "Aztec": "An Aztec code", "PDF417": "A PDF417",
	"Code128": "A Code 128", "matrix": "A square code", "linear": "A barcode",
}

// formatOf is the kind of symbol at an area, as far as an engine could tell.
func (s *search) formatOf(a area) string {
	for _, f := range s.failed {
		if _, known := kindNames[f.format]; known && a.covers(middle(f.corners), 0) {
			return f.format
		}
	}
	if a.linear {
		return "linear"
	}
	return "matrix"
}

// placeOf says in which part of the picture an area stands.
func (s *search) placeOf(a area) string {
	part := func(at float64, size int) int { return min(max(int(3*at/float64(size)), 0), 2) }
	return [3][3]string{
		{"at the upper left", "at the top", "at the upper right"},
		{"on the left", "in the middle", "on the right"},
		{"at the lower left", "at the bottom", "at the lower right"},
	}[part(a.mid.y, s.gray.Rect.Dy())][part(a.mid.x, s.gray.Rect.Dx())]
}

// reason says why an area could not be read, and what may help, by what can be
// measured: how large it is, how pale, how glaring, how blurred.
func (s *search) reason(a area) (why, hint string) {
	g := s.gray
	b := a.box(0).Intersect(g.Rect)
	if b.Empty() {
		return "it is cut off", "Take the picture again with the whole code in it."
	}
	var count [256]int
	steep := 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			v := g.Pix[y*g.Stride+x]
			count[v]++
			if x+1 < b.Max.X {
				d := int(v) - int(g.Pix[y*g.Stride+x+1])
				steep = max(steep, d, -d)
			}
		}
	}
	n := b.Dx() * b.Dy()
	at := func(part float64) int {
		seen := 0
		for v, c := range count {
			if seen += c; float64(seen) >= part*float64(n) {
				return v
			}
		}
		return 255
	}
	dark, light := at(0.05), at(0.95)
	glaring := 0
	for _, c := range count[250:] {
		glaring += c
	}
	switch {
	case b.Min.X <= 1 || b.Min.Y <= 1 || b.Max.X >= g.Rect.Max.X-1 || b.Max.Y >= g.Rect.Max.Y-1:
		return "it is cut off", "Take the picture again with the whole code in it."
	case glaring > n*7/10:
		return "there is too much glare", "Tilt the pack or move the light, and take the picture again."
	case light-dark < 45:
		return "it is too pale", "Take the picture in better light."
	case a.height < 36 || a.linear && a.length < 160:
		return "it is too small in the picture", "Take the picture from nearer."
	case steep < (light-dark)*2/5:
		return "it is too blurred", "Hold still, wait until the picture is sharp, and take it again."
	}
	return "it may be damaged, bent or covered", "Flatten the pack, take the picture straight on, or scan the code by hand."
}
