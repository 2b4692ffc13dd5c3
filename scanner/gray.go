package scanner

import (
	"image"
	"image/color"

	"github.com/makiuchi-d/gozxing"
)

// grayOf returns the brightness of img, from 0,0 on. What is transparent counts
// as white paper.
func grayOf(img image.Image) *image.Gray {
	b := img.Bounds()
	g := image.NewGray(image.Rect(0, 0, b.Dx(), b.Dy()))
	var row func(dst []byte, y int)
	switch img := img.(type) {
	case *image.YCbCr:
		row = func(dst []byte, y int) { copy(dst, img.Y[img.YOffset(b.Min.X, y):]) }
	case *image.Gray:
		row = func(dst []byte, y int) { copy(dst, img.Pix[img.PixOffset(b.Min.X, y):]) }
	case *image.Paletted:
		var palette [256]byte
		for i, c := range img.Palette {
			palette[i] = brightness(c)
		}
		row = func(dst []byte, y int) {
			for i, c := range img.Pix[img.PixOffset(b.Min.X, y):][:len(dst)] {
				dst[i] = palette[c]
			}
		}
	default: // RGBA, NRGBA, 16 bits, CMYK, ...
		at := func(x, y int) color.Color { return img.At(x, y) }
		if img, ok := img.(image.RGBA64Image); ok { // makes no garbage
			row = func(dst []byte, y int) {
				for i := range dst {
					c := img.RGBA64At(b.Min.X+i, y)
					dst[i] = onPaper(uint32(c.R), uint32(c.G), uint32(c.B), uint32(c.A))
				}
			}
			break
		}
		row = func(dst []byte, y int) {
			for i := range dst {
				dst[i] = brightness(at(b.Min.X+i, y))
			}
		}
	}
	for y := range b.Dy() {
		row(g.Pix[y*g.Stride:][:b.Dx()], b.Min.Y+y)
	}
	return g
}

func brightness(c color.Color) byte { return onPaper(c.RGBA()) }

// onPaper takes a colour with its alpha multiplied in.
func onPaper(r, g, b, a uint32) byte {
	y := (299*r + 587*g + 114*b) / 1000
	return byte((y + 0xffff - a) >> 8)
}

// shrink averages squares of n by n pixels.
func shrink(g *image.Gray, n int) *image.Gray {
	w, h := g.Rect.Dx()/n, g.Rect.Dy()/n
	if n == 1 || w == 0 || h == 0 {
		return g
	}
	small := image.NewGray(image.Rect(0, 0, w, h))
	sums := make([]int, w)
	for y := range h {
		clear(sums)
		for dy := range n {
			row := g.Pix[(y*n+dy)*g.Stride:]
			for x := range sums {
				for dx := range n {
					sums[x] += int(row[x*n+dx])
				}
			}
		}
		out := small.Pix[y*small.Stride:]
		for x, sum := range sums {
			out[x] = byte(sum / (n * n))
		}
	}
	return small
}

// enlarge makes n by n pixels of each, in between by what is around them, so
// that an edge is not bound to where a pixel ended.
func enlarge(g *image.Gray, n int) *image.Gray {
	if n == 1 {
		return g
	}
	w, h := g.Rect.Dx(), g.Rect.Dy()
	large := image.NewGray(image.Rect(0, 0, w*n, h*n))
	// Of the i-th pixel in n, the middle is (2i+1-n)/2n of a pixel off.
	near := func(i, last int) (a, b, weight int) {
		off := 2*(i%n) + 1 - n
		a, b = i/n, i/n
		if off < 0 {
			a, off = max(a-1, 0), off+2*n
		} else {
			b = min(b+1, last)
		}
		return a, b, off // in 2n-ths, towards b
	}
	row := make([]int, w)
	for y := range h * n {
		a, b, weight := near(y, h-1)
		above, below := g.Pix[a*g.Stride:], g.Pix[b*g.Stride:]
		for x := range row {
			row[x] = int(above[x])*(2*n-weight) + int(below[x])*weight
		}
		out := large.Pix[y*large.Stride:]
		for x := range w * n {
			a, b, weight := near(x, w-1)
			out[x] = byte((row[a]*(2*n-weight) + row[b]*weight) / (4 * n * n))
		}
	}
	return large
}

// sharpen adds to every pixel twice what it differs from its neighbours by.
func sharpen(g *image.Gray) *image.Gray {
	out := smooth(smooth(g))
	for i, around := range out.Pix {
		v := int(g.Pix[i])
		out.Pix[i] = byte(min(max(v+2*(v-int(around)), 0), 255))
	}
	return out
}

// smooth takes the noise out: the mean of every 3 by 3 pixels.
func smooth(g *image.Gray) *image.Gray {
	w, h := g.Rect.Dx(), g.Rect.Dy()
	out := image.NewGray(image.Rect(0, 0, w, h))
	if w == 0 {
		return out
	}
	sums := make([]uint32, w+2) // of three pixels one below the other, the first and the last twice
	for y := range h {
		above := g.Pix[max(y-1, 0)*g.Stride:][:w]
		row := g.Pix[y*g.Stride:][:w]
		below := g.Pix[min(y+1, h-1)*g.Stride:][:w]
		mid := sums[1:][:w]
		for x := range mid {
			mid[x] = uint32(above[x]) + uint32(row[x]) + uint32(below[x])
		}
		sums[0], sums[w+1] = sums[1], sums[w]
		left, right := sums[:w], sums[2:][:w]
		dst := out.Pix[y*out.Stride:][:w]
		for x := range dst {
			dst[x] = byte((left[x] + mid[x] + right[x]) / 9)
		}
	}
	return out
}

func invert(g *image.Gray) *image.Gray {
	out := image.NewGray(g.Rect)
	for i, v := range g.Pix {
		out.Pix[i] = 255 - v
	}
	return out
}

// luminance shows a gray picture, whose rows are not padded, to gozxing.
type luminance struct {
	gozxing.LuminanceSourceBase
	gray *image.Gray
}

func newLuminance(g *image.Gray) *luminance {
	return &luminance{gozxing.LuminanceSourceBase{Width: g.Rect.Dx(), Height: g.Rect.Dy()}, g}
}

func (l *luminance) GetRow(y int, row []byte) ([]byte, error) {
	return append(row[:0], l.gray.Pix[y*l.gray.Stride:][:l.Width]...), nil
}

func (l *luminance) GetMatrix() []byte { return l.gray.Pix }

func (l *luminance) Invert() gozxing.LuminanceSource { return gozxing.LuminanceSourceInvert(l) }

func (l *luminance) String() string { return "a gray picture" }

// blackAdaptive says which pixels are black by what is around them.
func blackAdaptive(g *image.Gray) (*gozxing.BitMatrix, error) {
	return gozxing.NewHybridBinarizer(newLuminance(g)).GetBlackMatrix()
}

// blackGlobal says which pixels are black by one threshold, the one that
// divides dark and light best (Otsu).
func blackGlobal(g *image.Gray) (*gozxing.BitMatrix, error) {
	var count [256]int
	total := 0
	for i, v := range g.Pix {
		count[v]++
		total += int(g.Pix[i])
	}
	best, threshold := -1.0, 0
	darks, darkSum := 0, 0
	for v := range 256 {
		darks += count[v]
		darkSum += v * count[v]
		lights := len(g.Pix) - darks
		if darks == 0 || lights == 0 {
			continue
		}
		gap := float64(darkSum)/float64(darks) - float64(total-darkSum)/float64(lights)
		if spread := gap * gap * float64(darks) * float64(lights); spread > best {
			best, threshold = spread, v
		}
	}
	bits, err := gozxing.NewBitMatrix(g.Rect.Dx(), g.Rect.Dy())
	if err != nil {
		return nil, err
	}
	for y := range g.Rect.Dy() {
		for x, v := range g.Pix[y*g.Stride:][:g.Rect.Dx()] {
			if int(v) <= threshold {
				bits.Set(x, y)
			}
		}
	}
	return bits, nil
}
