package scanner

import (
	"image"
	"math"
)

// point is a place in a picture; pixel 0,0 has its middle at 0.5,0.5.
type point struct{ x, y float64 }

// line is one straight way across a picture, one sample a pixel.
type line struct {
	from   point
	dx, dy float64 // of one sample
	length int
}

func (l line) at(d float64) point { return point{l.from.x + d*l.dx, l.from.y + d*l.dy} }

// linesAt lays parallel lines over a picture of w by h pixels, at an angle in
// degrees and so many pixels apart.
func linesAt(w, h int, degrees, apart float64) []line {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	mid := point{float64(w) / 2, float64(h) / 2}
	reach := (math.Abs(float64(w)*sin) + math.Abs(float64(h)*cos)) / 2
	var lines []line
	for off := -math.Floor(reach/apart) * apart; off <= reach; off += apart {
		// A line through (x,y) = mid + off*normal + t*(cos,sin), cut to the picture.
		x, y := mid.x-off*sin, mid.y+off*cos
		lo, hi := math.Inf(-1), math.Inf(1)
		for _, axis := range [2]struct{ at, dir, end float64 }{{x, cos, float64(w)}, {y, sin, float64(h)}} {
			if math.Abs(axis.dir) < 1e-9 {
				if axis.at < 0 || axis.at > axis.end {
					lo, hi = 0, 0
				}
				continue
			}
			a, b := -axis.at/axis.dir, (axis.end-axis.at)/axis.dir
			lo, hi = max(lo, min(a, b)), min(hi, max(a, b))
		}
		if n := int(hi - lo); n >= 40 { // shorter than any symbol
			lines = append(lines, line{point{x + lo*cos, y + lo*sin}, cos, sin, n})
		}
	}
	return lines
}

// A gaze is how a pass looks along its lines.
type gaze struct {
	name    string
	swing   float32 // of the contrast nearby; smaller ups and downs are noise
	sharpen float32 // how much of what blur took away is given back
}

var (
	fine   = gaze{name: "lines", swing: 0.12}
	coarse = gaze{name: "coarse lines", swing: 0.24}
	sharp  = gaze{name: "sharpened lines", swing: 0.24, sharpen: 3}
)

// profile is the brightness along a line, the mean of three lines side by side.
func profile(g *image.Gray, l line, into []float32) []float32 {
	into = into[:0]
	for i := range l.length {
		p := l.at(float64(i) + 0.5)
		sum := sample(g, p.x, p.y) + sample(g, p.x-l.dy, p.y+l.dx) + sample(g, p.x+l.dy, p.y-l.dx)
		into = append(into, sum/3)
	}
	return into
}

// sample is the brightness at a place between the middles of four pixels.
func sample(g *image.Gray, x, y float64) float32 {
	x, y = x-0.5, y-0.5
	w, h := g.Rect.Dx(), g.Rect.Dy()
	if x >= 0 && y >= 0 && x < float64(w-1) && y < float64(h-1) { // hardly any is at the edge
		ix, iy := int(x), int(y)
		fx, fy := float32(x-float64(ix)), float32(y-float64(iy))
		top := g.Pix[iy*g.Stride+ix:]
		bottom := top[g.Stride:]
		a := float32(top[0]) + fx*(float32(top[1])-float32(top[0]))
		b := float32(bottom[0]) + fx*(float32(bottom[1])-float32(bottom[0]))
		return a + fy*(b-a)
	}
	ix, iy := int(math.Floor(x)), int(math.Floor(y))
	fx, fy := float32(x-float64(ix)), float32(y-float64(iy))
	x0, x1 := min(max(ix, 0), w-1), min(max(ix+1, 0), w-1)
	y0, y1 := min(max(iy, 0), h-1), min(max(iy+1, 0), h-1)
	top, bottom := g.Pix[y0*g.Stride:], g.Pix[y1*g.Stride:]
	a := float32(top[x0]) + fx*(float32(top[x1])-float32(top[x0]))
	b := float32(bottom[x0]) + fx*(float32(bottom[x1])-float32(bottom[x0]))
	return a + fy*(b-a)
}

// edges are the places along a profile at which it turns from light to dark
// and back, by turns; the first turns dark. An edge stands halfway between the
// lightest and the darkest place on its two sides, wherever those are: that
// needs no threshold, follows uneven light and forgives blur.
func (z gaze) edges(p []float32, into []float64) []float64 {
	into = into[:0]
	if z.sharpen > 0 {
		p = sharpened(p, z.sharpen)
	}
	lightest, darkest := float32(0), float32(255)
	for _, v := range p {
		lightest, darkest = max(lightest, v), min(darkest, v)
	}
	if lightest-darkest < 12 {
		return into
	}
	swings := z.swings(p, lightest-darkest)
	// An edge is placed when the extremes on both its sides are known, which is
	// when the profile has turned again.
	top, bottom, light := 0, -1, true
	for i, v := range p {
		swing := swings[i/swingSpan]
		switch {
		case light && v >= p[top]:
			top = i
		case light && v < p[top]-swing:
			if bottom >= 0 {
				into = append(into, crossing(p, bottom, top))
			}
			bottom, light = i, false
		case !light && v <= p[bottom]:
			bottom = i
		case !light && v > p[bottom]+swing:
			into = append(into, crossing(p, top, bottom))
			top, light = i, true
		}
	}
	switch {
	case !light:
		into = append(into, crossing(p, top, bottom))
	case bottom >= 0:
		into = append(into, crossing(p, bottom, top))
	}
	return into
}

// swingSpan is how many samples share a swing.
const swingSpan = 16

// swings are the ups and downs that are more than noise, along a profile: a part
// of the contrast nearby, for what is glaring, shaded or pale on a part of a
// line.
func (z gaze) swings(p []float32, contrast float32) []float32 {
	n := (len(p) + swingSpan - 1) / swingSpan
	low, high := make([]float32, n), make([]float32, n)
	for i := range low {
		low[i], high[i] = 255, 0
		for _, v := range p[i*swingSpan : min((i+1)*swingSpan, len(p))] {
			low[i], high[i] = min(low[i], v), max(high[i], v)
		}
	}
	out := make([]float32, n)
	for i := range out {
		l, h := float32(255), float32(0)
		for j := max(i-2, 0); j <= min(i+2, n-1); j++ {
			l, h = min(l, low[j]), max(h, high[j])
		}
		out[i] = z.swing * max(h-l, contrast/8, 10)
	}
	return out
}

// sharpened adds to every sample what it differs from its neighbours by.
func sharpened(p []float32, amount float32) []float32 {
	out := make([]float32, len(p))
	last := len(p) - 1
	for i, v := range p {
		around := (p[max(i-2, 0)] + 2*p[max(i-1, 0)] + 2*v + 2*p[min(i+1, last)] + p[min(i+2, last)]) / 8
		out[i] = v + amount*(v-around)
	}
	return out
}

// crossing is where the profile between two of its samples passes the middle of
// their values; the mean place, if noise has it pass several times.
func crossing(p []float32, a, b int) float64 {
	level := (p[a] + p[b]) / 2
	first, last := -1.0, -1.0
	for i := a; i < b; i++ {
		if (p[i] < level) != (p[i+1] < level) {
			last = float64(i) + float64((level-p[i])/(p[i+1]-p[i]))
			if first < 0 {
				first = last
			}
		}
	}
	if first < 0 {
		return float64(a+b)/2 + 0.5
	}
	return (first+last)/2 + 0.5
}

// mirrored is the same edges, seen from the other end of a line. An edge that
// turns light seen from here turns dark seen from there.
func mirrored(e []float64, length int) []float64 {
	if len(e)%2 == 1 {
		e = e[:len(e)-1]
	}
	out := make([]float64, len(e))
	for i, at := range e {
		out[len(e)-1-i] = float64(length) - at
	}
	return out
}
