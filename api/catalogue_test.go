package api_test

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// release is the small AccessGUDID release of package catalogue, zipped as FDA
// does it.
func release(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	files, err := filepath.Glob(filepath.Join("..", "internal", "catalogue", "testdata", "release", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		w, err := z.Create("AccessGUDID_Delimited_Full_Release_20260301/" + filepath.Base(f))
		if err == nil {
			_, err = w.Write(data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestACatalogueComesInAndGoesOut(t *testing.T) {
	n := newNode(t)
	in := func(query, kind, body string) string {
		t.Helper()
		r := n.send(request{method: "POST", target: "/api/v1/catalogue/imports?" + query, kind: kind, body: body})
		if r.Status != 200 {
			t.Fatalf("%d %s", r.Status, r.Body)
		}
		return r.text()
	}
	out := in("source=AccessGUDID", "application/zip", release(t))
	for _, want := range []string{`"rows":6,"recorded":2,"unchanged":0,"refused":4`, `"line":4,"di":"09520140001047"`} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in %s", want, out)
		}
	}
	in("source=own", "text/csv", "di,kind,side,head_diameter\n09520140001046,head,not-applicable,3.2 cm\n")
	got := n.send(request{target: "/api/v1/products/09520140001046"})
	for _, want := range []string{`"kind":"head"`, `"head_diameter":"32 mm"`, `"outer_diameter":"32 mm"`, `"quantity":5`, `"via":"catalogue:own"`, `"authorities":["fda"]`, `"maker":"Northmoor Orthopaedics"`} {
		if !strings.Contains(got.text(), want) {
			t.Errorf("no %s in %s", want, got.Body)
		}
	}
	file := n.send(request{target: "/api/v1/exports/catalogue.csv"})
	if file.Status != 200 || strings.Count(file.text(), "\r\n") != 3 {
		t.Errorf("%d %s", file.Status, file.Body)
	}
	if out := in("source=again", "text/csv", file.text()); !strings.Contains(out, `"rows":2,"recorded":2,"unchanged":0,"refused":0`) {
		t.Errorf("the export does not come in again: %s", out)
	}
	for _, bad := range []request{
		{target: "source=x", kind: "application/zip", body: "PK no zip"}, {target: "source=x", kind: "text/csv", body: "leg\n"}, {target: "source=x", kind: "text/csv"},
		{target: "source=", kind: "text/csv", body: "di,maker\n09520140001046,M\n"}, {target: "source=x&implantable=true", kind: "text/csv", body: "di\n"},
		{target: "source=x&implantable=perhaps", kind: "text/csv", body: "di\n"},
	} {
		bad.method, bad.target = "POST", "/api/v1/catalogue/imports?"+bad.target
		if r := n.send(bad); r.Status != 422 {
			t.Errorf("%s %q: %d %s", bad.target, bad.body, r.Status, r.Body)
		}
	}
}
