package api_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"implantrace/internal/staff"
)

// fhirSearch posts a search.
func (n *node) fhirSearch(kind string, q url.Values) *answer {
	return n.send(request{method: "POST", target: "/fhir/R4/" + kind + "/_search", kind: "application/x-www-form-urlencoded", body: q.Encode()})
}

// ids are those of the resources that a searchset matched, and of those it included.
func (a *answer) found() (matched, included []string) {
	a.t.Helper()
	var b struct {
		ResourceType, Type string
		Entry              []struct {
			FullURL  string
			Resource struct{ ResourceType, ID string }
			Search   struct{ Mode string }
		}
	}
	a.into(&b)
	if b.ResourceType != "Bundle" || b.Type != "searchset" {
		a.t.Fatalf("%s: %s %s", a.about, b.ResourceType, b.Type)
	}
	for _, e := range b.Entry {
		name := e.Resource.ResourceType + "/" + e.Resource.ID
		if !strings.HasSuffix(e.FullURL, "/fhir/R4/"+name) {
			a.t.Errorf("%s stands at %s", name, e.FullURL)
		}
		if e.Search.Mode == "match" {
			matched = append(matched, name)
		} else {
			included = append(included, name)
		}
	}
	return matched, included
}

// fhirRecord is a node with a procedure of two people and three devices.
type fhirRecord struct {
	ada, ben        string // ids of patients
	hip, knee       string
	stem, head, old string
}

func recorded(n *node) (r fhirRecord) {
	n.t.Helper()
	open := func(number, start string) (procedure, patient string) {
		id := n.id()
		n.post("/api/v1/procedures", `{"id":"`+id+`","patient":{"nhs_number":"`+number+`"},"code":{"system":"OPCS-4","code":"W37.1","text":"Hip"},"side":"left","start":"`+start+`",
			"place":{"gln":"9506000134352","extension":"T3","name":"Theatre 3"},"people":[{"code":"B-1","name":"Ms R. Okafor","role":"surgeon"}]}`).want(201)
		return id, n.get("/api/v1/procedures/" + id).want(200).value("procedure.patient").(string)
	}
	scan := func(procedure, text, status string) string {
		usage := n.post("/api/v1/readings", `{"id":"`+n.id()+`","procedure":"`+procedure+`","text":"`+text+`"}`).want(201).value("usage").(string)
		n.post("/api/v1/usages/"+usage+"/outcome", `{"id":"`+n.id()+`","status":"`+status+`","reason":"x","override":"label-compared"}`).want(200)
		return usage
	}
	r.hip, r.ada = open(ada, "2026-03-14T09:00:00Z")
	r.stem = scan(r.hip, "]d201"+stem+"17290331"+`10NM21\u001d21S1`, "implanted")
	r.head = scan(r.hip, "]d201"+stem+"1729033110NM22", "wasted")
	r.knee, r.ben = open("9990000026", "2026-03-14T08:00:00Z")
	r.old = scan(r.knee, "]d201"+stem+"1729033110NM21", "implanted")
	return r
}

func TestOtherSystemsReadTheRecordAsFHIR(t *testing.T) {
	n := newNode(t)
	r := recorded(n)
	n.get("/fhir/R4/metadata").want(200, `"CapabilityStatement"`, `"4.0.1"`, `"DeviceUseStatement"`, "http://127.0.0.1:8080/fhir/R4")
	n.get("/fhir/R4/metadata?_format=xml").want(406, "OperationOutcome")
	n.send(request{target: "/fhir/R4/Patient/" + r.ada, header: map[string]string{"Accept": "application/fhir+xml"}}).want(406, "JSON only")
	a := n.get("/fhir/R4/Patient/"+r.ada).want(200, `"9990000018"`, `"resourceType":"Patient"`)
	if a.Header.Get("ETag") == "" || a.Header.Get("Last-Modified") == "" || a.Header.Get("Content-Type") != "application/fhir+json; charset=utf-8" {
		t.Errorf("%v", a.Header)
	}
	n.get("/fhir/R4/Procedure/"+r.hip).want(200, `"W37.1"`, `"Patient/`+r.ada+`"`, `"Device/`+r.stem+`"`, `"Location/gln-9506000134352-5433"`, `"Practitioner/badge-422d31"`, `"versionId"`)
	n.get("/fhir/R4/Device/"+r.stem).want(200, `"lotNumber":"NM21"`, `"serialNumber":"S1"`, `"carrierAIDC"`, `"deviceIdentifier":"`+stem+`"`, `"status":"active"`)
	n.get("/fhir/R4/DeviceUseStatement/"+r.stem).want(200, `"Device/`+r.stem+`"`, `"Procedure/`+r.hip+`"`)
	n.get("/fhir/R4/Device/"+r.head).want(200, `"status":"inactive"`)
	n.get("/fhir/R4/Location/gln-9506000134352-5433").want(200, `"Theatre 3"`)
	n.get("/fhir/R4/Practitioner/badge-422d31").want(200, `"Ms R. Okafor"`)
	for _, missing := range []string{
		"Patient/" + n.id(), "Patient/x", "Patient/" + strings.ToUpper(r.ada), "Procedure/" + r.stem, "Device/" + n.id(), "DeviceUseStatement/" + r.head, // wasted: no statement
		"Location/gln-9506000134352", "Location/gln-9506000134353", "Practitioner/badge-4231", "Practitioner/" + r.ada, "Observation/" + r.ada, "patient/" + r.ada,
	} {
		n.get("/fhir/R4/"+missing).want(404, "OperationOutcome", `"code":"not-found"`)
	}
}

func TestOtherSystemsSearchTheRecordAsFHIR(t *testing.T) {
	n := newNode(t)
	r := recorded(n)
	finds := func(kind string, q url.Values, want ...string) *answer {
		t.Helper()
		a := n.fhirSearch(kind, q).want(200)
		got, _ := a.found()
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s by %v: %v, want %v", kind, q, got, want)
		}
		if total, _ := a.value("total").(float64); int(total) != len(want) {
			t.Errorf("%s by %v: the total is %v", kind, q, a.value("total"))
		}
		return a
	}
	finds("Patient", url.Values{"identifier": {"https://fhir.nhs.uk/Id/nhs-number|9990000018"}}, "Patient/"+r.ada)
	finds("Patient", url.Values{"identifier": {"999 000 0018"}, "_id": {r.ada}}, "Patient/"+r.ada)
	finds("Patient", url.Values{"identifier": {"9990000018"}, "_id": {r.ben}})
	finds("Patient", url.Values{"identifier": {"9990000018", "9990000026"}})
	finds("Patient", url.Values{"identifier": {"9990000034"}})
	finds("Patient", url.Values{"_id": {n.id()}})
	finds("Procedure", url.Values{"patient": {"Patient/" + r.ada}}, "Procedure/"+r.hip)
	finds("Procedure", url.Values{"patient": {"http://127.0.0.1:8080/fhir/R4/Patient/" + r.ada}, "date": {"2026-03-14"}}, "Procedure/"+r.hip)
	finds("Procedure", url.Values{"patient": {r.ada}, "date": {"gt2026-03-14"}})
	finds("Procedure", url.Values{"date": {"2026-03"}}, "Procedure/"+r.hip, "Procedure/"+r.knee)
	finds("Procedure", url.Values{"date": {"ge2026-03-14T08:30:00Z", "lt2026"}})
	finds("Procedure", url.Values{"date": {"ge2026-03-14T08:30:00Z", "lt2027"}}, "Procedure/"+r.hip)
	finds("Procedure", url.Values{"date": {"le2026-03-14T08:30:00Z"}}, "Procedure/"+r.knee)
	finds("Procedure", url.Values{"patient": {r.ada, r.ben}})
	finds("Procedure", url.Values{"patient": {n.id()}})
	finds("Procedure", url.Values{"_id": {r.hip}, "patient": {r.ben}})
	finds("Device", url.Values{"udi-di": {stem}}, "Device/"+r.stem, "Device/"+r.head, "Device/"+r.old)
	finds("Device", url.Values{"udi-di": {stem}, "lot": {"NM21"}}, "Device/"+r.stem, "Device/"+r.old)
	finds("Device", url.Values{"udi-di": {stem}, "lot": {"nm-21"}})
	finds("Device", url.Values{"udi-di": {stem}, "serial": {"S1"}}, "Device/"+r.stem)
	finds("Device", url.Values{"udi-di": {stem}, "lot": {"NM21"}, "patient": {r.ben}}, "Device/"+r.old)
	finds("Device", url.Values{"udi-carrier": {"(01)" + stem + "(17)290331(10)NM22"}}, "Device/"+r.head)
	finds("Device", url.Values{"udi-carrier": {"(01)" + stem + "(17)290331(10)NM21"}, "_lastUpdated": {"ge2026"}}, "Device/"+r.stem, "Device/"+r.old)
	finds("Device", url.Values{"udi-di": {stem}, "_lastUpdated": {"lt2026"}})
	finds("Device", url.Values{"patient": {r.ada}}, "Device/"+r.stem, "Device/"+r.head)
	finds("DeviceUseStatement", url.Values{"patient": {r.ada}}, "DeviceUseStatement/"+r.stem)
	finds("DeviceUseStatement", url.Values{"device": {"Device/" + r.head}})
	a := finds("DeviceUseStatement", url.Values{"subject": {r.ada}, "_include": {"DeviceUseStatement:device", "DeviceUseStatement:subject"}}, "DeviceUseStatement/"+r.stem)
	if _, included := a.found(); !slices.Contains(included, "Device/"+r.stem) || !slices.Contains(included, "Patient/"+r.ada) || len(included) != 2 {
		t.Errorf("included: %v", included)
	}

	// What is not understood finds nothing: it was meant to narrow the answer.
	for _, bad := range []struct {
		kind, says string
		q          url.Values
	}{
		{"Device", "does not search Device by", url.Values{"udi-di": {stem}, "lot:exact": {"NM21"}}},
		{"Device", "does not search Device by", url.Values{"udi-di": {stem}, "type": {"x"}}},
		{"Device", "Narrow the search", url.Values{}},
		{"Device", "Narrow the search", url.Values{"_lastUpdated": {"ge2026"}}},
		{"Device", "together with udi-di", url.Values{"lot": {"NM21"}, "patient": {r.ada}}},
		{"Device", "takes one value", url.Values{"udi-di": {stem + ",09520140001046"}}},
		{"Device", "stands twice", url.Values{"udi-di": {stem, "09520140001046"}}},
		{"Device", "cannot be read whole", url.Values{"udi-carrier": {"(01)09520140001146(10)A"}}},
		{"Device", "is empty", url.Values{"udi-di": {""}}},
		{"Device", "wants a number", url.Values{"udi-di": {stem}, "_count": {"0"}}},
		{"Device", "does not search", url.Values{"udi-di": {stem}, "_include": {"Device:location"}}},
		{"Procedure", "wants a date", url.Values{"date": {"14/3/2026"}}},
		{"Procedure", "no id of a Patient", url.Values{"patient": {"9990000018"}}},
		{"Procedure", "is to no Patient", url.Values{"patient": {"Device/" + r.stem}}},
		{"Patient", "by NHS number only", url.Values{"identifier": {"https://fhir.nhs.uk/Id/ods-organization-code|RXX"}}},
		{"Patient", "check digit", url.Values{"identifier": {"9990000019"}}},
	} {
		if got := n.fhirSearch(bad.kind, bad.q).want(400, "OperationOutcome"); !strings.Contains(got.text(), bad.says) {
			t.Errorf("%s by %v: %s", bad.kind, bad.q, got.text())
		}
	}
	lenient := n.send(request{method: "POST", target: "/fhir/R4/Device/_search", kind: "application/x-www-form-urlencoded", body: "udi-di=" + stem + "&type=x", header: map[string]string{"Prefer": "handling=lenient"}})
	if got, _ := lenient.want(200).found(); len(got) != 3 {
		t.Errorf("lenient: %v", got)
	}
	n.fhirSearch("Location", url.Values{"_id": {"x"}}).want(404, "no search for the type")
	n.get("/fhir/R4/Device?udi-di="+stem).want(405, "Search by POST")
	n.get("/fhir/R4/Nothing").want(405, "Search by POST")
	if strings.Contains(n.log.String(), "9990000018") {
		t.Error("the log names a patient")
	}
}

// Pages give every match once, whatever is recorded in the meantime, and are for
// whoever searched.
func TestPagesOfAFHIRSearch(t *testing.T) {
	n := newNode(t)
	r := recorded(n)
	want := []string{"Device/" + r.stem, "Device/" + r.head, "Device/" + r.old}
	for i := range 5 {
		usage := n.post("/api/v1/readings", fmt.Sprintf(`{"id":%q,"procedure":%q,"text":"]d201%s10P%d"}`, n.id(), r.knee, stem, i)).want(201).value("usage").(string)
		want = append(want, "Device/"+usage)
	}
	var got []string
	a := n.fhirSearch("Device", url.Values{"udi-di": {stem}, "_count": {"3"}}).want(200)
	for page := 0; ; page++ {
		matched, _ := a.found()
		if got = append(got, matched...); len(matched) > 3 || page > 5 {
			t.Fatalf("page %d has %d matches", page, len(matched))
		}
		next := ""
		for _, l := range a.value("link").([]any) {
			if l := l.(map[string]any); l["relation"] == "next" {
				next = l["url"].(string)
			}
		}
		if next == "" {
			break
		}
		if a.value("total") != nil || strings.Contains(next, stem) {
			t.Errorf("the total is %v, and the next page %s", a.value("total"), next)
		}
		// Meanwhile something is recorded that stands before what is to come.
		n.post("/api/v1/readings", fmt.Sprintf(`{"id":%q,"procedure":%q,"text":"]d201%s10A%d"}`, n.id(), r.knee, stem, page)).want(201)
		a = n.get(strings.TrimPrefix(next, "http://127.0.0.1:8080")).want(200)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(slices.DeleteFunc(slices.Clone(got), func(s string) bool { return !slices.Contains(want, s) }), want) || len(slices.Compact(got)) != len(got) {
		t.Errorf("the pages give %v, want %v", got, want)
	}
	n.get("/fhir/R4?page=x").want(404, "Search again")
	n.get("/fhir/R4").want(404, "Search again")
}

// A program has what its token says: a device is asked for by who may ask who has
// one, and whom it sees stands in the audit.
func TestFHIRStandsUnderTheTableOfPermissions(t *testing.T) {
	n := newNode(t)
	r := recorded(n)
	admin, _ := n.administrator(n.staffed())
	nurse := n.visitor()
	m := admin.hire("Nell Nurse", "", staff.Theatre)
	nurse.signIn(m).want(303)
	nurse.page("/account")
	auditor := n.visitor()
	auditor.signIn(admin.hire("Ann Auditor", "", staff.Auditor)).want(303)
	auditor.page("/fhir/R4/Patient/" + r.ada)
	search := func(v *visitor, kind string, q url.Values) *answer { return v.form("/fhir/R4/"+kind+"/_search", q) }
	n.visitor().page("/fhir/R4/Patient/"+r.ada).want(401, "OperationOutcome", `"login"`)
	n.visitor().page("/fhir/R4/metadata").want(401, "OperationOutcome")
	auditor.page("/fhir/R4/Patient/"+r.ada).want(403, "OperationOutcome", `"forbidden"`)
	auditor.page("/fhir/R4/metadata").want(200)
	nurse.page("/fhir/R4/Patient/" + r.ada).want(200)
	search(nurse, "Patient", url.Values{"identifier": {ada}}).want(200, r.ada)
	search(nurse, "Device", url.Values{"udi-di": {stem}}).want(403, "Your roles do not allow this search")
	search(nurse, "Device", url.Values{"patient": {r.ada}}).want(200, r.stem)
	auditor.page("/audit").want(200, "Nell Nurse")
}

// lines are the resources of a file of an export.
func (a *answer) lines(t *testing.T) (ids []string) {
	t.Helper()
	for line := range strings.Lines(a.text()) {
		var r struct{ ResourceType, ID string }
		if err := json.Unmarshal([]byte(line), &r); err != nil || !strings.HasSuffix(line, "}\n") {
			t.Fatalf("%q: %v", line, err)
		}
		ids = append(ids, r.ResourceType+"/"+r.ID)
	}
	slices.Sort(ids)
	return ids
}

// A bulk export gives every resource once, each file whole, and in the next what came
// since.
func TestABulkExportGivesEverythingOnce(t *testing.T) {
	n := newNode(t)
	r := recorded(n)
	n.post("/api/v1/products", `{"id":"`+n.id()+`","di":"`+stem+`","maker":"Northmoor Orthopaedics","maker_address":"4 Tannery Row"}`).want(201)
	async := map[string]string{"Prefer": "respond-async"}
	export := func(query string) (status string) {
		t.Helper()
		a := n.send(request{target: "/fhir/R4/$export" + query, header: async}).want(202)
		return strings.TrimPrefix(a.Header.Get("Content-Location"), "http://127.0.0.1:8080")
	}
	files := func(status string) map[string][]string {
		t.Helper()
		all := map[string][]string{}
		for _, o := range n.get(status).want(200).value("output").([]any) {
			o := o.(map[string]any)
			a := n.get(strings.TrimPrefix(o["url"].(string), "http://127.0.0.1:8080")).want(200)
			if a.Header.Get("Content-Type") != "application/fhir+ndjson" {
				t.Errorf("a file of type %q", a.Header.Get("Content-Type"))
			}
			all[o["type"].(string)] = a.lines(t)
		}
		return all
	}
	sorted := func(all ...string) []string { slices.Sort(all); return all }
	want := map[string][]string{
		"Patient": sorted("Patient/"+r.ada, "Patient/"+r.ben), "Procedure": sorted("Procedure/"+r.hip, "Procedure/"+r.knee),
		"Device":             sorted("Device/"+r.stem, "Device/"+r.head, "Device/"+r.old),
		"DeviceUseStatement": sorted("DeviceUseStatement/"+r.stem, "DeviceUseStatement/"+r.old),
		"Location":           {"Location/gln-9506000134352-5433"}, "Practitioner": {"Practitioner/badge-422d31"}, "Organization": {"Organization/maker-" + stem},
	}
	for _, target := range []string{"Patient/" + r.ada, "Patient/" + r.ben, "Procedure/" + r.hip, "Procedure/" + r.knee, "Device/" + r.stem, "Device/" + r.head, "Device/" + r.old} {
		told, _ := n.fhirSearch("Provenance", url.Values{"target": {target}}).want(200).found()
		want["Provenance"] = sorted(append(want["Provenance"], told...)...)
	}
	first := export("")
	if got := files(first); !reflect.DeepEqual(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
	at := n.get(first).want(200).value("transactionTime").(string)
	n.clock.move(time.Minute)
	usage := n.post("/api/v1/readings", fmt.Sprintf(`{"id":%q,"procedure":%q,"text":"]d201%s10LATE"}`, n.id(), r.hip, stem)).want(201).value("usage").(string)
	if got := files(first); !reflect.DeepEqual(got, want) {
		t.Errorf("what came later is in it: %v", got)
	}
	if got := files(export("?_type=Device,Procedure&_since=" + url.QueryEscape(at))); !reflect.DeepEqual(got, map[string][]string{"Device": {"Device/" + usage}, "Procedure": nil}) {
		t.Errorf("since then: %v", got)
	}
	n.send(request{target: "/fhir/R4/Patient/$export", header: async}).want(202)
	for _, bad := range []string{"?_type=Observation", "?_since=yesterday", "?_outputFormat=csv", "?_typeFilter=x", "?_type=Device&_type=Patient"} {
		n.send(request{target: "/fhir/R4/$export" + bad, header: async}).want(400, "OperationOutcome")
	}
	n.get("/fhir/R4/$export").want(400, "respond-async")
	n.get(first+"x").want(404, "no such export")
	n.get(strings.Replace(first, "$export-status", "$export-file", 1)+"/Observation").want(404, "no file of the type")
	n.send(request{method: "DELETE", target: first}).want(202)
	n.get(first).want(404, "no such export")
	second := export("")
	n.clock.move(25 * time.Hour)
	n.get(second).want(404, "no such export")
}

// Who makes a device, and which site a place belongs to.
func TestOtherSystemsReadOrganisationsAsFHIR(t *testing.T) {
	n := newNode(t)
	r := recorded(n)
	n.get("/fhir/R4/Organization/maker-"+stem).want(404, "OperationOutcome")
	n.post("/api/v1/products", `{"id":"`+n.id()+`","di":"`+stem+`","maker":"Northmoor Orthopaedics","maker_address":"4 Tannery Row"}`).want(201)
	n.get("/fhir/R4/Device/"+r.stem).want(200, `"urn:implantrace:maker"`, `"Organization/maker-`+stem+`"`, `"manufacturer":"Northmoor Orthopaedics"`)
	n.get("/fhir/R4/Organization/maker-"+stem).want(200, `"name":"Northmoor Orthopaedics"`, `"text":"4 Tannery Row"`)
	n.post("/api/v1/directory/places", `{"id":"`+n.id()+`","gln":"9506000134352","extension":"T3","name":"Theatre 3","site":"Eskmere Hospital","ods":"RXX01"}`).want(201)
	n.get("/fhir/R4/Location/gln-9506000134352-5433").want(200, `"managingOrganization":{"reference":"Organization/ods-RXX01","display":"Eskmere Hospital"}`)
	n.get("/fhir/R4/Organization/ods-RXX01").want(200, `"https://fhir.nhs.uk/Id/ods-organization-code"`, `"Eskmere Hospital"`)
	for _, by := range []string{"https://fhir.nhs.uk/Id/ods-organization-code|RXX01", "RXX01"} {
		if got, _ := n.fhirSearch("Organization", url.Values{"identifier": {by}}).want(200).found(); !slices.Equal(got, []string{"Organization/ods-RXX01"}) {
			t.Errorf("by %s: %v", by, got)
		}
	}
	if got, _ := n.fhirSearch("Organization", url.Values{"_id": {"maker-" + stem}}).want(200).found(); len(got) != 1 {
		t.Errorf("by id: %v", got)
	}
	for _, none := range []string{"ods-RXX02", "ods-rxx01", "maker-09520140001046", "maker-", "hospital", "x"} {
		n.get("/fhir/R4/Organization/"+none).want(404, "OperationOutcome")
		if got, _ := n.fhirSearch("Organization", url.Values{"_id": {none}}).want(200).found(); len(got) != 0 {
			t.Errorf("%s: %v", none, got)
		}
	}
	n.fhirSearch("Organization", url.Values{"identifier": {"https://example.org|RXX01"}}).want(400, "by their code only")
	n.fhirSearch("Organization", url.Values{}).want(400, "Narrow the search")
}

// A procedure's and a patient's devices are taken as a document, by whoever reads them.
func TestOtherSystemsTakeADocument(t *testing.T) {
	n := newNode(t)
	r := recorded(n)
	n.get("/fhir/R4/Procedure/"+r.hip+"/$document").want(200, `"type":"document"`, `"Composition"`, `"46264-8"`, `"9990000018"`, r.stem)
	a := n.get("/fhir/R4/Patient/"+r.ada+"/$document").want(200, `"type":"document"`, r.hip, r.stem)
	if strings.Contains(a.text(), r.knee) || strings.Contains(a.text(), "9990000026") {
		t.Error("another patient's procedure is in it")
	}
	n.get("/fhir/R4/metadata").want(200, `"http://127.0.0.1:8080/fhir/R4/OperationDefinition/device-document"`)
	n.get("/fhir/R4/OperationDefinition/device-document").want(200, `"code":"document"`)
	for _, none := range []string{"Procedure/" + r.ada, "Patient/" + r.hip, "Patient/" + n.id(), "Procedure/" + n.id(), "Device/" + r.stem} {
		n.get("/fhir/R4/"+none+"/$document").want(404, "OperationOutcome")
	}
	n.get("/fhir/R4/Patient/x/$document").want(400, "OperationOutcome")
	n.get("/fhir/R4/Patient/"+r.ada+"/$document?_format=xml").want(406, "JSON only")
}

// Every entry about a thing says who recorded it, when, and whether it put something
// right.
func TestOtherSystemsReadWhoRecordedWhatAsFHIR(t *testing.T) {
	n := newNode(t)
	r := recorded(n)
	n.clock.move(time.Hour)
	n.post("/api/v1/corrections", `{"id":"`+n.id()+`","usage":"`+r.stem+`","reason":"Read aloud wrongly","set":{"lot":"NM29"}}`).want(201)
	a := n.fhirSearch("Provenance", url.Values{"target": {"Device/" + r.stem}}).want(200)
	told, _ := a.found()
	if len(told) != 3 { // scanned, implanted, put right
		t.Fatalf("%v", told)
	}
	last := told[2]
	n.get("/fhir/R4/"+last).want(200, `"target":[{"reference":"Device/`+r.stem+`"},{"reference":"DeviceUseStatement/`+r.stem+`"}]`, `"role":"revision"`, `"text":"put right`, `"recorded":"`)
	n.get("/fhir/R4/"+told[0]).want(200, `"code":"CREATE"`, `"text":"recorded`)
	if got, _ := n.fhirSearch("Provenance", url.Values{"target": {"Device/" + r.stem}, "_count": {"2"}}).want(200).found(); !slices.Equal(got, told[:2]) {
		t.Errorf("the first page is %v", got)
	}
	next := n.fhirSearch("Provenance", url.Values{"target": {"DeviceUseStatement/" + r.stem}, "_count": {"2"}}).want(200).value("link.1.url").(string)
	if got, _ := n.get(strings.TrimPrefix(next, "http://127.0.0.1:8080")).want(200).found(); !slices.Equal(got, told[2:]) {
		t.Errorf("the next page is %v", got)
	}
	for _, one := range []struct {
		q    url.Values
		want int
	}{
		{url.Values{"target": {"Procedure/" + r.hip}}, 1}, {url.Values{"target": {"http://127.0.0.1:8080/fhir/R4/Patient/" + r.ada}}, 1}, {url.Values{"_id": {strings.TrimPrefix(last, "Provenance/")}}, 1},
		{url.Values{"target": {"Device/" + r.stem}, "_id": {strings.TrimPrefix(last, "Provenance/")}}, 1}, {url.Values{"target": {"Device/" + r.head}, "_id": {strings.TrimPrefix(last, "Provenance/")}}, 0},
		{url.Values{"target": {"Device/" + r.hip}}, 0}, {url.Values{"target": {"Device/" + n.id()}}, 0}, {url.Values{"target": {"Device/" + r.stem}, "recorded": {"lt2000"}}, 0},
		{url.Values{"target": {"Device/" + r.stem}, "recorded": {"ge2000"}, "_lastUpdated": {"ge2000"}}, 3}, {url.Values{"_id": {"x"}}, 0},
	} {
		if got, _ := n.fhirSearch("Provenance", one.q).want(200).found(); len(got) != one.want {
			t.Errorf("%v: %v", one.q, got)
		}
	}
	for _, bad := range []url.Values{{}, {"recorded": {"ge2000"}}, {"target": {r.stem}}, {"target": {"Location/" + r.stem}}, {"target": {"Device/" + r.stem, "Device/" + r.head}}} {
		n.fhirSearch("Provenance", bad).want(400, "OperationOutcome")
	}
	for _, missing := range []string{"x", r.stem, r.hip + strings.TrimPrefix(last, "Provenance/"+r.stem), r.stem + "-0000000000000000-1"} {
		n.get("/fhir/R4/Provenance/"+missing).want(404, "OperationOutcome")
	}
}

// Who saw what is for auditors, in this form too, however the address is written; and
// whoever reads a Provenance is seen to have seen what it is of.
func TestOnlyAuditorsReadTheAuditAsFHIR(t *testing.T) {
	n := newNode(t)
	r := recorded(n)
	admin, _ := n.administrator(n.staffed())
	nurse, auditor := n.visitor(), n.visitor()
	nurse.signIn(admin.hire("Nell Nurse", "", staff.Theatre, staff.Registry)).want(303)
	nurse.page("/account")
	auditor.signIn(admin.hire("Ann Auditor", "", staff.Auditor)).want(303)
	auditor.page("/account")
	nurse.page("/fhir/R4/Patient/" + r.ada).want(200)
	told, _ := nurse.form("/fhir/R4/Provenance/_search", url.Values{"target": {"Device/" + r.stem}}).want(200).found()
	nurse.page("/fhir/R4/" + told[0]).want(200)

	search := func(v *visitor, q url.Values) *answer { return v.form("/fhir/R4/AuditEvent/_search", q) }
	a := search(auditor, url.Values{"patient": {"Patient/" + r.ada}}).want(200, `"Patient/`+r.ada+`"`, `"Device/`+r.stem+`"`, "Nell Nurse", `"110110"`, "GET /fhir/R4/:type/:id")
	seen, _ := a.found()
	if len(seen) < 3 {
		t.Errorf("%v", seen)
	}
	auditor.page("/fhir/R4/"+seen[0]).want(200, `"resourceType":"AuditEvent"`, "Nell Nurse")
	search(auditor, url.Values{"_id": {strings.TrimPrefix(seen[0], "AuditEvent/")}}).want(200, "Nell Nurse")
	page := search(auditor, url.Values{"_count": {"2"}, "date": {"ge2000"}}).want(200)
	var all []string
	for i := 0; ; i++ {
		got, _ := page.found()
		all = append(all, got...)
		link := page.value("link").([]any)
		if len(link) < 2 || i > 200 {
			break
		}
		next := strings.TrimPrefix(link[1].(map[string]any)["url"].(string), "http://127.0.0.1:8080")
		page = auditor.page(next).want(200)
	}
	unpaged, _ := search(auditor, url.Values{"_count": {"500"}}).want(200).found()
	slices.Sort(all)
	slices.Sort(unpaged)
	if !slices.Equal(all, unpaged) || len(slices.Compact(all)) != len(unpaged) {
		t.Errorf("the pages give %d, and one page %d", len(all), len(unpaged))
	}
	for _, none := range []url.Values{{"date": {"lt2000"}}, {"patient": {n.id()}}, {"_id": {"x"}}, {"_id": {strings.TrimPrefix(seen[0], "AuditEvent/")}, "date": {"lt2000"}}, {"patient": {r.ada}, "_lastUpdated": {"lt2000"}}} {
		if got, _ := search(auditor, none).want(200).found(); len(got) != 0 {
			t.Errorf("%v: %v", none, got)
		}
	}
	search(auditor, url.Values{"patient": {r.ada, r.ben}}).want(400, "stands twice")
	search(auditor, url.Values{"agent": {"x"}}).want(400, "does not search")
	auditor.page("/fhir/R4/AuditEvent").want(405, "/fhir/R4/AuditEvent/_search")
	for _, none := range []string{"x", told[0][len("Provenance/"):], "0000000000000000-0"} {
		auditor.page("/fhir/R4/AuditEvent/"+none).want(404, "OperationOutcome")
	}

	next := strings.TrimPrefix(search(auditor, url.Values{"_count": {"1"}}).want(200).value("link.1.url").(string), "http://127.0.0.1:8080")
	nurse.page(next).want(403)
	nurse.page(strings.Replace(next, "/AuditEvent", "", 1)).want(404, "Search again")
	auditor.page(strings.Replace(next, "/AuditEvent", "", 1)).want(403)
	search(nurse, url.Values{}).want(403, "OperationOutcome")
	nurse.page("/fhir/R4/" + seen[0]).want(403)
	nurse.page("/fhir/R4/%41uditEvent/" + strings.TrimPrefix(seen[0], "AuditEvent/")).want(404)
	nurse.form("/fhir/R4/%41uditEvent/_search", url.Values{"patient": {r.ada}}).want(404)
	async := func(v *visitor, query string) *answer {
		return v.send(request{target: "/fhir/R4/$export" + query, header: map[string]string{"Prefer": "respond-async"}})
	}
	async(nurse, "?_type=AuditEvent").want(403, "who did and saw what")
	async(nurse, "").want(202)
	both := n.visitor()
	both.signIn(admin.hire("Bo Both", "", staff.Registry, staff.Auditor)).want(303)
	both.page("/account")
	status := strings.TrimPrefix(async(both, "?_type=AuditEvent").want(202).Header.Get("Content-Location"), "http://127.0.0.1:8080")
	file := both.page(strings.Replace(status, "$export-status", "$export-file", 1) + "/AuditEvent").want(200)
	if got := file.lines(t); len(got) < len(unpaged) {
		t.Errorf("%d lines, and %d were there before", len(got), len(unpaged))
	}
}
