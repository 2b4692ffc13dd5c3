package api_test

import (
	"bytes"
	"context"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"implantrace/internal/bounds"
	"implantrace/internal/fhir"
)

// fuzzed is a node that takes whatever is sent, with a procedure and a notice in
// it. What it records it keeps.
func fuzzed(f *testing.F) *node {
	n := newNode(f)
	n.walk(road[10:24])
	n.post("/api/v1/notices", n.fill(`{"id":"{new n}",`+noticeOf+`,"criteria":{"di":"`+stem+`"}}`)).want(201)
	return n
}

// takes sends a body, and holds what every answer has to be: soon, and no error of
// the node's own.
func (n *node) takes(t *testing.T, method, target, kind string, body []byte) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	r.Host = "127.0.0.1:8080"
	r.Header.Set("Content-Type", kind)
	w := httptest.NewRecorder()
	began := time.Now()
	n.server.ServeHTTP(w, r)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("%s %s: it takes %s", method, target, took)
	}
	if w.Code >= 500 {
		t.Errorf("%s %s: %d %s %s", method, target, w.Code, w.Body, n.log)
	}
	if ct := w.Header().Get("Content-Type"); w.Code >= 400 && ct != "application/problem+json" && ct != "application/fhir+json; charset=utf-8" && !strings.HasPrefix(ct, "text/html") {
		t.Errorf("%s %s: %d of type %q", method, target, w.Code, ct)
	}
}

var placeIn = regexp.MustCompile(`\{[a-z_]+\}`)

// targets are the routes that take a kind of body, with something that is there
// in their place of an id.
func (n *node) targets(kind string) (all []string) {
	for path, item := range must(contract()).Paths.Map() {
		op := item.Post
		if op == nil || op.RequestBody == nil || op.RequestBody.Value.Content[kind] == nil || strings.Contains(path, "/operator/") {
			continue
		}
		id := n.vars["hip"]
		if strings.Contains(path, "/notices/") {
			id = n.vars["n"]
		}
		all = append(all, placeIn.ReplaceAllString(path, id))
	}
	slices.Sort(all)
	return all
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// FuzzJSONBodies sends what may be JSON to every route that takes it.
func FuzzJSONBodies(f *testing.F) {
	n := fuzzed(f)
	targets := n.targets("application/json")
	if len(targets) < 30 {
		f.Fatalf("%d routes take JSON", len(targets))
	}
	for i := range targets {
		f.Add(uint8(i), []byte(`{"id":"0193f0c1-0000-7000-8000-0000000000fe"}`))
	}
	for _, s := range []string{
		`{"text":"(01)09520140001039(17)310630(10)K4417B"}`, `{"id":"0193f0c1-0000-7000-8000-0000000000fd","text":"8018505089899900000183"}`,
		`{"di":"09520140001039","lot":["K4417B","K44*"],"serial":{"from":"1","to":"99"}}`, `{"nhs_number":"999 000 0018"}`,
		`{"id":"0193f0c1-0000-7000-8000-0000000000fc","patient":{"nhs_number":"9990000018","family":"Testwell"},"code":{"code":"W371"}}`,
		`{"id":"0193f0c1-0000-7000-8000-0000000000fb",` + noticeOf + `,"criteria":{"di":"` + stem + `"}}`, `{"a":{"a":[[[[]]]]}}`, "{\"text\":\"\xff\"}", `{"text":"\ud800"}`,
	} {
		for i := range targets {
			if strings.Contains(s, "criteria") == strings.Contains(targets[i], "notices") {
				f.Add(uint8(i), []byte(s))
			}
		}
	}
	f.Fuzz(func(t *testing.T, at uint8, body []byte) {
		bounds.Hold(t, func() { n.takes(t, http.MethodPost, targets[int(at)%len(targets)], "application/json", body) })
	})
}

// FuzzForms sends what may be a form of many parts to every route that takes one.
func FuzzForms(f *testing.F) {
	n := fuzzed(f)
	targets := n.targets("multipart/form-data")
	if len(targets) < 4 {
		f.Fatalf("%q take forms of parts", targets)
	}
	picture := must(os.ReadFile(filepath.Join("..", "testdata", "label.png")))
	var whole bytes.Buffer
	w := multipart.NewWriter(&whole)
	w.SetBoundary("x")
	w.WriteField("id", "0193f0c1-0000-7000-8000-0000000000fa")
	must(must(w.CreateFormFile("file", "fsn.pdf")).Write([]byte("%PDF-1.7")))
	must(must(w.CreateFormFile("table", "staff.csv")).Write([]byte("badge,name\n1,Sam\n")))
	must(must(w.CreateFormFile("picture", "label.png")).Write(picture[:512]))
	w.Close()
	for i := range targets {
		f.Add(uint8(i), whole.Bytes())
		f.Add(uint8(i), []byte("--x\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\n"))
		f.Add(uint8(i), []byte("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../../x\"\r\nContent-Type: text/html\r\n\r\n<script>\r\n--x--\r\n"))
	}
	f.Fuzz(func(t *testing.T, at uint8, body []byte) {
		bounds.Hold(t, func() {
			n.takes(t, http.MethodPost, targets[int(at)%len(targets)], "multipart/form-data; boundary=x", body)
		})
	})
}

// FuzzFHIRSearch sends what may be a search to every type that has one.
func FuzzFHIRSearch(f *testing.F) {
	n := fuzzed(f)
	kinds := slices.Sorted(maps.Keys(fhir.Searches))
	for i := range kinds {
		for _, s := range []string{
			"identifier=https%3A%2F%2Ffhir.nhs.uk%2FId%2Fnhs-number%7C9990000018", "patient=Patient%2F0193f0c1-0000-7000-8000-0000000000fe&date=ge2026-03&date=lt2027",
			"udi-di=" + stem + "&lot=NM%5C%2C21&_count=1&_include=Device:patient", "udi-carrier=(01)" + stem + "(10)A&_lastUpdated=eq2026-03-14T09:30:00%2B01:00", "_id=x&_format=xml", "%zz=%",
		} {
			f.Add(uint8(i), []byte(s))
		}
	}
	f.Fuzz(func(t *testing.T, at uint8, body []byte) {
		bounds.Hold(t, func() {
			n.takes(t, http.MethodPost, "/fhir/R4/"+kinds[int(at)%len(kinds)]+"/_search", "application/x-www-form-urlencoded", body)
		})
	})
}
