package history

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// The types of row, in the order in which they need each other.
const (
	typeProduct    = "product"
	typePatient    = "patient"
	typeProcedure  = "procedure"
	typeUsage      = "usage"
	typeCorrection = "correction"
)

var types = []string{typeProduct, typePatient, typeProcedure, typeUsage, typeCorrection}

// row is one line that could be read.
type row interface {
	name() *head
	// prepare checks what the line alone can show, and says what the row
	// touches.
	prepare(b batch) (touches, error)
	// record carries the row out. An [unknown] error means that the row
	// speaks of something that is not in the record, or not yet.
	record(ctx context.Context, a *attempt) error
}

// head is how a row is named: by the source's own key, or by a UUID.
type head struct {
	Type string `json:"type"`
	Ref  string `json:"ref"`
	ID   string `json:"id"`

	id trace.EventID // of the command
}

func (h *head) name() *head { return h }

// identify finds the id of the row's command.
func (h *head) identify(source string) error {
	var err error
	h.id, err = rowID(source, h.Type, h.Ref, h.ID)
	return err
}

// rowID is the id of the command of the row with this type and ref, or id.
func rowID(source, typ, ref, id string) (trace.EventID, error) {
	switch {
	case ref == "" && id == "":
		return trace.EventID{}, trace.Errorf(trace.Invalid, "A ref or an id is missing.")
	case ref != "" && id != "":
		return trace.EventID{}, trace.Errorf(trace.Invalid, "There is a ref and an id: give one of them.")
	case id != "":
		v, err := trace.ParseID[trace.OfEvent](id)
		if err != nil {
			return v, trace.Errorf(trace.Invalid, "The id is not a UUID (36 characters).")
		}
		return v, nil
	}
	if err := label("The ref", ref); err != nil {
		return trace.EventID{}, err
	}
	// Neither a source nor a type holds a NUL: no two names run into one.
	return trace.NamedID[trace.OfEvent]("import\x00"+source+"\x00"+typ, ref), nil
}

// label checks a key: short, printable, nothing around it that nobody sees.
func label(what, s string) error {
	switch {
	case len(s) > 200:
		return trace.Errorf(trace.Invalid, "%s is longer than 200 bytes.", what)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		return trace.Errorf(trace.Invalid, "%s has a character that cannot be printed.", what)
	}
	return tight(what, s)
}

// tight refuses spaces around a value that is compared letter by letter.
// Taking them off would be a repair that nobody sees.
func tight(what, s string) error {
	if strings.TrimSpace(s) != s {
		return trace.Errorf(trace.Invalid, "%s begins or ends with a space.", what)
	}
	return nil
}

// oneOf refuses other values without repeating them: where the columns of a
// source have slipped, they are anything, a name among them.
func oneOf[S ~string](what string, s S, of []S) error {
	if s == "" || slices.Contains(of, s) {
		return nil
	}
	names := make([]string, len(of))
	for i, o := range of {
		names[i] = string(o)
	}
	return trace.Errorf(trace.Invalid, "%s is none of %s.", what, strings.Join(names, ", "))
}

// shown is a ref as a refusal may show it. One that looks like an NHS number
// is not shown: the line number finds it.
func shown(ref string) string {
	if _, err := udi.ParseNHSNumber(ref); err == nil {
		return ""
	}
	if len(ref) > 200 {
		return ""
	}
	return ref
}
