package scanner

import (
	"errors"
	"io/fs"
	"regexp"
	"time"

	"implantrace/scanner/internal/zxing"
)

// PageReader is what a page needs to read codes itself, from a camera: the
// WebAssembly file that [DecodeImage] runs, and the JavaScript around it, whose
// reader/index.js exports readBarcodes. It is nil in a build without them.
func PageReader() fs.FS { return zxing.Page() }

// Errors of [Seen.Reading]. A message is one sentence for a person.
var (
	ErrNotSeen  = errors.New("a camera's reading wants the kind of symbol and its AIM identifier")
	ErrUnproven = errors.New("this kind of code is misread now and then, and nothing in it proves that it was read right; use a handheld, or type it")
)

// Seen is a symbol as zxing-cpp has read it within a page, in frames of a camera.
type Seen struct {
	Format string // by the name of zxing-cpp: "DataMatrix", "Code128", "QRCodeModel2"...
	AIM    string
	Text   string // FNC1 is 0x1D; one in first place is in AIM and not in Text
}

// aimForm is the form of an AIM identifier (ISO/IEC 15424).
var aimForm = regexp.MustCompile(`^\][A-Za-z][0-9A-Za-z]$`)

// Reading makes a Reading of what was seen. What a page says of a symbol is used
// by the rule by which a symbol of a picture is used (see [Symbol]): what noise
// passes for now and then has to prove itself. proves is what [ImageOptions] has.
func (s Seen) Reading(at time.Time, proves func(scanData string) bool) (Reading, error) {
	if s.Format == "" || !aimForm.MatchString(s.AIM) {
		return Reading{}, ErrNotSeen
	}
	format, aim, text, ok := asSent(zxing.Family(s.Format), s.AIM, s.Text)
	if !ok {
		return Reading{}, ErrUnproven
	}
	r := Reading{Text: text, Symbology: aim, Format: format, Source: SourceCamera, At: at}
	if weakFormat(format) && (proves == nil || !proves(r.ScanData())) {
		return Reading{}, ErrUnproven
	}
	return r, nil
}
