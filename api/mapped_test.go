package api_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"implantrace/internal/sheet"
)

// mappingOf is a mapping of one format with these lines of columns behind the
// lot.
func mappingOf(format, columns string) string {
	return "name: Northmoor\nversion: 1\nformat: " + format + "\nrow: device\noutcomes: [implanted]\ncolumns:\n" +
		"  - {header: NHS number, from: patient.nhs_number, required: M}\n  - {header: Lot, from: device.lot, required: M}\n" + columns
}

// withImplants is a node with a device that has a lot and one that has none.
func withImplants(t *testing.T) *node {
	t.Helper()
	n := newNode(t)
	n.post("/api/v1/theatre/open", n.fill(`{"id":"{new hip}","patient":{"nhs_number":"`+ada+`","family":"Testwell","given":"Ada","birth":"1950-02-01"},"code":{"code":"W37.1"},"side":"left"}`)).want(201)
	for _, code := range []string{"(10)NM21", "(21)SN-7"} {
		a := n.post("/api/v1/readings", n.fill(`{"id":"{new scan}","text":"(01)`+stem+`(17)290331`+code+`"}`)).want(201)
		n.post("/api/v1/usages/"+a.value("usage").(string)+"/outcome", n.fill(`{"id":"{new x}","status":"implanted"}`)).want(200)
	}
	return n
}

// yaml sends a mapping.
func (n *node) yaml(target, mapping string) *answer {
	n.t.Helper()
	return n.send(request{method: http.MethodPost, target: target, kind: "text/plain", body: mapping})
}

func TestExportByAMapping(t *testing.T) {
	n := withImplants(t)
	const file, preview = "/api/v1/exports/mapped", "/api/v1/exports/mapped/preview"
	csv := mappingOf("csv", "")

	n.yaml(preview, csv).want(200, `"held_back":1`, `"rows":1`, `"from":"patient.nhs_number"`, `"value":"NM21"`, `"why":"The record does not have it: lot."`, n.fill(`"page":"/procedures/{hip}"`))
	n.yaml(preview+"?rows=0&to=2020-01-01", csv).want(200, `"first":[]`, `"procedures":0`)
	n.yaml(preview+n.fill("?procedure={hip}"), csv).want(200, `"procedures":1`)

	// Nobody gets a file without knowing how many rows are missing.
	n.yaml(file, csv).problem(409, "conflict")
	n.yaml(file+"?held=1", csv).want(200, "NHS number,Lot\r\n"+ada+",NM21\r\n")
	n.yaml(file+"?of=held", csv).want(200, "procedure_id,usage_id,day,column,state,why", ",Lot,absent,")
	book := n.yaml(file+"?held=1", mappingOf("xlsx", "")).want(200)
	if rows, err := sheet.Read(book.Body); err != nil || len(rows) != 2 || rows[1][1] != "NM21" || book.Header.Get("Content-Disposition") != `attachment; filename="northmoor-1.xlsx"` {
		t.Errorf("%v, %v, %v", rows, err, book.Header)
	}
	n.yaml(file, mappingOf("xlsx", "")).problem(409, "conflict")

	for target, says := range map[string]string{
		preview + "?rows=101": "rows is a number", file + "?held=-1": "held is a number", file + "?of=cars": "of rows or held", file + "?from=soon": "is not a date",
		preview + "?from=2026-02-01&to=2026-01-01": "ends before it begins",
	} {
		n.yaml(target, csv).problem(422, "invalid")
		if a := n.yaml(target, csv); !strings.Contains(a.text(), says) {
			t.Errorf("%s: %s", target, a.text())
		}
	}
	for _, target := range []string{file, preview} {
		n.yaml(target, csv+"colour: red\n").want(422, "line 9, column 1", "colour")
		n.yaml(target, strings.Repeat("#", 70000)).problem(413, "too-large")
	}
}

func TestThePageOfAMapping(t *testing.T) {
	n := withImplants(t)
	n.page("/exports").want(200, "/exports/mapped")
	example, err := os.ReadFile("../docs/mapping-example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	n.page("/exports/mapped").want(200, "Northmoor joint registry", "patient.nhs_number_status", "docs/mapping.md describes each word")

	send := func(mapping, do, held string) *answer {
		return n.form("/exports/mapped", url.Values{"mapping": {strings.ReplaceAll(mapping, "\n", "\r\n")}, "do": {do}, "held": {held}, "from": {"2020-01-01"}, "to": {""}}, false)
	}
	send(mappingOf("csv", ""), "preview", "").want(200, "1 row of 1 procedure; 1 held back.", "Download northmoor-1.csv without the 1 held back", "The record does not have it: lot.", `name="held" value="1"`)
	send(string(example), "preview", "").want(200, "Northmoor joint registry, version 2026-1", "2 rows of 1 procedure; 0 held back.", "2 rows lack something that is required", "Lot (1)", "empty")
	send(mappingOf("csv", ""), "file", "1").want(200, ada+",NM21\r\n")
	send(mappingOf("csv", ""), "file", "0").want(409, "There is no file", "More than 0 rows are held back", "header: NHS number")
	send(mappingOf("csv", "colour: red\n"), "preview", "").want(422, "There is no file", `id="line-9"`, "Column 1:", "colour")
	send("name: \xff", "preview", "").want(422, "it is not in UTF-8")
	send("", "preview", "").want(422, "it is empty")

	var b bytes.Buffer
	w := multipartOf(t, &b, map[string]string{"mapping": "name: x", "from": "", "to": ""}, "file", "r.yaml", mappingOf("csv", ""))
	n.send(request{method: http.MethodPost, target: "/exports/mapped", kind: w, body: b.String(), header: map[string]string{"Accept": "text/html"}}).want(200, "1 held back")
}

// multipartOf writes a form with a file, and gives its type.
func multipartOf(t *testing.T, b *bytes.Buffer, fields map[string]string, name, filename, content string) string {
	t.Helper()
	w := multipart.NewWriter(b)
	for k, v := range fields {
		if err := w.WriteField(k, v); err != nil {
			t.Fatal(err)
		}
	}
	f, err := w.CreateFormFile(name, filename)
	if err == nil {
		_, err = f.Write([]byte(content))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType()
}
