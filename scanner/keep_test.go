package scanner_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"implantrace/scanner"
)

// What is kept of a picture is what is seen of it, smaller, and nothing of its
// file: neither where nor with what it was taken.
func TestWhatIsKeptIsWhatIsSeen(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "pouch.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	place := []byte("GPS 51.5 N 0.1 W")
	exif := append([]byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"), place...)
	tagged := append([]byte{0xff, 0xd8, 0xff, 0xe1, 0, byte(len(exif) + 2)}, exif...)
	tagged = append(tagged, data[2:]...) // it is to be turned by a quarter
	for _, most := range []int{0, 100, 1600} {
		p, err := scanner.DecodeImage(t.Context(), tagged, scanner.ImageOptions{Workers: workers, Proves: proves, Keep: most})
		if err != nil {
			t.Fatal(err)
		}
		if most == 0 {
			if p.Kept != nil {
				t.Error("a picture is kept though nobody asked")
			}
			continue
		}
		if bytes.Contains(p.Kept, place) || bytes.Contains(p.Kept, []byte("Exif")) {
			t.Error("what is kept says where it was taken")
		}
		kept, err := jpeg.Decode(bytes.NewReader(p.Kept))
		if err != nil {
			t.Fatal(err)
		}
		if _, gray := kept.(*image.Gray); !gray {
			t.Errorf("kept as %T", kept)
		}
		w, h := kept.Bounds().Dx(), kept.Bounds().Dy()
		if w > most || h > most || w == 0 || (w > h) != (p.Width > p.Height) || w*2 < min(most, p.Width) && h*2 < min(most, p.Height) {
			t.Errorf("kept %d by %d of %d by %d, with %d the most", w, h, p.Width, p.Height, most)
		}
		if most == 1600 {
			again, err := scanner.DecodeImage(t.Context(), p.Kept, scanner.ImageOptions{Workers: workers, Proves: proves})
			if err != nil || len(again.Symbols) == 0 || again.Symbols[0].Text != p.Symbols[0].Text {
				t.Errorf("what is kept reads %+v, %v", again.Symbols, err)
			}
		}
	}
}
