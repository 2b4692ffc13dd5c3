package scanner

import (
	"image"
	"math"
)

// A crop is a part of a picture, scaled.
type crop struct {
	gray  *image.Gray
	mid   point   // of the crop, in the picture
	scale float64 // pixels of the crop in one of the picture
}

// cropTo cuts a part of w by h pixels of the picture around mid out. Beyond the
// picture its edge goes on.
func cropTo(g *image.Gray, mid point, w, h, scale float64) crop {
	if n := int(1 / scale); n > 1 { // so that what is left out is averaged
		small, corner := shrinkPart(g, mid, math.Hypot(w, h)/2, n)
		c := cropTo(small, point{(mid.x - corner.x) / float64(n), (mid.y - corner.y) / float64(n)},
			w/float64(n), h/float64(n), scale*float64(n))
		c.mid, c.scale = mid, scale
		return c
	}
	out := image.NewGray(image.Rect(0, 0, max(int(w*scale), 1), max(int(h*scale), 1)))
	columns := betweens(out.Rect.Dx(), mid.x, scale, g.Rect.Dx())
	for y, r := range betweens(out.Rect.Dy(), mid.y, scale, g.Rect.Dy()) {
		above, below := g.Pix[r.a*g.Stride:], g.Pix[r.b*g.Stride:]
		row := out.Pix[y*out.Stride:][:len(columns)]
		for x, c := range columns {
			top := float32(above[c.a]) + c.part*(float32(above[c.b])-float32(above[c.a]))
			bottom := float32(below[c.a]) + c.part*(float32(below[c.b])-float32(below[c.a]))
			row[x] = byte(top + r.part*(bottom-top) + 0.5)
		}
	}
	return crop{out, mid, scale}
}

// A between is a place between the middles of two pixels.
type between struct {
	a, b int
	part float32 // of the way from a to b
}

// betweens are the places along one side of a picture of the given size from
// which n pixels of a crop come.
func betweens(n int, mid, scale float64, size int) []between {
	all := make([]between, n)
	for i := range all {
		at := mid + (float64(i)+0.5-float64(n)/2)/scale - 0.5
		low := math.Floor(at)
		a := int(low)
		all[i] = between{min(max(a, 0), size-1), min(max(a+1, 0), size-1), float32(at - low)}
	}
	return all
}

// shrinkPart makes the square around mid smaller by whole pixels, and says
// where its upper left corner is in the picture.
func shrinkPart(g *image.Gray, mid point, reach float64, n int) (small *image.Gray, corner point) {
	box := image.Rect(int(mid.x-reach)-n, int(mid.y-reach)-n, int(mid.x+reach)+2*n, int(mid.y+reach)+2*n).Intersect(g.Rect)
	part := g.SubImage(box).(*image.Gray)
	part = &image.Gray{Pix: part.Pix, Stride: part.Stride, Rect: image.Rect(0, 0, box.Dx(), box.Dy())}
	return shrink(part, n), point{float64(box.Min.X), float64(box.Min.Y)}
}

// out is where a place in the crop is in the picture.
func (c crop) out(p point) point {
	b := c.gray.Rect
	return point{c.mid.x + (p.x-float64(b.Dx())/2)/c.scale, c.mid.y + (p.y-float64(b.Dy())/2)/c.scale}
}

// even makes dark and light as dark and light everywhere as they are where the
// contrast is best: each pixel's distance from the mean around it, in parts of
// what is usual around it.
func even(g *image.Gray, reach int) *image.Gray {
	w, h := g.Rect.Dx(), g.Rect.Dy()
	mean := means(g, reach)
	away := image.NewGray(g.Rect)
	for i, v := range g.Pix {
		d := int(v) - int(mean[i])
		away.Pix[i] = byte(min(2*max(d, -d), 255))
	}
	usual := means(away, reach)
	out := image.NewGray(image.Rect(0, 0, w, h))
	for i, v := range g.Pix {
		d := float32(int(v)-int(mean[i])) * 100 / max(float32(usual[i]), 6)
		out.Pix[i] = byte(min(max(128+d, 0), 255))
	}
	return out
}

// means are the means of the square around every pixel.
func means(g *image.Gray, reach int) []byte {
	w, h := g.Rect.Dx(), g.Rect.Dy()
	sums := make([]int, w) // of columns, from y-reach to y+reach
	add := func(y, sign int) {
		if y < 0 || y >= h {
			return
		}
		for x, v := range g.Pix[y*g.Stride:][:w] {
			sums[x] += sign * int(v)
		}
	}
	out := make([]byte, w*h)
	for y := range min(reach, h) {
		add(y, 1)
	}
	for y := range h {
		add(y+reach, 1)
		add(y-reach-1, -1)
		rows := min(y+reach, h-1) - max(y-reach, 0) + 1
		sum := 0
		for x := range min(reach, w) {
			sum += sums[x]
		}
		for x := range w {
			if x+reach < w {
				sum += sums[x+reach]
			}
			if x-reach-1 >= 0 {
				sum -= sums[x-reach-1]
			}
			columns := min(x+reach, w-1) - max(x-reach, 0) + 1
			out[y*w+x] = byte(sum / (rows * columns))
		}
	}
	return out
}

// unsharp adds to every pixel so many times what it differs by from the mean of
// the square around it.
func unsharp(g *image.Gray, reach int, amount float32) *image.Gray {
	mean := means(g, reach)
	out := image.NewGray(image.Rect(0, 0, g.Rect.Dx(), g.Rect.Dy()))
	for i, v := range g.Pix {
		p := float32(v)
		out.Pix[i] = byte(min(max(p+amount*(p-float32(mean[i])), 0), 255))
	}
	return out
}
