package app_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"implantrace/internal/app"
	"implantrace/internal/symbol"
	"implantrace/internal/trace"
	"implantrace/scanner"
)

// needsReader ends a test of the camera in a build without the reader.
func needsReader(t *testing.T) {
	t.Helper()
	if scanner.PageReader() != nil {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatal("the reader for pages is missing: make assets fetches it")
	}
	t.Skip("the reader for pages is missing: make assets fetches it")
}

// camera has Chromium play a film as its camera.
func camera(film string) []chromedp.ExecAllocatorOption {
	return []chromedp.ExecAllocatorOption{chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-file-for-fake-video-capture", film)}
}

// film writes pictures as an uncompressed film (YUV4MPEG2, 4:2:0), each shown for a
// tenth of a second. It is shown again from the beginning.
func film(t *testing.T, pictures ...*image.Gray) string {
	t.Helper()
	size := pictures[0].Rect.Size()
	var b bytes.Buffer
	fmt.Fprintf(&b, "YUV4MPEG2 W%d H%d F10:1 Ip A1:1 C420jpeg\n", size.X, size.Y)
	colourless := bytes.Repeat([]byte{128}, size.X*size.Y/2)
	for _, p := range pictures {
		b.WriteString("FRAME\n")
		b.Write(p.Pix)
		b.Write(colourless)
	}
	path := filepath.Join(t.TempDir(), "film.y4m")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// table is what a camera sees: the label of testdata, and beside it a symbol of
// elements with a GS between them.
func table(t *testing.T, elements string) *image.Gray {
	t.Helper()
	scene := image.NewGray(image.Rect(0, 0, 1280, 720))
	draw.Draw(scene, scene.Rect, image.NewUniform(color.Gray{0xe8}), image.Point{}, draw.Src)
	f, err := os.Open(filepath.Join("..", "..", "testdata", "label.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	label, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	draw.Draw(scene, image.Rect(160, 120, 980, 540), label, image.Point{}, draw.Src)
	m, err := symbol.GS1(elements)
	if err != nil {
		t.Fatal(err)
	}
	const module = 6
	draw.Draw(scene, image.Rect(940, 300, 1120, 480), image.White, image.Point{}, draw.Src)
	for y := range m.Size() * module {
		for x := range m.Size() * module {
			if m.Get(x/module, y/module) {
				scene.SetGray(960+x, 320+y, color.Gray{0x18})
			}
		}
	}
	return scene
}

// filmed are the readings of the record that came from a camera.
func (n *served) filmed() (all []trace.ReadingFact) {
	n.t.Helper()
	for e, err := range n.node.Store.Entries(n.t.Context(), trace.Position{Node: n.node.Store.Node()}) {
		if err != nil {
			n.t.Fatal(err)
		}
		if f, ok := e.Fact.(trace.ReadingFact); ok && f.Source == "camera" {
			all = append(all, f)
		}
	}
	return all
}

// pictures waits until the camera has looked at so many more pictures.
func (b *browser) pictures(more int) {
	b.t.Helper()
	looked := func() int { return eval[int](b, `Number(document.getElementById('camera').dataset.pictures || 0)`) }
	from := looked()
	until(b.t, fmt.Sprintf("the camera looks at %d more pictures", more), func() bool { return looked() >= from+more })
}

// TestACameraReadsInThePage: what it sees is in the record once, byte for byte, for
// as long as it stays in view, and is judged as every reading is.
func TestACameraReadsInThePage(t *testing.T) {
	needsReader(t)
	n := serve(t, app.Config{})
	b := openBrowser(t, camera(film(t, table(t, strings.TrimPrefix(head, "]d2"))))...)
	b.do(chromedp.Navigate(n.url + "/theatre"))
	b.shows("Scan the patient's wristband")
	n.scan(wristband)
	b.shows("Patient identified")
	b.do(chromedp.SetValue("#code", "W371"), chromedp.SetValue("#side", "left"), chromedp.Click("#open"))
	b.shows("Started")

	b.do(chromedp.Click("#camera-button"))
	b.do(chromedp.WaitVisible("#camera"))
	until(t, "both codes are recorded", func() bool { return len(n.filmed()) >= 2 })
	b.shows("K4417B")
	b.shows("SN-0042")
	b.shows("Recorded, once. To read another with the same code")
	b.pictures(20)
	got := map[string]int{}
	for _, f := range n.filmed() {
		got[f.Symbology+f.Text]++
		if f.Format != "DataMatrix" || f.Usage.IsZero() || f.Verdict.Level == trace.Pass {
			t.Errorf("%q: format %q, usage %v, verdict %v", f.Text, f.Format, f.Usage, f.Verdict.Level)
		}
	}
	if len(got) != 2 || got[stem] != 1 || got[head] != 1 {
		t.Errorf("the camera has read %v, want each of %q and %q once", got, stem, head)
	}
	st, err := n.node.Desk.State(t.Context())
	if err != nil || st.Procedure == nil || len(st.Procedure.Usages) != 2 {
		t.Errorf("the procedure does not have the two devices: %v, %v", st.Procedure, err)
	}
	if n, state := eval[int](b, `document.getElementById('camera-video').videoWidth||0`), eval[string](b, `document.getElementById('camera').dataset.state`); n == 0 || state != "on" {
		t.Errorf("the view is %d wide, and the camera %s", n, state)
	}
	b.accessible("theatre, with the camera")
	b.screenshot("camera")
	b.size(820, 1180)
	if eval[bool](b, `document.documentElement.scrollWidth > innerWidth`) {
		t.Error("the page is wider than a tablet")
	}
	b.screenshot("camera-tablet")
	b.size(1280, 800)
	eval[int](b, `document.documentElement.dataset.look = 'dark', 0`)
	b.accessible("theatre, dark, with the camera")
	b.screenshot("camera-dark")

	// Escape closes it, and the camera is off.
	b.do(chromedp.Focus("#camera-stop"), chromedp.KeyEvent("\x1b"))
	b.do(chromedp.WaitNotVisible("#camera"))
	if eval[bool](b, `document.getElementById('camera-video').srcObject !== null`) {
		t.Error("the camera is still on")
	}
	// Opened again it is another look: the same codes are read again.
	b.do(chromedp.Click("#camera-button"))
	until(t, "both codes are read again", func() bool { return len(n.filmed()) == 4 })
	b.do(chromedp.Click("#camera-stop"), chromedp.WaitNotVisible("#camera"))
	b.leavesNothing(n.url)
}

// TestWhatACameraHasInView: two pictures running have to say the same, what
// contradicts it in its place holds it back, and it is read again when it has left
// the view.
func TestWhatACameraHasInView(t *testing.T) {
	_, b := atTheatre(t)
	said := eval[string](b, `import('/assets/camera.js').then(({ Sightings }) => {
		const at = (x, y) => [[x, y], [x + 10, y], [x + 10, y + 10], [x, y + 10]].map(([x, y]) => ({ x, y }))
		const code = (text, more) => ({ format: 'DataMatrix', aim: ']d2', text, lines: 0, whole: true, corners: at(0, 0), ...more })
		const run = (...pictures) => {
			const s = new Sightings()
			return pictures.map(([ms, ...found]) => s.picture(found, ms).map(f => f.text).join('+')).join(',')
		}
		const a = code('A'), b = code('B'), beside = code('C', { corners: at(50, 0) })
		return JSON.stringify({
			once: run([0, a], [100, a], [200, a], [2600, a], [5000, a]),
			blinked: run([0, a], [100, a], [1500], [2500, a], [2600, a]),
			slow: run([0, a], [1000, a], [4000], [7000], [9000, a], [12000, a]),
			left: run([0, a], [100, a], [200], [300], [2700], [2800, a], [2900, a]),
			single: run([0, a], [100], [200, a], [300]),
			contradicted: run([0, a], [100, b], [200, a], [300, b], [400, a, b], [500, a, b]),
			settled: run([0, b], [100, a], [200, a]),
			beside: run([0, a, beside], [100, a, beside]),
			part: run([0, code('A', { whole: false })], [100, code('A', { whole: false })]),
			setup: run([0, code('A', { setup: true })], [100, code('A', { setup: true })]),
			thin: run([0, code('A', { lines: 4, format: 'EAN13' })], [100, code('A', { lines: 4, format: 'EAN13' })]),
			lines: run([0, code('A', { lines: 2, format: 'Code128' })], [100, code('A', { lines: 2, format: 'Code128' })])
		})
	})`)
	want := `{"once":",A,,,","blinked":",A,,,","slow":",A,,,,","left":",A,,,,,A","single":",,,","contradicted":",,,,,","settled":",,A","beside":",A+C","part":",","setup":",","thin":",","lines":",A"}`
	if said != want {
		t.Errorf("got  %s\nwant %s", said, want)
	}
}

// TestThePageSaysWhyThereIsNoCamera, and what to do instead.
func TestThePageSaysWhyThereIsNoCamera(t *testing.T) {
	needsReader(t)
	n := serve(t, app.Config{})
	// A proxy without TLS, by another name than this machine's own; and one that lets
	// nobody compile WebAssembly.
	node, err := url.Parse(n.url)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	proxy := &http.Server{Handler: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(node) },
		ModifyResponse: func(r *http.Response) error {
			if p := r.Header.Get("Content-Security-Policy"); strings.Contains(p, "wasm") {
				r.Header.Set("Content-Security-Policy", strings.ReplaceAll(p, "'wasm-unsafe-eval'", ""))
			}
			return nil
		}}}
	go func() { _ = proxy.Serve(l) }()
	t.Cleanup(func() { proxy.Close() })
	_, port, _ := net.SplitHostPort(l.Addr().String())

	dark := film(t, image.NewGray(image.Rect(0, 0, 640, 480)))
	for _, c := range []struct {
		name, url, words string
		flags            []chromedp.ExecAllocatorOption
	}{
		{"without HTTPS", "http://theatre.test:" + port, "implantrace tls init", append(camera(dark), chromedp.Flag("host-resolver-rules", "MAP theatre.test 127.0.0.1"))},
		{"refused", n.url, "The browser may not use the camera", append(camera(dark), chromedp.Flag("use-fake-ui-for-media-stream", "deny"))},
		{"no camera", n.url, "The browser finds no camera", []chromedp.ExecAllocatorOption{chromedp.Flag("use-fake-ui-for-media-stream", true),
			chromedp.Flag("use-fake-device-for-media-stream", "device-count=0")}},
		{"no WebAssembly", "http://127.0.0.1:" + port, "WebAssembly is blocked or missing", camera(dark)},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := openBrowser(t, c.flags...)
			b.do(chromedp.Navigate(c.url+"/theatre"), chromedp.WaitVisible("#camera-button"), chromedp.Click("#camera-button"))
			b.shows(c.words)
			b.accessible("theatre, " + c.name)
			if c.name == "without HTTPS" {
				b.screenshot("camera-insecure")
			}
			if eval[bool](b, `document.getElementById('camera-video').srcObject !== null`) {
				t.Error("the camera is on")
			}
			b.do(chromedp.Click("#camera-stop"), chromedp.WaitNotVisible("#camera"))
		})
	}
}
