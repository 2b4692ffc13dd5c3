package scanner

import (
	"image"
	"testing"
)

// Whichever way a picture is turned by quarters, the search sees the same
// pixels, and a place that it finds there is given back where it was.
func TestQuarterTurnsAreUndone(t *testing.T) {
	shown := image.NewGray(image.Rect(0, 0, 50, 30))
	for i := range shown.Pix {
		shown.Pix[i] = byte(i * 7919 >> 3)
	}
	for y := range 30 {
		for x := range 9 { // darker on the left
			shown.Pix[y*shown.Stride+x] /= 4
		}
	}
	want := upright(shown, toDarkTop(shown))
	for _, turn := range []int{1, 3, 6, 8} {
		g := upright(shown, turn)
		s := newSearch(t.Context(), g, nil, ImageOptions{})
		if s.gray.Rect != want.Rect || string(s.gray.Pix) != string(want.Pix) {
			t.Fatalf("turned by orientation %d, the search sees other pixels", turn)
		}
		for y := range s.gray.Rect.Dy() {
			for x := range s.gray.Rect.Dx() {
				p := turnedBack(point{float64(x) + 0.5, float64(y) + 0.5}, s.orientation, float64(g.Rect.Dx()), float64(g.Rect.Dy()))
				if at := g.GrayAt(int(p.x), int(p.y)); at != s.gray.GrayAt(x, y) {
					t.Fatalf("orientation %d: %d,%d is given back at %v", turn, x, y, p)
				}
			}
		}
	}
}
