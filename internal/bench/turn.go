package bench

import (
	"bytes"
	"image"
	_ "image/jpeg" // the kinds of pictures that truth folders hold
	"image/png"

	_ "golang.org/x/image/webp"
)

// turnPicture turns a picture clockwise by a multiple of 90 degrees.
func turnPicture(data []byte, degrees int) ([]byte, error) {
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	quarter := (degrees/90%4 + 4) % 4
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	if quarter%2 == 1 {
		out = image.NewNRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			c := img.At(b.Min.X+x, b.Min.Y+y)
			switch quarter {
			case 0:
				out.Set(x, y, c)
			case 1:
				out.Set(h-1-y, x, c)
			case 2:
				out.Set(w-1-x, h-1-y, c)
			case 3:
				out.Set(y, w-1-x, c)
			}
		}
	}
	var file bytes.Buffer
	fast := png.Encoder{CompressionLevel: png.BestSpeed}
	err = fast.Encode(&file, out)
	return file.Bytes(), err
}
