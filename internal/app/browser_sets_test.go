package app_test

import (
	"testing"

	"github.com/chromedp/chromedp"

	"implantrace/internal/command"
	"implantrace/internal/trace"
)

// The tray is scanned, screws are counted by touch, and said to be implanted at once.
func TestScrewsAreTakenOutOfATrayInTheBrowser(t *testing.T) {
	n, b := atProcedure(t, "Wrist")
	s, err := n.node.Recorder.RecordSet(t.Context(), command.RecordSet{Meta: command.Meta{ID: trace.NewEventID()}, Name: "Small fragment set 2", Code: "TRAY-0012",
		Supply: trace.Supply{Kind: trace.SupplyLoan, Supplier: "Northmoor Orthopaedics", Reference: "L-4711"},
		Items: []trace.SetItem{{CatalogueNo: "NM-27-12", Description: "Cortex screw 2.7 mm", Size: "12 mm", Quantity: 6}, {CatalogueNo: "NM-27-14", Description: "Cortex screw 2.7 mm", Size: "14 mm", Quantity: 6},
			{DI: "09520140001039", Description: "One-third tubular plate", Size: "5 holes", Quantity: 2}}})
	if err != nil {
		t.Fatal(err)
	}
	n.scan("TRAY-0012")
	b.shows("How many pieces are taken out?")
	key, plate := s.ItemKey(s.Items[0]), s.ItemKey(s.Items[2])
	count := func(want string) {
		t.Helper()
		until(t, want+" are counted", func() bool {
			return eval[string](b, `document.querySelector('#count-`+key+`')?.textContent.trim() || ''`) == want
		})
	}
	press := func(id string) { eval[int](b, `document.querySelector('#`+id+`').click(); 0`) }
	for _, want := range []string{"1", "2", "3"} {
		press("more-" + key)
		count(want)
	}
	press("less-" + key)
	count("2")
	eval[int](b, `document.querySelector('#set').scrollIntoView(); 0`)
	b.everyLook("set")
	press("implanted-" + key)
	b.shows("2 implanted.")
	b.shows("Out of the set Small fragment set 2.")
	b.shows("Loan kit of Northmoor Orthopaedics, L-4711.")
	// A lot that was typed is of the piece that it was sent with, and of none after it.
	b.do(chromedp.SetValue("#lot-"+plate, "PLATE7"))
	press("more-" + plate)
	b.shows("PLATE7")
	until(t, "the lot's field is empty", func() bool { return eval[bool](b, `document.querySelector('#lot-`+plate+`').value === ''`) })
	press("set-done")
	until(t, "the list is closed", func() bool { return eval[bool](b, `!document.querySelector('#set')`) })

	for _, page := range []string{"/supplied", "/sets", "/sets/" + s.Set.String(), "/sets/" + s.Set.String() + "/sheet"} {
		b.do(chromedp.Navigate(n.url + page))
		b.do(chromedp.WaitReady("body.is-started"))
		b.size(1280, 800)
		b.accessible(page)
		b.screenshot("set-page" + map[string]string{"/supplied": "-supplied", "/sets": "-list", "/sets/" + s.Set.String(): "-one"}[page])
	}
}
