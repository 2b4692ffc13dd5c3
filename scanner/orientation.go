package scanner

import (
	"bytes"
	"encoding/binary"
	"image"
)

// orientationOf returns the EXIF orientation of a JPEG, from 1 (as stored) to
// 8. It is 1 wherever none can be found: a wrong one is only a picture that
// lies on its side.
func orientationOf(data []byte) int {
	if !bytes.HasPrefix(data, []byte("\xff\xd8")) {
		return 1
	}
	const app1 = 0xe1
	for marker, segment := range jpegSegments(data) {
		if marker == app1 && bytes.HasPrefix(segment, []byte("Exif\x00\x00")) {
			return tiffOrientation(segment[6:])
		}
	}
	return 1
}

// tiffOrientation finds tag 0x0112 in the first directory of a TIFF header.
func tiffOrientation(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 1
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < 12 {
			return 1
		}
		const orientation, short = 0x0112, 3
		if order.Uint16(entries) == orientation && order.Uint16(entries[2:]) == short {
			if o := int(order.Uint16(entries[8:])); 1 <= o && o <= 8 {
				return o
			}
			return 1
		}
		entries = entries[12:]
	}
	return 1
}

// upright turns a picture the way its orientation says it is to be shown.
func upright(g *image.Gray, orientation int) *image.Gray {
	if orientation <= 1 || orientation > 8 {
		return g
	}
	w, h := g.Rect.Dx(), g.Rect.Dy()
	outW, outH := w, h
	if orientation >= 5 {
		outW, outH = h, w
	}
	out := image.NewGray(image.Rect(0, 0, outW, outH))
	// The pixel at x,y comes from first + x*right + y*down.
	var first, right, down int
	switch orientation {
	case 2: // mirrored left to right
		first, right, down = w-1, -1, g.Stride
	case 3: // upside down
		first, right, down = (h-1)*g.Stride+w-1, -1, -g.Stride
	case 4: // mirrored top to bottom
		first, right, down = (h-1)*g.Stride, 1, -g.Stride
	case 5: // mirrored on the main diagonal
		first, right, down = 0, g.Stride, 1
	case 6: // to be turned a quarter clockwise
		first, right, down = (h-1)*g.Stride, -g.Stride, 1
	case 7: // mirrored on the other diagonal
		first, right, down = (h-1)*g.Stride+w-1, -g.Stride, -1
	case 8: // to be turned a quarter anticlockwise
		first, right, down = w-1, g.Stride, -1
	}
	// In squares, whose pixels all lie in few lines of the memory's cache.
	const square = 32
	for top := 0; top < outH; top += square {
		for left := 0; left < outW; left += square {
			n := min(square, outW-left)
			for y := top; y < min(top+square, outH); y++ {
				from := first + left*right + y*down
				for x := range out.Pix[y*out.Stride+left:][:n] {
					out.Pix[y*out.Stride+left+x] = g.Pix[from+x*right]
				}
			}
		}
	}
	return out
}
