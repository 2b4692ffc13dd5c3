package api_test

import (
	"bytes"
	"image/jpeg"
	"strings"
	"testing"

	"implantrace/internal/trace"
)

// Where the site says so, a photograph is kept with the procedure it was taken in,
// and nowhere else; it is shown to those who may see the record, and to nobody
// once the patient's key is gone.
func TestPhotographsAreKeptWhereTheSiteSaysSo(t *testing.T) {
	n := newNode(t)
	take := func(procedure string) *answer {
		n.t.Helper()
		fields := map[string]string{"id": n.id()}
		if procedure != "" {
			fields["procedure"] = procedure
		}
		kind, body := upload(t, fields, label(t))
		return n.send(request{method: "POST", target: "/api/v1/readings/picture", kind: kind, body: body}).want(201)
	}
	open := func(number string) string {
		n.t.Helper()
		id := n.id()
		n.post("/api/v1/procedures", `{"id":"`+id+`","patient":{"nhs_number":"`+number+`"},"code":{"text":"Hip"},"side":"left"}`).want(201)
		return id
	}
	of := func(procedure string) string { return "/api/v1/procedures/" + procedure + "/photographs" }
	hip := open(ada)
	take(hip)
	n.get(of(hip)).want(200, `"items":[]`)
	if strings.Contains(n.page("/procedures/"+hip).want(200).text(), "Photograph") || strings.Contains(n.page("/theatre").want(200).text(), "encrypted") {
		t.Error("photographs are spoken of though none are kept")
	}

	n.parts.KeepPictures = true
	n.version("keeps pictures")
	n.page("/theatre").want(200, "are kept with it, encrypted")
	before := n.entries()
	take("")
	if kept := n.entries() - before; kept > 2 {
		t.Errorf("a photograph of no procedure makes %d entries", kept)
	}
	fields := map[string]string{"id": n.id(), "procedure": hip}
	kind, body := upload(t, fields, label(t))
	twice := request{method: "POST", target: "/api/v1/readings/picture", kind: kind, body: body}
	n.send(twice).want(201)
	n.send(twice).want(200, `"repeated":true`)
	items := n.get(of(hip)).want(200).value("items").([]any)
	if len(items) != 1 {
		t.Fatalf("%d photographs are kept", len(items))
	}
	which := items[0].(map[string]any)["photograph"].(string)
	a := n.get(of(hip) + "/" + which).want(200)
	if _, err := jpeg.Decode(bytes.NewReader(a.Body)); err != nil || a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("%v, %v", err, a.Header)
	}
	n.page("/procedures/"+hip).want(200, "Photograph of", of(hip)+"/"+which)
	knee := open("9990000026")
	n.get(of(knee)).want(200, `"items":[]`)
	n.get(of(knee)+"/"+which).problem(404, "not-found")
	n.get(of(n.id())).problem(404, "not-found")
	n.get(of(hip)+"/"+n.id()).problem(404, "not-found")
	n.get(of(hip)+"/x").problem(422, "invalid")

	// Without the patient's key there is no photograph.
	patient := n.get("/api/v1/procedures/" + hip).want(200).value("procedure.patient").(string)
	subject, err := trace.ParseID[trace.OfPatient](patient)
	if err != nil {
		t.Fatal(err)
	}
	draft := trace.Draft{Fact: trace.ErasureFact{Patient: subject}}
	if _, err := n.store.Append(t.Context(), trace.Command{ID: trace.NewEventID(), Canonical: []byte("erase"), Drafts: []trace.Draft{draft}}); err != nil {
		t.Fatal(err)
	}
	n.get(of(hip)+"/"+which).problem(404, "not-found")
}
