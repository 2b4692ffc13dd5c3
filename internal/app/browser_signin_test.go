package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"implantrace/internal/app"
)

// look screenshots a page in both sizes and holds it against axe.
func (b *browser) look(name string) {
	b.t.Helper()
	for _, size := range [][2]int64{{1280, 800}, {820, 1180}} {
		b.size(size[0], size[1])
		b.accessible(fmt.Sprintf("%s at %d", name, size[0]))
		b.screenshot(fmt.Sprintf("%s-%d", name, size[0]))
	}
	b.size(1280, 800)
}

// authenticator gives the code of a seed, another than the last.
func authenticator(t *testing.T, seed, last string) string {
	t.Helper()
	for deadline := time.Now().Add(40 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		code, err := totp.GenerateCode(seed, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if code != last {
			return code
		}
	}
	t.Fatal("the authenticator stands still")
	return ""
}

// TestPeopleSignInInABrowser: from the set-up code of the first start to a stop
// that a second person clears, as people do it.
func TestPeopleSignInInABrowser(t *testing.T) {
	n := begin(&served{t: t, asks: true, stopped: make(chan error, 1)}, app.Config{})
	b := openBrowser(t)
	b.do(chromedp.Navigate(n.url + "/patients"))
	b.shows("Nobody has an account yet")
	b.look("sign-in-empty")
	b.do(chromedp.Navigate(n.url + "/sign-in/first"))
	b.shows("Set this node up")
	b.look("set-up")
	first := func(code, login, name, pin string) (seed, used string) {
		b.do(chromedp.SetValue("#code", code), chromedp.SetValue("#login", login), chromedp.SetValue("#password", "correct horse battery staple"),
			chromedp.SetValue("#again", "correct horse battery staple"), chromedp.SetValue("#pin", pin))
		if name != "" {
			b.do(chromedp.SetValue("#name", name))
		}
		b.do(chromedp.Click("#begin"))
		b.shows("Set up your authenticator")
		b.do(chromedp.WaitVisible("main img"), chromedp.WaitVisible("#finish"))
		if !eval[bool](b, `document.querySelector('main img').naturalWidth > 100`) {
			t.Error("the picture for the authenticator is not shown")
		}
		b.look("authenticator")
		seed = eval[string](b, `document.getElementById('seed').textContent`)
		used = authenticator(t, seed, "")
		b.do(chromedp.SetValue("#code", used), chromedp.Click("#finish"))
		b.shows("Where you are signed in")
		return seed, used
	}
	_, _ = first(n.node.Staff.SetUpCode(), "ada.admin", "Ada Admin", "271828")
	b.look("account")

	// The administrator hires, and makes this machine a theatre machine.
	hire := func(name, login, badge string, roles ...string) (code string) {
		b.do(chromedp.Navigate(n.url + "/staff"))
		b.shows("A new member of staff")
		b.do(chromedp.SetValue("#name-new", name), chromedp.SetValue("#login-new", login))
		if badge != "" {
			b.do(chromedp.SetValue("#badge-new", badge))
		}
		for _, r := range roles {
			b.do(chromedp.Click("#role-" + r + "-new"))
		}
		b.do(chromedp.Click("#hire"))
		b.shows("One-time code for " + name)
		b.do(chromedp.WaitVisible("#one-time-code"))
		return eval[string](b, `document.getElementById('one-time-code').textContent`)
	}
	nurse := hire("Nell Nurse", "nell", "NN-1", "theatre")
	surgeon := hire("Sue Surgeon", "sue", "505089800000000126", "clinician")
	auditor := hire("Ann Auditor", "ann", "", "auditor")
	b.look("staff")
	b.do(chromedp.SetValue("#machine", "Theatre 4"), chromedp.Click("#enrol"))
	b.shows("This is Theatre 4")
	b.do(chromedp.Navigate(n.url+"/tokens"), chromedp.SetValue("#name", "Registry feed"), chromedp.Click("#scope-export-record"), chromedp.Click("#make"))
	b.shows("Token for Registry feed")
	b.look("tokens")
	out := func() {
		b.do(chromedp.Click("#sign-out"))
		b.shows("Sign in")
	}
	out()
	for _, one := range [][3]string{{nurse, "nell", "592010"}, {surgeon, "sue", "591130"}} {
		b.do(chromedp.Navigate(n.url + "/sign-in/first"))
		first(one[0], one[1], "", one[2])
		out()
	}

	// Badge and PIN at the theatre machine.
	badge := func(badge, pin, button string) {
		b.do(chromedp.SetValue("#badge", badge), chromedp.SetValue("#pin", pin), chromedp.Click(button))
	}
	b.do(chromedp.Navigate(n.url + "/theatre"))
	b.shows("Nobody is signed in")
	b.look("theatre-nobody")
	badge("NN-1", "592010", "#unlock")
	b.shows("Nell Nurse")
	n.scan(wristband)
	b.shows("999 000 0018")
	b.do(chromedp.SetValue("#text", "Total hip replacement"), chromedp.SetValue("#side", "left"), chromedp.Click("#open"))
	b.shows("Close procedure")
	n.scan("]d2010952014000103917200101" + "10K4417B") // expired
	b.shows("Only a second person")

	// The page locks; scans go on, and are marked.
	b.do(chromedp.Click("#lock"))
	b.shows("operator not confirmed")
	n.scan(head)
	b.shows("SN-0042")
	b.shows("Operator not confirmed.")
	if text := b.text(); strings.Contains(text, "Close procedure") || strings.Contains(text, "Clear the stop") {
		t.Error("the locked page offers what is locked")
	}
	// What is half typed stays while scans come.
	b.do(chromedp.SetValue("#badge", "NN-1"))
	n.scan("]d201095201400010391731063010K4417C")
	b.shows("K4417C")
	if got := eval[string](b, `document.getElementById('badge').value`); got != "NN-1" {
		t.Errorf("a scan leaves %q of what was typed", got)
	}
	b.look("theatre-locked")
	b.do(chromedp.SetValue("#pin", "592010"), chromedp.Click("#unlock"))
	b.shows("Close procedure")

	// The second person clears the stop, and the first stays signed in.
	clear := `document.querySelector('[id^="clear-badge-"]').id.slice(12)`
	b.do(chromedp.WaitReady(`[id^="clear-badge-"]`))
	usage := eval[string](b, clear)
	eval[int](b, `document.getElementById('clear-`+usage+`').closest('details').open = true; 0`)
	b.do(chromedp.SetValue("#clear-surgeon-"+usage, "Sue Surgeon"), chromedp.SetValue("#clear-reason-"+usage, "The maker confirms a misprint"),
		chromedp.SetValue("#clear-badge-"+usage, "505089800000000126"), chromedp.SetValue("#clear-pin-"+usage, "591130"))
	eval[int](b, `document.getElementById('clear-`+usage+`').scrollIntoView({block: 'center'}); 0`)
	b.look("theatre-second-person")
	b.do(chromedp.Click("#clear-" + usage))
	b.shows("Stop cleared by Sue Surgeon")
	b.shows("Nell Nurse")
	b.look("theatre-cleared")

	// Her badge, scanned, asks for her PIN; she takes over, and the procedure stays open.
	n.scan("8017505089800000000126")
	b.shows("PIN of Sue Surgeon")
	until(t, "that the PIN can be typed at once", func() bool { return eval[bool](b, `document.activeElement?.id === 'bearer-pin'`) })
	b.look("theatre-badge")
	b.do(chromedp.SetValue("#bearer-pin", "591130"), chromedp.Click("#bearer-in"))
	until(t, "that she is signed in", func() bool { return strings.Contains(strings.Join(strings.Fields(b.text()), " "), "Sue Surgeon Lock") })
	b.shows("Close procedure")
	out()

	// An auditor sees it, and breaks the glass.
	b.do(chromedp.Navigate(n.url + "/sign-in/first"))
	first(auditor, "ann", "", "593330")
	b.do(chromedp.Navigate(n.url + "/audit"))
	b.shows("Had a stop cleared")
	b.look("audit")
	b.do(chromedp.Navigate(n.url+"/break-glass"), chromedp.SetValue("#reason", "The ward asks what she has in her hip"))
	b.look("break-glass")
	b.do(chromedp.Click("#break"))
	b.shows("The glass is broken until")
	b.do(chromedp.SetValue("#nhs_number", "9990000018"), chromedp.Submit("#nhs_number"))
	b.shows("Quist")
	b.look("glass-broken")
	b.do(chromedp.Navigate(n.url+"/audit"), chromedp.SetValue("#nhs_number", "9990000018"), chromedp.Click("#report"))
	b.shows("Access report")
	b.look("access-report")
	b.leavesNothing(n.url)
}
