package app_test

import (
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"implantrace/internal/app"
	"implantrace/internal/practice"
)

// TestTheFirstCaseInABrowser: the page says what to scan, and goes on by itself when
// it was scanned.
func TestTheFirstCaseInABrowser(t *testing.T) {
	n := serve(t, app.Config{Practice: true, Data: filepath.Join(t.TempDir(), "practice")})
	b := openBrowser(t)
	sheets, err := practice.Sheets()
	if err != nil {
		t.Fatal(err)
	}
	scan := func(key string) {
		t.Helper()
		l, ok := practice.ByKey(sheets, key)
		if !ok {
			t.Fatalf("no label %s", key)
		}
		n.scan(l.Scan)
	}
	b.do(chromedp.Navigate(n.url + "/theatre"))
	b.shows("PRACTICE: nothing here is real.")
	b.shows("Scan the practice wristband")
	b.accessible("theatre, practice")
	b.screenshot("practice")
	eval[int](b, `document.documentElement.dataset.look = 'dark', 0`)
	b.accessible("theatre, dark, practice")
	b.screenshot("practice-dark")
	eval[int](b, `delete document.documentElement.dataset.look, 0`)
	scan(practice.Wristband)
	b.shows("Practice, Patricia")
	b.shows("Practice, 2 of 7")
	scan(practice.Badge)
	b.shows("Practice, 3 of 7")
	scan(practice.Place)
	b.shows("Practice, 4 of 7")
	scan(practice.Procedure)
	b.shows("Choose a side and press Open procedure")
	b.do(chromedp.SetValue("#side", "left"), chromedp.Click("#open"))
	b.shows("Practice, 5 of 7")
	scan(practice.Expired)
	b.shows("Stop: put it aside, and scan Returned")
	b.size(820, 1180)
	if eval[bool](b, `document.documentElement.scrollWidth > innerWidth`) {
		t.Error("the page is wider than a tablet")
	}
	b.accessible("theatre, practice, a stop")
	b.screenshot("practice-stop-tablet")
	b.size(1280, 800)
	scan(practice.Returned)
	b.shows("Practice, 6 of 7")
	scan(practice.Stem)
	b.shows("scan Opened")
	scan(practice.Opened)
	b.shows("scan Implanted")
	scan(practice.Implanted)
	b.shows("Practice, 7 of 7")
	eval[int](b, `window.confirm = () => true; 0`)
	b.do(chromedp.Click("#close"))
	b.shows("The practice case is over")
	until(t, "what was done stands at the top", func() bool { return eval[bool](b, `scrollY === 0`) })
	b.accessible("theatre, practice, over")
	b.screenshot("practice-over")

	b.do(chromedp.Navigate(n.url + "/practice"))
	b.shows("Practice: not real")
	b.accessible("practice labels")
	b.screenshot("practice-labels")
	b.leavesNothing(n.url)
}
