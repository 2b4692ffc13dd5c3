package practice_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"
	"time"

	"implantrace/internal/practice"
	"implantrace/internal/symbol"
	"implantrace/internal/udi"
	"implantrace/scanner"
)

// printed draws a symbol as it is printed, with its quiet zone.
func printed(t *testing.T, m symbol.Matrix) []byte {
	t.Helper()
	const module, quiet = 6, 4
	side := (m.Size() + 2*quiet) * module
	img := image.NewGray(image.Rect(0, 0, side, side))
	for i := range img.Pix {
		img.Pix[i] = 0xff
	}
	for y := range m.Size() * module {
		for x := range m.Size() * module {
			if m.Get(x/module, y/module) {
				img.SetGray(x+quiet*module, y+quiet*module, color.Gray{})
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestEveryPracticeLabelIsReadAsWhatItSays: our own decoder reads each symbol, byte
// for byte, and it means what the sheet says.
func TestEveryPracticeLabelIsReadAsWhatItSays(t *testing.T) {
	sheets, err := practice.Sheets()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 14, 9, 30, 0, 0, time.UTC)
	workers := scanner.NewWorkers(1)
	defer workers.Close()
	kinds := map[udi.Kind]int{}
	keys := map[string]bool{}
	for _, s := range sheets {
		for _, l := range s.Labels {
			if keys[l.Key] {
				t.Errorf("two labels are called %s", l.Key)
			}
			keys[l.Key] = true
			p, err := scanner.DecodeImage(t.Context(), printed(t, l.Symbol), scanner.ImageOptions{Workers: workers, Proves: func(text string) bool { return udi.Proves(text, now) }})
			if err != nil || len(p.Symbols) != 1 || !p.Symbols[0].Sure || p.Symbols[0].AIM+p.Symbols[0].Text != l.Scan {
				t.Errorf("%s: read as %+v, %v; want %q", l.Title, p.Symbols, err, l.Scan)
				continue
			}
			m := udi.Understand(l.Scan, now)
			kinds[m.Kind]++
			if m.Damaged() {
				t.Errorf("%s: %v", l.Title, m.Issues)
			}
			if m.Kind == udi.KindPatient && !m.Patient.NHSNumber.Synthetic() {
				t.Errorf("%s: a number that may be somebody's", l.Title)
			}
		}
	}
	if kinds[udi.KindPatient] != 2 || kinds[udi.KindStaff] != 1 || kinds[udi.KindPlace] != 1 || kinds[udi.KindProcedure] != 1 || kinds[udi.KindDevice] != 6 || kinds[udi.KindAction] < 5 {
		t.Errorf("the sheets have %v", kinds)
	}
	for _, key := range []string{practice.Wristband, practice.Badge, practice.Place, practice.Procedure, practice.Expired, practice.Stem, practice.Opened, practice.Implanted, practice.Returned} {
		if _, ok := practice.ByKey(sheets, key); !ok {
			t.Errorf("the first case asks for %s, which is on no sheet", key)
		}
	}
}
