package api_test

import (
	"net/http"
	"net/url"
	"testing"
)

// Two machines, two patients: what is opened and scanned at one is not seen at the
// other, until it takes it up.
func TestTwoWorkstationsKeepTheirPatientsApart(t *testing.T) {
	n := newNode(t)
	id, _ := n.post("/api/v1/theatre/workstations", n.fill(`{"id":"{new w}","name":"Theatre 5"}`)).want(201, `"name":"Theatre 5"`).value("id").(string)
	n.post("/api/v1/theatre/workstations", n.fill(`{"id":"{w}","name":"Theatre 5"}`)).want(201, id)
	n.get("/api/v1/theatre/workstations").want(200, "IMT:A:pair:node", "IMT:A:pair:"+id)
	there := func(method, target, body string) *answer {
		t.Helper()
		return n.send(request{method: method, target: target, body: n.fill(body), header: map[string]string{"X-Workstation": id}})
	}
	there("POST", "/api/v1/theatre/open", `{"id":"{new five}","patient":{"nhs_number":"`+ada+`"},"code":{"text":"Hip"},"side":"left"}`).want(201)
	there("GET", "/api/v1/theatre", "").want(200, `"family"`[:0], n.fill("{five}"))
	if n.get("/api/v1/theatre").want(200).value("procedure") != nil {
		t.Error("the node's own page shows the other's procedure")
	}
	n.post("/api/v1/readings", n.fill(`{"id":"{new r}","text":"(01)`+stem+`(10)LOT1"}`)).want(201, "no procedure is open")
	there("POST", "/api/v1/readings", `{"id":"{new r}","text":"(01)`+stem+`(10)LOT1"}`).want(201, n.fill("{five}"))
	n.get("/api/v1/theatre").want(200, `"at":["Theatre 5"]`)
	n.page("/theatre").want(200, "Take it up here", "at Theatre 5")
	n.form("/theatre/take-up", url.Values{"id": {n.id()}, "procedure": {n.fill("{five}")}}, false).want(303)
	n.page("/theatre").want(200, "Close procedure", "Open at Theatre 5 too")
	n.form("/theatre/leave", url.Values{"id": {n.id()}, "procedure": {n.fill("{five}")}}, true).want(204)
	n.post("/api/v1/theatre/take-up", n.fill(`{"id":"{new t}","procedure":"{five}"}`)).want(200)
	n.post("/api/v1/theatre/leave", n.fill(`{"id":"{new l}","procedure":"{five}"}`)).want(204)
	n.post("/api/v1/theatre/workstations/close", n.fill(`{"id":"{new c}","workstation":"`+id+`"}`)).problem(409, "conflict")
	there("POST", "/api/v1/theatre/close", `{"id":"{new e}","procedure":"{five}"}`).want(200)
	n.post("/api/v1/theatre/workstations/close", n.fill(`{"id":"{c}","workstation":"`+id+`"}`)).want(204)
	// A machine of a workstation that is gone is told so, and shows nobody else's desk.
	there("GET", "/api/v1/theatre", "").problem(404, "not-found")
	there("POST", "/api/v1/readings", `{"id":"{new r}","text":"(01)`+stem+`(10)LOT1"}`).problem(404, "not-found")
}

func TestTheSheetOfActionsHasACodeForEach(t *testing.T) {
	n := newNode(t)
	n.page("/theatre/actions").want(200, `<svg class="symbol" role="img"`, "IMT:A:opened", "IMT:A:implanted", "IMT:A:opened-not-used", "IMT:A:wasted", "IMT:A:returned", "IMT:A:trial")
}

func TestAMachineIsMadeAWorkstationOnItsPage(t *testing.T) {
	n := newNode(t)
	n.page("/theatre/workstations").want(200, "Make this machine a workstation", `<svg class="symbol" role="img"`, "IMT:A:pair:node")
	a := n.form("/theatre/workstations", url.Values{"id": {n.id()}, "name": {"Theatre 6"}}, false).want(303)
	kept := (&http.Response{Header: a.Header}).Cookies()
	if len(kept) != 1 || kept[0].Name != "implantrace-workstation" || !kept[0].HttpOnly || kept[0].SameSite != http.SameSiteStrictMode {
		t.Fatalf("%+v", kept)
	}
	as := map[string]string{"Cookie": "implantrace-workstation=" + kept[0].Value, "Accept": "text/html"}
	n.send(request{target: "/theatre", header: as}).want(200, "This page: <strong>Theatre 6</strong>")
	n.send(request{target: "/theatre/workstations", header: as}).want(200, "This machine", "Close Theatre 6")
	n.form("/theatre/workstations/close", url.Values{"id": {n.id()}, "workstation": {kept[0].Value}}, false).want(303)
	gone := n.send(request{target: "/theatre", header: as}).want(303)
	if c := (&http.Response{Header: gone.Header}).Cookies(); len(c) != 1 || c[0].MaxAge >= 0 {
		t.Errorf("the cookie stays: %+v", c)
	}
	n.send(request{target: "/theatre/workstations", header: as}).want(303)
}
