package scanner

import (
	"context"
	"errors"
	"image"
	"slices"
	"sync"

	"golang.org/x/sync/semaphore"

	"implantrace/scanner/internal/zxing"
)

// EngineVersion names the build of zxing-cpp that reads pictures, and says
// whether it is in this program. Without it gozxing and this package's own
// reader of Code 128 read alone, and read less.
func EngineVersion() (name string, builtIn bool) { return zxing.Version(), zxing.Available() }

// Workers is a number of places at which pictures are read, the memory that they
// share, and the engine that reads there. It is safe for concurrent use.
type Workers struct {
	places chan struct{}
	room   *semaphore.Weighted // bytes

	mu     sync.Mutex
	engine *zxing.Engine
	broken error // why there is none
}

// NewWorkers returns n places, at least one. As many as there are processors
// is a good number. What the engine needs is compiled by the first picture.
func NewWorkers(n int) *Workers {
	return &Workers{places: make(chan struct{}, max(n, 1)), room: semaphore.NewWeighted(roomForPictures)}
}

// take waits for a place, and for so many bytes, until ctx is done.
func (w *Workers) take(ctx context.Context, room int64) (free func(), err error) {
	select {
	case w.places <- struct{}{}:
	case <-ctx.Done():
		return nil, ErrBusy
	}
	if w.room.Acquire(ctx, room) != nil {
		<-w.places
		return nil, ErrBusy
	}
	return func() {
		w.room.Release(room)
		<-w.places
	}, nil
}

// Close waits for the pictures that are being read and lets go of the memory of
// the engine. The workers can be used again; the engine is then made anew.
func (w *Workers) Close() error {
	w.mu.Lock()
	e := w.engine
	w.engine, w.broken = nil, nil
	w.mu.Unlock()
	if e == nil {
		return nil
	}
	return e.Close()
}

// zxing is the engine, ready to read, or nil if there is none. The first call
// waits until its code is compiled, or ctx is done.
func (w *Workers) zxing(ctx context.Context) *zxing.Engine {
	w.mu.Lock()
	if w.engine == nil && w.broken == nil {
		w.engine, w.broken = zxing.Open(zxing.Options{Instances: cap(w.places)})
	}
	e := w.engine
	w.mu.Unlock()
	if e == nil || e.Prepare(ctx) != nil {
		return nil
	}
	return e
}

// The names of engines, as [Symbol].Engine and a benchmark give them.
const (
	engineZXing = "zxing-cpp"
	engineGo    = "gozxing"
	engineOwn   = "implantrace"
)

// matrixFormats and linearFormats are what an area that looks like one or the
// other may hold.
var (
	matrixFormats = []string{"DataMatrix", "QRCode", "MicroQRCode", "RMQRCode", "Aztec"}
	commonFormats = []string{"DataMatrix", "QRCode"}
	linearFormats = []string{"AllLinear", "PDF417"}
)

// unreadable is a symbol that an engine has located and not read.
type unreadable struct {
	format  string
	corners [4]point
}

// zxing is one call of zxing-cpp.
func (s *search) zxing(g *image.Gray, o zxing.ReadOptions) (found []finding, failed []unreadable) {
	if s.engine == nil || s.ctx.Err() != nil {
		return nil, nil
	}
	results, err := s.engine.Read(s.ctx, g, o)
	if err != nil {
		// A sandbox that failed has been thrown away; other passes go on.
		if !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
			s.failures++
		}
		return nil, nil
	}
	for _, r := range results {
		var corners [4]point
		for i, c := range r.Corners {
			corners[i] = point{float64(c.X), float64(c.Y)}
		}
		if !r.OK() {
			failed = append(failed, unreadable{r.Format, corners})
			continue
		}
		f := finding{
			engine: engineZXing, format: r.Format, aim: r.AIM, text: r.Text, corners: corners, lines: r.Lines,
			partial: r.Sequence.Size > 0 || r.ContentType == zxing.UnknownECIContent,
		}
		var ok bool
		if f.format, f.aim, f.text, ok = asSent(f.format, f.aim, f.text); ok {
			found = append(found, f)
		}
	}
	return found, failed
}

// asSent gives what zxing-cpp has read the form in which a handheld sends it. It
// reports false for what cannot be used.
func asSent(format, aim, text string) (string, string, string, bool) {
	aim = plainIdentifier(aim)
	if aim == "]C2" {
		return format, aim, text, false // it leaves the FNC1 out that makes the difference; this package's own reader keeps it
	}
	if format == "UPCA" {
		format = "EAN13" // a UPC-A is an EAN-13 that starts with 0, and is sent as one
		if len(text) == 12 {
			text = "0" + text
		}
	}
	if format == "ITF" && len(text) == 14 {
		format = "ITF14"
	}
	return format, aim, text, text != ""
}

// plainIdentifier gives a rectangular extension of Data Matrix (ISO/IEC 21471)
// the identifier of the Data Matrix that says the same. Parsers know what
// follows "]d2", and hardly one knows "]d8".
func plainIdentifier(aim string) string {
	switch aim {
	case "]d7":
		return "]d1"
	case "]d8":
		return "]d2"
	case "]d9":
		return "]d3"
	}
	return aim
}

// weakFormats have no check character, or one in ten texts passes it: print and
// noise give short texts of them now and then.
var weakFormats = []string{"ITF", "ITF14", "Codabar", "Code39", "Code93", "Code32", "EAN8", "UPCE", "DataBarLimited", "DXFilmEdge", "Telepen", "PZN", "LogoCode", "CodeOne"}

func weakFormat(format string) bool { return slices.Contains(weakFormats, format) }
