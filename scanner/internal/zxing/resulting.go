package zxing

import (
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"strings"
)

// families are the formats of zxing-cpp that have another name here.
var families = map[string]string{
	"None":           "",
	"QRCodeModel1":   "QRCode",
	"QRCodeModel2":   "QRCode",
	"AztecCode":      "Aztec",
	"AztecRune":      "Aztec",
	"CompactPDF417":  "PDF417",
	"Code39Std":      "Code39",
	"Code39Ext":      "Code39",
	"ISBN":           "EAN13",
	"DataBarOmni":    "DataBar",
	"DataBarStk":     "DataBar",
	"DataBarStkOmni": "DataBar",
	"DataBarLtd":     "DataBarLimited",
	"DataBarExp":     "DataBarExpanded",
	"DataBarExpStk":  "DataBarExpanded",
	"TelepenAlpha":   "Telepen",
	"TelepenNumeric": "Telepen",
}

// Family is the format of an exact format, see [Result].
func Family(variant string) string {
	if family, ok := families[variant]; ok {
		return family
	}
	return variant
}

// errNothing says that a result is empty: zxing-cpp hands one over when it looked
// for a single symbol, in a way, and there was none.
var errNothing = errors.New("nothing")

// resultOf makes a Result of what the reader hands over. The error is errNothing,
// or one of the whole call: the reader hands those over as a result of which only
// the error is filled.
func resultOf(value any, origin image.Point) (Result, error) {
	o, ok := value.(object)
	if !ok {
		return Result{}, fmt.Errorf("%w: a result is no object", ErrSandbox)
	}
	var missing error
	if format := get[string](o, "format", &missing); missing == nil && (format == "" || format == "None") {
		detail := get[string](o, "error", &missing)
		_, filled := o["bytes"].(*byteArray)
		switch {
		case !filled:
			return Result{}, callError(detail)
		case detail == "":
			return Result{}, errNothing
		}
	}
	r := Result{
		Variant:     get[string](o, "format", &missing),
		AIM:         get[string](o, "symbologyIdentifier", &missing),
		Text:        get[string](o, "text", &missing),
		Bytes:       bytesOf(o, "bytes", &missing),
		BytesECI:    bytesOf(o, "bytesECI", &missing),
		ContentType: ContentType(get[int](o, "contentType", &missing)),
		HasECI:      get[bool](o, "hasECI", &missing),
		Rotation:    get[int](o, "rotation", &missing),
		Mirrored:    get[bool](o, "isMirrored", &missing),
		Inverted:    get[bool](o, "isInverted", &missing),
		Lines:       get[int](o, "lineCount", &missing),
		ECLevel:     get[string](o, "ecLevel", &missing),
		Version:     get[string](o, "version", &missing),
		ReaderInit:  get[bool](o, "readerInit", &missing),
		Sequence: Sequence{
			Size:  get[int](o, "sequenceSize", &missing),
			Index: get[int](o, "sequenceIndex", &missing),
			ID:    get[string](o, "sequenceId", &missing),
		},
		Extra:  get[string](o, "extra", &missing),
		Detail: get[string](o, "error", &missing),
	}
	position := get[object](o, "position", &missing)
	for i, corner := range []string{"topLeft", "topRight", "bottomRight", "bottomLeft"} {
		p := get[object](position, corner, &missing)
		r.Corners[i] = image.Pt(get[int](p, "x", &missing), get[int](p, "y", &missing)).Add(origin)
	}
	valid := get[bool](o, "isValid", &missing)
	if missing != nil {
		return Result{}, missing
	}
	if r.Error = errorKinds[errorWord(r.Detail)]; r.Error == NoError && !valid {
		r.Error = FormatError
	}
	r.Format = Family(r.Variant)
	r.UEC = uecOf(r.Extra)
	return r, nil
}

// errorKinds are zxing-cpp's kinds of error, which begin what it says.
var errorKinds = map[string]ErrorKind{
	"FormatError": FormatError, "ChecksumError": ChecksumError, "Unsupported": UnsupportedError,
}

func errorWord(detail string) string {
	word, _, _ := strings.Cut(detail, " ")
	return strings.TrimSuffix(word, ":")
}

// callError is the error of a call that zxing-cpp has ended with an exception.
func callError(said string) error {
	switch {
	case strings.Contains(said, "bad_alloc"):
		return ErrMemory
	case strings.Contains(said, "barcode format"):
		return fmt.Errorf("%w: %s", ErrOptions, said)
	case said == "":
		return fmt.Errorf("%w: it gave no reason", ErrSandbox)
	}
	return fmt.Errorf("%w: %w", ErrSandbox, errors.New(said))
}

// uecOf is the part of the error correction that was not needed; -1 if unknown.
func uecOf(extra string) float64 {
	var known struct{ UEC *float64 }
	if extra == "" || json.Unmarshal([]byte(extra), &known) != nil || known.UEC == nil {
		return -1
	}
	return *known.UEC
}

// get is a field of an object; *missing is set if it is not there.
func get[T any](o object, name string, missing *error) T {
	v, ok := o[name].(T)
	if !ok {
		*missing = fmt.Errorf("%w: a result has no %s", ErrSandbox, name)
	}
	return v
}

func bytesOf(o object, name string, missing *error) []byte {
	if a := get[*byteArray](o, name, missing); a != nil {
		return a.bytes
	}
	return nil
}
