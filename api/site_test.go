package api_test

import (
	"net/url"
	"testing"
)

func TestAQuarantineIsInForceAtOnce(t *testing.T) {
	n := newNode(t)
	scan := func(lot string) *answer {
		return n.post("/api/v1/readings", n.fill(`{"id":"{new x}","text":"(01)`+stem+`(17)290331(10)`+lot+`"}`)).want(201)
	}
	scan("NM21").want(201, "Not compared with recall notices")
	body := n.fill(`{"id":"{new q}","di":"` + stem + `","lots":["NM21"],"reason":"Torn pouches","who":"Stores"}`)
	n.post("/api/v1/quarantines", body).want(201, `"reason":"Torn pouches"`)
	n.post("/api/v1/quarantines", body).want(201)
	scan("NM21").want(201, `"level":"stop"`, "in quarantine: Torn pouches. Do not use it.")
	scan("nm-21").want(201, "cannot be told from one that is in quarantine")
	scan("NM22").want(201, "Not compared with recall notices")
	n.page("/quarantine").want(200, "Torn pouches", "lot NM21", "Kept out of use.")
	n.get("/api/v1/quarantines").want(200, `"lots":["NM21"]`)
	release := n.fill("/api/v1/quarantines/{q}/release")
	n.post(release, n.fill(`{"id":"{new r}"}`)).problem(422, "invalid")
	n.post(release, n.fill(`{"id":"{new r}","reason":"Replaced"}`)).want(200, `"released":true`)
	n.post(release, n.fill(`{"id":"{new z}","reason":"Again"}`)).problem(409, "conflict")
	scan("NM21").want(201, "Not compared with recall notices")

	// By form, and by list.
	n.form("/quarantine", url.Values{"id": {n.fill("{new f}")}, "di": {cup}, "serial_from": {"A100"}, "serial_to": {"A200"}, "reason": {"Cracked"}}, false).want(303)
	n.post("/api/v1/readings", n.fill(`{"id":"{new x}","text":"(01)`+cup+`(17)290331(21)A150"}`)).want(201, "in quarantine: Cracked")
	n.post("/api/v1/readings", n.fill(`{"id":"{new x}","text":"(01)`+cup+`(17)290331(21)A201"}`)).want(201, "Not compared with recall notices")
	n.form(n.fill("/quarantine/{f}/release"), url.Values{"id": {n.id()}, "reason": {"Looked at"}}, false).want(303)
	list := request{method: "POST", target: n.fill("/api/v1/quarantines/list?id={new l}"), kind: "text/csv", body: "di,lot,reason\n" + stem + ",L1,Dust\n9520140001047,L2,Wrong digit\n" + stem + ",L3,\n"}
	n.send(list).want(200, `"line":2,"quarantine"`, `"line":3,"refused":"The device identifier is not right`, `"line":4,"refused":"A quarantine wants a reason`)
	entries := n.entries()
	n.send(list).want(200)
	if n.entries() != entries {
		t.Error("the same list was recorded twice")
	}
	scan("L1").want(201, "in quarantine: Dust")
	for _, bad := range []string{`"di":"1","reason":"x"`, `"di":"` + stem + `"`, `"di":"` + stem + `","reason":"x","serial_from":"A"`, `"di":"` + stem + `","reason":"x","lots":[" "]`} {
		n.post("/api/v1/quarantines", n.fill(`{"id":"{new x}",`+bad+`}`)).problem(422, "invalid")
	}
}

func TestTheSiteSetsChecks(t *testing.T) {
	n := newNode(t)
	n.walk(road[:24])
	n.get("/api/v1/checks").want(200, `"rule":"expiry"`, `"own_level":"stop"`)
	n.post("/api/v1/checks", n.fill(`{"id":"{new x}","rule":"product","off":true,"reason":"Trial","who":"Dr P Officer"}`)).want(201)
	n.get("/api/v1/theatre").want(200, `"off":["product"]`)
	n.page("/theatre").want(200, "Switched off at this site:", "Is the product in the catalogue?")
	n.form("/checks", url.Values{"id": {n.id()}, "rule": {"product"}, "level": {"warn"}, "reason": {"Over"}, "who": {"Dr P Officer"}}, false).want(303)
	n.get("/api/v1/theatre").want(200, `"off":[]`)
	n.page("/checks").want(200, "Set ", "Dr P Officer: Over", "of itself Note")
	n.get("/api/v1/checks/counts?from=2026-03-01").want(200, `"rule":"recall"`, `"month":"2026-03"`)
	for _, bad := range []string{`"rule":"leg","reason":"x","who":"y"`, `"rule":"expiry","level":"loud","reason":"x","who":"y"`, `"rule":"expiry","who":"y"`, `"rule":"expiry","reason":"x"`} {
		if a := n.post("/api/v1/checks", n.fill(`{"id":"{new x}",`+bad+`}`)); a.Status != 422 && a.Status != 404 {
			t.Errorf("%s: %d", bad, a.Status)
		}
	}
}

func TestAPlanIsHeldAgainstWhatIsScanned(t *testing.T) {
	n := newNode(t)
	for di, power := range map[string]string{stem: "+21.0 D", cup: "+22.0 D"} {
		n.post("/api/v1/products", n.fill(`{"id":"{new x}","di":"`+di+`","maker":"Ashlar","attributes":{"kind":"lens","side":"not-applicable","power":"`+power+`"}}`)).want(201)
	}
	n.post("/api/v1/theatre/open", n.fill(`{"id":"{new p}","patient":{"nhs_number":"`+ada+`"},"code":{"code":"C75.1"},"side":"left"}`)).want(201)
	n.get(n.fill("/api/v1/procedures/{p}/plan")).problem(404, "not-found")
	scan := func(di string) *answer {
		return n.post("/api/v1/readings", n.fill(`{"id":"{new x}","text":"(01)`+di+`(17)290331(21)S1"}`)).want(201)
	}
	plan := func(items string) *answer {
		return n.post(n.fill("/api/v1/procedures/{p}/plan"), n.fill(`{"id":"{new x}",`+items+`}`))
	}
	plan(`"items":[{"side":"left","attributes":{"kind":"lens","power":"21"}}]`).problem(422, "invalid")
	plan(`"items":[{"side":"left","attributes":{"kind":"lens","power":"+21.0 D"}}]`).want(200, `"power":"+21.0 D"`)
	scan(stem).want(201, "It is as planned.")
	scan(cup).want(201, `"rule":"plan-differs","level":"warn"`, "Planned otherwise: power +21.0 D, and this has +22.0 D.")
	plan(`"items":[{"di":"` + cup + `"}]`).want(200)
	n.get(n.fill("/api/v1/procedures/{p}/plan")).want(200, cup)
	scan(stem).want(201, `"rule":"planned","level":"warn"`, "not in the plan")
	plan(`"items":[{"maker":"M"}]`).problem(422, "invalid")
}
