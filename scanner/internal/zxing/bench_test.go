package zxing

import (
	"image"
	"testing"
)

// sheetOf12MP is a photograph of 12 million pixels with three symbols on it.
func sheetOf12MP(b testing.TB) *image.Gray {
	g := paper(4000, 3000, 200)
	for i := range g.Pix {
		g.Pix[i] += byte(uint32(i) * 2654435761 >> 28) // grain
	}
	drawSymbol(g, symbol(b, "datamatrix-gs1"), 600, 400, 12, 40)
	drawSymbol(g, symbol(b, "code128-gs1"), 1000, 1500, 6, 40)
	drawSymbol(g, symbol(b, "qrcode"), 2800, 2200, 10, 40)
	return g
}

func BenchmarkRead(b *testing.B) {
	label := paper(900, 650, 225)
	drawSymbol(label, symbol(b, "datamatrix-gs1"), 500, 300, 5, 30)
	drawSymbol(label, symbol(b, "code128-gs1"), 60, 100, 2, 30)
	for name, g := range map[string]*image.Gray{
		"label": label,
		"12MP":  sheetOf12MP(b),
	} {
		b.Run(name, func(b *testing.B) {
			e := opened(b, Options{})
			one(b, e, sheet(b, "datamatrix"), Defaults()) // compiled
			for b.Loop() {
				if results, err := e.Read(b.Context(), g, Defaults()); err != nil || len(results) < 2 {
					b.Fatal(results, err)
				}
			}
		})
	}
}

// BenchmarkOpen is the first read of a process whose code is in the cache.
func BenchmarkOpen(b *testing.B) {
	g := sheet(b, "datamatrix")
	one(b, opened(b, Options{}), g, Defaults())
	for b.Loop() {
		e, err := Open(Options{CacheDir: testCache})
		if err != nil {
			b.Fatal(err)
		}
		one(b, e, g, Defaults())
		if err := e.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
