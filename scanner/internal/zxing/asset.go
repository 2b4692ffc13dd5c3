package zxing

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"sync"
)

// What is pinned. The names in the file that names.go lists are those of this
// build and no other.
const (
	packageVersion = "3.1.4"
	cppCommit      = "0b2d9a8fc81f420f369928c24331091ff0525976"
	pinned         = "e8af31edb56d0522f4de74495839385ef019ba8bc90d38e5ecb2f18795d86fb2" // SHA-256
	vendorPath     = "assets/vendor"
	wasmPath       = vendorPath + "/zxing_reader.wasm"
	pagePath       = vendorPath + "/reader/index.js"
)

// assets holds what assets.mjs puts there: the WebAssembly file, the JavaScript
// with which a page runs it, and the licences that travel with them. Without it
// only the notice is there.
//
//go:embed assets
var assets embed.FS

// embedded reads the file once; nil if it is absent.
var embedded = sync.OnceValue(func() []byte {
	wasm, err := assets.ReadFile(wasmPath)
	if err != nil {
		return nil
	}
	return wasm
})

// Available says whether the WebAssembly file is embedded. [Open] says whether
// it is the right one.
func Available() bool { return embedded() != nil }

// Version names what is embedded, or would be.
func Version() string { return "zxing-wasm " + packageVersion + " (zxing-cpp " + cppCommit[:7] + ")" }

// WASM is the embedded file, or nil. It must not be changed.
func WASM() []byte { return embedded() }

// Page is what a page needs to run the embedded file itself: reader/index.js, which
// exports readBarcodes, what that imports, and zxing_reader.wasm. It is nil if they
// are absent.
func Page() fs.FS {
	if _, err := fs.Stat(assets, pagePath); err != nil || !Available() {
		return nil
	}
	files, err := fs.Sub(assets, vendorPath)
	if err != nil {
		return nil
	}
	return files
}

// verify says whether wasm is the pinned file.
func verify(wasm []byte) error {
	if wasm == nil {
		return ErrUnavailable
	}
	if sum := sha256.Sum256(wasm); hex.EncodeToString(sum[:]) != pinned {
		return fmt.Errorf("%w: its SHA-256 is %x, and that of zxing-wasm %s is %s", ErrWrongFile, sum, packageVersion, pinned)
	}
	return nil
}
