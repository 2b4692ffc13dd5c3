package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"implantrace/internal/strict"
	"implantrace/internal/trace"
)

// unmarshal reads one JSON object into v.
//
// It is stricter than encoding/json (see package strict), which also puts U+FFFD
// for what it cannot read. A field that nobody knows was meant to say something,
// and is refused as well.
func unmarshal(body []byte, v any) error {
	if err := wellFormed(body); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return badJSON(err)
	}
	return nil
}

func invalidAt(offset int64, format string, args ...any) error {
	return &trace.Error{Kind: trace.Invalid, Offset: int(offset), Message: fmt.Sprintf(format, args...)}
}

// wellFormed checks that a body is one JSON object in UTF-8, in which no field
// stands twice and nothing is null.
func wellFormed(body []byte) error {
	for i := 0; i < len(body); {
		r, size := utf8.DecodeRune(body[i:])
		if r == utf8.RuneError && size < 2 {
			return invalidAt(int64(i), "The body is not valid UTF-8.")
		}
		i += size
	}
	var whole json.RawMessage
	var syntax *json.SyntaxError
	if err := json.Unmarshal(body, &whole); errors.As(err, &syntax) {
		if syntax.Offset >= int64(len(body)) && len(bytes.TrimSpace(body)) > 0 {
			return invalidAt(syntax.Offset, "The body ends too early, or is not JSON.")
		}
		return invalidAt(syntax.Offset, "The body is not JSON.")
	} else if err != nil {
		return invalidAt(0, "The body is not JSON.")
	}
	if bytes.TrimSpace(body)[0] != '{' {
		return invalidAt(0, "The body wants a JSON object.")
	}
	if at := loneSurrogate(body); at >= 0 {
		return invalidAt(int64(at), "The body has half a character (a \\u escape without its other half).")
	}
	return plain(body)
}

// loneSurrogate finds an escape that stands for half a character.
func loneSurrogate(body []byte) int {
	unit := func(i int) (uint64, bool) {
		if i+6 > len(body) || body[i] != '\\' || body[i+1] != 'u' {
			return 0, false
		}
		u, err := strconv.ParseUint(string(body[i+2:i+6]), 16, 16)
		return u, err == nil
	}
	for i := 0; i < len(body); i++ {
		if body[i] != '\\' {
			continue
		}
		u, ok := unit(i)
		switch {
		case !ok:
			i++ // the escaped character
			continue
		case u >= 0xdc00 && u <= 0xdfff:
			return i
		case u >= 0xd800 && u <= 0xdbff:
			if low, ok := unit(i + 6); !ok || low < 0xdc00 || low > 0xdfff {
				return i
			}
			i += 6
		}
		i += 5
	}
	return -1
}

// plain checks the names of all fields, and that none is null.
func plain(body []byte) error {
	err := strict.Fields(body, nil)
	var e *strict.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Fault {
	case strict.Twice:
		return invalidAt(e.Offset, "The field %q stands twice.", e.Name)
	case strict.Null:
		return invalidAt(e.Offset, "A field is null: leave it out.")
	}
	return invalidAt(e.Offset, "There is no field %q here.", clip(e.Name))
}

// badJSON says which field does not fit.
func badJSON(err error) error {
	var known *trace.Error // a field's own parser has said what is wrong
	if errors.As(err, &known) {
		return known
	}
	var typ *json.UnmarshalTypeError
	if errors.As(err, &typ) {
		var path []string
		for part := range strings.SplitSeq(typ.Field, ".") {
			if part != "" && strict.Name(part) { // embedded types are no fields
				path = append(path, part)
			}
		}
		if len(path) == 0 {
			return invalidAt(typ.Offset, "A value is of another kind than is wanted.")
		}
		return invalidAt(typ.Offset, "The field %q wants another kind of value.", strings.Join(path, "."))
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return trace.Errorf(trace.Invalid, "There is no field %s here.", name)
	}
	if strings.HasPrefix(err.Error(), "parsing time ") {
		return trace.Errorf(trace.Invalid, "A time is not as RFC 3339 has it (2026-03-14T09:30:00Z).")
	}
	return trace.Errorf(trace.Invalid, "The body cannot be read.")
}
