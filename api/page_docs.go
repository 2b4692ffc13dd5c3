package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
)

func (s *Server) pageDocs(c echo.Context) error {
	f, err := s.frame(c, "API")
	if err != nil {
		return err
	}
	return s.render(c, http.StatusOK, "docs", "layout", struct {
		frame
		Docs docs
	}{f, s.docs})
}

// docs is openapi.yaml as its page shows it.
type docs struct {
	Version string
	Intro   []docBlock
	Groups  []docGroup
	Schemas []docSchema
}

type docGroup struct {
	Name, ID   string
	About      []docBlock
	Operations []docOperation
}

type docOperation struct {
	ID, Method, Path, Summary string
	About                     []docBlock
	Parameters                []docParameter
	Body                      *docBody
	Answers                   []docAnswer
	Problems                  []docAnswer
}

type docParameter struct {
	Name, In, Required string
	docType
	About []docBlock
}

type docBody struct {
	Types    []string
	About    []docBlock
	Fields   []docField
	Of       docType // where it has no fields
	Examples []docExample
}

type docExample struct{ Summary, Text string }

type docAnswer struct {
	Status   string
	About    []docBlock
	Types    []string
	Of       docType
	Fields   []docField
	Examples []docExample
}

type docSchema struct {
	Name   string
	About  []docBlock
	Of     docType
	Fields []docField
}

// docField is one field of an object; fields of objects without a name of
// their own stand below it, as outer.inner.
type docField struct {
	Name     string
	Required bool
	docType
	About []docBlock
}

// docType is a type in words; Schema is the name of the one it refers to.
type docType struct {
	Type   string
	Schema string
	Limits string
}

// docBlock is a paragraph or a table.
type docBlock struct {
	Text  []docSpan
	Table *docTable
}

type docTable struct {
	Head []string
	Rows [][][]docSpan
}

type docSpan struct {
	Kind string // "", "strong" or "code"
	Text string
}

// newDocs reads openapi.yaml. The error is in that file: what it says does not
// hold together, or a route is not in it.
func newDocs(description []byte, routes []route) (docs, error) {
	doc, err := openapi3.NewLoader().LoadFromData(description)
	if err != nil {
		return docs{}, fmt.Errorf("openapi.yaml: %w", err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		return docs{}, fmt.Errorf("openapi.yaml: %w", err)
	}
	d := docs{Version: doc.Info.Version, Intro: blocksOf(doc.Info.Description)}
	for _, t := range doc.Tags {
		d.Groups = append(d.Groups, docGroup{Name: t.Name, ID: "group-" + strings.ReplaceAll(strings.ToLower(t.Name), " ", "-"), About: blocksOf(t.Description)})
	}
	for _, r := range routes {
		path := describedPath(r.path)
		item := doc.Paths.Value(path)
		if item == nil || item.GetOperation(r.method) == nil {
			return docs{}, fmt.Errorf("openapi.yaml: %s %s is not in it", r.method, path)
		}
		op := item.GetOperation(r.method)
		i := slices.IndexFunc(d.Groups, func(g docGroup) bool { return len(op.Tags) == 1 && g.Name == op.Tags[0] })
		if i < 0 {
			return docs{}, fmt.Errorf("openapi.yaml: %s %s wants one of the tags", r.method, path)
		}
		d.Groups[i].Operations = append(d.Groups[i].Operations, operationOf(r.method, path, item, op))
	}
	for _, name := range slices.Sorted(maps.Keys(doc.Components.Schemas)) {
		ref := doc.Components.Schemas[name]
		d.Schemas = append(d.Schemas, docSchema{Name: name, About: blocksOf(ref.Value.Description), Of: typeOf(&openapi3.SchemaRef{Value: ref.Value}), Fields: fieldsOf("", ref.Value)})
	}
	return d, nil
}

// describedPath is a route's path as OpenAPI writes it.
func describedPath(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if name, ok := strings.CutPrefix(p, ":"); ok {
			parts[i] = "{" + name + "}"
		} else if p == "*" {
			parts[i] = "{path}"
		}
	}
	return strings.Join(parts, "/")
}

func operationOf(method, path string, item *openapi3.PathItem, op *openapi3.Operation) docOperation {
	o := docOperation{ID: op.OperationID, Method: method, Path: path, Summary: op.Summary, About: blocksOf(op.Description)}
	for _, p := range slices.Concat(item.Parameters, op.Parameters) {
		required := "no"
		if p.Value.Required {
			required = "yes"
		}
		o.Parameters = append(o.Parameters, docParameter{p.Value.Name, p.Value.In, required, typeOf(p.Value.Schema),
			blocksOf(cmp.Or(p.Value.Description, p.Value.Schema.Value.Description))})
	}
	if op.RequestBody != nil {
		b := op.RequestBody.Value
		o.Body = &docBody{About: blocksOf(b.Description)}
		for _, name := range slices.Sorted(maps.Keys(b.Content)) {
			m := b.Content[name]
			o.Body.Types = append(o.Body.Types, name)
			o.Body.Of, o.Body.Fields = typeOf(m.Schema), fieldsOf("", m.Schema.Value)
			o.Body.Examples = append(o.Body.Examples, examplesOf(m)...)
		}
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses.Map())) {
		r := op.Responses.Value(status).Value
		a := docAnswer{Status: status}
		if r.Description != nil {
			a.About = blocksOf(*r.Description)
		}
		for _, name := range slices.Sorted(maps.Keys(r.Content)) {
			m := r.Content[name]
			a.Types = append(a.Types, name)
			a.Examples = append(a.Examples, examplesOf(m)...)
			if m.Schema != nil {
				a.Of = typeOf(m.Schema)
				if m.Schema.Ref == "" {
					a.Fields = fieldsOf("", m.Schema.Value)
				}
			}
		}
		if slices.Contains(a.Types, "application/problem+json") {
			o.Problems = append(o.Problems, a)
		} else {
			o.Answers = append(o.Answers, a)
		}
	}
	return o
}

// fieldsOf lists the fields of an object, in the order of their names, those
// that are required first.
func fieldsOf(prefix string, s *openapi3.Schema) (fields []docField) {
	names := slices.SortedFunc(maps.Keys(s.Properties), func(a, b string) int {
		ra, rb := slices.Contains(s.Required, a), slices.Contains(s.Required, b)
		if ra != rb && ra {
			return -1
		} else if ra != rb {
			return 1
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		p := s.Properties[name]
		fields = append(fields, docField{Name: prefix + name, Required: slices.Contains(s.Required, name), docType: typeOf(p), About: blocksOf(p.Value.Description)})
		inner, mark := p, "."
		for inner.Ref == "" && inner.Value.Items != nil {
			inner, mark = inner.Value.Items, "[]."
		}
		if inner.Ref == "" {
			fields = append(fields, fieldsOf(prefix+name+mark, inner.Value)...)
		}
	}
	return fields
}

// typeOf puts a schema into a few words.
func typeOf(ref *openapi3.SchemaRef) (t docType) {
	if ref == nil || ref.Value == nil {
		return t
	}
	if name, ok := strings.CutPrefix(ref.Ref, "#/components/schemas/"); ok {
		return docType{Type: name, Schema: name}
	}
	s := ref.Value
	if len(s.OneOf) > 0 {
		var all []string
		for _, one := range s.OneOf {
			all = append(all, typeOf(one).Type)
		}
		return docType{Type: strings.Join(all, " or ")}
	}
	switch {
	case s.Type == nil || len(*s.Type) == 0:
		t.Type = "any"
	case s.Type.Is("array"):
		inner := typeOf(s.Items)
		t.Type, t.Schema = "list of "+inner.Type, inner.Schema
	case s.Format != "":
		t.Type = (*s.Type)[0] + " (" + s.Format + ")"
	default:
		t.Type = (*s.Type)[0]
	}
	var limits []string
	if len(s.Enum) > 0 {
		var all []string
		for _, e := range s.Enum {
			all = append(all, fmt.Sprint(e))
		}
		limits = append(limits, "one of "+strings.Join(all, ", "))
	}
	number := func(f *float64) string { return strconv.FormatFloat(*f, 'f', -1, 64) }
	if s.Min != nil {
		limits = append(limits, "at least "+number(s.Min))
	}
	if s.Max != nil {
		limits = append(limits, "at most "+number(s.Max))
	}
	if s.MaxLength != nil {
		limits = append(limits, fmt.Sprintf("at most %d bytes", *s.MaxLength))
	}
	if s.MaxItems != nil && s.MinItems != *s.MaxItems {
		limits = append(limits, fmt.Sprintf("at most %d", *s.MaxItems))
	}
	if s.Pattern != "" {
		limits = append(limits, "as "+s.Pattern)
	}
	if s.Default != nil {
		limits = append(limits, fmt.Sprintf("%v unless said", s.Default))
	}
	t.Limits = strings.Join(limits, "; ")
	return t
}

func examplesOf(m *openapi3.MediaType) (all []docExample) {
	if m.Example != nil {
		all = append(all, docExample{"", pretty(m.Example)})
	}
	for _, name := range slices.Sorted(maps.Keys(m.Examples)) {
		e := m.Examples[name].Value
		all = append(all, docExample{e.Summary, pretty(e.Value)})
	}
	return all
}

// pretty prints an example: text as it is, anything else as JSON.
func pretty(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSpace(b.String())
}

// blocksOf reads the little Markdown that the descriptions use: paragraphs,
// tables, **strong** and `code`.
func blocksOf(text string) (blocks []docBlock) {
	for part := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		part = strings.TrimSpace(part)
		switch {
		case part == "":
		case strings.HasPrefix(part, "|"):
			var t docTable
			for i, line := range strings.Split(part, "\n") {
				cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
				if i == 0 {
					for _, c := range cells {
						t.Head = append(t.Head, strings.TrimSpace(c))
					}
					continue
				}
				if i == 1 { // the line under the head
					continue
				}
				var row [][]docSpan
				for _, c := range cells {
					row = append(row, spansOf(strings.TrimSpace(c)))
				}
				t.Rows = append(t.Rows, row)
			}
			blocks = append(blocks, docBlock{Table: &t})
		default:
			blocks = append(blocks, docBlock{Text: spansOf(strings.ReplaceAll(part, "\n", " "))})
		}
	}
	return blocks
}

func spansOf(s string) (spans []docSpan) {
	for s != "" {
		kind, mark := "", ""
		at := len(s)
		for k, m := range map[string]string{"strong": "**", "code": "`"} {
			if i := strings.Index(s, m); i >= 0 && i < at && strings.Contains(s[i+len(m):], m) {
				kind, mark, at = k, m, i
			}
		}
		if at > 0 {
			spans = append(spans, docSpan{"", s[:at]})
		}
		if mark == "" {
			return spans
		}
		inner, rest, _ := strings.Cut(s[at+len(mark):], mark)
		spans = append(spans, docSpan{kind, inner})
		s = rest
	}
	return spans
}
