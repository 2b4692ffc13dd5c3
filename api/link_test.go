package api_test

import (
	"net/url"
	"strings"
	"testing"
)

// A patient nobody knows is recorded, linked with her own record when she is known,
// and parted again.
func TestAnUnknownPatientIsLinkedAndParted(t *testing.T) {
	n := newNode(t)
	known := n.post("/api/v1/patients", n.fill(`{"id":"{new r}","nhs_number":"999 000 0018","family":"Testwell","given":"Ada","birth":"1950-02-01"}`)).want(201)
	n.vars["ada"] = known.value("patient").(string)
	body := n.fill(`{"id":"{new u}","provisional":true,"appears":"female, about 70"}`)
	unknown := n.post("/api/v1/patients", body).want(201, `"new":true`)
	n.vars["unknown"] = unknown.value("patient").(string)
	n.post("/api/v1/patients", body).want(201, n.vars["unknown"])
	n.post("/api/v1/patients", n.fill(`{"id":"{new x}","provisional":true,"family":"Testwell"}`)).problem(422, "invalid")
	band := n.get(n.fill("/api/v1/patients/{unknown}")).want(200, `"provisional":"Unknown `, `"appears":"female, about 70"`)
	number := band.value("identity.local_number").(string)
	n.page(n.fill("/patients/{unknown}")).want(200, "Provisional: not identified", "Nobody has identified this patient yet", number)
	n.page(n.fill("/patients/{unknown}/wristband")).want(200, "<svg", number, "it proves no identity")
	n.page(n.fill("/patients/{ada}/wristband")).want(409, "identified")

	open := n.fill(`{"id":"{new p}","patient":{"patient":"{unknown}"},"code":{"text":"Hip"},"start":"2026-03-14T08:00:00Z"}`)
	n.post("/api/v1/procedures", open).want(201)

	pair := n.fill(`{"a":{"nhs_number":"9990000018"},"b":{"local_number":"` + number + `"}}`)
	n.post("/api/v1/links/compare", pair).want(200, `"two_numbers":false`, n.vars["unknown"], `"same":false`)
	n.post("/api/v1/links/compare", `{"a":{"nhs_number":"9990000018"},"b":{"nhs_number":"9990000026"}}`).problem(404, "not-found")
	n.post("/api/v1/links/compare", n.fill(`{"a":{"patient":"{ada}"},"b":{"patient":"{ada}"}}`)).problem(422, "invalid")

	n.post("/api/v1/links", n.fill(`{"id":"{new x}","survives":"{ada}","other":"{unknown}"}`)).problem(422, "invalid")
	link := n.fill(`{"id":"{new l}","survives":"{ada}","other":"{unknown}","reason":"Her sister brought her card"}`)
	done := n.post("/api/v1/links", link).want(201, `"shown":"`+n.vars["ada"]+`"`)
	n.post("/api/v1/links", link).want(201)
	n.post("/api/v1/links", n.fill(`{"id":"{new x}","survives":"{ada}","other":"{unknown}","reason":"again"}`)).problem(409, "conflict")
	n.vars["link"] = done.value("link.id").(string)
	n.get(n.fill("/api/v1/links?patient={unknown}")).want(200, "Her sister brought her card", `"stands":true`)
	if all := n.get("/api/v1/links").want(200).text(); strings.Count(all, `"stands"`) != 1 {
		t.Errorf("all links: %s", all)
	}

	// Found by either number: one person, each procedure in the record where it stands.
	for _, who := range []string{`{"nhs_number":"9990000018"}`, `{"local_number":"` + number + `"}`} {
		n.post("/api/v1/patients/search", who).want(200, n.vars["p"], n.vars["ada"], n.vars["unknown"])
	}
	n.page(n.fill("/patients/{ada}")).want(200, "2 records of one person", "Stands in the record of", "Her sister brought her card", "(provisional)")
	n.form("/patients", url.Values{"local_number": {number}}, false).want(200, "shown as Testwell, Ada")

	n.post(n.fill("/api/v1/links/{link}/withdraw"), n.fill(`{"id":"{new x}"}`)).problem(422, "invalid")
	n.post(n.fill("/api/v1/links/{link}/withdraw"), n.fill(`{"id":"{new w}","reason":"They are two sisters"}`)).want(200, `"withdraw":true`)
	n.post(n.fill("/api/v1/links/{link}/withdraw"), n.fill(`{"id":"{new x}","reason":"again"}`)).problem(409, "conflict")
	if text := n.get(n.fill("/api/v1/patients/{ada}")).want(200, `"same_person":[]`, "They are two sisters").text(); strings.Contains(text, n.vars["p"]) {
		t.Errorf("the procedure of the other record is still shown: %s", text)
	}
	n.get(n.fill("/api/v1/patients/{unknown}")).want(200, n.vars["p"], `"same_person":[]`)
}

// The same by the pages, with two NHS numbers.
func TestTwoRecordsAreComparedOnAPage(t *testing.T) {
	n := newNode(t)
	for name, body := range map[string]string{"one": `"nhs_number":"9990000018","family":"Testwell","given":"Ada","birth":"1950-02-01"`, "two": `"nhs_number":"9990000026","family":"Testwell","given":"Adah","birth":"1950-02-01"`} {
		n.vars[name] = n.post("/api/v1/patients", n.fill(`{"id":"{new x}",`+body+`}`)).want(201).value("patient").(string)
	}
	n.page("/links").want(200, "No two records are linked")
	n.page(n.fill("/links?a={one}")).want(200, "Testwell, Ada", "No two records are linked")
	n.form("/links/compare", url.Values{"a_nhs_number": {"9990000018"}, "b_nhs_number": {"9990000042"}}, false).want(404, "Not compared")
	n.form("/links/compare", url.Values{"a": {n.vars["one"]}, "b_nhs_number": {"999 000 0026"}}, false).want(200, "Two NHS numbers", `id="field-given"`, "Differs", "the same", "I have looked at both NHS numbers")
	fields := url.Values{"id": {n.id()}, "a": {n.vars["one"]}, "b": {n.vars["two"]}, "survives": {n.vars["two"]}, "reason": {"Given twice"}}
	n.form("/links", fields, false).want(409, "Nothing was linked", "not the same one")
	fields.Set("two_numbers", "yes")
	if to := n.form("/links", fields, false).want(303).Header.Get("Location"); to != "/patients/"+n.vars["two"] {
		t.Errorf("on to %q", to)
	}
	n.form("/links", fields, true).want(204)
	n.page("/links").want(200, "Testwell, Ada</a>", "Testwell, Adah</a>", "Both had an NHS number", "Given twice")
	id := n.get("/api/v1/links").want(200).value("items.0.id").(string)
	n.form("/links/"+id+"/withdraw", url.Values{"id": {n.id()}, "reason": {"Two people"}}, false).want(303)
	n.page("/links").want(200, "Not linked any more", "Two people")
}

// At the theatre page: one touch, and the wristband once it is there.
func TestTheDeskTakesAnUnknownPatient(t *testing.T) {
	n := newNode(t)
	body := n.fill(`{"id":"{new u}","appears":"female, about 70"}`)
	n.page("/theatre").want(200, "Patient not identified yet")
	n.post("/api/v1/theatre/unknown", body).want(200, `"provisional":"Unknown `)
	n.post("/api/v1/theatre/unknown", body).want(200)
	n.post("/api/v1/theatre/unknown", n.fill(`{"id":"{new x}"}`)).problem(409, "conflict")
	n.page("/theatre").want(200, "Provisional: not identified", "Print the temporary wristband", "female, about 70")
	n.form("/theatre/forget", nil, false).want(303)
	n.form("/theatre/unknown", url.Values{"id": {n.id()}, "age": {"old"}}, false).want(422, "whole years")
	n.form("/theatre/unknown", url.Values{"id": {n.id()}, "sex": {"male"}, "age": {"40"}}, false).want(303)
	n.form("/theatre/open", url.Values{"id": {n.fill("{new p}")}, "text": {"Hip"}, "side": {"left"}}, false).want(303)
	n.page("/theatre").want(200, "male, about 40", "Scan the patient's own wristband")
	n.page(n.fill("/procedures/{p}/card")).want(409, "Nobody has identified this patient yet")
	n.get(n.fill("/api/v1/procedures/{p}/card.pdf")).problem(409, "conflict")
	n.post("/api/v1/readings", n.fill(`{"id":"{new band}","text":"8018505089899900000268\u001d93Testwell,Robin,02-Jan-1960"}`)).want(201, "Is this the patient?")
	n.page("/theatre").want(200, "Is Testwell, Robin, born 2 January 1960, NHS number 999 000 0026 this patient (Unknown ", `id="ask-yes"`)
	n.form("/theatre/reply", url.Values{"id": {n.id()}, "question": {n.vars["band"]}, "reply": {"yes"}}, false).want(303)
	if text := n.page("/theatre").want(200, "Testwell, Robin", "999 000 0026").text(); strings.Contains(text, "not identified") {
		t.Error("still shown as not identified")
	}
	n.post("/api/v1/patients/search", `{"nhs_number":"9990000026"}`).want(200, n.vars["p"], `"stands":true`)
	n.get(n.fill("/api/v1/procedures/{p}/card.pdf")).want(422, "No implanted device")
}

// Two cases of a notice that turn out to be of one person say so to whoever works on
// them, and name the person as the surviving record does.
func TestCasesOfLinkedRecordsAreOfOnePerson(t *testing.T) {
	n := newNode(t)
	who := map[string]string{"known": `"nhs_number":"9990000018","family":"Testwell","given":"Ada"`, "unknown": `"provisional":true`}
	for name, body := range who {
		n.vars[name] = n.post("/api/v1/patients", n.fill(`{"id":"{new x}",`+body+`}`)).want(201).value("patient").(string)
		n.post("/api/v1/procedures", n.fill(`{"id":"{new p}","patient":{"patient":"`+n.vars[name]+`"},"code":{"text":"Hip"},"start":"2026-03-14T08:00:00Z"}`)).want(201)
		n.post("/api/v1/usages", n.fill(`{"id":"{new x}","procedure":"{p}","device":{"di":"`+stem+`","lot":"NM21-0417"},"status":"implanted","reason":"from the notes"}`)).want(201)
	}
	n.post("/api/v1/notices", n.fill(`{"id":"{new n}",`+noticeOf+`,"criteria":{"di":"`+stem+`","lot":["NM21-0417"]}}`)).want(201, `"people":2`)
	n.post("/api/v1/links", n.fill(`{"id":"{new x}","survives":"{known}","other":"{unknown}","reason":"Her sister brought her card"}`)).want(201)
	board := n.get(n.fill("/api/v1/notices/{n}/board")).want(200)
	for i, other := range []string{"1", "0"} {
		id := board.value("cases." + []string{"0", "1"}[i] + ".id").(string)
		n.get(n.fill("/api/v1/notices/{n}/cases/"+id)).want(200, `"same_person":["`+board.value("cases."+other+".id").(string)+`"]`, `"family":"Testwell"`)
		n.page(n.fill("/notices/{n}/cases/"+id)).want(200, "another case of this notice", "Write once", "Testwell, Ada")
	}
}
