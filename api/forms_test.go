package api_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"testing"
)

// The forms of the theatre page and of the directory that no other test sends.
func TestDescribingADeviceAndTakingATableInByForms(t *testing.T) {
	n := newNode(t)
	n.walk(road[10:24])
	a := n.post("/api/v1/readings", n.fill(`{"id":"{new r}","text":"(01)09520140009998(10)Q1"}`)).want(201)
	usage := a.value("usage").(string)
	n.form("/theatre/usages/"+usage+"/describe", url.Values{"id": {n.id()}, "description": {"Fellside stem size 2"}}, false).want(303)
	n.page("/theatre").want(200, "Fellside stem size 2")

	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, value := range map[string]string{"id": n.id(), "list": "staff"} {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	f, err := w.CreateFormFile("table", "staff.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("badge,name\n505089800000000126,Sam Sample\n")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	n.send(request{method: http.MethodPost, target: "/directory/table", kind: w.FormDataContentType(), body: b.String(), header: map[string]string{"Accept": "text/html"}}).want(200)
}
