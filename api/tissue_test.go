package api_test

import "testing"

// A tissue's codes are shown as its label prints them.
func TestATissueIsShownAsItsLabelHasIt(t *testing.T) {
	n := newNode(t)
	n.post("/api/v1/theatre/open", n.fill(`{"id":"{new p}","patient":{"nhs_number":"`+ada+`"},"code":{"text":"Graft"},"side":"left"}`)).want(201)
	n.post("/api/v1/readings", n.fill(`{"id":"{new a}","text":"=G12341765432170","source":"wedge"}`)).want(201)
	n.post("/api/v1/readings", n.fill(`{"id":"{new b}","text":"=<T0416003","source":"wedge"}`)).want(201, `"shown":"=\u003cT0416003"`)
	n.page("/theatre").want(200, "Do both codes belong to one pack? tissue, donation G1234 17 654321 (70) A")
	n.post("/api/v1/theatre/reply", n.fill(`{"id":"{new y}","question":"{b}","reply":"yes"}`)).want(200, `"donation_id":"G12341765432170"`)
	n.page("/theatre").want(200, "G1234 17 654321 (70) A", "<dt>Facility</dt>", "T0416003")
	n.page("/procedures/"+n.fill("{p}")).want(200, "donation", "T0416003")
}
