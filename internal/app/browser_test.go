package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"implantrace/internal/app"
	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// browser is Chromium with one page, which notes every request it makes.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	requests []string
}

// chromium finds the browser: $CHROMIUM, or one of the usual names.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("there is no Chromium: apt-get install chromium, or set CHROMIUM")
	}
	t.Skip("there is no Chromium: apt-get install chromium, or set CHROMIUM")
	return ""
}

// step is one thing that a browser does.
type step = chromedp.Action[chromedp.Void]

// openBrowser starts Chromium, with more options than every test wants.
func openBrowser(t *testing.T, more ...chromedp.ExecAllocatorOption) *browser {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(time.Minute))
	opts = append(opts, more...)
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, func(ev any) {
		if e, ok := ev.(*network.EventRequestWillBeSent); ok {
			b.mu.Lock()
			b.requests = append(b.requests, e.Request.URL)
			b.mu.Unlock()
		}
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	b.size(1280, 800)
	return b
}

// atTheatre is a node, and a browser at its theatre page.
func atTheatre(t *testing.T) (*served, *browser) {
	t.Helper()
	n := serve(t, app.Config{})
	b := openBrowser(t)
	b.do(chromedp.Navigate(n.url + "/theatre"))
	b.shows("Scan the patient's wristband")
	return n, b
}

// atProcedure is the same, where a procedure is open on the patient of the wristband.
func atProcedure(t *testing.T, procedure string) (*served, *browser) {
	t.Helper()
	n, b := atTheatre(t)
	b.do(chromedp.WaitReady("body.is-started"))
	n.scan(wristband)
	b.shows("Compare the patient.")
	b.do(chromedp.SetValue("#text", procedure), chromedp.SetValue("#side", "left"), chromedp.Click("#open"))
	b.shows("Scan the first device, before it is opened")
	return n, b
}

// patience is how long a step may take on a machine that is busy with other tests.
const patience = 2 * time.Minute

// do carries out the steps. A page that changes between finding an element and
// touching it has not been touched: that step is taken again.
func (b *browser) do(steps ...step) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	for _, s := range steps {
		err := chromedp.Do(ctx, s)
		for err != nil && strings.Contains(strings.ToLower(err.Error()), "node with given id") && ctx.Err() == nil {
			err = chromedp.Do(ctx, s)
		}
		if err != nil {
			b.t.Fatalf("browser: %v\nthe page says: %s", err, b.text())
		}
	}
}

// eval gives what a script comes to in the page. A script that met a page which
// has not drawn its element yet is run again.
func eval[T any](b *browser, script string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	run := func() (T, error) { return chromedp.Run(ctx, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise)) }
	v, err := run()
	for err != nil && strings.Contains(err.Error(), "Cannot read properties of null") && ctx.Err() == nil {
		time.Sleep(20 * time.Millisecond)
		v, err = run()
	}
	if err != nil {
		b.t.Fatalf("browser: %v\nthe page says: %s", err, b.text())
	}
	return v
}

func (b *browser) size(w, h int64) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(w, h))
}

// text is what the page shows; nothing where there is no page.
func (b *browser) text() string {
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	s, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body ? document.body.innerText : ""`))
	return s
}

func (b *browser) shows(words string) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if strings.Contains(b.text(), words) {
			return
		}
	}
	b.t.Fatalf("the page never shows %q; it shows:\n%s", words, b.text())
}

// screenshots are left for a person to look at, and for the README.
func (b *browser) screenshot(name string) {
	b.t.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	dir := os.Getenv("IMPLANTRACE_SCREENSHOTS")
	if dir == "" {
		dir = filepath.Join("..", "..", "bin", "screenshots")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// accessible runs axe over the page.
func (b *browser) accessible(page string) {
	b.t.Helper()
	axe, err := os.ReadFile(filepath.Join("..", "..", "api", "web", "testdata", "vendor", "axe-core", "axe.min.js"))
	if err != nil {
		if os.Getenv("CI") != "" {
			b.t.Fatalf("axe is missing (make assets fetches it): %v", err)
		}
		b.t.Logf("axe is missing (make assets fetches it): %s was not checked", page)
		return
	}
	// A page without its style sheets yet is not the page.
	eval[int](b, `document.readyState === 'complete' ? 0 : new Promise(done => addEventListener('load', () => done(0)))`)
	// Nor is one whose menu is not laid out yet.
	for deadline := time.Now().Add(time.Minute); !eval[bool](b, `document.body.classList.contains("is-started")`); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("%s: the components never start", page)
		}
	}
	eval[int](b, string(axe)+";0")
	out := eval[string](b, `axe.run(document, {runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa']})
		.then(r => JSON.stringify(r.violations.map(v => ({id: v.id, help: v.help, at: v.nodes.map(n => n.html.slice(0, 200))}))))`)
	var violations []struct {
		ID, Help string
		At       []string
	}
	if err := json.Unmarshal([]byte(out), &violations); err != nil {
		b.t.Fatal(err, out)
	}
	for _, v := range violations {
		b.t.Errorf("%s: %s (%s): %v", page, v.Help, v.ID, v.At)
	}
}

const (
	wristband = "8018505089899900000183\x1d93Quist,Ottoline,14-Mar-1951" // 999 000 0018
	stem      = "]d201095201400010391731063010K4417B"
	head      = "]d2010952014000101517310630\x1d10A1\x1d21SN-0042"
)

// TestTheRoadInABrowser walks the whole road as a nurse and a recall
// coordinator do: wristband, procedure, two scans from the handheld, a
// photograph, an outcome, the end, and the recall that finds the patient.
func TestTheRoadInABrowser(t *testing.T) {
	n := serve(t, app.Config{})
	for di, description := range map[string]string{"09520140001039": "Femoral stem, cementless, size 5", "09520140001015": "Femoral head, ceramic, 32 mm"} {
		c := command.RecordProduct{DI: di, Maker: "Northmoor Orthopaedics", Description: description}
		c.ID = trace.NewEventID()
		if _, err := n.node.Recorder.RecordProduct(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	b := openBrowser(t)
	b.do(chromedp.Navigate(n.url + "/theatre"))
	b.shows("Scan the patient's wristband")
	b.shows("Not yet approved for clinical use")
	b.accessible("theatre, empty")

	n.scan(wristband)
	b.shows("999 000 0018")
	b.shows("Patient identified")
	b.shows("Quist, Ottoline")
	b.do(chromedp.SetValue("#code", "W371"))
	n.scan("]C14149529900003016254TH3")
	b.shows("GLN 9529900003016")
	// What was typed is still there, once, though the page has changed meanwhile.
	if typed := eval[string](b, `JSON.stringify([...document.querySelectorAll('[name=code]')].map(i => i.value))`); typed != `["W371"]` {
		t.Errorf("the form holds %s", typed)
	}
	b.do(chromedp.SetValue("#text", "Total hip replacement, uncemented"),
		chromedp.SetValue("#side", "left"), chromedp.SetValue("#surgeon", "A. Okafor"), chromedp.Click("#open"))
	b.shows("Open procedure")
	b.shows("W371 Total hip replacement, uncemented")

	n.scan(stem)
	b.shows("K4417B")
	n.scan(head)
	b.shows("SN-0042")
	b.accessible("theatre, with scans")
	b.screenshot("theatre")
	b.size(820, 1180)
	b.screenshot("theatre-tablet")
	b.size(1280, 800)

	label, err := filepath.Abs(filepath.Join("..", "..", "testdata", "label.png"))
	if err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.SetUploadFiles("#scan-picture", []string{label}))
	b.shows("Recorded.")
	// It is the stem that is on the list, and not a second one.
	b.shows("Is it opened now?")
	st, err := n.node.Desk.State(t.Context())
	if err != nil || st.Procedure == nil || len(st.Procedure.Usages) != 2 {
		t.Fatalf("%+v %v", st.Procedure, err)
	}
	b.shows("2 devices are without an outcome")
	for _, u := range st.Procedure.Usages {
		if u.Usage.Device.Serial != "" {
			b.do(chromedp.Click(`[id="implanted-` + u.Usage.ID.String() + `"]`))
		}
	}
	b.shows("1 device is without an outcome")

	// Closing asks, because a device has no outcome.
	eval[int](b, `window.confirm = () => true; 0`)
	b.do(chromedp.Click("#close"))
	b.shows("Scan the patient's wristband")
	if strings.Contains(b.text(), "999 000 0018") {
		t.Error("the patient is still on the screen after the procedure was closed")
	}

	b.do(chromedp.Navigate(n.url+"/recall"), chromedp.SetValue("#di", "09520140001039"), chromedp.SetValue("#lot", "K4417B"), chromedp.Submit("#di"))
	// That stem was left without an outcome when the procedure was closed: it may be
	// in the patient, and nobody has said so.
	b.shows("0 patients have or had the device. Of 1 more it cannot be excluded.")
	b.shows("no outcome recorded: it may be in the patient")
	b.shows("999 000 0018")
	b.shows("What this answer rests on")
	b.accessible("recall")
	b.screenshot("recall")
	b.do(chromedp.Click(`a[href^="/patients/"][href*="-"]`))
	b.shows("Procedures and devices")
	b.accessible("patient")
	b.screenshot("patient")

	b.leavesNothing(n.url)
}

// leavesNothing: no request went to another host or carried a patient in its
// address, and the browser kept nothing.
func (b *browser) leavesNothing(own string) {
	b.t.Helper()
	b.mu.Lock()
	for _, r := range b.requests {
		if !strings.HasPrefix(r, own+"/") && !strings.HasPrefix(r, "data:") && r != "about:blank" {
			b.t.Errorf("a page asked another host: %s", r)
		}
		if u, err := url.QueryUnescape(r); err == nil && strings.Contains(strings.ReplaceAll(u, " ", ""), "9990000018") {
			b.t.Errorf("an address names a patient: %s", r)
		}
	}
	b.mu.Unlock()
	// htmx notes the path of the page it is on, and nothing else is kept.
	kept := eval[string](b, `JSON.stringify([Object.keys(localStorage), Object.keys(sessionStorage).filter(k => k !== 'htmx-current-path-for-history'), document.cookie])`)
	if kept != `[[],[],""]` {
		b.t.Errorf("the browser keeps %s", kept)
	}
}

// TestPageSaysThatItsNodeIsLost: within two seconds, and it greys what it shows.
// A busy machine may delay the page itself, so the best of three counts.
func TestPageSaysThatItsNodeIsLost(t *testing.T) {
	for _, path := range []string{"/theatre", "/recall"} {
		t.Run(path, func(t *testing.T) {
			var took []float64
			for len(took) < 3 {
				last := lostAfter(t, path)
				took = append(took, last)
				if last <= 2000 {
					return
				}
			}
			t.Errorf("said after %.0f ms", took)
		})
	}
}

// lostAfter stops the node of an open page, and gives the milliseconds until the
// page says so.
func lostAfter(t *testing.T, path string) float64 {
	n := serve(t, app.Config{})
	b := openBrowser(t)
	b.do(chromedp.Navigate(n.url + path))
	b.do(chromedp.WaitNotVisible("#node-lost"))
	// The page itself takes the time from the node's last word to the banner.
	eval[int](b, `new MutationObserver(() => { window.lostAt = performance.now() })
		.observe(document.getElementById('node-lost'), {attributes: true, attributeFilter: ['hidden']}); 0`)
	gone := eval[float64](b, `performance.now()`)
	n.stop()
	b.do(chromedp.WaitVisible("#node-lost"))
	if !eval[bool](b, `document.body.classList.contains('is-stale')`) {
		t.Error("the page is not greyed")
	}
	b.screenshot("node-lost" + strings.ReplaceAll(path, "/", "-"))
	return eval[float64](b, fmt.Sprintf(`window.lostAt - %f`, gone))
}

// TestPagesAreAccessible looks at the pages that the road does not pass, in
// both sizes.
func TestPagesAreAccessible(t *testing.T) {
	n := serve(t, app.Config{})
	b := openBrowser(t)
	for _, path := range []string{"/", "/theatre", "/downtime", "/downtime/enter", "/recall", "/patients", "/import", "/exports", "/exports/mapped", "/incident", "/safety", "/notices", "/notices/new", "/api/docs", "/patients/0192f0c1-7a3e-7c4e-9a58-3f1f0e6a2b10"} {
		for _, size := range [][2]int64{{1280, 800}, {820, 1180}} {
			b.size(size[0], size[1])
			b.do(chromedp.Navigate(n.url+path), chromedp.WaitReady("main"))
			b.accessible(fmt.Sprintf("%s at %dx%d", path, size[0], size[1]))
			if eval[bool](b, `document.documentElement.scrollWidth > innerWidth`) {
				t.Errorf("%s at %d: the page is wider than the screen", path, size[0])
			}
			b.screenshot(fmt.Sprintf("page%s-%d", strings.ReplaceAll(path, "/", "-"), size[0]))
		}
	}
	b.leavesNothing(n.url)
}

// TestThePageTellsWhatAPictureDidNotShow: what could not be read, where, why and
// what to do, apart from what was read; the next reading takes it away.
func TestThePageTellsWhatAPictureDidNotShow(t *testing.T) {
	n := serve(t, app.Config{})
	b := openBrowser(t)
	photograph := func(parts ...string) {
		t.Helper()
		path, err := filepath.Abs(filepath.Join(append([]string{"..", ".."}, parts...)...))
		if err != nil {
			t.Fatal(err)
		}
		b.do(chromedp.SetUploadFiles("#scan-picture", []string{path}))
	}
	b.do(chromedp.Navigate(n.url + "/theatre"))
	b.shows("Scan the patient's wristband")
	if strings.Contains(b.text(), "Not read in the last picture") {
		t.Error("told before there is a picture")
	}
	photograph("scanner", "testdata", "spoiled.png")
	b.shows("Not read in the last picture")
	b.shows("A square code at the lower left could not be read: it may be damaged, bent or covered. Flatten the pack, take the picture straight on, or scan the code by hand.")
	b.shows("12AB") // what was read stands below
	if strings.Contains(b.text(), "Scan again") {
		t.Error("what was read is called into doubt")
	}
	b.accessible("theatre, with a picture that was not read whole")
	b.screenshot("theatre-unread")
	b.size(820, 1180)
	if eval[bool](b, `document.documentElement.scrollWidth > innerWidth`) {
		t.Error("the page is wider than a tablet")
	}
	b.screenshot("theatre-unread-tablet")
	b.size(1280, 800)

	// It goes with the next picture, and with the next reading of the handheld.
	photograph("testdata", "label.png")
	b.do(chromedp.WaitNotVisible("#unread"))
	photograph("scanner", "testdata", "spoiled.png")
	b.do(chromedp.WaitVisible("#unread"))
	n.scan(stem)
	b.do(chromedp.WaitNotVisible("#unread"))
	b.leavesNothing(n.url)
}

// byTest is of a command that a test gives, as if somebody had typed it.
func byTest() command.Meta {
	return command.Meta{ID: trace.NewEventID(), Provenance: trace.Typed, By: trace.Actor{Via: "test"}}
}
