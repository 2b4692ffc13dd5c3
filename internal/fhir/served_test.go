package fhir

import (
	"encoding/json"
	"strings"
	"testing"

	"implantrace/internal/trace"
)

// wrapped puts resources that are not of a search into a Bundle, for the validators.
func wrapped(t *testing.T, all ...json.RawMessage) []byte {
	t.Helper()
	type entry struct {
		FullURL  string          `json:"fullUrl"`
		Resource json.RawMessage `json:"resource"`
	}
	b := struct {
		ResourceType string  `json:"resourceType"`
		Type         string  `json:"type"`
		Entry        []entry `json:"entry"`
	}{"Bundle", "collection", nil}
	for i, r := range all {
		b.Entry = append(b.Entry, entry{urn(id[struct{}](strings.Repeat("x", i+1))), r})
	}
	out, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// What a server answers is valid, points at addresses of the server, and says which
// version it is.
func TestWhatAServerAnswersIsValid(t *testing.T) {
	p := hip()
	p.Usages = append(p.Usages, usage(p.Procedure, p.Identity, "head", trace.Wasted, "]d2010950613400034510A"), usage(p.Procedure, p.Identity, "old", trace.Explanted, "]d2010950613400034510B"))
	all := must[[]Resource](t)(Of(p, Options{}))
	patient := must[Resource](t)(PatientOf(trace.Patient{ID: p.Procedure.Patient, History: p.Procedure.History}, p.Identity, nil, Options{}))
	if !strings.Contains(string(patient.JSON), `"versionId":"1"`) || patient.Version != 1 {
		t.Errorf("the patient is %s", patient.JSON)
	}
	place := must[Resource](t)(LocationOf(p.Procedure.Place, "", ""))
	person := must[Resource](t)(PractitionerOf(p.Procedure.People[0]))
	maker := must[Resource](t)(MakerOrganization(p.Usages[0].Usage.Device.DI, p.Usages[0].Product))
	found := Found{Base: "https://node.example/fhir/R4", At: generated, Self: "https://node.example/fhir/R4/Device/_search", Next: "https://node.example/fhir/R4?page=X", Total: -1,
		Matches: all, Included: []Resource{patient, place, person, maker}}
	Valid(t, must[[]byte](t)(found.Bundle()))
	none := Found{Base: found.Base, At: generated, Self: found.Self, Total: 0}
	if text := must[[]byte](t)(none.Bundle()); !strings.Contains(string(text), `"total":0`) || strings.Contains(string(text), "entry") {
		t.Errorf("nothing found is %s", text)
	} else {
		Valid(t, text)
	}
	Valid(t, wrapped(t, must[[]byte](t)(Capability{Base: found.Base, Version: "1", At: generated}.Statement()), must[[]byte](t)(Outcome("not-found", "not-found", "The record has no such patient."))))

	types := map[string]int{}
	known := map[string]bool{patient.Type + "/" + patient.ID: true, place.Type + "/" + place.ID: true, person.Type + "/" + person.ID: true,
		maker.Type + "/" + maker.ID: true}
	for _, r := range all {
		types[r.Type]++
		known[r.Type+"/"+r.ID] = true
	}
	if types["Procedure"] != 1 || types["Device"] != 3 || types["DeviceUseStatement"] != 2 {
		t.Errorf("%v", types)
	}
	for _, r := range all {
		if r.Version != 1 || !r.Updated.Equal(noon.Add(60e9)) || !strings.Contains(string(r.JSON), `"versionId":"1"`) {
			t.Errorf("%s: version %d of %s", r.Type, r.Version, r.Updated)
		}
		var v any
		if err := json.Unmarshal(r.JSON, &v); err != nil {
			t.Fatal(err)
		}
		Seek(v, func(ref string) {
			if !known[ref] {
				t.Errorf("%s/%s points at %s", r.Type, r.ID, ref)
			}
		})
	}
}

// Seek gives every reference in a resource.
func Seek(v any, f func(string)) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			Seek(x, f)
		}
	case map[string]any:
		for k, x := range v {
			if s, ok := x.(string); ok && k == "reference" {
				f(s)
			}
			Seek(x, f)
		}
	}
}

// The ids of places and people are read back, and nothing else is taken for one.
func TestIDsOfPlacesAndPeople(t *testing.T) {
	for _, p := range []trace.Place{{GLN: "9506000134352"}, {GLN: "9506000134352", Extension: "T3"}, {GLN: "9506000134352", Extension: "a/b ü-"}} {
		if got, ok := PlaceOf(PlaceID(p)); !ok || got != p {
			t.Errorf("%v: %q is %v", p, PlaceID(p), got)
		}
	}
	for _, p := range []trace.Place{{}, {GLN: "9506000134353"}, {Name: "Theatre 3"}, {GLN: "9506000134352", Extension: strings.Repeat("x", 40)}} {
		if id := PlaceID(p); id != "" {
			t.Errorf("%v has the id %q", p, id)
		}
	}
	for _, code := range []string{"B-1", "505089800000000126", "é"} {
		if got, ok := PersonOf(PersonID(code)); !ok || got != code {
			t.Errorf("%q: %q is %q", code, PersonID(code), got)
		}
	}
	for _, id := range []string{"", "badge-", "badge-4", "badge-zz", "badge-4A", "gln-9506000134353", "gln-9506000134352-", "gln-9506000134352-5", "gln-9506000134352-543A"} {
		if p, ok := PlaceOf(id); ok {
			t.Errorf("%q is the place %v", id, p)
		}
		if code, ok := PersonOf(id); ok {
			t.Errorf("%q is the badge %q", id, code)
		}
	}
	if PersonID(strings.Repeat("x", 40)) != "" {
		t.Error("an id is too long")
	}
}
