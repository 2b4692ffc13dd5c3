package app_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"implantrace/internal/app"
)

// A patient nobody knows is taken by one touch, identified by the wristband that comes
// later, and the link is looked at and taken back.
func TestAnUnknownPatientInTheBrowser(t *testing.T) {
	n := serve(t, app.Config{})
	b := openBrowser(t)
	b.do(chromedp.Navigate(n.url + "/theatre"))
	b.shows("Patient not identified yet")
	b.do(chromedp.WaitReady("body.is-started"), chromedp.Click("#unknown"))
	b.shows("Say the temporary name aloud with the team")
	b.everyLook("unknown")
	b.do(chromedp.SetValue("#text", "Hip"), chromedp.SetValue("#side", "left"), chromedp.Click("#open"))
	b.shows("Scan the first device, before it is opened")
	b.shows("Identified now?")
	b.everyLook("unknown-open")
	band := eval[string](b, `document.querySelector('#unidentified a').href`)
	n.scan(wristband)
	b.shows("this patient (Unknown ")
	b.everyLook("unknown-asked")
	b.do(chromedp.Click("#ask-yes"))
	b.shows("Scan the first device, before it is opened")
	b.everyLook("unknown-identified")

	b.do(chromedp.Navigate(band))
	b.shows("it proves no identity")
	b.look("wristband")
	b.do(chromedp.Navigate(n.url + "/links"))
	b.shows("Linked.")
	b.look("links")
	b.do(chromedp.Click("main section.panel h3 a"))
	b.shows("2 records of one person")
	b.look("linked-patient")
	b.do(chromedp.Click(`details:has(form[action^="/links/"]) summary`), chromedp.SetValue(`form[action^="/links/"] [name=reason]`, "They are two people"), chromedp.Click(`form[action^="/links/"] button`))
	b.shows("Not linked any more.")
	b.do(chromedp.Click(`a[href^="/links?a="]`))
	b.shows("Compare two records")
	number := eval[string](b, `[...document.querySelectorAll('main .panel a')].map(a => a.textContent).find(t => t.startsWith('Unknown '))`)
	if number == "" {
		t.Error("the other record is not named")
	}
	id := eval[string](b, `[...document.querySelectorAll('main .panel a')].find(a => a.textContent.startsWith('Unknown ')).href.split('/').pop()`)
	b.do(chromedp.Navigate(n.url + "/patients/" + id))
	b.shows("Nobody has identified this patient yet")
	b.look("provisional-patient")
	b.do(chromedp.Click(`a[href^="/links?a="]`))
	b.shows("The other record")
	b.do(chromedp.SetValue("#b_nhs_number", "999 000 0018"), chromedp.Click("#compare"))
	b.shows("Are these one person?")
	b.look("compare")
	b.size(820, 1180)
	if eval[bool](b, `(t => t.scrollWidth > t.clientWidth)(document.querySelector('.table-box'))`) {
		t.Error("what differs is out of sight on a tablet")
	}
	b.size(1280, 800)
}
