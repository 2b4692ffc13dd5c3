package api_test

import (
	"net/url"
	"strings"
	"testing"
)

// stopped is a node with a device whose check has stopped, in a procedure; its usage
// is named "usage".
func stopped(t *testing.T) (*node, string) {
	t.Helper()
	n := newNode(t)
	n.post("/api/v1/products", n.fill(`{"id":"{new x}","di":"`+stem+`","maker":"Northmoor","brand":"Fellside","catalogue_no":"FS-12"}`)).want(201)
	n.post("/api/v1/theatre/open", n.fill(`{"id":"{new hip}","patient":{"nhs_number":"`+ada+`","family":"Testwell","given":"Ada","birth":"1950-02-01"},"code":{"code":"W37.1"},"side":"left"}`)).want(201)
	a := n.post("/api/v1/readings", n.fill(`{"id":"{new scan}","text":"(01)`+stem+`(17)200131(10)NM21"}`)).want(201, `"stop"`)
	return n, a.value("usage").(string)
}

func TestADraftOfAnIncidentFromAStoppedCheck(t *testing.T) {
	n, usage := stopped(t)
	n.page(n.fill("/procedures/{hip}")).want(200, "/incident?usage="+usage, "Stopped: draft a report")
	n.page("/incident?usage="+usage).want(200, "Northmoor", "Fellside", "NM21", "The check before use said", `id="DeviceBrokenDetails-6" name="answer-DeviceBrokenDetails" type="checkbox" value="6" checked`, "not on the patient, as far as is recorded")
	n.page("/incident?usage=nobody").want(422)
	n.page("/incident?usage=" + n.id()).want(404)

	const at = "/api/v1/exports/lfpse"
	draft := n.post(at, `{"usage":"`+usage+`","answers":[{"element":"DeviceInvolvementFactors","codes":["4"]},{"element":"DeviceBrokenDetails","codes":["6"]}],"description":"It was stopped."}`)
	draft.want(200, `"resourceType": "AdverseEvent"`, `"actuality": "potential"`, "inferred from public documents", `"lotNumber": "NM21"`, `"manufacturer": "Northmoor"`, "It was stopped.")
	for _, secret := range []string{ada, "Testwell", "1950-02-01"} {
		if strings.Contains(draft.text(), secret) {
			t.Errorf("the draft says %q", secret)
		}
	}
	for body, kind := range map[string]string{
		`{"usage":"` + usage + `","answers":[{"element":"DeviceInvolvementFactors","codes":["4"]}],"description":"Mrs Testwell"}`:           "invalid",
		`{"usage":"` + usage + `","answers":[{"element":"DeviceInvolvementFactors","codes":["4"]}],"description":"999 000 0026"}`:           "invalid",
		`{"usage":"` + usage + `","device":{"lot":"B"},"answers":[{"element":"DeviceInvolvementFactors","codes":["4"]}],"description":"x"}`: "invalid",
		`{"usage":"` + usage + `","answers":[{"element":"DeviceInvolvementFactors","codes":["8"]}],"description":"x"}`:                      "invalid",
		`{"usage":"` + usage + `","answers":[],"description":"x"}`:                                                                          "invalid",
		`{"answers":[{"element":"DeviceInvolvementFactors","codes":["4"]}],"description":"x"}`:                                              "invalid",
	} {
		n.post(at, body).problem(422, kind)
	}
	n.post(at, `{"usage":"`+n.id()+`","answers":[{"element":"DeviceInvolvementFactors","codes":["4"]}],"description":"x"}`).problem(404, "not-found")
	n.post(at, `{"device":{"name":"Stem","lot":"A"},"used":true,"answers":[{"element":"DeviceInvolvementFactors","codes":["7"]}],"description":"It broke."}`).want(200, `"actuality": "actual"`)
}

func TestThePageOfAnIncident(t *testing.T) {
	n, usage := stopped(t)
	n.page("/incident").want(200, "Device identifier", "UDI as it is printed", "sends it nowhere")
	form := url.Values{"usage": {usage}, "description": {"It was stopped."}, "answer-DeviceInvolvementFactors": {"4"}, "answer-DeviceBrokenDetails": {"6", "1"}, "answer-PhysicalHarm": {"5"}, "day": {"2026-03-02"}, "time": {""}, "do": {"show"}}
	n.form("/incident", form, false).want(200, "The draft: read it before you take it", "Take the file", "Left to you", "patient-safety-adverse-event-5", "potential")
	form.Set("do", "file")
	n.form("/incident", form, false).want(200, `"resourceType": "AdverseEvent"`)
	form.Set("description", "Mrs Testwell was asleep.")
	n.form("/incident", form, false).want(422, "There is no draft yet", "names the patient", "Mrs Testwell was asleep.", `id="DeviceBrokenDetails-1" name="answer-DeviceBrokenDetails" type="checkbox" value="1" checked`)
	hand := url.Values{"name": {"Stem"}, "lot": {"A-7"}, "used": {"yes"}, "description": {"It broke."}, "answer-DeviceInvolvementFactors": {"4"}, "do": {"show"}}
	n.form("/incident", hand, false).want(200, "told as actual", `value="A-7"`, "Device: Stem, lot A-7.")
	hand.Set("usage", "x")
	n.form("/incident", hand, false).want(422)
}
