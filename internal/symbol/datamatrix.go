// Package symbol draws the symbols of what this product prints: badges, place
// labels and sheets of codes.
package symbol

import (
	"fmt"
	"strings"

	"github.com/makiuchi-d/gozxing/datamatrix/encoder"
)

// Matrix is a Data Matrix symbol (ISO/IEC 16022, ECC 200) without its quiet zone.
type Matrix struct {
	size int
	dark []bool
}

// Size is the number of modules of a side.
func (m Matrix) Size() int { return m.size }

// Get reports whether a module is dark.
func (m Matrix) Get(x, y int) bool { return m.dark[y*m.size+x] }

const (
	fnc1    = 232 // code word
	padding = 129
)

// GS1 draws a GS1 DataMatrix: FNC1 in the first place, and elements with AIs
// behind it, parted by GS (0x1D) where they have no fixed length. A reader says
// "]d2" of it.
func GS1(elements string) (Matrix, error) {
	return draw(append([]byte{fnc1}, ascii(elements)...), elements)
}

// Plain draws a Data Matrix of a text. A reader says "]d1" of it.
func Plain(text string) (Matrix, error) { return draw(ascii(text), text) }

// ascii gives the code words of ASCII encodation (clause 5.2.3): pairs of digits in
// one word, GS as FNC1.
func ascii(text string) []byte {
	digit := func(i int) bool { return i < len(text) && text[i] >= '0' && text[i] <= '9' }
	var words []byte
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == 0x1d:
			words = append(words, fnc1)
		case digit(i) && digit(i+1):
			words = append(words, 130+10*(text[i]-'0')+text[i+1]-'0')
			i++
		default:
			words = append(words, text[i]+1)
		}
	}
	return words
}

// draw pads the code words, adds error correction and places them.
func draw(words []byte, text string) (Matrix, error) {
	for i := range len(text) {
		if text[i] >= 0x7f || text[i] < 0x20 && text[i] != 0x1d {
			return Matrix{}, fmt.Errorf("the byte %#x at %d cannot be drawn", text[i], i)
		}
	}
	info, err := encoder.SymbolInfo_Lookup(len(words), encoder.SymbolShapeHint_FORCE_SQUARE, nil, nil, true)
	if err != nil {
		return Matrix{}, fmt.Errorf("a text of %d code words fits no symbol: %w", len(words), err)
	}
	for used := len(words); len(words) < info.GetDataCapacity(); {
		pad := byte(padding)
		if len(words) > used { // the 253-state algorithm, annex B
			n := padding + (149*(len(words)+1))%253 + 1
			if n > 254 {
				n -= 254
			}
			pad = byte(n)
		}
		words = append(words, pad)
	}
	all, err := encoder.ErrorCorrection_EncodeECC200(words, info)
	if err != nil {
		return Matrix{}, err
	}
	inner := encoder.NewDefaultPlacement(all, info.GetSymbolDataWidth(), info.GetSymbolDataHeight())
	inner.Place()
	return framed(inner, info), nil
}

// framed draws the finder pattern around each region (clause 4.2): dark on the left
// and below, alternating above and on the right.
func framed(inner *encoder.DefaultPlacement, info *encoder.SymbolInfo) Matrix {
	size, region := info.GetSymbolWidth(), info.GetMatrixWidth()
	m := Matrix{size: size, dark: make([]bool, size*size)}
	whole := region + 2
	for y := range size {
		for x := range size {
			rx, ry := x%whole, y%whole
			var dark bool
			switch {
			case rx == 0 || ry == whole-1:
				dark = true
			case ry == 0:
				dark = rx%2 == 0
			case rx == whole-1:
				dark = ry%2 == 1
			default:
				dark = inner.GetBit(x/whole*region+rx-1, y/whole*region+ry-1)
			}
			m.dark[y*size+x] = dark
		}
	}
	return m
}

// quiet is the zone around a symbol that stays light, in modules. The standard asks
// for one; printers and trimmed labels take some of it.
const quiet = 2

// SVG draws the symbol for a page or printer, with its quiet zone. label is what it
// says, for who cannot see it.
func (m Matrix) SVG(label string) string {
	side := m.size + 2*quiet
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="symbol" role="img" aria-label="%s" viewBox="0 0 %d %d" xmlns="http://www.w3.org/2000/svg" shape-rendering="crispEdges"><rect width="%d" height="%d" fill="#fff"/><path fill="#000" d="`,
		attribute(label), side, side, side, side)
	for y := range m.size {
		for x := 0; x < m.size; x++ {
			if !m.Get(x, y) {
				continue
			}
			from := x
			for x+1 < m.size && m.Get(x+1, y) {
				x++
			}
			fmt.Fprintf(&b, "M%d %dh%dv1H%dz", from+quiet, y+quiet, x-from+1, from+quiet)
		}
	}
	b.WriteString(`"/></svg>`)
	return b.String()
}

func attribute(s string) string {
	return strings.NewReplacer("&", "&amp;", `"`, "&#34;", "<", "&lt;", ">", "&gt;").Replace(s)
}
