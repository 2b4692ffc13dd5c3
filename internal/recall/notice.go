package recall

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"implantrace/internal/trace"
)

// Notice is a recall, field safety notice or alert as it is published and
// typed in. Its JSON is described by docs/notice.schema.json.
type Notice struct {
	References []Reference `json:"references,omitempty"`
	Title      string      `json:"title,omitempty"`
	Issuer     string      `json:"issuer,omitempty"`
	Kind       Kind        `json:"kind,omitempty"`
	Urgency    Urgency     `json:"urgency,omitempty"`
	Issued     string      `json:"issued,omitempty"`      // YYYY-MM-DD, as are the others
	Received   string      `json:"received,omitempty"`    // here
	UnderwayBy string      `json:"underway_by,omitempty"` // action is to be under way
	CompleteBy string      `json:"complete_by,omitempty"` // action is to be complete
	Hazard     string      `json:"hazard,omitempty"`
	Actions    []string    `json:"actions,omitempty"` // what the notice asks for, each to be answered
	Criteria   Criteria    `json:"criteria"`
}

// Reference is a number under which a notice is known.
type Reference struct {
	Of     string `json:"of"` // "FSCA", "NatPSA", "maker", or who else gave the number
	Number string `json:"number"`
}

func (r Reference) String() string { return strings.TrimSpace(r.Of + " " + r.Number) }

// Kind is the kind of a notice.
type Kind string

// Kinds lists the kinds of notice.
func Kinds() []Kind {
	return []Kind{"field-safety-notice", "national-patient-safety-alert", "recall", "other"}
}

// Urgency is how soon a notice wants action.
type Urgency string

// Urgencies lists them, the most urgent first.
func Urgencies() []Urgency { return []Urgency{"immediate", "urgent", "routine"} }

const (
	noticeLineMost = 300  // bytes of a title or number
	noticeTextMost = 8000 // bytes of the hazard, or of an action
	noticeListMost = 50   // references, actions
)

// Name is what people call the notice.
func (n Notice) Name() string {
	name := n.Title
	if len(n.References) > 0 {
		name = strings.TrimSuffix(n.References[0].String()+": "+name, ": ")
	}
	if name == "" {
		return "a notice without a name"
	}
	return name
}

// Checked checks a notice and brings it to its fixed form. The error is of kind
// Invalid or TooLarge.
func (n Notice) Checked() (Notice, error) {
	for _, f := range []struct {
		what string
		to   *string
		most int
	}{{"title", &n.Title, noticeLineMost}, {"issuer", &n.Issuer, noticeLineMost}, {"hazard", &n.Hazard, noticeTextMost}} {
		*f.to = strings.TrimSpace(*f.to)
		if err := text(f.what, *f.to, f.most); err != nil {
			return n, err
		}
	}
	if len(n.References) > noticeListMost || len(n.Actions) > noticeListMost {
		return n, trace.Errorf(trace.Invalid, "A notice has at most %d references and %d actions.", noticeListMost, noticeListMost)
	}
	n.References, n.Actions = slices.Clone(n.References), slices.Clone(n.Actions)
	for i := range n.References {
		r := &n.References[i]
		r.Of, r.Number = strings.TrimSpace(r.Of), strings.TrimSpace(r.Number)
		if r.Number == "" {
			return n, trace.Errorf(trace.Invalid, "A reference wants its number.")
		}
		if err := text("reference", r.Of+r.Number, noticeLineMost); err != nil {
			return n, err
		}
	}
	for i := range n.Actions {
		if n.Actions[i] = strings.TrimSpace(n.Actions[i]); n.Actions[i] == "" {
			return n, trace.Errorf(trace.Invalid, "An action is empty.")
		}
		if err := text("action", n.Actions[i], noticeTextMost); err != nil {
			return n, err
		}
	}
	if n.Kind != "" && !slices.Contains(Kinds(), n.Kind) {
		return n, trace.Errorf(trace.Invalid, "The kind of a notice is one of %v, not %q.", Kinds(), short(string(n.Kind)))
	}
	if n.Urgency != "" && !slices.Contains(Urgencies(), n.Urgency) {
		return n, trace.Errorf(trace.Invalid, "The urgency of a notice is one of %v, not %q.", Urgencies(), short(string(n.Urgency)))
	}
	for what, day := range map[string]string{"issued": n.Issued, "received": n.Received, "underway_by": n.UnderwayBy, "complete_by": n.CompleteBy} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			return n, trace.Errorf(trace.Invalid, "The day %q of %q is not a date (YYYY-MM-DD).", short(day), what)
		}
	}
	var err error
	n.Criteria, err = n.Criteria.Normalised()
	return n, err
}

func text(what, s string, most int) error {
	switch {
	case len(s) > most:
		return trace.Errorf(trace.Invalid, "The %s is longer than %d characters.", what, most)
	case strings.ContainsFunc(s, func(r rune) bool {
		return r == '\ufffd' || r != '\n' && r != '\r' && r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
	}):
		return trace.Errorf(trace.Invalid, "The %s has a character that cannot be printed.", what)
	}
	return nil
}

// Line is one match on one line, for programs.
type Line struct {
	Tier    Tier     `json:"tier"`
	Usage   string   `json:"usage"`   // "" for a reading that is in no usage
	Patient string   `json:"patient"` // the record's own id; "" where none is recorded
	Why     []string `json:"why"`
	State   State    `json:"state"`
	Reading string   `json:"reading,omitempty"` // of a device that is in no usage
	Shelf   string   `json:"shelf,omitempty"`   // the line of stock, of devices on a shelf
	Store   string   `json:"store,omitempty"`   // in which it is, where several were asked
}

// Last ends a stream of lines: without it, the stream broke off.
type Last struct {
	Coverage Coverage `json:"coverage"`
	Tiers    Tiers    `json:"tiers"`
}

// Tiers counts matches.
type Tiers struct {
	Confirmed     int `json:"confirmed"`
	Possible      int `json:"possible"`
	Precautionary int `json:"precautionary"`
}

// Add counts one more.
func (t *Tiers) Add(tier Tier) {
	switch tier {
	case Confirmed:
		t.Confirmed++
	case Precautionary:
		t.Precautionary++
	default:
		t.Possible++
	}
}

// Line is what was found, on one line.
func (f Found) Line() Line {
	if u := f.Unlinked; u != nil {
		return Line{Tier: Possible, Why: u.Why, State: StateUnlinked, Reading: u.Reading.String()}
	}
	if s := f.Shelf; s != nil {
		return Line{Tier: s.Tier, Why: s.Why, State: s.State, Shelf: s.Line.ID.String()}
	}
	l := Line{Tier: f.Match.Tier, Usage: f.Match.Usage.ID.String(), Why: f.Match.Why, State: f.Match.State}
	if !f.Match.Patient.IsZero() {
		l.Patient = f.Match.Patient.String()
	}
	return l
}
