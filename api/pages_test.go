package api_test

import (
	"bytes"
	"mime/multipart"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

const strip = "Not yet approved for clinical use. Synthetic patients only."

var heading = regexp.MustCompile(`<h([1-6])[ >]`)

func TestEveryPageIsWhole(t *testing.T) {
	n := newNode(t)
	for _, target := range append(pages(n), "/nothing", n.fill("/patients/{band}")) {
		a := n.page(target)
		text := a.text()
		if want := map[bool]int{true: 404, false: 200}[target == "/nothing" || target == n.fill("/patients/{band}")]; a.Status != want {
			t.Errorf("%s: %d", target, a.Status)
		}
		if !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") || !strings.HasPrefix(text, "<!DOCTYPE html>") || !strings.HasSuffix(strings.TrimSpace(text), "</html>") {
			t.Errorf("%s: no page", target)
		}
		if !regexp.MustCompile(`<title>[^<]+</title>`).MatchString(text) || !strings.Contains(text, `<html lang="en-GB">`) {
			t.Errorf("%s: no title or language", target)
		}
		if strings.Count(text, "<main ") != 1 || strings.Count(text, "<h1") != 1 {
			t.Errorf("%s: %d main, %d h1", target, strings.Count(text, "<main "), strings.Count(text, "<h1"))
		}
		if strings.Contains(text, "<no value>") || strings.Contains(text, "ZgotmplZ") || strings.Contains(text, "%!") {
			t.Errorf("%s: the template is wrong", target)
		}
		level := 1
		for _, m := range heading.FindAllStringSubmatch(text[strings.Index(text, "<main "):strings.Index(text, "</main>")], -1) {
			now := int(m[1][0] - '0')
			if now > level+1 {
				t.Errorf("%s: h%d behind h%d", target, now, level)
			}
			level = now
		}
		ids := make(map[string]bool)
		for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(text, -1) {
			if ids[m[1]] {
				t.Errorf("%s: the id %s stands twice", target, m[1])
			}
			ids[m[1]] = true
		}
		for _, m := range regexp.MustCompile(`(?: for| aria-labelledby| aria-describedby)="([^"]+)"`).FindAllStringSubmatch(text, -1) {
			if !ids[m[1]] {
				t.Errorf("%s: nothing has the id %s", target, m[1])
			}
		}
		for _, m := range regexp.MustCompile(` href="#([^"]+)"`).FindAllStringSubmatch(text, -1) {
			if !ids[m[1]] {
				t.Errorf("%s: a link to #%s, which is not there", target, m[1])
			}
		}
		if strings.Count(text, "<table") != strings.Count(text, `<div class="table-box" tabindex="0" role="region" aria-label="`) {
			t.Errorf("%s: a table that cannot be scrolled by keyboard", target)
		}
	}
}

func TestEveryPageSaysThatTheNodeIsNotApproved(t *testing.T) {
	n := newNode(t)
	all := append(pages(n), "/nothing", n.fill("/patients/{band}"), "/procedures/x")
	for _, target := range all {
		if !strings.Contains(n.page(target).text(), strip) {
			t.Errorf("%s does not say it", target)
		}
	}
	for _, c := range []struct {
		target string
		fields url.Values
		status int
	}{
		{"/recall", url.Values{"di": {stem}}, 200}, {"/recall", url.Values{"di": {"1"}}, 422},
		{"/patients", url.Values{"nhs_number": {ada}}, 200}, {"/patients", url.Values{"nhs_number": {"1"}}, 422},
		{"/theatre/close", url.Values{"id": {n.id()}, "procedure": {n.vars["band"]}}, 404},
	} {
		n.form(c.target, c.fields, false).want(c.status, strip)
	}
	n.store.with(errFull, false)
	n.form("/safety", url.Values{"id": {n.id()}, "approved": {"true"}, "officer": {"Dr P Officer"}}, false).want(507, strip)
	n.store.with(nil, false)
	n.form("/safety", url.Values{"id": {n.id()}, "approved": {"true"}, "officer": {" "}}, false).want(422, strip)
	n.page("/").want(200, strip)

	approve := url.Values{"id": {n.id()}, "approved": {"true"}, "officer": {"Dr P Officer"}, "role": {"CSO"}, "site": {"Exemplar"}, "statement": {"Case 7"}}
	if to := n.form("/safety", approve, false).want(303).Header.Get("Location"); to != "/safety" {
		t.Errorf("on to %q", to)
	}
	n.form("/safety", approve, true).want(204) // sent twice
	for _, target := range all {
		a := n.page(target)
		if strings.Contains(a.text(), strip) {
			t.Errorf("%s still says it", target)
		}
		if !strings.Contains(a.text(), "Approved for clinical use: Dr P Officer, 14 Mar 2026") {
			t.Errorf("%s does not say who approved", target)
		}
	}
	n.form("/safety", url.Values{"id": {n.id()}, "approved": {"false"}, "officer": {"Dr Q Officer"}}, false).want(303)
	n.page("/theatre").want(200, strip)
}

func TestApprovalHoldsForItsReleaseOnly(t *testing.T) {
	n := newNode(t)
	n.post("/api/v1/approval", n.fill(`{"id":"{new x}","approved":true,"officer":"Dr P Officer"}`)).want(201, `"approved":true`, `"release":"test"`)
	n.page("/theatre").want(200, "Approved for clinical use: Dr P Officer")
	n.version("test 2")
	n.page("/theatre").want(200, strip)
	n.page("/safety").want(200, strip)
	n.get("/api/v1/approval").want(200, `"approved":false`, `"release":"test"`)
	n.form("/safety", url.Values{"id": {n.id()}, "approved": {"true"}, "officer": {"Dr Q Officer"}}, false).want(303)
	n.page("/theatre").want(200, "Approved for clinical use: Dr Q Officer")
	n.version("test")
	n.page("/theatre").want(200, strip)
}

func TestTheTheatrePageByForms(t *testing.T) {
	n := newNode(t)
	n.page("/theatre").want(200, "Scan the patient&#39;s wristband", "Open a procedure", "Nothing has been scanned yet")
	n.form("/theatre/open", url.Values{"id": {n.id()}, "text": {"Hip"}, "side": {"left"}}, false).want(422, "Scan the patient&#39;s wristband first")
	n.post("/api/v1/readings", n.fill(`{"id":"{new x}","text":"`+wristband+`"}`)).want(201)
	n.page("/theatre").want(200, "Testwell", "999 000 0018", "Start again")
	if to := n.form("/theatre/forget", url.Values{}, false).want(303).Header.Get("Location"); to != "/theatre" {
		t.Errorf("on to %q", to)
	}
	if strings.Contains(n.page("/theatre").text(), "Testwell") {
		t.Error("the patient is still there")
	}
	open := url.Values{"id": {n.fill("{new p}")}, "nhs_number": {ada}, "code": {"W37.1"}, "text": {"Hip"}, "side": {"left"}, "place": {"Theatre 4"}, "surgeon": {"Mr J Surgeon"}}
	n.form("/theatre/open", url.Values{"id": {n.vars["p"]}, "nhs_number": {ada}, "text": {"Hip"}}, false).want(422, "Choose the side")
	n.form("/theatre/open", open, false).want(303)
	n.form("/theatre/open", open, true).want(204) // sent twice
	n.page("/theatre").want(200, "W37.1 Hip", "Theatre 4", "Mr J Surgeon (surgeon)", "Close procedure")

	scan := func(text string) string {
		t.Helper()
		return n.post("/api/v1/readings", n.fill(`{"id":"{new x}","text":"`+text+`"}`)).want(201).value("usage").(string)
	}
	expired := scan("(01)" + stem + "(17)250131(10)OLD")
	di := scan("(01)" + cup)
	n.page("/theatre/board").want(200, "Product not in the catalogue", "Expired on 31 January 2025", "Use another device", "say why it was used all the same", `value="opened-not-used"`, "no outcome yet")
	n.clock.move(6e9)
	pi := scan("(17)280331(10)C-9")
	n.page("/theatre/board").want(200, "Other code of the pack scanned before")
	n.page("/theatre/board").want(200, "3 devices are without an outcome")
	n.get("/theatre/board?part=all").problem(422, "invalid")

	outcome := "/theatre/usages/" + expired + "/outcome"
	n.form(outcome, url.Values{"id": {n.id()}, "status": {"implanted"}}, true).problem(422, "invalid").want(422, "say why it was used all the same")
	n.form(outcome, url.Values{"id": {n.id()}, "status": {"implanted"}, "reason": {"Nothing else was there"}}, true).want(204)
	// One touch: used in spite of the warning, and why.
	warned := "/theatre/usages/" + di + "/outcome"
	n.page("/theatre/board").want(200, "Implanted in spite of the warning, because", `name="override" value="label-compared"`)
	n.form(warned, url.Values{"id": {n.id()}, "status": {"implanted"}}, true).problem(422, "invalid").want(422, "A check warns")
	n.form(warned, url.Values{"id": {n.id()}, "override": {"other"}}, true).problem(422, "invalid").want(422, "wants words")
	n.form(warned, url.Values{"id": {n.id()}, "override": {"label-compared"}}, true).want(204)
	n.page("/theatre/board").want(200, "In spite of a Warning: Compared with the label")
	n.form("/theatre/side", url.Values{"procedure": {n.vars["p"]}, "side": {"left"}}, true).want(204)
	n.post("/api/v1/theatre/side", n.fill(`{"procedure":"{p}","side":"right"}`)).want(204)
	n.post("/api/v1/theatre/side", n.fill(`{"procedure":"{p}","side":"up"}`)).problem(422, "invalid")
	n.form("/theatre/usages/"+di+"/join", url.Values{"id": {n.id()}, "other": {pi}}, false).want(303)
	n.form("/theatre/usages/"+di+"/withdraw", url.Values{"id": {n.id()}}, false).want(303)
	n.page("/theatre/board").want(200, "implanted")
	if strings.Contains(n.page("/theatre/board").text(), "usage-"+di) {
		t.Error("what was taken off is still on the list")
	}
	n.get("/api/v1/usages/"+di).want(200, `"withdrawn":true`)
	n.get("/api/v1/usages/"+expired).want(200, `"override":true`)

	n.form("/theatre/close", url.Values{"id": {n.id()}}, false).want(422)
	closing := url.Values{"id": {n.id()}, "procedure": {n.vars["p"]}}
	n.form("/theatre/close", closing, false).want(303)
	n.form("/theatre/close", closing, false).want(303) // sent twice
	if strings.Contains(n.page("/theatre").text(), "Testwell") {
		t.Error("the next patient's screen shows the last one")
	}
}

func TestFormsThatAreNotRightAreRefused(t *testing.T) {
	n := newNode(t)
	n.walk(road[10:21])
	entries := n.entries()
	const kind = "application/x-www-form-urlencoded"
	for _, target := range []string{"/theatre/open", "/theatre/close", n.fill("/theatre/usages/{usage}/outcome"), n.fill("/theatre/usages/{usage}/withdraw"), n.fill("/theatre/usages/{usage}/join"), "/recall", "/patients", "/safety"} {
		for _, q := range []request{
			{kind: kind, body: ""}, {kind: kind, body: "id=1"}, {kind: kind, body: "id=%zz"}, {kind: kind, body: "a;b"}, {kind: "application/json", body: `{"id":"1"}`},
			{kind: "text/plain", body: "id=1"}, {kind: "multipart/form-data", body: "x"}, {kind: "multipart/form-data; boundary=x", body: "--x\r\nbroken"},
			{kind: kind, body: "id=\xff\xfe"}, {kind: kind, body: "id=00000000-0000-0000-0000-000000000000"},
		} {
			q.method, q.target, q.header = "POST", target, map[string]string{"Accept": "text/html"}
			n.send(q).want(422)
		}
		n.send(request{method: "POST", target: target, kind: kind, body: "id=" + strings.Repeat("A", 2<<20)}).problem(413, "too-large")
	}
	if n.entries() != entries {
		t.Error("something was recorded")
	}
}

func TestHistoryIsImportedByForm(t *testing.T) {
	n := newNode(t)
	send := func(fields ...[2]string) *answer {
		t.Helper()
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for _, f := range fields {
			var err error
			if f[0] == "file" {
				part, ferr := w.CreateFormFile("file", "history.jsonl")
				if err = ferr; err == nil {
					_, err = part.Write([]byte(f[1]))
				}
			} else {
				err = w.WriteField(f[0], f[1])
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		return n.send(request{method: "POST", target: "/import", kind: w.FormDataContentType(), body: b.String(), header: map[string]string{"Accept": "text/html"}})
	}
	send([2]string{"source", "pas"}, [2]string{"file", history}).want(200, "5 rows: 4 recorded, 0 there already, 1 refused", "Refused rows")
	send([2]string{"source", "pas"}, [2]string{"file", history}).want(200, "5 rows: 0 recorded, 4 there already, 1 refused")
	send([2]string{"source", "pas"}, [2]string{"file", `{"type":"patient","ref":"P-2","nhs_number":"999 000 0034","family":"Otherwise"}`}).want(200, "worth a second look")
	var half bytes.Buffer
	w := multipart.NewWriter(&half)
	_ = w.WriteField("source", "pas")
	part, _ := w.CreateFormFile("file", "history.jsonl")
	_, _ = part.Write([]byte(history[:300])) // and the connection is gone
	n.send(request{method: "POST", target: "/import", kind: w.FormDataContentType(), body: half.String(), header: map[string]string{"Accept": "text/html"}}).want(422, "broke off")
	send([2]string{"source", ""}, [2]string{"file", history}).want(422, "Not imported")
	send([2]string{"source", "pas"}).want(422, "The form wants a file")
	n.send(request{method: "POST", target: "/import", kind: "application/x-www-form-urlencoded", body: "source=pas", header: map[string]string{"Accept": "text/html"}}).want(422, "Not imported")
}

// A browser is told in a page, a program and a script in a problem.
func TestAnErrorIsAPageOrAProblem(t *testing.T) {
	n := newNode(t)
	target := "/patients/" + n.id()
	a := n.page(target).want(404, "Not in the record", "To the first page")
	if !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		t.Errorf("no page: %v", a.Header)
	}
	n.get(target).problem(404, "not-found")
	n.send(request{target: target, header: map[string]string{"Accept": "text/html", "HX-Request": "true"}}).problem(404, "not-found")
	n.send(request{target: "/api/v1" + target, header: map[string]string{"Accept": "text/html"}}).problem(404, "not-found")
}

func TestTheDescriptionIsAPageToo(t *testing.T) {
	n := newNode(t)
	doc, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	a := n.page("/api/docs").want(200, `href="/api/openapi.yaml"`, "9990000018", "urn:implantrace:problem:outcome-unknown")
	text := a.text()
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			at := strings.Index(text, `id="`+op.OperationID+`"`)
			if at < 0 {
				t.Errorf("%s is not on the page", op.OperationID)
				continue
			}
			part := text[at:]
			part = part[:strings.Index(part, "</section>")]
			if !strings.Contains(part, "<strong>"+method+"</strong> "+path) {
				t.Errorf("%s: no %s %s", op.OperationID, method, path)
			}
			for _, p := range op.Parameters {
				if !strings.Contains(part, ">"+p.Value.Name+"<") {
					t.Errorf("%s: no parameter %s", op.OperationID, p.Value.Name)
				}
			}
			for status := range op.Responses.Map() {
				if !strings.Contains(part, "<strong>"+status+"</strong>") {
					t.Errorf("%s: no answer %s", op.OperationID, status)
				}
			}
		}
	}
	for _, tag := range doc.Tags {
		if !strings.Contains(text, ">"+tag.Name+"</h2>") {
			t.Errorf("no group %s", tag.Name)
		}
	}
	for name := range doc.Components.Schemas {
		if !strings.Contains(text, `id="schema-`+name+`"`) {
			t.Errorf("no schema %s", name)
		}
	}
	if strings.Contains(text, "**") || strings.Contains(text, "`") {
		t.Error("Markdown is left on the page")
	}
}
