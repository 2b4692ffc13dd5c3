package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
	"testing"
)

// The people and things of the tests. The numbers are synthetic: 999 is never
// given to anybody, and 0952 is GS1's range for examples.
const (
	ada       = "9990000018"
	wristband = `]d28018505089899900000183\u001d93Testwell,Ada,01-Feb-1950` // in JSON, as every code here
	bob       = "9990000026"
	bobsBand  = "]d28018505089899900000268"
	badge     = "]d28017505089800000000010"
	room      = "]d24145050898000014254T4"
	stem      = "09520140001145"
	cup       = "09520140002210"
)

// scenario is one request of the road, what is answered, and what is kept of it
// for those that follow.
type scenario struct {
	says   string // what this shows
	method string // GET, or POST where there is a body
	target string
	kind   string
	body   string
	socket bool
	status int
	want   []string          // texts of the answer
	never  []string          // texts that are not in it
	keep   map[string]string // name -> path in the answer's JSON
}

// road is the way of one patient through a theatre, and what programs ask of
// the record afterwards.
var road = []scenario{
	{says: "the process answers", target: "/healthz", status: 200, want: []string{`"status":"ok"`}},
	{says: "the node can record", target: "/readyz", status: 200, want: []string{`"status":"ready"`, `"faults":[]`}},
	{says: "the node tells its name and its coverage", target: "/api/v1/node", status: 200, want: []string{`"name":"Theatre 4"`, `"entries":1`}},
	{says: "numbers for Prometheus", target: "/metrics", status: 200, want: []string{"implantrace_journal_entries", "implantrace_store_bytes"}},
	{says: "the contract is served", target: "/api/openapi.yaml", status: 200, want: []string{"openapi: 3.0.3"}},
	{says: "no handheld is configured", target: "/api/v1/scanners", status: 200, want: []string{`"items":[]`}},
	{says: "the journal has its first entry", target: "/api/v1/journal", status: 200, want: []string{`"size":1`}},

	{says: "a text is explained, and not recorded", target: "/api/v1/parse", body: `{"text":"(01)` + stem + `(17)280331(10)NM21-0417"}`,
		status: 200, want: []string{`"kind":"device"`, `"di":"` + stem + `"`, `"lot":"NM21-0417"`, `"date":"2028-03-31"`}},
	{says: "a label without a day means the last of the month", target: "/api/v1/parse", body: `{"text":"(01)` + stem + `(17)280200(10)A"}`,
		status: 200, want: []string{`"date":"2028-02-29"`, `"precision":"month"`}},
	{says: "a wristband is explained too", target: "/api/v1/parse", body: `{"text":"` + wristband + `"}`,
		status: 200, want: []string{`"kind":"patient"`, `"nhs_number":"` + ada + `"`, `"birth":"1950-02-01"`}},

	{says: "nobody is at the desk", target: "/api/v1/theatre", status: 200, want: []string{`"people":[]`, `"recent":[]`, `"waiting":0`}},
	{says: "the wristband identifies the patient", target: "/api/v1/readings", body: `{"id":"{new band}","text":"` + wristband + `","source":"wedge"}`,
		status: 201, want: []string{`"means":"patient"`, `"shown":"a patient's wristband"`, `"level":"pass"`, `"repeated":false`},
		never: []string{ada, "Testwell"}, keep: map[string]string{"ada": "patient"}},
	{says: "the label of the room", target: "/api/v1/readings", body: `{"id":"{new room}","text":"` + room + `"}`,
		status: 201, want: []string{`"means":"place"`, `GLN 5050898000014 / T4`}},
	{says: "a badge", target: "/api/v1/readings", body: `{"id":"{new badge}","text":"` + badge + `"}`,
		status: 201, want: []string{`"means":"staff"`}},
	{says: "the desk knows whom and what it has seen", target: "/api/v1/theatre", status: 200,
		want: []string{`"family":"Testwell"`, `"gln":"5050898000014"`, `"code":"505089800000000010"`}},
	{says: "a procedure is opened with what was scanned", target: "/api/v1/theatre/open",
		body:   `{"id":"{new hip}","patient":{},"code":{"system":"OPCS-4","code":"W37.1","text":"Hip replacement"},"side":"left"}`,
		status: 201, want: []string{`"patient":"{ada}"`, `"gln":"5050898000014"`, `"code":"505089800000000010"`, `"side":"left"`, `"usages":[]`}},

	{says: "what a product is", target: "/api/v1/products",
		body:   `{"id":"{new stem}","di":"` + stem + `","maker":"Northmoor Orthopaedics","brand":"Fellside","catalogue_no":"FS-12","description":"Femoral stem, size 2"}`,
		status: 201, want: []string{`"di":"` + stem + `"`, `"provenance":"typed"`}},
	{says: "and is found again", target: "/api/v1/products/" + stem, status: 200, want: []string{`"brand":"Fellside"`}},

	{says: "a device is scanned: recorded, checked, linked", target: "/api/v1/readings",
		body:   `{"id":"{new scan}","text":"]d201` + stem + `1728033110NM21-0417\u001d21SN0042","source":"wedge"}`,
		status: 201, want: []string{`"means":"device"`, `"status":"checked"`, `"procedure":"{hip}"`, `"lot":"NM21-0417"`, `"serial":"SN0042"`,
			`"level":"not-checked"`, `"rule":"recall"`, `"brand":"Fellside"`},
		keep: map[string]string{"usage": "usage"}},
	{says: "an unknown product is recorded under its number", target: "/api/v1/readings", body: `{"id":"{new scan2}","text":"(01)` + cup + `(17)280331(10)C-9"}`,
		status: 201, want: []string{`"status":"checked"`, "not in the catalogue"}, keep: map[string]string{"cup": "usage"}},
	{says: "an expired device says stop, and is recorded", target: "/api/v1/readings", body: `{"id":"{new scan3}","text":"(01)` + stem + `(17)250131(10)OLD-1"}`,
		status: 201, want: []string{`"level":"stop"`, "Expired on 31 January 2025", `"status":"checked"`}, keep: map[string]string{"expired": "usage"}},
	{says: "a code without a device identifier is half a device", target: "/api/v1/readings", body: `{"id":"{new scan4}","text":"]C1172803311021-7"}`,
		status: 201, want: []string{`"level":"warn"`, "does not say which product"}, keep: map[string]string{"half": "usage"}},
	{says: "a text that is nothing is recorded all the same", target: "/api/v1/readings", body: `{"id":"{new noise}","text":"Testwell, Ada: see notes"}`,
		status: 201, want: []string{`"means":"text"`, `"shown":"a code that is none of ours"`}, never: []string{"Testwell"}},
	{says: "a damaged code is recorded and flagged", target: "/api/v1/readings", body: `{"id":"{new damaged}","text":"(01)09520140001146(17)280331(10)D-1"}`,
		status: 201, want: []string{`"level":"stop"`, `"means":"device"`}, keep: map[string]string{"damaged": "usage"}},

	{says: "the stem is implanted", target: "/api/v1/usages/{usage}/outcome", body: `{"id":"{new outcome}","status":"implanted","location":"left femur"}`,
		status: 200, want: []string{`"status":"implanted"`, `"location":"left femur"`}},
	{says: "what is expired is not implanted without a reason", target: "/api/v1/usages/{expired}/outcome", body: `{"id":"{new refused}","status":"implanted"}`,
		status: 422, want: []string{"say why it was used all the same"}},
	{says: "it goes back", target: "/api/v1/usages/{expired}/outcome", body: `{"id":"{new outcome2}","status":"returned"}`,
		status: 200, want: []string{`"status":"returned"`}},
	{says: "the half code is the second of the cup's pack", target: "/api/v1/usages/{cup}/join", body: `{"id":"{new join}","other":"{half}"}`,
		status: 409, want: []string{"The codes disagree on the lot"}},
	{says: "a pack whose second code has the serial", target: "/api/v1/usages", body: `{"id":"{new first}","procedure":"{hip}","carriers":[{"text":"(01)` + cup + `"}]}`,
		status: 201, never: []string{`"damaged":true`}},
	{says: "its second code", target: "/api/v1/usages", body: `{"id":"{new second}","procedure":"{hip}","carriers":[{"text":"(17)280331(10)C-10"}]}`, status: 201},
	{says: "both are one device", target: "/api/v1/usages/{first}/join", body: `{"id":"{new join2}","other":"{second}"}`,
		status: 200, want: []string{`"di":"` + cup + `"`, `"lot":"C-10"`}},
	{says: "the second is withdrawn", target: "/api/v1/usages/{second}", status: 200, want: []string{`"withdrawn":true`}},
	{says: "the procedure is closed at the desk", target: "/api/v1/theatre/close", body: `{"id":"{new close}","procedure":"{hip}"}`,
		status: 200, want: []string{`"end":"2026-03-14T09:30:00Z"`}},
	{says: "the desk is empty again", target: "/api/v1/theatre", status: 200, want: []string{`"recent":[]`}, never: []string{"Testwell", `"procedure"`}},

	{says: "a program registers a patient", target: "/api/v1/patients", body: `{"id":"{new bob}","nhs_number":"999 000 0026","family":"Example","given":"Bob","birth":"1947-11-30"}`,
		status: 201, want: []string{`"new":true`, `"differs":[]`}, keep: map[string]string{"bobs": "patient"}},
	{says: "what is recorded otherwise is said", target: "/api/v1/patients", body: `{"id":"{new bob2}","nhs_number":"9990000026","family":"Sample"}`,
		status: 201, want: []string{`"new":false`, `"differs":["family"]`, `"patient":"{bobs}"`}},
	{says: "a program records a procedure that is over", target: "/api/v1/procedures",
		body:   `{"id":"{new knee}","patient":{"nhs_number":"9990000026"},"code":{"text":"Knee replacement"},"side":"right","start":"2026-03-01T08:00:00Z","end":"2026-03-01T10:00:00Z","people":[{"name":"Mr J Surgeon","role":"surgeon"}]}`,
		status: 201, want: []string{`"patient":"{bobs}"`, `"end":"2026-03-01T10:00:00Z"`}},
	{says: "with a device of the same lot, written another way", target: "/api/v1/usages",
		body:   `{"id":"{new knees}","procedure":"{knee}","device":{"di":"` + stem + `","lot":"nm21 0417","expiry":{"date":"2028-03-31"}},"status":"implanted"}`,
		status: 201, want: []string{`"lot":"nm21 0417"`, `"provenance":"typed"`, `"precision":"day"`}},
	{says: "one more that stays open", target: "/api/v1/procedures", body: `{"id":"{new open}","patient":{"patient":"{bobs}"},"code":{"text":"Revision"}}`, status: 201},
	{says: "and is closed by its id", target: "/api/v1/procedures/{open}/close", body: `{"id":"{new close2}","end":"2026-03-14T09:30:00Z"}`, status: 200, want: []string{`"end":`}},

	{says: "a recall: one string each", target: "/api/v1/recalls/search", body: `{"di":"` + stem + `","lot":"NM21-0417"}`,
		status: 200, want: []string{`"tier":"confirmed"`, `"tier":"possible"`, "written another way", `"patients":1`, `"patients_possible":1`, `"as_of"`}},
	{says: "a recall: lists, and GTIN-13", target: "/api/v1/recalls/search", body: `{"di":["9520140001145"],"lot":["NM21-0417","XX"],"serial":["SN0042"],"from":"2026-03-14","to":"2026-03-14"}`,
		status: 200, want: []string{`"patients":1`, `"lot":["NM21-0417","XX"]`, `"implanted":{"from":"2026-03-14","to":"2026-03-14"}`}},
	{says: "a recall of another lot finds only what was damaged", target: "/api/v1/recalls/search", body: `{"di":"` + stem + `","lot":"ZZ-1"}`,
		status: 200, want: []string{`"confirmed":[]`, "was damaged"}, never: []string{`"tier":"confirmed"`}},

	{says: "a patient with everything recorded", target: "/api/v1/patients/{ada}", status: 200,
		want: []string{`"nhs_number":"` + ada + `"`, `"same_person":[]`, `"status":"implanted"`, `"status":"returned"`}},
	{says: "a patient is found by number, in a body", target: "/api/v1/patients/search", body: `{"nhs_number":"999 000 0018"}`, status: 200, want: []string{`"id":"{ada}"`}},
	{says: "nobody is no error", target: "/api/v1/patients/search", body: `{"nhs_number":"9990000034"}`, status: 200, want: []string{`"items":[]`}},
	{says: "a procedure with its devices", target: "/api/v1/procedures/{hip}", status: 200, want: []string{`"id":"{usage}"`, `"family":"Testwell"`}},
	{says: "procedures, latest first", target: "/api/v1/procedures?from=2026-03-14&to=2026-03-14", status: 200, want: []string{"{hip}"}, never: []string{"{knee}"}},
	{says: "procedures of a patient", target: "/api/v1/procedures?patient={bobs}&open=false", status: 200, want: []string{"{knee}"}, never: []string{"{hip}"}},
	{says: "no procedure is open", target: "/api/v1/procedures?open=true", status: 200, want: []string{`"items":[]`}},
	{says: "usages of a product", target: "/api/v1/usages?di=" + stem, status: 200, want: []string{"{usage}", "{expired}", "{knees}"}, never: []string{"{cup}"}},
	{says: "usages of a lot, letter by letter", target: "/api/v1/usages?di=" + stem + "&lot=NM21-0417", status: 200, want: []string{"{usage}"}, never: []string{"{knees}"}},
	{says: "usages of a serial number", target: "/api/v1/usages?di=" + stem + "&serial=SN0042", status: 200, want: []string{"{usage}"}, never: []string{"{expired}"}},
	{says: "usages of a patient", target: "/api/v1/usages?patient={bobs}", status: 200, want: []string{"{knees}"}, never: []string{"{usage}"}},
	{says: "usages of a procedure", target: "/api/v1/usages?procedure={hip}", status: 200, want: []string{"{usage}"}, never: []string{"{knees}"}},
	{says: "of another patient's procedure there is none", target: "/api/v1/usages?procedure={hip}&patient={bobs}", status: 200, want: []string{`"items":[]`}},
	{says: "products", target: "/api/v1/products", status: 200, want: []string{`"di":"` + stem + `"`}},
	{says: "readings, without what is sealed", target: "/api/v1/readings", status: 200, want: []string{`"means":"patient"`, `"sealed":true`}, never: []string{ada, "Testwell"}},

	{says: "criteria that are tried: a range, a beginning and an exception", target: "/api/v1/recalls/search",
		body:   `{"any":[{"di":"` + stem + `","serial":[{"from":"SN0040","to":"SN0049"}],"lot":[{"prefix":"NM21-"}]}],"except":[{"made":{"from":"2026-01-01"}}]}`,
		status: 200, want: []string{"SN0042 is in the named range SN0040 to SN0049", "it cannot be told whether this is one: day of making not recorded", `"confirmed":[]`, `"unjudged":`}},
	{says: "a family", target: "/api/v1/recalls/search", body: `{"family":[{"brand":"Fellside"}]}`,
		status: 200, want: []string{`"tier":"precautionary"`, "brand Fellside is named", `"patients_precautionary":2`, `"patients":0`}},
	{says: "a line for each match of a notice", target: "/api/v1/recalls/matches",
		body:   `{"references":[{"of":"FSCA","number":"2026-014"}],"title":"Stems","kind":"field-safety-notice","urgency":"immediate","issued":"2026-03-01","actions":["Put aside"],"criteria":{"di":"` + stem + `","lot":["NM21-0417"]}}`,
		status: 200, want: []string{`{"tier":"confirmed","usage":"`, `"state":"implanted"}`, `{"coverage":{"as_of":"2026-03-14T09:30:00Z","nodes":[{`, `"tiers":{"confirmed":1,"possible":2,"precautionary":0}}`}},
	{says: "the schema of a notice", method: "GET", target: "/api/v1/recalls/notice.schema.json", status: 200, want: []string{"urn:implantrace:schema:notice:1"}},

	{says: "a lot that was misread is put right", target: "/api/v1/corrections", body: `{"id":"{new lot}","usage":"{knees}","set":{"lot":"NM21-0417"},"reason":"Read again from the label"}`,
		status: 201, want: []string{`"recorded":true`}},
	{says: "the recall finds both now", target: "/api/v1/recalls/search", body: `{"di":"` + stem + `","lot":"NM21-0417"}`, status: 200, want: []string{`"patients":2`}},
	{says: "a usage that never was is withdrawn", target: "/api/v1/corrections", body: `{"id":"{new gone}","usage":"{knees}","withdraw":true,"reason":"Another patient's"}`, status: 201},
	{says: "and is out of the recall, which says so", target: "/api/v1/recalls/search", body: `{"di":"` + stem + `","lot":"NM21-0417"}`, status: 200, want: []string{`"patients":1`, `"withdrawn":2`}},
	{says: "the withdrawal was wrong", target: "/api/v1/corrections", body: `{"id":"{new back}","usage":"{knees}","restore":true,"reason":"It was hers"}`, status: 201},
	{says: "it is in the recall again", target: "/api/v1/recalls/search", body: `{"di":"` + stem + `","lot":"NM21-0417"}`, status: 200, want: []string{`"patients":2`}},
	{says: "a correction of nothing that is there", target: "/api/v1/corrections", body: `{"id":"{new no}","usage":"0193f0c1-ffff-7000-8000-000000000000","withdraw":true,"reason":"x"}`, status: 404},
	{says: "a name is put right", target: "/api/v1/corrections", body: `{"id":"{new name}","patient":{"new":1},"reason":"x"}`, status: 422},

	{says: "all implants as CSV", target: "/api/v1/exports/iso16054.csv", status: 200, want: []string{stem, "NM21-0417"}},
	{says: "of one procedure", target: "/api/v1/exports/iso16054.csv?procedure={knee}", status: 200, want: []string{stem}, never: []string{"SN0042"}},
	{says: "as a FHIR bundle", target: "/api/v1/exports/fhir.json?from=2026-03-01&to=2026-03-31", status: 200, want: []string{`"Bundle"`, stem}},
	{says: "history comes in", target: "/api/v1/imports?source=pas", kind: "application/x-ndjson", body: history, status: 200,
		want: []string{`"recorded":4`, `"refused":1`, `"line":5`, `"by_type"`}},
	{says: "the same again changes nothing", target: "/api/v1/imports?source=pas", kind: "application/x-ndjson", body: history, status: 200,
		want: []string{`"recorded":0`, `"repeated":4`, `"refused":1`}},

	{says: "clinical use is not approved", target: "/api/v1/approval", status: 200, want: []string{`"approved":false`}},
	{says: "the safety officer approves", target: "/api/v1/approval", body: `{"id":"{new approval}","approved":true,"officer":"Dr P Officer","site":"Exemplar Hospital"}`,
		status: 201, want: []string{`"approved":true`, `"officer":"Dr P Officer"`}},
	{says: "which is the site's word now", target: "/api/v1/approval", status: 200, want: []string{`"since":"2026-03-14T09:30:00Z"`}},
	{says: "what was scanned so far is let go of", method: "POST", target: "/api/v1/theatre/forget", status: 204},
	{says: "a recovery key, so that copies can be opened one day", target: "/api/v1/operator/recovery", body: `{"key":"age1x","name":"the safe"}`, socket: true, status: 200},
	{says: "a copy of the store, through the socket", target: "/api/v1/operator/backup", socket: true, status: 200},
	{says: "checkpoints leave for nowhere", method: "POST", target: "/api/v1/operator/checkpoints", socket: true, status: 200, want: []string{`"departures":[]`}},
	{says: "the store is written anew", method: "POST", target: "/api/v1/operator/compact", socket: true, status: 503},
	{says: "nobody else writes it anew", target: "/api/v1/operator/compact", socket: true, status: 200, want: []string{`"total":7`}},
	{says: "everything works out again", method: "POST", target: "/api/v1/operator/verify", socket: true, status: 200, want: []string{`"findings":[]`}},
}

// history is an import: four rows that make sense, and one that does not.
const history = `{"type":"product","ref":"CAT-114","di":"09520140001145","maker":"Northmoor Orthopaedics"}
{"type":"patient","ref":"P-1","nhs_number":"999 000 0034","family":"Past","given":"Cy","birth":"1940-05-06"}
{"type":"procedure","ref":"T-1","patient":"P-1","code":{"text":"Hip replacement"},"side":"left","start":"2021-05-04T09:10:00Z","end":"2021-05-04T10:50:00Z"}
{"type":"usage","ref":"U-1","procedure":"T-1","di":"09520140001145","lot":"NM21-0001","expiry":"2026-03","status":"implanted"}
{"type":"usage","ref":"U-2","procedure":"T-9","di":"09520140001145","lot":"NM21-0002"}
`

// walk sends the scenarios in order.
func (n *node) walk(road []scenario) {
	t := n.t
	for _, s := range road {
		q := request{method: s.method, target: n.fill(s.target), kind: s.kind, socket: s.socket}
		if s.body != "" {
			q.method = http.MethodPost
			if s.kind == "" {
				q.body = n.fill(s.body)
			} else {
				q.body = s.body
			}
		}
		a := n.send(q)
		if a.Status != s.status {
			t.Fatalf("%s: %s: status %d, want %d: %s", s.says, a.about, a.Status, s.status, a.Body)
		}
		for _, w := range s.want {
			if w = n.fill(w); !strings.Contains(a.text(), w) {
				t.Errorf("%s: %s: %q is not in %s", s.says, a.about, w, a.Body)
			}
		}
		for _, w := range s.never {
			if w = n.fill(w); strings.Contains(a.text(), w) {
				t.Errorf("%s: %s: %q is in %s", s.says, a.about, w, a.Body)
			}
		}
		for name, path := range s.keep {
			v, ok := a.value(path).(string)
			if !ok {
				t.Fatalf("%s: %s: no %s in %s", s.says, a.about, path, a.Body)
			}
			n.vars[name] = v
		}
	}
}

func TestTheWholeRoad(t *testing.T) {
	newNode(t).walk(road)
}

// upload makes the form that sends a picture; label.png is a Code 128 of
// (01)09520140001145(17)280331(10)NM21-0417.
func upload(t testing.TB, fields map[string]string, picture []byte) (kind, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, name := range sorted(fields) {
		if err := w.WriteField(name, fields[name]); err != nil {
			t.Fatal(err)
		}
	}
	if picture != nil {
		f, err := w.CreateFormFile("picture", "label.png")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(picture); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.String()
}

func label(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/label.png")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAPictureIsReadAndRecorded(t *testing.T) {
	n := newNode(t)
	a := n.send(request{method: "POST", target: "/api/v1/decode", kind: "image/png", body: string(label(t))})
	a.want(200, `"sure":true`, `"di":"`+stem+`"`, `"lot":"NM21-0417"`)
	if n.entries() != 1 {
		t.Error("decoding recorded something")
	}
	n.post("/api/v1/readings", n.fill(`{"id":"{new band}","text":"`+wristband+`"}`)).want(201)
	n.post("/api/v1/theatre/open", n.fill(`{"id":"{new p}","code":{"text":"Hip replacement"}}`)).want(201)
	kind, body := upload(t, map[string]string{"id": n.fill("{new picture}")}, label(t))
	picture := request{method: "POST", target: "/api/v1/readings/picture", kind: kind, body: body}
	a = n.send(picture)
	a.want(201, `"source":"picture"`, `"lot":"NM21-0417"`, `"unsure":[]`, n.fill(`"procedure":"{p}"`), `"status":"checked"`)
	before := n.entries()
	if again := n.send(picture).want(200, `"repeated":true`); again.value("answers.0.usage") != a.value("answers.0.usage") {
		t.Errorf("another usage: %s", again.Body)
	}
	if n.entries() != before {
		t.Error("recorded twice")
	}
}

func TestAPictureWithoutACodeIsRecordedAsOne(t *testing.T) {
	n := newNode(t)
	kind, body := upload(t, map[string]string{"id": n.id()}, blank(t, 40, 40))
	n.send(request{method: "POST", target: "/api/v1/readings/picture", kind: kind, body: body}).want(201, "a picture without a readable code", "Take the picture again")
	if n.entries() != 2 {
		t.Error("not recorded")
	}
}

// Whatever is listed is listed once, page after page, while more comes in.
func TestPagesNeitherRepeatNorSkip(t *testing.T) {
	n := newNode(t)
	n.post("/api/v1/patients", n.fill(`{"id":"{new a}","nhs_number":"`+ada+`"}`)).want(201)
	n.post("/api/v1/procedures", n.fill(`{"id":"{new p}","patient":{"nhs_number":"`+ada+`"},"code":{"text":"Hip"}}`)).want(201)
	patient := n.get("/api/v1/procedures").value("items.0.patient").(string)
	var rows strings.Builder
	const count = 130
	gtins := make([]string, 0, count+3)
	for i := range count + 3 {
		gtins = append(gtins, gtin(i))
	}
	row := func(i int) string {
		number := gtins[i][5:13]
		return `{"type":"product","ref":"` + number + `","di":"` + gtins[i] + `","maker":"Northmoor"}
{"type":"procedure","ref":"T` + number + `","patient":{"id":"` + patient + `"},"code":{"text":"Hip"},"start":"` + fmt.Sprintf("2021-05-04T%02d:%02d:00Z", i/60, i%60) + `"}
{"type":"usage","ref":"U` + number + `","procedure":"T` + number + `","di":"` + gtins[i] + `","lot":"L` + number + `"}
{"type":"usage","ref":"V` + number + `","procedure":{"id":"` + n.vars["p"] + `"},"di":"` + stem + `","lot":"L` + number + `"}
`
	}
	for i := range count {
		rows.WriteString(row(i))
	}
	take := func(rows string) {
		t.Helper()
		n.send(request{method: "POST", target: "/api/v1/imports?source=pas", kind: "application/x-ndjson", body: rows}).want(200, `"refused":0`)
	}
	take(rows.String())
	next := count
	for _, list := range []struct {
		target string
		want   int
	}{
		{"/api/v1/products", count},
		{"/api/v1/procedures", count + 1},
		{"/api/v1/procedures?patient=" + patient, count + 1},
		{"/api/v1/usages", 2 * count},
		{"/api/v1/usages?di=" + stem, count},
		{"/api/v1/usages?procedure=" + n.vars["p"], count},
		{"/api/v1/usages?patient=" + patient, 2 * count},
	} {
		// What the list had at its first page; the lists before it added to it.
		at := map[bool]string{true: "&", false: "?"}[strings.Contains(list.target, "?")]
		var first struct {
			Items []json.RawMessage
			Next  string
		}
		n.get(list.target + at + "limit=500").want(200).into(&first)
		if len(first.Items) < list.want || first.Next != "" {
			t.Errorf("%s: %d items in one page, want %d", list.target, len(first.Items), list.want)
		}
		seen := make(map[string]bool)
		pages, cursor := 0, ""
		for {
			var p struct {
				Items []json.RawMessage
				Next  string
			}
			n.get(list.target + at + "limit=50" + cursor).want(200).into(&p)
			pages++
			for _, item := range p.Items {
				if seen[string(item)] {
					t.Errorf("%s: twice: %s", list.target, item)
				}
				seen[string(item)] = true
			}
			if p.Next == "" {
				break
			}
			cursor = "&cursor=" + p.Next
			if pages == 1 && next < len(gtins) { // more comes in between two pages
				take(row(next))
				next++
			}
		}
		if len(seen) != len(first.Items) || pages != (len(first.Items)+49)/50 {
			t.Errorf("%s: %d of %d items in %d pages", list.target, len(seen), len(first.Items), pages)
		}
		for _, item := range first.Items {
			if !seen[string(item)] {
				t.Errorf("%s: passed over: %s", list.target, item)
			}
		}
	}
	if next != len(gtins) {
		t.Errorf("nothing came in between the pages")
	}
}

// gtin makes the i-th of a range of GTINs.
func gtin(i int) string {
	digits := []byte("0952014" + "000000")
	for at := len(digits) - 1; i > 0; at, i = at-1, i/10 {
		digits[at] = byte('0' + i%10)
	}
	sum := 0
	for i, c := range digits {
		sum += int(c-'0') * (3 - 2*(i%2))
	}
	return string(append(digits, byte('0'+(10-sum%10)%10)))
}

func TestACursorIsOfItsOwnListOnly(t *testing.T) {
	n := newNode(t)
	n.walk(road[:22])
	next, ok := n.get("/api/v1/readings?limit=1").value("next").(string)
	if !ok {
		t.Fatal("no second page")
	}
	n.get("/api/v1/readings?limit=2&cursor=" + next).want(200)
	n.get("/api/v1/usages?cursor="+next).problem(422, "invalid")
	n.get("/api/v1/readings?cursor="+next[:len(next)-3]).problem(422, "invalid")
	n.get("/api/v1/readings?cursor=e30").problem(422, "invalid")
	n.get("/api/v1/readings?cursor=%21").problem(422, "invalid")
}

func TestAQueryThatNobodyUnderstandsIsRefused(t *testing.T) {
	n := newNode(t)
	for _, target := range []string{
		"/api/v1/usages?lots=A", "/api/v1/usages?DI=" + stem, "/api/v1/usages?lot=A", "/api/v1/usages?di=1", "/api/v1/usages?di=" + stem + "&di=" + cup,
		"/api/v1/usages?procedure=1", "/api/v1/usages?patient=x", "/api/v1/usages?from=yesterday", "/api/v1/usages?from=2026-02-30",
		"/api/v1/usages?from=2026-03-02&to=2026-03-01", "/api/v1/usages?limit=0", "/api/v1/usages?limit=501", "/api/v1/usages?limit=ten", "/api/v1/usages?a=%zz",
		"/api/v1/procedures?open=yes", "/api/v1/procedures?patient=00000000-0000-0000-0000-000000000000", "/api/v1/products/123", "/api/v1/node?x=1",
		"/api/v1/exports/iso16054.csv?to=x", "/api/v1/exports/fhir.json?procedure=0193f0c1-0000-7000-8000-000000000001&from=2026-01-01",
		"/api/v1/patients/1", "/api/v1/procedures/x", "/api/v1/usages/00000000-0000-0000-0000-000000000000",
	} {
		n.get(target).problem(422, "invalid")
	}
	for _, target := range []string{"/api/v1/patients/" + n.id(), "/api/v1/procedures/" + n.id(), "/api/v1/usages/" + n.id(), "/api/v1/products/" + stem,
		"/api/v1/exports/fhir.json?procedure=" + n.id()} {
		n.get(target).problem(404, "not-found")
	}
	n.get("/api/v1/nothing").problem(404, "no-such-address")
	n.send(request{method: "DELETE", target: "/api/v1/usages"}).problem(405, "method")
	n.post("/api/v1/patients/search?nhs_number=1", `{"nhs_number":"`+ada+`"}`).problem(422, "invalid")
}
