package history_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// examples are the rows in the fenced blocks of docs/import.md.
func examples(t *testing.T) (rows []string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "import.md"))
	if err != nil {
		t.Fatal(err)
	}
	inside := false
	for line := range strings.Lines(string(b)) {
		switch {
		case strings.HasPrefix(line, "```"):
			inside = strings.TrimSpace(line) == "```jsonl"
		case inside:
			rows = append(rows, strings.TrimSpace(line))
		}
	}
	if len(rows) == 0 {
		t.Fatal("the document has no examples")
	}
	return rows
}

func TestExamplesInTheDocumentAreImported(t *testing.T) {
	n, rows := open(t), examples(t)
	report, refused, noticed := n.take("joints", rows...)
	if report.Recorded != len(rows) || len(noticed) > 0 {
		t.Errorf("%+v, refused %q, noticed %q", report, refused, noticed)
	}
	if report := n.takeAll("joints", rows...); report.Repeated != len(rows) {
		t.Errorf("again: %+v", report)
	}
}

// schema reads the published schema and gives a function that says whether a
// row fits it.
func schema(t *testing.T) func(row string) error {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "docs", "import.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var s openapi3.Schema
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	return func(row string) error {
		var v any
		if err := json.Unmarshal([]byte(row), &v); err != nil {
			return err
		}
		return s.VisitJSON(v, openapi3.EnableJSONSchema2020())
	}
}

func TestTheSchemaTakesWhatTheImportTakes(t *testing.T) {
	fits := schema(t)
	for _, row := range append(examples(t), product, ada, hip, stem) {
		if err := fits(row); err != nil {
			t.Errorf("%s\n%v", row, err)
		}
	}
}

func TestTheSchemaRefusesTheWrongShape(t *testing.T) {
	fits, n := schema(t), open(t)
	for name, row := range map[string]string{
		"an array":                  `[]`,
		"no type":                   `{"ref":"1"}`,
		"an unknown type":           `{"type":"operation","ref":"1"}`,
		"an unknown field":          `{"type":"patient","ref":"1","nhs":"9990000018"}`,
		"no ref":                    `{"type":"patient","nhs_number":"9990000018"}`,
		"ref and id":                `{"type":"patient","ref":"1","id":"0192f0c1-0000-7000-8000-000000000001"}`,
		"a number for a text":       `{"type":"patient","ref":"1","nhs_number":9990000018}`,
		"null":                      `{"type":"patient","ref":"1","nhs_number":null}`,
		"no start":                  `{"type":"procedure","ref":"1","patient":"1","code":{"text":"hip"}}`,
		"no patient":                `{"type":"procedure","ref":"1","start":"2020-01-01","code":{"text":"hip"}}`,
		"a time without zone":       `{"type":"procedure","ref":"1","patient":"1","start":"2020-01-01T10:00:00"}`,
		"a side that is none":       `{"type":"procedure","ref":"1","patient":"1","start":"2020-01-01","side":"up"}`,
		"no procedure":              `{"type":"usage","ref":"1","lot":"A"}`,
		"a status that is none":     `{"type":"usage","ref":"1","procedure":"1","status":"used"}`,
		"a carrier without text":    `{"type":"usage","ref":"1","procedure":"1","carriers":[{}]}`,
		"a correction of nothing":   `{"type":"correction","ref":"1","reason":"x"}`,
		"a correction, no reason":   `{"type":"correction","ref":"1","of":{"type":"usage","ref":"1"}}`,
		"a product named by ref":    `{"type":"correction","ref":"1","reason":"x","of":{"type":"product","ref":"1"}}`,
		"an unknown field in a set": `{"type":"correction","ref":"1","reason":"x","of":{"type":"usage","ref":"1"},"set":{"lots":"A"}}`,
	} {
		if fits(row) == nil {
			t.Errorf("%s: the schema takes %s", name, row)
		}
		_, refused, _ := n.take("pas", row)
		if len(refused) == 0 {
			t.Errorf("%s: the import takes %s", name, row)
		}
	}
}
