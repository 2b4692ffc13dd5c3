package api_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"implantrace/internal/staff"
)

// The first start: a code from the console makes the first administrator, once,
// and nothing else opens the node.
func TestTheFirstStartMakesOneAdministrator(t *testing.T) {
	n := newNode(t)
	office := n.staffed()
	stranger := n.visitor()
	stranger.page("/").want(401, "Nobody has an account yet", "Set this node up")
	stranger.page("/patients").want(401, "Sign in")
	f := url.Values{"login": {"mallory"}, "name": {"Mallory"}, "password": {passphrase}, "again": {passphrase}, "pin": {"271828"}}
	for _, code := range []string{"", "0000-0000-0000-0000", "admin", "password"} {
		f.Set("code", code)
		if a := stranger.form("/sign-in/first", f); a.Status != 401 && a.Status != 429 {
			t.Errorf("%q: %d", code, a.Status)
		}
	}
	for _, login := range []string{"admin", "administrator", "root", "implantrace"} {
		n.visitor().form("/sign-in", url.Values{"login": {login}, "password": {login}, "code": {"000000"}}).want(401)
	}
	n.clock.move(time.Hour)
	code := office.SetUpCode()
	for _, bad := range []struct{ password, pin, says string }{
		{"short", "271828", "12 to 128 characters"}, {"aaaaaaaaaaaaaaaa", "271828", "again and again"}, {"password1234", "271828", "anybody would try"},
		{passphrase, "111111", "again and again"}, {passphrase, "123456", "a run of them"}, {passphrase, "12", "6 to 8 digits"},
	} {
		n.visitor().form("/sign-in/first", url.Values{"code": {code}, "login": {"ada"}, "name": {"Ada"}, "password": {bad.password}, "again": {bad.password}, "pin": {bad.pin}}).want(422, bad.says)
	}
	v, m := n.administrator(office)
	v.page("/account").want(200, "Ada Admin", "administrator", "this one")
	v.page("/staff").want(200, "Ada Admin")
	v.page("/patients").want(403)
	if office.SetUpCode() != "" {
		t.Error("the set-up code is good still")
	}
	f.Set("code", code)
	n.visitor().form("/sign-in/first", f).want(401)
	// And the administrator can come back, with all three things that they know and have.
	n.visitor().signIn(m).want(303)
	for _, wrong := range []url.Values{
		{"login": {m.login}, "password": {passphrase}, "code": {"000000"}}, {"login": {m.login}, "password": {passphrase}, "code": {""}},
	} {
		n.visitor().form("/sign-in", wrong).want(401, "That is not right")
	}
}

func TestAnAuthenticatorsCodeIsGoodOnce(t *testing.T) {
	n := newNode(t)
	_, m := n.administrator(n.staffed())
	f := url.Values{"login": {m.login}, "password": {m.password}, "code": {m.code(n)}}
	n.visitor().form("/sign-in", f).want(303)
	n.visitor().form("/sign-in", f).want(401)
	n.clock.move(30 * time.Second)
	n.visitor().form("/sign-in", f).want(401)
	f.Set("code", m.code(n))
	n.visitor().form("/sign-in", f).want(303)
}

// A session is a new secret at each sign-in, and opens nothing once it is over.
func TestSessionsCannotBeFixedOrStolen(t *testing.T) {
	n := newNode(t)
	_, m := n.administrator(n.staffed())
	v := n.visitor()
	v.cookies["implantrace"] = "chosen-by-somebody-else"
	v.signIn(m).want(303)
	if v.cookies["implantrace"] == "chosen-by-somebody-else" || len(v.cookies["implantrace"]) < 40 {
		t.Fatalf("the session is %q", v.cookies["implantrace"])
	}
	for _, c := range v.set {
		if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.MaxAge <= 0 || c.Domain != "" {
			t.Errorf("the cookie %+v", c)
		}
	}
	thief := n.visitor()
	thief.cookies["implantrace"] = v.cookies["implantrace"]
	thief.page("/staff").want(200)
	v.page("/account").want(200)
	v.form("/sign-out", url.Values{}).want(303)
	if v.cookies["implantrace"] != "" {
		t.Error("the browser has the cookie still")
	}
	thief.page("/staff").want(401)
	// Signing in again over a session ends it: what was copied of it is dead.
	v.signIn(m).want(303)
	thief.cookies["implantrace"] = v.cookies["implantrace"]
	v.signIn(m).want(303)
	thief.page("/staff").want(401)
	// It ends by itself when nothing is done, and at the latest after half a day.
	n.clock.move(staff.Usual.Idle)
	v.page("/account").want(401)
	v.signIn(m).want(303)
	for range 12 * 6 {
		n.clock.move(10 * time.Minute)
		v.page("/account")
	}
	v.page("/account").want(401)
	if strings.Contains(n.log.String(), m.password) || strings.Contains(n.log.String(), m.pin) || strings.Contains(n.log.String(), thief.cookies["implantrace"]) {
		t.Error("the log has a secret")
	}
}

// Waits grow with each failure, an account that is locked out says how long, and
// spraying one password over all accounts runs into the wait of its address.
func TestFailuresWaitLongerAndLonger(t *testing.T) {
	n := newNode(t)
	admin, m := n.administrator(n.staffed())
	_ = admin
	wrong := url.Values{"login": {m.login}, "password": {"wrong wrong wrong"}, "code": {"000000"}}
	for range 3 {
		n.visitor().form("/sign-in", wrong).want(401)
	}
	waited := time.Duration(0)
	last := time.Duration(0)
	for range 6 {
		a := n.visitor().form("/sign-in", wrong).want(429, "Try again in")
		said := regexp.MustCompile(`Try again in ([0-9hms]+)\.`).FindStringSubmatch(a.text())
		wait, err := time.ParseDuration(said[1])
		if err != nil || wait <= last {
			t.Fatalf("the wait is %s after %s", said[1], last)
		}
		// The right password waits too, and does not make it longer.
		n.visitor().form("/sign-in", url.Values{"login": {m.login}, "password": {m.password}, "code": {m.code(n)}}).want(429)
		n.clock.move(wait)
		last, waited = wait, waited+wait
		n.visitor().form("/sign-in", wrong).want(401)
	}
	if last < 2*time.Minute || last > 15*time.Minute {
		t.Errorf("the last wait is %s", last)
	}
	n.clock.move(15 * time.Minute)
	n.visitor().signIn(m).want(303)

	// Spraying: one guess at each of many accounts.
	n.clock.move(time.Hour)
	tried, refused := 0, 0
	for i := range 200 {
		a := n.visitor().form("/sign-in", url.Values{"login": {"nurse" + string(rune('a'+i%26)) + string(rune('a'+i/26))}, "password": {"Winter2026!xyz"}, "code": {"123456"}})
		switch a.Status {
		case 401:
			tried++
		case 429:
			refused++
		}
	}
	t.Logf("of 200 sprayed guesses %d were tried, %d refused at once", tried, refused)
	if tried > 25 || tried+refused != 200 {
		t.Errorf("%d were tried, %d refused", tried, refused)
	}
}

// What is answered to somebody without an account is what is answered to a wrong
// password.
func TestASignInTellsNobodyWhoHasAnAccount(t *testing.T) {
	n := newNode(t)
	_, m := n.administrator(n.staffed())
	known := n.visitor().form("/sign-in", url.Values{"login": {m.login}, "password": {"wrong wrong wrong"}, "code": {m.code(n)}})
	unknown := n.visitor().form("/sign-in", url.Values{"login": {"mallory.m"}, "password": {"wrong wrong wrong"}, "code": {m.code(n)}})
	if known.Status != unknown.Status || strings.ReplaceAll(known.text(), m.login, "X") != strings.ReplaceAll(unknown.text(), "mallory.m", "X") {
		t.Error("the two answers differ")
	}
}

// Whoever leaves is out at once, with every session, and with the machine's, too.
func TestLeaversAreOutAtOnce(t *testing.T) {
	n := newNode(t)
	admin, m := n.administrator(n.staffed())
	nurse := admin.hire("Nell Nurse", "NN-1", staff.Theatre)
	v := n.visitor()
	v.signIn(nurse).want(303)
	v.page("/theatre").want(200)
	admin.page("/staff").want(200, "Nell Nurse")
	admin.form("/staff/"+nurse.id+"/dismiss", url.Values{"id": {n.id()}}).want(303)
	v.page("/theatre").want(401)
	n.visitor().signIn(nurse).want(401)
	admin.page("/staff").want(200, "Has left.")
	// The name can be forgotten; the account and what it did stay.
	admin.form("/staff/"+nurse.id+"/dismiss", url.Values{"id": {n.id()}, "forget": {"true"}}).want(303)
	if a := admin.page("/staff").want(200, "Forgotten"); strings.Contains(a.text(), "Nell") {
		t.Error("the name is there still")
	}
	// The only administrator stays.
	admin.form("/staff/"+accountOf(admin, m.name)+"/dismiss", url.Values{"id": {n.id()}}).want(409, "only administrator")
}

func accountOf(v *visitor, name string) string {
	v.n.t.Helper()
	for _, found := range accountIn.FindAllStringSubmatch(v.page("/staff").want(200).text(), -1) {
		if found[2] == name {
			return found[1]
		}
	}
	v.n.t.Fatalf("%s has no account", name)
	return ""
}

// An administrator changes roles, which hold at once, and gives a new code, which
// takes the place of everything that was chosen before.
func TestAccountsAreChanged(t *testing.T) {
	n := newNode(t)
	admin, _ := n.administrator(n.staffed())
	nurse := admin.hire("Nell Nurse", "NN-1", staff.Theatre)
	v := n.visitor()
	v.signIn(nurse).want(303)
	v.page("/notices").want(403)
	change := func(id string, fields url.Values) *answer {
		admin.page("/staff").want(200)
		fields.Set("id", n.id())
		return admin.form("/staff/"+id, fields)
	}
	change(nurse.id, url.Values{"name": {"Nell Newname"}, "login": {nurse.login}, "badge": {"NN-1"}, "role": {"recall"}}).want(303)
	v.page("/notices").want(200, "Nell Newname")
	v.form("/theatre/forget", url.Values{}).want(403)
	change(nurse.id, url.Values{"name": {"Nell Newname"}, "login": {nurse.login}}).want(422, "wants a role")
	change(nurse.id, url.Values{"name": {"Nell"}, "login": {nurse.login}, "role": {"root"}}).want(422)
	change(nurse.id, url.Values{"name": {"Nell"}, "login": {"ada.admin"}, "role": {"recall"}}).want(409, "has this login")
	change(accountOf(admin, "Ada Admin"), url.Values{"name": {"Ada Admin"}, "login": {"ada.admin"}, "role": {"recall"}}).want(409, "only administrator")
	admin.page("/staff")
	a := admin.form("/staff/"+nurse.id+"/code", url.Values{"id": {n.id()}}).want(200, "One-time code for Nell Newname")
	code := codeIn.FindStringSubmatch(a.text())[1]
	was := *nurse
	nurse.password, nurse.pin = "another four words entirely", "865309"
	n.visitor().first(code, nurse)
	v.page("/notices").want(401) // whoever was signed in with the old password is out
	n.visitor().signIn(&was).want(401)
	n.visitor().signIn(nurse).want(303)
	n.visitor().form("/sign-in/first", url.Values{"code": {code}, "login": {nurse.login}, "password": {passphrase}, "again": {passphrase}, "pin": {"271828"}}).want(401)
	// A code is good for three days.
	admin.page("/staff")
	code = codeIn.FindStringSubmatch(admin.form("/staff/"+nurse.id+"/code", url.Values{"id": {n.id()}}).want(200).text())[1]
	n.clock.move(73 * time.Hour)
	n.visitor().form("/sign-in/first", url.Values{"code": {code}, "login": {nurse.login}, "password": {passphrase}, "again": {passphrase}, "pin": {"271828"}}).want(401)
}

// The operator of the machine makes an account, and lets the only administrator in
// again.
func TestTheOperatorLetsPeopleIn(t *testing.T) {
	n := newNode(t)
	n.staffed()
	ask := func(method, target, body string) *answer {
		return n.send(request{method: method, target: target, body: body, socket: true, host: "implantrace"})
	}
	ask("GET", "/api/v1/operator/staff", "").want(200, `"items":[]`)
	ask("POST", "/api/v1/operator/staff", n.fill(`{"id":"{new a}","login":"ada","name":"Ada","roles":["root"]}`)).problem(422, "invalid")
	code := ask("POST", "/api/v1/operator/staff", n.fill(`{"id":"{new a}","login":"ada","name":"Ada","roles":["administrator"]}`)).want(201).value("code").(string)
	m := &member{login: "ada", password: passphrase, pin: "592010"}
	n.visitor().first(code, m)
	ask("POST", "/api/v1/operator/staff/code", n.fill(`{"id":"{new b}","login":"nobody"}`)).problem(404, "not-found")
	code = ask("POST", "/api/v1/operator/staff/code", n.fill(`{"id":"{new b}","login":"ADA"}`)).want(201).value("code").(string)
	m.password = "another four words entirely"
	n.visitor().first(code, m)
	n.visitor().signIn(m).want(303)
	ask("GET", "/api/v1/operator/staff", "").want(200, `"login":"ada"`, `"administrator"`)
	n.post("/api/v1/operator/staff", "{}").problem(403, "forbidden")
}

// Sessions are listed, and each can be ended by its person or an administrator,
// but not by anybody else.
func TestSessionsAreListedAndEnded(t *testing.T) {
	n := newNode(t)
	office := n.staffed()
	admin, _ := n.administrator(office)
	one, two := admin.hire("Nell Nurse", "", staff.Theatre), admin.hire("Omar Other", "", staff.Theatre)
	nell, omar, elsewhere := n.visitor(), n.visitor(), n.visitor()
	nell.signIn(one).want(303)
	omar.signIn(two).want(303)
	elsewhere.signIn(one).want(303)
	end := regexp.MustCompile(`/account/sessions/([0-9a-f-]{36})/end`)
	found := end.FindAllStringSubmatch(nell.page("/account").want(200).text(), -1)
	if len(found) < 1 {
		t.Fatal("no other session is listed")
	}
	for _, f := range found {
		omar.page("/account").want(200)
		omar.form(f[0], url.Values{}).want(404)
		nell.page("/account")
		nell.form(f[0], url.Values{}).want(303)
	}
	elsewhere.page("/account").want(401)
	nell.page("/account").want(200)
	sessions := office.Sessions.List()
	for _, s := range sessions {
		if office.Name(s.Account) == one.name {
			admin.page("/staff").want(200)
			admin.form("/staff/sessions/"+s.ID.String()+"/end", url.Values{}).want(303)
		}
	}
	nell.page("/account").want(401)
	omar.page("/account").want(200)
}

// A program has what its token is good for, until it expires or is revoked.
func TestTokensOfPrograms(t *testing.T) {
	n := newNode(t)
	n.walk(road[10:24])
	admin, _ := n.administrator(n.staffed())
	admin.page("/tokens").want(200, "There is none")
	admin.form("/tokens", url.Values{"id": {n.id()}, "name": {"Registry feed"}, "expires": {"2026-04-14"}, "scope": {"keep-accounts"}}).want(422, "cannot be good for")
	admin.form("/tokens", url.Values{"id": {n.id()}, "name": {"Registry feed"}, "expires": {"2036-04-14"}, "scope": {"export-record"}}).want(422, "within a year")
	a := admin.form("/tokens", url.Values{"id": {n.id()}, "name": {"Registry feed"}, "expires": {"2026-04-14"}, "scope": {"export-record"}}).want(200, "Token for Registry feed")
	token := regexp.MustCompile(`id="token">([^<]+)<`).FindStringSubmatch(a.text())[1]
	if strings.Contains(admin.page("/tokens").want(200, "never").text(), token) {
		t.Error("the token is shown twice")
	}
	with := func(target, token string) *answer {
		return n.send(request{target: target, header: map[string]string{"Authorization": "Bearer " + token}})
	}
	with("/api/v1/exports/iso16054.csv", token).want(200)
	with("/api/v1/procedures", token).problem(403, "forbidden")
	with("/api/v1/exports/iso16054.csv", token+"x").problem(401, "sign-in")
	with("/api/v1/me", token).want(200, `"kind":"program"`, `"export-record"`)
	admin.page("/tokens").want(200, "14 Mar 2026")
	a = admin.form("/tokens", url.Values{"id": {n.id()}, "name": {"Old feed"}, "expires": {"2026-12-14"}, "scope": {"read-record"}}).want(200)
	old := regexp.MustCompile(`id="token">([^<]+)<`).FindStringSubmatch(a.text())[1]
	with("/api/v1/procedures", old).want(200)
	for _, m := range regexp.MustCompile(`action="(/tokens/[0-9a-f-]{36}/revoke)".{0,400}Old feed`).FindAllStringSubmatch(strings.ReplaceAll(admin.page("/tokens").text(), "\n", " "), -1) {
		admin.form(m[1], url.Values{"id": {n.id()}}).want(303)
	}
	with("/api/v1/procedures", old).problem(401, "sign-in")
	admin.page("/tokens").want(200, "revoked")
	with("/api/v1/exports/iso16054.csv", token).want(200)
	n.clock.move(32 * 24 * time.Hour)
	with("/api/v1/exports/iso16054.csv", token).problem(401, "sign-in")
}

// Somebody who breaks the glass sees patients for half an hour, and auditors see
// that, why, and what.
func TestBreakingTheGlass(t *testing.T) {
	n := newNode(t)
	n.walk(road[10:24])
	admin, _ := n.administrator(n.staffed())
	keeper, auditor := admin.hire("Kit Keeper", "", staff.Catalogue), admin.hire("Ann Auditor", "", staff.Auditor)
	v := n.visitor()
	v.signIn(keeper).want(303)
	v.page(n.fill("/patients/{ada}")).want(403, "break the glass")
	v.page("/break-glass").want(200)
	v.form("/break-glass", url.Values{"reason": {"short"}}).want(422)
	v.page("/break-glass").want(200)
	v.form("/break-glass", url.Values{"reason": {"Emergency: the ward asks which pacemaker she has"}}).want(303)
	v.page(n.fill("/patients/{ada}")).want(200, "Testwell", "The glass is broken until")
	v.page("/staff").want(403)
	n.clock.move(14 * time.Minute)
	v.page(n.fill("/patients/{ada}")).want(200)
	n.clock.move(14 * time.Minute)
	v.page(n.fill("/patients/{ada}")).want(200)
	n.clock.move(3 * time.Minute)
	v.page(n.fill("/patients/{ada}")).want(403)

	n.visitor().form("/sign-in", url.Values{"login": {keeper.login}, "password": {"wrong wrong wrong"}, "code": {"000000"}}).want(401)
	w := n.visitor()
	w.signIn(auditor).want(303)
	w.page("/audit").want(200, "Broke the glass", "which pacemaker she has", "Kit Keeper", "(broken glass)", "Failed to sign in")
	w.page(n.fill("/patients/{ada}/access")).want(200, "Kit Keeper", "/patients/:id")
	w.page(n.fill("/patients/{ada}")).want(403)
	w.page("/audit").want(200)
	w.form("/audit/patient", url.Values{"nhs_number": {ada}}).want(303)
	w.page("/audit").want(200)
	w.form("/audit/patient", url.Values{"nhs_number": {bob}}).want(404)
	w.send(request{target: "/api/v1/audit?limit=3"}).want(200, `"what":`, `"next":`)
	w.send(request{target: "/api/v1/exports/audit.csv"}).want(200, "recorded,who,account", "Kit Keeper,", "glass-broken")
	w.send(request{target: n.fill("/api/v1/exports/audit.csv?patient={ada}")}).want(200, "Kit Keeper,")
	v.signIn(keeper).want(303)
	v.page("/audit").want(403)
}

// Whoever is signed in chooses another password and PIN by themselves: the old one
// is asked for, guessing at it waits, and their other sign-ins end.
func TestPeopleChooseAnotherPasswordAndPIN(t *testing.T) {
	n := newNode(t)
	admin, _ := n.administrator(n.staffed())
	one, two := admin.hire("Nell Nurse", "NN-1", staff.Theatre), admin.hire("Omar Other", "OO-2", staff.Theatre)
	auditor := admin.hire("Ann Auditor", "", staff.Auditor)
	admin.page("/staff")
	admin.form("/staff/machines", url.Values{"id": {n.id()}, "name": {"Theatre 4"}}).want(303)
	nell, elsewhere, omar, m := n.visitor(), n.visitor(), n.visitor(), n.visitor()
	m.cookies["implantrace-machine"] = admin.cookies["implantrace-machine"]
	nell.signIn(one).want(303)
	elsewhere.signIn(one).want(303)
	omar.signIn(two).want(303)
	const fresh = "otter lamp gravel window"
	change := func(v *visitor, what string, f url.Values) *answer {
		t.Helper()
		v.page("/account").want(200, "Choose another password", "Choose another PIN")
		f.Set("id", n.id())
		if !f.Has("again") {
			f.Set("again", f.Get("new"))
		}
		return v.form("/account/"+what, f)
	}
	password := func(v *visitor, old, code, chosen string) *answer {
		t.Helper()
		return change(v, "password", url.Values{"old": {old}, "code": {code}, "new": {chosen}})
	}
	before := nell.cookies["implantrace"]
	password(nell, one.password, one.code(n), "short").want(422, "12 to 128")
	password(nell, one.password, one.code(n), "Password12345!").want(422, "would try first")
	password(nell, one.password, one.code(n), "nell nurse 2026").want(422, "would try first")
	change(nell, "password", url.Values{"old": {one.password}, "code": {one.code(n)}, "new": {fresh}, "again": {fresh + "x"}}).want(422, "not the same")
	password(nell, "the wrong one altogether", one.code(n), fresh).want(403, "not what you sign in with")
	password(nell, one.password, "000000", fresh).want(403, "not what you sign in with")
	elsewhere.page("/account").want(200)
	password(nell, one.password, one.code(n), fresh).want(303)
	if nell.cookies["implantrace"] == before {
		t.Error("the session goes on under the cookie that it had")
	}
	nell.page("/account").want(200, "Nell Nurse")
	elsewhere.page("/account").want(401)
	omar.page("/account").want(200)
	thief := n.visitor()
	thief.cookies["implantrace"] = before
	thief.page("/account").want(401)
	n.clock.move(time.Minute)
	elsewhere.signIn(one).want(401)
	one.password = fresh
	n.clock.move(time.Hour)
	elsewhere.signIn(one).want(303)

	nell.signIn(one).want(303)
	change(nell, "pin", url.Values{"old": {one.pin}, "new": {"12345"}}).want(422, "6 to 8 digits")
	change(nell, "pin", url.Values{"old": {"000000"}, "new": {"728190"}}).want(403)
	change(nell, "pin", url.Values{"old": {one.pin}, "new": {"728190"}}).want(303)
	elsewhere.page("/account").want(401)
	m.badge(one).want(401)
	one.pin = "728190"
	m.badge(one).want(303)

	// Guessing at the old one over an open page waits, as signing in does.
	nell.signIn(one).want(303)
	for range 3 {
		change(nell, "pin", url.Values{"old": {"000000"}, "new": {"559123"}}).want(403)
	}
	change(nell, "pin", url.Values{"old": {one.pin}, "new": {"559123"}}).want(429, "Too many attempts")

	// And it is nobody's but one's own: there is no account in the form.
	omar.signIn(two).want(303)
	omar.page("/account")
	omar.form("/account/pin", url.Values{"id": {n.id()}, "account": {one.id}, "old": {two.pin}, "new": {"663311"}, "again": {"663311"}}).want(303)
	two.pin = "663311"
	m.badge(two).want(303)
	w := n.visitor()
	w.signIn(auditor).want(303)
	w.page("/audit").want(200, "Chose another password or PIN")
	for _, secret := range []string{fresh, "728190", "663311", "559123"} {
		if strings.Contains(n.log.String(), secret) {
			t.Errorf("the log has %s", secret)
		}
	}
}
