package scanner

import (
	"image"
	"math"
)

// Pictures are searched with their dark side up, and what was found is turned
// back. The engines and readers then see the same pixels whichever way a
// telephone was held, and read the same.

// toDarkTop is the EXIF orientation under which the darker side of a picture
// stands at the top: 1, 3, 6 or 8.
func toDarkTop(g *image.Gray) int {
	w, h := g.Rect.Dx(), g.Rect.Dy()
	var right, down float64 // how far the weight of what is dark is off the middle
	columns := make([]int, w)
	for y := range h {
		sum := 0
		for x, v := range g.Pix[y*g.Stride:][:w] {
			sum += int(255 - v)
			columns[x] += int(255 - v)
		}
		down += float64(sum) * float64(2*y+1-h)
	}
	for x, sum := range columns {
		right += float64(sum) * float64(2*x+1-w)
	}
	switch {
	case math.Abs(down) >= math.Abs(right) && down <= 0:
		return 1
	case math.Abs(down) >= math.Abs(right):
		return 3
	case right > 0:
		return 8
	}
	return 6
}

// turnedBack is where a place in a picture of w by h pixels is, that upright has
// turned by an orientation of 1, 3, 6 or 8. w and h are of the picture as it was
// before.
func turnedBack(p point, orientation int, w, h float64) point {
	switch orientation {
	case 3:
		return point{w - p.x, h - p.y}
	case 6:
		return point{p.y, h - p.x}
	case 8:
		return point{w - p.y, p.x}
	}
	return p
}

// turnBack gives all that was found its place in the picture as it was before it
// was turned.
func (s *search) turnBack() {
	g := s.asShown
	w, h := float64(g.Rect.Dx()), float64(g.Rect.Dy())
	back := func(p point) point { return turnedBack(p, s.orientation, w, h) }
	for i := range s.areas {
		a := &s.areas[i]
		to := back(point{a.mid.x + a.along.x, a.mid.y + a.along.y})
		a.mid = back(a.mid)
		a.along = point{to.x - a.mid.x, to.y - a.mid.y}
	}
	for i := range s.found {
		for j, c := range s.found[i].corners {
			s.found[i].corners[j] = back(c)
		}
	}
	for i := range s.failed {
		for j, c := range s.failed[i].corners {
			s.failed[i].corners[j] = back(c)
		}
	}
	s.gray = g
}
