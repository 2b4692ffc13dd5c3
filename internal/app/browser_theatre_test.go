package app_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"implantrace/internal/app"
	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// everyLook looks at the page as it stands: on a wall screen and a tablet, light
// and dark. Nothing is cut off, axe finds nothing, and what is touched is 48
// pixels high and wide at least.
func (b *browser) everyLook(name string) {
	b.t.Helper()
	for _, look := range []string{"light", "dark"} {
		if eval[string](b, `document.documentElement.dataset.look`) != look {
			eval[int](b, `document.querySelector('#look').click(); 0`)
		}
		for _, size := range [][2]int64{{1280, 800}, {820, 1180}} {
			b.size(size[0], size[1])
			what := fmt.Sprintf("theatre-%s-%s-%d", name, look, size[0])
			b.accessible(what)
			if eval[bool](b, `document.documentElement.scrollWidth > innerWidth`) {
				b.t.Errorf("%s: the page is wider than the screen", what)
			}
			if small := eval[string](b, `[...document.querySelectorAll('main :is(button, a[href], summary, input:not([type=hidden]):not([type=file]), select, label.nhsuk-button)')]
				.filter(e => { const r = e.getBoundingClientRect(); return r.height && (r.height < 47.9 || r.width < 47.9) && e.checkVisibility() })
				.map(e => (e.id || e.textContent.trim()) + ' ' + JSON.stringify(e.getBoundingClientRect())).join('\n')`); small != "" {
				b.t.Errorf("%s: too small to touch: %s", what, small)
			}
			b.screenshot(what)
		}
	}
	eval[int](b, `document.querySelector('#look').click(); 0`)
	b.size(1280, 800)
}

// TestTheTheatrePageInEachState.
func TestTheTheatrePageInEachState(t *testing.T) {
	n := serve(t, app.Config{})
	c := command.RecordProduct{DI: "09520140001039", Maker: "Northmoor Orthopaedics", Description: "Femoral stem, cementless, size 5"}
	c.ID = trace.NewEventID()
	if _, err := n.node.Recorder.RecordProduct(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	b := openBrowser(t)
	b.do(chromedp.Navigate(n.url + "/theatre"))
	b.shows("Scan the patient's wristband")
	b.do(chromedp.WaitReady("body.is-started"))
	b.everyLook("empty")

	// The sound says that it waits for a touch, is turned on, and off.
	heard := func() string { return eval[string](b, `document.querySelector('#sound').dataset.sound`) }
	eval[int](b, `window.sounds = []; document.body.addEventListener('sound', e => sounds.push(e.detail.level + ' ' + e.detail.state)); 0`)
	n.scan(wristband)
	b.shows("Compare the patient.")
	b.everyLook("patient")
	// A machine whose sound starts slowly has it at the next touch.
	until(t, "the sound is on after a touch", func() bool { b.do(chromedp.Click("#text")); return heard() == "on" })
	b.do(chromedp.SendKeys("#code", "W371"), chromedp.SetValue("#side", "left"), chromedp.Click("#open"))
	b.shows("Scan the first device, before it is opened")
	b.everyLook("open")
	n.scan(stem)
	b.shows("Scan the next device, or say what became of those below")
	level := strings.TrimPrefix(eval[string](b, `document.querySelector('#last .verdict').classList[1]`), "verdict--")
	until(t, "the verdict is heard", func() bool { return eval[bool](b, `sounds.includes("`+level+` on")`) })
	b.do(chromedp.Click("#sound"))
	if heard() != "muted" {
		t.Errorf("the sound is %s", heard())
	}
	b.shows("Sound is off")
	// Each level as the style sheet shows it, whatever this device came to.
	for level, word := range map[string]string{"pass": "Pass", "note": "Note", "warn": "Warning", "stop": "Stop", "not-checked": "Not checked"} {
		eval[int](b, `for (const v of document.querySelectorAll('#last > .verdict, #devices > ol > .scan')) {
			v.className = v.matches('.scan') ? 'scan scan--`+level+`' : 'verdict verdict--`+level+`'
			v.querySelector('.verdict__word, .scan__verdict').textContent = '`+word+`' }; 0`)
		b.everyLook(level)
	}
	n.stop()
	b.do(chromedp.WaitVisible("#node-lost"))
	b.everyLook("lost")
	b.leavesNothing(n.url)
}

// TestKeysOfThePage: what is touched can be reached by keys.
func TestKeysOfThePage(t *testing.T) {
	n, b := atTheatre(t)
	b.do(chromedp.WaitReady("body.is-started"))
	press := func(code string) {
		eval[int](b, `document.body.dispatchEvent(new KeyboardEvent('keydown', {code: '`+code+`', key: '`+code[3:]+`', altKey: true, shiftKey: true, bubbles: true, cancelable: true})); 0`)
	}
	press("KeyS")
	if at := eval[string](b, `document.activeElement.id`); at != "scan-text" {
		t.Errorf("the focus is at %q", at)
	}
	press("KeyL")
	if look := eval[string](b, `document.documentElement.dataset.look`); look != "dark" {
		t.Errorf("the page is %s", look)
	}
	b.do(chromedp.Navigate(n.url + "/theatre"))
	if look := eval[string](b, `document.documentElement.dataset.look`); look != "dark" {
		t.Errorf("the page is %s when it is opened again", look)
	}
	if kept := eval[string](b, `JSON.stringify(localStorage)`); kept != `{"look":"dark"}` {
		t.Errorf("the browser keeps %s", kept)
	}
}
