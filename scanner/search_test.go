package scanner_test

import (
	"encoding/json"
	"image"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"implantrace/scanner"
)

// needsEngine skips a test of what only zxing-cpp reads; in CI it must be there.
func needsEngine(t *testing.T) {
	t.Helper()
	if _, there := scanner.EngineVersion(); !there {
		if os.Getenv("CI") != "" {
			t.Fatal("zxing-cpp is not built in; run make assets first")
		}
		t.Skip("zxing-cpp is not built in")
	}
}

// turned is a picture turned by degrees around its middle, on a larger sheet.
func turned(g *image.Gray, degrees float64) *image.Gray {
	w, h := float64(g.Rect.Dx()), float64(g.Rect.Dy())
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	out := paper(int(math.Abs(w*cos)+math.Abs(h*sin)), int(math.Abs(w*sin)+math.Abs(h*cos)))
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			u, v := float64(x)-float64(out.Rect.Dx())/2, float64(y)-float64(out.Rect.Dy())/2
			at := image.Pt(int(u*cos+v*sin+w/2), int(-u*sin+v*cos+h/2))
			if at.In(g.Rect) {
				out.SetGray(x, y, g.GrayAt(at.X, at.Y))
			}
		}
	}
	return out
}

func blurred(g *image.Gray, reach int) *image.Gray {
	out := image.NewGray(g.Rect)
	for y := range g.Rect.Dy() {
		for x := range g.Rect.Dx() {
			sum, n := 0, 0
			for dy := -reach; dy <= reach; dy++ {
				for dx := -reach; dx <= reach; dx++ {
					if p := image.Pt(x+dx, y+dy); p.In(g.Rect) {
						sum, n = sum+int(g.GrayAt(p.X, p.Y).Y), n+1
					}
				}
			}
			out.Pix[y*out.Stride+x] = byte(sum / n)
		}
	}
	return out
}

func TestDecodeImageReadsAtAnyAngle(t *testing.T) {
	sheet := paper(700, 400)
	draw(sheet, code128(t, "ñ"+gs1Text), 60, 60, 2)
	draw(sheet, dataMatrix(t, ascii("\x1d"+gs1Text+"\x1d21S")), 300, 200, 5)
	step := 15.0
	if underRace {
		step = 75
	}
	for degrees := 0.0; degrees < 360; degrees += step {
		p, err := scanner.DecodeImage(t.Context(), asPNG(t, turned(sheet, degrees)), scanner.ImageOptions{Workers: workers, Proves: proves})
		if err != nil {
			t.Fatal(err)
		}
		sure := map[string]bool{}
		for _, s := range p.Symbols {
			sure[s.AIM+s.Text] = s.Sure
		}
		// gozxing's own detector of Data Matrix does not see one that stands on its corner.
		_, there := scanner.EngineVersion()
		both := there || math.Mod(degrees, 90) != 45
		if !sure["]C1"+gs1Text] || both && (!sure["]d2"+gs1Text+"\x1d21S"] || len(p.Symbols) != 2) {
			t.Errorf("turned by %v degrees: %+v", degrees, p.Symbols)
		}
	}
}

// A Data Matrix of which no side is whole, light on dark, or blurred is read all
// the same.
func TestDecodeImageReadsDamagedDataMatrix(t *testing.T) {
	symbol := func() *image.Gray {
		return draw(paper(300, 300), dataMatrix(t, ascii("\x1d"+gs1Text+"\x1d21S")), 90, 90, 5)
	}
	scratched := symbol()
	for i := range 110 { // through both solid sides
		for w := range 4 {
			scratched.Pix[(120+w)*scratched.Stride+85+i/8] = 240
			scratched.Pix[(180+i/8)*scratched.Stride+140+w] = 240
		}
	}
	inverted := symbol()
	for i, v := range inverted.Pix {
		inverted.Pix[i] = 255 - v
	}
	for name, g := range map[string]*image.Gray{"scratched": scratched, "light on dark": inverted, "blurred": blurred(symbol(), 2)} {
		p, err := scanner.DecodeImage(t.Context(), asPNG(t, g), scanner.ImageOptions{Workers: workers, Proves: proves})
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Symbols) != 1 || p.Symbols[0].Text != gs1Text+"\x1d21S" || !p.Symbols[0].Sure {
			t.Errorf("%s: %+v", name, p.Symbols)
		}
	}
}

// What is located and not read is told with its place, its cause and a remedy.
func TestDecodeImageTellsWhatItCouldNotRead(t *testing.T) {
	p := readFile(t, "testdata/spoiled.png", scanner.ImageOptions{Proves: proves})
	if len(p.Symbols) != 1 || !p.Symbols[0].Sure {
		t.Errorf("read %+v", p.Symbols)
	}
	if len(p.Unread) != 1 {
		t.Fatalf("unread: %+v", p.Unread)
	}
	u := p.Unread[0]
	if !strings.HasSuffix(u.Why, " at the lower left could not be read: it may be damaged, bent or covered.") || u.Hint == "" {
		t.Errorf("told %+v", u)
	}
}

// On labels that are read whole, nothing is said to be unread but now and then.
func TestDecodeImageDoesNotCryWolf(t *testing.T) {
	needsEngine(t)
	truth, whole := labelTruth(t), 0
	var files []string
	for file := range truth {
		files = append(files, filepath.Join(shared, "labels", file))
	}
	files, all := sample(t, files, 15)
	calls := 0
	for _, file := range files {
		p := readFile(t, file, scanner.ImageOptions{Proves: proves})
		read := 0
		for _, s := range p.Symbols {
			for _, want := range truth[filepath.Base(file)] {
				if s.Sure && want[1] == s.Text {
					read++
				}
			}
		}
		if read == len(truth[filepath.Base(file)]) {
			whole++
			calls += len(p.Unread)
		}
	}
	t.Logf("%d false calls on %d labels read whole", calls, whole)
	if all && calls*12 > whole {
		t.Errorf("%d false calls on %d labels, want one in 12 at most", calls, whole)
	}
}

func labelTruth(t *testing.T) map[string][][2]string {
	truth := map[string][][2]string{}
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
	}
	return truth
}

// The same picture is read alike, whoever reads it how often.
func TestDecodeImageIsDeterministic(t *testing.T) {
	sheet := draw(paper(500, 400), dataMatrix(t, ascii("\x1d"+gs1Text)), 100, 100, 5)
	draw(sheet, code128(t, "ñ"+gs1Text), 20, 300, 1)
	data := asPNG(t, blurred(sheet, 1))
	var first []scanner.Symbol
	for i := range 4 {
		p, err := scanner.DecodeImage(t.Context(), data, scanner.ImageOptions{Workers: workers, Proves: proves})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = p.Symbols
			continue
		}
		if len(p.Symbols) != len(first) {
			t.Fatalf("%+v, and %+v before", p.Symbols, first)
		}
		for j, s := range p.Symbols {
			if s != first[j] {
				t.Errorf("%+v, and %+v before", s, first[j])
			}
		}
	}
}
