package zxing

import (
	"errors"
	"fmt"
	"image"
	"strings"
)

// The names that the reader registers.
const (
	readFunction  = "readBarcodesFromPixmap" // (pixels, width, height, options) -> vector
	optionsPlace  = 4                        // in its types
	vectorSize    = "size"
	vectorElement = "get"
	largestSide   = 32767 // zxing-cpp packs coordinates into 16 bits here and there
)

// fields are the options by the names that the reader registers.
func (o ReadOptions) fields() map[string]any {
	return map[string]any{
		"formats":                  strings.Join(o.Formats, ","),
		"tryHarder":                o.TryHarder,
		"tryRotate":                o.TryRotate,
		"tryInvert":                o.TryInvert,
		"tryDownscale":             o.TryDownscale,
		"tryDenoise":               o.TryDenoise,
		"binarizer":                int(o.Binarizer),
		"isPure":                   o.IsPure,
		"downscaleThreshold":       within(o.DownscaleThreshold, 500, 65535),
		"downscaleFactor":          within(o.DownscaleFactor, 3, 4),
		"minLineCount":             within(o.MinLineCount, 2, 255),
		"maxNumberOfSymbols":       within(o.MaxSymbols, 255, 255),
		"validateOptionalChecksum": o.ValidateOptionalChecksum,
		"returnErrors":             o.ReturnErrors,
		"eanAddOnSymbol":           int(o.EANAddOn),
		"textMode":                 int(o.TextMode),
		"characterSet":             0,    // told by the symbol, or guessed
		"tryCode39ExtendedMode":    true, // without effect in this version
	}
}

// within is n where it lies from 1 to most, or otherwise what stands for it.
func within(n, otherwise, most int) int {
	if n <= 0 {
		return otherwise
	}
	return min(n, most)
}

// read looks for symbols. Failures of the sandbox are panics.
func (s *sandbox) read(g *image.Gray, o ReadOptions) ([]Result, error) {
	w, h := g.Rect.Dx(), g.Rect.Dy()
	pixels := s.malloc(uint32(w * h))
	if into := s.bytes(pixels, uint32(w*h)); g.Stride == w {
		copy(into, g.Pix)
	} else {
		for y := range h {
			copy(into[y*w:][:w], g.Pix[y*g.Stride:])
		}
	}
	read, ok := s.bindings.functions[readFunction]
	if !ok || len(read.types) <= optionsPlace {
		panic(fmt.Errorf("it has no function %s", readFunction))
	}
	options := s.typeAt(read.types[optionsPlace]).object
	if options == nil {
		panic(fmt.Errorf("its function %s takes no options", readFunction))
	}
	fields := o.fields()
	given := uint32(s.callFunction(options.create))
	for _, f := range options.fields {
		s.setField(f, given, fields[f.name])
	}
	vector := s.callFunction(read.invoker, uint64(read.context), uint64(pixels), uint64(w), uint64(h), uint64(given))
	s.callFunction(options.destroy, uint64(given))
	s.free(pixels)

	size, element := s.bindings.methods[vectorSize], s.bindings.methods[vectorElement]
	n := int(s.callFunction(size.invoker, uint64(size.context), vector))
	var results []Result
	var failed error
	for i := range n {
		handle := uint32(s.callFunction(element.invoker, uint64(element.context), vector, uint64(i)))
		r, err := resultOf(s.values.take(handle), g.Rect.Min)
		switch {
		case err == nil:
			results = append(results, r)
		case !errors.Is(err, errNothing):
			failed = err // the other results are taken all the same, since each has a handle
		}
	}
	s.callFunction(s.bindings.destroy, vector)
	if failed != nil {
		return nil, failed
	}
	return results, nil
}
