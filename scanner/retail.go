package scanner

import (
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/oned"
)

// rowReader is the part of gozxing's linear readers that reads one line.
type rowReader interface {
	DecodeRow(row int, bits *gozxing.BitArray, hints map[gozxing.DecodeHintType]any) (*gozxing.Result, error)
}

// retailOn reads EAN-13, UPC-A, EAN-8 and ITF-14 on a line of the given length.
func retailOn(e []float64, length int) []linearRead {
	const parts = 4 // parts of a pixel
	if len(e) < 40 {
		return nil // fewer edges than an EAN-8 has
	}
	bits := gozxing.NewBitArray(length * parts)
	for i := 0; i+1 < len(e); i += 2 {
		from, to := int(e[i]*parts+0.5), int(e[i+1]*parts+0.5)
		if from < to {
			bits.SetRange(from, min(to, length*parts)) // within bits, so without an error
		}
	}
	hints := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_ALLOWED_LENGTHS: []int{14}}
	var reads []linearRead
	for _, reader := range []gozxing.Reader{oned.NewEAN13Reader(), oned.NewEAN8Reader(), oned.NewITFReader()} {
		result, err := reader.(rowReader).DecodeRow(0, bits, hints)
		if err != nil {
			continue
		}
		r := linearRead{text: result.GetText()}
		switch result.GetBarcodeFormat() {
		case gozxing.BarcodeFormat_EAN_13:
			// A UPC-A is an EAN-13 that starts with 0, and is sent as one.
			r.format, r.aim = "EAN13", "]E0"
		case gozxing.BarcodeFormat_EAN_8:
			r.format, r.aim = "EAN8", "]E4"
		case gozxing.BarcodeFormat_ITF:
			r.format, r.aim = "ITF14", "]I1"
			if !checkDigitHolds(r.text) {
				continue
			}
		default:
			continue
		}
		if points := result.GetResultPoints(); len(points) >= 2 {
			r.from, r.to = points[0].GetX()/parts, points[1].GetX()/parts
		}
		reads = append(reads, r)
	}
	return reads
}

// checkDigitHolds says whether the last digit is the check digit of the others,
// by weights of 3 and 1 from the right.
func checkDigitHolds(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if d < 0 || d > 9 {
			return false
		}
		if i%2 == 1 {
			d *= 3
		}
		sum += d
	}
	return sum%10 == 0
}
