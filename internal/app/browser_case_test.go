package app_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"implantrace/internal/app"
	"implantrace/internal/command"
	"implantrace/internal/staff"
	"implantrace/internal/trace"
)

// TestACaseFromBadgeToClose is one procedure as a theatre does it, with the handheld
// on a line, the keyboard wedge, a photograph and the hands: badge, place, wristband,
// procedure, six devices, what became of each, an undo, an explant, and a close with
// one that nobody said anything of. The record then holds exactly that.
func TestACaseFromBadgeToClose(t *testing.T) {
	needSerial(t)
	n := begin(&served{t: t, stopped: make(chan error, 1), asks: true}, app.Config{})
	r := n.node.Recorder
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	meta := byTest
	firstSignIn(t, n.node.Staff, n.node.Staff.SetUpCode(), "ada.admin", "Ada Admin", crew{"ADMIN-1", "271828"})
	hire(t, n.node.Staff, "Nell Nurse", crew{"505089800000000126", "590101"}, staff.Theatre)
	_, key, err := n.node.Staff.Enrol(t.Context(), meta(), staff.Account{Sort: trace.MachineAccount, Name: "Theatre 4"})
	ok(err)
	for di, what := range map[string]string{"09520140001039": "Femoral stem, size 5", "09520140001015": "Femoral head, 32 mm", "09520140001145": "Acetabular cup", "A99912345": "Bone screw"} {
		_, err := r.RecordProduct(t.Context(), command.RecordProduct{Meta: meta(), DI: di, Maker: "Northmoor Orthopaedics", Description: what})
		ok(err)
	}
	// Four years ago a stem went in; today it comes out.
	before, err := r.OpenProcedure(t.Context(), command.OpenProcedure{Meta: meta(), Who: command.Who{NHSNumber: "9990000018"}, Code: trace.Code{Text: "Hip"}, Side: trace.SideLeft, Start: time.Now().AddDate(-4, 0, 0)})
	ok(err)
	old, err := r.RecordUsage(t.Context(), command.RecordUsage{Meta: meta(), Procedure: before, Status: trace.Implanted, Carriers: []trace.Carrier{{Symbology: "]d2", Text: "0109520140001039" + "17310630" + "10OLD1"}}, Override: "label-compared"})
	ok(err)
	ok(r.CloseProcedure(t.Context(), command.CloseProcedure{Meta: meta(), Procedure: before}))

	b := openBrowser(t)
	if _, err := chromedp.Call(b.ctx, network.SetCookie, network.SetCookieParams{Name: "implantrace-machine", Value: key, URL: n.url, HTTPOnly: new(true)}); err != nil {
		t.Fatal(err)
	}
	// looked is the page in both sizes, light and dark, held against axe.
	looked := func(name string) {
		t.Helper()
		for _, look := range []string{"light", "dark"} {
			if eval[string](b, `document.documentElement.dataset.look`) != look {
				eval[int](b, `document.querySelector('#look').click(); 0`)
			}
			until(t, "the page is "+look, func() bool { return eval[string](b, `document.documentElement.dataset.look`) == look })
			b.look("case-" + name + "-" + look)
		}
		eval[int](b, `document.querySelector('#look').click(); 0`)
	}
	// done waits until the page says so of the last reading.
	scan := func(text, words string) {
		t.Helper()
		n.scan(text)
		b.shows(words)
	}
	b.do(chromedp.Navigate(n.url + "/theatre"))
	b.shows("Nobody is signed in")

	// Badge and PIN, place, wristband, procedure: opened by its code.
	scan("8017505089800000000126", "PIN of Nell Nurse")
	b.do(chromedp.SetValue("#bearer-pin", "590101"), chromedp.Click("#bearer-in"))
	until(t, "that she is signed in", func() bool { return strings.Contains(strings.Join(strings.Fields(b.text()), " "), "Nell Nurse Lock") })
	b.do(chromedp.WaitReady("body.is-started"))
	scan("]C14149529900003016254TH3", "GLN 9529900003016")
	scan(wristband, "Quist, Ottoline")
	looked("patient")
	scan("IMT:P:opcs-4:W371", "Procedure code read")
	scan("IMT:A:open:left", "Close procedure")

	// Six devices. A pack of two barcodes,
	scan("]C10109520140001145", "Acetabular cup")
	scan("]C11731063010CUP7", "Do both codes belong to one pack?")
	looked("question")
	scan("IMT:A:yes", "One pack")
	// a HIBC pack,
	scan("]C0+A99912345/$$52901510X3/S77DEFG45W", "77DEFG45")
	// a photograph,
	label, err := filepath.Abs(filepath.Join("..", "..", "testdata", "label.png"))
	ok(err)
	b.do(chromedp.SetUploadFiles("#scan-picture", []string{label}))
	b.shows("K4417B")
	// a keyboard wedge that loses the separator,
	b.keyboard().types("0109520140001015173106301010A121SN0042", 5*time.Millisecond, asNone, "Enter")
	b.shows("Femoral head, 32 mm")
	// one that no catalogue has,
	scan("]d201095201400012681731063010UNK1", "What is it, in a few words?")
	b.do(chromedp.WaitReady(`[name=description]`))
	eval[int](b, `(() => { const f = document.querySelector('[name=description]'); f.value = 'Cement restrictor'; f.form.querySelector('button').click(); return 0 })()`)
	b.shows("Cement restrictor (not in the catalogue)")
	// and one that was typed.
	b.do(chromedp.SetValue("#scan-text", "(01)09520140001039(17)310630(10)HAND1"))
	eval[int](b, `document.querySelector('#scan-form button[type=submit]').click(); 0`)
	b.shows("HAND1")

	devices := func() (all []trace.UsageInFull) {
		t.Helper()
		st, err := n.node.Desk.State(t.Context())
		ok(err)
		if st.Procedure == nil {
			t.Fatal("no procedure is open")
		}
		for _, u := range st.Procedure.Usages {
			if !u.Usage.Withdrawn {
				all = append(all, u)
			}
		}
		return all
	}
	lotted := func(lot string) trace.UsageInFull {
		t.Helper()
		all := devices()
		i := slices.IndexFunc(all, func(u trace.UsageInFull) bool { return u.Usage.Device.Lot == lot })
		if i < 0 {
			t.Fatalf("no device of lot %s", lot)
		}
		return all[i]
	}
	until(t, "six devices", func() bool { return len(devices()) == 6 })
	is := func(lot string, s trace.Status) {
		t.Helper()
		until(t, fmt.Sprintf("%s is %s", lot, s), func() bool {
			return slices.ContainsFunc(devices(), func(u trace.UsageInFull) bool { return u.Usage.Device.Lot == lot && u.Usage.Status == s })
		})
	}
	looked("devices")

	// Opened by scanning it again, and its outcome by a code.
	scan("]C10109520140001145", "Is it the pack that is on the list?")
	scan("IMT:A:yes", "Is it opened now?")
	scan("IMT:A:yes", "Opened: Acetabular cup, lot CUP7")
	is("CUP7", trace.Opened)
	scan("IMT:A:opened-not-used", "Opened, not used")
	is("CUP7", trace.NotUsed)
	scan("IMT:A:undo", "is opened again.")
	is("CUP7", trace.Opened)
	// By touch: opened, then implanted in spite of what nobody could check.
	// A part of the page may be drawn anew between finding a button and pressing it:
	// then it was not pressed, and is pressed again.
	touch := func(key, lot string, becomes trace.Status) {
		t.Helper()
		u := lotted(lot).Usage.ID.String()
		for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
			eval[int](b, `document.getElementById("`+key+"-"+u+`")?.click(); 0`)
			for range 100 {
				if lotted(lot).Usage.Status == becomes {
					return
				}
				time.Sleep(20 * time.Millisecond)
			}
		}
		t.Fatalf("%s is never %s; the page says: %s", lot, becomes, b.text())
	}
	touch("opened", "10X3", trace.Opened)
	touch("implanted", "10X3", trace.Implanted)
	touch("returned", "HAND1", trace.Returned)
	b.shows("lot HAND1: checked again, not returned")
	eval[int](b, `document.getElementById("undo").click(); 0`)
	is("HAND1", trace.Checked)
	touch("wasted", "HAND1", trace.Wasted)
	scan("]C11731063010CUP7", "Is it the pack that is on the list?")
	eval[int](b, `document.getElementById("ask-yes").click(); 0`)
	b.shows("What became of it?")
	touch("ask-implanted", "CUP7", trace.Implanted)
	scan("]d201095201400012681731063010UNK1", "Is it opened now?")
	scan("IMT:A:trial", "Trial")
	is("UNK1", trace.Trial)
	touch("returned", "10A121SN0042", trace.Returned) // the one of which the separator was lost

	// The old stem comes out.
	b.do(chromedp.WaitReady("#explant"))
	eval[int](b, `document.getElementById('explant').open = true; document.getElementById('explant-`+old.String()+`').checked = true;
		document.getElementById('explant-reason').value = 'loosening'; document.getElementById('explant-went').value = 'maker'; 0`)
	looked("explant")
	eval[int](b, `document.getElementById('explant-now').click(); 0`)
	is("OLD1", trace.Explanted)
	b.shows("1 device is without an outcome")

	// Close asks, because nobody said what became of the photographed stem.
	st, err := n.node.Desk.State(t.Context())
	ok(err)
	procedure := st.Procedure.Procedure.ID
	scan("IMT:A:close", "Not closed yet")
	b.shows("Femoral stem, size 5, lot K4417B")
	looked("close")
	scan("IMT:A:yes", "Procedure closed")
	b.shows("Scan the patient's wristband")
	if strings.Contains(b.text(), "999 000 0018") {
		t.Error("the patient is still on the screen")
	}

	// What the API holds.
	var full trace.ProcedureInFull
	ok(json.Unmarshal([]byte(eval[string](b, `fetch('/api/v1/procedures/`+procedure.String()+`').then(r => r.text())`)), &full))
	var got []string
	for _, u := range full.Usages {
		d := u.Usage.Device
		got = append(got, fmt.Sprintf("%s lot %s serial %s: %s, %v, %d codes", d.DI, d.Lot, d.Serial, u.Usage.Status, u.Usage.Withdrawn, len(u.Usage.Carriers)))
	}
	slices.Sort(got)
	want := []string{
		" lot CUP7 serial : checked, true, 1 codes", // joined with its pack
		" lot CUP7 serial : checked, true, 1 codes", // likewise, when it was scanned again
		"09520140001015 lot 10A121SN0042 serial : returned, false, 1 codes",
		"09520140001039 lot HAND1 serial : wasted, false, 1 codes",
		"09520140001039 lot K4417B serial : checked, false, 1 codes",
		"09520140001039 lot OLD1 serial : explanted, false, 0 codes",
		"09520140001145 lot  serial : checked, true, 1 codes",
		"09520140001145 lot CUP7 serial : implanted, false, 2 codes",
		"09520140001268 lot UNK1 serial : trial, false, 1 codes",
		"A99912345 lot 10X3 serial 77DEFG45: implanted, false, 1 codes",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the record holds\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if full.Procedure.End.IsZero() || full.Procedure.Side != trace.SideLeft || full.Procedure.Code.Code != "W371" || full.Procedure.Place.GLN != "9529900003016" || full.Identity.NHSNumber != "9990000018" {
		t.Errorf("%+v", full.Procedure)
	}
	if u, err := r.Store.Usage(t.Context(), old); err != nil || u.InPatient() != "was" {
		t.Errorf("%+v %v", u, err)
	}
	b.leavesNothing(n.url)
}
