package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"implantrace/scanner"
)

// The pictures show a Data Matrix and a Code 128 of this text.
const onPouch = "0109506000134352172903221012AB"

// folder lays pictures of a pouch and what is told of them in a new folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		data := []byte(text)
		if text == "" {
			var err error
			if data, err = os.ReadFile(filepath.Join("..", "..", "scanner", "testdata", "pouch"+filepath.Ext(name))); err != nil {
				t.Fatal(err)
			}
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func line(file string, fields string, symbols ...[2]string) string {
	all, _ := json.Marshal(append([][2]string{}, symbols...))
	return fmt.Sprintf(`{"file":%q,"symbols":%s%s}`+"\n", file, all, fields)
}

func TestDecodeCountsWhatWasReadAndMisread(t *testing.T) {
	matrix, bars := [2]string{"DataMatrix", onPouch}, [2]string{"Code128", onPouch}
	for name, tt := range map[string]struct {
		files map[string]string
		want  Decode
	}{
		"all read": {map[string]string{"a.png": "", "b.jpg": "", "truth.jsonl": line("a.png", `,"kinds":["clean"]`, matrix, bars) + "\n" + line("b.jpg", "", matrix, bars)},
			Decode{Pictures: 2, Symbols: 4, Read: 4, Rate: 1}},
		"a text beside each picture": {map[string]string{"x/a.png": "", "x/a.txt": onPouch, "b.webp": "", "b.txt": onPouch, "untold.jpg": ""},
			Decode{Pictures: 2, Symbols: 2, Read: 2, Rate: 1}},
		"another text": {map[string]string{"a.png": "", "a.txt": "ABC"},
			Decode{Pictures: 1, Symbols: 1, Misread: 2}},
		"not in the truth": {map[string]string{"a.png": "", "truth.jsonl": line("a.png", "", matrix)},
			Decode{Pictures: 1, Symbols: 1, Read: 1, Rate: 1, Misread: 1}},
		"the text in another format": {map[string]string{"a.png": "", "truth.jsonl": line("a.png", "", matrix, [2]string{"QRCode", onPouch})},
			Decode{Pictures: 1, Symbols: 2, Read: 1, Rate: 0.5, Misread: 1}},
		"listed to stand beside": {map[string]string{"a.png": "", "truth.jsonl": line("a.png", `,"beside":[["Code128","`+onPouch+`"]]`, matrix)},
			Decode{Pictures: 1, Symbols: 1, Read: 1, Rate: 1, Beside: 1}},
		"another text listed": {map[string]string{"a.png": "", "truth.jsonl": line("a.png", `,"beside":[["Code128","1"]]`, matrix)},
			Decode{Pictures: 1, Symbols: 1, Read: 1, Rate: 1, Misread: 1}},
		"claims to be a device, though its format is never named": {map[string]string{"a.png": "", "truth.jsonl": line("a.png", `,"types":["gs1-dm-square"]`, matrix)},
			Decode{Pictures: 1, Symbols: 1, Read: 1, Rate: 1, Misread: 1}},
		"damaged": {map[string]string{"a.png": "no picture", "truth.jsonl": line("a.png", "", matrix)},
			Decode{Pictures: 1, Failed: 1, Symbols: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := RunDecode(t.Context(), folder(t, tt.files), 0, 2, scanner.ImageOptions{})
			if err != nil {
				t.Fatal(err)
			}
			got := Decode{Pictures: d.Pictures, Failed: d.Failed, Symbols: d.Symbols, Read: d.Read, Rate: d.Rate, Misread: d.Misread, Unsure: d.Unsure, Beside: d.Beside}
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
			if len(d.Misreads) != d.Misread || len(d.Besides) != d.Beside || len(d.Missed) != d.Symbols-d.Read {
				t.Errorf("misreads %q, beside %q, missed %q", d.Misreads, d.Besides, d.Missed)
			}
			firsts := 0
			for _, p := range d.Passes {
				firsts += p.Read
			}
			if firsts != d.Read {
				t.Errorf("%d read, by passes %+v", d.Read, d.Passes)
			}
			var out bytes.Buffer
			if err := d.Print(&out); err != nil || !strings.Contains(out.String(), fmt.Sprintf("%d of %d symbols in %d pictures", d.Read, d.Symbols, d.Pictures)) {
				t.Errorf("printed %v\n%s", err, out.String())
			}
		})
	}
}

func TestDecodeTurnsPictures(t *testing.T) {
	dir := folder(t, map[string]string{"a.png": "", "truth.jsonl": line("a.png", "", [2]string{"DataMatrix", onPouch}, [2]string{"Code128", onPouch})})
	for _, degrees := range []int{90, 180, 270} {
		if d, err := RunDecode(t.Context(), dir, degrees, 2, scanner.ImageOptions{}); err != nil || d.Read != 2 || d.Turned != degrees || d.Misread != 0 {
			t.Errorf("turned by %d: %+v, %v", degrees, d, err)
		}
	}
	if _, err := RunDecode(t.Context(), dir, 45, 2, scanner.ImageOptions{}); err == nil {
		t.Error("turned by 45 degrees")
	}
}

func TestDecodeLeavesPassesOut(t *testing.T) {
	dir := folder(t, map[string]string{"a.png": "", "a.txt": onPouch})
	d, err := RunDecode(t.Context(), dir, 0, 1, scanner.ImageOptions{Without: []string{"grids", "confirm"}})
	if err != nil || d.Read != 1 {
		t.Errorf("read %d, %v", d.Read, err)
	}
	for _, p := range d.Passes {
		if p.Pass == "grids" || p.Pass == "confirm" {
			t.Errorf("%s was run %d times", p.Pass, p.Pictures)
		}
	}
	d, err = RunDecode(t.Context(), dir, 0, 1, scanner.ImageOptions{Without: scanner.PassNames()})
	if _, there := scanner.EngineVersion(); there && (err != nil || d.Read+d.Misread+d.Unsure != 0) {
		t.Errorf("without any pass: read %d, %v", d.Read, err)
	}
	if _, err := RunDecode(t.Context(), dir, 0, 1, scanner.ImageOptions{Without: []string{"grid"}}); err == nil || !strings.Contains(err.Error(), "grids") {
		t.Errorf("a pass of no name: %v", err)
	}
}

func TestDecodeWantsTruth(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"no truth":       {"a.png": ""},
		"no JSON":        {"a.png": "", "truth.jsonl": "a.png\n"},
		"no such a file": {"truth.jsonl": line("a.png", "", [2]string{"DataMatrix", "1"})},
	} {
		if d, err := RunDecode(t.Context(), folder(t, files), 0, 2, scanner.ImageOptions{}); err == nil {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// A shop's code stands beside where the truth names device identifications only;
// what claims to be one, or has a format of theirs, is a misreading.
func TestWhatStandsBeside(t *testing.T) {
	named := map[string]bool{"DataMatrix": true, "Code128": true}
	for _, tt := range []struct {
		symbol scanner.Symbol
		want   bool
	}{
		{scanner.Symbol{Format: "EAN13", AIM: "]E0", Text: "9506000134352"}, true},
		{scanner.Symbol{Format: "QRCode", AIM: "]Q1", Text: "https://ifu.example.com/1"}, true},
		{scanner.Symbol{Format: "QRCode", AIM: "]Q3", Text: onPouch}, false},
		{scanner.Symbol{Format: "QRCode", AIM: "]Q1", Text: "+A999BJ1/"}, false},
		{scanner.Symbol{Format: "DataBar", AIM: "]e0", Text: "0109506000134352"}, false},
		{scanner.Symbol{Format: "Code39", AIM: "]A0", Text: "=W00"}, false},
		{scanner.Symbol{Format: "Code128", AIM: "]C0", Text: "12"}, false},
	} {
		if got := (truth{typed: true}).hasBeside(tt.symbol, named); got != tt.want {
			t.Errorf("%+v: %v", tt.symbol, got)
		}
		if (truth{}).hasBeside(tt.symbol, named) {
			t.Errorf("%+v, where the truth does not say what it names", tt.symbol)
		}
		if (truth{typed: true}).hasBeside(tt.symbol, map[string]bool{"": true}) {
			t.Errorf("%+v, where the truth says no formats", tt.symbol)
		}
	}
}
