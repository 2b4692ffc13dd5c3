package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"implantrace/internal/strict"
	"implantrace/internal/trace"
)

// parse reads one line. Of a line that is refused it gives the type and the
// ref where they can be read.
//
// It is stricter than encoding/json (see package strict), which also puts U+FFFD
// for what it cannot read.
func parse(line []byte) (typ, ref string, r row, err error) {
	if err := wellFormed(line); err != nil {
		return "", "", nil, err
	}
	var h struct{ Type, Ref any }
	_ = json.Unmarshal(line, &h) // it is an object, and any takes anything
	typ, _ = h.Type.(string)
	ref, _ = h.Ref.(string)
	switch typ {
	case typeProduct:
		r = new(productRow)
	case typePatient:
		r = new(patientRow)
	case typeProcedure:
		r = new(procedureRow)
	case typeUsage:
		r = new(usageRow)
	case typeCorrection:
		r = new(correctionRow)
	default:
		return "", ref, nil, trace.Errorf(trace.Invalid, "The type is none of %s.", strings.Join(types, ", "))
	}
	return typ, ref, r, decode(line, r)
}

// wellFormed checks that a line is one JSON object, in UTF-8, in which no
// field stands twice and nothing is null.
func wellFormed(line []byte) error {
	if !utf8.Valid(line) {
		return trace.Errorf(trace.Invalid, "The line is not valid UTF-8.")
	}
	var syntax *json.SyntaxError
	var whole json.RawMessage
	if err := json.Unmarshal(line, &whole); errors.As(err, &syntax) {
		return trace.Errorf(trace.Invalid, "The line is not JSON: byte %d is not expected.", syntax.Offset)
	} else if err != nil {
		return trace.Errorf(trace.Invalid, "The line is not JSON.")
	}
	if line = bytes.TrimSpace(line); line[0] != '{' {
		return trace.Errorf(trace.Invalid, "The line is not a JSON object.")
	}
	err := strict.Fields(line, func(text string) error {
		if strings.ContainsRune(text, utf8.RuneError) {
			return trace.Errorf(trace.Invalid, "A text has lost a character on its way (U+FFFD).")
		}
		return nil
	})
	var e *strict.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Fault {
	case strict.Twice:
		return trace.Errorf(trace.Invalid, "The field %q stands twice.", e.Name)
	case strict.Null:
		return trace.Errorf(trace.Invalid, "A field is null: leave it out.")
	}
	return trace.Errorf(trace.Invalid, "There is a field that no row has.")
}

// decode fills v, and names the field that does not fit without repeating what
// stands in it.
func decode(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		return nil
	}
	var own *trace.Error
	if errors.As(err, &own) {
		return own
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		var path []string
		for part := range strings.SplitSeq(wrong.Field, ".") {
			if part != "head" && part != "identity" { // embedded types are no fields
				path = append(path, part)
			}
		}
		what := "The row"
		if len(path) > 0 {
			what = fmt.Sprintf("The field %q", strings.Join(path, "."))
		}
		kind, _, _ := strings.Cut(wrong.Value, " ") // behind it may stand the value
		return trace.Errorf(trace.Invalid, "%s cannot be a JSON %s.", what, kind)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return trace.Errorf(trace.Invalid, "The field %s is not one of this row.", name)
	}
	return trace.Errorf(trace.Invalid, "The row cannot be read.")
}
