package zxing

import (
	"errors"
	"image"
	"reflect"
	"slices"
	"testing"
)

// opened is an engine that ends with the test, and shares compiled code with
// those of other tests.
func opened(t testing.TB, o Options) *Engine {
	t.Helper()
	needed(t)
	if o.CacheDir == "" {
		o.CacheDir = testCache
	}
	e, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// one reads a picture that has one symbol.
func one(t testing.TB, e *Engine, g *image.Gray, o ReadOptions) Result {
	t.Helper()
	results, err := e.Read(t.Context(), g, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 1 {
		t.Fatalf("%d results, want 1: %+v", len(results), results)
	}
	return results[0]
}

func TestReadTellsWhatSymbolsSay(t *testing.T) {
	e := opened(t, Options{})
	for _, c := range []struct{ name, format, aim, text string }{
		{"datamatrix-gs1", "DataMatrix", "]d2", "01095060001343521727123110LOT-42\x1d217"},
		{"datamatrix", "DataMatrix", "]d1", "+H123ABC01234567890D"},
		{"datamatrix-rectangular", "DataMatrix", "]d2", "010950600013435210A1"},
		{"datamatrix-dmre", "DataMatrix", "]d8", "010950600013435210A1"},
		{"code128-gs1", "Code128", "]C1", "010950600013435210LOT-42\x1d217"},
		{"code128", "Code128", "]C0", "+H123ABC01234567890D"},
		{"ean13", "EAN13", "]E0", "9506000134352"},
		{"ean8", "EAN8", "]E4", "95060002"},
		{"upca", "EAN13", "]E0", "0036000291452"},
		{"qrcode", "QRCode", "]Q1", "https://ifu.example.com/9506000134352"},
		{"qrcode-gs1", "QRCode", "]Q3", "010950600013435210LOT-42"},
		{"microqrcode", "MicroQRCode", "]Q1", "12345"},
		{"pdf417", "PDF417", "]L2", "LOT 42 of implants"},
		{"aztec", "Aztec", "]z0", "LOT 42 of implants"},
		{"code39", "Code39", "]A0", "LOT42"},
		{"itf", "ITF", "]I1", "09506000134352"},
		{"databar", "DataBar", "]e0", "0109506000134352"},
		{"databar-limited", "DataBarLimited", "]e0", "0109506000134352"},
		{"databar-expanded", "DataBarExpanded", "]e0", "010950600013435210LOT42"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := one(t, e, sheet(t, c.name), Defaults())
			if r.Format != c.format || r.AIM != c.aim || r.Text != c.text || !r.OK() {
				t.Errorf("read %s %s %q (%s, error %q), want %s %s %q",
					r.Format, r.AIM, r.Text, r.Variant, r.Error, c.format, c.aim, c.text)
			}
			if string(r.Bytes) != c.text {
				t.Errorf("bytes are %q, want %q", r.Bytes, c.text)
			}
		})
	}
}

func TestReadSaysWhereASymbolIs(t *testing.T) {
	e := opened(t, Options{})
	g := sheet(t, "datamatrix-gs1") // 20 modules of 3 pixels, from 40 on
	want := [4]image.Point{{40, 40}, {100, 40}, {100, 100}, {40, 100}}
	near := func(r Result, want [4]image.Point) {
		t.Helper()
		for i, c := range r.Corners {
			if d := c.Sub(want[i]); max(d.X, -d.X) > 3 || max(d.Y, -d.Y) > 3 {
				t.Errorf("corners %v, want %v within 3 pixels", r.Corners, want)
				return
			}
		}
	}
	r := one(t, e, g, Defaults())
	near(r, want)
	if r.Rotation < -2 || r.Rotation > 2 || r.Inverted || r.Mirrored || r.UEC != 1 || r.Version != "20x20" ||
		r.ContentType != GS1Content || r.Sequence != (Sequence{Size: -1, Index: -1}) {
		t.Errorf("read %+v", r)
	}

	// The symbol's own top left goes to the picture's top right.
	h := g.Rect.Dy()
	r = one(t, e, turned(g), Defaults())
	near(r, [4]image.Point{{h - 40, 40}, {h - 40, 100}, {h - 100, 100}, {h - 100, 40}})
	if r.Rotation < 88 || r.Rotation > 92 {
		t.Errorf("turned by %d degrees, want 90", r.Rotation)
	}

	light := paper(140, 140, 20)
	drawSymbol(light, symbol(t, "datamatrix-gs1"), 40, 40, 3, 240)
	r = one(t, e, light, Defaults())
	near(r, want)
	if !r.Inverted {
		t.Error("a light symbol on dark ground is not said to be inverted")
	}
	plain := Defaults()
	plain.TryInvert = false
	if results, err := e.Read(t.Context(), light, plain); err != nil || len(results) != 0 {
		t.Errorf("read %+v, %v with TryInvert off", results, err)
	}
}

func TestReadLooksAtAPartOfAPicture(t *testing.T) {
	e := opened(t, Options{})
	g := paper(400, 300, 240)
	drawSymbol(g, symbol(t, "datamatrix-gs1"), 60, 50, 3, 20)
	drawSymbol(g, symbol(t, "datamatrix"), 260, 180, 3, 20)
	part := g.SubImage(image.Rect(200, 120, 380, 290)).(*image.Gray)
	r := one(t, e, part, Defaults())
	if r.Text != "+H123ABC01234567890D" {
		t.Errorf("read %q", r.Text)
	}
	if at := image.Rect(257, 177, 318, 238); !r.Corners[0].In(at) || !r.Corners[2].In(at) {
		t.Errorf("corners %v are not in pixels of the whole picture", r.Corners)
	}
}

func TestReadKeepsToItsOptions(t *testing.T) {
	e := opened(t, Options{})
	g := paper(400, 300, 240)
	drawSymbol(g, symbol(t, "datamatrix-gs1"), 60, 50, 3, 20)
	drawSymbol(g, symbol(t, "qrcode"), 240, 160, 3, 20)
	formats := func(o ReadOptions) []string {
		results, err := e.Read(t.Context(), g, o)
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, r := range results {
			found = append(found, r.Format)
		}
		slices.Sort(found)
		return found
	}
	o := Defaults()
	if got := formats(o); !slices.Equal(got, []string{"DataMatrix", "QRCode"}) {
		t.Errorf("found %v", got)
	}
	o.Formats = []string{"QRCode", "Code128"}
	if got := formats(o); !slices.Equal(got, []string{"QRCode"}) {
		t.Errorf("found %v, asked for QRCode and Code128", got)
	}
	o = Defaults()
	o.MaxSymbols = 1
	if got := formats(o); len(got) != 1 {
		t.Errorf("found %v, asked for one", got)
	}

	o = Defaults()
	o.Formats = []string{"UPCA"}
	if r := one(t, e, sheet(t, "upca"), o); r.Format != "UPCA" || r.Text != "0036000291452" {
		t.Errorf("read %s %q, asked for UPCA", r.Format, r.Text)
	}
	o = Defaults()
	o.TextMode = HRI
	if r := one(t, e, sheet(t, "datamatrix-gs1"), o); r.Text != "(01)09506000134352(17)271231(10)LOT-42(21)7" {
		t.Errorf("text as printed is %q", r.Text)
	}
}

func TestReadRefusesOptionsThatMeanNothing(t *testing.T) {
	e := opened(t, Options{})
	g := sheet(t, "datamatrix")
	for _, o := range []ReadOptions{
		{Formats: []string{"Barcode 39 of 7"}},
		{Formats: []string{""}},
		{Formats: []string{"QRCode,DataMatrix"}},
		{Binarizer: 9}, {EANAddOn: 9}, {TextMode: 9},
	} {
		if results, err := e.Read(t.Context(), g, o); !errors.Is(err, ErrOptions) {
			t.Errorf("read with %+v: %v, %v, want %v", o, results, err, ErrOptions)
		}
	}
	one(t, e, g, Defaults())
}

// A symbol whose error correction does not hold is located and not read.
func TestReadSaysWhatItLocatedAndCouldNotRead(t *testing.T) {
	e := opened(t, Options{})
	g := sheet(t, "datamatrix-gs1")
	for y := 52; y < 88; y++ { // its middle
		for x := 52; x < 88; x++ {
			if (x/3+y/3)%2 == 0 {
				g.Pix[y*g.Stride+x] = 20
			} else {
				g.Pix[y*g.Stride+x] = 240
			}
		}
	}
	if results, err := e.Read(t.Context(), g, Defaults()); err != nil || len(results) != 0 {
		t.Errorf("read %+v, %v of a damaged symbol", results, err)
	}
	o := Defaults()
	o.ReturnErrors = true
	r := one(t, e, g, o)
	if r.Format != "DataMatrix" || r.Error != ChecksumError || r.OK() || r.Error.String() != "checksum" || r.Text != "" {
		t.Errorf("read %+v", r)
	}
	if at := image.Rect(35, 35, 106, 106); !r.Corners[0].In(at) || !r.Corners[2].In(at) {
		t.Errorf("located at %v", r.Corners)
	}
}

func TestReadGivesTheSameEachTime(t *testing.T) {
	e := opened(t, Options{})
	o := Defaults()
	o.ReturnErrors = true
	g := noise(500, 400, 7)
	drawSymbol(g, symbol(t, "qrcode"), 100, 100, 5, 20)
	first, err := e.Read(t.Context(), g, o)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if again, err := e.Read(t.Context(), g, o); err != nil || !reflect.DeepEqual(first, again) {
			t.Fatalf("read %+v, %v, and first %+v", again, err, first)
		}
	}
}
