package symbol_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"implantrace/internal/symbol"
	"implantrace/scanner"
)

// workers keep the engine for all pictures of these tests.
var workers = scanner.NewWorkers(1)

// picture draws a symbol in black and white, with its quiet zone, as a printer
// would.
func picture(m symbol.Matrix) image.Image {
	const module, quiet = 6, 4
	side := (m.Size() + 2*quiet) * module
	img := image.NewGray(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			mx, my := x/module-quiet, y/module-quiet
			dark := mx >= 0 && my >= 0 && mx < m.Size() && my < m.Size() && m.Get(mx, my)
			img.SetGray(x, y, color.Gray{Y: map[bool]byte{true: 0, false: 255}[dark]})
		}
	}
	return img
}

// read reads a symbol with our own reader, as scan data.
func read(t interface {
	Helper()
	Fatal(...any)
}, m symbol.Matrix) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, picture(m)); err != nil {
		t.Fatal(err)
	}
	p, err := scanner.DecodeImage(context.Background(), b.Bytes(), scanner.ImageOptions{Workers: workers})
	if err != nil || len(p.Symbols) != 1 {
		t.Fatal(p, err)
	}
	return p.Symbols[0].AIM + p.Symbols[0].Text
}

// Our own reader reads what we print, as the standard has it: "]d2" of a GS1
// symbol, "]d1" of a plain one.
func TestPrintedSymbolsAreReadBack(t *testing.T) {
	for name, c := range map[string]struct {
		draw func(string) (symbol.Matrix, error)
		text string
		want string
	}{
		"badge":            {symbol.GS1, "8017950110153000300015", "]d28017950110153000300015"},
		"place":            {symbol.GS1, "41495200000000042544", "]d241495200000000042544"},
		"procedure":        {symbol.GS1, "99IMT:P:opcs-4:W371", "]d299IMT:P:opcs-4:W371"},
		"a field behind":   {symbol.GS1, "0107611994064584" + "10LOT1\x1d21S1", "]d20107611994064584" + "10LOT1\x1d21S1"},
		"several regions":  {symbol.GS1, "99" + strings.Repeat("A1-", 28), "]d299" + strings.Repeat("A1-", 28)},
		"a badge of ours":  {symbol.Plain, "STAFF-0042", "]d1STAFF-0042"},
		"one letter alone": {symbol.Plain, "A", "]d1A"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := c.draw(c.text)
			if err != nil {
				t.Fatal(err)
			}
			if got := read(t, m); got != c.want {
				t.Errorf("read %q, want %q", got, c.want)
			}
		})
	}
}

func TestEveryTextThatCanBeDrawnIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ -~]{1,90}`).Draw(t, "text")
		m, err := symbol.Plain(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, m); got != "]d1"+text {
			t.Fatalf("read %q", got)
		}
	})
}

func TestWhatCannotBeDrawn(t *testing.T) {
	for _, text := range []string{"é", "\x00", strings.Repeat("A", 4000)} {
		if _, err := symbol.GS1(text); err == nil {
			t.Errorf("%q was drawn", text)
		}
	}
}

func TestSVGSaysWhatItIs(t *testing.T) {
	m, err := symbol.GS1("8017950110153000300015")
	if err != nil {
		t.Fatal(err)
	}
	svg := m.SVG(`Badge of "A" <B>`)
	if !strings.Contains(svg, `aria-label="Badge of &#34;A&#34; &lt;B&gt;"`) || !strings.Contains(svg, `role="img"`) {
		t.Errorf("%.200s", svg)
	}
	drawn := make(map[[2]int]bool)
	for _, run := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1H\d+z`).FindAllStringSubmatch(svg, -1) {
		x, y, n := number(run[1]), number(run[2]), number(run[3])
		for i := range n {
			drawn[[2]int{x + i, y}] = true
		}
	}
	for y := range m.Size() {
		for x := range m.Size() {
			if drawn[[2]int{x + 2, y + 2}] != m.Get(x, y) {
				t.Fatalf("the module %d, %d is drawn otherwise", x, y)
			}
		}
	}
}

func number(s string) int {
	n, _ := strconv.Atoi(s) // digits, by the expression
	return n
}
