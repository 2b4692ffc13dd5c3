package dictionary

import (
	"slices"
	"strings"
)

// Mandation says whether an element must be told.
type Mandation byte

// The mandations.
const (
	Mandatory Mandation = 'M' // must be told
	Required  Mandation = 'R' // must be told where it applies
	Optional  Mandation = 'O'
)

func (m Mandation) String() string {
	switch m {
	case Mandatory:
		return "mandatory"
	case Required:
		return "required"
	}
	return "optional"
}

// Code is a value with what it means.
type Code struct{ Value, Meaning string }

// Element is one element of a data set.
type Element struct {
	Section, Group string
	Mandation      Mandation
	Name           string // as the dictionary has it, in capitals
	Key            string // unique within a section
	Format         string // as the dictionary has it: "an1", "max an255", "an10 CCYY-MM-DD"
	Codes          []Code // the values it may have; see [Element.Closed]
}

// Closed reports whether the codes are all that the element may be. Identifiers
// of organisations, days and ages have codes for what cannot be told only.
func (e Element) Closed() bool {
	return len(e.Codes) > 0 && !strings.Contains(e.Key, "identifier") && !strings.Contains(e.Key, "date") && !strings.Contains(e.Key, "practice_code")
}

// yearOnly is no code: it says that a day may be given as its year.
const yearOnly = "YYYY"

// Meaning is what a code of the element means, or "".
func (e Element) Meaning(value string) string {
	if value == yearOnly {
		return ""
	}
	if i := slices.IndexFunc(e.Codes, func(c Code) bool { return c.Value == value }); i >= 0 {
		return e.Codes[i].Meaning
	}
	return ""
}

// years reports whether the year alone is enough.
func (e Element) years() bool {
	return slices.ContainsFunc(e.Codes, func(c Code) bool { return c.Value == yearOnly })
}

// DataSet is a list of elements.
type DataSet struct {
	ID, Title string
	Elements  []Element
}

// Set is the data set of that id.
func Set(id string) (DataSet, bool) {
	if i := slices.IndexFunc(sets, func(s DataSet) bool { return s.ID == id }); i >= 0 {
		return sets[i], true
	}
	return DataSet{}, false
}

// Sets are all data sets.
func Sets() []DataSet { return slices.Clone(sets) }

// Section gives the elements of a section, such as "HIP PRIMARY".
func (s DataSet) Section(name string) []Element {
	var all []Element
	for _, e := range s.Elements {
		if e.Section == name {
			all = append(all, e)
		}
	}
	return all
}

// Element is the element of a section with that key.
func (s DataSet) Element(section, key string) (Element, bool) {
	if i := slices.IndexFunc(s.Elements, func(e Element) bool { return e.Section == section && e.Key == key }); i >= 0 {
		return s.Elements[i], true
	}
	return Element{}, false
}
