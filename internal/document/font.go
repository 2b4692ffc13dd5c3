package document

import (
	"slices"
	"sync"
	"unicode"

	"github.com/go-fonts/dejavu/dejavusans"
	"golang.org/x/image/font/sfnt"
)

// face reads which letters the font has.
var face = sync.OnceValues(func() (*sfnt.Font, error) { return sfnt.Parse(dejavusans.TTF) })

// joined are scripts whose letters change with those beside them, or that run from
// right to left: they cannot be set one letter after another. Neither can an accent
// that is not one with its letter.
var joined = []*unicode.RangeTable{unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana, unicode.Nko, unicode.Devanagari, unicode.Bengali, unicode.Tamil, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

// Missing gives the letters of a text that cannot be set, each once.
func Missing(text string) (missing []rune, err error) {
	f, err := face()
	if err != nil {
		return nil, err
	}
	var b sfnt.Buffer
	for _, r := range fixed(text) {
		if r == '\n' || r == '\t' || r == ' ' || slices.Contains(missing, r) {
			continue
		}
		glyph, err := f.GlyphIndex(&b, r)
		if err != nil {
			return nil, err
		}
		if glyph == 0 || r > 0xffff || unicode.In(r, joined...) || unicode.Is(unicode.Mn, r) {
			missing = append(missing, r)
		}
	}
	return missing, nil
}
