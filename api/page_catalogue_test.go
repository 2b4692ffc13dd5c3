package api_test

import (
	"net/url"
	"strings"
	"testing"
)

// An unknown product: recorded in theatre, described, queued, filled in; then past
// usages show it, and the checks are asked again.
func TestAnUnknownProductIsFilledInLater(t *testing.T) {
	n := newNode(t)
	n.post("/api/v1/procedures", n.fill(`{"id":"{new hip}","patient":{"nhs_number":"`+ada+`"},"code":{"text":"Hip"},"side":"left"}`)).want(201)
	const di = "09520140001145"
	n.post("/api/v1/readings", n.fill(`{"id":"{new r}","procedure":"{hip}","text":"]d201`+di+`17290331`+`10L7"}`)).want(201, "not in the catalogue", `"level":"note"`)
	a := n.get(n.fill("/api/v1/usages?procedure={hip}")).want(200)
	usage := a.value("items.0.usage.id").(string)
	n.get("/api/v1/catalogue/queue").want(200, di, `"uses":1`, `"described":[]`)
	n.post("/api/v1/usages/"+usage+"/describe", n.fill(`{"id":"{new d}","description":"Fellside stem size 2"}`)).want(200, `"described":"Fellside stem size 2"`)
	n.post("/api/v1/usages/"+usage+"/describe", n.fill(`{"id":"{new x}","description":" "}`)).problem(422, "invalid")
	n.page("/catalogue/queue").want(200, di, "Fellside stem size 2")
	n.page("/catalogue").want(200, "1 product waits")
	n.page(n.fill("/procedures/{hip}")).want(200, "Fellside stem size 2 (not in the catalogue)")
	n.page("/catalogue/"+di).want(200, "Not in the catalogue.", "In theatre it was called: Fellside stem size 2.", "1 device of it")

	// The keeper fills it in: for the right side.
	form := url.Values{"id": {n.id()}, "who": {"K. Keeper"}, "maker": {"Northmoor"}, "description": {"Fellside stem"}, "kind": {"stem"}, "side": {"right"}, "verified": {"side", "kind"}}
	n.form("/catalogue/"+di, form, false).want(303)
	n.page("/catalogue/"+di).want(200, "Verified by K. Keeper", "Cannot run: taper not known.", "Who said what it is")
	n.page(n.fill("/procedures/{hip}")).want(200, "Fellside stem, Northmoor")
	n.get("/api/v1/usages/"+usage).want(200, `"level":"stop"`, "made for the right side, and is for the left")
	n.get("/api/v1/catalogue/queue").want(200, `"items":[]`)

	// It was the left one after all.
	form = url.Values{"id": {n.id()}, "who": {"K. Keeper"}, "side": {"left"}, "kind": {""}, "maker": {"Northmoor"}}
	n.form("/catalogue/"+di, form, false).want(303)
	got := n.get("/api/v1/products/"+di).want(200, `"side":"left"`, `"maker":"Northmoor"`).text()
	if strings.Contains(got, `"kind":"stem"`) || strings.Contains(got, `"field":"side"`) || strings.Contains(got, `"field":"kind"`) {
		t.Errorf("what was emptied or said anew is not vouched for: %s", got)
	}
	if strings.Contains(n.get("/api/v1/usages/"+usage).text(), "made for the right side") {
		t.Error("it was not judged again")
	}
	n.form("/catalogue/"+di, url.Values{"id": {n.id()}, "who": {"K. Keeper"}, "side": {"left"}}, false).want(422)
	n.form("/catalogue/"+di, url.Values{"id": {n.id()}, "side": {"right"}}, false).want(422)
	n.form("/catalogue/1", url.Values{"id": {n.id()}, "who": {"K"}, "side": {"right"}}, false).want(422)
}

// What somebody vouches for is that person's word: a later row of a catalogue does
// not stand there as verified.
func TestACatalogueDoesNotChangeWhatSomebodyVouchesFor(t *testing.T) {
	n := newNode(t)
	load := func(side string) {
		n.send(request{method: "POST", target: "/api/v1/catalogue/imports?source=makers", kind: "text/csv", body: "di,maker,kind,side\n" + stem + ",Northmoor,stem," + side + "\n"}).want(200, `"refused":0`)
	}
	load("left")
	n.post("/api/v1/products", n.fill(`{"id":"{new p}","di":"`+stem+`","verified":["side"],"who":"K. Keeper"}`)).want(201, `"field":"side","who":"K. Keeper"`)
	load("right")
	n.get("/api/v1/products/"+stem).want(200, `"side":"left"`, `"verified":["side"]`)
}

func TestWhichChecksCanRun(t *testing.T) {
	n := newNode(t)
	n.walk(road[:24])
	n.get("/api/v1/catalogue/readiness").want(200, `"uses":`, `"missing":[`)
	n.get("/api/v1/catalogue/readiness?from=2090-01-01").want(200, `"items":[]`)
	n.get("/api/v1/catalogue/readiness?from=soon").problem(422, "invalid")
	n.get("/api/v1/exports/readiness.csv").want(200, "di,maker,description,uses,last_used,check,runs,missing\n", ",side,no,")
	n.page("/catalogue/readiness").want(200, "Cannot run, for want of")
}

func TestTheCatalogueIsSearched(t *testing.T) {
	n := newNode(t)
	n.send(request{method: "POST", target: "/api/v1/catalogue/imports?source=makers", kind: "text/csv",
		body: "di,maker,brand,description,packs\n" + stem + ",Northmoor,Fellside,Femoral stem,19520140001142 x 5\n" + cup + ",Southmoor,Tarn,Cup,\n"}).want(200)
	n.get("/api/v1/catalogue/search?q=moor+stem").want(200, stem)
	if strings.Contains(n.get("/api/v1/catalogue/search?q=moor+stem").text(), cup) {
		t.Error("every word has to stand there")
	}
	n.get("/api/v1/catalogue/search?q="+strings.TrimLeft(cup, "0")).want(200, "Tarn")
	n.get("/api/v1/catalogue/search?q=19520140001142").want(200, "Femoral stem") // the box, by what is inside
	a := n.get("/api/v1/catalogue/search?limit=1").want(200, `"next":"`)
	n.get("/api/v1/catalogue/search?limit=1&after="+a.value("next").(string)).want(200, cup)
	n.page("/catalogue?q=tarn").want(200, "Cup")
	n.page("/catalogue?q=nothing").want(200, "No product is called that")
	n.page("/catalogue/19520140001142").want(200, "A pack, or one piece, of")
}
