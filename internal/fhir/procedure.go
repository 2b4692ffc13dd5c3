package fhir

import (
	"regexp"
	"strings"

	"implantrace/internal/trace"
)

type procedure struct {
	ResourceType    string        `json:"resourceType"`
	ID              string        `json:"id"`
	Meta            *meta         `json:"meta,omitempty"`
	Identifier      []identifier  `json:"identifier,omitempty"`
	Status          string        `json:"status"`
	Code            *concept      `json:"code,omitempty"`
	Subject         reference     `json:"subject"`
	PerformedPeriod *period       `json:"performedPeriod,omitempty"`
	Performer       []performer   `json:"performer,omitempty"`
	Location        *reference    `json:"location,omitempty"`
	ReasonCode      []concept     `json:"reasonCode,omitempty"`
	BodySite        []concept     `json:"bodySite,omitempty"`
	Note            []annotation  `json:"note,omitempty"`
	FocalDevice     []focalDevice `json:"focalDevice,omitempty"`
	UsedReference   []reference   `json:"usedReference,omitempty"`
}

type focalDevice struct {
	Action      concept   `json:"action"`
	Manipulated reference `json:"manipulated"`
}

func (b *writer) procedure(p trace.ProcedureInFull, subject reference) {
	m := &marks{}
	is := p.Procedure
	place, team := b.location(is.Place, m), b.team(is.People, m)
	r := procedure{
		ResourceType: "Procedure",
		ID:           is.ID.String(),
		Identifier:   ownIdentifier(is.ID),
		Status:       procedureStatus(is),
		Code:         b.code(is.Code, m),
		Subject:      subject,
		Performer:    team,
		Location:     place,
		ReasonCode:   reason(is, m),
	}
	if imported(is.History) {
		m.add("imported-unverified", "imported from another system, unverified")
	}
	if corrected(is.History) {
		m.add("corrected", "a later entry put an earlier one right")
	}
	when := period{Start: dateTime(is.Start), End: dateTime(is.End)}
	if when.Start != "" && when.End != "" && is.End.Before(is.Start) { // R4, invariant per-1
		m.leftOut()
		r.note("The end was recorded as " + when.End + ", which is before the start.")
		when.End = ""
	}
	if when != (period{}) {
		r.PerformedPeriod = &when
	}
	switch is.Side {
	case "":
	case trace.SideLeft, trace.SideRight:
		r.BodySite = []concept{{Text: string(is.Side) + " side"}}
	case trace.SideBilateral:
		r.BodySite = []concept{{Text: "both sides"}}
	case trace.SideNone:
		r.note("Sides do not apply.")
	default:
		if side := m.text(string(is.Side)); side != "" {
			r.BodySite = []concept{{Text: side}}
		}
	}
	for _, u := range p.Usages {
		b.usage(&r, u, m)
	}
	r.Meta = b.meta(m, is.History)
	b.entry(is.ID, r.ResourceType, r, false)
}

func (r *procedure) note(text string) { r.Note = append(r.Note, annotation{Text: text}) }

// usage puts a device where it belongs in the procedure; see the package
// comment.
func (b *writer) usage(r *procedure, u trace.UsageInFull, m *marks) {
	device := b.refer("Device", b.deviceID(u.Usage.ID))
	if u.Usage.Withdrawn {
		r.note(deviceLabel(u, m) + ": withdrawn, recorded in error (" + device.Reference + ").")
		return
	}
	switch u.Usage.Status {
	case trace.Implanted, trace.Explanted:
		action := string(u.Usage.Status)
		r.FocalDevice = append(r.FocalDevice, focalDevice{
			Action:      concept{Coding: []coding{{System: systemDeviceAction, Code: action}}, Text: action},
			Manipulated: device,
		})
	case trace.Trial:
		r.UsedReference = append(r.UsedReference, device)
	default:
		r.note(deviceLabel(u, m) + ": " + outcome(u.Usage.Status, m) + " (" + device.Reference + ").")
	}
}

// outcome is what a note says of a device that was not used in the patient.
func outcome(s trace.Status, m *marks) string {
	switch {
	case s == "":
		return "no outcome recorded"
	case !s.Outcome():
		return s.String() + ", no outcome recorded"
	}
	return m.text(s.String())
}

// procedureStatus is the Procedure's status (value set event-status).
func procedureStatus(p trace.Procedure) string {
	switch {
	case p.Withdrawn:
		return "entered-in-error"
	case !p.End.IsZero():
		return "completed"
	case imported(p.History):
		return "unknown"
	}
	return "in-progress"
}

var (
	opcs4Code  = regexp.MustCompile(`^[A-Z][0-9]{2}(\.?[0-9])?$`)
	snomedCode = regexp.MustCompile(`^[1-9][0-9]{5,17}$`)
)

// code is a Procedure.code. Only a code that has the form of its system is
// coded; anything else is text, with the name of its system.
func (b *writer) code(c trace.Code, m *marks) *concept {
	out := &concept{Text: m.text(c.String())}
	if out.Text == "" {
		return nil
	}
	switch system := strings.ToUpper(strings.TrimSpace(c.System)); {
	case (system == "OPCS-4" || system == "OPCS4") && opcs4Code.MatchString(c.Code):
		out.Coding = []coding{{System: b.options.OPCS4, Code: c.Code}}
	case (system == "SNOMED CT" || system == "SNOMED") && snomedCode.MatchString(c.Code):
		out.Coding = []coding{{System: systemSNOMED, Code: c.Code}}
	case system != "":
		if s := m.text(c.System); s != "" {
			out.Text = s + ": " + out.Text
		}
	}
	return out
}

func reason(p trace.Procedure, m *marks) []concept {
	if t := m.text(p.Indication); t != "" {
		return []concept{{Text: t}}
	}
	return nil
}

// imported reports whether everything that is known was imported.
func imported(history []trace.Stamp) bool {
	for _, s := range history {
		if s.Provenance != trace.Imported {
			return false
		}
	}
	return len(history) > 0
}

func corrected(history []trace.Stamp) bool {
	for _, s := range history {
		if !s.Corrects.IsZero() {
			return true
		}
	}
	return false
}
