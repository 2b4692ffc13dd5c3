package fhir

import (
	"implantrace/gs1"
	"implantrace/internal/trace"
)

type location struct {
	ResourceType string       `json:"resourceType"`
	ID           string       `json:"id"`
	Meta         *meta        `json:"meta,omitempty"`
	Identifier   []identifier `json:"identifier,omitempty"`
	Name         string       `json:"name,omitempty"`
	Description  string       `json:"description,omitempty"`
	Managing     *reference   `json:"managingOrganization,omitempty"`
}

type locationID struct{}

const extensionWords = "GLN extension component (AI 254): "

// location writes the Location of a place with a GLN and returns the
// reference to it. A name alone does not tell one theatre 3 from another, so
// it makes no resource. A place that is not recorded gives nil. Changed text
// is marked in the Procedure too, which shows the name.
func (b *writer) location(p trace.Place, of *marks) *reference {
	var m marks
	name, gln, ext := m.text(p.Name), m.text(p.GLN), m.text(p.Extension)
	of.take(m)
	if gln == "" {
		if name == "" {
			return nil
		}
		return &reference{Type: "Location", Display: name}
	}
	if b.served != nil {
		return b.servedLocation(p, name)
	}
	id := trace.NamedID[locationID]("fhir Location", p.GLN+"\x00"+p.Extension+"\x00"+p.Name)
	r := location{ResourceType: "Location", ID: id.String(), Name: name}
	if _, err := gs1.ParseGLN(gln); err == nil {
		r.Identifier = []identifier{{System: systemGLN, Value: gln}}
	} else {
		m.add("check-digit", "an identifier fails its check")
		r.Identifier = []identifier{{Type: &concept{Text: "GLN as recorded; it fails its check"}, Value: gln}}
	}
	if ext != "" {
		r.Description = extensionWords + ext
	}
	r.Meta = b.meta(&m, nil)
	b.entry(id, r.ResourceType, r, true)
	ref := b.refer("Location", id)
	ref.Display = name
	return &ref
}
