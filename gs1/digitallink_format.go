package gs1

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// Errors of Result.DigitalLink.
var (
	ErrNoKey     = errors.New("gs1: no element is a primary key of Digital Link URIs")
	ErrNoPlace   = errors.New("gs1: an element has no place in a Digital Link URI")
	ErrTwoValues = errors.New("gs1: an AI has two values")
)

// canonicalStem is the resolver of canonical URIs.
const canonicalStem = "https://id.gs1.org"

// DigitalLink returns the canonical GS1 Digital Link URI of the elements: on
// id.gs1.org, the first primary key with the longest sequence of its qualifiers
// in the path that leaves a place for the others, and those in the query in the
// order of their AIs. It returns ErrNoKey when no element is a primary key,
// ErrNoPlace when an element may stand neither in the path nor in the query, and
// ErrTwoValues when an AI is there with two values.
func (r *Result) DigitalLink() (string, error) {
	values := make(map[AI]string)
	var ais []AI
	var key AI
	for e := range r.Elements() {
		if v, there := values[e.AI]; there && v != e.Value {
			return "", ErrTwoValues
		} else if there {
			continue
		}
		values[e.AI] = e.Value
		ais = append(ais, e.AI)
		if row := lookup(string(e.AI)); key == "" && row != nil && row.key {
			key = e.AI
		}
	}
	if key == "" {
		return "", ErrNoKey
	}
	slices.Sort(ais)
	path, query, ok := places(key, ais)
	if !ok {
		return "", ErrNoPlace
	}
	var b strings.Builder
	b.WriteString(canonicalStem)
	for _, ai := range path {
		b.WriteString("/" + string(ai) + "/" + escapeURI(values[ai]))
	}
	mark := "?"
	for _, ai := range query {
		b.WriteString(mark + string(ai) + "=" + escapeURI(values[ai]))
		mark = "&"
	}
	return b.String(), nil
}

// places parts the AIs into those of the path, from the key on, and those of the
// query.
func places(key AI, ais []AI) (path, query []AI, ok bool) {
	sequences := slices.Clone(lookup(string(key)).qualifiers)
	for i, sequence := range sequences {
		sequences[i] = slices.DeleteFunc(slices.Clone(sequence), func(ai AI) bool { return !slices.Contains(ais, ai) })
	}
	slices.SortStableFunc(sequences, func(x, y []AI) int { return cmp.Compare(len(y), len(x)) })
	for _, qualifiers := range append(sequences, nil) {
		path = append([]AI{key}, qualifiers...)
		query = slices.DeleteFunc(slices.Clone(ais), func(ai AI) bool { return slices.Contains(path, ai) })
		if !slices.ContainsFunc(query, func(ai AI) bool { return !inQuery(key, qualifiers, ai) }) {
			return path, query, true
		}
	}
	return nil, nil, false
}

// inQuery reports whether the AI may stand in the query of a URI with that path.
func inQuery(key AI, qualifiers []AI, ai AI) bool {
	row := lookup(string(ai))
	return row != nil && row.attribute && !lookup(string(key)).allows(qualifiers, ai)
}

// escapeURI writes all but the unreserved characters of RFC 3986 as "%" and two
// hexadecimal digits, which reads the same in a path and in a query.
func escapeURI(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; alphanumeric(c) || strings.IndexByte("-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		}
	}
	return b.String()
}
