package zxing

import "image"

// Result is one symbol in a picture.
type Result struct {
	// Format is "DataMatrix", "Code128", "EAN13", "EAN8", "UPCA", "UPCE",
	// "QRCode", "MicroQRCode", "RMQRCode", "PDF417", "MicroPDF417", "Aztec",
	// "Code39", "Code93", "ITF", "Codabar", "DataBar",
	// "DataBarLimited", "DataBarExpanded", "MaxiCode"...: the format without the
	// variants that make no difference to what it says. A UPC-A symbol is an
	// "EAN13" unless Formats has UPCA and not EAN13; its text has 13 digits, the
	// first of them 0, in either case. An ITF-14 symbol is an "ITF".
	Format string
	// Variant is the exact format by the name of zxing-cpp: "QRCodeModel2",
	// "DataBarStkOmni", "Code39Ext"... "None" if a symbol was located and no more.
	Variant string

	// AIM is the symbology identifier: "]d2", "]C1", "]E0"... It is "" if the
	// symbol was not read.
	AIM string

	// Text is the message as the TextMode asked for gives it. In Plain mode FNC1
	// is 0x1D; one in first place is in AIM and not in Text.
	Text string
	// Bytes are the message as it is encoded, before any character set. FNC1 is
	// 0x1D here, too.
	Bytes []byte
	// BytesECI are the message following the ECI protocol, with the AIM
	// identifier in front.
	BytesECI []byte

	ContentType ContentType
	HasECI      bool // a character set is named within the symbol

	// Corners are the symbol's own top left, top right, bottom right and bottom
	// left, in pixels of the picture. For a linear symbol they are the ends of
	// the first and the last line that read it.
	Corners [4]image.Point
	// Rotation is by how many degrees the symbol is turned clockwise, -179 to 180.
	Rotation int

	Mirrored bool // Data Matrix and QR only
	Inverted bool // light on dark
	Lines    int  // that read it alike; 0 for a matrix symbol

	ECLevel    string // of error correction: "H" of a QR code, "23%" of Aztec; may be ""
	Version    string // of the symbol, or its size: "16x16"; may be ""
	ReaderInit bool   // it programs a handheld and is no message

	Sequence Sequence

	// UEC is the part of the error correction that was not needed, from 1, of a
	// flawless symbol, to 0; -1 if zxing-cpp does not say.
	UEC float64

	// Extra is what else zxing-cpp knows, as a JSON object; may be "".
	Extra string

	// Error says why a located symbol was not read; NoError if it was.
	Error ErrorKind
	// Detail is what zxing-cpp says of the error; may be "".
	Detail string
}

// OK says that the symbol was read: nothing contradicts its text.
func (r Result) OK() bool { return r.Error == NoError }

// Sequence says which part of a message a symbol is: structured append.
type Sequence struct {
	Size  int // number of symbols; -1 if the symbol is the whole message, 0 if unknown
	Index int // from 0 on; -1 if the symbol is the whole message
	ID    string
}

// ErrorKind is why a located symbol was not read.
type ErrorKind uint8

// The kinds of error. They are in zxing-cpp's order of severity.
const (
	NoError          ErrorKind = iota
	FormatError                // its bits make no message
	ChecksumError              // its check characters or error correction contradict its bits
	UnsupportedError           // it uses a feature that zxing-cpp does not have
)

// String is one word: "format", "checksum", "unsupported", or "" for none.
func (k ErrorKind) String() string {
	return [...]string{"", "format", "checksum", "unsupported"}[k]
}

// ContentType is what kind of message a symbol holds.
type ContentType uint8

// The kinds of message.
const (
	TextContent ContentType = iota
	BinaryContent
	MixedContent
	GS1Content
	ISO15434Content
	UnknownECIContent
)
