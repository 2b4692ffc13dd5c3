package zxing

import (
	"fmt"
	"strings"
)

// Options bound an [Engine]. The zero value is of use.
type Options struct {
	// Instances is how many pictures may be read at the same time; further
	// calls wait. 0 means one. Each instance has a memory of its own.
	Instances int

	// MemoryLimit bounds the memory of one instance, in bytes. 0 means
	// [DefaultMemoryLimit]; less than [LeastMemoryLimit] is raised to it.
	MemoryLimit int64

	// CacheDir is the folder in which compiled code is kept from one process to
	// the next. "" means a folder of the product in the user's cache folder or,
	// where there is none that can be written to (a service has none as a rule),
	// one of this user's own in the system's temporary folder; "-" means none.
	// Where it cannot be made, code is compiled anew in each process.
	CacheDir string
}

const (
	// DefaultMemoryLimit leaves room for a gray picture of 12 million pixels, which
	// takes 55 MiB, and 65 MiB if it is all noise.
	DefaultMemoryLimit = 96 << 20

	// LeastMemoryLimit leaves room for small pictures; the code itself declares
	// 22 MB, most of which it never touches.
	LeastMemoryLimit = 24 << 20
)

// ReadOptions say how a picture is looked at. The zero value is the plainest
// and quickest way; [Defaults] are those of zxing-cpp.
type ReadOptions struct {
	// Formats are what is looked for, by the names of zxing-cpp: "DataMatrix",
	// "Code128", "EANUPC", "QRCode", "AllLinear"... None means all.
	Formats []string

	TryHarder    bool // spend more time
	TryRotate    bool // look for linear symbols turned by 90, 180 and 270 degrees
	TryInvert    bool // look for light symbols on dark ground
	TryDownscale bool // look at the picture made smaller, too
	TryDenoise   bool // close small gaps in matrix symbols

	// DownscaleFactor is by how much TryDownscale makes a picture smaller: 2, 3
	// or 4. 0 means 3.
	DownscaleFactor int
	// DownscaleThreshold is the shorter side from which TryDownscale does so, in
	// pixels, at most 65535. 0 means 500.
	DownscaleThreshold int

	Binarizer Binarizer

	// IsPure says that the picture holds one upright symbol and nothing else.
	IsPure bool

	// MinLineCount is how many lines across a linear symbol must read alike, at
	// most 255. 0 means 2.
	MinLineCount int

	// MaxSymbols ends the search when so many were found. 0 or more than 255
	// means 255.
	MaxSymbols int

	// ValidateOptionalChecksum refuses Code 39, ITF and Codabar symbols whose
	// last character is not a check character.
	ValidateOptionalChecksum bool

	// ReturnErrors asks for symbols that were located but not read as well.
	// Their Error says why.
	ReturnErrors bool

	EANAddOn EANAddOn
	TextMode TextMode
}

// Defaults are the options that zxing-cpp has when none are given, with text in
// [Plain] mode.
func Defaults() ReadOptions {
	return ReadOptions{TryHarder: true, TryRotate: true, TryInvert: true, TryDownscale: true}
}

// Binarizer is how zxing-cpp tells dark from light.
type Binarizer uint8

// The binarizers.
const (
	LocalAverage    Binarizer = iota // around each pixel; for linear symbols as GlobalHistogram
	GlobalHistogram                  // the valley of the histogram, of each line for linear symbols
	FixedThreshold                   // 127
	BoolCast                         // dark is 0
)

// EANAddOn is what is done with the 2 or 5 digits beside an EAN or UPC symbol.
type EANAddOn uint8

// What may be done with them.
const (
	IgnoreAddOn EANAddOn = iota
	ReadAddOn
	RequireAddOn
)

// TextMode is how Result.Text is made of Result.Bytes.
type TextMode uint8

// The modes of text.
const (
	Plain   TextMode = iota // in UTF-8; FNC1 is 0x1D
	ECI                     // following the ECI protocol, in UTF-8
	HRI                     // as printed below a symbol: (01)04150...
	Escaped                 // as Plain, with <GS> and the like
	Hex                     // of Bytes
	HexECI                  // of BytesECI
)

// check refuses what zxing-cpp would take for something else.
func (o ReadOptions) check() error {
	for _, f := range o.Formats {
		if strings.ContainsAny(f, ",|") || f == "" {
			return fmt.Errorf("%w: %q names no format", ErrOptions, f)
		}
	}
	if o.Binarizer > BoolCast || o.EANAddOn > RequireAddOn || o.TextMode > HexECI {
		return fmt.Errorf("%w: binarizer, add-on or text mode", ErrOptions)
	}
	return nil
}
