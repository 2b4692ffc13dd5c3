package zxing

import (
	"encoding/json"
	"errors"
	"image"
	"image/draw"
	_ "image/jpeg"
	_ "image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"implantrace/internal/bounds"
)

// shared is where pictures stand in CI and beside a full checkout.
const shared = "../../../../shared/images"

func grayOf(t testing.TB, file string) *image.Gray {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	g := paper(img.Bounds().Dx(), img.Bounds().Dy(), 255) // behind what is transparent
	draw.Draw(g, g.Rect, img, img.Bounds().Min, draw.Over)
	return g
}

// some is all files, or one in ten where every instruction is watched.
func some(t *testing.T, all []string) (files []string, whole bool) {
	if len(all) == 0 {
		t.Skipf("no pictures in %s", shared)
	}
	if !underRace && !testing.Short() {
		return all, true
	}
	for i := 0; i < len(all); i += 10 {
		files = append(files, all[i])
	}
	return files, false
}

// With its defaults zxing-cpp reads 56 of the 73 symbols on the labels.
func TestLabels(t *testing.T) {
	e := opened(t, Options{})
	truth := map[string][][2]string{}
	var all []string
	lines, _ := os.ReadFile(shared + "/labels/truth.jsonl") // absent in a lone clone
	for line := range strings.Lines(string(lines)) {
		var label struct {
			File    string
			Symbols [][2]string
		}
		if err := json.Unmarshal([]byte(line), &label); err != nil {
			t.Fatal(err)
		}
		truth[label.File] = label.Symbols
		all = append(all, filepath.Join(shared, "labels", label.File))
	}
	files, whole := some(t, all)
	right, total := 0, 0
	for _, file := range files {
		name := filepath.Base(file)
		results, err := e.Read(t.Context(), grayOf(t, file), Defaults())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		total += len(truth[name])
		for _, r := range results {
			switch {
			case slices.Contains(truth[name], [2]string{r.Format, r.Text}):
				right++
			case r.Format == "EAN13", strings.HasPrefix(r.Text, "https://ifu.example.com/"):
				// Leaflets and shop codes stand on some labels to distract.
			default:
				t.Errorf("%s: misread as %+v", name, r)
			}
		}
	}
	t.Logf("%d of %d symbols read on %d labels", right, total, len(files))
	if floor := 56; whole && right < floor {
		t.Errorf("%d symbols read, want %d", right, floor)
	}
}

func TestPhotos(t *testing.T) {
	e := opened(t, Options{})
	all, err := filepath.Glob(filepath.Join(shared, "photos", "*", "*.png"))
	if err != nil {
		t.Fatal(err)
	}
	files, whole := some(t, all)
	right := 0
	for _, file := range files {
		text, err := os.ReadFile(strings.TrimSuffix(file, ".png") + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		results, err := e.Read(t.Context(), grayOf(t, file), Defaults())
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		switch {
		case slices.ContainsFunc(results, func(r Result) bool { return r.Text == string(text) }):
			right++
		case len(results) > 0:
			t.Errorf("%s: misread as %+v, want %q", file, results, text)
		default:
			t.Logf("%s: not read", file)
		}
	}
	t.Logf("%d of %d photographs read", right, len(files))
	if floor := 107; whole && right < floor {
		t.Errorf("%d photographs read, want %d", right, floor)
	}
}

func FuzzRead(f *testing.F) {
	e := opened(f, Options{Instances: 2})
	f.Add([]byte{0, 255, 0, 255}, byte(2), byte(0))
	for _, name := range []string{"qrcode", "datamatrix-gs1", "microqrcode", "aztec", "ean13"} {
		rows := symbol(f, name)
		g := paper(len(rows[0])*2+16, len(rows)*2+16, 240)
		drawSymbol(g, rows, 8, 8, 2, 20)
		f.Add(g.Pix, byte(g.Rect.Dx()-1), byte(0x1f))
	}
	rows := symbol(f, "qrcode")
	known := paper(len(rows[0])*2+16, len(rows)*2+16, 240)
	drawSymbol(known, rows, 8, 8, 2, 20)
	if _, err := e.Read(f.Context(), known, ReadOptions{}); err != nil { // the engine is compiled here, in no input's time
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, pixels []byte, width, options byte) {
		w := int(width) + 1
		h := len(pixels) / w
		if h == 0 {
			return
		}
		o := ReadOptions{
			TryHarder: options&1 != 0, TryRotate: options&2 != 0, TryInvert: options&4 != 0, TryDownscale: options&8 != 0,
			ReturnErrors: options&16 != 0, IsPure: options&32 != 0, Binarizer: Binarizer(options >> 6),
		}
		g := &image.Gray{Pix: pixels, Stride: w, Rect: image.Rect(0, 0, w, h)}
		var results []Result
		var err error
		bounds.Hold(t, func() { results, err = e.Read(t.Context(), g, o) })
		switch {
		case errors.Is(err, ErrSandbox):
			// zxing-cpp ends the search in some noise with an exception, in Node too.
			// It harms nothing that comes after.
			if again, err := e.Read(t.Context(), known, ReadOptions{}); err != nil || len(again) != 1 || !again[0].OK() {
				t.Fatalf("after an exception a plain symbol gives %+v, %v", again, err)
			}
			return
		case err != nil:
			t.Fatal(err)
		}
		for _, r := range results {
			if !o.ReturnErrors && !r.OK() {
				t.Errorf("a symbol that was not read is reported: %+v", r)
			}
			if r.OK() && (r.Format == "" || r.AIM == "") {
				t.Errorf("read %+v", r)
			}
		}
	})
}
