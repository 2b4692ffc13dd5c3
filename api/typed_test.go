package api_test

import (
	"net/url"
	"strings"
	"testing"
)

// What is typed is checked as it is typed, recorded, and confirmed by somebody else
// who signs in, at the theatre or later on the page of the procedure.
func TestTypedByOneAndConfirmedByAnother(t *testing.T) {
	n := newNode(t)
	c := n.crew()
	m := c.machine
	m.badge(c.nurse).want(303)
	m.page("/theatre").want(200)
	m.form("/theatre/open", url.Values{"id": {n.id()}, "nhs_number": {ada}, "text": {"Hip"}, "side": {"left"}}).want(303)
	m.page("/theatre").want(200, "Type what the label says")
	m.post("/api/v1/theatre/typed/check", `{}`).want(200, `"faults":[]`)
	m.post("/api/v1/theatre/typed/check", `{"di":"09520140001038","lot":"O77"}`).want(200, "check digit is wrong", "the letter O")
	m.post("/api/v1/theatre/typed", n.fill(`{"id":"{new t}","typed":{"di":"09520140001038","lot":"X77","expiry":"2031-06-30"}}`)).problem(422, "invalid")
	answer := m.post("/api/v1/theatre/typed", n.fill(`{"id":"{t}","typed":{"di":"`+stem+`","lot":"X77","expiry":"2031-06-30"}}`)).want(201)
	m.post("/api/v1/theatre/typed", n.fill(`{"id":"{t}","typed":{"di":"`+stem+`","lot":"X77","expiry":"2031-06-30"}}`)).want(200)
	usage, _ := answer.value("usage").(string)
	procedure, _ := answer.value("procedure").(string)
	page := m.page("/theatre").want(200, "Not confirmed by a second person", `id="alone"`, "You typed it")
	if strings.Count(page.text(), `id="second-`+usage) != 1 {
		t.Error("the page does not ask for a second person once")
	}
	ends := `{"id":"{new c}","ends":{"di":"` + stem[10:] + `","lot":"X77","expiry":"2031-06-30"}}`
	m.post("/api/v1/usages/"+usage+"/confirm", n.fill(ends)).problem(403, "forbidden")
	confirm := func(badge, pin, lot string) url.Values {
		return url.Values{"id": {n.id()}, "usage": {usage}, "badge": {badge}, "pin": {pin}, "end_di": {stem[10:]}, "end_lot": {lot}, "end_expiry": {"2031-06-30"}}
	}
	to := "/theatre/usages/" + usage + "/confirm"
	m.form(to, confirm(c.nurse.badge, c.nurse.pin, "X77")).want(403, "second person")
	m.form(to, confirm(c.other.badge, "000000", "X77")).want(401)
	m.form(to, confirm(c.other.badge, c.other.pin, "X7")).want(409, "ends otherwise")
	m.form(to, confirm(c.other.badge, c.other.pin, "X77")).want(303)
	m.page("/theatre").want(200, "Confirmed by a second person: Omar Other")
	m.post("/api/v1/corrections", n.fill(`{"id":"{new k}","usage":"`+usage+`","set":{"lot":"X78"},"reason":"misread"}`)).want(201)
	m.page("/theatre").want(200, "Not confirmed by a second person")
	// Later, on the page of the procedure, by somebody who signed in elsewhere.
	m.page("/procedures/"+procedure).want(200, "not confirmed by a second person")
	m.badge(c.surgeon).want(303)
	m.page("/procedures/"+procedure).want(200, `id="seconds"`, "without a badge as Sue Surgeon")
	m.form("/procedures/"+procedure+"/confirm", confirm("", "", "X78")).want(303)
	m.page("/procedures/"+procedure).want(200, "confirmed by a second person on")
}

func TestWhereNobodySignsInTheSecondPersonIsNamed(t *testing.T) {
	n := newNode(t)
	n.post("/api/v1/theatre/open", n.fill(`{"id":"{new p}","patient":{"nhs_number":"`+ada+`"},"code":{"text":"Hip"},"side":"left"}`)).want(201)
	usage, _ := n.post("/api/v1/theatre/typed", n.fill(`{"id":"{new t}","typed":{"di":"`+stem+`","lot":"X77"}}`)).want(201).value("usage").(string)
	n.page("/theatre").want(200, "or their name")
	ends := `"ends":{"di":"` + stem[10:] + `","lot":"X77"}`
	n.post("/api/v1/usages/"+usage+"/confirm", n.fill(`{"id":"{new a}",`+ends+`}`)).problem(422, "invalid")
	n.post("/api/v1/usages/"+usage+"/confirm", n.fill(`{"id":"{new b}","name":"Omar Other",`+ends+`}`)).want(200, `"second":{"person":{"name":"Omar Other"}`)
	n.page("/theatre").want(200, "Omar Other, as it was said")
	n.form("/theatre/close", url.Values{"id": {n.id()}, "procedure": {n.fill("{p}")}}, false).want(303)
}
