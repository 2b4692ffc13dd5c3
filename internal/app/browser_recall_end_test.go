package app_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	control "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"implantrace/internal/app"
	"implantrace/internal/casework"
	"implantrace/internal/command"
	"implantrace/internal/recall"
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// downloads lets the browser keep what it is sent, and gives how to wait for a file.
func (b *browser) downloads() (wait func(pattern string) string) {
	b.t.Helper()
	dir := b.t.TempDir()
	if _, err := chromedp.Call(b.ctx, control.SetDownloadBehavior, control.SetDownloadBehaviorParams{Behavior: "allow", DownloadPath: dir}); err != nil {
		b.t.Fatal(err)
	}
	return func(pattern string) (path string) {
		b.t.Helper()
		until(b.t, "the browser has "+pattern, func() bool {
			found, err := filepath.Glob(filepath.Join(dir, pattern))
			if err != nil || len(found) != 1 {
				return false
			}
			path = found[0]
			return true
		})
		return path
	}
}

// TestTheEndOfARecallInABrowser goes on where the list of a notice is complete:
// a trace file, letters, the shelf by scan, the end, and an evidence pack that the
// command checks.
func TestTheEndOfARecallInABrowser(t *testing.T) {
	n := serve(t, app.Config{})
	r, office := n.node.Recorder, n.node.Office
	meta := func() command.Meta {
		return command.Meta{ID: trace.NewEventID(), Provenance: trace.Typed, By: trace.Actor{Name: "R. Dene", Via: "test"}}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := r.RecordProduct(t.Context(), command.RecordProduct{Meta: meta(), DI: "09520140001039", Maker: "Northmoor Orthopaedics", Brand: "Fellside", Description: "hip stem"})
	must(err)
	for _, p := range [][4]string{{"9990000018", "Quist", "Ottoline", "1951-03-14"}, {"9990000026", "Ferrow", "Basil", "1944-04-05"}, {"9990000034", "Marsh", "Imelda", "1939-05-06"}} {
		procedure, err := r.OpenProcedure(t.Context(), command.OpenProcedure{Meta: meta(), Who: command.Who{NHSNumber: p[0], Family: p[1], Given: p[2], Birth: p[3]}, Code: trace.Code{Text: "Hip replacement"}, Side: trace.SideLeft,
			People: []trace.Person{{Name: "Mr A. Okafor", Role: "consultant surgeon"}}})
		must(err)
		_, err = r.RecordUsage(t.Context(), command.RecordUsage{Meta: meta(), Procedure: procedure, Device: udi.Device{DI: "09520140001039", Lot: "K4417B"}, Status: trace.Implanted, Reason: "synthetic"})
		must(err)
		must(r.CloseProcedure(t.Context(), command.CloseProcedure{Meta: meta(), Procedure: procedure}))
	}

	// The shelf, before the notice: received by scan.
	b := openBrowser(t)
	arrived := b.downloads()
	b.do(chromedp.Navigate(n.url+"/stock"), chromedp.SendKeys("#place", "Cupboard 2"), chromedp.SetValue("#quantity", "3"), chromedp.SendKeys("#code", stem+"\r"))
	b.shows("Recorded.")
	b.shows("at Cupboard 2: 3 pieces, 0 put aside.")
	b.accessible("stock")
	b.screenshot("stock")
	b.size(820, 1180)
	b.screenshot("stock-tablet")
	b.size(1280, 800)

	notice, err := office.Save(t.Context(), casework.SaveNotice{Meta: meta(), Notice: recall.Notice{Title: "Fellside stems", References: []recall.Reference{{Of: "FSCA", Number: "2026-014"}},
		Actions: []string{"Put aside what is on the shelf"}, Criteria: recall.Criteria{DIs: recall.Texts{"09520140001039"}, Lots: recall.Named("K4417B")}}})
	must(err)
	at := n.url + "/notices/" + notice.String()
	b.do(chromedp.Navigate(at))
	b.shows("On shelves (1)")
	b.shows("Cupboard 2")
	b.accessible("a notice with stock")
	b.screenshot("notice-shelf")

	// No letter before death and address were checked; then two, and none to the dead.
	b.do(chromedp.Click(`a[href$="/letters"]`))
	b.shows("Held back (3)")
	b.shows("Death and address were not checked")
	b.accessible("letters, nobody traced")
	traced := filepath.Join(t.TempDir(), "traced.csv")
	must(os.WriteFile(traced, []byte("nhs_number,family_name,date_of_birth,address_1,postcode,gp_name,gp_address_1,date_of_death\n"+
		"9990000018,Quist,14/03/1951,1 Mill Lane,SY23 1AA,Dr B. Rowan,The Surgery,\n9990000026,Ferrow,1944-04-05,2 Mill Lane,SY23 1AB,,,\n9990000034,Marsh,1939-05-06,,,,,2025-12-24\n"), 0o600))
	b.do(chromedp.SetUploadFiles("#file", []string{traced}), chromedp.SetValue("#day", time.Now().UTC().Format(time.DateOnly)), chromedp.SendKeys("#source", "PDS"), chromedp.Click("#send-trace"))
	b.shows("3 rows: 3 patients recorded, of whom 1 died")
	b.shows("Ready (2)")
	b.shows("The trace says: died.")
	b.accessible("letters")
	b.screenshot("letters")
	b.size(820, 1180)
	b.screenshot("letters-tablet")
	b.size(1280, 800)
	b.do(chromedp.SendKeys("#explain", "The coating of some stems came loose earlier than it should."), chromedp.SendKeys("#hospital", "Fellside Hospital, Mill Lane"), chromedp.SendKeys("#phone", "01632 960 001"),
		chromedp.SendKeys("#signed", "R. Dene, recall coordinator"), chromedp.Click("#copies"), chromedp.Click("#make-letters"))
	letters := arrived("letters-*.pdf")
	if tool, err := exec.LookPath("pdftoppm"); err == nil {
		dir := os.Getenv("IMPLANTRACE_SCREENSHOTS")
		if dir == "" {
			dir = filepath.Join("..", "..", "bin", "screenshots")
		}
		must(os.MkdirAll(dir, 0o755))
		if out, err := exec.Command(tool, "-r", "60", "-png", "-l", "1", letters, filepath.Join(dir, "letter")).CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		out, err := exec.Command("pdftotext", letters, "-").Output()
		must(err)
		for _, want := range []string{"Dear Ottoline Quist", "Dear Basil Ferrow", "1 Mill Lane", "your consultant, Mr A. Okafor", "Copy for the GP of Ottoline Quist"} {
			if !strings.Contains(string(out), want) {
				t.Errorf("%q does not stand in the letters", want)
			}
		}
		if strings.Contains(string(out), "Marsh") {
			t.Error("a letter to the dead")
		}
	}

	// Quarantine by scan, with a witness.
	b.do(chromedp.Navigate(at), chromedp.Click(`a[href^="/stock?notice="]`))
	b.shows("Scan the device")
	b.do(chromedp.SetValue("#move", "put-aside"), chromedp.SendKeys("#place", "Cupboard 2"), chromedp.SetValue("#quantity", "3"), chromedp.SendKeys("#who", "A. Bee"), chromedp.SendKeys("#code", stem+"\r"))
	b.shows("say who did it, and who saw it")
	b.accessible("stock, refused")
	b.do(chromedp.SendKeys("#witness", "C. Dee"), chromedp.Click("#record-stock"))
	b.shows("3 pieces, 3 put aside")

	// The cases, the action, the end.
	b.do(chromedp.Navigate(at))
	b.shows("Work list")
	board, err := office.Board(t.Context(), notice)
	must(err)
	for i, c := range board.Cases {
		must(office.Change(t.Context(), casework.ChangeCases{Meta: meta(), NoticeID: notice, Cases: []casework.Touched{{Case: c.ID, Seen: c.Last()}}, Status: []trace.CaseStatus{trace.CaseMonitor, trace.CaseKeep, trace.CaseDied}[i], Note: "Reviewed"}))
	}
	b.do(chromedp.Navigate(at), chromedp.SetValue("#answer-0", "done"), chromedp.Click(`form.answer button`))
	b.shows("Required actions (0 not answered)")
	b.shows("3 settled")
	b.do(chromedp.Click("#state"))
	b.shows("Closed: scans are not compared with it.")
	b.accessible("a notice that is closed")
	b.screenshot("notice-closed")

	// What was done is proved, by the command alone.
	b.do(chromedp.Click("#make-evidence"))
	pack := arrived("evidence-*.zip")
	key := filepath.Join(t.TempDir(), "node.vkey")
	must(os.WriteFile(key, []byte(n.node.Store.VerifierKey()), 0o600))
	out, err := exec.Command("go", "run", "implantrace/cmd/implantrace", "verify", "--evidence", pack, "--key", key).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "all as signed, and as the entries say") {
		t.Errorf("%v: %s", err, out)
	}
	b.leavesNothing(n.url)
}
