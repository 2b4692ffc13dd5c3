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
		if issuer := m.text(who.LocalIssuer); issuer != "" {
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
	r.BirthDate = m.date(who.Birth)
	r.Meta = b.meta(&m, b.about)
	b.entry(id, r.ResourceType, r, true)
	return b.refer("Patient", id)
}
