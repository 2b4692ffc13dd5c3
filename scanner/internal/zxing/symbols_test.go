package zxing

import (
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A symbol in testdata is drawn in letters: # is dark. A linear one may have a
// single line.
func symbol(t testing.TB, name string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "symbols", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Fields(string(text))
	if len(rows) == 1 {
		for range 40 {
			rows = append(rows, rows[0])
		}
	}
	return rows
}

// paper is a sheet in one gray.
func paper(w, h int, level byte) *image.Gray {
	g := image.NewGray(image.Rect(0, 0, w, h))
	for i := range g.Pix {
		g.Pix[i] = level
	}
	return g
}

// drawSymbol draws a symbol with its top left at x, y, each module so many pixels wide.
func drawSymbol(g *image.Gray, rows []string, x, y, size int, ink byte) {
	for j, row := range rows {
		for i, c := range row {
			if c != '#' {
				continue
			}
			for dy := range size {
				for dx := range size {
					g.SetGray(x+i*size+dx, y+j*size+dy, color.Gray{Y: ink})
				}
			}
		}
	}
}

// sheet is a sheet with one symbol on it, its top left at 40, 40.
func sheet(t testing.TB, name string) *image.Gray {
	t.Helper()
	rows := symbol(t, name)
	g := paper(len(rows[0])*3+80, len(rows)*3+80, 240)
	drawSymbol(g, rows, 40, 40, 3, 20)
	return g
}

// turned is a picture turned clockwise by 90 degrees.
func turned(g *image.Gray) *image.Gray {
	w, h := g.Rect.Dx(), g.Rect.Dy()
	out := image.NewGray(image.Rect(0, 0, h, w))
	for y := range h {
		for x := range w {
			out.Pix[x*out.Stride+h-1-y] = g.Pix[y*g.Stride+x]
		}
	}
	return out
}

// noise is a picture in which no symbol is, the same for the same seed.
func noise(w, h int, seed uint32) *image.Gray {
	g := image.NewGray(image.Rect(0, 0, w, h))
	for i := range g.Pix {
		seed = seed*1664525 + 1013904223
		g.Pix[i] = byte(seed >> 24)
	}
	return g
}
