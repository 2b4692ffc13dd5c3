package scanner_test

import (
	"bytes"
	"flag"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"implantrace/scanner"
)

var redraw = flag.Bool("redraw", false, "draw the PNG and JPEG files of testdata anew")

// pouch is a small pack with both carriers of one device: what the pictures in
// testdata show. Its WebP is the PNG, as Chromium writes it.
func pouch(t testing.TB) *image.Gray {
	sheet := paper(420, 220)
	draw(sheet, dataMatrix(t, ascii("\x1d"+gs1Text)), 20, 20, 4)
	draw(sheet, code128(t, "ñ"+gs1Text), 20, 150, 1)
	return sheet
}

// spoiled is a pack whose Data Matrix at the upper right can be read, and whose
// other one, at the lower left, cannot: its modules say nothing.
func spoiled(t testing.TB) *image.Gray {
	sheet := paper(900, 700)
	draw(sheet, dataMatrix(t, ascii("\x1d"+gs1Text)), 600, 80, 5)
	squares(sheet, 60, 500)
	return sheet
}

func TestPicturesInTestdata(t *testing.T) {
	png := asPNG(t, pouch(t))
	var jpg bytes.Buffer
	if err := jpeg.Encode(&jpg, pouch(t), &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	if *redraw {
		for name, data := range map[string][]byte{"pouch.png": png, "pouch.jpg": jpg.Bytes(), "spoiled.png": asPNG(t, spoiled(t))} {
			if err := os.WriteFile(filepath.Join("testdata", name), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, name := range []string{"pouch.png", "pouch.jpg", "pouch.webp"} {
		p := readFile(t, filepath.Join("testdata", name), scanner.ImageOptions{Proves: proves})
		if p.Width != 420 || p.Height != 220 || len(p.Symbols) != 2 || len(p.Unread) != 0 {
			t.Errorf("%s: %+v", name, p)
			continue
		}
		for i, aim := range []string{"]d2", "]C1"} {
			if s := p.Symbols[i]; s.AIM != aim || s.Text != gs1Text || !s.Sure {
				t.Errorf("%s: %+v", name, s)
			}
		}
	}
}
