package scanner

import (
	"context"
	"fmt"
	"image"
	"math"

	"github.com/makiuchi-d/gozxing"
)

// A finding is a symbol that one pass has read, not yet judged.
type finding struct {
	engine            string
	format, aim, text string
	corners           [4]point
	pass              string
	way               string // of the pass
	plain             bool   // by the plain pass over the whole picture
	lines             int    // of a linear symbol: how many lines across it read it
	partial           bool   // the text is not all of the message
}

// view is a picture as one pass sees it.
type view struct {
	gray  *image.Gray
	scale float64 // pixels of the whole picture in one of the view
}

// A pass looks at a picture in one way.
type pass struct {
	name string
	// way is what makes two passes independent of each other. Lines at the same
	// angle meet the same scratch, however they are looked at.
	way  string
	run  func(ctx context.Context) []finding
	ends bool // when all found so far is sure, no later pass is needed
}

// mostRegions is how many regions of one cell size are looked into, from the
// largest on. Noise has thousands.
const mostRegions = 60

// withoutEngine runs the passes of gozxing until all that was found is sure.
func (s *search) withoutEngine() {
	for _, p := range plan(s.gray) {
		if s.ctx.Err() != nil {
			return
		}
		found := p.findings(s.ctx)
		plain := p.name == plainPass
		s.add(found, p.name, p.way, plain)
		if p.ends && s.done() {
			return
		}
	}
}

// findings runs the pass. gozxing trips over some noise; a pass in which it does
// has found nothing, and the others go on.
func (p pass) findings(ctx context.Context) (found []finding) {
	defer func() {
		if recover() != nil {
			found = nil
		}
	}()
	return p.run(ctx)
}

const plainPass = "plain"

// plan lists the passes over a picture, from cheap to dear.
func plan(g *image.Gray) []pass {
	n := 1
	for g.Rect.Dx()/n*(g.Rect.Dy()/n) > largestView {
		n++
	}
	whole := view{shrink(g, n), float64(n)}
	half := func() view { return view{shrink(whole.gray, 2), whole.scale * 2} }

	var passes []pass
	add := func(name, way string, ends bool, run func(ctx context.Context) []finding) {
		passes = append(passes, pass{name, way, run, ends})
	}
	matrix := func(name string, ends bool, see func() view, blacken blackener, cells ...int) {
		add(name, name, ends, func(ctx context.Context) []finding { return inRegions(ctx, see(), blacken, cells) })
	}
	lines := func(ends bool, see func() view, z gaze, angles ...float64) {
		for i, a := range angles {
			add(fmt.Sprintf("%s at %g degrees", z.name, a), angleWay(a), ends && i == len(angles)-1,
				func(ctx context.Context) []finding { return alongLines(ctx, see(), z, a) })
		}
	}
	inverted := func() view { return view{invert(whole.gray), whole.scale} }
	smoothed := func() view { return view{smooth(whole.gray), whole.scale} }
	sharpened := func() view { return view{sharpen(whole.gray), whole.scale} }
	asIs := func() view { return whole }

	add(plainPass, plainPass, false, func(context.Context) []finding { return plainly(whole) })
	lines(false, asIs, fine, 0, 90)
	lines(false, asIs, coarse, 0, 90)
	matrix("regions", false, asIs, blackAdaptive, 4, 8, 16)
	matrix("regions, one threshold", true, asIs, blackGlobal, 4, 8, 16)
	lines(true, asIs, fine, 3, -3, 93, 87)
	lines(true, asIs, fine, 7, -7, 97, 83)
	matrix("regions of half size", true, half, blackAdaptive, 3, 6, 12)
	if whole.scale > 1 {
		full := func() view { return view{g, 1} }
		lines(true, full, fine, 0, 90)
		matrix("full size regions", true, full, blackAdaptive, 6, 12, 24)
	}
	matrix("inverted regions", false, inverted, blackAdaptive, 4, 8, 16)
	matrix("inverted regions, one threshold", true, inverted, blackGlobal, 4, 8, 16)
	matrix("smoothed regions", false, smoothed, blackAdaptive, 4, 8, 16)
	matrix("smoothed regions, one threshold", true, smoothed, blackGlobal, 4, 8, 16)
	lines(true, asIs, sharp, 0, 90)
	matrix("sharpened regions", true, sharpened, blackAdaptive, 4, 8, 16)
	lines(true, asIs, fine, 14, -14, 104, 76, 22, -22, 112, 68, 30, -30, 120, 60, 37, -37, 127, 53, 45, -45)
	return passes
}

// plainly reads the whole picture as it is.
func plainly(v view) []finding {
	bits, err := blackAdaptive(v.gray)
	if err != nil {
		return nil
	}
	var found []finding
	for _, read := range []func(*gozxing.BitMatrix) (finding, bool){dataMatrixIn, qrCodeIn} {
		if f, ok := read(bits); ok {
			for i := range f.corners {
				f.corners[i] = point{f.corners[i].x * v.scale, f.corners[i].y * v.scale}
			}
			found = append(found, f)
		}
	}
	return found
}

// blackener says which pixels of a picture are black.
type blackener func(*image.Gray) (*gozxing.BitMatrix, error)

// inRegions reads matrix symbols that stand alone when looked at in cells of
// the sizes given.
func inRegions(ctx context.Context, v view, blacken blackener, cells []int) []finding {
	bits, err := blacken(v.gray)
	if err != nil {
		return nil
	}
	black := unpack(bits)
	w, h := v.gray.Rect.Dx(), v.gray.Rect.Dy()
	var found []finding
	seen := map[image.Rectangle]bool{}
	for _, cell := range cells {
		for i, r := range regionsOf(black, w, h, cell) {
			if i == mostRegions || ctx.Err() != nil {
				break
			}
			if seen[r.box] {
				continue
			}
			seen[r.box] = true
			n := 1
			if long := max(r.box.Dx(), r.box.Dy()); long < 160 {
				n = 3
			} else if long < 320 {
				n = 2
			}
			piece, origin, err := r.cut(v.gray, n, blacken)
			if err != nil {
				continue
			}
			f, ok := dataMatrixIn(piece)
			if !ok {
				f, ok = qrCodeIn(piece)
			}
			if !ok {
				continue
			}
			for i, c := range f.corners {
				f.corners[i] = point{
					(float64(origin.X) + c.x/float64(n)) * v.scale,
					(float64(origin.Y) + c.y/float64(n)) * v.scale,
				}
			}
			found = append(found, f)
		}
	}
	return found
}

// alongLines reads linear symbols along lines at an angle, both ways.
func alongLines(ctx context.Context, v view, z gaze, degrees float64) []finding {
	w, h := v.gray.Rect.Dx(), v.gray.Rect.Dy()
	apart := max(2, math.Ceil(float64(max(w, h))/400))
	retail := math.Abs(math.Remainder(degrees, 90)) <= 7
	var p []float32
	var e []float64
	found := newReads()
	for i, l := range linesAt(w, h, degrees, apart) {
		if i%16 == 0 && ctx.Err() != nil {
			break
		}
		p = profile(v.gray, l, p)
		e = z.edges(p, e)
		found.along(l, e, code128Quiet, v.scale, retail)
	}
	return found.all()
}
