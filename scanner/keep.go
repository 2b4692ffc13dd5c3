package scanner

import (
	"bytes"
	"image"
	"image/jpeg"
)

// keptQuality is JPEG's: print stays sharp, and a label takes some 100 kB.
const keptQuality = 75

// keep makes the copy of a picture that is to be kept: gray, upright, no side
// longer than most pixels, and with nothing of the file in it but what is seen.
func keep(g *image.Gray, most int) ([]byte, error) {
	if most <= 0 {
		return nil, nil
	}
	longest := max(g.Rect.Dx(), g.Rect.Dy())
	var b bytes.Buffer
	err := jpeg.Encode(&b, shrink(g, (longest+most-1)/most), &jpeg.Options{Quality: keptQuality})
	return b.Bytes(), err
}
