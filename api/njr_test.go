package api_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"implantrace/internal/registry"
)

// answersHip are valid answers to all that is asked of a first hip operation.
func answersHip(t *testing.T, form *answer, leave ...string) string {
	t.Helper()
	var f struct {
		Records []struct {
			Items []struct {
				Key   string
				Asked bool
				Codes []struct{ Value string }
			}
		}
	}
	form.into(&f)
	values := map[string]string{}
	for _, i := range f.Records[0].Items {
		if !i.Asked {
			continue
		}
		switch {
		case len(i.Codes) > 0:
			values[i.Key] = i.Codes[0].Value
		case i.Key == "body_mass_index":
			values[i.Key] = "24.5"
		case i.Key == "person_height_in_metres":
			values[i.Key] = "1.72"
		case i.Key == "person_weight":
			values[i.Key] = "80.5"
		case strings.HasPrefix(i.Key, "consultant_code"), strings.HasPrefix(i.Key, "care_professional_code"):
			values[i.Key] = "C1234567"
		case i.Key == "postcode_of_usual_address":
			values[i.Key] = "AB1 2CD"
		case strings.HasPrefix(i.Key, "organisation_site"):
			values[i.Key] = "RXX01"
		}
	}
	values["patient_consent_obtained_indicator__national_joint_registry_recording_data_"] = "1"
	for _, k := range leave {
		delete(values, k)
	}
	answers := []registry.Answered{}
	for k, v := range values {
		answers = append(answers, registry.Answered{Key: k, Value: v})
	}
	b, err := json.Marshal(answers)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// From a scan to the registry's file: what is asked is answered, what is missing
// keeps the record back and is named, and nothing of the answers stands in the
// journal in the clear.
func TestJointRegistryFromScanToFile(t *testing.T) {
	n := newNode(t)
	n.post("/api/v1/products", n.fill(`{"id":"{new x}","di":"`+stem+`","maker":"Northmoor","brand":"Fellside","catalogue_no":"FS-12","attributes":{"kind":"stem","side":"not-applicable"}}`)).want(201)
	n.post("/api/v1/theatre/open", n.fill(`{"id":"{new hip}","patient":{"nhs_number":"`+ada+`","local_issuer":"RXX","local_number":"L-77","family":"Testwell","given":"Ada","birth":"1950-02-01"},"code":{"code":"W37.1"},"side":"left"}`)).want(201)
	scanned := n.post("/api/v1/readings", n.fill(`{"id":"{new scan}","text":"(01)`+stem+`(17)290331(10)NM21"}`)).want(201)
	at := n.fill("/api/v1/procedures/{hip}/njr")
	n.get(at).want(200, `"proposed":"HIP PRIMARY"`, `"held":true`, "Nobody has said which joint was operated on")

	answer := func(section, answers string) *answer {
		return n.post(at, n.fill(`{"id":"{new x}","section":"`+section+`","answers":`+answers+`}`))
	}
	answer("HIP PRIMARY", `[]`).want(200, `"section":"HIP PRIMARY"`, "Nobody has recorded what became of Fellside.", `"side":"left"`)
	answer("LEG PRIMARY", `[]`).problem(422, "invalid")
	answer("HIP PRIMARY", `[{"key":"body_mass_index","value":"thin"}]`).problem(422, "invalid")
	answer("HIP PRIMARY", `[{"key":"shoe_size","value":"44"}]`).problem(422, "invalid")
	answer("HIP PRIMARY", `[{"key":"hip_joint_surgery_patient_position","value":"9"}]`).problem(422, "invalid")
	answer("HIP PRIMARY", `[{"key":"body_mass_index","value":"24.5"},{"key":"body_mass_index","value":"25.5"}]`).problem(422, "invalid")
	n.post(at, n.fill(`{"id":"{new x}","side":"right","section":"HIP PRIMARY","answers":[]}`)).problem(422, "invalid")

	usage := scanned.value("usage").(string)
	n.post("/api/v1/usages/"+usage+"/outcome", n.fill(`{"id":"{new x}","status":"implanted"}`)).want(200)
	whole := answersHip(t, n.get(at).want(200))
	answer("HIP PRIMARY", answersHip(t, n.get(at), "body_mass_index")).want(200, `"key":"body_mass_index","name":"Body mass index","state":"absent"`, `"held":true`)
	n.get("/api/v1/exports/njr/report").want(200, `"held":1`, `"name":"Body mass index"`, `"page":"`+n.fill("/procedures/{hip}/njr")+`"`)
	if file := n.get("/api/v1/exports/njr.csv?section=HIP%20PRIMARY").want(200); strings.Contains(file.text(), "FS-12") {
		t.Error("a record that is kept back is in the file")
	}
	answer("HIP PRIMARY", whole).want(200, `"held":false`, `"problems":[]`)
	n.get("/api/v1/exports/njr/report").want(200, `"held":0`)
	n.get("/api/v1/exports/njr.csv?section=HIP%20PRIMARY").want(200, "FS-12,NM21,,draft", "Testwell", "L-77", "24.5")
	n.get("/api/v1/exports/njr.csv?section=KNEE%20PRIMARY").want(200)
	n.get("/api/v1/exports/njr.csv?section=Hip").problem(422, "invalid")
	n.get("/api/v1/exports/njr.csv").problem(422, "invalid")
	n.get("/api/v1/exports/mdor.csv").want(200, "no_device", stem, "MDOR draft 1", ada)
	n.get("/api/v1/exports/deplcm.csv?month=2026-03").want(200, "financial_year", stem, "DePLCM draft 1", ada)
	n.get("/api/v1/exports/deplcm.csv?month=2020-01").want(200, "financial_year")
	n.get("/api/v1/exports/deplcm.csv").problem(422, "invalid")
	n.get("/api/v1/exports/deplcm.csv?month=2026-07-01").problem(422, "invalid")

	// The pages.
	n.page("/exports?from=2020-01-01&to=2030-01-01").want(200, "0 kept back", "Hip, primary (CSV, draft): 1 record", "deplcm.csv?month=2020-01")
	n.page(n.fill("/procedures/{hip}/njr")).want(200, "Whole: it can be sent.", "Left side", "Surgical approach", "Save the answers for the left side")
	sent := url.Values{"id": {n.id()}, "side": {"left"}, "section": {"HIP PRIMARY"}, "answer-body_mass_index": {"240"}, "answer-surgeon_notes": {"Kept as typed"}}
	n.form(n.fill("/procedures/{hip}/njr"), sent, false).want(422, "Nothing was recorded", "Body mass index", "Kept as typed", `value="240"`)
	sent.Set("id", n.id())
	sent.Set("answer-body_mass_index", "24.0")
	n.form(n.fill("/procedures/{hip}/njr"), sent, false).want(303)
	n.page(n.fill("/procedures/{hip}/njr")).want(200, "Kept back:", "Kept as typed")
	n.page("/exports").want(200, "Look at the period")
	n.page("/exports?from=2020-01-01&to=2030-01-01").want(200, "1 kept back", "Kept back.", "more.")
}

func TestCardForThePatient(t *testing.T) {
	n := newNode(t)
	n.post("/api/v1/products", n.fill(`{"id":"{new x}","di":"`+stem+`","maker":"Northmoor","brand":"Fellside","attributes":{"kind":"stem","side":"not-applicable","website":"https://patients.example/f"}}`)).want(201)
	n.post("/api/v1/theatre/open", n.fill(`{"id":"{new hip}","patient":{"nhs_number":"`+ada+`","family":"Testwell","given":"Ada","birth":"1950-02-01"},"code":{"code":"W37.1"},"side":"left"}`)).want(201)
	scanned := n.post("/api/v1/readings", n.fill(`{"id":"{new scan}","text":"(01)`+stem+`(17)290331(10)NM21"}`)).want(201)
	n.page(n.fill("/procedures/{hip}/card")).want(200, "No implanted device that needs a card")
	n.get(n.fill("/api/v1/procedures/{hip}/card.pdf")).problem(422, "invalid")
	n.post("/api/v1/usages/"+scanned.value("usage").(string)+"/outcome", n.fill(`{"id":"{new x}","status":"implanted"}`)).want(200)
	n.page(n.fill("/procedures/{hip}/card")).want(200, "Fellside", "Hip stem", "NM21", "Look before you print", "The hospital&#39;s name is not known here.", "Print on A4")
	for _, path := range []string{"card.pdf", "card.pdf?size=a4", "record.pdf"} {
		a := n.get(n.fill("/api/v1/procedures/{hip}/")+path).want(200, "%PDF-")
		if a.Header.Get("Content-Type") != "application/pdf" || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", path, a.Header)
		}
	}
	n.get(n.fill("/api/v1/procedures/{hip}/card.pdf?size=a5")).problem(422, "invalid")
	n.get("/api/v1/procedures/"+n.id()+"/card.pdf").problem(404, "not-found")
}
