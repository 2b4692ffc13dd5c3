package api_test

import (
	"net/url"
	"strings"
	"testing"

	"implantrace/internal/trace"
)

// What is wrong is put right on a page: only what was changed on it is said, so that
// nobody's correction is undone by a page that was open meanwhile.
func TestARecordIsPutRightOnAPage(t *testing.T) {
	n := newNode(t)
	n.implant("p", "NM21")
	procedure := "/procedures/" + n.vars["p"]
	page := procedure + "/correct"
	n.page(procedure).want(200, "Put the record right")
	n.page(page).want(200, "The patient", `name="was-nhs_number" value="`+ada+`"`, `name="was-lot" value="NM21"`, `name="was-code" value="W37.1"`)

	device := n.vars["pdevice"]
	lot := url.Values{"id": {n.id()}, "of": {device}, "was-lot": {"NM21"}, "lot": {"NM12"}, "was-location": {""}, "location": {""}}
	n.form(page, lot, false).want(422, "Nothing was recorded", "A correction wants a reason.", `value="NM12"`)
	// Meanwhile somebody says where it is.
	n.post("/api/v1/corrections", n.fill(`{"id":"{new x}","usage":"`+device+`","set":{"location":"left hip"},"reason":"It was not said"}`)).want(201)
	lot.Set("reason", "The label says NM12")
	n.form(page, lot, false).want(303)
	n.form(page, lot, false).want(303) // sent twice
	n.get("/api/v1/usages/"+device).want(200, `"lot":"NM12"`, `"location":"left hip"`)

	n.form(page, url.Values{"id": {n.id()}, "of": {"procedure"}, "was-side": {"left"}, "side": {"right"}, "was-start": {""}, "start": {"yesterday"}, "reason": {"The notes say right"}}, false).want(422, "The start is a day and a time.", "The notes say right")
	n.form(page, url.Values{"id": {n.id()}, "of": {"procedure"}, "was-side": {"left"}, "side": {"right"}, "was-text": {""}, "text": {"Total hip replacement"}, "was-code": {"W37.1"}, "code": {"W37.1"},
		"was-place": {""}, "place": {"Theatre 4"}, "reason": {"The notes say right"}}, false).want(303)
	n.get("/api/v1/procedures/"+n.vars["p"]).want(200, `"side":"right"`, `"text":"Total hip replacement"`, `"name":"Theatre 4"`, `"code":"W37.1"`)

	n.form(page, url.Values{"id": {n.id()}, "of": {"patient"}, "was-family": {"Testwell"}, "family": {"Testwells"}, "was-given": {"Ada"}, "given": {""}, "reason": {"As on the passport"}}, false).want(303)
	n.page(page).want(200, `name="was-family" value="Testwells"`, `name="was-given" value=""`)

	n.form(page, url.Values{"id": {n.id()}, "of": {device}, "withdraw": {"yes"}, "reason": {"Scanned in the wrong theatre"}}, false).want(303)
	n.get("/api/v1/usages/"+device).want(200, `"withdrawn":true`)
	n.page(page).want(200, "(taken off)", "It was right: put it back")
	n.form(page, url.Values{"id": {n.id()}, "of": {device}, "restore": {"yes"}, "reason": {"It was this theatre"}}, false).want(303)
	if strings.Contains(n.get("/api/v1/usages/"+device).want(200).text(), `"withdrawn":true`) {
		t.Error("it is still taken off")
	}
	n.form(page, url.Values{"id": {n.id()}, "of": {trace.NewID[trace.OfUsage]().String()}, "reason": {"x"}}, false).want(404)
	n.form(page, url.Values{"id": {n.id()}, "of": {device}, "reason": {"Nothing"}}, false).want(422)
}

// A damaged code is compared with the label, and the exports take the device.
func TestADamagedCodeIsComparedOnThePage(t *testing.T) {
	n := newNode(t)
	n.post("/api/v1/theatre/open", n.fill(`{"id":"{new p}","patient":{"nhs_number":"`+ada+`"},"code":{"text":"Hip"},"side":"left"}`)).want(201)
	scanned := n.post("/api/v1/readings", n.fill(`{"id":"{new x}","text":"]d201095201400010381731063010NM22"}`)).want(201)
	device, _ := scanned.value("usage").(string)
	n.get("/api/v1/usages/"+device).want(200, `"damaged":true`)
	page := n.fill("/procedures/{p}/correct")
	n.page(page).want(200, "The code was damaged")
	n.form(page, url.Values{"id": {n.id()}, "of": {device}, "compared": {"yes"}, "was-di": {""}, "di": {"09520140001039"}, "was-lot": {"NM22"}, "lot": {"NM22"}, "reason": {"Compared with the label"}}, false).want(303)
	if text := n.get("/api/v1/usages/"+device).want(200, `"di":"09520140001039"`).text(); strings.Contains(text, `"damaged":true`) {
		t.Errorf("still damaged: %s", text)
	}
}

// Of linked records the one that the procedure stands in is put right, and not the one
// that is shown; who somebody is that nobody has identified is said by a link.
func TestTheRecordOfTheProcedureIsPutRight(t *testing.T) {
	n := newNode(t)
	patient := func(name, body string) {
		t.Helper()
		n.vars[name], _ = n.post("/api/v1/patients", n.fill(`{"id":"{new x}",`+body+`}`)).want(201).value("patient").(string)
	}
	open := func(name, patient string) string {
		t.Helper()
		n.post("/api/v1/procedures", n.fill(`{"id":"{new `+name+`}","patient":{"patient":"`+patient+`"},"code":{"text":"Hip"},"start":"2026-03-14T08:00:00Z"}`)).want(201)
		return "/procedures/" + n.vars[name] + "/correct"
	}
	patient("ada", `"nhs_number":"`+ada+`","family":"Testwell"`)
	patient("other", `"local_issuer":"RXX","local_number":"L-5","family":"Tetswell"`)
	patient("unknown", `"provisional":true,"appears":"female, about 70"`)
	page := open("p", n.vars["other"])
	n.post("/api/v1/links", n.fill(`{"id":"{new x}","survives":"{ada}","other":"{other}","reason":"One person"}`)).want(201)
	if text := n.page(page).want(200, `value="Tetswell"`, `name="was-local_number" value="L-5"`).text(); strings.Contains(text, ada) {
		t.Error("the page corrects the record that is shown of both")
	}
	n.form(page, url.Values{"id": {n.id()}, "of": {"patient"}, "was-family": {"Tetswell"}, "family": {"Testwell"}, "reason": {"Letters changed places"}}, false).want(303)
	n.page(page).want(200, `name="was-family" value="Testwell"`)

	page = open("q", n.vars["unknown"])
	n.page(page).want(200, "Nobody has identified this patient yet", n.fill("/links?a={unknown}"))
	n.form(page, url.Values{"id": {n.id()}, "of": {"patient"}, "was-family": {""}, "family": {"Testwell"}, "reason": {"Her card"}}, false).want(404)
}
