package api_test

import (
	"bytes"
	"mime/multipart"
	"net/url"
	"testing"
)

func TestAPlanByPage(t *testing.T) {
	n := newNode(t)
	n.post("/api/v1/products", n.fill(`{"id":"{new x}","di":"`+stem+`","maker":"Ashlar","description":"Lens CW-3","attributes":{"kind":"lens","side":"not-applicable","model":"CW-3","power":"+21.0 D"}}`)).want(201)
	n.post("/api/v1/theatre/open", n.fill(`{"id":"{new p}","patient":{"nhs_number":"`+ada+`"},"code":{"code":"C75.1"},"side":"left"}`)).want(201)
	at := n.fill("/procedures/{p}/plan")
	send := func(fields url.Values) *answer {
		if fields.Get("id") == "" {
			fields.Set("id", n.id())
		}
		return n.form(at, fields, false)
	}
	entry := func() string { return n.get("/api/v1" + at).want(200).value("entry").(string) }
	n.page(at).want(200, "Nothing is planned")
	first := url.Values{"id": {n.id()}, "do": {"add"}, "kind": {"lens"}, "power": {"+22.0 D"}, "for_side": {"left"}}
	send(first).want(303)
	send(first).want(303) // sent twice is one line
	n.page(at).want(200, "22.0 D", "Goes into</dt><dd>left")
	if items := n.get("/api/v1" + at).value("items").([]any); len(items) != 1 {
		t.Fatalf("%v", items)
	}
	n.post("/api/v1/readings", n.fill(`{"id":"{new r}","text":"(01)`+stem+`(17)290331(21)S1"}`)).want(201, "Planned otherwise: power")
	usage := n.get(n.fill("/api/v1/usages?procedure={p}")).value("items.0.usage.id").(string)

	// Somebody who has not seen that plan changes nothing.
	send(url.Values{"do": {"remove"}, "number": {"0"}}).want(409)
	// The pack itself is scanned into the plan; the wrong line is taken out.
	send(url.Values{"do": {"add"}, "plan": {entry()}, "di": {"]d201" + stem + "17290331" + "21S9"}}).want(303)
	send(url.Values{"do": {"remove"}, "plan": {entry()}, "number": {"0"}}).want(303)
	send(url.Values{"do": {"remove"}, "plan": {entry()}, "number": {"7"}}).want(422)
	n.page(at).want(200, "Lens CW-3", stem)
	// What was scanned before is judged again.
	n.get("/api/v1/usages/"+usage).want(200, "It is as planned.")

	// A second person has to confirm it.
	send(url.Values{"do": {"ask"}, "plan": {entry()}, "to_confirm": {"true"}}).want(422)
	send(url.Values{"do": {"ask"}, "plan": {entry()}, "to_confirm": {"true"}, "who": {"A. Dene"}}).want(303)
	n.page(at).want(200, "Not confirmed yet", "Planned by A. Dene")
	n.get("/api/v1/usages/"+usage).want(200, `"rule":"plan-confirmed","level":"stop"`)
	seen := entry()
	send(url.Values{"do": {"confirm"}, "plan": {seen}, "who": {"a. dene"}}).want(409)
	send(url.Values{"do": {"confirm"}, "plan": {seen}}).want(422)
	send(url.Values{"do": {"confirm"}, "plan": {seen}, "who": {"B. Fell"}}).want(303)
	send(url.Values{"do": {"confirm"}, "plan": {seen}, "who": {"C. Hill"}}).want(409)
	n.page(at).want(200, "Planned by A. Dene, confirmed by B. Fell")
	n.get("/api/v1/usages/"+usage).want(200, `"rule":"plan-confirmed","level":"pass"`)

	// A table takes its place, and asks for another confirmation.
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range map[string]string{"id": n.id(), "do": "table", "plan": entry()} {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("table", "plan.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write([]byte("kind,model,power,for_side,stays\nlens,CW-3,'+21.0 D,left,\nstem,,,left,yes\n")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	n.send(request{method: "POST", target: at, kind: w.FormDataContentType(), body: b.String(), header: map[string]string{"Accept": "text/html"}}).want(303)
	n.page(at).want(200, "Not confirmed yet", "Stays in from before", "CW-3")
}

func TestAPlanByAPIAndTable(t *testing.T) {
	n := newNode(t)
	n.post("/api/v1/procedures", n.fill(`{"id":"{new p}","patient":{"nhs_number":"`+ada+`"},"code":{"code":"C75.1"},"side":"left"}`)).want(201)
	table := func(body string) *answer {
		return n.send(request{method: "POST", target: n.fill("/api/v1/procedures/{p}/plan/table?id=" + n.id() + "&to_confirm=true&who=A.+Dene"), kind: "text/csv", body: body})
	}
	for body, why := range map[string]string{
		"di\n":                           "plans nothing",
		"di,colour\n" + stem + ",red\n":  `no column \"colour\"`,
		"di\n" + stem + "\n1\n":          "Line 3:",
		"kind,power\nlens,strong\n":      "Line 2:",
		"maker\nAshlar\n":                "Line 2:",
		"di,stays\n" + stem + ",often\n": "yes or no",
	} {
		table(body).problem(422, "invalid").want(422, why)
	}
	n.get(n.fill("/api/v1/procedures/{p}/plan")).problem(404, "not-found")
	a := table("di,kind,power\n"+stem+",,\n,lens,'+21.0 D\n").want(200, `"to_confirm":true`, `"who":"A. Dene"`, "+21.0 D")
	entry := a.value("entry").(string)
	confirm := n.fill("/api/v1/procedures/{p}/plan/confirm")
	n.post(confirm, n.fill(`{"id":"{new x}","plan":"`+n.id()+`","who":"B. Fell"}`)).problem(409, "conflict")
	n.post(confirm, n.fill(`{"id":"{new x}","plan":"`+entry+`","who":"A.  DENE"}`)).problem(409, "conflict")
	n.post(confirm, n.fill(`{"id":"{new c}","plan":"`+entry+`","who":"B. Fell"}`)).want(200, `"confirmed":"B. Fell"`)
	n.post(confirm, n.fill(`{"id":"{c}","plan":"`+entry+`","who":"B. Fell"}`)).want(200)
	n.post(n.fill("/api/v1/procedures/{p}/plan"), n.fill(`{"id":"{new x}","after":"`+n.id()+`","items":[{"di":"`+cup+`"}]}`)).problem(409, "conflict")
	n.post(n.fill("/api/v1/procedures/{p}/plan"), n.fill(`{"id":"{new x}","after":"`+entry+`","items":[{"di":"`+cup+`"}]}`)).want(200, cup)
}
