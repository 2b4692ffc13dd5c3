package scanner_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"implantrace/scanner"
)

const pack = "]d201076119940645841729032210ABC\x1d21S77"

// Recordings are cut into readings as the line was.
func TestRecordingsAreReplayed(t *testing.T) {
	for name, want := range map[string]struct {
		at   []time.Duration
		made scanner.Replayed
	}{
		"split.jsonl":     {[]time.Duration{1216 * time.Millisecond, 4021 * time.Millisecond}, scanner.Replayed{Readings: 2}},
		"unplugged.jsonl": {[]time.Duration{900 * time.Millisecond, 9 * time.Second}, scanner.Replayed{Readings: 2, CutOff: 1}},
		"idle.jsonl":      {[]time.Duration{700 * time.Millisecond, 1700 * time.Millisecond}, scanner.Replayed{Readings: 2}},
		"etx.jsonl":       {[]time.Duration{500 * time.Millisecond, 900 * time.Millisecond}, scanner.Replayed{Readings: 2, CutOff: 1}},
	} {
		b, err := os.ReadFile(filepath.Join("..", "testdata", "recordings", name))
		if err != nil {
			t.Fatal(err)
		}
		r, err := scanner.ReadRecording(bytes.NewReader(b))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var again bytes.Buffer
		if err := r.Write(&again); err != nil {
			t.Fatal(err)
		}
		if back, err := scanner.ReadRecording(&again); err != nil || !reflect.DeepEqual(back, r) {
			t.Errorf("%s: written and read it is %+v, %v", name, back, err)
		}
		var at []time.Duration
		var waited time.Duration
		made, err := r.Replay(t.Context(), func(_ context.Context, d time.Duration) error { waited += d; return nil }, func(o scanner.Reading) {
			if o.Text != pack || o.Source != scanner.SourceRecording || o.Scanner != "desk" {
				t.Errorf("%s: %+v", name, o)
			}
			at = append(at, o.At.Sub(r.Started))
		})
		if err != nil || made != want.made || !reflect.DeepEqual(at, want.at) || waited != r.Length {
			t.Errorf("%s: %+v at %v in %v, %v; want %+v at %v in %v", name, made, at, waited, err, want.made, want.at, r.Length)
		}
	}
}

func TestWhatIsNoRecordingIsRefused(t *testing.T) {
	const head = `{"implantrace_recording":1,"scanner":"desk","started":"2026-03-02T08:15:00Z"}` + "\n"
	for file, want := range map[string]string{
		"":                                       "is empty",
		"{}\n":                                   "no recording",
		`{"implantrace_recording":2}` + "\n":     "format 2",
		head + `{"at":5,"hex":"0"}` + "\n":       "line 2",
		head + `{"at":-1,"hex":"00"}` + "\n":     "is not behind",
		head + `{"at":9}` + "\n":                 "a piece, a connection that ended, or the end",
		head + `{"at":9,"hex":"0d"}` + "\n":      "cut off",
		head + `{"at":9,"hex":"00","gone":true}`: "a piece, a connection",
		head + `{"at":9,"ended":"time"}` + "\n" + `{"at":9,"hex":"00"}`: "behind the end",
		strings.Replace(head, "}", `,"end":"nul"}`, 1):                  "ends no reading",
	} {
		if _, err := scanner.ReadRecording(strings.NewReader(file)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", file, err, want)
		}
	}
	r, err := scanner.ReadRecording(strings.NewReader(head + `{"at":9,"hex":"410d"}` + "\n"))
	if !errors.Is(err, scanner.ErrRecordingCutOff) || r.Bytes() != 2 {
		t.Errorf("cut off: %+v, %v", r, err)
	}
}

func FuzzReadRecording(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "recordings", "*.jsonl"))
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := scanner.ReadRecording(bytes.NewReader(b))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := r.Write(&out); err != nil {
			t.Fatal(err)
		}
		if _, err := scanner.ReadRecording(&out); err != nil {
			t.Errorf("what was written cannot be read: %v", err)
		}
	})
}
