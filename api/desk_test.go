package api_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"implantrace/internal/staff"
)

// theatre is a theatre machine with somebody of each kind who works there.
type theatreCrew struct {
	machine        *visitor
	nurse, surgeon *member
	other          *member
}

// crew enrols a machine, and hires a nurse, a surgeon and another nurse.
func (n *node) crew() theatreCrew {
	n.t.Helper()
	admin, _ := n.administrator(n.staffed())
	c := theatreCrew{nurse: admin.hire("Nell Nurse", "NN-1", staff.Theatre), surgeon: admin.hire("Sue Surgeon", "SS-2", staff.Clinician), other: admin.hire("Omar Other", "OO-3", staff.Theatre)}
	admin.page("/staff").want(200)
	admin.form("/staff/machines", url.Values{"id": {n.id()}, "name": {"Theatre 4"}}).want(303)
	admin.page("/staff").want(200, "This is Theatre 4")
	// The administrator signs out; the machine stays what it is.
	c.machine = n.visitor()
	c.machine.cookies["implantrace-machine"] = admin.cookies["implantrace-machine"]
	return c
}

// At a theatre machine a badge and a PIN sign in, another badge switches, and the
// procedure stays open through all of it.
func TestBadgesSwitchWhileTheProcedureStaysOpen(t *testing.T) {
	n := newNode(t)
	c := n.crew()
	elsewhere := n.visitor()
	elsewhere.badge(c.nurse).want(403, "Badge and PIN are for theatre machines")
	m := c.machine
	m.page("/theatre").want(200, "Nobody is signed in", "Badge")
	m.form("/sign-in", url.Values{"badge": {c.nurse.badge}, "pin": {"000000"}}).want(401)
	m.page("/sign-in").want(200, "Badge and PIN at Theatre 4")
	m.badge(c.nurse).want(303)
	m.page("/theatre").want(200, "Nell Nurse", "Open procedure")
	m.form("/theatre/open", url.Values{"id": {n.id()}, "nhs_number": {ada}, "text": {"Hip"}, "side": {"left"}}).want(303)
	m.page("/theatre").want(200, "Close procedure")
	session := m.cookies["implantrace"]
	stale := m.token
	m.page("/sign-in")
	m.badge(c.other).want(303)
	if m.cookies["implantrace"] == session {
		t.Error("two people have one session")
	}
	m.page("/theatre").want(200, "Omar Other", "Close procedure")
	old := n.visitor()
	old.cookies["implantrace"], old.cookies["implantrace-machine"] = session, m.cookies["implantrace-machine"]
	old.page("/patients").want(401)
	// A page that the first person loaded does nothing in the name of the second;
	// its scans are recorded, as the second's.
	m.token = stale
	m.form("/theatre/close", url.Values{"id": {n.id()}, "procedure": {n.id()}}).want(403, "of another sign-in")
	m.token = stale
	a := m.post("/api/v1/readings", n.fill(`{"id":"{new r}","text":"(01)`+stem+`(10)LOT1"}`)).want(201)
	if a.value("unconfirmed") != nil {
		t.Error("a scan while somebody is signed in is not confirmed")
	}
}

// The desk's own scanner reads a badge, and the page asks for its bearer's PIN; the
// next reading takes that away.
func TestAScannedBadgeAsksForItsPIN(t *testing.T) {
	n := newNode(t)
	admin, _ := n.administrator(n.staffed())
	const gsrn = "505089800000000126"
	nurse := admin.hire("Nell Nurse", gsrn, staff.Theatre)
	admin.page("/staff")
	admin.form("/staff/machines", url.Values{"id": {n.id()}, "name": {"Theatre 4"}}).want(303)
	m, elsewhere := n.visitor(), n.visitor()
	m.cookies["implantrace-machine"] = admin.cookies["implantrace-machine"]
	m.page("/theatre").want(200, "Nobody is signed in")
	scan := func(text string) string {
		m.page("/theatre")
		return m.post("/api/v1/readings", `{"id":"`+n.id()+`","text":"`+text+`"}`).want(201).value("reading").(string)
	}
	asks := func(yes bool) {
		t.Helper()
		if got := strings.Contains(m.page("/theatre").want(200).text(), "PIN of Nell Nurse"); got != yes {
			t.Errorf("that the page asks for a PIN is %v", got)
		}
	}
	reading := scan("8017" + gsrn)
	asks(true)
	if strings.Contains(m.page("/theatre/board").want(200, "PIN of Nell Nurse").text(), `value="`+gsrn) {
		t.Error("the form holds the badge's code")
	}
	elsewhere.page("/sign-in")
	elsewhere.form("/sign-in", url.Values{"scanned": {reading}, "pin": {nurse.pin}}).want(403, "not enrolled")
	m.page("/theatre")
	m.form("/sign-in", url.Values{"scanned": {reading}, "pin": {"000000"}}).want(401)
	asks(true)
	scan("(01)" + stem + "(10)LOT1")
	asks(false)
	m.form("/sign-in", url.Values{"scanned": {reading}, "pin": {nurse.pin}}).want(409, "Scan the badge again")
	scan("8017" + gsrn)
	n.clock.move(3 * time.Minute)
	asks(false)
	reading = scan("8017" + gsrn)
	m.page("/theatre")
	m.form("/sign-in", url.Values{"scanned": {reading}, "pin": {nurse.pin}, "next": {"/theatre"}}).want(303)
	m.page("/theatre").want(200, "Nell Nurse", "Open procedure")
	asks(false)
	scan("8017" + gsrn) // her own
	asks(false)
	scan("8017505089800000000133") // nobody's who has an account
	asks(false)
	m.page("/theatre")
	m.form("/lock", url.Values{})
	scan("8017" + gsrn)
	asks(true)
}

// A theatre page that locks in the middle of a procedure goes on checking and
// recording scans, marked as not confirmed; history, search and overrides lock.
func TestALockedTheatrePageGoesOnScanning(t *testing.T) {
	n := newNode(t)
	c := n.crew()
	m := c.machine
	m.page("/theatre")
	m.badge(c.nurse).want(303)
	m.page("/theatre")
	m.form("/theatre/open", url.Values{"id": {n.id()}, "nhs_number": {ada}, "text": {"Hip"}, "side": {"left"}}).want(303)
	m.page("/theatre")
	n.clock.move(staff.Usual.Idle + time.Second)
	a := m.page("/theatre").want(200, "Locked", "operator not confirmed", "Testwell"[:0])
	for _, gone := range []string{"Close procedure", "/theatre/usages/", "/theatre/forget", "/theatre/open"} {
		if strings.Contains(a.text(), gone) {
			t.Errorf("the locked page offers %s", gone)
		}
	}
	entries := n.entries()
	scan := m.post("/api/v1/readings", n.fill(`{"id":"{new r}","text":"(01)`+stem+`(10)LOT1"}`)).want(201, `"verdict"`, `"unconfirmed":true`)
	usage, _ := scan.value("usage").(string)
	if n.entries() <= entries || usage == "" {
		t.Fatal("the scan was not recorded")
	}
	m.page("/theatre").want(200, "Operator not confirmed", "Locked")
	// While it is locked, nothing else.
	for _, target := range []string{"/patients", n.fill("/procedures/{r}"), "/recall", "/account", "/notices"} {
		m.page(target).want(401, "Unlock")
	}
	m.form("/theatre/usages/"+usage+"/outcome", url.Values{"id": {n.id()}, "status": {"implanted"}, "override": {"label-compared"}}).want(401)
	m.send(request{target: "/api/v1/procedures"}).problem(401, "locked")
	// The same person unlocks with the PIN, and a night's absence locks for good.
	m.page("/theatre")
	m.badge(c.nurse).want(303)
	m.page("/theatre").want(200, "Close procedure", "Operator not confirmed")
	n.clock.move(13 * time.Hour)
	m.page("/theatre").want(200, "Nobody is signed in")
	m.post("/api/v1/readings", n.fill(`{"id":"{new s}","text":"(01)`+stem+`(10)LOT2"}`)).want(201, `"unconfirmed":true`)
	// Who did what is in the entries of the journal.
	n.send(request{socket: true, host: "implantrace", target: "/api/v1/usages/" + usage}).want(200, `"unconfirmed":true`)
}

// A stop is cleared by a second person, with their own badge and PIN, and never
// out of the session of the first.
func TestASecondPersonClearsAStop(t *testing.T) {
	n := newNode(t)
	c := n.crew()
	m := c.machine
	m.page("/theatre")
	m.badge(c.nurse).want(303)
	m.page("/theatre")
	m.form("/theatre/open", url.Values{"id": {n.id()}, "nhs_number": {ada}, "text": {"Hip"}, "side": {"left"}}).want(303)
	m.page("/theatre")
	scan := m.post("/api/v1/readings", n.fill(`{"id":"{new r}","text":"(01)`+stem+`(17)200101(10)LOT1"}`)).want(201, `"level":"stop"`)
	usage := scan.value("usage").(string)
	clear := "/theatre/usages/" + usage + "/clear"
	f := func(badge, pin, surgeon, reason string) url.Values {
		return url.Values{"id": {n.id()}, "badge": {badge}, "pin": {pin}, "surgeon": {surgeon}, "reason": {reason}}
	}
	m.page("/theatre").want(200, "Clear the stop: second person")
	const why = "Label misprinted, maker rang back"
	for _, bad := range []struct {
		fields url.Values
		status int
	}{
		{f(c.nurse.badge, c.nurse.pin, "Miss S", why), 403},     // oneself
		{f(c.other.badge, c.other.pin, "Miss S", why), 403},     // no clinician
		{f(c.surgeon.badge, "000001", "Miss S", why), 401},      // the wrong PIN
		{f(c.surgeon.badge, c.surgeon.pin, "", why), 422},       // nobody named
		{f(c.surgeon.badge, c.surgeon.pin, "Miss S", " "), 422}, // no reason
		{f("", "", "Miss S", why), 401},                         // nobody
		{f(c.nurse.badge, c.surgeon.pin, "Miss S", why), 401},   // another's PIN
	} {
		m.page("/theatre")
		m.form(clear, bad.fields).want(bad.status)
	}
	m.page("/theatre").want(200, "Use another device")
	m.form(clear, f(c.surgeon.badge, c.surgeon.pin, "Miss S Surgeon", why)).want(303)
	m.page("/theatre").want(200, "Stop cleared by Sue Surgeon", "Nell Nurse")
	// The nurse is signed in still, and the surgeon is not.
	m.send(request{target: "/api/v1/me"}).want(200, "Nell Nurse", `"theatre"`)
	// Once cleared it is recorded as implanted without another question.
	m.form("/theatre/usages/"+usage+"/outcome", url.Values{"id": {n.id()}, "status": {"implanted"}}).want(303)
	a := n.send(request{socket: true, host: "implantrace", target: "/api/v1/usages/" + usage}).want(200, `"status":"implanted"`, `"second_account":"`+c.surgeon.id+`"`, `"surgeon":{"name":"Miss S Surgeon","role":"surgeon"}`)
	if strings.Contains(a.text(), c.surgeon.pin) {
		t.Error("the PIN is in the record")
	}
	m.page("/theatre")
	m.form(clear, f(c.surgeon.badge, c.surgeon.pin, "Miss S", why)).want(409)
	// Not at a machine that is not enrolled, nor while the page is locked.
	v := n.visitor()
	v.signIn(c.nurse).want(303)
	v.page("/theatre").want(200)
	v.form(clear, f(c.surgeon.badge, c.surgeon.pin, "Miss S", why)).want(403, "theatre machine")
	m.page("/theatre")
	m.form("/lock", url.Values{}).want(303)
	m.form(clear, f(c.surgeon.badge, c.surgeon.pin, "Miss S", why)).want(401)
}
