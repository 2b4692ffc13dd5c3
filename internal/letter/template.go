package letter

import (
	"bytes"
	_ "embed"
	"html/template"
	"strings"

	"implantrace/internal/trace"
)

// Standard is the letter that is made where a site has none of its own.
//
//go:embed standard.html
var Standard string

// Fields is what a template may say.
type Fields struct {
	Today        string // 2 January 2006
	Name         string // of the patient
	To           string // whom the sheet is addressed to: the patient, or whoever gets a copy
	AddressLines []string
	NHSNumber    string
	Certain      bool     // the identifiers are those of the notice
	Devices      []string // what was used on the patient, and when
	Explain      string   // what has happened, in plain words
	Reference    string   // of the notice
	Hospital     string
	Phone        string
	Signed       string
	CopyTo       []string
	CopyFor      string // this sheet is a copy for whom; "": it is the letter
	Drill        bool
}

// templateMost bounds a template, in bytes.
const templateMost = 100 << 10

// parse reads a template. The error is of kind Invalid.
func parse(source string) (*template.Template, error) {
	if strings.TrimSpace(source) == "" {
		source = Standard
	}
	if len(source) > templateMost {
		return nil, trace.Errorf(trace.TooLarge, "A template has at most %d bytes.", templateMost)
	}
	t, err := template.New("letter").Option("missingkey=error").Parse(source)
	if err != nil {
		return nil, trace.Errorf(trace.Invalid, "The template cannot be read: %w.", err)
	}
	return t, nil
}

func fill(t *template.Template, f Fields) (string, error) {
	var b bytes.Buffer
	if err := t.Execute(&b, f); err != nil {
		return "", trace.Errorf(trace.Invalid, "The template cannot be filled: %w.", err)
	}
	return b.String(), nil
}
