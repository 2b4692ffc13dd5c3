package scanner

import (
	"cmp"
	"image"
	"math"
	"slices"
)

// An area is a part of a picture that looks as if a symbol stood there: an
// upright or turned rectangle.
type area struct {
	mid    point
	along  point   // unit vector: across the bars of a linear symbol, along the long side else
	length float64 // in pixels, along
	height float64 // in pixels, across
	linear bool
	skew   float64 // radians from along to square on the bars
	score  float64 // from 0 to 1; how much it looks like a symbol and not like print
}

// corners are those of the area, in order around it.
func (a area) corners() [4]point {
	ux, uy := a.along.x*a.length/2, a.along.y*a.length/2
	vx, vy := -a.along.y*a.height/2, a.along.x*a.height/2
	return [4]point{
		{a.mid.x - ux - vx, a.mid.y - uy - vy}, {a.mid.x + ux - vx, a.mid.y + uy - vy},
		{a.mid.x + ux + vx, a.mid.y + uy + vy}, {a.mid.x - ux + vx, a.mid.y - uy + vy},
	}
}

// box is the upright rectangle around the area, with a margin in pixels.
func (a area) box(margin float64) image.Rectangle {
	lo, hi := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, c := range a.corners() {
		lo = point{min(lo.x, c.x), min(lo.y, c.y)}
		hi = point{max(hi.x, c.x), max(hi.y, c.y)}
	}
	return image.Rect(int(lo.x-margin), int(lo.y-margin), int(math.Ceil(hi.x+margin)), int(math.Ceil(hi.y+margin)))
}

const (
	locateCell   = 8         // pixels of the view in the edge of a cell
	locatePixels = 1_300_000 // a larger picture is looked at smaller
	mostAreas    = 48        // of each kind, the likeliest first
)

// cell is what a small square of the picture looks like.
type cell struct {
	low, high     byte
	xx, yy, xy    float32 // structure tensor
	black, th, tv int32   // black pixels; changes between black and white along rows and columns
	away          float32 // how far pixels are from the threshold, 1 being as far as any around
}

// locate finds the areas of a picture that look like linear and matrix symbols.
// It goes by texture alone: it is cheap, knows no symbology, and takes some
// print for symbols.
func locate(g *image.Gray) []area {
	n := 1
	for g.Rect.Dx()/n*(g.Rect.Dy()/n) > locatePixels {
		n++
	}
	v := smooth(shrink(g, n))
	w, h := v.Rect.Dx()/locateCell, v.Rect.Dy()/locateCell
	if w < 3 || h < 3 {
		return nil
	}
	cells := make([]cell, w*h)
	for cy := range h {
		for cx := range w {
			cells[cy*w+cx] = look(v, cx, cy)
		}
	}
	floor := noiseFloor(cells)
	blacken(v, cells, w, h, floor)

	areas := append(matrixAreas(cells, w, h), linearAreas(cells, w, h)...)
	for i := range areas {
		a := &areas[i]
		k := float64(n)
		a.mid = point{a.mid.x * k, a.mid.y * k}
		a.length, a.height = a.length*k, a.height*k
	}
	return areas
}

func look(v *image.Gray, cx, cy int) cell {
	c := cell{low: 255}
	left := cx * locateCell
	// Of the pixels beside the cell, too, where the picture goes on.
	from, to := max(left-1, 0), min(left+locateCell+1, v.Rect.Dx())
	var xx, yy, xy int32 // at most 64 times the square of 255
	for y := cy * locateCell; y < (cy+1)*locateCell; y++ {
		row := v.Pix[y*v.Stride:][from:to]
		above := v.Pix[max(y-1, 0)*v.Stride:][left:][:locateCell]
		below := v.Pix[min(y+1, v.Rect.Dy()-1)*v.Stride:][left:][:locateCell]
		for i := range locateCell {
			x := left + i - from
			p := row[x]
			c.low, c.high = min(c.low, p), max(c.high, p)
			gx := int32(row[min(x+1, len(row)-1)]) - int32(row[max(x-1, 0)])
			gy := int32(below[i]) - int32(above[i])
			xx += gx * gx
			yy += gy * gy
			xy += gx * gy
		}
	}
	c.xx, c.yy, c.xy = float32(xx), float32(yy), float32(xy)
	return c
}

// noiseFloor is the range of brightness within a cell that is nothing but
// noise: that of the quieter cells, and some more.
func noiseFloor(cells []cell) float64 {
	var count [256]int
	for _, c := range cells {
		count[c.high-c.low]++
	}
	seen, floor := 0, 0
	for v, n := range count {
		if seen += n; seen*4 >= len(cells) {
			floor = v
			break
		}
	}
	return min(1.3*float64(floor)+5, 60)
}

// blacken counts black pixels and changes of every cell, by a threshold of its
// own: the middle between dark and light of the cells around it, those of much
// contrast counting most.
func blacken(v *image.Gray, cells []cell, w, h int, floor float64) {
	for cy := range h {
		for cx := range w {
			weight, level, most := 0.0, 0.0, 0.0
			for ny := max(cy-2, 0); ny <= min(cy+2, h-1); ny++ {
				for nx := max(cx-2, 0); nx <= min(cx+2, w-1); nx++ {
					n := &cells[ny*w+nx]
					r := float64(n.high) - float64(n.low)
					weight += r
					level += r * (float64(n.high) + float64(n.low)) / 2
					most = max(most, r)
				}
			}
			c := &cells[cy*w+cx]
			if most < floor || weight == 0 || float64(c.high)-float64(c.low) < 0.3*most {
				continue // blank, or no symbol goes on here
			}
			t := byte(level / weight)
			away := int32(0)
			for y := cy * locateCell; y < (cy+1)*locateCell; y++ {
				left := cx * locateCell
				row := v.Pix[y*v.Stride:][left:min(left+locateCell+1, v.Rect.Dx())]
				below := v.Pix[min(y+1, v.Rect.Dy()-1)*v.Stride:][left:][:locateCell]
				for x, p := range row[:locateCell] {
					dark := p < t
					if dark {
						c.black++
						away += int32(t - p)
					} else {
						away += int32(p - t)
					}
					if x+1 < len(row) && dark != (row[x+1] < t) {
						c.th++
					}
					if dark != (below[x] < t) {
						c.tv++
					}
				}
			}
			c.away = float32(away) / float32(most/2)
		}
	}
}

// around adds up the cells of a square of 3 by 3.
func around(cells []cell, w, h, cx, cy int) (c cell, n float64) {
	for ny := max(cy-1, 0); ny <= min(cy+1, h-1); ny++ {
		for nx := max(cx-1, 0); nx <= min(cx+1, w-1); nx++ {
			o := &cells[ny*w+nx]
			c.black += o.black
			c.th += o.th
			c.tv += o.tv
			c.xx += o.xx
			c.yy += o.yy
			c.xy += o.xy
			n++
		}
	}
	return c, n * locateCell * locateCell
}

// coherence says how much all edges run in one direction, from 0 to 1, and the
// angle across them.
func (c cell) coherence() (amount, angle float64) {
	d, xy := float64(c.xx-c.yy), 2*float64(c.xy)
	return math.Hypot(d, xy) / (float64(c.xx+c.yy) + 1), math.Atan2(xy, d) / 2
}

// matrixAreas are where black and white change often both ways and hold the
// balance.
func matrixAreas(cells []cell, w, h int) []area {
	like := make([]bool, len(cells))
	for cy := range h {
		for cx := range w {
			if cells[cy*w+cx].th+cells[cy*w+cx].tv == 0 {
				continue
			}
			c, px := around(cells, w, h, cx, cy)
			fill := float64(c.black) / px
			across, down := float64(c.th)/px, float64(c.tv)/px
			like[cy*w+cx] = fill > 0.22 && fill < 0.8 && min(across, down) > 0.035 && across+down > 0.1
		}
	}
	// A symbol that touches print or a frame hangs together with it; their
	// innermost cells do not.
	inner := make([]bool, len(cells))
	for i := range like {
		inner[i] = like[i] && count(w, h, i, func(j int) bool { return like[j] }) == 9
	}
	var areas []area
	for _, members := range groups(w, h, func(i int) bool { return like[i] }, nil) {
		areas = append(areas, matrixArea(cells, members, w, h, 0))
	}
	for _, members := range groups(w, h, func(i int) bool { return inner[i] }, nil) {
		if len(members) >= 4 {
			areas = append(areas, matrixArea(cells, members, w, h, 2*locateCell))
		}
	}
	return likeliest(areas)
}

// matrixArea is the rectangle around cells, so much larger, and what it looks
// like.
func matrixArea(cells []cell, members []int, w, h int, larger float64) area {
	a := rectangle(members, w)
	var all cell
	for _, i := range members {
		all.black += cells[i].black
		all.away += cells[i].away
	}
	px := float64(len(members) * locateCell * locateCell)
	filled := min(px/(a.length*a.height), 1)
	a.length, a.height = a.length+larger, a.height+larger
	// Half of a symbol is black, and all of it is either black or white; print
	// has more paper, and noise and foil are gray.
	balance := 1 - min(math.Abs(float64(all.black)/px-0.5)/0.3, 1)
	contrast := min(max(float64(all.away)/px-0.3, 0)/0.15, 1)
	high := min(a.height/(5*locateCell), 1) // lines of print are not
	alone := min(max(0.6-a.surroundings(cells, w, h), 0)/0.35, 1)
	a.score = balance * contrast * filled * high * high * alone
	return a
}

// surroundings is how busy the two cells around an area are, in parts of how
// busy the area is: about 1 where it is a part of a texture that goes on.
func (a area) surroundings(cells []cell, w, h int) float64 {
	const ring = 2 * locateCell
	var in, out cell
	var inside, outside float64
	b := a.box(ring)
	for cy := max(b.Min.Y/locateCell, 0); cy <= min(b.Max.Y/locateCell, h-1); cy++ {
		for cx := max(b.Min.X/locateCell, 0); cx <= min(b.Max.X/locateCell, w-1); cx++ {
			p := point{(float64(cx) + 0.5) * locateCell, (float64(cy) + 0.5) * locateCell}
			c := &cells[cy*w+cx]
			switch {
			case a.covers(p, 0):
				in.th, in.tv = in.th+c.th, in.tv+c.tv
				inside++
			case a.covers(p, ring):
				out.th, out.tv = out.th+c.th, out.tv+c.tv
				outside++
			}
		}
	}
	if inside == 0 || outside == 0 || in.th+in.tv == 0 {
		return 0
	}
	return float64(out.th+out.tv) / outside / (float64(in.th+in.tv) / inside)
}

// count says of how many cells of the square of 3 by 3 around one something holds.
func count(w, h, i int, holds func(int) bool) (n int) {
	cx, cy := i%w, i/w
	for ny := max(cy-1, 0); ny <= min(cy+1, h-1); ny++ {
		for nx := max(cx-1, 0); nx <= min(cx+1, w-1); nx++ {
			if holds(ny*w + nx) {
				n++
			}
		}
	}
	return n
}

// linearAreas are where edges are many and run in one direction.
func linearAreas(cells []cell, w, h int) []area {
	angles := make([]float64, len(cells))
	like := make([]bool, len(cells))
	for cy := range h {
		for cx := range w {
			i := cy*w + cx
			if cells[i].th+cells[i].tv == 0 {
				continue
			}
			c, px := around(cells, w, h, cx, cy)
			amount, angle := c.coherence()
			angles[i] = angle
			fill := float64(c.black) / px
			like[i] = amount > 0.6 && fill > 0.2 && fill < 0.85 && float64(c.th+c.tv)/px > 0.06
		}
	}
	near := func(i, j int) bool {
		return math.Abs(math.Remainder(angles[i]-angles[j], math.Pi)) < 0.25
	}
	var areas []area
	parts := groups(w, h, func(i int) bool { return like[i] }, near)
	for _, members := range append(parts, joined(cells, parts, w)...) {
		a, amount := linearArea(cells, members, w)
		filled := float64(len(members)*locateCell*locateCell) / (a.length * a.height)
		if a.length < 5*locateCell || a.length < a.height/2 || len(members) < 6 || filled < 0.25 {
			continue
		}
		a.linear = true
		a.score = amount * min(a.length/(20*locateCell), 1) * min(2*filled, 1)
		areas = append(areas, a)
	}
	return likeliest(areas)
}

// linearArea is the rectangle around cells full of bars, and how much these run
// in one direction. In perspective, bars do not stand square on the symbol.
func linearArea(cells []cell, members []int, w int) (a area, amount float64) {
	var all cell
	var mx, my float64
	for _, i := range members {
		all.xx, all.yy, all.xy = all.xx+cells[i].xx, all.yy+cells[i].yy, all.xy+cells[i].xy
		mx, my = mx+float64(i%w), my+float64(i/w)
	}
	amount, angle := all.coherence()
	a = along(members, w, angle)
	a.skew = 0
	if a.length > 2.5*a.height {
		n := float64(len(members))
		var xx, yy, xy float64
		for _, i := range members {
			dx, dy := float64(i%w)-mx/n, float64(i/w)-my/n
			xx, yy, xy = xx+dx*dx, yy+dy*dy, xy+dx*dy
		}
		axis := math.Atan2(2*xy, xx-yy) / 2
		if off := math.Remainder(axis-angle, math.Pi); math.Abs(off) < 0.45 {
			a = along(members, w, angle+off)
			a.skew = -off
		}
	}
	return a, amount
}

// joined are parts that stand in one row and have bars of one direction: glare
// cuts a symbol in pieces.
func joined(cells []cell, parts [][]int, w int) [][]int {
	var big [][]int
	var as []area
	for _, p := range parts {
		if len(p) >= 4 {
			a, _ := linearArea(cells, p, w)
			if float64(len(p)*locateCell*locateCell) < 0.4*a.length*a.height {
				continue // a frame
			}
			big, as = append(big, p), append(as, a)
		}
	}
	of := make([]int, len(big)) // the first part that each hangs together with
	for i := range of {
		of[i] = i
	}
	for i := range as {
		for j := range i {
			if of[i] != of[j] && inOneRow(as[i], as[j]) {
				from, to := max(of[i], of[j]), min(of[i], of[j])
				for k := range of {
					if of[k] == from {
						of[k] = to
					}
				}
			}
		}
	}
	var all [][]int
	for i := range big {
		var members []int
		for j := range big {
			if of[j] == i {
				members = append(members, big[j]...)
			}
		}
		if len(members) > len(big[i]) {
			all = append(all, members)
		}
	}
	return all
}

func inOneRow(a, b area) bool {
	if a.length < b.length {
		a, b = b, a
	}
	if math.Abs(a.along.x*b.along.x+a.along.y*b.along.y) < 0.94 {
		return false
	}
	dx, dy := b.mid.x-a.mid.x, b.mid.y-a.mid.y
	u, v := dx*a.along.x+dy*a.along.y, -dx*a.along.y+dy*a.along.x
	gap := math.Abs(u) - (a.length+b.length)/2
	tall := max(a.height, b.height)
	return math.Abs(v) < 0.5*tall+0.1*math.Abs(u) && gap < max(2*tall, 0.5*a.length)
}

// likeliest are the areas that look like symbols most, of those that stand at
// the same place the first.
func likeliest(areas []area) []area {
	slices.SortStableFunc(areas, func(a, b area) int { return cmp.Compare(b.score, a.score) })
	var best []area
	for _, a := range areas {
		same := slices.ContainsFunc(best, func(b area) bool {
			size := a.length * a.height / (b.length * b.height)
			return math.Hypot(a.mid.x-b.mid.x, a.mid.y-b.mid.y) < 0.2*b.height && size > 0.5 && size < 2
		})
		if !same && len(best) < mostAreas && a.score > 0 {
			best = append(best, a)
		}
	}
	return best
}

// groups are the cells that hang together.
func groups(w, h int, in func(i int) bool, near func(i, j int) bool) [][]int {
	seen := make([]bool, w*h)
	var all [][]int
	for first := range seen {
		if seen[first] || !in(first) {
			continue
		}
		seen[first] = true
		members := []int{first}
		for at := 0; at < len(members); at++ {
			i := members[at]
			cx, cy := i%w, i/w
			for ny := max(cy-1, 0); ny <= min(cy+1, h-1); ny++ {
				for nx := max(cx-1, 0); nx <= min(cx+1, w-1); nx++ {
					j := ny*w + nx
					if !seen[j] && in(j) && (near == nil || near(i, j)) {
						seen[j] = true
						members = append(members, j)
					}
				}
			}
		}
		all = append(all, members)
	}
	return all
}

// along is the rectangle around cells whose one side has the angle given.
func along(members []int, w int, angle float64) area {
	sin, cos := math.Sincos(angle)
	loU, hiU, loV, hiV := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, i := range members {
		x, y := (float64(i%w)+0.5)*locateCell, (float64(i/w)+0.5)*locateCell
		u, v := x*cos+y*sin, -x*sin+y*cos
		loU, hiU = min(loU, u), max(hiU, u)
		loV, hiV = min(loV, v), max(hiV, v)
	}
	u, v := (loU+hiU)/2, (loV+hiV)/2
	return area{
		mid:   point{u*cos - v*sin, u*sin + v*cos},
		along: point{cos, sin}, length: hiU - loU + locateCell, height: hiV - loV + locateCell,
	}
}

// rectangle is the smallest one around cells, of angles a few degrees apart.
func rectangle(members []int, w int) area {
	best := area{}
	for degrees := 0.0; degrees < 90; degrees += 7.5 {
		a := along(members, w, degrees*math.Pi/180)
		if best.length == 0 || a.length*a.height < best.length*best.height {
			best = a
		}
	}
	if best.height > best.length {
		best.length, best.height = best.height, best.length
		best.along = point{-best.along.y, best.along.x}
	}
	return best
}
