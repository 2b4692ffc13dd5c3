package scanner

import (
	"cmp"
	"image"
	"math"
	"slices"
)

// A candidate is all that the passes have found of one symbol: same format,
// same identifier, same text.
type candidate struct {
	first   finding
	ways    []string // in which it was read
	engines []string
	plain   bool
	partial bool
	lines   int
}

// judged is a symbol, and where it stands to parts of a pixel.
type judged struct {
	Symbol
	corners [4]point
	linear  bool
}

func (s *search) judge() []judged { return judge(s.found, s.proves) }

// judge says what the findings of all passes amount to. See [Symbol] for the rule.
func judge(found []finding, proves func(string) bool) []judged {
	candidates := gather(found)
	var symbols []judged
	for _, c := range candidates {
		outvoted, contested := c.weak(), false
		for _, other := range candidates {
			if other == c || !c.contradicts(other) {
				continue
			}
			// Engines count lines differently: a vote is of one engine's lines.
			same := other.first.engine == c.first.engine
			outvoted = outvoted || same && other.lines >= 10*max(c.lines, 1)
			contested = contested || !same || c.lines < 10*max(other.lines, 1)
		}
		if outvoted {
			continue
		}
		f := c.first
		s := judged{Symbol{Format: f.format, AIM: f.aim, Text: f.text, Pass: f.pass, Engine: f.engine}, f.corners, c.linear()}
		for i, p := range f.corners {
			s.Corners[i] = image.Pt(int(math.Round(p.x)), int(math.Round(p.y)))
		}
		s.Sure = !contested && !c.partial && (c.agreed() || proves != nil && proves(f.aim+f.text))
		symbols = append(symbols, s)
	}
	return symbols
}

func gather(found []finding) []*candidate {
	type key struct{ format, aim, text string }
	byKey := map[key]*candidate{}
	var all []*candidate
	for _, f := range found {
		k := key{f.format, f.aim, f.text}
		c := byKey[k]
		if c == nil {
			c = &candidate{first: f}
			byKey[k] = c
			all = append(all, c)
		}
		if !slices.Contains(c.ways, f.way) {
			c.ways = append(c.ways, f.way)
		}
		if !slices.Contains(c.engines, f.engine) {
			c.engines = append(c.engines, f.engine)
		}
		c.plain = c.plain || f.plain
		c.partial = c.partial || f.partial
		c.lines += f.lines
	}
	return all
}

// agreed says that a symbol needs no proof: the plain pass has read it, or
// independent passes agree. What noise passes for now and then has to be read by
// two engines.
func (c *candidate) agreed() bool {
	if weakFormat(c.first.format) {
		return len(c.engines) >= 2
	}
	return c.plain || len(c.ways) >= 2
}

func (c *candidate) linear() bool { return c.first.lines > 0 }

// weak says that too few lines have read a linear symbol alike. The retail codes
// have short patterns, and a check digit that one text in ten passes: a line
// through print reads one now and then.
func (c *candidate) weak() bool {
	if c.first.format == "Code128" {
		return c.lines < 2
	}
	return c.linear() && c.lines < 5
}

// contradicts says that two candidates tell different things of one place. What
// is weak still counts against its own kind.
func (c *candidate) contradicts(o *candidate) bool {
	return c.linear() == o.linear() && (c.first.format == o.first.format || !o.weak()) &&
		(within(middle(c.first.corners), o.first.corners) || within(middle(o.first.corners), c.first.corners))
}

func middle(corners [4]point) point {
	var m point
	for _, p := range corners {
		m.x += p.x / 4
		m.y += p.y / 4
	}
	return m
}

// within says whether p is inside the corners, or close to them: a symbol read
// on a single line has no height.
func within(p point, corners [4]point) bool {
	left, right, near, size := false, false, math.Inf(1), 0.0
	for i, a := range corners {
		b := corners[(i+1)%4]
		dx, dy := b.x-a.x, b.y-a.y
		side := math.Hypot(dx, dy)
		size = max(size, side)
		cross := dx*(p.y-a.y) - dy*(p.x-a.x)
		left, right = left || cross > 0, right || cross < 0
		t := 0.0
		if side > 0 {
			t = min(max(((p.x-a.x)*dx+(p.y-a.y)*dy)/(side*side), 0), 1)
		}
		near = min(near, math.Hypot(p.x-a.x-t*dx, p.y-a.y-t*dy))
	}
	return !(left && right) || near <= 0.1*size
}

// inReadingOrder sorts from top to bottom, and from left to right what stands
// side by side.
func inReadingOrder(symbols []Symbol) []Symbol {
	slices.SortStableFunc(symbols, func(a, b Symbol) int {
		return cmp.Or(cmp.Compare(box(a).Min.Y, box(b).Min.Y), cmp.Compare(box(a).Min.X, box(b).Min.X))
	})
	// From the topmost on, take whatever has its middle above the bottom of the
	// first of a row for the same row.
	for row := symbols; len(row) > 0; {
		bottom, n := box(row[0]).Max.Y, 1
		for n < len(row) && (box(row[n]).Min.Y+box(row[n]).Max.Y)/2 < bottom {
			n++
		}
		slices.SortStableFunc(row[:n], func(a, b Symbol) int { return cmp.Compare(box(a).Min.X, box(b).Min.X) })
		row = row[n:]
	}
	return symbols
}

func box(s Symbol) image.Rectangle {
	b := image.Rectangle{s.Corners[0], s.Corners[0]}
	for _, c := range s.Corners[1:] {
		b.Min.X, b.Min.Y = min(b.Min.X, c.X), min(b.Min.Y, c.Y)
		b.Max.X, b.Max.Y = max(b.Max.X, c.X), max(b.Max.Y, c.Y)
	}
	return b
}
