package scanner_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"implantrace/scanner"
)

// shared is where the pictures of labels stand in CI and beside a full checkout.
const shared = "../../shared/images"

// sample says which of the pictures a run reads: all, or one in so many where
// every instruction is watched or a short run is asked for.
func sample(t *testing.T, all []string, oneIn int, always ...string) (files []string, whole bool) {
	if len(all) == 0 {
		t.Skipf("no pictures in %s; the pictures that the other tests draw still are read", shared)
	}
	if !testing.Short() && !underRace {
		return all, true
	}
	for i, file := range all {
		if i%oneIn == 0 || slices.Contains(always, filepath.Base(file)) {
			files = append(files, file)
		}
	}
	t.Logf("reading %d of %d pictures, as this is a short run or one under the race detector", len(files), len(all))
	return files, false
}

// workers are shared by the tests that read many pictures: the engine starts once.
var workers = scanner.NewWorkers(1)

func readFile(t *testing.T, file string, o scanner.ImageOptions) scanner.Picture {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	o.Workers = workers
	p, err := scanner.DecodeImage(t.Context(), data, o)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return p
}

func TestLabels(t *testing.T) {
	truth := map[string][][2]string{}
	var all []string
	lines, _ := os.ReadFile(shared + "/labels/truth.jsonl") // absent in a lone clone
	for line := range strings.Lines(string(lines)) {
		var label struct {
			File    string
			Symbols [][2]string
		}
		if err := json.Unmarshal([]byte(line), &label); err != nil {
			t.Fatal(err)
		}
		truth[label.File] = label.Symbols
		all = append(all, filepath.Join(shared, "labels", label.File))
	}
	clean := []string{"000_clean.jpg", "038_clean.jpg"}
	files, whole := sample(t, all, 15, clean...)

	sure, unsure, total := 0, 0, 0
	var elapsed, longest time.Duration
	for _, file := range files {
		name := filepath.Base(file)
		p := readFile(t, file, scanner.ImageOptions{Proves: proves})
		elapsed, longest = elapsed+p.Elapsed, max(longest, p.Elapsed)
		total += len(truth[name])
		before := sure
		for _, s := range p.Symbols {
			switch right := slices.Contains(truth[name], [2]string{s.Format, s.Text}); {
			case right && s.Sure:
				sure++
			case right:
				unsure++
			case s.Format == "QRCode" && strings.HasPrefix(s.Text, "https://ifu.example.com/"),
				s.Format == "EAN13":
				// Leaflets and shop codes stand on some labels to distract.
			case s.Sure:
				t.Errorf("%s: misread as %+v", name, s)
			}
		}
		if slices.Contains(clean, name) {
			if sure != before+1 {
				t.Errorf("%s: found %+v", name, p.Symbols)
			}
			if p.Elapsed > 2*time.Second && !underRace {
				t.Errorf("%s took %v", name, p.Elapsed)
			}
		}
	}
	t.Logf("%d sure, %d unsure of %d symbols; %v altogether, %v for the slowest", sure, unsure, total, elapsed, longest)
	floor := 60 // by gozxing and this package's own readers alone
	if _, there := scanner.EngineVersion(); there {
		floor = 64
	}
	if whole && sure < floor {
		t.Errorf("%d symbols read for sure, want %d", sure, floor)
	}
}

func TestPhotos(t *testing.T) {
	floors := map[string]int{ // by gozxing and this package's own readers alone
		"code128-1": 6, "code128-2": 37, "code128-3": 2,
		"datamatrix-1": 22, "datamatrix-2": 18, "datamatrix-3": 18,
	}
	if _, there := scanner.EngineVersion(); there { // 107 of 108
		floors = map[string]int{
			"code128-1": 7, "code128-2": 39, "code128-3": 2,
			"datamatrix-1": 23, "datamatrix-2": 18, "datamatrix-3": 18,
		}
	}
	for folder, floor := range floors {
		t.Run(folder, func(t *testing.T) {
			var all []string
			for _, kind := range []string{"*.png", "*.jpg"} {
				files, err := filepath.Glob(filepath.Join(shared, "photos", folder, kind))
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, files...)
			}
			files, whole := sample(t, all, 13)
			sure, unsure := 0, 0
			var elapsed, longest time.Duration
			for _, file := range files {
				text, err := os.ReadFile(strings.TrimSuffix(file, filepath.Ext(file)) + ".txt")
				if err != nil {
					t.Fatal(err)
				}
				p := readFile(t, file, scanner.ImageOptions{})
				elapsed, longest = elapsed+p.Elapsed, max(longest, p.Elapsed)
				before := sure + unsure
				for _, s := range p.Symbols {
					switch right := s.Text == string(text); {
					case right && s.Sure:
						sure++
					case right:
						unsure++
					case s.Sure:
						t.Errorf("%s: misread as %+v, want %q", file, s, text)
					}
				}
				if sure+unsure == before {
					t.Logf("%s: not read; found %+v", file, p.Symbols)
				}
			}
			t.Logf("%d sure, %d unsure of %d; %v altogether, %v for the slowest", sure, unsure, len(files), elapsed, longest)
			if whole && sure < floor {
				t.Errorf("%d symbols read for sure, want %d", sure, floor)
			}
		})
	}
}

// proves is what a caller might hand in: the check digit of a GTIN, or the
// check character of a HIBC code.
func proves(scanData string) bool {
	if len(scanData) < 4 {
		return false
	}
	aim, text := scanData[:3], scanData[3:]
	switch {
	case (aim == "]d2" || aim == "]C1") && strings.HasPrefix(text, "01") && len(text) >= 16:
		sum := 0
		for i, c := range []byte(text[2:16]) {
			if c < '0' || c > '9' {
				return false
			}
			sum += int(c-'0') * []int{3, 1}[i%2]
		}
		return sum%10 == 0
	case (aim == "]d1" || aim == "]C0") && strings.HasPrefix(text, "+"):
		const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
		sum := 0
		for _, c := range text[:len(text)-1] {
			sum += strings.IndexRune(letters, c)
		}
		return sum >= 0 && letters[sum%43] == text[len(text)-1]
	}
	return false
}
