package scanner_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"slices"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/datamatrix/encoder"
	"github.com/makiuchi-d/gozxing/oned"
	"github.com/makiuchi-d/gozxing/qrcode"

	"implantrace/scanner"
)

// modules is a symbol drawn as gozxing's writers draw it.
type modules interface {
	GetWidth() int
	GetHeight() int
	Get(x, y int) bool
}

// dataMatrix draws the code words given, padded and with error correction.
// gozxing's own writer cannot write FNC1.
func dataMatrix(t testing.TB, words []byte) modules {
	t.Helper()
	info, err := encoder.SymbolInfo_Lookup(len(words), encoder.SymbolShapeHint_FORCE_SQUARE, nil, nil, true)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(words); i < info.GetDataCapacity(); i++ {
		pad := byte(129)
		if i > len(words) { // the 253-state algorithm, ISO/IEC 16022 annex B
			n := 129 + (149*(i+1))%253 + 1
			if n > 254 {
				n -= 254
			}
			pad = byte(n)
		}
		words = append(words[:i:i], pad)
	}
	all, err := encoder.ErrorCorrection_EncodeECC200(words, info)
	if err != nil {
		t.Fatal(err)
	}
	inner := encoder.NewDefaultPlacement(all, info.GetSymbolDataWidth(), info.GetSymbolDataHeight())
	inner.Place()
	if info.GetMatrixWidth() != info.GetSymbolDataWidth() {
		t.Fatal("the test draws symbols of a single region only")
	}
	size := info.GetSymbolWidth()
	bits, err := gozxing.NewSquareBitMatrix(size)
	if err != nil {
		t.Fatal(err)
	}
	for y := range size {
		for x := range size {
			switch {
			case x == 0 || y == size-1 || y == 0 && x%2 == 0 || x == size-1 && y%2 == 1:
				bits.Set(x, y)
			case y == 0 || x == size-1:
			case inner.GetBit(x-1, y-1):
				bits.Set(x, y)
			}
		}
	}
	return bits
}

// ascii gives the code words of ASCII encodation, with FNC1 for GS.
func ascii(text string) []byte {
	var words []byte
	isDigit := func(i int) bool { return i < len(text) && text[i] >= '0' && text[i] <= '9' }
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == 0x1d:
			words = append(words, 232)
		case isDigit(i) && isDigit(i+1):
			words = append(words, 130+10*(text[i]-'0')+text[i+1]-'0')
			i++
		default:
			words = append(words, text[i]+1)
		}
	}
	return words
}

func linear(t testing.TB, w gozxing.Writer, f gozxing.BarcodeFormat, text string) modules {
	t.Helper()
	bits, err := w.Encode(text, f, 0, 24, nil)
	if err != nil {
		t.Fatal(err)
	}
	return bits
}

func code128(t testing.TB, text string) modules {
	return linear(t, oned.NewCode128Writer(), gozxing.BarcodeFormat_CODE_128, text)
}

// paper is a white sheet on which symbols are drawn.
func paper(w, h int) *image.Gray {
	g := image.NewGray(image.Rect(0, 0, w, h))
	for i := range g.Pix {
		g.Pix[i] = 240
	}
	return g
}

func draw(g *image.Gray, m modules, x, y, size int) *image.Gray {
	for j := range m.GetHeight() * size {
		for i := range m.GetWidth() * size {
			if m.Get(i/size, j/size) {
				g.SetGray(x+i, y+j, color.Gray{Y: 20})
			}
		}
	}
	return g
}

func asPNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decodeOne(t *testing.T, data []byte, o scanner.ImageOptions) scanner.Symbol {
	t.Helper()
	p, err := scanner.DecodeImage(t.Context(), data, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Symbols) != 1 {
		t.Fatalf("found %+v, want one symbol", p.Symbols)
	}
	return p.Symbols[0]
}

const gs1Text = "0109506000134352172903221012AB"

func TestDecodeImageTellsTextAndIdentifier(t *testing.T) {
	qr := func(text string, hints map[gozxing.EncodeHintType]any) modules {
		bits, err := qrcode.NewQRCodeWriter().Encode(text, gozxing.BarcodeFormat_QR_CODE, 0, 0, hints)
		if err != nil {
			t.Fatal(err)
		}
		return bits
	}
	ean13 := linear(t, oned.NewEAN13Writer(), gozxing.BarcodeFormat_EAN_13, "9506000134352")
	upca := linear(t, oned.NewUPCAWriter(), gozxing.BarcodeFormat_UPC_A, "036000291452")
	ean8 := linear(t, oned.NewEAN8Writer(), gozxing.BarcodeFormat_EAN_8, "95050003")
	itf := linear(t, oned.NewITFWriter(), gozxing.BarcodeFormat_ITF, "19506000134359")
	for name, tt := range map[string]struct {
		draw              modules
		format, aim, text string
	}{
		"GS1 Data Matrix":                 {dataMatrix(t, ascii("\x1d"+gs1Text+"\x1d21S")), "DataMatrix", "]d2", gs1Text + "\x1d21S"},
		"Data Matrix ending in FNC1":      {dataMatrix(t, ascii("\x1d"+gs1Text+"\x1d")), "DataMatrix", "]d2", gs1Text + "\x1d"},
		"Data Matrix without FNC1":        {dataMatrix(t, ascii("+A999BJ1/")), "DataMatrix", "]d1", "+A999BJ1/"},
		"Data Matrix with a later FNC1":   {dataMatrix(t, ascii("ABCD\x1dEF")), "DataMatrix", "]d1", "ABCD\x1dEF"},
		"Data Matrix that starts with GS": {dataMatrix(t, append([]byte{30}, ascii("ABCD\x1dEF")...)), "DataMatrix", "]d1", "\x1dABCD\x1dEF"},
		"GS1-128":                         {code128(t, "\u00f1"+gs1Text+"\u00f121S"), "Code128", "]C1", gs1Text + "\x1d21S"},
		"GS1-128 ending in FNC1":          {code128(t, "\u00f1"+gs1Text+"\u00f1"), "Code128", "]C1", gs1Text + "\x1d"},
		"Code 128 without FNC1":           {code128(t, "+A999BJ1/"), "Code128", "]C0", "+A999BJ1/"},
		"Code 128, FNC1 after a letter":   {code128(t, "A\u00f112345"), "Code128", "]C2", "A\x1d12345"},
		"QR code":                         {qr("https://example.com/01/09506000134352", nil), "QRCode", "]Q1", "https://example.com/01/09506000134352"},
		"EAN-13":                          {ean13, "EAN13", "]E0", "9506000134352"},
		"UPC-A":                           {upca, "EAN13", "]E0", "0036000291452"},
		"EAN-8":                           {ean8, "EAN8", "]E4", "95050003"},
		"ITF-14":                          {itf, "ITF14", "]I1", "19506000134359"},
	} {
		t.Run(name, func(t *testing.T) {
			data := asPNG(t, draw(paper(1100, 300), tt.draw, 60, 90, 3))
			got := decodeOne(t, data, scanner.ImageOptions{})
			// These need two engines where nothing proves them.
			_, two := scanner.EngineVersion()
			sure := two || tt.format != "EAN8" && tt.format != "ITF14"
			if got.Format != tt.format || got.AIM != tt.aim || got.Text != tt.text || got.Sure != sure {
				t.Errorf("got %+v, want %s %s %q, sure: %v", got, tt.format, tt.aim, tt.text, sure)
			}
			r := got.Reading(noonUTC)
			if want := tt.aim + tt.text; r.ScanData() != want || r.Source != scanner.SourcePicture || !r.At.Equal(noonUTC) {
				t.Errorf("reading %+v", r)
			}
		})
	}
}

var noonUTC = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// Every check value a Code 128 can have, 102 among them, whose pattern is
// FNC1's: none may leave a trace in the text.
func TestCode128CheckCharacterIsNeverText(t *testing.T) {
	step := 1
	if underRace {
		step = 17
		t.Log("one text in 17 under the race detector")
	}
	for i := 0; i < 120; i += step {
		text := fmt.Sprintf("10LOT%03d", i)
		data := asPNG(t, draw(paper(420, 140), code128(t, "\u00f1"+text), 40, 30, 2))
		if got := decodeOne(t, data, scanner.ImageOptions{Proves: proven}); got.Text != text || got.AIM != "]C1" || !got.Sure {
			t.Errorf("%q was read as %+v", text, got)
		}
	}
}

func proven(string) bool { return true }

func TestDecodeImageIsNotSureOfHalfAMessage(t *testing.T) {
	for name, words := range map[string][]byte{
		"structured append": append([]byte{233, 0x12, 1, 1}, ascii("1234AB")...),
	} {
		t.Run(name, func(t *testing.T) {
			data := asPNG(t, draw(paper(300, 300), dataMatrix(t, words), 90, 90, 5))
			p, err := scanner.DecodeImage(t.Context(), data, scanner.ImageOptions{Proves: proven})
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range p.Symbols {
				if s.Sure {
					t.Errorf("sure of %+v", s)
				}
			}
		})
	}
}

func TestDecodeImageReadsSeveralInReadingOrder(t *testing.T) {
	sheet := paper(900, 700)
	draw(sheet, dataMatrix(t, ascii("\x1d"+gs1Text)), 60, 60, 5)
	draw(sheet, dataMatrix(t, ascii("second")), 600, 70, 6)
	draw(sheet, code128(t, "\u00f1"+gs1Text), 60, 400, 2)
	p, err := scanner.DecodeImage(t.Context(), asPNG(t, sheet), scanner.ImageOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range p.Symbols {
		if !s.Sure {
			t.Errorf("not sure of %+v", s)
		}
		got = append(got, s.AIM+s.Text)
	}
	if want := fmt.Sprint([]string{"]d2" + gs1Text, "]d1second", "]C1" + gs1Text}); fmt.Sprint(got) != want {
		t.Errorf("got %q, want %v", got, want)
	}
	for _, want := range []image.Point{{60, 60}, {60, 150}, {150, 150}, {150, 60}} {
		near := func(c image.Point) bool { d := c.Sub(want); return d.X*d.X+d.Y*d.Y <= 12*12 } // a module or two
		if !slices.ContainsFunc(p.Symbols[0].Corners[:], near) {
			t.Errorf("corners %v, and one drawn at %v", p.Symbols[0].Corners, want)
		}
	}
}

func TestDecodeImageTakesEveryKindOfPixel(t *testing.T) {
	sheet := draw(paper(300, 300), dataMatrix(t, ascii("\x1d"+gs1Text)), 90, 90, 5)
	onto := func(set func(x, y int, c color.Color)) {
		for y := range 300 {
			for x := range 300 {
				set(x, y, sheet.At(x, y))
			}
		}
	}
	rgba, deep := image.NewNRGBA(sheet.Rect), image.NewGray16(sheet.Rect)
	onto(rgba.Set)
	onto(deep.Set)
	paletted := image.NewPaletted(sheet.Rect, color.Palette{color.Gray{20}, color.Gray{240}})
	onto(paletted.Set)
	seeThrough := image.NewNRGBA(sheet.Rect) // black on nothing
	onto(func(x, y int, c color.Color) {
		if sheet.GrayAt(x, y).Y < 100 {
			seeThrough.Set(x, y, color.Black)
		}
	})
	for name, img := range map[string]image.Image{
		"NRGBA": rgba, "16 bits": deep, "palette": paletted, "transparent": seeThrough,
	} {
		if got := decodeOne(t, asPNG(t, img), scanner.ImageOptions{}); got.Text != gs1Text {
			t.Errorf("%s: %+v", name, got)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, rgba, nil); err != nil {
		t.Fatal(err)
	}
	if got := decodeOne(t, b.Bytes(), scanner.ImageOptions{}); got.Text != gs1Text {
		t.Errorf("JPEG: %+v", got)
	}
}

func TestDecodeImageHonoursOrientation(t *testing.T) {
	sheet := draw(paper(400, 300), dataMatrix(t, ascii("\x1d"+gs1Text)), 20, 30, 5)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, sheet, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	for orientation, want := range map[int]image.Point{
		1: {65, 75}, 3: {335, 225}, 6: {225, 65}, 8: {75, 335},
	} {
		exif := []byte("Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")
		exif[24] = byte(orientation)
		data := append([]byte{0xff, 0xd8, 0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(exif)+2))...)
		data = append(append(data, exif...), b.Bytes()[2:]...)
		p, err := scanner.DecodeImage(t.Context(), data, scanner.ImageOptions{})
		if err != nil || len(p.Symbols) != 1 {
			t.Fatalf("orientation %d: %v, %+v", orientation, err, p)
		}
		if sideways := orientation >= 5; sideways != (p.Width == 300) {
			t.Errorf("orientation %d: %d by %d", orientation, p.Width, p.Height)
		}
		c := p.Symbols[0].Corners
		mid := c[0].Add(c[1]).Add(c[2]).Add(c[3]).Div(4)
		if d := mid.Sub(want); d.X*d.X+d.Y*d.Y > 100 {
			t.Errorf("orientation %d: middle at %v, want %v", orientation, mid, want)
		}
	}
}

// header is a PNG that says its size and has nothing more.
func header(w, h uint32) []byte {
	chunk := []byte("IHDR")
	chunk = binary.BigEndian.AppendUint32(chunk, w)
	chunk = binary.BigEndian.AppendUint32(chunk, h)
	chunk = append(chunk, 8, 0, 0, 0, 0)
	data := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	data = append(data, chunk...)
	return binary.BigEndian.AppendUint32(data, crc32.ChecksumIEEE(chunk))
}

func TestDecodeImageRefuses(t *testing.T) {
	good := asPNG(t, paper(200, 200))
	for name, tt := range map[string]struct {
		data []byte
		o    scanner.ImageOptions
		want error
	}{
		"100 megapixels in a header": {header(10_000, 10_000), scanner.ImageOptions{}, scanner.ErrTooLarge},
		"a terapixel":                {header(1<<20, 1<<20), scanner.ImageOptions{}, scanner.ErrTooLarge},
		"too many bytes":             {good, scanner.ImageOptions{MaxBytes: 10}, scanner.ErrTooLarge},
		"nothing":                    {nil, scanner.ImageOptions{}, scanner.ErrNotPicture},
		"a text":                     {[]byte("GIF89a, perhaps"), scanner.ImageOptions{}, scanner.ErrNotPicture},
		"a header and no pixels":     {header(100, 100), scanner.ImageOptions{}, scanner.ErrDamaged},
		"half a picture":             {good[:len(good)/2], scanner.ImageOptions{}, scanner.ErrDamaged},
	} {
		_, err := scanner.DecodeImage(t.Context(), tt.data, tt.o)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: err = %v, want %v", name, err, tt.want)
		}
	}
	if n := testing.AllocsPerRun(1, func() {
		scanner.DecodeImage(context.Background(), header(10_000, 10_000), scanner.ImageOptions{})
	}); n > 100 {
		t.Errorf("refusing a large picture takes %v allocations", n)
	}
}

// A telephone of 24 megapixels makes some more of them; the symbol is found
// well before the deadline, and a picture of the limit's size ends with it.
func TestDecodeImageTakesTheLargestOfTelephones(t *testing.T) {
	if testing.Short() || underRace {
		t.Skip("large pictures take their time")
	}
	for name, size := range map[string][2]int{"24 megapixels": {4284, 5712}, "48 megapixels": {8064, 6048}} {
		sheet := draw(paper(size[0], size[1]), dataMatrix(t, ascii("\x1d"+gs1Text)), size[0]/3, size[1]/3, 24)
		var b bytes.Buffer
		if err := jpeg.Encode(&b, sheet, nil); err != nil {
			t.Fatal(err)
		}
		p, err := scanner.DecodeImage(t.Context(), b.Bytes(), scanner.ImageOptions{Proves: func(string) bool { return true }})
		if err != nil || len(p.Symbols) != 1 || !p.Symbols[0].Sure {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
		if p.Elapsed > 12*time.Second {
			t.Errorf("%s: took %v", name, p.Elapsed)
		}
		t.Logf("%s: %v", name, p.Elapsed)
	}
}

func TestDecodeImageEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := scanner.DecodeImage(ctx, asPNG(t, paper(200, 200)), scanner.ImageOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}

// A search that is under way ends where it is: after the cancellation nothing is
// judged any more, and nothing of what was found is given out.
func TestDecodeImageStopsInTheMiddle(t *testing.T) {
	sheet := paper(900, 600) // an ITF is always asked for proof, and the squares keep the search going
	draw(sheet, linear(t, oned.NewITFWriter(), gozxing.BarcodeFormat_ITF, "19506000134359"), 60, 60, 3)
	squares(sheet, 100, 300)
	data := asPNG(t, sheet)
	asked := func(ctx context.Context, first func()) (n int, p scanner.Picture, err error) {
		p, err = scanner.DecodeImage(ctx, data, scanner.ImageOptions{Workers: workers, Deadline: time.Minute, Proves: func(string) bool {
			if n++; n == 1 {
				first()
			}
			return false
		}})
		return n, p, err
	}
	whole, p, err := asked(t.Context(), func() {})
	if err != nil || len(p.Passes) < 2 || whole < 4 {
		t.Fatalf("not cancelled: asked %d times in %d passes, %v", whole, len(p.Passes), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	n, p, err := asked(ctx, cancel)
	if !errors.Is(err, context.Canceled) || len(p.Symbols) != 0 || n > 2 { // the pass that asked may look at what it found once more
		t.Errorf("cancelled: asked %d times of %d, %+v, %v", n, whole, p, err)
	}
	if _, _, err := asked(t.Context(), func() {}); err != nil {
		t.Errorf("the place is not free again: %v", err)
	}
}

// squares draws 20 by 20 squares that say nothing, where a symbol would be.
func squares(g *image.Gray, x, y int) {
	n := uint32(7)
	for i := range 20 * 20 {
		if n = n*1664525 + 1013904223; n>>31 == 1 {
			for j := range 25 {
				g.SetGray(x+i%20*5+j%5, y+i/20*5+j/5, color.Gray{Y: 20})
			}
		}
	}
}

func TestDecodeImageWaitsForAWorker(t *testing.T) {
	workers := scanner.NewWorkers(1)
	held, release := make(chan struct{}), make(chan struct{})
	sheet := asPNG(t, draw(paper(300, 300), dataMatrix(t, ascii("\x1d"+gs1Text)), 90, 90, 5))
	done := make(chan error, 1)
	go func() {
		first := true
		_, err := scanner.DecodeImage(t.Context(), sheet, scanner.ImageOptions{
			Workers: workers,
			Proves: func(string) bool {
				if first {
					first = false
					close(held)
					<-release
				}
				return true
			},
		})
		done <- err
	}()
	<-held
	_, err := scanner.DecodeImage(t.Context(), sheet, scanner.ImageOptions{Workers: workers, Deadline: 10 * time.Millisecond})
	if !errors.Is(err, scanner.ErrBusy) {
		t.Errorf("with no worker free: %v", err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if _, err := scanner.DecodeImage(t.Context(), sheet, scanner.ImageOptions{Workers: workers}); err != nil {
		t.Errorf("with the worker free again: %v", err)
	}
}

func BenchmarkDecodeImage(b *testing.B) {
	noise := paper(1600, 1200)
	x := uint32(1)
	for i := range noise.Pix {
		x = x*1664525 + 1013904223
		noise.Pix[i] = byte(x >> 24)
	}
	for name, img := range map[string]image.Image{
		"DataMatrix": draw(paper(800, 600), dataMatrix(b, ascii("\x1d"+gs1Text)), 300, 200, 5),
		"Code128":    draw(paper(800, 600), code128(b, "\u00f1"+gs1Text), 60, 200, 2),
		"blank":      paper(800, 600),
		"noise 2MP":  noise,
	} {
		data := asPNG(b, img)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := scanner.DecodeImage(b.Context(), data, scanner.ImageOptions{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
