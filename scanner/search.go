package scanner

import (
	"context"
	"fmt"
	"image"
	"math"
	"slices"
	"time"

	"implantrace/scanner/internal/zxing"
)

// A search is the reading of one picture: passes from cheap to dear, until all
// that was located is read for sure, the budget is spent, or ctx is done.
type search struct {
	ctx     context.Context
	gray    *image.Gray // the picture with its dark side up, until all was found
	whole   view        // the same, at most largestView pixels
	engine  *zxing.Engine
	proves  func(string) bool
	without []string // passes that are left out

	areas    []area
	found    []finding
	failed   []unreadable
	budget   int // pixels that may still be looked at, weighed by what is looked for
	failures int // calls in which the sandbox failed
	passes   []PassTime

	asShown     *image.Gray
	orientation int // that turns asShown dark side up
}

const (
	// largestView is how many pixels most passes look at; a larger picture is
	// first made smaller. It bounds the time of a pass.
	largestView = 4_000_000

	// searchBudget is how many pixels the dear passes look at, those of the
	// picture itself counted once more. It bounds the time of a search in a way
	// that does not depend on the machine, so that a picture is read alike
	// everywhere.
	searchBudget = 16_000_000

	// An area that scores likely is a symbol to all appearance, and keeps the
	// search going; one that scores possible is looked into once.
	likely   = 0.5
	possible = 0.3
)

// PassNames are the passes over a picture where zxing-cpp is built in.
func PassNames() []string {
	names := []string{"locate", "strips", plainPass, "inverted"}
	for _, v := range variants {
		names = append(names, v.name)
	}
	return append(names, "grids", "all formats", "confirm")
}

func newSearch(ctx context.Context, g *image.Gray, engine *zxing.Engine, o ImageOptions) *search {
	n := 1
	for g.Rect.Dx()/n*(g.Rect.Dy()/n) > largestView {
		n++
	}
	asShown, orientation := g, toDarkTop(g)
	g = upright(asShown, orientation)
	return &search{
		ctx: ctx, gray: g, whole: view{shrink(g, n), float64(n)}, engine: engine, proves: o.Proves, without: o.Without,
		asShown: asShown, orientation: orientation,
	}
}

// symbols are what the findings amount to, in reading order.
func (s *search) symbols() []Symbol {
	var symbols []Symbol
	for _, sym := range s.judge() {
		symbols = append(symbols, sym.Symbol)
	}
	return inReadingOrder(symbols)
}

func (s *search) run() {
	defer s.turnBack()
	s.budget = searchBudget + 2*len(s.whole.gray.Pix)
	s.timed("locate", func() { s.areas = locate(s.gray) })
	s.timed("strips", s.strips)
	if s.engine == nil {
		s.withoutEngine()
		return
	}
	common := zxing.ReadOptions{Formats: commonFormats, TryHarder: true, TryRotate: true, ReturnErrors: true}
	s.timed(plainPass, func() { s.plain(plainPass, s.whole.gray, common, 1) })
	if s.done() {
		return
	}
	s.timed("inverted", func() { s.plain("inverted", invert(s.whole.gray), common, 1) })
	if s.done() {
		return
	}
	for i, v := range variants {
		s.timed(v.name, func() { s.inAreas(v) })
		if s.done() {
			return
		}
		if i == 0 {
			s.timed("grids", s.grids)
			if s.done() {
				return
			}
		}
	}
	if !s.proven() || !s.settled() {
		s.timed("all formats", func() {
			all := common
			all.Formats, all.TryInvert, all.TryDownscale = nil, true, true
			s.plain("all formats", s.whole.gray, all, 3)
		})
	}
	if !s.settled() {
		s.timed("confirm", s.confirm)
	}
}

// add takes what a pass has found.
func (s *search) add(found []finding, pass, way string, plain bool) {
	for _, f := range found {
		f.pass, f.way, f.plain = pass, way, plain
		if f.engine == engineZXing && f.lines > 0 && !plain {
			f.way = plainPass // lines of one engine, on hardly different pixels
		}
		s.found = append(s.found, f)
	}
}

// timed runs a pass, unless it is left out, and notes what it cost.
func (s *search) timed(name string, pass func()) {
	if slices.Contains(s.without, name) {
		return
	}
	start := time.Now()
	pass()
	s.passes = append(s.passes, PassTime{name, time.Since(start)})
}

// spend takes a pass's pixels from the budget, and says whether there is enough.
func (s *search) spend(pixels int) bool {
	if s.ctx.Err() != nil || s.budget < pixels {
		return false
	}
	s.budget -= pixels
	return true
}

// strips reads linear symbols across the areas that look like them.
func (s *search) strips() {
	for _, a := range s.areas {
		if a.linear && s.ctx.Err() == nil {
			found := inStrip(s.gray, a)
			s.add(found, "strips", angleWay(math.Atan2(a.along.y, a.along.x)*180/math.Pi), false)
		}
	}
}

// angleWay names lines by their angle, rounded to 3 degrees: lines at about the
// same angle meet the same scratch.
func angleWay(degrees float64) string {
	a := math.Mod(degrees+360, 180)
	return fmt.Sprintf("%d degrees", int(math.Round(a/3))*3%180)
}

// plain reads the whole picture as it is, or light for dark, which zxing-cpp
// does unless asked otherwise.
func (s *search) plain(name string, g *image.Gray, o zxing.ReadOptions, weight int) {
	if !s.spend(weight * len(g.Pix)) {
		return
	}
	found, failed := s.zxing(g, o)
	for i := range found {
		for j, c := range found[i].corners {
			found[i].corners[j] = point{c.x * s.whole.scale, c.y * s.whole.scale}
		}
	}
	for i := range failed {
		for j, c := range failed[i].corners {
			failed[i].corners[j] = point{c.x * s.whole.scale, c.y * s.whole.scale}
		}
	}
	s.failed = append(s.failed, failed...)
	s.add(found, name, plainPass, true)
}

// A variant is a way to look into areas.
type variant struct {
	name   string
	way    string
	height float64 // of the area in the crop, in pixels, to which it is scaled
	most   float64 // by which it is scaled at most
	filter func(*image.Gray) *image.Gray
	least  float64 // score of areas worth it
}

var variants = []variant{
	{name: "areas", way: "areas", height: 240, most: 2, least: possible},
	{name: "evened areas", way: "evened areas", height: 240, most: 2, filter: func(g *image.Gray) *image.Gray { return even(smooth(g), 40) }, least: 0.4},
	{name: "large areas", way: "areas", height: 400, most: 4, filter: func(g *image.Gray) *image.Gray { return unsharp(g, 6, 5) }, least: 0.4},
}

// mostTried is how many areas one variant looks into.
const mostTried = 12

// inAreas reads the areas that are not read yet, cut out of the picture.
func (s *search) inAreas(v variant) {
	tried := 0
	for _, a := range s.open(v.least) {
		if tried == mostTried {
			return
		}
		margin := 0.12*a.height + 6
		scale := min(v.height/a.height, v.most)
		b := a.box(margin)
		w, h := float64(b.Dx()), float64(b.Dy())
		formats, weight := matrixFormats, 2
		if a.linear {
			formats, weight = linearFormats, 2
		}
		if !s.spend(weight * int(w*h*scale*scale)) {
			continue
		}
		tried++
		c := cropTo(s.gray, a.mid, w, h, scale)
		if v.filter != nil {
			c.gray = v.filter(c.gray)
		}
		found, failed := s.zxing(c.gray, zxing.ReadOptions{
			Formats: formats, TryHarder: true, TryInvert: true, TryRotate: a.linear, ReturnErrors: true,
		})
		for i := range found {
			for j, p := range found[i].corners {
				found[i].corners[j] = c.out(p)
			}
		}
		for i := range failed {
			for j, p := range failed[i].corners {
				failed[i].corners[j] = c.out(p)
			}
		}
		s.failed = append(s.failed, failed...)
		s.add(found, v.name, v.way, false)
	}
}

// gridCost is what a grid costs, in pixels of the budget.
const gridCost = 400_000

// grids fits Data Matrix grids to the areas that are not read yet.
func (s *search) grids() {
	tried := 0
	for _, a := range s.open(possible) {
		if a.linear || tried == mostTried || !s.spend(gridCost) {
			continue
		}
		tried++
		if f, ok := inGrid(s.gray, a); ok {
			s.add([]finding{f}, "grids", "grids", false)
		}
	}
}

// tilts are the angles, in radians, at which bars are read a second time: other
// lines meet other scratches.
var tilts = []float64{0.09, -0.09}

// confirm reads linear symbols that are not sure along other lines.
func (s *search) confirm() {
	for _, sym := range s.judge() {
		if sym.Sure || !sym.linear {
			continue
		}
		for _, a := range s.areas {
			if !a.linear || !a.covers(middle(sym.corners), 0) && !within(a.mid, sym.corners) {
				continue
			}
			for _, tilt := range tilts {
				angle := math.Atan2(a.along.y, a.along.x) + tilt
				turned := a
				sin, cos := math.Sincos(angle)
				turned.along, turned.skew = point{cos, sin}, a.skew-tilt
				turned.height = max(a.height-a.length*math.Tan(math.Abs(tilt)), 2)
				s.add(inStrip(s.gray, turned), "tilted strips", angleWay(angle*180/math.Pi), false)
			}
		}
	}
	if s.settled() {
		return
	}
	for _, angle := range []float64{0, 90, 5, -5, 95, 85} {
		if !s.spend(len(s.whole.gray.Pix)) {
			return
		}
		s.add(alongLines(s.ctx, s.whole, fine, angle), "lines", angleWay(angle), false)
	}
}

// settled says that all that was found is sure.
func (s *search) settled() bool {
	symbols := s.judge()
	for _, sym := range symbols {
		if !sym.Sure {
			return false
		}
	}
	return len(symbols) > 0
}

// open are the areas of at least a score in which nothing has been read for
// sure.
func (s *search) open(least float64) []area {
	symbols := s.judge()
	var open []area
	for _, a := range s.areas {
		if a.score >= least && !explained(a, symbols) {
			open = append(open, a)
		}
	}
	return open
}

// explained says that a symbol read for sure stands where an area is.
func explained(a area, symbols []judged) bool {
	for _, sym := range symbols {
		if !sym.Sure {
			continue
		}
		if within(a.mid, sym.corners) || a.covers(middle(sym.corners), 0) && (a.linear == sym.linear || !a.linear) {
			return true
		}
	}
	return false
}

// done says that no further pass is needed: all is sure, no likely area is
// open, and what the caller looks for is among what was read. A link to a
// leaflet in a QR code does not end the search for the device.
func (s *search) done() bool {
	if s.ctx.Err() != nil {
		return true
	}
	if !s.settled() || !s.proven() {
		return false
	}
	symbols := s.judge()
	return !slices.ContainsFunc(s.areas, func(a area) bool { return a.score >= likely && !explained(a, symbols) })
}

// proven says that something was read for sure that proves itself, or that
// nothing is asked to.
func (s *search) proven() bool {
	return slices.ContainsFunc(s.judge(), func(sym judged) bool {
		return sym.Sure && (s.proves == nil || s.proves(sym.AIM+sym.Text))
	})
}
