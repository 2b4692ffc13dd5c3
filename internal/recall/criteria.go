package recall

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

// Criteria say which devices a notice means. Every field that says something
// has to hold; within one field, one of its values. Lot and serial are one
// question: a device is meant when its lot or its serial number is named.
//
// Any, All and Except join criteria to trees: of Any one has to hold, of All
// each, of Except none.
type Criteria struct {
	DIs          Texts      `json:"di,omitempty"`           // at any level of the pack
	CatalogueNos Texts      `json:"catalogue_no,omitempty"` // the maker's own numbers
	Makers       Texts      `json:"maker,omitempty"`
	Families     []Family   `json:"family,omitempty"` // gives the precautionary tier and no better
	Lots         Numbers    `json:"lot,omitempty"`
	Serials      Numbers    `json:"serial,omitempty"`
	Made         Period     `json:"made,omitzero"`
	Expiry       Period     `json:"expiry,omitzero"`
	Implanted    Period     `json:"implanted,omitzero"` // when it was used
	Places       []Place    `json:"place,omitempty"`    // where it was used
	Any          []Criteria `json:"any,omitempty"`
	All          []Criteria `json:"all,omitempty"`
	Except       []Criteria `json:"except,omitempty"`
}

// Family is a product family: products of one brand, or with these words in their
// description, or of one Basic UDI-DI. What is filled has to hold.
type Family struct {
	Maker    string `json:"maker,omitempty"`
	Brand    string `json:"brand,omitempty"`
	Words    string `json:"words,omitempty"` // each of them stands in the description
	BasicUDI string `json:"basic_udi_di,omitempty"`
}

// Place is where a device was used: by GLN, or by name.
type Place struct {
	GLN  string `json:"gln,omitempty"`
	Name string `json:"name,omitempty"`
}

// Period is from a day to a day, both included, or from a moment to a moment,
// of which the last is not. Either may be left out.
type Period struct {
	From string `json:"from,omitempty"` // YYYY-MM-DD, or RFC 3339 where it is of use
	To   string `json:"to,omitempty"`
}

// IsZero reports whether the period says nothing.
func (p Period) IsZero() bool { return p == Period{} }

// Texts are values; in JSON, one may stand for a list of one.
type Texts []string

// UnmarshalJSON takes a string or a list of them.
func (t *Texts) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*t = Texts{""}
		return json.Unmarshal(b, &(*t)[0])
	}
	return json.Unmarshal(b, (*[]string)(t))
}

// Number is what a notice says of lots or serial numbers: one value, those that
// begin with Prefix, or those from From to To. Exactly one of the three is said.
type Number struct {
	Value    string `json:"-"` // in JSON, the bare string
	Prefix   string `json:"prefix,omitempty"`
	From, To string
}

// Named are numbers that are named one by one.
func Named(values ...string) Numbers {
	all := make(Numbers, len(values))
	for i, v := range values {
		all[i].Value = v
	}
	return all
}

type numberObject struct {
	Prefix string `json:"prefix,omitempty"`
	From   string `json:"from,omitempty"`
	To     string `json:"to,omitempty"`
}

// MarshalJSON gives a string, or an object for a prefix or range.
func (n Number) MarshalJSON() ([]byte, error) {
	if n.Prefix == "" && n.From == "" && n.To == "" {
		return json.Marshal(n.Value)
	}
	return json.Marshal(numberObject{n.Prefix, n.From, n.To})
}

// UnmarshalJSON takes a string or an object.
func (n *Number) UnmarshalJSON(b []byte) error {
	*n = Number{}
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &n.Value)
	}
	var o numberObject
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&o); err != nil {
		return trace.Errorf(trace.Invalid, `A lot or serial number is a text, {"prefix":...} or {"from":...,"to":...}.`)
	}
	if (o.Prefix != "") == (o.From != "" || o.To != "") || (o.From == "") != (o.To == "") {
		return trace.Errorf(trace.Invalid, "A lot or serial number has a prefix, or both ends of a range.")
	}
	n.Prefix, n.From, n.To = o.Prefix, o.From, o.To
	return nil
}

func (n Number) String() string {
	switch {
	case n.Prefix != "":
		return n.Prefix + "..."
	case n.From != "":
		return n.From + " to " + n.To
	}
	return n.Value
}

// Numbers are the lots or serial numbers of a notice; in JSON, one may stand for
// a list of one.
type Numbers []Number

// UnmarshalJSON takes a number or a list of them.
func (ns *Numbers) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]Number)(ns))
	}
	*ns = Numbers{{}}
	return json.Unmarshal(b, &(*ns)[0])
}

const (
	listMost  = 200_000 // values in all lists of one notice
	nodesMost = 1_000   // criteria in one tree
	depthMost = 8
)

// normaliser counts while it goes through a tree.
type normaliser struct{ values, nodes int }

// Normalised checks criteria and brings them to their fixed form: GTINs of 14 digits,
// identifiers and values without spaces around them, each once. The error is of kind
// Invalid, or TooLarge.
func (c Criteria) Normalised() (Criteria, error) {
	n, err := (&normaliser{}).criteria(c, 1)
	if err == nil && !n.bounded() {
		err = trace.Errorf(trace.Invalid, "Give the device identifier that the notice names, or a catalogue number, a maker or a product family. Nothing was searched.")
	}
	return n, err
}

// bounded reports whether criteria name a product on every way through them:
// without, they would mean everything that was ever used.
func (c Criteria) bounded() bool {
	if len(c.DIs)+len(c.CatalogueNos)+len(c.Makers)+len(c.Families) > 0 || slices.ContainsFunc(c.All, Criteria.bounded) {
		return true
	}
	return len(c.Any) > 0 && !slices.ContainsFunc(c.Any, func(o Criteria) bool { return !o.bounded() })
}

func (z *normaliser) criteria(c Criteria, depth int) (n Criteria, err error) {
	z.nodes++
	z.values += len(c.DIs) + len(c.CatalogueNos) + len(c.Makers) + len(c.Families) + len(c.Lots) + len(c.Serials) + len(c.Places)
	switch {
	case z.nodes > nodesMost || depth > depthMost:
		return n, trace.Errorf(trace.TooLarge, "Criteria are at most %d deep and have at most %d parts.", depthMost, nodesMost)
	case z.values > listMost:
		return n, trace.Errorf(trace.TooLarge, "A notice has at most %d identifiers, lots and serial numbers.", listMost)
	}
	dis := newSet()
	for _, s := range c.DIs {
		di, err := udi.ParseDI(s)
		if err != nil {
			return n, trace.Errorf(trace.Invalid, "The device identifier %q is not right: %w. Nothing was searched.", short(s), err)
		}
		dis.add(di)
	}
	n.DIs = dis.list
	if n.CatalogueNos, err = texts("catalogue number", c.CatalogueNos); err != nil {
		return n, err
	}
	if n.Makers, err = texts("maker", c.Makers); err != nil {
		return n, err
	}
	for _, f := range c.Families {
		f = Family{strings.TrimSpace(f.Maker), strings.TrimSpace(f.Brand), strings.Join(strings.Fields(f.Words), " "), strings.TrimSpace(f.BasicUDI)}
		if f.Brand+f.Words+f.BasicUDI == "" {
			return n, trace.Errorf(trace.Invalid, "A product family has a brand, words of its description or a Basic UDI-DI.")
		}
		n.Families = append(n.Families, f)
	}
	if n.Lots, err = numbers("lot", "(10)", c.Lots); err != nil {
		return n, err
	}
	if n.Serials, err = numbers("serial number", "(21)", c.Serials); err != nil {
		return n, err
	}
	n.Made, n.Expiry, n.Implanted = c.Made, c.Expiry, c.Implanted
	for what, p := range map[string]Period{"day of making": n.Made, "expiry": n.Expiry} {
		if err := p.days(what); err != nil {
			return n, err
		}
	}
	if _, err := n.Implanted.span(time.UTC); err != nil {
		return n, err
	}
	for _, p := range c.Places {
		p = Place{strings.TrimSpace(p.GLN), strings.TrimSpace(p.Name)}
		if p == (Place{}) {
			return n, trace.Errorf(trace.Invalid, "A place has a GLN or a name.")
		}
		n.Places = append(n.Places, p)
	}
	for _, part := range []struct {
		from []Criteria
		to   *[]Criteria
	}{{c.Any, &n.Any}, {c.All, &n.All}, {c.Except, &n.Except}} {
		for _, o := range part.from {
			o, err := z.criteria(o, depth+1)
			if err != nil {
				return n, err
			}
			*part.to = append(*part.to, o)
		}
	}
	if n.empty() {
		return n, trace.Errorf(trace.Invalid, "Give the device identifier that the notice names. A part of the criteria says nothing.")
	}
	return n, nil
}

func (c Criteria) empty() bool {
	return len(c.DIs)+len(c.CatalogueNos)+len(c.Makers)+len(c.Families)+len(c.Lots)+len(c.Serials)+len(c.Places)+len(c.Any)+len(c.All)+len(c.Except) == 0 &&
		c.Made.IsZero() && c.Expiry.IsZero() && c.Implanted.IsZero()
}

// days checks a period of days on a label.
func (p Period) days(what string) error {
	for _, day := range []string{p.From, p.To} {
		if _, err := time.Parse(time.DateOnly, day); day != "" && err != nil {
			return trace.Errorf(trace.Invalid, "The %s %q is not a date (YYYY-MM-DD).", what, short(day))
		}
	}
	if p.From != "" && p.To != "" && p.To < p.From {
		return trace.Errorf(trace.Invalid, "The period of the %s ends before it begins.", what)
	}
	return nil
}

// span is a period of moments: from is in it, to is not.
type span struct{ from, to time.Time }

// span reads a period in a site's time.
func (p Period) span(zone *time.Location) (s span, err error) {
	if s.from, _, err = moment(p.From, zone); err != nil {
		return s, err
	}
	to, day, err := moment(p.To, zone)
	if err != nil {
		return s, err
	}
	if s.to = to; day {
		s.to = to.AddDate(0, 0, 1)
	}
	if !s.from.IsZero() && !s.to.IsZero() && !s.from.Before(s.to) {
		return s, trace.Errorf(trace.Invalid, "The period ends before it begins.")
	}
	return s, nil
}

// moment reads a time or a day; day reports which.
func moment(s string, zone *time.Location) (t time.Time, day bool, err error) {
	if s == "" {
		return t, false, nil
	}
	if t, err = time.Parse(time.RFC3339Nano, s); err == nil {
		return t, false, nil
	}
	if t, err = time.ParseInLocation(time.DateOnly, s, zone); err == nil {
		return t, true, nil
	}
	return t, false, trace.Errorf(trace.Invalid, "%q is not a date (YYYY-MM-DD) or time (RFC 3339).", short(s))
}

// set keeps values in their order, each once.
type set struct {
	list []string
	has  map[string]bool
}

func newSet() *set { return &set{has: make(map[string]bool)} }

func (s *set) add(v string) {
	if !s.has[v] {
		s.has[v] = true
		s.list = append(s.list, v)
	}
}

func texts(what string, from []string) ([]string, error) {
	all := newSet()
	for _, s := range from {
		if s = strings.TrimSpace(s); s == "" {
			return nil, trace.Errorf(trace.Invalid, "A %s is empty. Nothing was searched.", what)
		}
		all.add(s)
	}
	return all.list, nil
}

func numbers(what, ai string, from Numbers) (Numbers, error) {
	var out Numbers
	seen := make(map[Number]bool)
	add := func(n Number) {
		if !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	for _, n := range from {
		switch {
		case n.Prefix != "":
			if n.Prefix = strings.TrimSpace(n.Prefix); n.Prefix == "" {
				return nil, trace.Errorf(trace.Invalid, "The beginning of a %s is empty. Nothing was searched.", what)
			}
			if err := printable(what, n.Prefix); err != nil {
				return nil, err
			}
			add(Number{Prefix: n.Prefix})
		case n.From != "" || n.To != "":
			n.From, n.To = strings.TrimSpace(n.From), strings.TrimSpace(n.To)
			for _, end := range []string{n.From, n.To} {
				if err := printable(what, end); err != nil {
					return nil, err
				}
			}
			if _, err := newRange(n.From, n.To); err != nil {
				return nil, trace.Errorf(trace.Invalid, "The %s range %q to %q: %w. Nothing was searched.", what, short(n.From), short(n.To), err)
			}
			add(Number{From: n.From, To: n.To})
		default:
			all, err := written(what, ai, n.Value)
			if err != nil {
				return nil, err
			}
			for _, v := range all {
				add(Number{Value: v})
			}
		}
	}
	return out, nil
}

// written reads a lot or serial number as a notice or a person writes it. What
// no label can hold is refused; where it may be several in one, or a number with
// a word in front, both readings are searched.
func written(what, ai, s string) ([]string, error) {
	s = strings.TrimSpace(s)
	s = strings.TrimSpace(strings.TrimPrefix(s, ai))
	if s == "" {
		return nil, trace.Errorf(trace.Invalid, "A lot or serial number is empty. Leave it out to search for every lot.")
	}
	if err := printable(what, s); err != nil {
		return nil, err
	}
	all := newSet()
	all.add(s)
	if parts := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(",;\t\n\r", r) }); len(parts) > 1 {
		for _, p := range parts {
			if p = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(p), ai)); p != "" {
				all.add(p)
			}
		}
	}
	for _, v := range slices.Clone(all.list) {
		for _, word := range []string{"lot", "batch", "serial", "s/n", "sn", "ref"} {
			if len(v) > len(word) && strings.EqualFold(v[:len(word)], word) && strings.ContainsAny(v[len(word):len(word)+1], " :.#") {
				if rest := strings.TrimLeft(v[len(word):], " :.#"); rest != "" {
					all.add(rest)
				}
			}
		}
	}
	return all.list, nil
}

// printable refuses what no label's barcode holds.
func printable(what, s string) error {
	for _, r := range s {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
		case r < ' ' || r > '~':
			return trace.Errorf(trace.Invalid, "The %s %q has a character that no label's barcode has. Type it again. Nothing was searched.", what, short(s))
		case r == '*' || r == '?':
			return trace.Errorf(trace.Invalid, "The %s %q has a wildcard, and each has to be named in full, by its beginning or by a range. Nothing was searched.", what, short(s))
		}
	}
	return nil
}

func short(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "..."
	}
	return s
}
