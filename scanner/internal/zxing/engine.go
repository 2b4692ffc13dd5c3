package zxing

import (
	"context"
	"errors"
	"fmt"
	"image"
	"sync"
)

// Errors of [Open] and [Engine.Read]; use errors.Is to tell them apart.
var (
	ErrUnavailable = errors.New("zxing: the WebAssembly build of zxing-cpp was not fetched when this product was built")
	ErrWrongFile   = errors.New("zxing: the embedded WebAssembly file is not the one that is pinned")
	ErrClosed      = errors.New("zxing: the engine is closed")
	ErrOptions     = errors.New("zxing: the options are not valid")
	ErrPicture     = errors.New("zxing: the picture has no pixels, or sides that are too long")
	ErrMemory      = errors.New("zxing: the picture needs more memory than an instance may have")
	ErrSandbox     = errors.New("zxing: the WebAssembly code failed")
)

// keptMemory is the most memory that an instance keeps from one picture to the
// next, in bytes. WebAssembly memory only grows; one that has grown beyond this
// is made anew for the next picture, which takes some milliseconds.
const keptMemory = 40 << 20

// Engine reads pictures. It is safe for concurrent use.
type Engine struct {
	wasm    []byte
	options Options

	begin    sync.Once
	compiled chan struct{} // closed when code or failed is set
	code     *code
	failed   error

	places chan *sandbox // as many as there are instances; nil where none is made yet
	close  sync.Once
	closed chan struct{}
}

// Open makes an engine. It is cheap: the code is compiled by the first Read.
// Errors are ErrUnavailable and ErrWrongFile.
func Open(o Options) (*Engine, error) { return open(WASM(), o) }

func open(wasm []byte, o Options) (*Engine, error) {
	if err := verify(wasm); err != nil {
		return nil, err
	}
	o.Instances = max(o.Instances, 1)
	if o.MemoryLimit == 0 {
		o.MemoryLimit = DefaultMemoryLimit
	}
	o.MemoryLimit = min(max(o.MemoryLimit, LeastMemoryLimit), 1<<31) / pageSize * pageSize
	e := &Engine{
		wasm:     wasm,
		options:  o,
		compiled: make(chan struct{}),
		places:   make(chan *sandbox, o.Instances),
		closed:   make(chan struct{}),
	}
	for range o.Instances {
		e.places <- nil
	}
	return e, nil
}

// Read looks for symbols in a picture. It waits for a free instance until ctx is
// done. When ctx is done during the search, the search ends within milliseconds
// and the error is that of ctx. A picture without symbols is no error.
//
// Symbols that were not read are among the results only if o.ReturnErrors is
// set. The pixels are copied; g is not kept. The same picture with the same
// options gives the same results.
//
// Errors are those of ctx, ErrClosed, ErrOptions, ErrPicture, ErrMemory and
// ErrSandbox.
func (e *Engine) Read(ctx context.Context, g *image.Gray, o ReadOptions) ([]Result, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := checkPicture(g, e.options.MemoryLimit); err != nil {
		return nil, err
	}
	s, err := e.take(ctx)
	if err != nil {
		return nil, err
	}
	// Whatever happens, the place is given back, so that Close can end.
	var fit *sandbox
	defer func() { e.places <- fit }()

	results, err := e.readIn(ctx, &s, g, o)
	switch {
	case s == nil:
	case err != nil || s.memory.Size() > keptMemory:
		s.close()
	default:
		fit = s
	}
	return results, err
}

// readIn reads in s, which is made if there is none. A picture that makes an
// exception throw is read again in a sandbox that catches it.
func (e *Engine) readIn(ctx context.Context, s **sandbox, g *image.Gray, o ReadOptions) (results []Result, err error) {
	for _, careful := range []bool{false, true} {
		if *s == nil {
			if *s, err = e.code.newSandbox(ctx, careful); err != nil {
				return nil, err
			}
		}
		var read error
		if err = (*s).guard(ctx, func() { results, read = (*s).read(g, o) }); err == nil {
			err = read
		}
		if careful || errors.Is(err, errUncared) {
			(*s).close()
			*s = nil
		}
		if careful || !errors.Is(err, errUncared) {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	return results, nil
}

// Prepare compiles the code, which the first Read does otherwise. Errors are
// those of ctx, ErrClosed and ErrSandbox.
func (e *Engine) Prepare(ctx context.Context) error {
	e.begin.Do(func() {
		go func() {
			defer close(e.compiled)
			e.code, e.failed = compile(e.wasm, e.options.MemoryLimit, e.options.CacheDir)
		}()
	})
	select {
	case <-e.closed: // even if a place is free
		return ErrClosed
	default:
	}
	select {
	case <-e.closed:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	case <-e.compiled:
		return e.failed
	}
}

// take returns a place of the pool: a sandbox, or nil for one that is to be made.
func (e *Engine) take(ctx context.Context) (*sandbox, error) {
	if err := e.Prepare(ctx); err != nil {
		return nil, err
	}
	select {
	case <-e.closed:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	case s := <-e.places:
		return s, nil
	}
}

// Close waits for the calls under way and frees all instances. Further calls to
// Read give ErrClosed.
func (e *Engine) Close() error {
	e.close.Do(func() {
		close(e.closed)
		for range e.options.Instances {
			if s := <-e.places; s != nil {
				s.close()
			}
		}
		e.begin.Do(func() { close(e.compiled) }) // nothing was read
		<-e.compiled
		if e.code != nil {
			e.code.close()
		}
	})
	return nil
}

// checkPicture refuses what cannot be read before any memory is made for it.
func checkPicture(g *image.Gray, memoryLimit int64) error {
	if g == nil || g.Rect.Empty() {
		return fmt.Errorf("%w: it is empty", ErrPicture)
	}
	w, h := g.Rect.Dx(), g.Rect.Dy()
	if w <= 0 || h <= 0 || w > largestSide || h > largestSide {
		return fmt.Errorf("%w: %d by %d, and %d is the longest", ErrPicture, w, h, largestSide)
	}
	if g.Stride < w || h > 1 && g.Stride > len(g.Pix) || len(g.Pix) < (h-1)*g.Stride+w {
		return fmt.Errorf("%w: it has fewer pixels than its size says", ErrPicture)
	}
	if int64(w)*int64(h) > memoryLimit {
		return ErrMemory
	}
	return nil
}
