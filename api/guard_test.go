package api_test

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"implantrace/api/web"
	"io/fs"
)

func TestOnlyNamesOfThisMachineAreAnswered(t *testing.T) {
	n := newNode(t)
	for _, host := range []string{"implantrace.example", "implantrace.example:8080", "127.0.0.1.example", "localhost.example:8080", "192.168.1.7:8080", "0.0.0.0", "[::]:8080", "127.0.0.1@evil.example", "evil.example#127.0.0.1", "10.0.0.1"} {
		for _, target := range []string{"/", "/api/v1/node", "/healthz", "/assets/app.css", "/metrics"} {
			n.send(request{target: target, host: host}).problem(403, "forbidden")
		}
		n.send(request{method: "POST", target: "/api/v1/parse", body: `{"text":"x"}`, host: host}).problem(403, "forbidden")
	}
	for _, host := range []string{"127.0.0.1", "127.0.0.1:8080", "localhost:1", "LOCALHOST", "[::1]:8080", "127.1.2.3:8080"} {
		n.send(request{target: "/api/v1/node", host: host}).want(200)
	}
}

func TestPagesOfOtherHostsCannotSend(t *testing.T) {
	n := newNode(t)
	entries := n.entries()
	for _, header := range []map[string]string{
		{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"},
		{"Origin": "http://127.0.0.1:9999"}, {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8080"},
	} {
		n.send(request{method: "POST", target: "/api/v1/readings", body: n.fill(`{"id":"{new x}","text":"x"}`), header: header}).problem(403, "forbidden")
		n.send(request{method: "POST", target: "/safety", kind: "application/x-www-form-urlencoded", body: "id=" + n.id() + "&approved=true&officer=Mallory", header: header}).problem(403, "forbidden")
		n.send(request{method: "POST", target: "/api/v1/theatre/forget", header: header}).problem(403, "forbidden")
		n.send(request{method: "POST", target: "/api/v1/operator/verify", header: header}).problem(403, "forbidden")
	}
	if n.entries() != entries {
		t.Error("something was recorded")
	}
	n.send(request{method: "POST", target: "/api/v1/parse", body: `{"text":"(01)` + stem + `"}`, header: map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8080"}}).want(200)
}

func TestOperatorRoutesAreForTheSocketOnly(t *testing.T) {
	n := newNode(t)
	n.get("/api/v1/operator/backup").problem(403, "forbidden")
	n.post("/api/v1/operator/verify", "").problem(403, "forbidden")
	n.send(request{method: "POST", target: "/api/v1/operator/recovery", body: `{"key":"age1x"}`, socket: true, host: "implantrace"}).want(200)
	a := n.send(request{target: "/api/v1/operator/backup", socket: true, host: "implantrace"}).want(200)
	if !strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("%v", a.Header)
	}
	n.send(request{method: "POST", target: "/api/v1/operator/verify", socket: true, host: "implantrace"}).want(200, `"findings":[]`, `"entries":1`)
	n.send(request{target: "/api/v1/node", socket: true, host: "implantrace"}).want(200)
}

// pages are the addresses of all pages, with what they need made before.
func pages(n *node) []string {
	n.t.Helper()
	n.walk(road[10:24])
	return []string{"/", "/theatre", "/theatre/workstations", "/downtime", "/downtime/enter", "/theatre/actions", "/recall", "/patients", "/links", n.fill("/links?a={ada}"), "/import", "/exports", "/exports/mapped", "/incident", "/checks", "/scanners", "/scanners/notes", "/quarantine", "/directory", "/directory?list=places", "/directory?list=codes", "/directory/print?list=staff", "/catalogue", "/catalogue/queue", "/catalogue/readiness", "/catalogue/" + stem, n.fill("/procedures/{hip}/plan"), n.fill("/procedures/{hip}/correct"), "/safety", "/api/docs", n.fill("/patients/{ada}"), n.fill("/procedures/{hip}")}
}

func TestPagesAreNotStored(t *testing.T) {
	n := newNode(t)
	for _, target := range append(pages(n), "/theatre/board", "/theatre/board?part=copy", n.fill("/api/v1/patients/{ada}"), "/api/v1/theatre", "/api/v1/readings", "/nothing") {
		if got := n.page(target).Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control is %q", target, got)
		}
	}
	for _, a := range []*answer{
		n.form("/patients", map[string][]string{"nhs_number": {ada}}, false).want(200, "Testwell"),
		n.post("/api/v1/patients/search", `{"nhs_number":"`+ada+`"}`).want(200, "Testwell"),
		n.form("/recall", map[string][]string{"di": {stem}}, false).want(200, "Testwell"),
	} {
		if got := a.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control is %q", a.about, got)
		}
	}
	// The page itself keeps nothing either.
	text := n.page("/theatre").text()
	if !strings.Contains(text, `"historyEnabled":false`) || !strings.Contains(text, `"historyCacheSize":0`) {
		t.Error("htmx may keep pages in the browser's storage")
	}
	for _, word := range []string{"localStorage", "sessionStorage", "indexedDB", "document.cookie", "serviceWorker", "caches.open"} {
		if strings.Contains(n.get("/assets/app.js").want(200).text(), word) {
			t.Errorf("app.js uses %s", word)
		}
	}
	if got := n.page("/").Header.Values("Set-Cookie"); len(got) > 0 {
		t.Errorf("a cookie: %v", got)
	}
}

var (
	tag       = regexp.MustCompile(`(?s)<[a-zA-Z][^>]*>`)
	loads     = regexp.MustCompile(`(?i)^<(link|script|img|iframe|source|video|audio|object|embed|form|use|image|input|button|base|track|frame|body|meta)\b`)
	elsewhere = regexp.MustCompile(`(?i)=\s*["']?\s*(https?:|wss?:|ftp:|//)`)
	inline    = regexp.MustCompile(`(?i)\s(on[a-z]+|style)\s*=|javascript:`)
	cssLoad   = regexp.MustCompile(`(?i)@import\s|url\(\s*["']?\s*([a-z]+:|//)`)
	jsLoad    = regexp.MustCompile(`(?i)(import\s*\(?\s*|fetch\(\s*|new (EventSource|WebSocket|Worker)\(\s*|importScripts\(\s*|sendBeacon\(\s*|(src|href|action)\s*=\s*|\bfrom\s*)["'` + "`" + `](https?:|wss?:)?//`)
)

func TestPagesLoadNothingFromElsewhere(t *testing.T) {
	n := newNode(t)
	all := append(pages(n), "/theatre/board", "/theatre/board?part=copy", "/nothing")
	for _, target := range all {
		a := n.page(target)
		text := a.text()
		for _, m := range tag.FindAllString(text, -1) {
			if loads.MatchString(m) && elsewhere.MatchString(m) {
				t.Errorf("%s: names another host: %s", target, m)
			}
			if inline.MatchString(m) {
				t.Errorf("%s: inline script or style: %s", target, m)
			}
			if strings.HasPrefix(strings.ToLower(m), "<style") || strings.HasPrefix(m, "<script") && !strings.Contains(m, " src=") {
				t.Errorf("%s: inline: %s", target, m)
			}
			if strings.HasPrefix(strings.ToLower(m), "<base") {
				t.Errorf("%s: %s", target, m)
			}
		}
		policy := a.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: the policy lacks %s", target, want)
			}
		}
		if strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") || strings.Contains(policy, "*") {
			t.Errorf("%s: the policy is %s", target, policy)
		}
		if a.Header.Get("X-Content-Type-Options") != "nosniff" || a.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: headers %v", target, a.Header)
		}
	}
	// Every asset, among them those that other people wrote.
	err := fs.WalkDir(web.Files, "assets", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		target := "/" + path
		a := n.get(target).want(200)
		text := a.text()
		switch {
		case strings.HasSuffix(path, ".css"):
			for _, m := range cssLoad.FindAllStringIndex(text, -1) {
				found := text[m[0]:min(m[1]+60, len(text))]
				if !strings.Contains(found[:m[1]-m[0]], "data:") {
					t.Errorf("%s: %s", target, found)
				}
			}
		case strings.HasSuffix(path, ".js"):
			for _, m := range jsLoad.FindAllString(text, -1) {
				t.Errorf("%s: %s", target, m)
			}
		case strings.HasSuffix(path, ".svg"):
			for _, m := range tag.FindAllString(text, -1) {
				if regexp.MustCompile(`(?i)\s(href|xlink:href|src)=["']?(https?:)?//`).MatchString(m) {
					t.Errorf("%s: %s", target, m)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"/assets/../web.go", "/assets/..%2fweb.go", "/assets/%2e%2e/web.go", "/assets/", "/assets/vendor", "/assets/nothing.css", "/assets//app.css/.."} {
		if a := n.get(target); a.Status != 404 {
			t.Errorf("%s: %d", target, a.Status)
		}
	}
}

func TestNoIdentityInAddressesOrLogs(t *testing.T) {
	n := newNode(t)
	n.walk(road)
	// Errors and forms too.
	n.post("/api/v1/patients", n.fill(`{"id":"{new x}","nhs_number":"9990000019","family":"Testwell"}`)).problem(422, "invalid")
	n.post("/api/v1/patients", n.fill(`{"id":"{new x}","nhs_number":"`+bob+`","local_issuer":"RXX01","local_number":"H-4711"}`)).want(201)
	n.post("/api/v1/readings", n.fill(`{"id":"{new x}","text":"]d28018505089899900000184\u001d93Testwell,Ada,01-Feb-1950"}`)).want(201)
	n.form("/patients", map[string][]string{"nhs_number": {ada}}, false).want(200, "Testwell")
	n.form("/patients", map[string][]string{"nhs_number": {"999 000 0019"}}, false).want(422)
	n.form("/theatre/open", map[string][]string{"id": {n.id()}, "nhs_number": {bob}, "text": {"Hip"}, "side": {"left"}}, false).want(303)
	n.store.with(context.DeadlineExceeded, false)
	n.post("/api/v1/patients", n.fill(`{"id":"{new x}","nhs_number":"9990000042","family":"Testwell"}`)).problem(503, "busy")
	n.store.with(io.ErrUnexpectedEOF, false)
	n.post("/api/v1/patients", n.fill(`{"id":"{new x}","nhs_number":"9990000042","family":"Testwell"}`)).problem(500, "internal")
	n.form("/theatre/open", map[string][]string{"id": {n.id()}, "nhs_number": {ada}, "text": {"Hip"}, "side": {"left"}}, false).want(409)
	n.store.with(nil, false)
	n.page(n.fill("/patients/{ada}")).want(200, "Testwell", "999 000 0018")

	log := n.log.String()
	if !strings.Contains(log, "/api/v1/patients/:id") || !strings.Contains(log, `"status":303`) {
		t.Fatalf("the log says nothing of the requests: %.300s", log)
	}
	for _, secret := range []string{ada, bob, "9990000034", "9990000042", "9990000019", "999 000", "50508989990", "Testwell", "Example", "Sample", "Bob", "1950-02", "Feb-1950", "H-4711", "see notes"} {
		if i := strings.Index(log, secret); i >= 0 {
			t.Errorf("%q is in the log: %s", secret, log[max(0, i-200):min(len(log), i+100)])
		}
		for _, header := range n.spoken {
			if strings.Contains(header, secret) {
				t.Errorf("%q is in a header: %s", secret, header)
			}
		}
	}
	// No page or answer links to an address that names somebody.
	for _, target := range []string{"/", "/theatre", "/recall", "/patients", n.fill("/patients/{ada}"), n.fill("/procedures/{hip}")} {
		for _, m := range regexp.MustCompile(`(?:href|action|src|hx-get|hx-post)="([^"]*)"`).FindAllStringSubmatch(n.page(target).text(), -1) {
			for _, secret := range []string{ada, bob, "Testwell", "Ada"} {
				if strings.Contains(m[1], secret) {
					t.Errorf("%s: %s", target, m[1])
				}
			}
		}
	}
	// And no address takes a number: what stands there is not looked at.
	n.send(request{method: "POST", target: "/patients?nhs_number=" + ada, kind: "application/x-www-form-urlencoded", header: map[string]string{"Accept": "text/html"}}).want(422)
	// Metrics and events say nothing of anybody.
	for _, secret := range []string{ada, "Testwell", n.vars["ada"]} {
		if strings.Contains(n.get("/metrics").text(), secret) {
			t.Errorf("%q is in the metrics", secret)
		}
	}
	if slices.ContainsFunc(n.spoken, func(h string) bool { return strings.HasPrefix(h, "Server:") }) {
		t.Error("the server names itself")
	}
	if a := n.send(request{method: http.MethodGet, target: "/patients/" + ada}); a.Status != 422 {
		t.Errorf("a number as an address: %d", a.Status)
	}
	if strings.Contains(n.log.String(), "/patients/"+ada) {
		t.Error("an address is in the log")
	}
}
