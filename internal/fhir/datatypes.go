package fhir

import (
	"time"

	"implantrace/internal/trace"
)

// The data types of R4 (section 2.24), with the elements that are filled.

type meta struct {
	VersionID   string   `json:"versionId,omitempty"`
	LastUpdated string   `json:"lastUpdated,omitempty"`
	Profile     []string `json:"profile,omitempty"`
	Tag         []coding `json:"tag,omitempty"`
}

type coding struct {
	System  string `json:"system,omitempty"`
	Code    string `json:"code,omitempty"`
	Display string `json:"display,omitempty"`
}

type concept struct {
	Coding []coding `json:"coding,omitempty"`
	Text   string   `json:"text,omitempty"`
}

type extension struct {
	URL                  string     `json:"url"`
	ValueCode            string     `json:"valueCode,omitempty"`
	ValueCodeableConcept *concept   `json:"valueCodeableConcept,omitempty"`
	ValueReference       *reference `json:"valueReference,omitempty"`
}

type identifier struct {
	Extension []extension `json:"extension,omitempty"`
	Use       string      `json:"use,omitempty"`
	Type      *concept    `json:"type,omitempty"`
	System    string      `json:"system,omitempty"`
	Value     string      `json:"value,omitempty"`
	Assigner  *reference  `json:"assigner,omitempty"`
}

type humanName struct {
	Extension []extension `json:"extension,omitempty"`
	Use       string      `json:"use,omitempty"`
	Text      string      `json:"text,omitempty"`
	Family    string      `json:"family,omitempty"`
	Given     []string    `json:"given,omitempty"`
}

type reference struct {
	Extension  []extension `json:"extension,omitempty"`
	Reference  string      `json:"reference,omitempty"`
	Type       string      `json:"type,omitempty"`
	Identifier *identifier `json:"identifier,omitempty"`
	Display    string      `json:"display,omitempty"`
}

type period struct {
	Start string `json:"start,omitempty"`
	End   string `json:"end,omitempty"`
}

type annotation struct {
	Text string `json:"text"`
}

// absent says why a required or expected value is not there (extension
// data-absent-reason): "unknown" or "masked".
func absent(why string) []extension {
	return []extension{{URL: "http://hl7.org/fhir/StructureDefinition/data-absent-reason", ValueCode: why}}
}

// idOf is an id as Resource.id wants it; ours are lower-case UUIDs.
func idOf(id [16]byte) string { return trace.ID[struct{}](id).String() }

func urn(id [16]byte) string { return "urn:uuid:" + idOf(id) }

// refer points at another resource: in a bundle at its entry, on a server at its
// address.
func (b *writer) refer(kind string, id [16]byte) reference {
	if b.served != nil {
		return reference{Reference: kind + "/" + idOf(id)}
	}
	return reference{Reference: urn(id)}
}

// ownIdentifier names a thing by our id, so that it is known again after a
// server has given the resource an id of its own.
func ownIdentifier(id [16]byte) []identifier {
	return []identifier{{System: systemURI, Value: urn(id)}}
}

// dateTime is a time as instant and dateTime want it: to the second, in UTC.
// It is "" for no time and for years that FHIR cannot hold.
func dateTime(t time.Time) string {
	t = t.UTC()
	if t.IsZero() || t.Year() < 1 || t.Year() > 9999 {
		return ""
	}
	return t.Format(time.RFC3339)
}
