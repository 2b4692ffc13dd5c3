package api_test

import (
	"net/http"
	"strings"
	"testing"
)

// commands are the requests that record something, in an order in which each
// makes sense. other is the same id with other content.
var commands = []struct{ target, body, other string }{
	{"/api/v1/patients", `{"id":"{new a}","nhs_number":"` + ada + `","family":"Testwell"}`, `{"id":"{a}","nhs_number":"` + ada + `","family":"Other"}`},
	{"/api/v1/products", `{"id":"{new b}","di":"` + stem + `","maker":"Northmoor"}`, `{"id":"{b}","di":"` + stem + `","maker":"Southmoor"}`},
	{"/api/v1/readings", `{"id":"{new band}","text":"` + wristband + `"}`, `{"id":"{band}","text":"` + bobsBand + `"}`},
	{"/api/v1/procedures", `{"id":"{new p}","patient":{"nhs_number":"` + ada + `"},"code":{"text":"Hip"},"side":"left"}`,
		`{"id":"{p}","patient":{"nhs_number":"` + ada + `"},"code":{"text":"Hip"},"side":"right"}`},
	{"/api/v1/usages", `{"id":"{new u}","procedure":"{p}","device":{"di":"` + stem + `","lot":"A"}}`, `{"id":"{u}","procedure":"{p}","device":{"di":"` + stem + `","lot":"B"}}`},
	{"/api/v1/usages", `{"id":"{new v}","procedure":"{p}","device":{"serial":"S-1"}}`, `{"id":"{v}","procedure":"{p}","device":{"serial":"S-2"}}`},
	{"/api/v1/usages/{u}/join", `{"id":"{new j}","other":"{v}"}`, `{"id":"{j}","other":"{p}"}`},
	{"/api/v1/usages/{u}/outcome", `{"id":"{new o}","status":"implanted","override":"label-compared"}`, `{"id":"{o}","status":"wasted"}`},
	{"/api/v1/corrections", `{"id":"{new c}","usage":"{u}","set":{"lot":"C"},"reason":"misread"}`, `{"id":"{c}","usage":"{u}","set":{"lot":"D"},"reason":"misread"}`},
	{"/api/v1/procedures/{p}/close", `{"id":"{new z}"}`, `{"id":"{z}","end":"2026-03-14T09:30:00Z"}`},
	{"/api/v1/theatre/open", `{"id":"{new q}","patient":{"nhs_number":"` + ada + `"},"code":{"text":"Knee"},"side":"left"}`,
		`{"id":"{q}","patient":{"nhs_number":"` + ada + `"},"code":{"text":"Knee"},"side":"right"}`},
	{"/api/v1/readings", `{"id":"{new scan}","text":"(01)` + stem + `(17)280331(10)A"}`, `{"id":"{scan}","text":"(01)` + stem + `(17)280331(10)B"}`},
	{"/api/v1/theatre/close", `{"id":"{new y}","procedure":"{q}"}`, `{"id":"{y}","procedure":"{q}","end":"2026-03-14T09:30:00Z"}`},
	{"/api/v1/approval", `{"id":"{new w}","approved":true,"officer":"Dr P Officer"}`, `{"id":"{w}","approved":false,"officer":"Dr P Officer"}`},
}

// withoutRepeated is an answer without the one word that tells a repeat.
func withoutRepeated(a *answer) string {
	return strings.ReplaceAll(a.text(), `"repeated":true`, `"repeated":false`)
}

func TestARepeatedCommandGivesTheSameAnswerAndNoSecondEntry(t *testing.T) {
	n := newNode(t)
	for _, c := range commands {
		target, body := n.fill(c.target), n.fill(c.body)
		first := n.post(target, body)
		if first.Status != http.StatusCreated && first.Status != http.StatusOK {
			t.Fatalf("%s: %d %s", target, first.Status, first.Body)
		}
		entries := n.entries()
		again := n.post(target, body)
		if again.Status != http.StatusCreated && again.Status != http.StatusOK {
			t.Errorf("%s again: %d %s", target, again.Status, again.Body)
		}
		if withoutRepeated(again) != withoutRepeated(first) {
			t.Errorf("%s: first %s\nagain %s", target, first.Body, again.Body)
		}
		if n.entries() != entries {
			t.Errorf("%s: recorded twice", target)
		}
	}
}

func TestAnIdUsedForSomethingElseIsAConflict(t *testing.T) {
	n := newNode(t)
	for _, c := range commands {
		target, body := n.fill(c.target), n.fill(c.body)
		if a := n.post(target, body); a.Status >= 300 {
			t.Fatalf("%s: %d %s", target, a.Status, a.Body)
		}
		entries := n.entries()
		n.post(target, n.fill(c.other)).problem(409, "conflict")
		// The id of one kind of command is no id for another.
		if target != "/api/v1/products" {
			id := body[strings.Index(body, "0193f0c1"):][:36]
			n.post("/api/v1/products", `{"id":"`+id+`","di":"`+cup+`","maker":"Northmoor"}`).problem(409, "conflict")
		}
		if n.entries() != entries {
			t.Errorf("%s: recorded", target)
		}
	}
}

// A repeat that comes late, when the record has gone on, is still a repeat.
func TestALateRepeatIsStillARepeat(t *testing.T) {
	n := newNode(t)
	var sent [][2]string
	for _, c := range commands {
		q := [2]string{n.fill(c.target), n.fill(c.body)}
		if a := n.post(q[0], q[1]); a.Status >= 300 {
			t.Fatalf("%s: %d %s", q[0], a.Status, a.Body)
		}
		sent = append(sent, q)
	}
	entries := n.entries()
	for _, q := range sent {
		if a := n.post(q[0], q[1]); a.Status >= 300 {
			t.Errorf("%s: %d %s", q[0], a.Status, a.Body)
		}
	}
	if n.entries() != entries {
		t.Error("something was recorded twice")
	}
}

// What the desk adds to a command is not its sender's: the command as it was
// sent is what a repeat is held against, however late it comes.
func TestAProcedureOpenedWithWhatWasScannedCanBeRepeated(t *testing.T) {
	n := newNode(t)
	n.walk(road[11:14])
	body := n.fill(`{"id":"{new p}","patient":{},"code":{"text":"Hip"},"side":"left"}`)
	first := n.post("/api/v1/theatre/open", body).want(201, n.fill(`"patient":"{ada}"`))
	entries := n.entries()
	if again := n.post("/api/v1/theatre/open", body).want(201); again.text() != first.text() {
		t.Errorf("first %s\nagain %s", first.Body, again.Body)
	}
	n.post("/api/v1/theatre/open", strings.ReplaceAll(body, "left", "right")).problem(409, "conflict")
	if n.entries() != entries {
		t.Error("recorded twice")
	}
	n.post("/api/v1/theatre/close", n.fill(`{"id":"{new x}","procedure":"{p}"}`)).want(200)
	n.post("/api/v1/theatre/open", body).want(201, n.fill(`"id":"{p}"`))
	n.post("/api/v1/theatre/open", strings.ReplaceAll(body, "left", "right")).problem(409, "conflict")
	n.get("/api/v1/theatre").want(200, `"recent":[]`)
}
