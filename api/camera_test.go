package api_test

import (
	"io/fs"
	"strings"
	"testing"

	"implantrace/scanner"
)

// TestWhatACameraSawIsJudgedAsAPictureIs: what a page has read is recorded with its
// kind and its bytes, and trusted no more than what the node reads itself.
func TestWhatACameraSawIsJudgedAsAPictureIs(t *testing.T) {
	n := newNode(t)
	post := func(format, aim, text string) *answer {
		return n.post("/api/v1/readings", n.fill(`{"id":"`+n.id()+`","source":"camera","format":"`+format+`","symbology":"`+aim+`","text":"`+text+`"}`))
	}
	n.post("/api/v1/readings", n.fill(`{"id":"{new band}","text":"`+wristband+`"}`)).want(201)
	n.post("/api/v1/theatre/open", n.fill(`{"id":"{new p}","code":{"text":"Hip replacement"}}`)).want(201)

	post("DataMatrix", "]d2", "01"+stem+`1728033110NM21-0417\u001d21SN0042`).want(201, `"source":"camera"`, `"lot":"NM21-0417"`, `"serial":"SN0042"`)
	n.get("/api/v1/readings").want(200, `"format":"DataMatrix"`, `"symbology":"]d2"`, `NM21-0417\u001d21SN0042`)
	// A page that lost the separator is found out as a handheld is.
	post("DataMatrix", "]d2", "01"+stem+`1728033110NM21-0418172803312142`).want(201, "a separator may have been lost")
	// The kinds have the names they have in pictures, and a retail code is sent as handhelds send it.
	post("QRCodeModel2", "]Q3", "01"+stem+"10LOT1").want(201, `"lot":"LOT1"`)
	post("UPCA", "]E0", "036000291452").want(201)
	if text := string(n.get("/api/v1/readings?limit=2").want(200).Body); !strings.Contains(text, `"format":"QRCode"`) || !strings.Contains(text, `"0036000291452"`) {
		t.Errorf("not named as in pictures: %s", text)
	}

	before := n.entries()
	// What noise passes for is taken only where it proves itself.
	post("ITF", "]I1", "12345678").problem(422, "invalid")
	post("Code39", "]A0", "WARD 7").problem(422, "invalid")
	post("DataMatrix", "", "x").problem(422, "invalid")
	post("", "]d2", "x").problem(422, "invalid")
	post(strings.Repeat("x", 41), "]d2", "x").problem(422, "invalid")
	post("Code128", "]C2", "x").problem(422, "invalid") // leaves the FNC1 out
	n.post("/api/v1/readings", n.fill(`{"id":"{new w}","text":"x","source":"wedge","format":"DataMatrix"}`)).problem(422, "invalid")
	if n.entries() != before {
		t.Error("what was refused is recorded")
	}
	post("Code39", "]A0", "+A99912345/$$52001510X33").want(201)
	post("ITF", "]I1", "0"+stem[1:]).want(201)
}

// TestOnlyTheCameraWorkerMayCompile: WebAssembly is let in for one file, and that
// file loads what the node serves and no other.
func TestOnlyTheCameraWorkerMayCompile(t *testing.T) {
	n := newNode(t)
	worker := n.get("/assets/camera_worker.js").want(200)
	if got := worker.Header.Get("Content-Security-Policy"); got != "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'" {
		t.Errorf("the worker's policy is %s", got)
	}
	for _, target := range []string{"/theatre", "/assets/camera.js", "/assets/app.js"} {
		if got := n.page(target).Header.Get("Content-Security-Policy"); strings.Contains(got, "unsafe") {
			t.Errorf("%s: the policy is %s", target, got)
		}
	}
	files := scanner.PageReader()
	if files == nil {
		n.get("/assets/zxing/zxing_reader.wasm").want(404)
		if strings.Contains(n.page("/theatre").want(200).text(), `id="camera-button"`) {
			t.Error("a camera is offered, and there is nothing to read with")
		}
		t.Log("the reader for pages is missing: make assets fetches it")
		return
	}
	n.page("/theatre").want(200, `id="camera-button"`)
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		a := n.get("/assets/zxing/" + path).want(200)
		if strings.HasSuffix(path, ".wasm") && a.Header.Get("Content-Type") != "application/wasm" {
			t.Errorf("%s is %s", path, a.Header.Get("Content-Type"))
		}
		if text := a.text(); strings.HasSuffix(path, ".js") && (strings.Contains(text, "http:") || strings.Contains(text, "https:") || strings.Contains(text, "eval(") || strings.Contains(text, "new Function")) {
			t.Errorf("%s names another host, or evaluates text", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	n.get("/assets/zxing/../asset.go").want(404)
	n.get("/assets/zxing/").want(404)
}
