package api_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/oauth2-proxy/mockoidc"

	"implantrace/internal/outward"
	"implantrace/internal/staff"
)

// directory is a small OpenID provider, which signs its tokens, holds a code to
// its challenge (PKCE), and answers over a real connection.
func directory(t *testing.T) *mockoidc.MockOIDC {
	t.Helper()
	m, err := mockoidc.Run()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Shutdown() })
	return m
}

// atDirectory follows the address to the directory as a browser does, and gives
// the address to which it sends back.
func atDirectory(t *testing.T, address string) *url.URL {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := c.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	back, err := r.Location()
	if err != nil {
		t.Fatalf("the directory answers %s: %v", r.Status, err)
	}
	return back
}

// People sign in with the trust's own directory, in the browser in which they
// began, once, and only those who have an account here.
func TestSignInWithTheTrustsDirectory(t *testing.T) {
	n := newNode(t)
	n.clock.at = time.Now() // the directory's tokens hold now
	office := n.staffed()
	admin, _ := n.administrator(office)
	nurse := admin.hire("Nell Nurse", "", staff.Recall)
	admin.page("/sign-in/directory").want(404)
	m := directory(t)
	office.UseSignOn(staff.SignOn{Name: "Trust sign-on", Issuer: m.Issuer(), ClientID: m.ClientID, ClientSecret: m.ClientSecret, Client: outward.Client()})

	depart := func(v *visitor, who string) *url.URL {
		m.QueueUser(&mockoidc.MockUser{Subject: "1", PreferredUsername: who})
		v.page("/sign-in").want(200, "Go to Trust sign-on")
		to := v.page("/sign-in/directory?next=/notices").want(303).Header.Get("Location")
		u, err := url.Parse(to)
		if err != nil || !strings.HasPrefix(to, m.Issuer()) {
			t.Fatalf("it leads to %s", to)
		}
		q := u.Query()
		if q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 || len(q.Get("nonce")) < 40 || len(q.Get("state")) < 40 || q.Get("response_type") != "code" ||
			q.Get("redirect_uri") != "http://127.0.0.1:8080/sign-in/directory/back" {
			t.Errorf("the request is %v", q)
		}
		return atDirectory(t, to)
	}
	v := n.visitor()
	back := depart(v, nurse.login)
	// Another browser, which was made to go there, is not signed in.
	n.visitor().page(back.RequestURI()).want(401, "not begun here")
	v.page(back.RequestURI()).want(401) // and then it is used up
	if v.cookies["implantrace"] != "" {
		t.Error("somebody is signed in")
	}
	back = depart(v, nurse.login)
	v.page(back.RequestURI()).want(200, "You are signed in as Nell Nurse", `href="/notices"`)
	v.page("/notices").want(200, "Nell Nurse")
	v.page("/account").want(200, "directory")
	n.visitor().page(back.RequestURI()).want(401)
	for _, c := range v.set {
		if c.Name == "implantrace" && c.SameSite != http.SameSiteStrictMode || !c.HttpOnly {
			t.Errorf("the cookie %+v", c)
		}
	}
	// Somebody whom the directory knows, and nobody here.
	w := n.visitor()
	w.page(depart(w, "stranger").RequestURI()).want(401, "nobody has made an account for you here")
	// A code that was made up, or the answer that says no.
	x := n.visitor()
	back = depart(x, nurse.login)
	q := back.Query()
	q.Set("code", "made-up")
	x.page("/sign-in/directory/back?"+q.Encode()).want(401, "did not confirm")
	x.page("/sign-in/directory/back?error=access_denied&state=x").want(401, "did not sign you in")
	// A token for another program is none for this one.
	y := n.visitor()
	back = depart(y, nurse.login)
	office.UseSignOn(staff.SignOn{Name: "Trust sign-on", Issuer: m.Issuer(), ClientID: "another-client", ClientSecret: m.ClientSecret, Client: outward.Client()})
	y.page(back.RequestURI()).want(401)
	// Where it leads is bounded: nothing inside the machine, and no redirection elsewhere.
	for _, next := range []string{"https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"} {
		z := n.visitor()
		office.UseSignOn(staff.SignOn{Name: "Trust sign-on", Issuer: m.Issuer(), ClientID: m.ClientID, ClientSecret: m.ClientSecret, Client: outward.Client()})
		m.QueueUser(&mockoidc.MockUser{Subject: "1", PreferredUsername: nurse.login})
		to := z.page("/sign-in/directory?next=" + url.QueryEscape(next)).want(303).Header.Get("Location")
		z.page(atDirectory(t, to).RequestURI()).want(200, `href="/"`)
	}
	for _, issuer := range []string{"http://169.254.169.254/latest", "https://169.254.169.254", "http://10.0.0.1", "https://[fd00:ec2::254]/"} {
		office.UseSignOn(staff.SignOn{Name: "Trust sign-on", Issuer: issuer, ClientID: "x", Client: outward.Client()})
		n.visitor().page("/sign-in/directory").want(503, "Sign in with your password")
	}
	// The directory is away: local accounts go on.
	if err := m.Shutdown(); err != nil {
		t.Fatal(err)
	}
	office.UseSignOn(staff.SignOn{Name: "Trust sign-on", Issuer: m.Issuer(), ClientID: m.ClientID, ClientSecret: m.ClientSecret, Client: outward.Client()})
	n.visitor().page("/sign-in/directory").want(503, "they need no network")
	n.visitor().signIn(nurse).want(303)
	if log := n.log.String(); strings.Contains(log, back.Query().Get("code")) || strings.Contains(log, back.Query().Get("state")) {
		t.Error("the log has what came back from the directory")
	}
}
