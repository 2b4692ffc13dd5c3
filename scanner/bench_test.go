package scanner_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	imagedraw "image/draw"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"implantrace/scanner"
	"implantrace/scanner/internal/zxing"
)

// BenchmarkBesideNode reads the shared labels three ways, and reports how many
// times as long as zxing-wasm in Node the others take: the whole plan, from the
// file's bytes to readings, and the engine alone, from the same gray pixels with
// the same options as in Node. Of each picture and way the quickest of some
// rounds counts.
func BenchmarkBesideNode(b *testing.B) {
	if !zxing.Available() {
		b.Skip("zxing-cpp is not built in")
	}
	engineFolder, err := filepath.Abs("internal/zxing")
	if err != nil {
		b.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(engineFolder, "node_modules", "zxing-wasm")); err != nil {
		b.Skipf("%v: run npm ci there", err)
	}
	files, err := filepath.Glob(shared + "/labels/*.[jp][pn]g")
	if err != nil || len(files) == 0 {
		b.Skipf("no labels in %s", shared)
	}
	engine, err := zxing.Open(zxing.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer engine.Close()

	const rounds = 3
	args := []string{"bench.mjs", strconv.Itoa(rounds)}
	var data [][]byte
	var pixels []*image.Gray
	for i, file := range files {
		d, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		img, _, err := image.Decode(bytes.NewReader(d))
		if err != nil {
			b.Fatal(file, err)
		}
		g := image.NewGray(img.Bounds())
		imagedraw.Draw(g, g.Rect, img, g.Rect.Min, imagedraw.Src)
		data, pixels = append(data, d), append(pixels, g)
		pgm := filepath.Join(b.TempDir(), fmt.Sprintf("%d.pgm", i))
		if err := os.WriteFile(pgm, append(fmt.Appendf(nil, "P5 %d %d 255\n", g.Rect.Dx(), g.Rect.Dy()), g.Pix...), 0o600); err != nil {
			b.Fatal(err)
		}
		args = append(args, pgm)
	}
	plan := func(i int) {
		if _, err := scanner.DecodeImage(b.Context(), data[i], scanner.ImageOptions{Workers: workers, Proves: proves}); err != nil {
			b.Fatal(err)
		}
	}
	alone := func(i int) {
		if _, err := engine.Read(b.Context(), pixels[i], zxing.Defaults()); err != nil {
			b.Fatal(err)
		}
	}
	plan(0) // the code is compiled
	alone(0)
	for b.Loop() {
		planned, engined := quickest(len(files), rounds, plan), quickest(len(files), rounds, alone)
		node := exec.CommandContext(b.Context(), nodeProgram(), args...)
		node.Dir = engineFolder
		out, err := node.Output()
		if err != nil {
			b.Fatal(err)
		}
		var there struct{ MS []float64 }
		if err := json.Unmarshal(out, &there); err != nil || len(there.MS) != len(files) {
			b.Fatalf("%v: %s", err, out)
		}
		b.ReportMetric(median(planned), "ms/label-plan")
		b.ReportMetric(median(engined), "ms/label-engine")
		b.ReportMetric(median(there.MS), "ms/label-node")
		b.ReportMetric(median(planned)/median(there.MS), "plan-to-node-median")
		b.ReportMetric(sum(planned)/sum(there.MS), "plan-to-node-all")
		b.ReportMetric(sum(engined)/sum(there.MS), "engine-to-node-all")
	}
}

func nodeProgram() string {
	if node := os.Getenv("NODE"); node != "" {
		return node
	}
	return "node"
}

// quickest are the milliseconds of the quickest of some rounds for each of n.
func quickest(n, rounds int, read func(i int)) []float64 {
	least := make([]float64, n)
	for i := range least {
		least[i] = math.Inf(1)
	}
	for range rounds {
		for i := range least {
			start := time.Now()
			read(i)
			least[i] = min(least[i], float64(time.Since(start))/1e6)
		}
	}
	return least
}

func median(all []float64) float64 { return slices.Sorted(slices.Values(all))[len(all)/2] }

func sum(all []float64) (total float64) {
	for _, v := range all {
		total += v
	}
	return total
}
