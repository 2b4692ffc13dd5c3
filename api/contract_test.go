package api_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

func TestEveryRouteIsDescribedAndNothingElse(t *testing.T) {
	n := newNode(t)
	doc, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	served := make(map[string]bool)
	for _, r := range n.server.Routes() {
		served[r[0]+" "+described(strings.ReplaceAll(r[1], "/*", "/{path}"))] = true
	}
	told := make(map[string]bool)
	ids := make(map[string]string)
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			key := method + " " + path
			told[key] = true
			if op.OperationID == "" || ids[op.OperationID] != "" {
				t.Errorf("%s: operationId %q is missing or that of %s", key, op.OperationID, ids[op.OperationID])
			}
			ids[op.OperationID] = key
			if op.Summary == "" || len(op.Tags) != 1 {
				t.Errorf("%s wants a summary and one tag", key)
			}
		}
	}
	for _, key := range sorted(served) {
		if !told[key] {
			t.Errorf("%s is served and not described", key)
		}
	}
	for _, key := range sorted(told) {
		if !served[key] {
			t.Errorf("%s is described and not served", key)
		}
	}
}

// parameter is one in a route's path.
var parameter = regexp.MustCompile(`:([a-z]+)`)

// described is a route's path as the description writes it.
func described(path string) string { return parameter.ReplaceAllString(path, "{$1}") }

func TestEveryQueryParameterIsDescribed(t *testing.T) {
	n := newNode(t)
	doc, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	for route, names := range n.server.Queries() {
		if !strings.HasPrefix(route[1], "/api/v1/") {
			continue
		}
		item := doc.Paths.Value(described(route[1]))
		var told []string
		for _, p := range item.GetOperation(route[0]).Parameters {
			if p.Value.In == "query" {
				told = append(told, p.Value.Name)
			}
		}
		taken := strings.Fields(names)
		slices.Sort(told)
		slices.Sort(taken)
		if !slices.Equal(told, taken) {
			t.Errorf("%s %s takes %v, and %v are described", route[0], route[1], taken, told)
		}
	}
}

func TestEveryProblemIsListedInTheDescription(t *testing.T) {
	doc, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"invalid", "not-understood", "not-found", "no-such-address", "method", "conflict", "forbidden", "too-many", "too-large", "busy",
		"outcome-unknown", "read-only", "disk-full", "internal", "http"} {
		if !strings.Contains(doc.Info.Description, "`urn:implantrace:problem:"+kind+"`") {
			t.Errorf("%s is not in the description", kind)
		}
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			for status, r := range op.Responses.Map() {
				// A write that found the disk full may have landed all the same.
				if status == "507" && !strings.Contains(*r.Value.Description, "Outcome unknown: make room and send it again with the same id") {
					t.Errorf("%s %s: a full disk is said to be %q", method, path, *r.Value.Description)
				}
				kind := "application/problem+json"
				if strings.HasPrefix(path, "/fhir/") {
					kind = "application/fhir+json"
				}
				if status >= "400" && path != "/readyz" && r.Value.Content[kind] == nil {
					t.Errorf("%s %s: %s is no problem", method, path, status)
				}
			}
		}
	}
}

// What a body may not have is as strict in the description as in the code.
func TestEveryBodyIsClosed(t *testing.T) {
	doc, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	var closed func(where string, s *openapi3.SchemaRef)
	seen := make(map[*openapi3.Schema]bool) // one may hold itself
	closed = func(where string, s *openapi3.SchemaRef) {
		v := s.Value
		if seen[v] {
			return
		}
		seen[v] = true
		if v.Type.Is("object") && (v.AdditionalProperties.Has == nil || *v.AdditionalProperties.Has) && v.AdditionalProperties.Schema == nil {
			t.Errorf("%s takes any field", where)
		}
		for name, p := range v.Properties {
			closed(where+"."+name, p)
		}
		if v.Items != nil {
			closed(where+"[]", v.Items)
		}
	}
	for path, item := range doc.Paths.Map() {
		if !strings.HasPrefix(path, "/api/v1/") {
			continue
		}
		for method, op := range item.Operations() {
			if op.RequestBody != nil {
				if m := op.RequestBody.Value.Content["application/json"]; m != nil {
					closed(method+" "+path, m.Schema)
				}
			}
			for status, r := range op.Responses.Map() {
				if m := r.Value.Content["application/json"]; m != nil {
					closed(method+" "+path+" "+status, m.Schema)
				}
			}
		}
	}
}
