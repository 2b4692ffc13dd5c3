package app_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"implantrace/internal/app"
	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

const pastedNotice = `URGENT FIELD SAFETY NOTICE FSCA-2026-014
Fellside femoral stem, GTIN 09520140001039
Lot numbers: K4410B to K4420B, K4499B
Action complete by 31 March 2026`

// TestARecallInABrowser walks a notice from its text to its last patient as a
// coordinator does: paste, confirm what is found, see tiers and coverage, keep it,
// work three cases, see who stands out; and the theatre stops the device.
func TestARecallInABrowser(t *testing.T) {
	n := serve(t, app.Config{})
	r := n.node.Recorder
	meta := func() command.Meta {
		return command.Meta{ID: trace.NewEventID(), Provenance: trace.Scanned, By: trace.Actor{Via: "test"}}
	}
	if _, err := r.RecordProduct(t.Context(), command.RecordProduct{Meta: meta(), DI: "09520140001039", Maker: "Northmoor Orthopaedics", Brand: "Fellside", Description: "Femoral stem, cementless, size 5"}); err != nil {
		t.Fatal(err)
	}
	used := func(nhs, family, given, lot string) {
		t.Helper()
		p, err := r.OpenProcedure(t.Context(), command.OpenProcedure{Meta: meta(), Who: command.Who{NHSNumber: nhs, Family: family, Given: given}, Code: trace.Code{System: "OPCS-4", Code: "W371", Text: "Total hip replacement"}, Side: trace.SideLeft,
			Place: trace.Place{Name: "Theatre 4"}})
		if err == nil {
			_, err = r.RecordUsage(t.Context(), command.RecordUsage{Meta: meta(), Procedure: p, Device: udi.Device{DI: "09520140001039", Lot: lot}, Status: trace.Implanted, Reason: "synthetic"})
		}
		if err == nil {
			err = r.CloseProcedure(t.Context(), command.CloseProcedure{Meta: meta(), Procedure: p})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	used("9990000018", "Quist", "Ottoline", "K4417B")
	used("9990000026", "Ferrow", "Basil", "K4412B")
	used("9990000034", "Marsh", "Imelda", "")
	used("9990000042", "Holt", "Una", "X9999C")

	b := openBrowser(t)
	b.do(chromedp.Navigate(n.url+"/notices/new"), chromedp.SendKeys("#paste", pastedNotice), chromedp.Click(`button[value="read"]`))
	b.shows("Is each of these what the notice names?")
	b.shows("K4410B to K4420B")
	b.accessible("proposals")
	b.screenshot("notice-proposals")
	if ticked := eval[int](b, `document.querySelectorAll('input[name=take]:checked').length`); ticked != 0 {
		t.Errorf("%d are ticked before anybody looked", ticked)
	}
	eval[int](b, `document.querySelectorAll('input[name=take]').forEach(i => i.click()); 0`)
	b.do(chromedp.Click(`button[value="take"]`))
	b.shows("taken over into the fields below")
	b.do(chromedp.SendKeys("#title", "Fellside stems"), chromedp.SendKeys("#issuer", "Northmoor Orthopaedics"), chromedp.SendKeys("#actions", "Put aside what is on the shelf"), chromedp.Click(`button[value="try"]`))
	b.shows("If it were kept now")
	b.shows("2 patients confirmed")
	b.shows("1 more cannot be excluded")
	b.shows("What this answer rests on")
	b.accessible("a notice that is tried")
	b.screenshot("notice-tried")
	b.do(chromedp.Click("#keep"))
	b.shows("Open: a scan of a device that it names stops in theatre")
	b.shows("Marsh, Imelda")
	if strings.Contains(b.text(), "Holt") {
		t.Error("somebody with another lot is on the list")
	}
	b.accessible("a notice")
	b.screenshot("notice")
	b.size(820, 1180)
	b.screenshot("notice-tablet")
	b.size(1280, 800)
	at := eval[string](b, `location.href`)

	for i, step := range []struct{ status, note string }{{"contacting", "Left a message"}, {"monitor", "X-ray every year"}, {"not-affected", "Another device on the operation sheet"}} {
		b.do(chromedp.Navigate(at))
		b.shows("Work list")
		eval[int](b, fmt.Sprintf(`document.querySelectorAll('.table-box a[href*="/cases/"]')[0].click(); %d`, i))
		b.shows("Record work")
		if i == 0 {
			b.accessible("a case")
			b.screenshot("case")
		}
		b.do(chromedp.SendKeys("#you", "R. Dene"), chromedp.SetValue("#status", step.status), chromedp.SetValue("#due", "2026-12-0"+fmt.Sprint(9-i)), chromedp.SendKeys("#note", step.note), chromedp.Click("#record"))
		b.shows(step.note)
		if i == 0 {
			// The first is done: let it go behind the others.
			b.do(chromedp.SetValue("#status", "keep"), chromedp.SendKeys("#note", "Reviewed"), chromedp.Click("#record"))
			b.shows("Reviewed")
		}
	}
	b.do(chromedp.Navigate(at))
	b.shows("3 settled")
	b.screenshot("notice-settled")

	// Another comes to be recorded: it stands out.
	used("9990000042", "Holt", "Una", "K4418B")
	b.do(chromedp.Navigate(at))
	b.shows("1 person is in no case yet")
	b.accessible("a notice with somebody who stands out")
	b.screenshot("notice-new")
	b.do(chromedp.Click("#open-cases"))
	b.shows("0 in no case yet")
	b.shows("Holt, Una")
	b.do(chromedp.Navigate(n.url + "/notices"))
	b.shows("FSCA")
	b.accessible("notices")
	b.screenshot("notices")

	// And in theatre the device stops.
	b.do(chromedp.Navigate(n.url + "/theatre"))
	b.shows("Scan the patient's wristband")
	n.scan(wristband)
	b.shows("Quist, Ottoline")
	n.scan(stem)
	b.shows("named by the recall notice")
	b.screenshot("theatre-recalled")
	b.leavesNothing(n.url)
}
