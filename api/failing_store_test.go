package api_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"implantrace/internal/trace"
)

var errFull = trace.Errorf(trace.Full, "The disk is full.")

// The commit may have landed though its answer was lost. The node says so, and
// the same request again finds out.
func TestOutcomeUnknownIsSaid(t *testing.T) {
	for _, lands := range []bool{true, false} {
		n := newNode(t)
		n.walk(road[10:16])
		n.store.with(trace.Errorf(trace.OutcomeUnknown, "The disk did not answer. Whether this was recorded is not known: send it again with the same id."), lands)
		body := n.fill(`{"id":"{new x}","text":"(01)` + stem + `(17)280331(10)A"}`)
		a := n.post("/api/v1/readings", body).problem(503, "outcome-unknown")
		if a.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		if !strings.Contains(a.text(), "same id") {
			t.Errorf("it does not say what to do: %s", a.Body)
		}
		if strings.Contains(a.text(), "recorded\":true") {
			t.Errorf("it says that it is recorded: %s", a.Body)
		}
		// A form says it too, as a page and to a script.
		form := url.Values{"id": {n.id()}, "procedure": {n.vars["hip"]}}
		page := n.form("/theatre/close", form, false).want(503, "Outcome unknown: repeat with the same id")
		if page.Header.Get("Retry-After") == "" || !strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") {
			t.Errorf("headers of the page: %v", page.Header)
		}
		if a := n.form("/theatre/close", form, true); lands {
			a.want(204) // sent again, it finds out that it is done
		} else {
			a.problem(503, "outcome-unknown")
		}

		n.store.with(nil, false)
		status := map[bool]int{true: 200, false: 201}[lands]
		again := n.post("/api/v1/readings", body).want(status, map[bool]string{true: `"repeated":true`, false: `"repeated":false`}[lands])
		n.form("/theatre/close", form, false).want(303)
		usages := n.get("/api/v1/usages?procedure=" + n.vars["hip"]).want(200)
		if usages.value("items.0.usage.id") != again.value("usage") || strings.Count(usages.text(), `"usage":{`) != 1 {
			t.Errorf("landed %v: not one usage: %s", lands, usages.Body)
		}
	}
}

func TestAStoreThatCannotWriteIsSaidAndReadingGoesOn(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		kind   string
		retry  bool
	}{
		"unknown":   {trace.Errorf(trace.OutcomeUnknown, "Not known."), 503, "outcome-unknown", true},
		"full":      {errFull, 507, "disk-full", false},
		"read-only": {trace.Errorf(trace.ReadOnly, "The store cannot be written."), 503, "read-only", true},
		"busy":      {trace.Errorf(trace.Busy, "Too much at once."), 503, "busy", true},
		"internal":  {errors.New("a cause that only the log tells"), 500, "internal", false},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t)
			n.walk(road[10:21])
			entries := n.entries()
			n.store.with(c.err, false)
			kind, picture := upload(t, map[string]string{"id": n.id()}, label(t))
			for _, q := range []request{
				{target: "/api/v1/readings", body: n.fill(`{"id":"{new x}","text":"(01)` + stem + `(10)A"}`)},
				{target: "/api/v1/readings/picture", kind: kind, body: picture},
				{target: "/api/v1/theatre/close", body: n.fill(`{"id":"{new x}","procedure":"{hip}"}`)},
				{target: "/api/v1/patients", body: n.fill(`{"id":"{new x}","nhs_number":"` + bob + `"}`)},
				{target: "/api/v1/procedures", body: n.fill(`{"id":"{new x}","patient":{"nhs_number":"` + bob + `"},"code":{"text":"Hip"}}`)},
				{target: n.fill("/api/v1/procedures/{hip}/close"), body: n.fill(`{"id":"{new x}"}`)},
				{target: "/api/v1/usages", body: n.fill(`{"id":"{new x}","procedure":"{hip}","device":{"lot":"A"}}`)},
				{target: n.fill("/api/v1/usages/{usage}/outcome"), body: n.fill(`{"id":"{new x}","status":"opened"}`)},
				{target: "/api/v1/products", body: n.fill(`{"id":"{new x}","di":"` + cup + `","maker":"Northmoor"}`)},
				{target: "/api/v1/corrections", body: n.fill(`{"id":"{new x}","usage":"{usage}","withdraw":true,"reason":"x"}`)},
				{target: "/api/v1/approval", body: n.fill(`{"id":"{new x}","approved":true,"officer":"Dr P Officer"}`)},
				{target: "/api/v1/imports?source=pas", kind: "application/x-ndjson", body: history},
			} {
				q.method = "POST"
				a := n.send(q).problem(c.status, c.kind)
				if got := a.Header.Get("Retry-After") != ""; got != c.retry {
					t.Errorf("%s: Retry-After %v", q.target, got)
				}
				if strings.Contains(a.text(), "only the log") {
					t.Errorf("%s: the answer tells what is for the log: %s", q.target, a.Body)
				}
			}
			if n.entries() != entries {
				t.Fatal("something was recorded")
			}
			// Everything can still be read.
			n.get("/api/v1/theatre").want(200, "Testwell", n.fill(`"id":"{hip}"`))
			n.page("/theatre").want(200, "Testwell", "Femoral stem")
			n.page("/").want(200)
			n.post("/api/v1/recalls/search", `{"di":"`+stem+`"}`).want(200, n.fill("{usage}"))
			n.get("/api/v1/exports/fhir.json").want(200, stem)
			n.page(n.fill("/patients/{ada}")).want(200, "Testwell")
			if c.status == 500 && !strings.Contains(n.log.String(), "only the log") {
				t.Error("the log does not say why")
			}
		})
	}
}

// The answer of a recall tells what it rests on, and gives none rather than a
// wrong one.
func TestRecallAnswerSaysItsCoverage(t *testing.T) {
	n := newNode(t)
	n.walk(road)
	var a struct {
		Confirmed, Possible []struct{ Why []string }
		Coverage            struct {
			AsOf  string `json:"as_of"`
			Nodes []struct {
				Node, Name    string
				Entries       uint64
				RecordedSince string `json:"recorded_since"`
				RecordedUntil string `json:"recorded_until"`
				UsagesFrom    string `json:"usages_from"`
				UsagesTo      string `json:"usages_to"`
			}
			Looked, Withdrawn int
			NoProduct         int `json:"no_product"`
			NoOutcome         int `json:"no_outcome"`
		}
	}
	n.post("/api/v1/recalls/search", `{"di":"`+stem+`","lot":"NM21-0417"}`).want(200).into(&a)
	c := a.Coverage
	if c.AsOf != "2026-03-14T09:30:00Z" {
		t.Errorf("as of %s", c.AsOf)
	}
	if len(c.Nodes) != 1 || c.Nodes[0].Name != "Theatre 4" || len(c.Nodes[0].Node) != 16 || c.Nodes[0].Entries != n.entries() {
		t.Errorf("nodes %+v, and %d entries", c.Nodes, n.entries())
	}
	if node := c.Nodes[0]; node.RecordedSince == "" || node.RecordedUntil == "" || node.UsagesFrom == "" || node.UsagesTo == "" {
		t.Errorf("dates %+v", node)
	}
	// The stem, the expired one, the knee's and the imported one; and the half
	// code, the joined one and the damaged one, of which no product is known. Only
	// what is damaged cannot be excluded: the others have another lot.
	if c.Looked != 7 || c.NoProduct != 2 || c.Withdrawn != 1 || c.NoOutcome != 1 {
		t.Errorf("looked %d, no product %d, withdrawn %d, no outcome %d", c.Looked, c.NoProduct, c.Withdrawn, c.NoOutcome)
	}
	if len(a.Confirmed) != 2 || len(a.Possible) != 1 {
		t.Errorf("%d confirmed, %d possible", len(a.Confirmed), len(a.Possible))
	}
	// An answer about nobody says it as well.
	n.post("/api/v1/recalls/search", `{"di":"09520140009998"}`).want(200, `"patients":0`, `"coverage":{"as_of"`, `"name":"Theatre 4"`)
	// And the page says it in words.
	n.form("/recall", url.Values{"di": {stem}, "lot": {"NM21-0417"}}, false).want(200, "What this answer rests on", "7 usages were", "Theatre 4",
		"Devices that were never scanned or imported are not known here")
	n.form("/recall", url.Values{"di": {"09520140009998"}}, false).want(200, "Nobody in this record.", "What this answer rests on")
	n.form("/recall", url.Values{"di": {"09520140009999"}}, false).want(422, "Nothing was searched")
}

// An answer about patients is whole, or none.
func TestARecordThatCannotBeReadGivesNoRecallAnswer(t *testing.T) {
	n := newNode(t)
	n.walk(road)
	for _, err := range []error{errors.New("a page that cannot be read"), trace.Errorf(trace.NotFound, "the record has no such usage")} {
		n.store.breaksOff(err, 2)
		a := n.post("/api/v1/recalls/search", `{"di":"`+stem+`","lot":"NM21-0417"}`).problem(500, "internal")
		if strings.Contains(a.text(), "confirmed") {
			t.Errorf("half an answer: %s", a.Body)
		}
		n.form("/recall", url.Values{"di": {stem}}, false).want(500, "Something went wrong on the node")
		n.get("/api/v1/usages").want(500)
		n.page("/").want(500)
		n.get("/api/v1/exports/fhir.json").problem(500, "internal")
		n.get("/api/v1/theatre").want(200) // nothing is open here
	}
	n.store.breaksOff(trace.Errorf(trace.NotFound, "the record has no such usage"), 0)
	for _, target := range []string{"/api/v1/patients/{ada}", "/api/v1/procedures/{hip}", "/patients/{ada}", "/procedures/{hip}", "/api/v1/procedures"} {
		n.get(n.fill(target)).problem(500, "internal").want(500, "The record is not whole")
	}
	n.store.breaksOff(nil, 0)
	n.post("/api/v1/recalls/search", `{"di":"`+stem+`","lot":"NM21-0417"}`).want(200, `"patients":2`)
}

func TestAnExportThatBreaksOffIsCutOff(t *testing.T) {
	n := newNode(t)
	var rows strings.Builder
	rows.WriteString(`{"type":"patient","ref":"P","nhs_number":"` + ada + `"}` + "\n")
	const count = 300
	for i := range count {
		fmt.Fprintf(&rows, `{"type":"procedure","ref":"T%d","patient":"P","code":{"text":"Hip replacement"},"start":"2021-05-04T09:10:00Z","end":"2021-05-04T10:10:00Z"}`+"\n", i)
		fmt.Fprintf(&rows, `{"type":"usage","ref":"U%d","procedure":"T%d","di":"%s","lot":"L%d","status":"implanted"}`+"\n", i, i, stem, i)
	}
	n.send(request{method: "POST", target: "/api/v1/imports?source=pas", kind: "application/x-ndjson", body: rows.String()}).want(200, `"refused":0`)
	srv := httptest.NewServer(n.server)
	defer srv.Close()
	for _, target := range []string{"/api/v1/exports/iso16054.csv", "/api/v1/exports/fhir.json"} {
		whole := n.get(target).want(200)
		n.store.breaksOff(errors.New("a page that cannot be read"), 1) // a procedure has one usage: only the list of procedures breaks
		n.get(target).problem(500, "internal")                         // nothing was out yet
		n.store.breaksOff(errors.New("a page that cannot be read"), count-1)
		r, err := http.Get(srv.URL + target)
		if err != nil {
			t.Fatal(err)
		}
		half, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err == nil {
			t.Errorf("%s: %d of %d bytes look like a whole file", target, len(half), len(whole.Body))
		}
		n.store.breaksOff(nil, 0)
	}
}
