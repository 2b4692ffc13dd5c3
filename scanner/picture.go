package scanner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"time"

	"golang.org/x/image/webp"
)

// Errors of [DecodeImage]. A message is one sentence for a person; use
// errors.Is to tell them apart. ErrMoving is an ErrNotPicture, too.
var (
	ErrTooLarge   = errors.New("the picture is too large")
	ErrNotPicture = errors.New("this is not a JPEG, PNG or WebP picture")
	ErrDamaged    = errors.New("the picture is damaged and cannot be opened")
	ErrMoving     = fmt.Errorf("%w: it is an animation; take a still picture", ErrNotPicture)
	ErrBusy       = errors.New("too many pictures are being read at the moment; try again shortly")
)

// Symbol is one symbol found in a picture.
//
// Sure says that its text may be used. What zxing-cpp reads in the picture as it
// is, is sure, and so is a Data Matrix or QR code that gozxing reads in it where
// zxing-cpp is not built in. What only an extra pass reads (cut out, enlarged,
// sharpened, turned, along lines) is sure if its content proves itself (see
// [ImageOptions].Proves) or if independent passes read it alike: two engines,
// lines at two angles, or differently treated pixels of a matrix symbol. The
// formats that noise passes for now and then (ITF, EAN-8, UPC-E, Codabar,
// Code 39, ...) need proof or two engines always. What two readings of the same
// place contradict is not sure, whatever else holds. Neither is a symbol whose
// text is not all of its message: one of several joined by structured append.
type Symbol struct {
	Format string // "DataMatrix", "QRCode", "Code128", "EAN13" (UPC-A too), "EAN8", "ITF14", "PDF417", "Aztec", "Code39", ...
	AIM    string // "]d2", "]C1", "]E0"...
	Text   string // FNC1 is 0x1D; one in first place is in AIM and not in Text

	// Corners are where the symbol stands, in pixels of the picture as it is
	// shown (its EXIF orientation applied), in order around the symbol. They
	// are approximate: the corner modules of a matrix symbol, and of a linear
	// symbol the ends of the first and last line that read it.
	Corners [4]image.Point

	Engine string // that read it first: "zxing-cpp", "gozxing", or "implantrace", this package's own reader of Code 128
	Pass   string // that read it first
	Sure   bool
}

// Reading makes a Reading of the symbol.
func (s Symbol) Reading(at time.Time) Reading {
	return Reading{Text: s.Text, Symbology: s.AIM, Format: s.Format, Source: SourcePicture, At: at}
}

// Picture is what was found in a picture.
type Picture struct {
	Width, Height int      // as it is shown
	Symbols       []Symbol // from top to bottom, and from left to right
	Unread        []Unread // located and not read, the likeliest symbols first
	Elapsed       time.Duration
	Passes        []PassTime // in the order in which they were run

	// Kept is the copy that [ImageOptions].Keep asks for, a JPEG in gray, upright,
	// with no metadata. Nil where none was asked for.
	Kept []byte
}

// PassTime is what a pass over a picture cost.
type PassTime struct {
	Name    string
	Elapsed time.Duration
}

// ImageOptions bounds the work of [DecodeImage]. The zero value is of use.
type ImageOptions struct {
	MaxBytes  int64         // of the file; 0 means 32 MiB
	MaxPixels int           // width times height; 0 means 50 million, which telephones keep below
	Deadline  time.Duration // waiting included, but not the compiling of the engine by the first call; 0 means 10 s

	// Proves says that content proves itself: that a check digit within it
	// holds. It is given what [Reading.ScanData] gives. Nil proves nothing.
	Proves func(scanData string) bool

	// Keep asks for a copy of the picture whose longer side has at most so many
	// pixels. 0 means none.
	Keep int

	// Without names passes to leave out, as of [PassNames], to measure what each is
	// worth. Without "locate" the others have little to look at.
	Without []string

	// Workers bounds how many pictures are read at the same time, over all
	// calls that share it, and holds the engine. Nil means that the call makes an
	// engine of its own, which costs tens of milliseconds.
	Workers *Workers
}

// DecodeImage reads the symbols in a JPEG, PNG or WebP picture. It looks at the
// size that the file declares before it makes room for any pixel.
//
// Passes are run from cheap to dear until what was located is read for sure, or
// the search's budget of pixels is spent. When the deadline passes, what the
// passes until then have found is returned, without an error: zxing-cpp is
// stopped at once, a pass of gozxing ends by itself within about a second. When
// ctx is cancelled its error is returned. A picture without symbols is no error.
// Other errors are ErrTooLarge, ErrNotPicture, ErrDamaged and ErrBusy.
func DecodeImage(ctx context.Context, data []byte, o ImageOptions) (Picture, error) {
	start := time.Now()
	o = o.withDefaults()
	if int64(len(data)) > o.MaxBytes {
		return Picture{}, fmt.Errorf("%w: %d bytes, and %d are allowed", ErrTooLarge, len(data), o.MaxBytes)
	}
	kind, err := kindOf(data)
	if err != nil {
		return Picture{}, err
	}
	config, err := kind.config(bytes.NewReader(data))
	if err != nil {
		return Picture{}, damaged(err)
	}
	if config.Width <= 0 || config.Height <= 0 {
		return Picture{}, ErrDamaged
	}
	if config.Width > o.MaxPixels/config.Height {
		return Picture{}, fmt.Errorf("%w: %d by %d pixels, and %d are allowed altogether",
			ErrTooLarge, config.Width, config.Height, o.MaxPixels)
	}

	room := kind.roomOf(config, data)
	if room > roomForPictures {
		return Picture{}, fmt.Errorf("%w: to open its %d by %d pixels takes too much memory; take a smaller picture",
			ErrTooLarge, config.Width, config.Height)
	}

	workers := o.Workers
	if workers == nil {
		workers = NewWorkers(1)
		defer workers.Close()
	}
	engine := workers.zxing(ctx) // a slow machine compiles for seconds, once; no picture is given up for that
	deadline, cancel := context.WithTimeout(ctx, o.Deadline)
	defer cancel()
	free, err := workers.take(deadline, room)
	if err != nil {
		if ctx.Err() != nil {
			return Picture{}, ctx.Err()
		}
		return Picture{}, err
	}
	defer free()

	img, err := decode(deadline, kind, data)
	if err != nil {
		if ctx.Err() != nil {
			return Picture{}, ctx.Err()
		}
		return Picture{}, damaged(err)
	}
	gray := upright(grayOf(img), orientationOf(data))
	kept, err := keep(gray, o.Keep)
	if err != nil {
		return Picture{}, err
	}
	search := newSearch(deadline, gray, engine, o)
	search.run()
	if ctx.Err() != nil {
		return Picture{}, ctx.Err()
	}
	return Picture{
		Width:   gray.Rect.Dx(),
		Height:  gray.Rect.Dy(),
		Symbols: search.symbols(),
		Unread:  search.unread(),
		Elapsed: time.Since(start),
		Passes:  search.passes,
		Kept:    kept,
	}, nil
}

func (o ImageOptions) withDefaults() ImageOptions {
	if o.MaxBytes <= 0 {
		o.MaxBytes = 32 << 20
	}
	if o.MaxPixels <= 0 {
		o.MaxPixels = 50_000_000
	}
	if o.Deadline <= 0 {
		o.Deadline = 10 * time.Second
	}
	return o
}

// kind is a file format of pictures. No registry of the image package is used:
// what else a program links must not decide what is let in.
type kind struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	depth  func(image.Config, []byte) float64 // bytes that a pixel takes while it is opened
}

func kindOf(data []byte) (kind, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return kind{jpeg.DecodeConfig, jpeg.Decode, jpegDepth}, nil
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return kind{png.DecodeConfig, png.Decode, pngDepth}, nil
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		if moving(data) {
			return kind{}, ErrMoving
		}
		return kind{webp.DecodeConfig, webp.Decode, webpDepth}, nil
	}
	return kind{}, ErrNotPicture
}

// moving says that a WebP has frames: a flag of its extended header (RFC 9649,
// section 2.7) says so.
func moving(webp []byte) bool {
	return len(webp) > 20 && string(webp[12:16]) == "VP8X" && webp[20]&0x02 != 0
}

// decode opens the picture. A file can hide hours of work in few pixels (a
// JPEG of many thousand scans); so reading it ends when ctx is done.
func decode(ctx context.Context, k kind, data []byte) (img image.Image, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return k.decode(&boundedReader{ctx, bytes.NewReader(data)})
}

// boundedReader ends when ctx is done. It hands out little at a time, so that
// it is asked often.
type boundedReader struct {
	ctx context.Context
	r   *bytes.Reader
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	return b.r.Read(p[:min(len(p), 512)])
}

// damaged keeps the cause for errors.Is and leaves it out of the sentence.
func damaged(cause error) error {
	if errors.Is(cause, context.DeadlineExceeded) {
		return fmt.Errorf("%w: opening it takes too long", ErrTooLarge)
	}
	return damagedError{cause}
}

type damagedError struct{ cause error }

func (e damagedError) Error() string   { return ErrDamaged.Error() }
func (e damagedError) Unwrap() []error { return []error{ErrDamaged, e.cause} }
