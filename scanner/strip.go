package scanner

import (
	"image"
	"math"
)

// lane is a way across the bars of a linear area, some pixels high.
type lane struct {
	line
	bars   point   // unit vector along the bars
	height float64 // of what is averaged, in pixels along the bars
}

// lanes are so many ways across a linear area, side by side, each somewhat
// longer than it, for the quiet zones and what the locator cut off.
func (a area) lanes(n int) []lane {
	reach := a.length*0.58 + 16
	across := point{-a.along.y, a.along.x}
	sin, cos := math.Sincos(a.skew)
	bars := point{across.x*cos - across.y*sin, across.x*sin + across.y*cos}
	var all []lane
	for i := range n {
		off := a.height * 0.8 * ((float64(i)+0.5)/float64(n) - 0.5)
		from := point{a.mid.x + off*across.x - reach*a.along.x, a.mid.y + off*across.y - reach*a.along.y}
		all = append(all, lane{line{from, a.along.x, a.along.y, int(2 * reach)}, bars, a.height * 0.6 / float64(n)})
	}
	return all
}

// profile is the brightness along a lane, the mean of up to seven lines.
func (l lane) profile(g *image.Gray, into []float32) []float32 {
	into = into[:0]
	n := min(max(int(l.height), 1), 7)
	for i := range l.length {
		p := l.at(float64(i) + 0.5)
		sum := float32(0)
		for j := range n {
			off := l.height * ((float64(j)+0.5)/float64(n) - 0.5)
			sum += sample(g, p.x+off*l.bars.x, p.y+off*l.bars.y)
		}
		into = append(into, sum/float32(n))
	}
	return into
}

// gazes are the ways in which a lane is looked at, the plainest first.
var gazes = []gaze{
	fine, coarse, sharp,
	{name: "more sharpened", swing: 0.18, sharpen: 6},
	{name: "slightly sharpened", swing: 0.15, sharpen: 1.5},
}

const lanesOfArea = 9

// inStrip reads the linear symbols of an area across its bars.
func inStrip(g *image.Gray, a area) []finding {
	found := newReads()
	var p []float32
	var e []float64
	lanes := a.lanes(lanesOfArea)
	for i := 0; i < len(lanes); i++ {
		l := lanes[i]
		if i == lanesOfArea-1 && len(found.order) == 0 {
			lanes = append(lanes, a.lanes(3*lanesOfArea)...) // thinner ones, if that is all there is
		}
		p = l.profile(g, p)
		for _, z := range gazes {
			e = z.edges(p, e)
			n := 0
			for _, light := range [2]bool{false, true} { // bars
				bars := e
				if light && len(e) > 0 {
					bars = e[1:]
				}
				if n = found.along(l.line, bars, closeQuiet, 1, true); n > 0 {
					break
				}
			}
			if n > 0 {
				break
			}
		}
	}
	return found.all()
}

// closeQuiet is the quiet zone, in modules, that is asked of a symbol where an
// area has been found: labels put a frame close around some.
const closeQuiet = 1.3

// reads gathers what lines across linear symbols read alike.
type reads struct {
	by    map[string]*finding
	order []string
}

func newReads() *reads { return &reads{by: map[string]*finding{}} }

func (r *reads) all() []finding {
	var out []finding
	for _, key := range r.order {
		out = append(out, *r.by[key])
	}
	return out
}

// along reads the symbols on a line, both ways, from its edges, and returns how
// many it has found.
func (r *reads) along(l line, e []float64, quiet, scale float64, retail bool) (n int) {
	ways := [2][]float64{e, mirrored(e, l.length)}
	take := func(back bool, found []linearRead) {
		for _, f := range found {
			if back {
				f.from, f.to = float64(l.length)-f.from, float64(l.length)-f.to
			}
			r.add(f, l, scale)
			n++
		}
	}
	for i, seen := range ways {
		take(i == 1, code128On(seen, quiet))
	}
	if retail && n == 0 { // within a Code 128 one sees an EAN now and then
		for i, seen := range ways {
			take(i == 1, retailOn(seen, l.length))
		}
	}
	return n
}

func (r *reads) add(f linearRead, l line, scale float64) {
	from, to := l.at(f.from), l.at(f.to)
	from, to = point{from.x * scale, from.y * scale}, point{to.x * scale, to.y * scale}
	key := f.format + f.aim + f.text
	known := r.by[key]
	if known == nil {
		known = &finding{engine: engineOwn, format: f.format, aim: f.aim, text: f.text, partial: f.partial}
		if f.format != "Code128" {
			known.engine = engineGo
		}
		known.corners[0], known.corners[1] = from, to
		r.by[key] = known
		r.order = append(r.order, key)
	}
	known.corners[3], known.corners[2] = from, to
	known.lines++
}

// crossed says whether two linear findings may be of the same bars: their
// places overlap.
func (a area) covers(p point, margin float64) bool {
	dx, dy := p.x-a.mid.x, p.y-a.mid.y
	u, v := dx*a.along.x+dy*a.along.y, -dx*a.along.y+dy*a.along.x
	return math.Abs(u) <= a.length/2+margin && math.Abs(v) <= a.height/2+margin
}
