package app_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// A device is typed at the page: a wrong digit is said at once and not recorded, and a
// second person types the ends of its values anew.
func TestADeviceIsTypedAndConfirmedInTheBrowser(t *testing.T) {
	_, b := atProcedure(t, "Hip")
	b.do(chromedp.Click("#typing-open"))
	set := func(field, value string) {
		eval[int](b, `(() => { const f = document.querySelector('#typing-`+field+`'); f.value = '`+value+`'; f.dispatchEvent(new Event('change', { bubbles: true })); return 0 })()`)
	}
	set("di", "09520140001038")
	set("lot", "NM21O417")
	b.shows("Wrong: The check digit is wrong")
	b.shows("the letter O (not the digit 0)")
	eval[int](b, `document.querySelector('#typing-di').scrollIntoView(); 0`)
	b.everyLook("typing")
	b.do(chromedp.Click("#typing-record"))
	b.shows("Not recorded:")
	set("di", "09520140001039")
	until(t, "the digit is right", func() bool {
		return !strings.Contains(eval[string](b, `document.querySelector('#typing').innerText`), "Wrong:")
	})
	set("expiry", "2031-06-30")
	b.do(chromedp.Click("#typing-record"))
	b.shows("Not confirmed by a second person.")
	eval[int](b, `document.querySelector('#typing').closest('details').open = false; document.querySelector('form.second').closest('details').open = true; 0`)
	eval[int](b, `document.querySelector('form.second').scrollIntoView(); 0`)
	b.everyLook("second")
	confirm := func(lot string) {
		eval[int](b, `(() => { for (const [name, value] of [['end_di', '1039'], ['end_lot', '`+lot+`'], ['end_expiry', '2031-06-30'], ['name', 'Omar Other']]) document.querySelector('form.second [name=' + name + ']').value = value
			document.querySelector('form.second button').click(); return 0 })()`)
	}
	confirm("0417")
	b.shows("The lot ends otherwise in the record.")
	eval[int](b, `document.querySelector('form.second').closest('details').open = true; 0`)
	confirm("O417")
	b.shows("Confirmed by a second person: Omar Other")
}
