package scanner

import (
	"encoding/binary"
	"image"
	"image/color"
	"iter"
)

// Pictures of few bytes can take much memory to open: a JPEG that comes in
// several passes is kept with all its coefficients, a PNG of 16 bits with eight
// bytes a pixel. So what a picture will take is reckoned from its header, and
// those that are read at the same time have to share what there is.

// roomForPictures is how many bytes all pictures may take that one [Workers]
// reads at a time. A JPEG of 50 million pixels as telephones make them (4:2:0
// or 4:2:2, in one pass) fits, and four of 12 million do together.
const roomForPictures = 208 << 20

// roomOf is about how many bytes it takes to open a picture and to make it gray
// and upright.
func (k kind) roomOf(c image.Config, data []byte) int64 {
	const gray = 2 // as it is stored and as it is shown
	return int64(float64(c.Width) * float64(c.Height) * (k.depth(c, data) + gray))
}

// jpegDepth is how many bytes a pixel takes while a JPEG is opened.
func jpegDepth(_ image.Config, data []byte) float64 {
	const worst = 4*(1+4) + 4
	depth, converted := 0.0, 0.0
	for marker, segment := range jpegSegments(data) {
		const (
			firstFrame, lastFrame = 0xc0, 0xc2 // of the kinds that image/jpeg opens
			progressive           = 0xc2
			adobe                 = 0xee // what follows may be RGB or CMYK, which is converted
		)
		switch {
		case marker == adobe:
			converted = 4
		case marker >= firstFrame && marker <= lastFrame && len(segment) >= 6:
			parts := segment[6:]
			most, all := 1, 0
			for ; len(parts) >= 3; parts = parts[3:] {
				samples := int(parts[1]>>4) * int(parts[1]&15)
				most, all = max(most, samples), all+samples
			}
			depth = float64(all) / float64(most)
			if marker == progressive {
				depth *= 1 + 4 // with a coefficient of 32 bits for each sample
			}
		}
	}
	if depth == 0 {
		return worst
	}
	return depth + converted
}

// pngDepth is the same of a PNG. An interlaced one is put together from smaller
// pictures.
func pngDepth(c image.Config, data []byte) float64 {
	depth := 4.0
	switch c.ColorModel {
	case color.GrayModel:
		depth = 1
	case color.Gray16Model:
		depth = 2
	case color.RGBA64Model, color.NRGBA64Model:
		depth = 8
	}
	if _, ok := c.ColorModel.(color.Palette); ok {
		depth = 1
	}
	const interlaced = 28
	if len(data) > interlaced && data[interlaced] != 0 {
		depth *= 1.5
	}
	return depth
}

// webpDepth is the same of a WebP. What is lossless is unpacked to four bytes a
// pixel, and copied by some of its transforms.
func webpDepth(image.Config, []byte) float64 { return 8 }

// jpegSegments are the marker segments of a JPEG before its first scan, each
// with its marker and without its length.
func jpegSegments(data []byte) iter.Seq2[byte, []byte] {
	return func(yield func(byte, []byte) bool) {
		const startOfScan = 0xda
		for rest := data[min(2, len(data)):]; len(rest) >= 4 && rest[0] == 0xff && rest[1] != startOfScan; {
			if rest[1] == 0xff { // it may be filled up
				rest = rest[1:]
				continue
			}
			size := int(binary.BigEndian.Uint16(rest[2:]))
			if size < 2 || 2+size > len(rest) || !yield(rest[1], rest[4:2+size]) {
				return
			}
			rest = rest[2+size:]
		}
	}
}
