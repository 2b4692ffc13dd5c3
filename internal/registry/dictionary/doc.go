// Package dictionary holds the data sets of the NHS Data Dictionary that
// registries are sent, element by element: what must be told, in which form and
// with which codes.
//
//	set, _ := dictionary.Set("njr-hip")
//	e, _ := set.Element("HIP PRIMARY", "surgical_approach__primary_hip_replacement_")
//	err := e.Check("5") // nil; an error says in one sentence what is wrong
//
// The tables are those of the release named by [Release]. A live dictionary may
// differ, so everything made from them is a draft until the receiving registry
// has taken it.
package dictionary

// Release is the dictionary's publication that the tables follow.
const Release = "October 2020"

//go:generate go run ./generate -tables $NHS_DATA_SETS -output sets.go
