package api_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"implantrace/api"
	"implantrace/internal/command"
	"implantrace/internal/staff"
	"implantrace/internal/trace"
)

// people is a directory of accounts, one of each role, and of keys.
type people struct {
	accounts map[trace.AccountID]staff.Account
	machines map[string]trace.AccountID
	programs map[string]staff.Who
}

func (p people) Account(id trace.AccountID) (staff.Account, bool) {
	a, ok := p.accounts[id]
	return a, ok && !a.Left
}

func (p people) Machine(key string) (trace.AccountID, bool) {
	id, ok := p.machines[key]
	return id, ok
}

func (p people) Program(token string) (staff.Who, bool) {
	w, ok := p.programs[token]
	return w, ok
}

// hire makes an account with these roles.
func (p people) hire(roles ...staff.Role) trace.AccountID {
	id := trace.NewID[trace.OfAccount]()
	p.accounts[id] = staff.Account{ID: id, Name: "Sam Sample", Roles: roles}
	return id
}

// asked is a node that asks who people are, over the same store.
func (n *node) asked() (people, *staff.Sessions) {
	n.t.Helper()
	p := people{map[trace.AccountID]staff.Account{}, map[string]trace.AccountID{}, map[string]staff.Who{}}
	office, err := staff.NewOffice(context.Background(), command.Recorder{Store: n.store, Clock: n.clock.now}, staff.Usual)
	if err != nil {
		n.t.Fatal(err)
	}
	office.Accounts, office.Keys = p, p
	sessions := office.Sessions
	n.parts.NoSignIn, n.parts.Staff = false, office
	server, err := api.New(n.parts)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(server.Shutdown)
	n.server = server
	return p, sessions
}

const problemSpace = "urn:implantrace:problem:"

// shown is what a request of the walk shows of whoever sends it.
type shown struct{ session, machine, token, form string }

// outcome is what the gate did: it let the request through, or one of the types
// of its problems.
func (n *node) outcome(method, target string, s shown) string {
	n.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	if strings.HasSuffix(target, "/events") {
		cancel() // or it would go on for ever
	}
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, method, target, strings.NewReader(""))
	switch {
	case strings.HasSuffix(target, "/attachments"), strings.HasSuffix(target, "/import"), strings.HasSuffix(target, "/imports/table"):
		r = httptest.NewRequestWithContext(ctx, method, target, strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n\r\n--x--\r\n"))
		r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	case method != http.MethodGet && strings.HasPrefix(target, "/api/"):
		r.Header.Set("Content-Type", "application/json")
	case method != http.MethodGet:
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Host = "127.0.0.1:8080"
	for name, value := range map[string]string{"implantrace": s.session, "implantrace-machine": s.machine} {
		if value != "" {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
	}
	if s.token != "" {
		r.Header.Set("Authorization", "Bearer "+s.token)
	}
	if s.form != "" {
		r.Header.Set("X-Form-Token", s.form)
	}
	w := httptest.NewRecorder()
	n.server.ServeHTTP(w, r)
	if w.Code != http.StatusUnauthorized && w.Code != http.StatusForbidden {
		return "through"
	}
	a := &answer{t: n.t, about: method + " " + target, Status: w.Code, Header: w.Header(), Body: w.Body.Bytes()}
	kind, _ := a.value("type").(string)
	if strings.HasPrefix(target, "/fhir/") {
		kind = problemSpace + a.value("issue.0.details.coding.0.code").(string)
	}
	if kind == problemSpace+"forbidden" && strings.Contains(a.text(), "another sign-in") {
		return "no form token"
	}
	return strings.TrimPrefix(kind, problemSpace)
}

// operation is one of openapi.yaml, with the line of the table it stands under.
type operation struct {
	method, target string
	may            staff.Permission
	line           staff.Line
}

func operations(t *testing.T) (all []operation) {
	t.Helper()
	doc, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	lines := make(map[staff.Permission]staff.Line)
	for _, l := range staff.Permissions() {
		lines[l.Permission] = l
	}
	id := trace.NewEventID().String()
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			name, _ := op.Extensions["x-permission"].(string)
			l, ok := lines[staff.Permission(name)]
			if !ok {
				t.Errorf("%s %s: x-permission %q is no line of the table", method, path, name)
				continue
			}
			target := strings.NewReplacer("{id}", id, "{case}", id, "{attachment}", id, "{photograph}", id, "{type}", "Patient", "{export}", "X", "{run}", id, "{di}", stem, "{path}", "app.css").Replace(path)
			if strings.Contains(target, "{") {
				t.Fatalf("%s: nothing stands for its parameter", path)
			}
			all = append(all, operation{method, target, l.Permission, l})
		}
	}
	return all
}

func has(l staff.Line, r staff.Role) bool {
	for _, o := range l.Roles {
		if o == r {
			return true
		}
	}
	return false
}

// Every route, as nobody, as each role, with a session that is over, with the
// form token of another and with none, is as the table of permissions says.
// Which line a route stands under is told by openapi.yaml, which the routes are
// held against both ways (TestEveryRouteIsDescribedAndNothingElse): one that was
// opened by accident differs from it.
func TestEveryRouteIsAsTheTableOfPermissionsSays(t *testing.T) {
	n := newNode(t)
	p, sessions := n.asked()
	p.machines["theatre-4"] = trace.NewID[trace.OfAccount]()
	walked := 0
	check := func(op operation, as string, s shown, want string) {
		t.Helper()
		walked++
		got := n.outcome(op.method, op.target, s)
		if op.may == staff.Anyone && got == "sign-in" { // the answer to a wrong password
			got = "through"
		}
		if got != want {
			t.Errorf("%s %s (%s) as %s: %s, want %s", op.method, op.target, op.may, as, got, want)
		}
	}
	other, _ := sessions.Begin(p.hire(staff.Roles()...), trace.AccountID{}, "password")
	for _, op := range operations(t) {
		changes := op.method != http.MethodGet && op.may != staff.Anyone
		nobody := "sign-in"
		switch op.may {
		case staff.Anyone:
			nobody = "through"
		case staff.Operator:
			nobody = "forbidden"
		}
		check(op, "nobody", shown{}, nobody)
		check(op, "an invented session", shown{session: "x", form: staff.FormToken("x", "")}, nobody)
		token := nobody
		if op.may != staff.Anyone && op.may != staff.Operator {
			token = "sign-in"
		}
		check(op, "an invented token", shown{token: "x"}, token)

		for _, role := range staff.Roles() {
			account := p.hire(role)
			begin := func() shown { // for each request: one of them signs out
				cookie, _ := sessions.Begin(account, trace.AccountID{}, "password")
				return shown{session: cookie, form: staff.FormToken(cookie, "")}
			}
			s := begin()
			if op.may != staff.Anyone && !has(op.line, role) {
				check(op, string(role), s, "forbidden")
				continue
			}
			check(op, string(role), s, "through")
			if changes {
				check(op, string(role)+" without a form token", shown{session: begin().session}, "no form token")
				check(op, string(role)+" with the form token of another", shown{session: begin().session, form: staff.FormToken(other, "")}, "no form token")
			}
			s = begin()
			sessions.End(func(o staff.Session) bool { return o.Account == account })
			check(op, string(role)+" after the session was ended", s, nobody)
		}

		all := p.hire(staff.Roles()...)
		idle, _ := sessions.Begin(all, trace.AccountID{}, "password")
		n.clock.move(staff.Usual.Idle)
		check(op, "all roles, idle too long", shown{session: idle, form: staff.FormToken(idle, "")}, nobody)
		left, _ := sessions.Begin(all, trace.AccountID{}, "password")
		p.accounts[all] = staff.Account{ID: all, Roles: staff.Roles(), Left: true}
		check(op, "somebody who has left", shown{session: left, form: staff.FormToken(left, "")}, nobody)

		// A theatre machine goes on with what its page does while it is locked.
		scans := nobody
		if op.line.Locked {
			scans = "through"
		}
		check(op, "a theatre machine", shown{machine: "theatre-4", form: staff.FormToken("", "theatre-4")}, scans)
		if changes && scans == "through" {
			check(op, "a theatre machine without a form token", shown{machine: "theatre-4"}, "no form token")
		}
		locked, session := sessions.Begin(p.hire(staff.Theatre, staff.Clinician), p.machines["theatre-4"], "badge")
		sessions.Lock(session.ID)
		want := scans
		if want == "sign-in" {
			want = "locked"
		}
		check(op, "a locked theatre page", shown{session: locked, machine: "theatre-4", form: staff.FormToken(locked, "theatre-4")}, want)
		check(op, "a locked theatre page's cookie at another machine", shown{session: locked, form: staff.FormToken(locked, "")}, nobody)

		// A program has what its token is good for, and nothing more.
		p.programs["program"] = staff.Who{Kind: staff.Program, Scope: []staff.Permission{op.may}}
		want = "through"
		if !op.line.Programs {
			want = "forbidden"
		}
		check(op, "a program with this scope", shown{token: "program"}, want)
		p.programs["program"] = staff.Who{Kind: staff.Program}
		if op.may != staff.Anyone && op.may != staff.SignedIn {
			want = "forbidden"
		}
		check(op, "a program without scope", shown{token: "program"}, want)
	}
	if walked < 2000 {
		t.Errorf("%d requests walk the routes", walked)
	}
	t.Logf("%d requests", walked)
}

func TestARouteUnderNoLineIsNotServed(t *testing.T) {
	for _, l := range staff.Permissions() {
		if l.Words == "" || !staff.Known(l.Permission) {
			t.Errorf("%s", l.Permission)
		}
	}
	if staff.Known("") || staff.Known("everything") {
		t.Error("a permission that is in no line is known")
	}
	for _, kind := range []staff.Kind{staff.Nobody, staff.Machine, staff.Person, staff.Program, staff.AtNode, staff.Unchecked} {
		w := staff.Who{Kind: kind, Roles: staff.Roles(), Scope: []staff.Permission{""}, Glass: true}
		if w.May("") == staff.Yes {
			t.Errorf("kind %d may do what is in no line", kind)
		}
	}
}

func TestANodeSaysWhetherItAsks(t *testing.T) {
	n := newNode(t)
	n.parts.NoSignIn = false
	if _, err := api.New(n.parts); err == nil {
		t.Error("a server that neither asks nor says that it does not")
	}
	n.parts.NoSignIn, n.parts.Staff = true, &staff.Office{}
	if _, err := api.New(n.parts); err == nil {
		t.Error("a server that asks and says that it does not")
	}
}
