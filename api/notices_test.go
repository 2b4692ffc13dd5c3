package api_test

import (
	"bytes"
	"encoding/json"
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

// afterRoad is what a recall needs beyond its list: letters, stock, proof, and a file
// for nodes that no network reaches.
var afterRoad = []scenario{
	{says: "no letter before death and address were checked", target: "/api/v1/notices/{n2}/letters", status: 200, want: []string{`"ready":[]`, "Death and address were not checked"}},
	{says: "and none is made", target: "/api/v1/notices/{n2}/letters", body: `{"id":"{new let}","form":"pdf","explain":"x","hospital":"x","phone":"x","signed":"x"}`, status: 409, want: []string{"No letter can be made"}},
	{says: "a form that there is not", target: "/api/v1/notices/{n2}/letters", body: `{"id":"{new let0}","form":"doc","explain":"x","hospital":"x","phone":"x","signed":"x"}`, status: 422},
	{says: "a trace of somebody else is refused", method: "POST", target: "/api/v1/tracings?id={new tr}&day=2026-03-02&source=PDS", kind: "application/octet-stream",
		body: "nhs_number,family_name,date_of_birth,address_1,died\n" + ada + ",Holt,1950-02-01,1 Mill Lane,\n9990000077,Nobody,1950-02-01,x,\n", status: 200, want: []string{`"rows":2,"recorded":0,"died":0,"unknown":1`, "it may be another person"}},
	{says: "a trace wants a column for death", method: "POST", target: "/api/v1/tracings?id={new tr0}&day=2026-03-02&source=PDS", kind: "application/octet-stream", body: "nhs_number,family_name,date_of_birth\n1,2,3\n", status: 422, want: []string{"who lives"}},
	{says: "a trace is no picture", method: "POST", target: "/api/v1/tracings?id={new tr1}&day=2026-03-02&source=PDS", kind: "application/octet-stream", body: "\xff\xd8\xff", status: 422},
	{says: "traced", method: "POST", target: "/api/v1/tracings?id={new tr2}&day=2026-03-02&source=PDS", kind: "application/octet-stream",
		body: "nhs_number,family_name,date_of_birth,address_1,postcode,gp_name,died\n" + ada + ",Testwell,1950-02-01,1 Mill Lane,SY23 1AA,Dr B. Rowan,no\n", status: 200, want: []string{`"recorded":1`}},

	{says: "stock is received", target: "/api/v1/stock/moves", body: `{"id":"{new s1}","move":"received","carriers":[{"text":"]d201` + stem + `10NM21-0417"}],"place":"` + room + `","quantity":5}`, status: 201, want: []string{`"on_hand":5`, `"gln":"5050898000014"`, `"provenance":"scanned"`}},
	{says: "the same again is one receipt", target: "/api/v1/stock/moves", body: `{"id":"{s1}","move":"received","carriers":[{"text":"]d201` + stem + `10NM21-0417"}],"place":"` + room + `","quantity":5}`, status: 201, want: []string{`"on_hand":5`}},
	{says: "put aside wants a witness", target: "/api/v1/stock/moves", body: `{"id":"{new s2}","move":"put-aside","carriers":[{"text":"]d201` + stem + `10NM21-0417"}],"place":"` + room + `","quantity":5,"who":"A. Bee"}`, status: 422, want: []string{"who saw it"}},
	{says: "put aside", target: "/api/v1/stock/moves", body: `{"id":"{new s3}","move":"put-aside","carriers":[{"text":"]d201` + stem + `10NM21-0417"}],"place":"` + room + `","quantity":4,"who":"A. Bee","witness":"C. Dee","notice":"{n}"}`, status: 201, want: []string{`"put_aside":4`}},
	{says: "a list of stock", method: "POST", target: "/api/v1/stock/lists?id={new l1}&move=counted", kind: "application/octet-stream", body: "di,lot,quantity,place\n" + stem + ",NM21-0417,2,Loan kit\nx,y,1,z\n", status: 200, want: []string{`"recorded":1`, `"line":3`}},
	{says: "what lies on shelves", target: "/api/v1/stock?di=" + stem, status: 200, want: []string{`"on_hand":5`, `"on_hand":2`, `"name":"Loan kit"`}},
	{says: "in pages", target: "/api/v1/stock?limit=1", status: 200, want: []string{`"next":"`}},
	{says: "a recall finds it", target: "/api/v1/recalls/search", body: `{"di":"` + stem + `","lot":"NM21-0417"}`, status: 200, want: []string{`"shelf":[{"tier":"confirmed"`, `"state":"on-shelf"`, `"shelves":2`}},
	{says: "so does a stream of matches", target: "/api/v1/recalls/matches", body: `{"criteria":{"di":"` + stem + `","lot":"NM21-0417"}}`, status: 200, want: []string{`"state":"on-shelf","shelf":"`}},
	{says: "and the notice's board", target: "/api/v1/notices/{n}/board", status: 200, want: []string{`"on_shelf":7,"put_aside":4`}},

	{says: "how fast it went", target: "/api/v1/notices/{n}/times", status: 200, want: []string{`"here":true`, `"people":2`, `"first_touch":"`, `"put_aside":4`}},
	{says: "an evidence pack without names", method: "POST", target: "/api/v1/notices/{n}/evidence", body: `{}`, status: 200, want: []string{"PK\x03\x04", "matches.csv", "manifest.note"}, never: []string{"Testwell"}},
	{says: "one with names is encrypted, or not made", target: "/api/v1/notices/{n}/evidence", body: `{"names":true}`, status: 422, want: []string{"say to whom"}},
	{says: "to whom it is no key", target: "/api/v1/notices/{n}/evidence", body: `{"names":true,"recipients":["age1nothing"]}`, status: 422},
	{says: "encrypted", target: "/api/v1/notices/{n}/evidence", body: `{"names":true,"recipients":["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"]}`, status: 200, want: []string{"age-encryption.org/v1"}, never: []string{"Testwell"}},
	{says: "a notice for nodes that no network reaches", target: "/api/v1/notices/{n}/signed", status: 200, want: []string{"implantrace/statement/notice", `"version":2`, "— implantrace/node/"}},
	{says: "a file that is none is not taken in", target: "/api/v1/notices/carried", body: `{"signed":"x","key":"y"}`, status: 422, want: []string{"verifier key"}},
	{says: "nothing of what is not there", target: "/api/v1/notices/{case}/evidence", body: `{}`, status: 404},
	{says: "nor its file", target: "/api/v1/notices/{case}/signed", status: 404},
	{says: "nor its letters", target: "/api/v1/notices/{case}/letters", status: 404},
}

func TestWhatARecallNeedsBeyondItsList(t *testing.T) {
	n := newNode(t)
	n.walk(road)
	n.walk(noticeRoad)
	n.walk(afterRoad)
	// Letters, once somebody is known to live, and where.
	n.get(n.fill("/api/v1/notices/{n2}/letters")).want(200, `"ready":["`)
	pdf := n.post(n.fill("/api/v1/notices/{n2}/letters"), n.fill(`{"id":"{new let2}","form":"pdf","explain":"It may loosen.","hospital":"Fellside","phone":"01632 960001","signed":"R. Dene","large":true,"copies":true}`))
	if pdf.Status != 200 || !strings.HasPrefix(string(pdf.Body), "%PDF-") || pdf.Header.Get("Implantrace-Letters") != "1" {
		t.Errorf("%d, %.200s, %v", pdf.Status, pdf.Body, pdf.Header)
	}
	for _, form := range []string{"zip", "csv", "xlsx"} {
		if a := n.post(n.fill("/api/v1/notices/{n2}/letters"), n.fill(`{"id":"{new let`+form+`}","form":"`+form+`","explain":"It may loosen.","hospital":"Fellside","phone":"01632 960001","signed":"R. Dene"}`)); a.Status != 200 {
			t.Errorf("%s: %d, %.200s", form, a.Status, a.Body)
		}
	}
	n.get(n.fill("/api/v1/notices/{n2}/board")).want(200, `"letter":"letter to the patient, pdf, large print, with copies"`)
	// What is too large or a bomb is refused, and nothing is recorded.
	before := n.entries()
	for _, target := range []string{"/api/v1/tracings?id={new a}&day=2026-03-02&source=PDS", "/api/v1/stock/lists?id={new b}&move=counted"} {
		n.send(request{method: http.MethodPost, target: n.fill(target), kind: "application/octet-stream", body: strings.Repeat("x", 100<<20)}).problem(413, "too-large")
	}
	if n.entries() != before {
		t.Error("something was recorded")
	}
	for _, page := range []string{"/stock", "/notices/{n2}/letters", "/notices/{n2}", "/notices"} {
		n.send(request{method: http.MethodGet, target: n.fill(page), header: map[string]string{"Accept": "text/html"}}).want(200, "<h1>")
	}
}

// sendForm sends a page's form with a file.
func (n *node) sendForm(target, fileField, fileName, content string, fields map[string]string) *answer {
	n.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, name := range sorted(fields) {
		if err := w.WriteField(name, n.fill(fields[name])); err != nil {
			n.t.Fatal(err)
		}
	}
	if fileField != "" {
		f, err := w.CreateFormFile(fileField, fileName)
		if err == nil {
			_, err = f.Write([]byte(content))
		}
		if err != nil {
			n.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		n.t.Fatal(err)
	}
	return n.send(request{method: http.MethodPost, target: n.fill(target), kind: w.FormDataContentType(), body: b.String(), header: map[string]string{"Accept": "text/html"}})
}

// The forms of the pages do what the API does.
func TestTheFormsOfARecallsEnd(t *testing.T) {
	n := newNode(t)
	n.walk(road)
	n.walk(noticeRoad)
	n.sendForm("/stock", "", "", "", map[string]string{"id": "{new a}", "move": "received", "place": "Cupboard", "quantity": "2", "code": "]d201" + stem + "10NM21-0417"}).want(200, "2 pieces, 0 put aside")
	n.sendForm("/stock", "", "", "", map[string]string{"id": "{new b}", "move": "received", "place": "Cupboard", "quantity": "2"}).want(200, "Now scan the device")
	n.sendForm("/stock", "", "", "", map[string]string{"id": "{new c}", "move": "destroyed", "place": "Cupboard", "quantity": "2", "code": "]d201" + stem + "10NM21-0417"}).want(422, "Two people", `value="]d201`)
	n.sendForm("/stock", "", "", "", map[string]string{"id": "{new d}", "move": "received", "place": "Cupboard", "quantity": "many", "code": "]d201" + stem + "10NM21-0417"}).want(422, "whole number")
	n.sendForm("/stock", "file", "stock.csv", "di,lot,quantity,place\n"+stem+",L9,4,Loan kit\nx,y,1,z\n", map[string]string{"id": "{new e}", "action": "list", "move": "counted"}).want(200, "2 rows: 1 recorded, 1 refused", "Loan kit")
	n.sendForm("/notices/{n2}/letters", "file", "t.csv", "nhs_number,family_name,date_of_birth,address_1,died\n"+ada+",Testwell,1950-02-01,1 Mill Lane,no\n", map[string]string{"id": "{new f}", "action": "trace", "day": "2026-03-02", "source": "PDS"}).want(200, "1 patients recorded", "Ready (1)")
	n.sendForm("/notices/{n2}/letters", "", "", "", map[string]string{"id": "{new g}", "action": "make", "form": "csv", "explain": "", "hospital": "x", "phone": "x", "signed": "x"}).want(422, "in plain words")
	n.sendForm("/notices/{n2}/letters", "", "", "", map[string]string{"id": "{new h}", "action": "make", "form": "csv", "explain": "x", "hospital": "x", "phone": "x", "signed": "x"}).want(200, "Testwell", "1 Mill Lane")
	n.sendForm("/notices/{n2}/evidence", "", "", "", map[string]string{"names": "yes"}).want(422, "say to whom")
	n.sendForm("/notices/{n2}/evidence", "", "", "", map[string]string{}).want(200, "PK\x03\x04")

	// An extract of a register comes in by its mapping.
	extract, mapping := "NHS No,Surname,Op date,Operation,GTIN,Lot\n"+bob+",Example,2021-05-04,Hip,"+stem+",L77\n", `{"columns":{"nhs_number":["NHS No"],"family":["Surname"],"start":["Op date"],"code_text":["Operation"],"di":["GTIN"],"lot":["Lot"]},"fixed":{"status":"implanted"}}`
	for i, target := range []string{"/api/v1/imports/table", "/import/table"} {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		err := w.WriteField("source", "NJR")
		for _, f := range [][2]string{{"mapping", mapping}, {"file", extract}} {
			part, perr := w.CreateFormFile(f[0], f[0])
			if perr == nil {
				_, perr = part.Write([]byte(f[1]))
			}
			err = errors.Join(err, perr)
		}
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		n.send(request{method: http.MethodPost, target: target, kind: w.FormDataContentType(), body: b.String(), header: map[string]string{"Accept": []string{"application/json", "text/html"}[i]}}).
			want(200, []string{`"recorded":2,"repeated":0`, "0 recorded, 2 there already"}[i])
	}
	n.sendForm("/import/table", "file", "t.csv", extract, map[string]string{"source": "NJR"}).want(422, "mapping")

	// A notice is carried here from a node that no network reaches.
	other := newNode(t)
	other.walk(road)
	other.walk(noticeRoad[:3])
	key := other.get("/api/v1/journal").want(200).value("key").(string)
	signed := string(other.get(other.fill("/api/v1/notices/{n}/signed")).want(200).Body)
	fresh := newNode(t)
	fresh.sendForm("/notices/carried", "file", "n.note", signed, map[string]string{"key": "no key"}).want(422, "verifier key")
	fresh.sendForm("/notices/carried", "file", "n.note", signed, map[string]string{"key": key}).want(303)
	body, err := json.Marshal(map[string]string{"signed": signed, "key": key})
	if err != nil {
		t.Fatal(err)
	}
	fresh.post("/api/v1/notices/carried", string(body)).want(200, "Fellside stems")
}
