package scanner

import (
	"strings"
	"unicode/utf8"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/datamatrix"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// bitmap hands black and white as they are to gozxing.
type bitmap struct {
	gozxing.Binarizer
	bits *gozxing.BitMatrix
}

func (b bitmap) GetBlackMatrix() (*gozxing.BitMatrix, error) { return b.bits, nil }
func (b bitmap) GetWidth() int                               { return b.bits.GetWidth() }
func (b bitmap) GetHeight() int                              { return b.bits.GetHeight() }

// dataMatrixIn reads the one Data Matrix that has the middle of bits in it.
func dataMatrixIn(bits *gozxing.BitMatrix) (finding, bool) {
	return readMatrix(datamatrix.NewDataMatrixReader(), bits, dataMatrixMessage)
}

// qrCodeIn reads one QR code.
func qrCodeIn(bits *gozxing.BitMatrix) (finding, bool) {
	return readMatrix(qrcode.NewQRCodeReader(), bits, qrCodeMessage)
}

func readMatrix(reader gozxing.Reader, bits *gozxing.BitMatrix, message func(*gozxing.Result) finding) (f finding, ok bool) {
	defer func() {
		if recover() != nil { // noise; other regions of the same pass may hold a symbol
			f, ok = finding{}, false
		}
	}()
	bmp, err := gozxing.NewBinaryBitmap(bitmap{bits: bits})
	if err != nil {
		return finding{}, false
	}
	hints := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}
	result, err := reader.Decode(bmp, hints)
	if err != nil {
		return finding{}, false
	}
	f = message(result)
	for i, p := range result.GetResultPoints() {
		if i < len(f.corners) {
			f.corners[i] = point{p.GetX(), p.GetY()}
		}
	}
	if f.format == "QRCode" && len(result.GetResultPoints()) >= 3 { // three finders; the fourth corner completes them
		c := &f.corners
		c[3] = point{c[0].x + c[2].x - c[1].x, c[0].y + c[2].y - c[1].y}
	}
	return f, f.text != ""
}

func dataMatrixMessage(result *gozxing.Result) finding {
	const fnc1, structuredAppend = 232, 233
	f := finding{engine: engineGo, format: "DataMatrix", aim: "]d1", text: result.GetText()}
	words := result.GetRawBytes()
	switch id := identifier(result); {
	case id == "]d4" || id == "]d5" || id == "]d6": // gozxing reads the number of the ECI as a letter
		f.aim, f.partial = id, true
	// Otherwise gozxing's identifier goes by where in the text an FNC1 stands,
	// and takes one after four or five letters for one in front.
	case len(words) > 0 && words[0] == fnc1:
		f.aim, f.text = "]d2", strings.TrimPrefix(f.text, "\x1d")
	case len(words) > 1 && words[1] == fnc1:
		f.aim = "]d3"
	}
	if len(words) > 0 && words[0] == structuredAppend {
		f.partial = true
	}
	if !utf8.ValidString(f.text) {
		// Letters above 127 from ASCII encodation are single bytes, those from
		// Base 256 are UTF-8; with both in one text they cannot be told apart.
		_, both := result.GetResultMetadata()[gozxing.ResultMetadataType_BYTE_SEGMENTS]
		f.text, f.partial = latin1(f.text), f.partial || both
	}
	return f
}

func qrCodeMessage(result *gozxing.Result) finding {
	f := finding{engine: engineGo, format: "QRCode", aim: identifier(result), text: result.GetText()}
	_, joined := result.GetResultMetadata()[gozxing.ResultMetadataType_STRUCTURED_APPEND_SEQUENCE]
	// Of bytes that are not ASCII gozxing guesses the character set.
	guessed := strings.ContainsFunc(f.text, func(r rune) bool { return r > 127 })
	f.partial = joined || guessed
	return f
}

// identifier is the AIM identifier that gozxing reports.
func identifier(result *gozxing.Result) string {
	id, _ := result.GetResultMetadata()[gozxing.ResultMetadataType_SYMBOLOGY_IDENTIFIER].(string)
	return id
}

func latin1(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

// unpack returns one byte a pixel, 1 for black.
func unpack(bits *gozxing.BitMatrix) []byte {
	w, h := bits.GetWidth(), bits.GetHeight()
	out := make([]byte, w*h)
	row := gozxing.NewBitArray(w)
	for y := range h {
		row = bits.GetRow(y, row)
		for x := row.GetNextSet(0); x < w; x = row.GetNextSet(x + 1) {
			out[y*w+x] = 1
		}
	}
	return out
}

// keepOnly clears the black pixels that keep says nothing of.
func keepOnly(bits *gozxing.BitMatrix, keep func(x, y int) bool) {
	for y := range bits.GetHeight() {
		for x := range bits.GetWidth() {
			if bits.Get(x, y) && !keep(x, y) {
				bits.Unset(x, y)
			}
		}
	}
}
