package api_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"implantrace/internal/staff"
	"implantrace/internal/trace"
)

// things are what stands in a node, by the names that ids have in addresses.
type things struct {
	patient, procedure, usage, notice, theCase, attachment, account, token string
}

// filled is a record with one of each thing; nobody signs in yet.
func filled(n *node, number, lot string) (x things) {
	n.t.Helper()
	x.procedure, x.notice = n.id(), n.id()
	n.post("/api/v1/procedures", `{"id":"`+x.procedure+`","patient":{"nhs_number":"`+number+`"},"code":{"text":"Hip"},"side":"left"}`).want(201)
	x.patient = n.get("/api/v1/procedures/" + x.procedure).want(200).value("procedure.patient").(string)
	x.usage = n.post("/api/v1/readings", `{"id":"`+n.id()+`","procedure":"`+x.procedure+`","text":"(01)`+stem+`(17)290331(10)`+lot+`"}`).want(201).value("usage").(string)
	n.post("/api/v1/usages/"+x.usage+"/outcome", `{"id":"`+n.id()+`","status":"implanted","override":"label-compared"}`).want(200)
	n.post("/api/v1/notices", `{"id":"`+x.notice+`",`+noticeOf+`,"criteria":{"di":"`+stem+`","lot":["`+lot+`"]}}`).want(201)
	x.theCase = n.get("/api/v1/notices/" + x.notice + "/board").want(200).value("cases.0.id").(string)
	x.attachment = n.sendForm("/api/v1/notices/"+x.notice+"/attachments", "file", "fsn.pdf", "%PDF-1.7 "+lot, map[string]string{"id": n.id()}).want(201).value("attachment").(string)
	return x
}

// in puts the things into an address in the place of its names.
func (x things) in(path string) string {
	of := x.notice
	switch {
	case strings.Contains(path, "/procedures/"):
		of = x.procedure
	case strings.Contains(path, "/usages/"):
		of = x.usage
	case strings.Contains(path, "/patients/"):
		of = x.patient
	case strings.HasPrefix(path, "/staff/"):
		of = x.account
	case strings.HasPrefix(path, "/tokens/"):
		of = x.token
	}
	return strings.NewReplacer("{id}", of, "{case}", x.theCase, "{attachment}", x.attachment, "{photograph}", x.attachment, "{type}", "Procedure", "{export}", "X", "{di}", stem).Replace(path)
}

// To whoever may not see a thing, an address answers the same whether there is such a
// thing or not: nobody learns by trying ids who is in the record. Each route with an
// id in its address is tried by each role that its line of the table shuts out.
func TestIdsTellNothingToWhomTheyAreNotFor(t *testing.T) {
	n := newNode(t)
	there := filled(n, ada, "LOT1")
	admin, _ := n.administrator(n.staffed())
	people := make(map[staff.Role]*visitor)
	for _, r := range staff.Roles() {
		v := n.visitor()
		v.signIn(admin.hire("Sam "+string(r), "", r)).want(303)
		v.page("/account").want(200)
		people[r] = v
	}
	there.account = regexp.MustCompile(`/staff/([0-9a-f-]{36})`).FindStringSubmatch(admin.page("/staff").want(200).text())[1]
	there.token = there.account
	guess := things{n.id(), n.id(), n.id(), n.id(), n.id(), n.id(), n.id(), n.id()}
	ids := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`)
	doc := must(contract())
	tried := 0
	for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
		if !strings.Contains(path, "{") || strings.Contains(path, "/operator/") || strings.HasPrefix(path, "/assets/") {
			continue
		}
		for method, op := range doc.Paths.Value(path).Operations() {
			may := staff.Permission(op.Extensions["x-permission"].(string))
			for role, v := range people {
				if (staff.Who{Kind: staff.Person, Roles: []staff.Role{role}}).May(may) == staff.Yes {
					continue
				}
				answer := func(x things) string {
					r := httptest.NewRequest(method, x.in(path), strings.NewReader(""))
					r.Host = "127.0.0.1:8080"
					r.AddCookie(&http.Cookie{Name: "implantrace", Value: v.cookies["implantrace"]})
					r.Header.Set("X-Form-Token", v.token)
					r.Header.Set("Content-Type", map[bool]string{true: "application/json", false: "application/x-www-form-urlencoded"}[strings.HasPrefix(path, "/api/")])
					w := httptest.NewRecorder()
					n.server.ServeHTTP(w, r)
					return fmt.Sprint(w.Code, " ", ids.ReplaceAllString(w.Body.String(), "ID"), " ", w.Header())
				}
				tried++
				if real, none := answer(there), answer(guess); real != none || !strings.HasPrefix(real, "403 ") {
					t.Errorf("%s %s as %s: %.300s\nand for an id of nothing: %.300s", method, path, role, real, none)
				}
			}
		}
	}
	t.Logf("%d answers to ids that are there are those to ids that are not", tried)
	if tried < 200 {
		t.Errorf("%d were tried", tried)
	}
}

// An id within the address of another thing finds nothing, and changes nothing: a
// case, a document and a photograph are reached through what they belong to alone.
func TestIdsDoNotCrossFromOneThingToAnother(t *testing.T) {
	n := newNode(t)
	one, other := filled(n, ada, "LOT1"), filled(n, "9990000026", "LOT2")
	n.get("/api/v1/notices/"+one.notice+"/cases/"+one.theCase).want(200, one.patient)
	seen := n.get("/api/v1/notices/" + other.notice + "/cases/" + other.theCase).want(200).value("history.0.stamp.event").(string)
	before := n.entries()
	for _, target := range []string{
		"/api/v1/notices/" + one.notice + "/cases/" + other.theCase, "/api/v1/notices/" + one.notice + "/attachments/" + other.attachment,
		"/api/v1/notices/" + one.procedure, "/api/v1/procedures/" + one.usage, "/api/v1/usages/" + one.procedure, "/api/v1/patients/" + one.procedure,
		"/api/v1/procedures/" + one.procedure + "/photographs/" + other.attachment,
	} {
		n.get(target).problem(404, "not-found")
	}
	n.page("/notices/" + one.notice + "/cases/" + other.theCase).want(404)
	change := func(notice string) request {
		return request{method: "POST", target: "/api/v1/notices/" + notice + "/cases/change", body: `{"id":"` + n.id() + `","cases":[{"case":"` + other.theCase + `","seen":"` + seen + `"}],"status":"contacting"}`}
	}
	n.send(change(one.notice)).problem(404, "not-found")
	if n.entries() != before {
		t.Error("an id of another notice's case changed something")
	}
	n.send(change(other.notice)).want(200)

	// What one person has open is not ended by another.
	admin, _ := n.administrator(n.staffed())
	nurse, surgeon := n.visitor(), n.visitor()
	nurse.signIn(admin.hire("Nell Nurse", "", staff.Theatre)).want(303)
	surgeon.signIn(admin.hire("Sue Surgeon", "", staff.Clinician)).want(303)
	theirs := regexp.MustCompile(`/account/sessions/([0-9a-f-]{36})/end`).FindStringSubmatch(surgeon.page("/account").want(200).text())
	if theirs == nil {
		theirs = []string{"", n.id()}
		t.Error("the page of an account lists no session that can be ended")
	}
	nurse.page("/account")
	mine := nurse.send(request{method: "POST", target: "/account/sessions/" + theirs[1] + "/end", kind: "application/x-www-form-urlencoded", body: "csrf=" + nurse.token})
	nurse.page("/account")
	none := nurse.send(request{method: "POST", target: "/account/sessions/" + trace.NewEventID().String() + "/end", kind: "application/x-www-form-urlencoded", body: "csrf=" + nurse.token})
	if mine.Status != none.Status {
		t.Errorf("to end somebody's session gives %d, and one that is not there %d", mine.Status, none.Status)
	}
	surgeon.page("/account").want(200, "Sue Surgeon")
}
