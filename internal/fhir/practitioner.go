package fhir

import (
	"implantrace/gs1"
	"implantrace/internal/trace"
)

type practitioner struct {
	ResourceType string       `json:"resourceType"`
	ID           string       `json:"id"`
	Meta         *meta        `json:"meta,omitempty"`
	Identifier   []identifier `json:"identifier"`
	Name         []humanName  `json:"name,omitempty"`
}

type practitionerID struct{}

type performer struct {
	Function *concept  `json:"function,omitempty"`
	Actor    reference `json:"actor"`
}

// team writes the Practitioners and returns the performers. A person without
// a badge code is named by display only: two people can share a name.
func (b *writer) team(people []trace.Person, of *marks) []performer {
	var team []performer
	for _, p := range people {
		var m marks
		name, code := m.text(p.Name), m.text(p.Code)
		var one performer
		if role := m.text(p.Role); role != "" {
			one.Function = &concept{Text: role}
		}
		of.take(m)
		switch {
		case code != "" && b.served != nil:
			one.Actor = b.servedPractitioner(p, name)
		case code != "":
			id := trace.NamedID[practitionerID]("fhir Practitioner", p.Code+"\x00"+p.Name)
			r := practitioner{ResourceType: "Practitioner", ID: id.String(), Meta: b.meta(&m, nil)}
			kind := "staff badge code"
			if _, err := gs1.ParseGSRN(code); err == nil {
				kind = "GSRN of a provider (AI 8017)"
			}
			r.Identifier = []identifier{{Type: &concept{Text: kind}, Value: code}}
			if name != "" {
				r.Name = []humanName{{Text: name}}
			}
			b.entry(id, r.ResourceType, r, true)
			one.Actor = b.refer("Practitioner", id)
			one.Actor.Display = name
		case name != "":
			one.Actor = reference{Type: "Practitioner", Display: name}
		case one.Function != nil:
			one.Actor = reference{Extension: absent("unknown"), Type: "Practitioner", Display: "name not recorded"}
		default:
			continue
		}
		team = append(team, one)
	}
	return team
}
