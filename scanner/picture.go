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
// errors.Is to tell them apart.
var (
	ErrTooLarge   = errors.New("the picture is too large")
	ErrNotPicture = errors.New("this is not a JPEG, PNG or WebP picture")
	ErrDamaged    = errors.New("the picture is damaged and cannot be opened")
	ErrBusy       = errors.New("too many pictures are being read at the moment; try again shortly")
)

// Symbol is one symbol found in a picture.
//
// Sure says that its text may be used. A Data Matrix or QR code that the plain
// pass over the whole picture reads is sure: Reed-Solomon holds it together. So
// is whatever content proves itself (see [ImageOptions].Proves), and what two
// passes read alike. A linear symbol has one check character only: it needs
// proof or a pass at a second angle always, and several lines across its bars. What two
// readings of the same place contradict is not sure, whatever else holds.
// Neither is a symbol whose text is not all of its message: one of several
// joined by structured append, or one in a character set named by an ECI.
type Symbol struct {
	Format string // "DataMatrix", "QRCode", "Code128", "EAN13", "EAN8", "UPCA", "ITF14"
	AIM    string // "]d2", "]C1", "]E0"...
	Text   string // FNC1 is 0x1D; one in first place is in AIM and not in Text

	// Corners are where the symbol stands, in pixels of the picture as it is
	// shown (its EXIF orientation applied), in order around the symbol. They
	// are approximate: the corner modules of a matrix symbol, and of a linear
	// symbol the ends of the first and last line that read it.
	Corners [4]image.Point

	Pass string // the pass that read it first
	Sure bool
}

// Reading makes a Reading of the symbol.
func (s Symbol) Reading(at time.Time) Reading {
	return Reading{Text: s.Text, Symbology: s.AIM, Format: s.Format, Source: SourcePicture, At: at}
}

// Picture is what was found in a picture.
type Picture struct {
	Width, Height int      // as it is shown
	Symbols       []Symbol // from top to bottom, and from left to right
	Elapsed       time.Duration
}

// ImageOptions bounds the work of [DecodeImage]. The zero value is of use.
type ImageOptions struct {
	MaxBytes  int64         // of the file; 0 means 32 MiB
	MaxPixels int           // width times height; 0 means 50 million, which telephones keep below
	Deadline  time.Duration // for all of it, waiting included; 0 means 10 s

	// Proves says that content proves itself: that a check digit within it
	// holds. It is given what [Reading.ScanData] gives. Nil proves nothing.
	Proves func(scanData string) bool

	// Workers bounds how many pictures are read at the same time, over all
	// calls that share it. Nil means no bound.
	Workers *Workers
}

// Workers is a number of places at which pictures are read. It is safe for
// concurrent use.
type Workers struct{ places chan struct{} }

// NewWorkers returns n places, at least one. As many as there are processors
// is a good number; each may hold some 230 MB for a photograph of 50 million
// pixels, and 500 MB for a PNG with 16 bits to a colour.
func NewWorkers(n int) *Workers { return &Workers{make(chan struct{}, max(n, 1))} }

// take waits for a place until ctx is done.
func (w *Workers) take(ctx context.Context) (free func(), err error) {
	if w == nil {
		return func() {}, nil
	}
	select {
	case w.places <- struct{}{}:
		return func() { <-w.places }, nil
	case <-ctx.Done():
		return nil, ErrBusy
	}
}

// DecodeImage reads the symbols in a JPEG, PNG or WebP picture. It looks at the
// size that the file declares before it makes room for any pixel.
//
// Passes are run from cheap to dear until what was found is sure. When the
// deadline passes, what the passes until then have found is returned, without
// an error; a single pass is not interrupted, and takes up to about a second, or
// some seconds on 50 million pixels of noise.
// When ctx is cancelled its error is returned. A picture without symbols is no
// error. Other errors are ErrTooLarge, ErrNotPicture, ErrDamaged and ErrBusy.
func DecodeImage(ctx context.Context, data []byte, o ImageOptions) (Picture, error) {
	start := time.Now()
	o = o.withDefaults()
	deadline, cancel := context.WithTimeout(ctx, o.Deadline)
	defer cancel()

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

	free, err := o.Workers.take(deadline)
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
	symbols := readSymbols(deadline, gray, o.Proves)
	if ctx.Err() != nil {
		return Picture{}, ctx.Err()
	}
	return Picture{
		Width:   gray.Rect.Dx(),
		Height:  gray.Rect.Dy(),
		Symbols: symbols,
		Elapsed: time.Since(start),
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
}

func kindOf(data []byte) (kind, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return kind{jpeg.DecodeConfig, jpeg.Decode}, nil
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return kind{png.DecodeConfig, png.Decode}, nil
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return kind{webp.DecodeConfig, webp.Decode}, nil
	}
	return kind{}, ErrNotPicture
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

// Engine names what reads symbols of this format: gozxing, or this package's
// own reader of Code 128, which keeps every FNC1.
func (s Symbol) Engine() string {
	if s.Format == "Code128" {
		return "implantrace"
	}
	return "gozxing"
}
