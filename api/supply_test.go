package api_test

import (
	"net/url"
	"strings"
	"testing"
)

// What was used of a supplier's is listed for them, and nothing of the patient with it.
func TestWhatASupplierIsToldNamesNoPatient(t *testing.T) {
	n := newNode(t)
	n.post("/api/v1/stock/moves", n.fill(`{"id":"{new m}","move":"received","place":"Store 2","device":{"di":"`+stem+`","lot":"LOT1"},"supply":{"kind":"consignment","supplier":"Northmoor","reference":"C-1"}}`)).want(201, `"supplier":"Northmoor"`)
	n.page("/stock").want(200, "consignment of Northmoor, C-1")
	n.post("/api/v1/theatre/open", n.fill(`{"id":"{new p}","patient":{"nhs_number":"`+ada+`","family":"Quist"},"code":{"text":"Hip"},"side":"left"}`)).want(201)
	n.page("/supplied").want(200, "No device of a supplier")
	n.post("/api/v1/readings", n.fill(`{"id":"{new r}","text":"(01)`+stem+`(10)LOT1"}`)).want(201)
	loan, _ := n.post("/api/v1/readings", n.fill(`{"id":"{new r2}","text":"(01)`+stem+`(10)LOT2"}`)).want(201).value("usage").(string)
	n.page("/theatre").want(200, "Consignment of Northmoor, C-1", "It is a loan kit")
	n.form("/theatre/usages/"+loan+"/supply", url.Values{"id": {n.id()}, "supply": {"loan"}}, true).want(204)
	n.page("/theatre").want(200, "Loan kit, supplier not said")
	n.post("/api/v1/usages/"+loan+"/supply", n.fill(`{"id":"{new s}","supply":{"kind":"loan","supplier":"Fellside","reference":"L-9"}}`)).want(200, `"supplier":"Fellside"`)
	n.post("/api/v1/usages/"+loan+"/supply", n.fill(`{"id":"{new s2}","supply":{"kind":"gift"}}`)).problem(422, "invalid")
	page := n.page("/supplied").want(200, "Fellside", "L-9", "Northmoor", "C-1", "LOT2")
	table := n.get("/api/v1/exports/supplied.csv").want(200, "used,supply,supplier,reference", "loan,Fellside,L-9", "consignment,Northmoor,C-1")
	for _, a := range []*answer{page, table} {
		if strings.Contains(a.text(), "Quist") || strings.Contains(a.text(), ada) {
			t.Errorf("%s names the patient", a.about)
		}
	}
	if lines := strings.Count(strings.TrimSpace(table.text()), "\n"); lines != 2 {
		t.Errorf("%d devices", lines)
	}
	n.get("/api/v1/exports/supplied.csv?from=2020-01-01&to=2020-01-31").want(200)
	n.get("/api/v1/exports/supplied.csv?from=2020-02-01&to=2020-01-31").problem(422, "invalid")
	n.page("/supplied?from=leg").want(422, "no date")
	n.page("/procedures/"+n.fill("{p}")).want(200, "loan kit of Fellside, L-9")
}
