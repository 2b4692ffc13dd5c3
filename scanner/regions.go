package scanner

import (
	"image"
	"slices"

	"github.com/makiuchi-d/gozxing"
)

// region is a part of a picture in which a matrix symbol may stand alone: black
// pixels that hang together when looked at in cells of some size.
type region struct {
	box   image.Rectangle // in pixels
	cell  int             // edge of a cell in pixels
	wide  int             // cells in a row of the picture
	label int32
	cells []int32 // the label of every cell of the picture
}

// has says whether a pixel belongs to the region.
func (r region) has(x, y int) bool {
	return r.cells[(y/r.cell)*r.wide+x/r.cell] == r.label
}

// regionsOf finds regions in black and white, the larger before the smaller.
func regionsOf(black []byte, w, h, cell int) []region {
	wide, high := (w+cell-1)/cell, (h+cell-1)/cell
	cells := make([]int32, wide*high)
	for y := range h {
		row := cells[(y/cell)*wide:]
		for x, b := range black[y*w:][:w] {
			if b != 0 {
				row[x/cell] = -1 // black, and not yet of any region
			}
		}
	}
	var regions []region
	var stack []int
	label := int32(0)
	for i, c := range cells {
		if c != -1 {
			continue
		}
		label++
		box := image.Rectangle{}
		cells[i] = label
		stack = append(stack[:0], i)
		for len(stack) > 0 {
			at := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			cx, cy := at%wide, at/wide
			box = box.Union(image.Rect(cx, cy, cx+1, cy+1))
			for ny := max(cy-1, 0); ny <= min(cy+1, high-1); ny++ {
				for nx := max(cx-1, 0); nx <= min(cx+1, wide-1); nx++ {
					if n := ny*wide + nx; cells[n] == -1 {
						cells[n] = label
						stack = append(stack, n)
					}
				}
			}
		}
		px := image.Rect(box.Min.X*cell, box.Min.Y*cell, min(box.Max.X*cell, w), min(box.Max.Y*cell, h))
		long, short := max(px.Dx(), px.Dy()), min(px.Dx(), px.Dy())
		if short >= 12 && long <= 20*short && px.Dx()*px.Dy() >= 400 {
			regions = append(regions, region{px, cell, wide, label, cells})
		}
	}
	slices.SortFunc(regions, func(a, b region) int { return b.box.Dx()*b.box.Dy() - a.box.Dx()*a.box.Dy() })
	return regions
}

// cut returns the region alone, enlarged n times, with white around it.
func (r region) cut(g *image.Gray, n int, blacken func(*image.Gray) (*gozxing.BitMatrix, error)) (bits *gozxing.BitMatrix, origin image.Point, err error) {
	const margin = 12
	box := r.box.Inset(-margin)
	piece := image.NewGray(image.Rect(0, 0, box.Dx(), box.Dy()))
	for y := range box.Dy() {
		for x := range box.Dx() {
			// outside the picture its nearest pixel
			px := min(max(box.Min.X+x, 0), g.Rect.Dx()-1)
			py := min(max(box.Min.Y+y, 0), g.Rect.Dy()-1)
			piece.Pix[y*piece.Stride+x] = g.Pix[py*g.Stride+px]
		}
	}
	bits, err = blacken(enlarge(piece, n))
	if err != nil {
		return nil, image.Point{}, err
	}
	keepOnly(bits, func(x, y int) bool {
		x, y = box.Min.X+x/n, box.Min.Y+y/n
		return image.Pt(x, y).In(r.box) && r.has(x, y)
	})
	return bits, box.Min, nil
}
