package zxing

import (
	"encoding/json"
	"fmt"
	"image"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"
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

// BenchmarkBesideNode reads the shared labels here and with zxing-wasm in Node,
// by turns, and reports how many times as long it takes here.
func BenchmarkBesideNode(b *testing.B) {
	node := os.Getenv("NODE")
	if node == "" {
		node = "node"
	}
	if _, err := exec.LookPath(node); err != nil {
		b.Skip(err)
	}
	if _, err := os.Stat(filepath.Join("node_modules", "zxing-wasm")); err != nil {
		b.Skipf("%v: run npm ci", err)
	}
	files, err := filepath.Glob(shared + "/labels/*.[jp][pn]g")
	if err != nil || len(files) == 0 {
		b.Skipf("no labels in %s", shared)
	}
	e := opened(b, Options{})
	const rounds = 3
	args := []string{"bench.mjs", strconv.Itoa(rounds)}
	var pictures []*image.Gray
	for i, file := range files {
		g := grayOf(b, file)
		pictures = append(pictures, g)
		name := filepath.Join(b.TempDir(), fmt.Sprintf("%d.pgm", i))
		pgm := append(fmt.Appendf(nil, "P5 %d %d 255\n", g.Rect.Dx(), g.Rect.Dy()), g.Pix...)
		if err := os.WriteFile(name, pgm, 0o600); err != nil {
			b.Fatal(err)
		}
		args = append(args, name)
	}
	one(b, e, sheet(b, "datamatrix"), Defaults())
	for b.Loop() {
		here := make([]float64, len(pictures))
		symbols := 0
		for i, g := range pictures {
			here[i] = math.Inf(1)
			for round := range rounds {
				start := time.Now()
				results, err := e.Read(b.Context(), g, Defaults())
				here[i] = min(here[i], float64(time.Since(start))/1e6)
				if err != nil {
					b.Fatal(err)
				}
				if round == 0 {
					symbols += len(results)
				}
			}
		}
		out, err := exec.Command(node, args...).Output()
		if err != nil {
			b.Fatal(err)
		}
		var there struct {
			MS      []float64
			Symbols int
		}
		if err := json.Unmarshal(out, &there); err != nil || len(there.MS) != len(here) {
			b.Fatalf("%v: %s", err, out)
		}
		if there.Symbols != symbols {
			b.Errorf("%d symbols here, %d in Node", symbols, there.Symbols)
		}
		b.ReportMetric(median(here), "ms/label-here")
		b.ReportMetric(median(there.MS), "ms/label-node")
		b.ReportMetric(sum(here)/sum(there.MS), "times-node")
	}
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

func sum(all []float64) (total float64) {
	for _, v := range all {
		total += v
	}
	return total
}
