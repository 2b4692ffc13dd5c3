package scanner

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"strings"
	"testing"
)

func file(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// What a picture takes to open is at least what image/jpeg and image/png make
// room for, and not many times more.
func TestRoomOf(t *testing.T) {
	encode := func(encode func(*bytes.Buffer) error) []byte {
		var b bytes.Buffer
		if err := encode(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	box := image.Rect(0, 0, 640, 480)
	for name, data := range map[string][]byte{
		"a JPEG of gray":     encode(func(b *bytes.Buffer) error { return jpeg.Encode(b, image.NewGray(box), nil) }),
		"a JPEG of colours":  encode(func(b *bytes.Buffer) error { return jpeg.Encode(b, image.NewRGBA(box), nil) }),
		"a progressive JPEG": file(t, "progressive.jpg"),
		"a PNG of gray":      encode(func(b *bytes.Buffer) error { return png.Encode(b, image.NewGray(box)) }),
		"a PNG of 16 bits":   encode(func(b *bytes.Buffer) error { return png.Encode(b, image.NewNRGBA64(box)) }),
		"a PNG of four colours": encode(func(b *bytes.Buffer) error {
			return png.Encode(b, image.NewPaletted(box, color.Palette{color.Black, color.White, color.Opaque, color.Transparent}))
		}),
		"a WebP": file(t, "pouch.webp"),
	} {
		k, err := kindOf(data)
		if err != nil {
			t.Fatal(err)
		}
		c, err := k.config(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		takes := testing.Benchmark(func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				img, err := decode(b.Context(), k, data)
				if err != nil {
					b.Fatal(err)
				}
				upright(grayOf(img), 6)
			}
		}).AllocedBytesPerOp()
		room := k.roomOf(c, data)
		const fixed = 200_000 // tables and buffers, whatever the size
		if takes > room+room/4+fixed || room > 6*takes {
			t.Errorf("%s: %d bytes are reckoned with, and it takes %d", name, room, takes)
		}
	}
}

// A JPEG that does not say how it is laid out is taken for the worst.
func TestRoomOfWhatIsNotSaid(t *testing.T) {
	if depth := jpegDepth(image.Config{}, []byte("\xff\xd8\xff\xda")); depth < 20 {
		t.Errorf("%g bytes a pixel", depth)
	}
}

func TestPicturesThatDoNotFitTogetherTakeTurns(t *testing.T) {
	w := NewWorkers(2)
	free, err := w.take(t.Context(), roomForPictures/2+1)
	if err != nil {
		t.Fatal(err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.take(over, roomForPictures/2); !errors.Is(err, ErrBusy) {
		t.Errorf("beside one that takes more than half: %v", err)
	}
	small, err := w.take(t.Context(), 1000)
	if err != nil {
		t.Fatal("a small one finds no room beside it: ", err)
	}
	small()
	free()
	if free, err = w.take(t.Context(), roomForPictures); err != nil {
		t.Fatal("room was not given back: ", err)
	}
	free()
}

func TestDecodeImageRefusesWhatTakesTooMuchMemory(t *testing.T) {
	// The header of a PNG of 16 bits a colour, 40 million pixels.
	large := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x1f\x40\x00\x00\x13\x88\x10\x06\x00\x00\x00")
	large = append(large, 0, 0, 0, 0)
	sum := pngSum(large[12:29])
	copy(large[29:], sum[:])
	_, err := DecodeImage(t.Context(), large, ImageOptions{})
	if !errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), "memory") {
		t.Errorf("got %v", err)
	}
}

func pngSum(chunk []byte) (sum [4]byte) {
	binary.BigEndian.PutUint32(sum[:], crc32.ChecksumIEEE(chunk))
	return sum
}
