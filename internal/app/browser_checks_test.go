package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"implantrace/internal/app"
	"implantrace/internal/casework"
	"implantrace/internal/catalogue"
	"implantrace/internal/command"
	"implantrace/internal/directory"
	"implantrace/internal/recall"
	"implantrace/internal/staff"
	"implantrace/internal/trace"
)

// crew is somebody with an account, and what they alone know.
type crew struct{ badge, pin string }

// firstSignIn goes through the first sign-in with a code.
func firstSignIn(t *testing.T, o *staff.Office, code, login, name string, c crew) {
	t.Helper()
	from := staff.From{Address: "127.0.0.1"}
	seed, err := o.Begin(t.Context(), from, staff.First{Code: code, Login: login, Name: name, Badge: c.badge, Password: "four words for " + login + " only", PIN: c.pin})
	if err != nil {
		t.Fatal(err)
	}
	shown, err := totp.GenerateCode(seed.Text, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.Finish(t.Context(), from, seed.Pending, shown); err != nil {
		t.Fatal(err)
	}
}

// hire gives somebody an account with a role.
func hire(t *testing.T, o *staff.Office, name string, c crew, role staff.Role) crew {
	t.Helper()
	login := strings.ToLower(strings.ReplaceAll(name, " ", "."))
	_, code, err := o.Hire(t.Context(), staff.Hire{Meta: command.Meta{ID: trace.NewEventID()}, Name: name, Login: login, Badge: c.badge, Roles: []staff.Role{role}})
	if err != nil {
		t.Fatal(err)
	}
	firstSignIn(t, o, code, login, name, c)
	return c
}

const (
	expiredStem  = "09520140001039" // its pack is out of date
	rightFemoral = "09520140001145"
	recalledCup  = "09520140001213"
	usedHead     = "09520140001015" // this very piece is in somebody else
	liner32      = "09520140001220"
	head36       = "09520140001237"
	lens22       = "09520140001244"
	bareProduct  = "09520140001251" // of which the catalogue says a name alone
	unknownDI    = "09520140001268"
)

// colours is a script for how a verdict looks: its edge and its ground.
func colours(verdict string) string {
	return `(v => { const s = getComputedStyle(v); return s.borderTopColor + " " + s.borderTopStyle + " " + s.backgroundColor })(` + verdict + `)`
}

// The stops and warnings of a theatre, as a nurse sees them: none of them can be
// passed by one person alone.
func TestTheChecksInABrowser(t *testing.T) {
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
	nurse := hire(t, n.node.Staff, "Nell Nurse", crew{"NURSE-1", "590101"}, staff.Theatre)
	surgeon := hire(t, n.node.Staff, "Sue Surgeon", crew{"SURGEON-1", "594242"}, staff.Clinician)
	_, key, err := n.node.Staff.Enrol(t.Context(), meta(), staff.Account{Sort: trace.MachineAccount, Name: "Theatre 4"})
	ok(err)

	// What the hospital knows: a catalogue, a recall notice, an earlier operation.
	const rows = "di,description,maker,kind,side,head_diameter,inner_diameter,taper,bearing,power,single_use,sterile,latex,mri\n" +
		expiredStem + ",Femoral stem,Northmoor,stem,not-applicable,,,12/14,,,yes,yes,no,safe\n" +
		rightFemoral + ",Femoral component,Northmoor,femoral,right,,,,,,yes,yes,no,safe\n" +
		recalledCup + ",Acetabular cup,Northmoor,cup,not-applicable,,,,,,yes,yes,no,safe\n" +
		usedHead + ",Femoral head 32,Northmoor,head,not-applicable,32 mm,,12/14,ceramic,,yes,yes,no,safe\n" +
		liner32 + ",Liner 32,Northmoor,liner,not-applicable,,32 mm,,polyethylene,,yes,yes,no,safe\n" +
		head36 + ",Femoral head 36,Northmoor,head,not-applicable,36 mm,,12/14,ceramic,,yes,yes,no,safe\n" +
		lens22 + ",Lens,Ashlar,lens,not-applicable,,,,,'+22.0 D,yes,yes,no,safe\n" +
		bareProduct + ",Something,,,,,,,,,,,,\n"
	report, err := catalogue.Import(t.Context(), r, catalogue.ReadCSV(strings.NewReader(rows), t.TempDir()), catalogue.Options{Source: "makers",
		Refused: func(x catalogue.Refusal) { t.Errorf("%+v", x) }})
	ok(err)
	if report.Recorded != 8 {
		t.Fatalf("%+v", report)
	}
	_, err = n.node.Office.Save(t.Context(), casework.SaveNotice{Meta: meta(), Notice: recall.Notice{Title: "Cups that crack", References: []recall.Reference{{Of: "FSCA", Number: "1"}},
		Criteria: recall.Criteria{DIs: recall.Texts{recalledCup}, Lots: recall.Named("BAD1")}}})
	ok(err)
	before, err := r.OpenProcedure(t.Context(), command.OpenProcedure{Meta: meta(), Who: command.Who{NHSNumber: "9990000026"}, Code: trace.Code{Text: "Hip"}, Side: trace.SideRight})
	ok(err)
	_, err = r.RecordUsage(t.Context(), command.RecordUsage{Meta: meta(), Procedure: before, Status: trace.Implanted, Carriers: []trace.Carrier{{Symbology: "]d2", Text: "01" + usedHead + "17310630" + "10A1\x1d21SN-1"}}})
	ok(err)
	ok(r.CloseProcedure(t.Context(), command.CloseProcedure{Meta: meta(), Procedure: before}))

	b := openBrowser(t)
	if _, err := chromedp.Call(b.ctx, network.SetCookie, network.SetCookieParams{Name: "implantrace-machine", Value: key, URL: n.url, HTTPOnly: new(true)}); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Navigate(n.url+"/sign-in"), chromedp.SetValue("#badge", nurse.badge), chromedp.SetValue("#pin", nurse.pin), chromedp.Click("#sign-in-badge"))
	b.shows("What this node holds")
	b.do(chromedp.Navigate(n.url + "/theatre"))
	n.scan(wristband)
	b.shows("Patient identified")
	b.do(chromedp.SetValue("#text", "Total hip replacement"), chromedp.SetValue("#side", "left"), chromedp.SetValue("#latex_allergy", "no"), chromedp.Click("#open"))
	b.shows("Open procedure")

	// verdict is the class of the last reading's verdict, and its words.
	verdict := func(level, words string) {
		t.Helper()
		b.shows(words)
		if got := eval[string](b, `[...document.querySelector("#last .verdict").classList].find(c => c.startsWith("verdict--"))`); got != "verdict--"+level {
			t.Errorf("%q is shown as %q, want %s", words, got, level)
		}
	}
	pack := func(di, more string) { n.scan("]d201" + di + more) }
	pack(expiredStem, "17200101"+"10E1\x1d21E1")
	verdict("stop", "Expired on 1 January 2020")
	pack(rightFemoral, "17310630"+"10F1\x1d21F1")
	verdict("stop", "made for the right side, and is for the left")
	pack(recalledCup, "17310630"+"10BAD1\x1d21C1")
	verdict("stop", "named by the recall notice: FSCA 1: Cups that crack")
	pack(usedHead, "17310630"+"10A1\x1d21SN-1")
	verdict("stop", "this piece was implanted on")
	b.screenshot("checks-stop")
	pack(liner32, "17310630"+"10L1\x1d21L1")
	b.shows("L1")
	pack(head36, "17310630"+"10H1\x1d21H1")
	verdict("warn", "The head has 36 mm, and the liner takes 32 mm.")

	// A product of which nothing is known is grey, never green.
	pack(bareProduct, "17310630"+"10B1\x1d21B1")
	verdict("not-checked", "not everything could be checked")
	grey := eval[string](b, colours(`document.querySelector("#last .verdict")`))
	pack(liner32, "17310630"+"10L2\x1d21L2")
	b.shows("L2")

	// One that nobody knows: recorded, and asked about in a few words.
	pack(unknownDI, "17310630"+"10U1\x1d21U1")
	b.shows("Product not in the catalogue")
	if got := eval[string](b, `document.querySelector("#last .verdict").className`); strings.Contains(got, "pass") {
		t.Errorf("a product that nobody knows is shown as %q", got)
	}
	b.do(chromedp.SetValue(`[name=description]`, "Cement restrictor, blue"), chromedp.Click(`[id^="describe-"]`))
	b.shows("Cement restrictor, blue (not in the catalogue)")
	b.accessible("theatre with stops")

	// The plan asks for another power.
	st, err := n.node.Desk.State(t.Context())
	ok(err)
	power, _ := trace.FieldOf("power")
	lens := trace.Attributes{Kind: trace.KindLens}
	ok(power.Set(&lens, "+21.0 D"))
	ok(r.SetPlan(t.Context(), command.SetPlan{Meta: meta(), Procedure: st.Procedure.Procedure.ID, Items: []trace.PlanItem{{Attributes: lens}}}))
	pack(lens22, "17310630"+"10Z1\x1d21Z1")
	verdict("warn", "Planned otherwise: power +21.0 D, and this has +22.0 D.")

	// One person clears no stop; a second one with a badge of their own does.
	st, err = n.node.Desk.State(t.Context())
	ok(err)
	var stopped string
	for _, u := range st.Procedure.Usages {
		if u.Usage.Device.DI == expiredStem {
			stopped = u.Usage.ID.String()
		}
	}
	// One step in the page each: between two of them a part of it may be drawn anew.
	typed := func(field, value string) {
		t.Helper()
		eval[int](b, fmt.Sprintf(`(() => { const f = document.getElementById(%q); f.closest("details").open = true; f.value = %q; return 0 })()`, "clear-"+field+"-"+stopped, value))
	}
	clear := func(c crew) {
		t.Helper()
		for field, value := range map[string]string{"surgeon": "Miss S Surgeon", "reason": "Label misprinted, the maker confirms", "badge": c.badge, "pin": c.pin} {
			typed(field, value)
		}
		eval[int](b, `document.getElementById("clear-`+stopped+`").click(); 0`)
	}
	// What is half typed there stays when a scan draws the devices anew.
	typed("reason", "Label mis")
	pack(lens22, "17310630"+"10Z2\x1d21Z2")
	for deadline := time.Now().Add(time.Minute); !eval[bool](b, `document.getElementById("devices").innerText.includes("Z2")`); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the devices never show the last scan")
		}
	}
	if half := eval[string](b, `(() => { const f = document.getElementById("clear-reason-`+stopped+`"); return f.closest("details").open + " " + f.value })()`); half != "true Label mis" {
		t.Errorf("after a scan the half-typed form has %q", half)
	}
	clear(nurse)
	b.shows("This is the badge of whoever is signed in.")
	if strings.Contains(b.text(), "Stop cleared by") {
		t.Error("one person cleared a stop")
	}
	clear(surgeon)
	b.shows("Stop cleared by Sue Surgeon")
	b.screenshot("checks-cleared")
	if green := eval[string](b, colours(`(() => { const v = document.createElement("section"); v.className = "verdict verdict--pass"; return document.body.appendChild(v) })()`)); green == grey {
		t.Errorf("what was not checked has the colour of a pass, %s", grey)
	}
	b.leavesNothing(n.url)
}

// The pages about what a theatre knows, with something on each, in both sizes.
func TestThePagesOfWhatATheatreKnowsAreAccessible(t *testing.T) {
	n := serve(t, app.Config{})
	r := n.node.Recorder
	meta := byTest
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := directory.ListStaff(t.Context(), r, directory.Staff{Meta: meta(), StaffFact: trace.StaffFact{Badge: "950110153000300015", Name: "A. Dene", Role: "surgeon", Register: trace.RegisterGMC, Number: "1234567"}})
	ok(err)
	_, err = directory.ListCode(t.Context(), r, directory.Code{Meta: meta(), CodeFact: trace.CodeFact{System: trace.SystemOPCS4, Code: "W37.1", Text: "Total hip replacement"}})
	ok(err)
	_, err = r.EditProduct(t.Context(), command.EditProduct{Meta: meta(), DI: liner32, Fields: map[string]string{"maker": "Northmoor", "description": "Liner 32", "kind": "liner"}, Verified: []string{"kind"}, Who: "K. Keeper"})
	ok(err)
	p, err := r.OpenProcedure(t.Context(), command.OpenProcedure{Meta: meta(), Who: command.Who{NHSNumber: "9990000018", Family: "Quist"}, Code: trace.Code{System: trace.SystemOPCS4, Code: "W37.1"}, Side: trace.SideLeft,
		Place: trace.Place{GLN: "9520000000004"}, People: []trace.Person{{Code: "B-7"}}})
	ok(err)
	for _, di := range []string{liner32, unknownDI} {
		_, err = r.RecordUsage(t.Context(), command.RecordUsage{Meta: meta(), Procedure: p, Carriers: []trace.Carrier{{Symbology: "]d2", Text: "01" + di + "17310630" + "10L1"}}})
		ok(err)
	}
	ok(r.SetPlan(t.Context(), command.SetPlan{Meta: meta(), Procedure: p, Items: []trace.PlanItem{{DI: liner32}}, Stays: []trace.StaysItem{{Attributes: trace.Attributes{Kind: trace.KindCup}}}, ToConfirm: true, Who: "A. Dene"}))
	b := openBrowser(t)
	for _, path := range []string{"/directory", "/directory?list=places", "/directory?list=codes", "/directory/print?list=staff", "/directory/print?list=codes", "/theatre/workstations", "/theatre/actions", "/catalogue", "/catalogue/queue",
		"/catalogue/readiness", "/catalogue/" + liner32, "/catalogue/" + unknownDI, "/procedures/" + p.String() + "/plan", "/checks", "/quarantine", "/scanners", "/scanners/notes"} {
		for _, size := range [][2]int64{{1280, 800}, {820, 1180}} {
			b.size(size[0], size[1])
			b.do(chromedp.Navigate(n.url+path), chromedp.WaitReady("main"))
			b.accessible(fmt.Sprintf("%s at %dx%d", path, size[0], size[1]))
			if eval[bool](b, `document.documentElement.scrollWidth > innerWidth`) {
				t.Errorf("%s at %d: the page is wider than the screen", path, size[0])
			}
		}
	}
	// What is printed is as large as readers like it: a symbol of 18 mm and its quiet zone.
	b.do(chromedp.Navigate(n.url+"/directory/print?list=staff"), chromedp.WaitReady("svg.symbol"))
	if wide := eval[float64](b, `document.querySelector("svg.symbol").getBoundingClientRect().width`); wide < 60 || wide > 80 {
		t.Errorf("the symbol is %.0f pixels wide, and 18 mm are 68", wide)
	}
	b.leavesNothing(n.url)
}
