package api_test

import (
	"bytes"
	"net/url"
	"strings"
	"testing"
)

// A set is listed by a program or a table that was looked at first, changed on its
// page, printed, and taken from in theatre.
func TestASetIsListedChangedAndTakenFrom(t *testing.T) {
	n := newNode(t)
	n.post("/api/v1/sets", n.fill(`{"id":"{new s}","name":"Small fragment","code":"TRAY-1","items":[{"catalogue_no":"NM-27-12","description":"Cortex screw","size":"12 mm","quantity":6}],"supply":{"kind":"loan","supplier":"Northmoor"}}`)).want(200)
	n.post("/api/v1/sets", n.fill(`{"id":"{new s2}","name":"Other","code":"TRAY-2","items":[]}`)).problem(422, "invalid")
	all := n.get("/api/v1/sets").want(200, "Small fragment")
	set, _ := all.value("items.0.set").(string)
	n.get("/api/v1/sets/"+set).want(200, `"supplier":"Northmoor"`)
	n.get("/api/v1/sets/"+n.id()).problem(404, "not-found")
	table := "set,code,di,catalogue_no,description,size,quantity\nHip,TRAY-3," + stem + ",,Plate,,1\nHip,TRAY-3,,NM-9,Screw,,many\n"
	n.send(request{method: "POST", target: "/api/v1/sets/imports?id=" + n.id() + "&preview=true", body: table, kind: "text/csv"}).want(200, `"recorded":0`, `"line":3`)
	n.get("/api/v1/exports/sets.csv").want(200, "set,code,di,catalogue_no", "NM-27-12", "loan,Northmoor")
	form := func(fields map[string]string, file string) *answer {
		var b bytes.Buffer
		kind := multipartOf(t, &b, fields, "file", "sets.csv", file)
		return n.send(request{method: "POST", target: "/sets", kind: kind, body: b.String(), header: map[string]string{"Accept": "text/html"}})
	}
	// The page: looked at first, and then taken.
	n.page("/sets").want(200, "Small fragment", "loan kit of Northmoor", "Look at it first")
	good := "set,code,di,catalogue_no,description,size,quantity\nHip,TRAY-3," + stem + ",,Plate,,1\n"
	form(map[string]string{"id": n.id()}, good).want(200, "Nothing is recorded yet", "Record these sets", "Hip")
	if strings.Contains(n.get("/api/v1/exports/sets.csv").want(200).text(), "Hip") {
		t.Error("a table that was looked at is recorded")
	}
	form(map[string]string{"id": n.id(), "table": good}, "").want(200, "Recorded.")
	n.page("/sets/"+set).want(200, "Cortex screw", "Remove the set")
	change := url.Values{"id": {n.id()}, "name": {"Small fragment 2"}, "code": {"TRAY-1"}, "supply": {"consignment"}, "supplier": {"Northmoor"}, "reference": {"K-1"}, "di": {"", ""}, "catalogue_no": {"NM-27-12", ""},
		"description": {"Cortex screw", ""}, "size": {"12 mm", ""}, "quantity": {"4", ""}}
	n.form("/sets/"+set, change, false).want(200, "Recorded.", "Small fragment 2")
	change.Set("id", n.id())
	change["quantity"] = []string{"many", ""}
	n.form("/sets/"+set, change, false).want(422, "Line 1: the quantity", "NM-27-12")
	n.page("/sets/"+set+"/sheet").want(200, "IMT:A:pick:", "Cortex screw 12 mm")
	// In theatre.
	n.post("/api/v1/theatre/open", n.fill(`{"id":"{new p}","patient":{"nhs_number":"`+ada+`"},"code":{"text":"Hand"},"side":"left"}`)).want(201)
	n.page("/theatre").want(200, "open a set without its barcode")
	n.post("/api/v1/theatre/set/show", n.fill(`{"procedure":"{p}","set":"`+set+`"}`)).want(204)
	n.form("/theatre/set/show", url.Values{"procedure": {n.fill("{p}")}, "set": {set}}, true).want(204)
	state := n.get("/api/v1/theatre").want(200, `"name":"Small fragment 2"`)
	key, _ := state.value("set.lines.0.key").(string)
	n.page("/theatre").want(200, `id="more-`+key, "Done with this set")
	n.post("/api/v1/theatre/set", n.fill(`{"id":"{new a}","set":"`+set+`","item":"`+key+`","change":1}`)).want(200, `"taken":1`, `"lot_unknown":true`)
	n.form("/theatre/set", url.Values{"id": {n.id()}, "set": {set}, "item": {key}, "change": {"1"}}, true).want(204)
	n.form("/theatre/set", url.Values{"id": {n.id()}, "set": {set}, "item": {key}, "status": {"implanted"}}, true).want(204)
	n.form("/theatre/set", url.Values{"id": {n.id()}, "set": {set}, "item": {key}, "change": {"-1"}}, true).want(409)
	n.post("/api/v1/theatre/set", n.fill(`{"id":"{new b}","set":"`+set+`","item":"`+key+`"}`)).problem(422, "invalid")
	n.page("/theatre").want(200, "2 implanted", "Out of the set Small fragment 2", "<dd>unknown</dd>", "Consignment of Northmoor, K-1")
	n.page("/procedures/"+n.fill("{p}")).want(200, "unknown", "out of the set Small fragment 2", "consignment of Northmoor")
	n.form("/sets/"+set, url.Values{"id": {n.id()}, "name": {"x"}, "code": {"TRAY-1"}, "action": {"remove"}}, false).want(303)
	if strings.Contains(n.get("/api/v1/exports/sets.csv").want(200).text(), "TRAY-1") {
		t.Error("a set that was removed is exported")
	}
}
