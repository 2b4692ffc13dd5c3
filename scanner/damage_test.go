package scanner_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"implantrace/internal/bounds"
	"implantrace/scanner"
)

// damages are a file cut off, with bytes changed, left out and repeated, and
// with every length it may hold made as large as can be.
func damages(data []byte) (all [][]byte) {
	for i := range 8 {
		at := len(data) * (2*i + 1) / 16
		all = append(all, data[:at])
		changed := append([]byte(nil), data...)
		for j := at; j < min(at+1+i, len(data)); j++ {
			changed[j] ^= byte(0x11 << (j % 4))
		}
		all = append(all, changed, append(append([]byte(nil), data[:at]...), data[min(at+13, len(data)):]...),
			append(append([]byte(nil), data[:at]...), data[at/2:]...))
	}
	for at := 8; at < min(len(data)-4, 64); at += 4 {
		long := append([]byte(nil), data...)
		copy(long[at:], "\xff\xff\xff\x7f")
		all = append(all, long)
	}
	return all
}

// pictures are the files of testdata.
func pictures(t testing.TB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, name := range []string{"pouch.png", "pouch.jpg", "pouch.webp"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		all[name] = data
	}
	return all
}

// documented says that an error is one of those that DecodeImage tells of.
func documented(err error) bool {
	return err == nil || errors.Is(err, scanner.ErrTooLarge) || errors.Is(err, scanner.ErrNotPicture) || errors.Is(err, scanner.ErrDamaged)
}

// A damaged file is refused or read; what is read for sure in it is what stood
// on the picture.
func TestDecodeImageTakesDamagedFiles(t *testing.T) {
	for name, data := range pictures(t) {
		refused := 0
		for i, damaged := range damages(data) {
			if underRace && i%5 != 0 {
				continue
			}
			p, err := scanner.DecodeImage(t.Context(), damaged, scanner.ImageOptions{Workers: workers, Proves: proves, MaxPixels: 100_000})
			if !documented(err) {
				t.Errorf("%s, damage %d: an error that is not documented: %v", name, i, err)
			}
			if err != nil {
				refused++
			}
			for _, s := range p.Symbols {
				if s.Sure && s.Text != gs1Text {
					t.Errorf("%s, damage %d: misread as %+v", name, i, s)
				}
			}
		}
		if refused == 0 {
			t.Errorf("%s: no damage was seen", name)
		}
	}
}

func FuzzDecodeImage(f *testing.F) {
	for _, data := range pictures(f) {
		f.Add(data)
		for _, damaged := range damages(data) {
			f.Add(damaged)
		}
	}
	f.Add(asPNG(f, draw(paper(90, 90), dataMatrix(f, ascii("A1")), 20, 20, 4)))
	f.Add(header(50, 50))
	f.Add([]byte("RIFF\x00\x00\x00\x00WEBPVP8 "))
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00II*\x00\xff\xff\xff\xff"))
	const deadline = time.Second
	if _, err := scanner.DecodeImage(f.Context(), pictures(f)["pouch.png"], scanner.ImageOptions{Workers: workers}); err != nil { // the engine starts
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var err error
		bounds.Hold(t, func() {
			_, err = scanner.DecodeImage(t.Context(), data, scanner.ImageOptions{Workers: workers, Deadline: deadline, MaxPixels: 100_000})
		})
		if !documented(err) {
			t.Error(fmt.Errorf("an error that is not documented: %w", err))
		}
	})
}
