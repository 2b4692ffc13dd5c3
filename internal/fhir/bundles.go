package fhir

import (
	"encoding/json"
	"slices"
	"time"
)

// Outcome is an OperationOutcome of one issue. code is of R4's issue-type, kind the
// name of the same error elsewhere in this API, text a sentence for a person.
func Outcome(code, kind, text string) ([]byte, error) {
	type issue struct {
		Severity    string   `json:"severity"`
		Code        string   `json:"code"`
		Details     *concept `json:"details,omitempty"`
		Diagnostics string   `json:"diagnostics,omitempty"`
	}
	return json.Marshal(struct {
		ResourceType string  `json:"resourceType"`
		Issue        []issue `json:"issue"`
	}{"OperationOutcome", []issue{{"error", code, &concept{Coding: []coding{{System: "urn:implantrace:problem", Code: kind}}, Text: text}, text}}})
}

// Found is a page of what a search found.
type Found struct {
	Base     string // address of the server, "https://host/fhir/R4"
	At       time.Time
	Self     string // address of the search, without what it asked: that may name a patient
	Next     string // address of the next page; "": this was the last
	Total    int    // of matches; negative: not counted
	Matches  []Resource
	Included []Resource
}

// Bundle is the page as a Bundle of type searchset.
func (f Found) Bundle() ([]byte, error) {
	type link struct {
		Relation string `json:"relation"`
		URL      string `json:"url"`
	}
	type search struct {
		Mode string `json:"mode"`
	}
	type found struct {
		FullURL  string          `json:"fullUrl"`
		Resource json.RawMessage `json:"resource"`
		Search   search          `json:"search"`
	}
	b := struct {
		ResourceType string            `json:"resourceType"`
		Meta         map[string]string `json:"meta,omitempty"`
		Type         string            `json:"type"`
		Total        *int              `json:"total,omitempty"`
		Link         []link            `json:"link"`
		Entry        []found           `json:"entry,omitempty"`
	}{ResourceType: "Bundle", Type: "searchset", Link: []link{{"self", f.Self}}}
	if at := dateTime(f.At); at != "" {
		b.Meta = map[string]string{"lastUpdated": at}
	}
	if f.Total >= 0 {
		b.Total = &f.Total
	}
	if f.Next != "" {
		b.Link = append(b.Link, link{"next", f.Next})
	}
	for _, r := range f.Matches {
		b.Entry = append(b.Entry, found{f.Base + "/" + r.Type + "/" + r.ID, r.JSON, search{"match"}})
	}
	for _, r := range f.Included {
		b.Entry = append(b.Entry, found{f.Base + "/" + r.Type + "/" + r.ID, r.JSON, search{"include"}})
	}
	return encode(b)
}

// Capability is what a server says of itself.
type Capability struct {
	Base    string
	Version string // of the program
	At      time.Time
}

// Statement is the CapabilityStatement. It is made of [Served] and [Searches], which
// the server itself goes by.
func (c Capability) Statement() ([]byte, error) {
	type object = map[string]any
	var resources []object
	for _, kind := range Served {
		r := object{"type": kind, "interaction": []object{{"code": "read"}}, "versioning": "versioned", "readHistory": false, "conditionalRead": "not-supported"}
		if kind == "Patient" || kind == "Procedure" {
			r["operation"] = []object{{"name": "document", "definition": c.Base + "/OperationDefinition/" + DocumentOperation}}
		}
		if s, ok := Searches[kind]; ok {
			r["interaction"] = []object{{"code": "read"}, {"code": "search-type", "documentation": "By POST to " + kind + "/_search only: no patient is named in an address."}}
			var params []object
			for _, p := range s.By {
				o := object{"name": p.Name, "type": p.Kind, "documentation": p.Says}
				if p.Of != "" {
					o["definition"] = p.Of
				}
				params = append(params, o)
			}
			r["searchParam"] = params
			if len(s.Include) > 0 {
				r["searchInclude"] = slices.Clone(s.Include)
			}
		}
		resources = append(resources, r)
	}
	return encode(object{
		"resourceType": "CapabilityStatement", "status": "active", "date": dateTime(c.At), "kind": "instance", "fhirVersion": "4.0.1",
		"format":         []string{"application/fhir+json"},
		"software":       object{"name": "implantrace", "version": c.Version},
		"implementation": object{"description": "The record of implanted devices of one node", "url": c.Base},
		"rest": []object{{"mode": "server",
			"operation": []object{{"name": "export", "definition": "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export"}},
			"security":  object{"cors": false, "description": "A bearer token that an administrator made, or a session. Who looked at which patient is recorded."},
			"resource":  resources}},
	})
}
