package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"implantrace/internal/app"
	"implantrace/internal/command"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// What a registry is told, as a clerk does it: a run, a record that is kept back and
// put right where the page says, a refusal, an acceptance, and a run of only what the
// registry was not told. Then a file by a mapping, and the draft of an incident report.
func TestARegistryIsToldInTheBrowser(t *testing.T) {
	mappings := filepath.Join(t.TempDir(), "mappings")
	if err := os.MkdirAll(mappings, 0o700); err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile(filepath.Join("..", "..", "docs", "mapping-example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(mappings, "northmoor.yaml"), example, 0o600); err != nil {
		t.Fatal(err)
	}
	n := serve(t, app.Config{Mappings: mappings})
	r := n.node.Recorder
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	meta := byTest
	p, err := r.OpenProcedure(t.Context(), command.OpenProcedure{Meta: meta(), Who: command.Who{NHSNumber: "9990000018", Family: "Testwell", Given: "Ada", Birth: "1950-02-01"},
		Code: trace.Code{System: "OPCS-4", Code: "W37.1", Text: "Total hip replacement"}, Side: trace.SideLeft, Start: time.Now().Add(-2 * time.Hour)})
	ok(err)
	whole, err := r.RecordUsage(t.Context(), command.RecordUsage{Meta: meta(), Procedure: p, Status: trace.Implanted,
		Carriers: []trace.Carrier{{Symbology: "]d2", Text: "0109520140001039" + "17310630" + "10NM21"}}, Override: "label-compared"})
	ok(err)
	const unread = "0109520140001146" + "17310630" + "10NM22" // its check digit does not hold
	if m := udi.Understand("]d2"+unread, time.Now()); !m.Damaged() {
		t.Fatal("the code of the second device is whole")
	}
	damaged, err := r.RecordUsage(t.Context(), command.RecordUsage{Meta: meta(), Procedure: p, Status: trace.Implanted,
		Carriers: []trace.Carrier{{Symbology: "]d2", Text: unread}}, Reason: "Both of us read the label"})
	ok(err)
	ok(r.CloseProcedure(t.Context(), command.CloseProcedure{Meta: meta(), Procedure: p}))

	b := openBrowser(t)
	// seen is the page in both sizes, held against axe, and no wider than a tablet.
	seen := func(name string) {
		t.Helper()
		b.look("exports-" + name)
		b.size(820, 1180)
		if eval[bool](b, `document.documentElement.scrollWidth > innerWidth`) {
			t.Errorf("%s is wider than a tablet", name)
		}
		b.size(1280, 800)
	}
	open := func(page, words string) {
		t.Helper()
		b.do(chromedp.Navigate(n.url + page))
		b.shows(words)
	}
	runOf := func(of string, changes bool) {
		t.Helper()
		open("/exports", "Make a run for a registry")
		b.do(chromedp.SetValue("#of", of))
		if changes {
			b.do(chromedp.Click("#run-changes"))
		}
		eval[int](b, `document.querySelector('#of').form.querySelector('button').click(); 0`)
		b.shows("What the registry answered")
	}
	state := func(want string) {
		t.Helper()
		until(t, "the run is "+want, func() bool {
			return strings.Contains(eval[string](b, `document.querySelector('#run-state')?.innerText || ''`), want)
		})
	}

	open("/exports", "What goes to registries and other systems.")
	seen("empty")
	runOf("mdor", false)
	state("Made")
	b.shows("1 record in 1 row: 1 new")
	b.shows("was damaged, and what was recorded may be wrong")
	seen("run")

	// What is kept back is put right where the page says.
	eval[int](b, `document.querySelector('#run a[href^="/procedures/"]').click(); 0`)
	b.shows("Total hip replacement")
	b.do(chromedp.Click("#correct"))
	b.shows("The code was damaged")
	seen("correct")
	of := damaged.String()
	b.do(chromedp.Click("#compared-"+of), chromedp.SetValue("#di-"+of, "09520140001145"), chromedp.SetValue("#reason-"+of, "Compared with the label"))
	eval[int](b, `document.querySelector('#correct-`+of+` button').click(); 0`)
	b.shows("Entries")

	// The registry refuses the run, and says why; a refusal without a reason is none.
	runOf("mdor", false)
	b.shows("2 records in 2 rows")
	press := func(button string) {
		t.Helper()
		eval[int](b, `document.querySelector('button[value=`+button+`]').click(); 0`)
	}
	press("refused")
	b.shows("Nothing was changed")
	seen("no-reason")
	b.do(chromedp.SetValue("#reason", "Column 4 is empty"))
	press("refused")
	state("Refused")
	b.shows("Column 4 is empty")
	seen("refused")

	// The next is accepted, and of what it has nothing is new.
	runOf("mdor", false)
	press("accepted")
	state("Accepted")
	runOf("mdor", true)
	b.shows("2 records that the registry has as they are")
	seen("changes")
	open("/exports", "Make a run for a registry")
	seen("runs")

	// By a mapping of the site's own: as a run, and on its page.
	runOf("mapped/northmoor", false)
	b.shows("Northmoor joint registry, version 2026-1")
	seen("mapping-run")
	open("/exports/mapped", "The mapping says which columns it has")
	eval[int](b, `document.querySelector('#mapping').form.querySelector('button[type=submit]').click(); 0`)
	b.shows("Where each column comes from")
	seen("mapped")
	eval[int](b, `(() => { const m = document.querySelector('#mapping'); m.value = m.value.replace('delimiter: semicolon', 'delimiter: dot'); m.form.querySelector('button[type=submit]').click(); return 0 })()`)
	b.shows("The mapping, where it is wrong")
	seen("mapped-wrong")

	// A report of what went wrong with a device.
	open("/incident?usage="+whole.String(), "The device, as it is recorded")
	eval[int](b, `document.querySelector('button[name=do]').click(); 0`)
	b.shows("There is no draft yet")
	seen("incident-empty")
	b.do(chromedp.SetValue("#description", "The stem did not fit its rasp."))
	eval[int](b, `(() => { for (const s of document.querySelectorAll('select[name^=answer-]')) s.selectedIndex = 1; for (const f of document.querySelectorAll('fieldset')) f.querySelector('input').checked = true; document.querySelector('button[name=do]').click(); return 0 })()`)
	b.shows("The draft: read it before you take it")
	seen("incident")
	b.leavesNothing(n.url)
}
