package api_test

import (
	"bytes"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"implantrace/internal/casework"
)

const noticeOf = `"references":[{"of":"FSCA","number":"2026-014"}],"title":"Fellside stems","kind":"field-safety-notice","urgency":"immediate","issued":"2026-03-01","hazard":"May loosen","actions":["Put aside what is on the shelf","Review every patient"]`

// noticeRoad is the way of a notice, after the road: kept, its cases worked on,
// amended, closed and opened again.
var noticeRoad = []scenario{
	{says: "identifiers in a pasted text are proposed", target: "/api/v1/recalls/propose", body: `{"text":"FSCA-2026-014: GTIN 09520140001145, lots NM21-0400 to NM21-0450"}`,
		status: 200, want: []string{`{"field":"di","value":"09520140001145","line":`, `{"field":"lot","from":"NM21-0400","to":"NM21-0450"`}},
	{says: "a notice without a title is not kept", target: "/api/v1/notices", body: `{"id":"{new n}","criteria":{"di":"` + stem + `"}}`, status: 422, want: []string{"title and a reference"}},
	{says: "a notice is kept, and cases are opened", target: "/api/v1/notices", body: `{"id":"{new n}",` + noticeOf + `,"criteria":{"di":"` + stem + `","lot":["NM21-0417"]}}`,
		status: 201, want: []string{`"name":"FSCA 2026-014: Fellside stems"`, `"state":"open"`, `"people":2`, `"took":`, `"hazard":"May loosen"`}, keep: map[string]string{"body": "body"}},
	{says: "the same again is the same notice", target: "/api/v1/notices", body: `{"id":"{n}",` + noticeOf + `,"criteria":{"di":"` + stem + `","lot":["NM21-0417"]}}`, status: 201, want: []string{`"id":"{n}"`}},
	{says: "another under its id is a conflict", target: "/api/v1/notices", body: `{"id":"{n}",` + noticeOf + `,"criteria":{"di":"` + stem + `"}}`, status: 409},
	{says: "it is listed", target: "/api/v1/notices", status: 200, want: []string{`"id":"{n}"`}},
	{says: "its board has the cases", target: "/api/v1/notices/{n}/board", status: 200, want: []string{`"open":2`, `"settled":0`, `"unowned":2`, `"unanswered":2`, `"new":[]`, `"coverage":{"as_of"`, `"tier":"confirmed"`},
		keep: map[string]string{"case": "cases.0.id", "seen": "cases.0.history.0.stamp.event", "case2": "cases.1.id", "seen2": "cases.1.history.0.stamp.event"}},
	{says: "a case has its devices and why", target: "/api/v1/notices/{n}/cases/{case}", status: 200, want: []string{`"matches":[{"tier":"`, `"why":["DI ` + stem + ` is named"`, `"identity":{"nhs_number":"999`, `"notes":{}`}},
	{says: "a case is taken on", target: "/api/v1/notices/{n}/cases/change", body: `{"id":"{new step}","cases":[{"case":"{case}","seen":"{seen}"}],"status":"contacting","owner":"R. Dene","due":"2026-03-20","next":"Telephone","note":"Moved to the coast"}`,
		status: 200, want: []string{`"changed":1`}},
	{says: "whoever saw it before is told, and nothing is lost", target: "/api/v1/notices/{n}/cases/change", body: `{"id":"{new other}","cases":[{"case":"{case}","seen":"{seen}"}],"note":"Left a message"}`,
		status: 409, want: []string{"after you opened it", "Nothing was recorded"}},
	{says: "all of them are taken on, or none", target: "/api/v1/notices/{n}/cases/change", body: `{"id":"{new bulk}","cases":[{"case":"{case2}","seen":"{seen2}"},{"case":"{case}","seen":"{seen}"}],"owner":"P. Vale"}`, status: 409},
	{says: "not affected wants a reason", target: "/api/v1/notices/{n}/cases/change", body: `{"id":"{new not}","cases":[{"case":"{case2}","seen":"{seen2}"}],"status":"not-affected"}`, status: 422, want: []string{"Say why"}},
	{says: "the second is settled by mistake", target: "/api/v1/notices/{n}/cases/change", body: `{"id":"{new slip}","cases":[{"case":"{case2}","seen":"{seen2}"}],"status":"not-affected","note":"Another lot on the sticker"}`, status: 200},
	{says: "and that is undone", target: "/api/v1/notices/{n}/cases/undo", body: `{"id":"{new undo}","command":"{slip}"}`, status: 200, want: []string{`"changed":1`}},
	{says: "what opened cases is not undone", target: "/api/v1/notices/{n}/cases/undo", body: `{"id":"{new undo2}","command":"{n}"}`, status: 409, want: []string{"nobody drops out of a list"}},
	{says: "the history has everything", target: "/api/v1/notices/{n}/cases/{case2}", status: 200, want: []string{`"status":"to-review"`, `"undone":true`, `"undoes":true`, "Another lot on the sticker"}},
	{says: "an action is answered", target: "/api/v1/notices/{n}/answers", body: `{"id":"{new ans}","action":"Put aside what is on the shelf","answer":"done","note":"Two boxes"}`, status: 200, want: []string{`"answers":[{"action":"Put aside what is on the shelf","answer":"done"}]`}},
	{says: "no other action can be", target: "/api/v1/notices/{n}/answers", body: `{"id":"{new ans2}","action":"Sing","answer":"done"}`, status: 422},
	{says: "a version that is not the last is not amended", target: "/api/v1/notices/{n}/amend", body: `{"id":"{new am}","seen":"{step}",` + noticeOf + `,"criteria":{"di":"` + stem + `"}}`, status: 409},
	{says: "lots are extended: one more device counts to a case, which is told", target: "/api/v1/notices/{n}/amend", body: `{"id":"{new am}","seen":"{body}",` + noticeOf + `,"criteria":{"di":"` + stem + `","lot":["NM21-0417","NM21-0001"]}}`,
		status: 200, want: []string{`"lot":["NM21-0417","NM21-0001"]`}},
	{says: "nobody has dropped out", target: "/api/v1/notices/{n}/board", status: 200, want: []string{`"new":[]`, `"gone":[]`}},
	{says: "nothing new", target: "/api/v1/notices/{n}/cases", body: `{"id":"{new oc}"}`, status: 200, want: []string{`"changed":0`}},
	{says: "with work left, closing wants a reason", target: "/api/v1/notices/{n}/state", body: `{"id":"{new cl}","state":"closed"}`, status: 409, want: []string{"cases are open"}},
	{says: "it is closed", target: "/api/v1/notices/{n}/state", body: `{"id":"{new cl}","state":"closed","reason":"Handed to the other hospital"}`, status: 200, want: []string{`"state":"closed"`}},
	{says: "and opened again", target: "/api/v1/notices/{n}/state", body: `{"id":"{new re}","state":"open"}`, status: 200, want: []string{`"state":"open"`}},
	{says: "another takes its place", target: "/api/v1/notices", body: `{"id":"{new n2}",` + noticeOf + `,"criteria":{"family":[{"brand":"Fellside"}]}}`, status: 201, want: []string{`"precautionary":`}},
	{says: "which is said", target: "/api/v1/notices/{n}/state", body: `{"id":"{new su}","state":"superseded","superseded_by":"{n2}"}`, status: 200, want: []string{`"superseded_by":"{n2}"`}},
	{says: "what is not there", target: "/api/v1/notices/{n2}/cases/{case}", status: 404},
}

func TestTheWayOfANotice(t *testing.T) {
	n := newNode(t)
	n.walk(road)
	n.walk(noticeRoad)

	// Documents are sealed in the journal and come back whole.
	content := bytes.Repeat([]byte("%PDF-1.7 synthetic "), 1000)
	attach := func(id, name string, content []byte) *answer {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		if err := w.WriteField("id", n.fill(id)); err != nil {
			t.Fatal(err)
		}
		f, err := w.CreateFormFile("file", name)
		if err == nil {
			_, err = f.Write(content)
		}
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		return n.send(request{method: http.MethodPost, target: n.fill("/api/v1/notices/{n}/attachments"), kind: w.FormDataContentType(), body: b.String()})
	}
	a := attach("{new doc}", `C:\papers\fsn.pdf`, content).want(201, `"name":"fsn.pdf"`, `"type":"application/pdf"`, `"sha256":"`)
	attach("{doc}", `C:\papers\fsn.pdf`, content).want(201, a.value("attachment").(string))
	attach("{doc}", "fsn.pdf", []byte("something else")).problem(409, "conflict")
	attach("{new big}", "big.pdf", make([]byte, casework.AttachmentMost+1)).problem(413, "too-large")
	attach("{new huge}", "huge.pdf", make([]byte, 100<<20)).problem(413, "too-large")
	got := n.get(n.fill("/api/v1/notices/{n}/attachments/{doc}")).want(200)
	if !bytes.Equal(got.Body, content) || !strings.Contains(got.Header.Get("Content-Disposition"), "attachment; filename=fsn.pdf") {
		t.Errorf("%d bytes, %s", len(got.Body), got.Header.Get("Content-Disposition"))
	}
	n.get(n.fill("/api/v1/notices/{n}")).want(200, `"attachments":[{"attachment":"`)
	n.get(n.fill("/api/v1/notices/{n}/attachments/{n}")).problem(404, "not-found")
}

// A hundred thousand serial numbers are kept and searched for.
func TestANoticeWithAHundredThousandSerialNumbers(t *testing.T) {
	n := newNode(t)
	n.walk(road)
	var b strings.Builder
	b.WriteString(`{"id":"{new n}",` + noticeOf + `,"criteria":{"di":"` + stem + `","serial":["SN0042"`)
	for i := range 100_000 {
		b.WriteString(`,"Z`)
		b.WriteString(strings.Repeat("0", 5))
		b.WriteString(string(rune('A' + i%26)))
		b.WriteString(string(rune('A' + i/26%26)))
		b.WriteString(string(rune('A' + i/676%26)))
		b.WriteString(string(rune('A'+i/17576)) + `"`)
	}
	b.WriteString(`]}}`)
	n.post("/api/v1/notices", n.fill(b.String())).want(201, `"confirmed":1`)
}

// Lists come as files of thousands of rows; what is no list, or too much of one, is
// refused.
func TestNumbersOutOfATable(t *testing.T) {
	n := newNode(t)
	read := func(of, body string) *answer {
		return n.send(request{method: http.MethodPost, target: "/api/v1/recalls/numbers?of=" + of, kind: "application/octet-stream", body: body})
	}
	var b strings.Builder
	b.WriteString("Product;Batch no.\n")
	for i := range 5000 {
		fmt.Fprintf(&b, "Stem;NM24-%04d\n", i%4000)
	}
	b.WriteString("Stem;\n")
	read("lot", b.String()).want(200, `"column":"Batch no."`, `"rows":5001`, `"empty":1`, `"NM24-3999"]`)
	read("serial", "From,To\nSN-1,SN-9\nSN-20,\n").want(200, `"numbers":[{"from":"SN-1","to":"SN-9"},"SN-20"]`)
	read("serial", "=cmd|' /C calc'!A0\n7\n").want(200, `"7"`)
	read("lot", "Lot\n\n").problem(422, "invalid")
	read("lot", "Lot\n\xff\n").problem(422, "invalid")
	read("lot", "PK\x03\x04 and no more").problem(422, "invalid")
	read("lot", strings.Repeat("A\n", 200_001)).problem(413, "too-large")
	read("lot", strings.Repeat("x", 100<<20)).problem(413, "too-large")
	// On the page, they are put where the person sees them.
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for name, value := range map[string]string{"id": n.id(), "action": "upload", "table_of": "lot", "title": "Stems", "lot": "A1"} {
		if err := w.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	f, err := w.CreateFormFile("table", "lots.csv")
	if err == nil {
		_, err = f.Write([]byte("Lot\nB2\nC3\n"))
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	n.send(request{method: http.MethodPost, target: "/notices/new", kind: w.FormDataContentType(), body: form.String(), header: map[string]string{"Accept": "text/html"}}).
		want(200, "A1\nB2\nC3</textarea>", "2 different numbers of 2 rows, from the column Lot")
}
