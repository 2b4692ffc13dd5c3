package fhir

import (
	"implantrace/internal/trace"
	"implantrace/internal/udi"
)

type patient struct {
	ResourceType string       `json:"resourceType"`
	ID           string       `json:"id"`
	Meta         *meta        `json:"meta,omitempty"`
	Identifier   []identifier `json:"identifier,omitempty"`
	Name         []humanName  `json:"name,omitempty"`
	BirthDate    string       `json:"birthDate,omitempty"`
	Link         []link       `json:"link,omitempty"`
}

// link names another record of the same person.
type link struct {
	Other reference `json:"other"`
	Type  string    `json:"type"`
}

// PatientLink is what a Patient says of another one that is the same person.
type PatientLink struct {
	Other trace.PatientID
	Type  LinkType
}

// LinkType is a code of FHIR's value set link-type.
type LinkType string

// The types of link.
const (
	Replaces   LinkType = "replaces"    // this record is shown as the person
	ReplacedBy LinkType = "replaced-by" // the other one is
	SeeAlso    LinkType = "seealso"     // neither was said to be: they share a number, or a third record joins them
)

// PatientLinks are the links of one record of a person: same are all records of the
// person, links those that stand between them.
func PatientLinks(id trace.PatientID, same []trace.PatientID, links []trace.Link) (out []PatientLink) {
	for _, other := range same {
		if other == id {
			continue
		}
		one := PatientLink{other, SeeAlso}
		for _, l := range links {
			switch {
			case l.Survives == id && l.Other == other:
				one.Type = Replaces
			case l.Other == id && l.Survives == other:
				one.Type = ReplacedBy
			}
		}
		out = append(out, one)
	}
	return out
}

// patient writes the Patient and returns the reference to it. A procedure
// whose patient is not recorded has a subject that says so.
func (b *writer) patient(p trace.ProcedureInFull) reference {
	id := p.Procedure.Patient
	if id.IsZero() {
		return reference{Extension: absent("unknown"), Type: "Patient", Display: "patient not recorded"}
	}
	var m marks
	r := patient{ResourceType: "Patient", ID: id.String()}
	for _, l := range b.links {
		r.Link = append(r.Link, link{b.refer("Patient", l.Other), string(l.Type)})
	}
	who := p.Identity
	if who.Sealed {
		m.add("identity-sealed", "who the patient is cannot be read")
		r.Identifier = []identifier{{Extension: absent("masked")}}
		r.Name = []humanName{{Extension: absent("masked")}}
		r.Meta = b.meta(&m, b.about)
		b.entry(id, r.ResourceType, r, true)
		return b.refer("Patient", id)
	}
	if n := m.text(who.NHSNumber); n != "" {
		if valid, err := udi.ParseNHSNumber(n); err == nil {
			r.Identifier = append(r.Identifier, identifier{Extension: notTold(), System: systemNHSNumber, Value: string(valid)})
			m.profiles = append(m.profiles, profileUKPatient)
		} else {
			m.add("check-digit", "an identifier fails its check")
			r.Identifier = append(r.Identifier, identifier{Type: &concept{Text: "NHS number as recorded; it fails its check"}, Value: n})
		}
	}
	if n := m.text(who.LocalNumber); n != "" {
		local := identifier{Type: &concept{Text: "local patient identifier"}, System: b.options.LocalNumbers[who.LocalIssuer], Value: n}
		if who.LocalIssuer == trace.ProvisionalIssuer {
			local.Use, local.Type = "temp", &concept{Text: "temporary number of a patient whom nobody has identified"}
		}
		if issuer := m.text(who.LocalIssuer); issuer != "" && issuer != trace.ProvisionalIssuer {
			local.Assigner = &reference{Type: "Organization", Identifier: &identifier{System: systemODS, Value: issuer}}
		}
		r.Identifier = append(r.Identifier, local)
	}
	name := humanName{Family: m.text(who.Family)}
	if given := m.text(who.Given); given != "" {
		name.Given = []string{given}
	}
	if name.Family != "" || len(name.Given) > 0 {
		r.Name = []humanName{name}
	}
	if n := m.text(who.Provisional); n != "" { // no name, and said to be none
		r.Name = append(r.Name, humanName{Use: "temp", Text: n})
	}
	r.BirthDate = m.date(who.Birth)
	r.Meta = b.meta(&m, b.about)
	b.entry(id, r.ResourceType, r, true)
	return b.refer("Patient", id)
}
