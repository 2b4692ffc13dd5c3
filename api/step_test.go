package api_test

import (
	"net/url"
	"testing"
)

// What a desk asks is answered, undone and put back by programs and on the page; the
// state says what is awaited, asked and undone next.
func TestTheDeskAsksAndTakesBack(t *testing.T) {
	n := newNode(t)
	n.post("/api/v1/theatre/undo", n.fill(`{"id":"{new u}","event":"`+n.id()+`"}`)).problem(409, "conflict")
	n.get("/api/v1/theatre").want(200, `"awaited":"Scan the patient's wristband"`)
	n.post("/api/v1/theatre/open", n.fill(`{"id":"{new p}","patient":{"nhs_number":"`+ada+`"},"code":{"text":"Hip"},"side":"left"}`)).want(201)
	n.get("/api/v1/theatre").want(200, `"awaited":"Scan the first device, before it is opened"`)
	label := `(01)` + stem + `(17)310630(10)LOT1`
	n.post("/api/v1/readings", n.fill(`{"id":"{new r}","text":"`+label+`"}`)).want(201)
	n.post("/api/v1/readings", n.fill(`{"id":"{new again}","text":"`+label+`"}`)).want(201, "Scanned again: checked")
	n.get("/api/v1/theatre").want(200, `"kind":"opened"`, n.fill(`"id":"{again}"`), `"more":true`, `"awaited":"Answer yes or no"`)
	n.page("/theatre").want(200, "Is it opened now?", `id="ask-yes"`, `id="ask-another"`, `id="undo"`)
	n.post("/api/v1/theatre/reply", n.fill(`{"id":"{new y}","question":"{r}","reply":"yes"}`)).problem(409, "conflict")
	n.post("/api/v1/theatre/reply", n.fill(`{"id":"{y}","question":"{again}","reply":"yes"}`)).want(200, `"status":"opened"`)
	n.post("/api/v1/readings", n.fill(`{"id":"{new third}","text":"`+label+`"}`)).want(201)
	n.page("/theatre").want(200, "What became of it?", "Not yet", `id="ask-implanted-`)
	n.form("/theatre/reply", url.Values{"id": {n.id()}, "question": {n.fill("{third}")}, "reply": {"another"}}, true).want(204)
	state := n.get("/api/v1/theatre").want(200)
	devices, _ := state.value("procedure.usages").([]any)
	if len(devices) != 2 {
		t.Fatalf("%d devices", len(devices))
	}
	event, _ := state.value("undo.event").(string)
	n.form("/theatre/undo", url.Values{"id": {n.id()}, "event": {event}}, true).want(204)
	n.form("/theatre/undo", url.Values{"id": {n.id()}, "event": {event}}, true).want(409)
	event, _ = n.get("/api/v1/theatre").want(200).value("undo.event").(string)
	n.post("/api/v1/theatre/undo", n.fill(`{"id":"{new u2}","event":"`+event+`"}`)).want(200, "Take off")
	n.post("/api/v1/theatre/undo", n.fill(`{"id":"{new u3}"}`)).problem(422, "invalid")
	var usage string
	for _, d := range devices {
		if u, _ := d.(map[string]any)["usage"].(map[string]any); u["status"] == "checked" {
			usage, _ = u["id"].(string)
		}
	}
	n.page("/theatre").want(200, "Taken off: 1", "Put it back")
	n.form("/theatre/usages/"+usage+"/put-back", url.Values{"id": {n.id()}}, false).want(303)
	n.post("/api/v1/theatre/put-back", n.fill(`{"id":"{new b}","usage":"`+usage+`"}`)).problem(409, "conflict")
	event, _ = n.get("/api/v1/theatre").want(200).value("undo.event").(string)
	n.post("/api/v1/theatre/undo", n.fill(`{"id":"{new u4}","event":"`+event+`"}`)).want(200)
	n.post("/api/v1/theatre/put-back", n.fill(`{"id":"{b}","usage":"`+usage+`"}`)).want(200)
	n.post("/api/v1/theatre/pieces", n.fill(`{"id":"{new n}","usage":"`+usage+`","pieces":3}`)).want(200)
	n.post("/api/v1/theatre/pieces", n.fill(`{"id":"{new n2}","usage":"`+usage+`","pieces":1}`)).problem(409, "conflict")
	n.form("/theatre/usages/"+usage+"/pieces", url.Values{"id": {n.id()}, "pieces": {"4"}}, true).want(204)
	n.form("/theatre/usages/"+usage+"/pieces", url.Values{"id": {n.id()}, "pieces": {"many"}}, true).want(422)
	n.page("/theatre").want(200, "4 with this label")
}

// What an earlier procedure implanted is offered where the patient lies again, and
// ends when it is taken out.
func TestAnImplantIsTakenOut(t *testing.T) {
	n := newNode(t)
	n.post("/api/v1/theatre/open", n.fill(`{"id":"{new p}","patient":{"nhs_number":"`+ada+`"},"code":{"text":"Hip"},"side":"left"}`)).want(201)
	n.page("/theatre").want(200)
	for i, lot := range []string{"LOT1", "LOT2"} {
		n.post("/api/v1/readings", n.fill(`{"id":"{new `+string("ab"[i])+`}","text":"(01)`+stem+`(17)310630(10)`+lot+`"}`)).want(201)
	}
	var in []string
	devices, _ := n.get("/api/v1/theatre").want(200).value("procedure.usages").([]any)
	for _, d := range devices {
		u, _ := d.(map[string]any)["usage"].(map[string]any)
		id, _ := u["id"].(string)
		in = append(in, id)
		n.post("/api/v1/usages/"+id+"/outcome", n.fill(`{"id":"{new o}","status":"implanted"}`)).want(200)
	}
	n.post("/api/v1/theatre/close", n.fill(`{"id":"{new c}","procedure":"{p}"}`)).want(200)
	n.post("/api/v1/theatre/open", n.fill(`{"id":"{new r}","patient":{"nhs_number":"`+ada+`"},"code":{"text":"Revision"},"side":"left"}`)).want(201)
	n.page("/theatre").want(200, "Take out an implant: 2 recorded of this patient", "given to the patient")
	n.post(n.fill("/api/v1/procedures/{r}/explants"), n.fill(`{"id":"{new e}","usage":"`+in[0]+`","reason":"loosening","went":"pathology"}`)).
		want(201, `"status":"explanted"`, `"explants":"`+in[0]+`"`, `"went":"pathology"`)
	n.get("/api/v1/usages/"+in[0]).want(200, n.fill(`"explanted_by":"{e}"`))
	n.post(n.fill("/api/v1/procedures/{r}/explants"), n.fill(`{"id":"{new e2}","usage":"`+in[0]+`","reason":"loosening"}`)).problem(409, "conflict")
	n.form("/theatre/explant", url.Values{"id": {n.id()}, "procedure": {n.fill("{r}")}, "usage": {in[1]}, "reason": {"wear"}, "went": {"maker"}}, true).want(204)
	n.form("/theatre/explant", url.Values{"id": {n.id()}, "procedure": {n.fill("{r}")}, "reason": {"wear"}}, true).want(422)
	n.page("/theatre").want(200, "explanted")
	n.page(n.fill("/procedures/{p}")).want(200, "implanted, and taken out since")
	n.page(n.fill("/procedures/{r}")).want(200, "explanted, to the maker", "explanted, to pathology")
	n.post("/api/v1/recalls/search", `{"di":"`+stem+`","lot":"LOT1"}`).want(200, `"in_patient":"was"`)
}
