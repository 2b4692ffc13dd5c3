package api_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"

	"implantrace/api"
	"implantrace/internal/command"
	"implantrace/internal/staff"
)

// staffed is the same node asking who people are, with real accounts.
func (n *node) staffed() *staff.Office {
	n.t.Helper()
	office, err := staff.NewOffice(context.Background(), command.Recorder{Store: n.store, Clock: n.clock.now}, staff.Usual)
	if err != nil {
		n.t.Fatal(err)
	}
	n.parts.NoSignIn, n.parts.Staff = false, office
	server, err := api.New(n.parts)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(server.Shutdown)
	n.server = server
	return office
}

// visitor is a browser: it keeps cookies, and sends a page's form token with its
// forms.
type visitor struct {
	n       *node
	cookies map[string]string
	set     []*http.Cookie // everything that was set
	token   string         // of the page it loaded last
}

func (n *node) visitor() *visitor { return &visitor{n: n, cookies: make(map[string]string)} }

var formToken = regexp.MustCompile(`data-form-token="([^"]*)"`)

// send sends what a browser would, and keeps what it would keep.
func (v *visitor) send(q request) *answer {
	v.n.t.Helper()
	if q.header == nil {
		q.header = map[string]string{}
	}
	var all []string
	for name, value := range v.cookies {
		all = append(all, name+"="+value)
	}
	q.header["Cookie"] = strings.Join(all, "; ")
	a := v.n.send(q)
	for _, c := range (&http.Response{Header: a.Header}).Cookies() {
		v.set = append(v.set, c)
		if v.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(v.cookies, c.Name)
		}
	}
	if m := formToken.FindStringSubmatch(a.text()); m != nil {
		v.token = m[1]
	}
	return a
}

func (v *visitor) page(target string) *answer {
	v.n.t.Helper()
	return v.send(request{target: target, header: map[string]string{"Accept": "text/html"}})
}

func (v *visitor) form(target string, fields url.Values) *answer {
	v.n.t.Helper()
	if v.token != "" && !fields.Has("csrf") {
		fields.Set("csrf", v.token)
	}
	a := v.send(request{method: http.MethodPost, target: target, kind: "application/x-www-form-urlencoded", body: fields.Encode(), header: map[string]string{"Accept": "text/html"}})
	if a.Status == http.StatusSeeOther {
		v.page(a.Header.Get("Location"))
	}
	return a
}

// api sends JSON as a page's script does.
func (v *visitor) post(target, body string) *answer {
	v.n.t.Helper()
	return v.send(request{method: http.MethodPost, target: target, body: body, header: map[string]string{"X-Form-Token": v.token}})
}

// member is somebody who has an account, and what they alone know.
type member struct {
	name, login, password, pin, badge, seed string
	id                                      string
}

var (
	seedIn    = regexp.MustCompile(`id="seed">([A-Z2-7]+)<`)
	pendingIn = regexp.MustCompile(`name="pending" value="([^"]+)"`)
	codeIn    = regexp.MustCompile(`id="one-time-code">([^<]+)<`)
)

const passphrase = "correct horse battery staple"

// first goes through the first sign-in with a code, and leaves the visitor signed
// in.
func (v *visitor) first(code string, m *member) {
	v.n.t.Helper()
	v.page("/sign-in/first").want(200)
	a := v.form("/sign-in/first", url.Values{"code": {code}, "login": {m.login}, "name": {m.name}, "badge": {m.badge}, "password": {m.password}, "again": {m.password}, "pin": {m.pin}}).want(200, "Set up your authenticator")
	m.seed = seedIn.FindStringSubmatch(a.text())[1]
	pending := pendingIn.FindStringSubmatch(a.text())[1]
	v.form("/sign-in/first/code", url.Values{"pending": {pending}, "code": {m.code(v.n)}}).want(303)
	v.n.clock.move(time.Minute) // an authenticator's code is good once
}

// code is what the member's authenticator shows.
func (m *member) code(n *node) string {
	n.t.Helper()
	c, err := totp.GenerateCode(m.seed, n.clock.now())
	if err != nil {
		n.t.Fatal(err)
	}
	return c
}

// signIn signs in with a password and the authenticator.
func (v *visitor) signIn(m *member) *answer {
	v.n.t.Helper()
	defer v.n.clock.move(31 * time.Second)
	return v.form("/sign-in", url.Values{"login": {m.login}, "password": {m.password}, "code": {m.code(v.n)}})
}

// badge signs in with badge and PIN.
func (v *visitor) badge(m *member) *answer {
	v.n.t.Helper()
	return v.form("/sign-in", url.Values{"badge": {m.badge}, "pin": {m.pin}, "next": {"/theatre"}})
}

// administrator sets the node up.
func (n *node) administrator(office *staff.Office) (*visitor, *member) {
	n.t.Helper()
	v, m := n.visitor(), &member{name: "Ada Admin", login: "ada.admin", password: passphrase, pin: "271828"}
	v.first(office.SetUpCode(), m)
	return v, m
}

var accountIn = regexp.MustCompile(`id="account-([0-9a-f-]{36})">\s*<p class="scan__name">([^<]*)<`)

// hire makes an account by the administrator's page, and has its person sign in
// the first time.
func (v *visitor) hire(name, badge string, roles ...staff.Role) *member {
	v.n.t.Helper()
	login := strings.ToLower(strings.ReplaceAll(name, " ", "."))
	m := &member{name: name, login: login, password: "four words for " + login + " only", pin: fmt.Sprintf("59%04d", 1000+37*v.n.ids%9000), badge: badge}
	f := url.Values{"id": {v.n.id()}, "name": {name}, "login": {login}, "badge": {badge}}
	for _, r := range roles {
		f.Add("role", string(r))
	}
	v.page("/staff").want(200)
	a := v.form("/staff", f).want(200, "One-time code for "+name)
	for _, found := range accountIn.FindAllStringSubmatch(a.text(), -1) {
		if found[2] == name {
			m.id = found[1]
		}
	}
	v.n.visitor().first(codeIn.FindStringSubmatch(a.text())[1], m)
	return m
}
