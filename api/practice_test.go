package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"implantrace/internal/practice"
)

// practising makes a node one for practice.
func practising(t *testing.T) (*node, []practice.Sheet) {
	t.Helper()
	n := newNode(t)
	sheets, err := practice.Sheets()
	if err != nil {
		t.Fatal(err)
	}
	n.parts.Practice = sheets
	n.version("for practice")
	return n, sheets
}

// TestEveryPageOfAPracticeSaysSo, in words; and no other node has its pages.
func TestEveryPageOfAPracticeSaysSo(t *testing.T) {
	const band = "PRACTICE: nothing here is real."
	plain := newNode(t)
	plain.page("/practice").want(404, "implantrace practice")
	if strings.Contains(plain.page("/theatre/board").want(200).text(), `id="guide"`) {
		t.Error("a record shows a practice case")
	}
	if text := plain.page("/theatre").want(200).text(); strings.Contains(text, band) || strings.Contains(text, `id="guide"`) {
		t.Error("a node that is not for practice says that it is")
	}

	n, sheets := practising(t)
	for _, target := range append(pages(n), "/practice", "/nothing") {
		text := n.page(target).text()
		if !strings.Contains(text, band) || !strings.Contains(text, "<title>PRACTICE - ") {
			t.Errorf("%s does not say that it is for practice", target)
		}
	}
	text := n.page("/practice").want(200).text()
	for _, s := range sheets {
		for _, l := range s.Labels {
			if !strings.Contains(text, `<p class="label__title">`+l.Title) {
				t.Errorf("the sheet lacks %s", l.Title)
			}
		}
	}
	if symbols, said := strings.Count(text, `<svg class="symbol"`), strings.Count(text, "Practice: not real"); symbols < 12 || said != symbols {
		t.Errorf("%d symbols, of which %d say that they are not real", symbols, said)
	}
}

// TestNothingLeavesAPractice: no export, document, backup or checkpoint is made of
// it, no record comes into it, and nobody approves it.
func TestNothingLeavesAPractice(t *testing.T) {
	n, sheets := practising(t)
	scan(n, sheets, practice.Wristband)
	n.post("/api/v1/theatre/open", n.fill(`{"id":"{new p}","code":{"text":"Hip"},"side":"left"}`)).want(201)
	for _, target := range []string{"/api/v1/exports/iso16054.csv", "/api/v1/exports/fhir.json", "/api/v1/exports/njr.csv", "/api/v1/exports/mdor.csv", "/api/v1/exports/deplcm.csv",
		"/api/v1/exports/catalogue.csv", "/api/v1/journal/checkpoint", "/fhir/R4/Patient?_count=1", "/fhir/R4/metadata", n.fill("/api/v1/procedures/{p}/card.pdf"), n.fill("/api/v1/procedures/{p}/record.pdf"), n.fill("/api/v1/procedures/{p}/njr")} {
		if a := n.get(target); a.Status != 403 {
			t.Errorf("%s: %d", target, a.Status)
		}
	}
	for _, target := range []string{"/exports", "/import", "/incident", n.fill("/procedures/{p}/card"), n.fill("/procedures/{p}/njr")} {
		n.page(target).want(403, "nothing in it is real")
	}
	n.post("/api/v1/approval", n.fill(`{"id":"{new a}","officer":"Dr X","approved":true}`)).problem(403, "forbidden")
	n.send(request{method: "POST", target: "/api/v1/imports", kind: "application/x-ndjson", body: "{}"}).problem(403, "forbidden")
}

// scan reads a practice label as a handheld that types does.
func scan(n *node, sheets []practice.Sheet, key string) *answer {
	n.t.Helper()
	l, ok := practice.ByKey(sheets, key)
	if !ok {
		n.t.Fatalf("no label %s", key)
	}
	text, err := json.Marshal(l.Scan)
	if err != nil {
		n.t.Fatal(err)
	}
	return n.post("/api/v1/readings", `{"id":"`+n.id()+`","source":"wedge","text":`+string(text)+`}`).want(201)
}

// TestTheFirstCaseSaysWhatComesNext: step by step, by what was recorded, and it ends
// with what was done.
func TestTheFirstCaseSaysWhatComesNext(t *testing.T) {
	n, sheets := practising(t)
	says := func(words ...string) {
		t.Helper()
		n.page("/theatre/board").want(200, words...)
	}
	says("1 of 7", "Scan the practice wristband", "<svg")
	scan(n, sheets, practice.Badge) // another order is as good
	says("1 of 7", "Scan the practice wristband")
	scan(n, sheets, practice.Wristband)
	says("3 of 7", "Scan the label of the theatre")
	scan(n, sheets, practice.Place)
	says("4 of 7", "procedure&#39;s code")
	scan(n, sheets, practice.Procedure)
	says("4 of 7", "Choose a side and press Open procedure")
	n.post("/api/v1/theatre/open", n.fill(`{"id":"{new p}","side":"left"}`)).want(201)
	says("5 of 7", "past its expiry")
	scan(n, sheets, practice.Expired).want(201, `"level":"stop"`)
	says("5 of 7", "Stop: put it aside")
	scan(n, sheets, practice.Returned)
	says("6 of 7", "Scan the stem that is in date")
	scan(n, sheets, practice.Stem)
	says("6 of 7", "scan Opened")
	scan(n, sheets, practice.Opened)
	says("6 of 7", "scan Implanted")
	scan(n, sheets, practice.Implanted)
	says("7 of 7", "Press Close procedure")
	n.page("/theatre").want(200, `id="guide"`, "7 of 7")
	n.post("/api/v1/theatre/close", n.fill(`{"id":"{new c}","procedure":"{p}"}`)).want(200)
	says("The practice case is over", "implanted", "returned", "do it again")
	scan(n, sheets, practice.Wristband)
	says("2 of 7", "Scan the badge")
}
