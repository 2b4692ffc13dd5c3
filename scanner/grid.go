package scanner

import (
	"cmp"
	"image"
	"math"
	"slices"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/datamatrix"
)

// Data Matrix symbols whose finder is scratched, blurred or framed are missed by
// detectors that follow its solid sides. Here the place is known to some pixels
// already; the four sides are fitted to it, the number of modules is the one
// whose dark and dashed border fits best, and the modules are sampled.

// matrixSize is a number of rows and columns that a Data Matrix can have
// (ISO/IEC 16022 table 7; ISO/IEC 21471 table 1).
type matrixSize struct{ rows, columns int }

var matrixSizes = []matrixSize{
	{10, 10}, {12, 12}, {14, 14}, {16, 16}, {18, 18}, {20, 20}, {22, 22}, {24, 24}, {26, 26},
	{32, 32}, {36, 36}, {40, 40}, {44, 44}, {48, 48}, {52, 52}, {64, 64},
	{8, 18}, {8, 32}, {12, 26}, {12, 36}, {16, 36}, {16, 48},
	{8, 48}, {8, 64}, {8, 80}, {8, 96}, {12, 64}, {12, 88}, {16, 64}, {20, 36}, {20, 44}, {20, 64},
	{22, 48}, {24, 48}, {24, 64}, {26, 40}, {26, 48}, {26, 64},
}

// quad is where a symbol stands: its upper left, upper right, lower right and
// lower left corners, as it is when its solid sides are left and below.
type quad [4]point

// projection takes the unit square to a quad.
type projection struct{ a, b, c, d, e, f, g, h float64 }

func (q quad) projection() projection {
	dx1, dx2, sx := q[1].x-q[2].x, q[3].x-q[2].x, q[0].x-q[1].x+q[2].x-q[3].x
	dy1, dy2, sy := q[1].y-q[2].y, q[3].y-q[2].y, q[0].y-q[1].y+q[2].y-q[3].y
	det := dx1*dy2 - dx2*dy1
	if math.Abs(det) < 1e-9 {
		return projection{c: q[0].x, f: q[0].y}
	}
	g, h := (sx*dy2-dx2*sy)/det, (dx1*sy-sx*dy1)/det
	return projection{
		q[1].x - q[0].x + g*q[1].x, q[3].x - q[0].x + h*q[3].x, q[0].x,
		q[1].y - q[0].y + g*q[1].y, q[3].y - q[0].y + h*q[3].y, q[0].y,
		g, h,
	}
}

func (p projection) at(u, v float64) point {
	w := p.g*u + p.h*v + 1
	return point{(p.a*u + p.b*v + p.c) / w, (p.d*u + p.e*v + p.f) / w}
}

// inGrid reads the Data Matrix that stands at an area, as it is or with its
// edges sharpened, from starts a little apart: where the locator's cells happen
// to lie must not decide.
func inGrid(g *image.Gray, a area) (finding, bool) {
	for _, larger := range [3]float64{1, 1.08, 0.93} {
		b := a
		b.length, b.height = a.length*larger, a.height*larger
		if f, ok := inGridAsIs(g, b); ok {
			return f, true
		}
		if f, ok := inGridSharpened(g, b); ok {
			return f, true
		}
	}
	return finding{}, false
}

func inGridSharpened(g *image.Gray, a area) (finding, bool) {
	b := a.box(0.3*a.height + 8)
	scale := min(max(180/a.height, 0.5), 2)
	c := cropTo(g, a.mid, float64(b.Dx()), float64(b.Dy()), scale)
	c.gray = unsharp(smooth(c.gray), int(max(a.height*scale/40, 2)), 3)
	at := a
	at.mid = point{float64(c.gray.Rect.Dx()) / 2, float64(c.gray.Rect.Dy()) / 2}
	at.length, at.height = a.length*scale, a.height*scale
	f, ok := inGridAsIs(c.gray, at)
	for i, p := range f.corners {
		f.corners[i] = c.out(p)
	}
	return f, ok
}

func inGridAsIs(g *image.Gray, a area) (finding, bool) {
	for _, modules := range [3]float64{20, 12, 30} { // in the height, about
		q, sign, ok := fitSides(g, a, a.height/modules)
		if !ok {
			continue
		}
		for _, c := range gridsOn(g, q, sign) {
			c.refine(g)
			if f, ok := c.read(g); ok {
				return f, true
			}
		}
	}
	return finding{}, false
}

// fitSides moves the sides of an area to where it is light outside and dark
// inside, or the other way round, whichever holds more. sign is 1 for dark on
// light.
func fitSides(g *image.Gray, a area, module float64) (best quad, sign float32, ok bool) {
	corners := a.corners()
	reach := 0.14*a.height + 3
	var fits [2][4]sideFit // of dark on light, of light on dark
	for i := range 4 {
		fits[0][i], fits[1][i] = fitSide(g, corners[i], corners[(i+1)%4], a.mid, reach, module)
	}
	most := float32(0)
	for n, s := range [2]float32{1, -1} {
		sides, total := &fits[n], float32(0)
		for _, side := range sides {
			total += side.gain
		}
		if total <= most {
			continue
		}
		for i := range 4 {
			p, crosses := crossPoint(sides[(i+3)%4].line, sides[i].line)
			if !crosses {
				p = corners[i]
			}
			best[i] = p
		}
		sign, most = s, total
	}
	return best, sign, most > 16
}

// A sideFit is a line, and by how much it is lighter, or darker, beyond it.
type sideFit struct {
	line [2]point
	gain float32
}

// fitSide finds the lines near a side beyond which it is lightest and darkest.
func fitSide(g *image.Gray, from, to, mid point, reach, module float64) (light, dark sideFit) {
	dx, dy := to.x-from.x, to.y-from.y
	n := math.Hypot(dx, dy)
	out := point{dy / n, -dx / n}
	if (from.x-mid.x)*out.x+(from.y-mid.y)*out.y < 0 {
		out = point{-out.x, -out.y}
	}
	const along, steps = 28, 9
	// How much lighter it is outside than inside, at every place across the side;
	// a line then only adds these up.
	span := reach + 2.5*module
	fine := max(module/4, 0.4)
	m := int(2*span/fine) + 1
	profile, steep := make([]float32, m), make([]float32, along*m)
	off := func(modules float64) int { return int(math.Round(modules * module / fine)) }
	near, far, within := off(0.4), off(0.9), off(1.5)
	for i := range along {
		t := (float64(i) + 0.5) / along
		x, y := from.x+t*dx-span*out.x, from.y+t*dy-span*out.y
		for j := range profile {
			d := float64(j) * fine
			profile[j] = sample(g, x+d*out.x, y+d*out.y)
		}
		at := func(j int) float32 { return profile[min(max(j, 0), m-1)] }
		for j := range m {
			steep[i*m+j] = (at(j+near)+at(j+far))/2 - (at(j-near)+at(j-far)+at(j-within))/3
		}
	}
	infinity := float32(math.Inf(1))
	most, least := -infinity, infinity
	var mostAt, leastAt [2]float64 // how far out the line is at the ends of the side
	try := func(a, b float64) {
		sum := float32(0)
		step := (b - a) / along / fine
		j := (a+span)/fine + 0.5 + step/2
		for i := range along {
			sum += steep[i*m+int(j)]
			j += step
		}
		if sum > most {
			most, mostAt = sum, [2]float64{a, b}
		}
		if sum < least {
			least, leastAt = sum, [2]float64{a, b}
		}
	}
	for i := range 2*steps + 1 {
		for j := range 2*steps + 1 {
			try(reach*float64(i-steps)/steps, reach*float64(j-steps)/steps)
		}
	}
	for _, at := range [2][2]float64{mostAt, leastAt} {
		for i := -2; i <= 2; i++ {
			for j := -2; j <= 2; j++ {
				try(at[0]+reach*float64(i)/steps/3, at[1]+reach*float64(j)/steps/3)
			}
		}
	}
	side := func(at [2]float64, gain float32) sideFit {
		return sideFit{[2]point{
			{from.x + at[0]*out.x, from.y + at[0]*out.y}, {to.x + at[1]*out.x, to.y + at[1]*out.y},
		}, gain / along}
	}
	return side(mostAt, most), side(leastAt, -least)
}

func crossPoint(a, b [2]point) (point, bool) {
	ax, ay := a[1].x-a[0].x, a[1].y-a[0].y
	bx, by := b[1].x-b[0].x, b[1].y-b[0].y
	det := ax*by - ay*bx
	if math.Abs(det) < 1e-6 {
		return point{}, false
	}
	t := ((b[0].x-a[0].x)*by - (b[0].y-a[0].y)*bx) / det
	return point{a[0].x + t*ax, a[0].y + t*ay}, true
}

// grid is a symbol of so many modules in a quad.
type grid struct {
	quad
	matrixSize
	sign        float32
	light, dark float32 // brightness
	score       float32 // how well the border fits
}

// mostGrids is how many grids of one quad are looked into.
const mostGrids = 6

// gridsOn are the likeliest grids of a quad, in any of its four positions.
func gridsOn(g *image.Gray, q quad, sign float32) []grid {
	light, dark := extremes(g, q, sign)
	if sign*(light-dark) < 8 {
		return nil
	}
	var all []grid
	for turn := range 4 {
		t := quad{q[turn], q[(turn+1)%4], q[(turn+2)%4], q[(turn+3)%4]}
		wide := math.Hypot(t[1].x-t[0].x, t[1].y-t[0].y) + math.Hypot(t[2].x-t[3].x, t[2].y-t[3].y)
		high := math.Hypot(t[3].x-t[0].x, t[3].y-t[0].y) + math.Hypot(t[2].x-t[1].x, t[2].y-t[1].y)
		for _, size := range matrixSizes {
			if r := wide / high * float64(size.rows) / float64(size.columns); r < 0.7 || r > 1.4 {
				continue
			}
			if min(wide/float64(size.columns), high/float64(size.rows))/2 < 1.2 { // pixels in a module
				continue
			}
			c := grid{quad: t, matrixSize: size, sign: sign, light: light, dark: dark}
			c.score = c.fits(g)
			all = append(all, c)
		}
	}
	slices.SortStableFunc(all, func(a, b grid) int { return cmp.Compare(b.score, a.score) })
	all = all[:min(len(all), mostGrids)]
	for i, c := range all {
		if c.score < fitsLeast {
			return all[:i]
		}
	}
	return all
}

// extremes are what is light and dark within a quad.
func extremes(g *image.Gray, q quad, sign float32) (light, dark float32) {
	p := q.projection()
	var values []float32
	for i := range 24 {
		for j := range 24 {
			at := p.at((float64(i)+0.5)/24, (float64(j)+0.5)/24)
			values = append(values, sample(g, at.x, at.y))
		}
	}
	slices.Sort(values)
	low, high := values[len(values)/10], values[len(values)*9/10]
	if sign > 0 {
		return high, low
	}
	return low, high
}

// darkness is from -1, light, to 1, dark.
func (c *grid) darkness(g *image.Gray, p projection, column, row float64) float32 {
	at := p.at((column+0.5)/float64(c.columns), (row+0.5)/float64(c.rows))
	v := (c.light + c.dark - 2*sample(g, at.x, at.y)) / (c.light - c.dark)
	return min(max(v, -1), 1)
}

// border says how well the border of the symbol fits: solid left and below,
// dashed above and right. solid is from -1 to 1; dashed is by how many times its
// standard deviation the dashes follow the modules better than chance has it,
// which tells the right number of modules from others even where blur has made
// the dashes pale.
func (c *grid) border(g *image.Gray) (solid, dashed float32) {
	p := c.projection()
	line := make([]float32, 0, c.rows+c.columns)
	var follow, all float32
	add := func(first float32) {
		for i := 1; i+1 < len(line); i++ {
			d := line[i] - (line[i-1]+line[i+1])/2
			follow += first * float32(1-2*(i%2)) * d
			all += d * d
		}
		line = line[:0]
	}
	for i := range c.columns {
		solid += c.darkness(g, p, float64(i), float64(c.rows-1))
		line = append(line, c.darkness(g, p, float64(i), 0))
	}
	add(1)
	for i := range c.rows {
		solid += c.darkness(g, p, 0, float64(i))
		line = append(line, c.darkness(g, p, float64(c.columns-1), float64(i)))
	}
	add(-1)
	n := float32(c.rows + c.columns)
	return solid / n, follow / float32(math.Sqrt(float64(all)+0.5))
}

// fits is border in one number, from 0 on; a grid of less than fitsLeast is none.
func (c *grid) fits(g *image.Gray) float32 {
	solid, dashed := c.border(g)
	if solid < 0.2 || dashed < 0 {
		return 0
	}
	return min(solid, 0.8) * dashed
}

const fitsLeast = 0.7

// fit is border, and how clearly the modules are dark or light.
func (c *grid) fit(g *image.Gray) float32 {
	p := c.projection()
	sum := float32(0)
	gray, scale := c.light+c.dark, 1/(c.light-c.dark)
	du := 1 / float64(c.columns)
	for y := 1; y < c.rows-1; y++ {
		// As darkness has it, from one module to the next.
		u, v := 1.5*du, (float64(y)+0.5)/float64(c.rows)
		px, py, w := p.a*u+p.b*v+p.c, p.d*u+p.e*v+p.f, p.g*u+p.h*v+1
		for range c.columns - 2 {
			d := (gray - 2*sample(g, px/w, py/w)) * scale
			sum += min(max(d, -d), 1)
			px, py, w = px+p.a*du, py+p.d*du, w+p.g*du
		}
	}
	return sum/float32((c.rows-2)*(c.columns-2)) + c.fits(g)/float32(math.Sqrt(float64(c.rows+c.columns)))
}

// refine moves the corners to where the grid fits best.
func (c *grid) refine(g *image.Gray) {
	best := c.fit(g)
	module := math.Hypot(c.quad[1].x-c.quad[0].x, c.quad[1].y-c.quad[0].y) / float64(c.columns)
	for _, step := range [4]float64{0.5, 0.3, 0.15, 0.08} {
		for range 2 {
			moved := false
			for i := range c.quad {
				for _, d := range [4]point{{1, 0}, {-1, 0}, {0, 1}, {0, -1}} {
					was := c.quad[i]
					c.quad[i] = point{was.x + d.x*step*module, was.y + d.y*step*module}
					if fit := c.fit(g); fit > best {
						best, moved = fit, true
					} else {
						c.quad[i] = was
					}
				}
			}
			if !moved {
				break
			}
		}
	}
}

// read samples the modules and decodes them, with blur taken back more and more.
func (c *grid) read(g *image.Gray) (finding, bool) {
	if c.fits(g) < 2*fitsLeast {
		return finding{}, false
	}
	p := c.projection()
	values := make([]float32, c.rows*c.columns)
	for y := range c.rows {
		for x := range c.columns {
			sum := float32(0)
			for _, d := range [5]point{{0, 0}, {0.2, 0.2}, {-0.2, 0.2}, {0.2, -0.2}, {-0.2, -0.2}} {
				sum += c.darkness(g, p, float64(x)+d.x, float64(y)+d.y)
			}
			values[y*c.columns+x] = sum / 5
		}
	}
	for _, back := range [4]float32{0, 0.12, 0.25, 0.4} {
		for _, local := range [2]bool{false, true} {
			bits, err := c.bits(values, back, local)
			if err != nil {
				return finding{}, false
			}
			if f, ok := pureDataMatrix(bits); ok {
				f.corners = c.quad
				return f, true
			}
		}
	}
	return finding{}, false
}

// bits says which modules are dark, by the middle between dark and light, or by
// what is around each. The border is set as it must be.
func (c *grid) bits(values []float32, back float32, local bool) (*gozxing.BitMatrix, error) {
	bits, err := gozxing.NewBitMatrix(c.columns, c.rows)
	if err != nil {
		return nil, err
	}
	at := func(x, y int) float32 {
		if x < 0 || y < 0 || x >= c.columns || y >= c.rows {
			return -1
		}
		return values[y*c.columns+x]
	}
	for y := range c.rows {
		for x := range c.columns {
			v := at(x, y)
			v += back * (4*v - at(x-1, y) - at(x+1, y) - at(x, y-1) - at(x, y+1))
			level := float32(0)
			if local {
				low, high := float32(1), float32(-1)
				for dy := -2; dy <= 2; dy++ {
					for dx := -2; dx <= 2; dx++ {
						low, high = min(low, at(x+dx, y+dy)), max(high, at(x+dx, y+dy))
					}
				}
				level = (low + high) / 2
			}
			dark := v > level
			switch {
			case x == 0 || y == c.rows-1:
				dark = true
			case y == 0:
				dark = x%2 == 0
			case x == c.columns-1:
				dark = y%2 == 1
			}
			if dark {
				bits.Set(x, y)
			}
		}
	}
	return bits, nil
}

// pureDataMatrix reads a Data Matrix of one pixel a module and nothing else.
func pureDataMatrix(bits *gozxing.BitMatrix) (f finding, ok bool) {
	defer func() {
		if recover() != nil {
			f, ok = finding{}, false
		}
	}()
	bmp, err := gozxing.NewBinaryBitmap(bitmap{bits: bits})
	if err != nil {
		return finding{}, false
	}
	result, err := datamatrix.NewDataMatrixReader().Decode(bmp, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
	if err != nil {
		return finding{}, false
	}
	f = dataMatrixMessage(result)
	return f, f.text != ""
}
