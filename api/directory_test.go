package api_test

import (
	"net/http"
	"strings"
	"testing"
)

const (
	badgeNumber = "950110153000300015"
	theatreGLN  = "9520000000004"
)

func TestTheDirectoryByAPI(t *testing.T) {
	n := newNode(t)
	n.get("/api/v1/directory/staff").want(200, `"items":[]`)
	n.post("/api/v1/directory/staff", n.fill(`{"id":"{new s}","badge":"`+badgeNumber+`","name":"A. Dene","role":"surgeon","register":"GMC","number":"1234567"}`)).
		want(201, `"badge":"`+badgeNumber+`"`, `"register":"GMC"`)
	n.post("/api/v1/directory/staff", n.fill(`{"id":"{s}","badge":"`+badgeNumber+`","name":"Another"}`)).problem(409, "conflict")
	n.post("/api/v1/directory/staff", n.fill(`{"id":"{new x}","badge":"950110153000300016","name":"A"}`)).problem(422, "invalid")
	n.post("/api/v1/directory/places", n.fill(`{"id":"{new p}","gln":"`+theatreGLN+`","extension":"4","name":"Theatre 4","site":"Main","ods":"RXX01"}`)).want(201, `"ods":"RXX01"`)
	n.post("/api/v1/directory/codes", n.fill(`{"id":"{new c}","system":"OPCS-4","code":"W37.1","text":"Total hip replacement","side":"yes"}`)).want(201, `"system":"OPCS-4"`)
	n.get("/api/v1/directory/staff").want(200, "A. Dene", `"history":[`)
	n.get("/api/v1/directory/places").want(200, "Theatre 4")
	n.get("/api/v1/directory/codes").want(200, "Total hip replacement")

	// A scan says names.
	n.post("/api/v1/readings", n.fill(`{"id":"{new r1}","text":"]d28017`+badgeNumber+`"}`)).want(201, "Badge of A. Dene")
	n.post("/api/v1/readings", n.fill(`{"id":"{new r2}","text":"]d2414`+theatreGLN+`2544"}`)).want(201, "Theatre 4, Main")
	n.post("/api/v1/readings", n.fill(`{"id":"{new r3}","text":"]d299IMT:P:opcs-4:W371"}`)).want(201, "Procedure: Total hip replacement")
	n.get("/api/v1/theatre").want(200, `"code":{"system":"OPCS-4","code":"W371","text":"Total hip replacement"}`, `"name":"A. Dene"`)
	// What it does not know waits.
	n.post("/api/v1/readings", n.fill(`{"id":"{new r4}","text":"]d2414`+theatreGLN+`2545"}`)).want(201, "not in the directory")
	n.get("/api/v1/directory/unlisted").want(200, theatreGLN+"/5", `"seen":1`)
	n.get("/api/v1/directory/unlisted?from=2090-01-01").want(200, `"items":[]`)
	n.get("/api/v1/directory/unlisted?from=soon").problem(422, "invalid")

	table := request{method: "POST", target: "/api/v1/directory/imports?list=places&id=" + n.id(), kind: "text/csv", body: "gln,extension,name\n" + theatreGLN + ",5,Theatre 5\n" + theatreGLN + ",6,\n"}
	n.send(table).want(200, `"line":2`, `"refused":"A place wants a name."`)
	n.send(table).want(200, `"unchanged":true`)
	n.get("/api/v1/directory/unlisted").want(200, `"items":[]`)
	table.target = "/api/v1/directory/imports?list=cars&id=" + n.id()
	n.send(table).problem(404, "not-found")
	n.get("/api/v1/exports/directory.csv?list=places").want(200, "gln,extension,name,site,ods,removed\n", theatreGLN+",5,Theatre 5")
	n.get("/api/v1/exports/directory.csv?list=cars").problem(422, "invalid")
}

func TestTheDirectoryByPage(t *testing.T) {
	n := newNode(t)
	n.post("/api/v1/readings", n.fill(`{"id":"{new r}","text":"]d28017`+badgeNumber+`"}`)).want(201)
	n.page("/directory").want(200, "Met in the last month, and not listed", badgeNumber)
	n.form("/directory", map[string][]string{"id": {n.id()}, "list": {"staff"}, "badge": {"]d28017" + badgeNumber}, "name": {"A. Dene"}}, false).want(303)
	a := n.page("/directory?list=staff").want(200, "A. Dene")
	if strings.Contains(a.text(), "not listed</h2>") {
		t.Error("it is listed, and waits all the same")
	}
	n.form("/directory", map[string][]string{"id": {n.id()}, "list": {"places"}, "gln": {theatreGLN}, "name": {"Main"}}, false).want(303)
	n.form("/directory", map[string][]string{"id": {n.id()}, "list": {"codes"}, "system": {"local"}, "code": {"HIP-1"}, "text": {"Our hip"}}, false).want(303)
	n.form("/directory", map[string][]string{"id": {n.id()}, "list": {"cars"}}, false).want(422)
	n.page("/directory?list=places").want(200, theatreGLN)
	n.page("/directory?list=cars").want(404)
	for list, says := range map[string]string{"staff": "(8017)" + badgeNumber, "places": "(414)" + theatreGLN, "codes": "(99)IMT:P:local:HIP-1"} {
		n.page("/directory/print?list="+list).want(200, says, `<svg class="symbol" role="img"`)
	}
	n.page("/directory/print?list=cars").want(404)
	if a := n.get("/directory/print?list=staff"); a.Status != http.StatusOK {
		t.Error(a.Status)
	}
}
