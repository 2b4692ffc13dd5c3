package zxing

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
)

// needed ends a test that cannot run without the WebAssembly file. In CI its
// absence is a failure.
func needed(t testing.TB) {
	t.Helper()
	if Available() {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatal(ErrUnavailable)
	}
	t.Skipf("%v: run make assets", ErrUnavailable)
}

func TestEmbeddedFileIsThePinnedOne(t *testing.T) {
	needed(t)
	if err := verify(WASM()); err != nil {
		t.Error(err)
	}
	for _, licence := range []string{"assets/NOTICE.txt", "assets/LICENSE.Apache-2.0.txt", "assets/vendor/LICENSE.zxing-wasm.txt"} {
		if text, err := assets.ReadFile(licence); err != nil || len(text) == 0 {
			t.Errorf("%s does not travel with the file: %v", licence, err)
		}
	}
}

// TestPagesRunThePinnedFileToo: the JavaScript is of the same package, checks the
// file it loads, and names no other host.
func TestPagesRunThePinnedFileToo(t *testing.T) {
	needed(t)
	page := Page()
	if page == nil {
		if os.Getenv("CI") != "" {
			t.Fatal("reader/index.js is missing")
		}
		t.Skip("reader/index.js is missing: run make assets")
	}
	for name, says := range map[string]string{"reader/index.js": `"` + pinned + `"`, "share.js": `"` + cppCommit + `"`} {
		text, err := fs.ReadFile(page, name)
		if err != nil || !strings.Contains(string(text), says) {
			t.Errorf("%s does not say %s: %v", name, says, err)
		}
		if strings.Contains(string(text), "://") {
			t.Errorf("%s names another host", name)
		}
	}
	if wasm, err := fs.ReadFile(page, "zxing_reader.wasm"); err != nil || verify(wasm) != nil {
		t.Errorf("pages are given another file: %v", err)
	}
}

func TestOpenRefusesAnotherFile(t *testing.T) {
	for _, wasm := range [][]byte{{}, []byte("\x00asm\x01\x00\x00\x00")} {
		if _, err := open(wasm, Options{}); !errors.Is(err, ErrWrongFile) {
			t.Errorf("open of %d bytes: %v, want %v", len(wasm), err, ErrWrongFile)
		}
	}
	if Available() {
		changed := append([]byte(nil), WASM()...)
		changed[len(changed)/2] ^= 1
		_, err := open(changed, Options{})
		if !errors.Is(err, ErrWrongFile) || !strings.Contains(err.Error(), pinned) {
			t.Errorf("open of a changed file: %v, want %v and the hash", err, ErrWrongFile)
		}
	}
}

func TestOpenSaysThatTheFileIsMissing(t *testing.T) {
	if _, err := open(nil, Options{}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("open without the file: %v, want %v", err, ErrUnavailable)
	}
}

func TestVersionNamesThePackageAndTheCommit(t *testing.T) {
	manifest, err := os.ReadFile("package.json")
	if err != nil {
		t.Fatal(err)
	}
	if want := `"zxing-wasm": "` + packageVersion + `"`; !strings.Contains(string(manifest), want) {
		t.Errorf("package.json does not have %s", want)
	}
	if want := "zxing-wasm 3.1.4 (zxing-cpp 0b2d9a8)"; Version() != want {
		t.Errorf("Version() = %q, want %q", Version(), want)
	}
}
